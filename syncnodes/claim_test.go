package syncnodes

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/membership"
)

// Who claims a name is told who has it already, by those too who only hear the holder.
func TestClaimersAreToldOfTheHolder(t *testing.T) {
	ports := freePorts(4)
	refs := map[nodeid.Name]membership.NodeRef{}
	for _, name := range fulls("a", "b") {
		n, err := Start(t.Context(), Options{Name: name, Cookie: testCookie, Bus: Bus{Ports: ports}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		refs[name] = refOf(name, n.inc)
	}
	a, b := refs[full("a")], refs[full("b")]
	for _, tt := range []struct {
		claims nodeid.Name
		want   []membership.NodeRef // the answers, in the order of names
	}{
		{full("b"), []membership.NodeRef{b, b}},
		{full("z"), []membership.NodeRef{a, b}},
	} {
		if got := ask(t, tt.claims, ports, []membership.NodeRef{a, b}); !slices.Equal(got, tt.want) {
			t.Errorf("who claims %s is answered %v, want %v", tt.claims, got, tt.want)
		}
	}
}

// ask claims a name on a mesh of nodes, and gives their answers.
func ask(t *testing.T, name nodeid.Name, ports bus.PortRange, nodes []membership.NodeRef) (answers []membership.NodeRef) {
	t.Helper()
	inc, err := nodeid.NewIncarnation(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := bus.Open(t.Context(), bus.Config{Cluster: defaultCluster, Node: name, Incarnation: inc, Ports: ports})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	late := time.After(patience)
	for routes := 0; routes < len(nodes); {
		select {
		case e := <-conn.Events():
			if e.Kind == bus.RouteUp {
				routes++
				if dialled := e.Node == nodes[0].Node; e.Dialled != dialled {
					t.Errorf("%s is dialled: %v, want %v", e.Node, e.Dialled, dialled)
				}
			}
		case <-late:
			t.Fatalf("%d of %d routes", routes, len(nodes))
		}
	}
	question := membership.AppendRef([]byte{kindQuestion}, refOf(name, inc))
	for _, to := range nodes {
		// What makes no sense is not answered.
		for id, packet := range [][]byte{question, {kindQuestion}, {kindQuestion, 3, 1}} {
			if err := conn.SendFrame(to.Node, to.Incarnation, uint64(id+1), packet); err != nil {
				t.Fatal(err)
			}
		}
	}
	for len(answers) < len(nodes) {
		select {
		case r := <-conn.Replies():
			ref, err := membership.ParseRef(r.Data)
			if err != nil || r.ID != 1 {
				t.Fatalf("an answer to question %d: %x, %v", r.ID, r.Data, err)
			}
			answers = append(answers, ref)
		case <-late:
			t.Fatalf("the answers are %v", answers)
		}
	}
	slices.SortFunc(answers, func(a, b membership.NodeRef) int { return strings.Compare(string(a.Node), string(b.Node)) })
	return answers
}
