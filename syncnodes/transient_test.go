package syncnodes

import (
	"strings"
	"testing"
	"time"

	"interconnectd/erlterm"
)

// A node that comes to ask gets its answers, and nobody is told that it was there.
func TestTransientLeavesNoTrace(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		h := fl.options("h")
		h.Hidden, h.Version = true, "v1.2.3"
		nodes := []*Node{fl.start(fl.options("a")), fl.start(fl.options("b")), fl.start(h)}
		visitor := fl.options("v")
		visitor.Transient = true
		v := fl.start(visitor)
		for _, n := range nodes {
			if ok, err := v.Connect(t.Context(), n.Self()); !ok || err != nil {
				t.Fatalf("connecting to %s: %v, %v", n.Self(), ok, err)
			}
		}
		answer, err := v.Call(t.Context(), Address{Name: PingPong, Node: full("a")}, erlterm.Atom("ping"))
		if err != nil || !erlterm.Equal(answer, erlterm.Atom("pong")) {
			t.Errorf("call: %v, %v", answer, err)
		}
		fl.wantNodes(v, "a", "b")
		status, err := v.Status(t.Context())
		if err != nil || len(status.Peers) != 3 || !status.Peers[2].Hidden || status.Peers[2].Version != "v1.2.3" || !status.Hidden {
			t.Errorf("status of v: %+v, %v", status, err)
		}
		late, err := nodes[0].Monitor(t.Context(), MonitorOptions{NodeType: AllNodes})
		if err != nil {
			t.Fatal(err)
		}
		fl.wantNoTrace("while it is there", nodes)
		v.Close()
		time.Sleep(time.Second) // virtual: what is late
		fl.wantNoTrace("after it left", nodes)
		if len(late.queue) != 0 {
			t.Errorf("a monitor that began while it was there has %+v", late.queue)
		}
	})
}

// wantNoTrace checks that none of the nodes, which have seen nobody else, tells of one.
func (fl *fleet) wantNoTrace(when string, nodes []*Node) {
	fl.t.Helper()
	for _, n := range nodes {
		fl.wantEvents(n, "")
		if text := fl.logs[n].String(); strings.Contains(text, "v@") {
			fl.t.Errorf("%s the log of %s is\n%s", when, n.Self(), text)
		}
		if status, err := n.Status(fl.t.Context()); err != nil || len(status.Peers) != 0 {
			fl.t.Errorf("%s %s has the peers %+v, %v", when, n.Self(), status.Peers, err)
		}
	}
}

func TestStartRefusesVersions(t *testing.T) {
	_, err := Start(t.Context(), Options{Name: full("a"), Cookie: testCookie, Version: "v 1"})
	if err == nil || !strings.Contains(err.Error(), `version "v 1"`) {
		t.Errorf("Start: %v", err)
	}
}
