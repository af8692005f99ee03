package bus

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"interconnectd/syncnodes/bus/bustest"
)

// TestMeshIsMended gives two nodes ranges that do not meet, so that gossip
// cannot help, and tells one of the other.
func TestMeshIsMended(t *testing.T) {
	t.Parallel()
	aCfg, bCfg := testConfig(t, "a@127.0.0.1", freePorts(1)), testConfig(t, "b@127.0.0.1", freePorts(1))
	a, b := open(t, aCfg), open(t, bCfg)
	receiveClosed(t, a.Settled())
	list := appendLine(nil, serverName(bCfg.Node, bCfg.Incarnation), b.RouteAddr())
	c := a.(*client)
	if err := c.publishAnyhow(c.subj.reply(aCfg.Incarnation, listID), "", list); err != nil {
		t.Fatal(err)
	}
	routesUp(t, a, bCfg.Node)
	routesUp(t, b, aCfg.Node)
	if err := a.SendFrame(bCfg.Node, bCfg.Incarnation, 0, []byte("x")); err != nil {
		t.Fatal(err)
	}
	receive(t, b.Frames(), "frame over the mended route")
}

// TestGreetings: who listens in the range tells the later of two others of the
// earlier; who listens elsewhere tells nothing.
func TestGreetings(t *testing.T) {
	t.Parallel()
	ports := freePorts(1)
	meshes := make([]*mesh, 3)
	for i := range meshes {
		m, err := startMesh(t.Context(), testConfig(t, name(i), ports))
		if err != nil {
			t.Fatal(err)
		}
		defer m.stop()
		meshes[i] = m
	}
	hub, first, second := meshes[0], meshes[1], meshes[2]
	for _, m := range meshes {
		bustest.Eventually(t, "routes to the others", func() bool { return m.srv.NumRoutes() == 2 })
	}
	if _, list, ok := hub.greeted(first.greeting()); ok {
		t.Errorf("the first is told %q, want nothing", list)
	}
	to, list, ok := hub.greeted(second.greeting())
	if want := appendLine(nil, first.self, first.addr); !ok || to != second.cfg.Incarnation || !bytes.Equal(list, want) {
		t.Errorf("the second is told %q, want %q", list, want)
	}
	if _, list, ok := hub.greeted(appendLine(nil, serverName("stranger@127.0.0.1", newIncarnation(t)), "127.0.0.1:1 host")); ok {
		t.Errorf("somebody without a route is told %q", list)
	}
	if _, _, ok := first.greeted(second.greeting()); ok || len(first.addrs) == 0 {
		t.Error("somebody outside the range answers greetings, or forgets them")
	}
}

func TestParseLines(t *testing.T) {
	a, b := serverName("a@127.0.0.1", newIncarnation(t)), serverName("b@127.0.0.1", newIncarnation(t))
	tests := []struct {
		name, in string
		want     map[string]string
	}{
		{"two", fmt.Sprintf("%s 10.0.0.1:1\n%s [::1]:65535\n", a, b), map[string]string{a: "10.0.0.1:1", b: "[::1]:65535"}},
		{"a host's name, no last newline", a + " altair:7", map[string]string{a: "altair:7"}},
		{"empty", "", map[string]string{}},
		{"port 0", a + " h:0\n", map[string]string{}},
		{"port too high", a + " h:65536\n", map[string]string{}},
		{"no port", a + " h\n", map[string]string{}},
		{"no host", a + " :7\n", map[string]string{}},
		{"no address", a + "\n", map[string]string{}},
		{"more than an address", a + " h:7/x\n" + a + " u@h:7\n" + a + " h h:7\n", map[string]string{}},
		{"no node's name", "NABC h:1\n", map[string]string{}},
		{"garbage", "\x00\xff \n\n \n", map[string]string{}},
		{"garbage before", "x\n" + a + " h:7\n", map[string]string{a: "h:7"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseLines([]byte(tt.in))); diff != "" {
				t.Errorf("parseLines(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

// TestHoles plays the life of a hole against a server without routes.
func TestHoles(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, "a@127.0.0.1", freePorts(1))
	m, err := startMesh(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer m.stop()
	now := time.Now()
	other := serverName("b@127.0.0.1", newIncarnation(t))
	if m.listed(m.greeting(), now) {
		t.Error("a node is told of itself: want no hole")
	}
	if !m.listed(appendLine(nil, other, hostPort(loopback, freePorts(1).Min)), now) {
		t.Fatal("a server without a route: want a hole")
	}
	steps := []struct {
		name    string
		age     int // in units of mendAfter
		back    bool
		dialled int
	}{
		{"gossip has time", 0, true, 0},
		{"dialled", 1, true, 1},
		{"still dialled", 9, true, 1},
		{"given up", 10, false, 0},
	}
	for _, s := range steps {
		if got := m.mend(now.Add(time.Duration(s.age) * mendAfter)); got != s.back || len(m.mends) != s.dialled {
			t.Errorf("%s: come back %v, %d dialled; want %v, %d", s.name, got, len(m.mends), s.back, s.dialled)
		}
	}
	var lines strings.Builder
	for range 2 * maxMends {
		lines.Write(appendLine(nil, serverName("b@127.0.0.1", newIncarnation(t)), "127.0.0.1:1"))
	}
	m.listed([]byte(lines.String()), now)
	if len(m.holes) > maxMends {
		t.Errorf("%d holes, want %d at most", len(m.holes), maxMends)
	}
}

// TestElsewhere: hosts are told apart by what their servers say of themselves, not by
// addresses, of which a host may have many; who has not said it yet does not count.
func TestElsewhere(t *testing.T) {
	m := &mesh{here: &ownHost{}, routes: map[string]*route{}, hostIDs: map[string]string{}}
	for i, server := range []struct{ ip, host string }{
		{"127.0.0.1", "here"}, {"192.0.2.1", "x"}, {"192.0.2.2", "x"}, {"192.0.2.3", "-"}, {"192.0.2.4", "y"}, {"192.0.2.5", ""}, {"192.0.2.5", ""},
	} {
		name := fmt.Sprint(i)
		m.routes[name] = &route{}
		m.seen.at(name, server.ip)
		if server.host != "-" {
			m.hostIDs[name] = server.host
		}
	}
	got := slices.Sorted(maps.Keys(m.elsewhere()))
	if want := []string{"192.0.2.5", "x", "y"}; !slices.Equal(got, want) {
		t.Errorf("hosts %q, want %q", got, want)
	}
}
