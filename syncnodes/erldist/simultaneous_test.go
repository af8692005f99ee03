package erldist

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/beamtest"
)

// TestSimultaneousDials has us and an Erlang node dial each other at the same time, as
// the greater name and as the smaller one: one connection comes of it, on both sides,
// and stays.
func TestSimultaneousDials(t *testing.T) {
	const rounds = 200
	eachRelease(t, func(t *testing.T, root string) {
		for _, self := range []nodeid.Name{"a@127.0.0.1", "z@127.0.0.1"} {
			t.Run(string(self), func(t *testing.T) {
				t.Parallel()
				w := beamtest.NewWorld(t)
				e := listen(t, testConfig(self, w.EPMD()))
				m := w.Start(t, beamtest.Node{Name: "m@127.0.0.1", Cookie: testCookie, Root: root})
				dialled := 0
				for round := range rounds {
					if dialTogether(t, e, m, round%2 == 0) {
						dialled++
					}
				}
				t.Logf("%d of %d connections came by our dial", dialled, rounds)
				if text := m.Log(); text != "" {
					t.Errorf("it has logged: %s", text)
				}
			})
		}
	})
}

// dialTogether is one round; it tells whether our dial has won.
func dialTogether(t *testing.T, e *Endpoint, m *beamtest.Running, weEnd bool) (dialled bool) {
	t.Helper()
	connected := make(chan string, 1)
	go func() {
		got, err := m.TryEval(fmt.Sprintf("net_kernel:connect_node('%s')", e.cfg.Self))
		connected <- fmt.Sprint(got, err)
	}()
	for until := time.Now().Add(rand.N(2 * time.Millisecond)); time.Now().Before(until); { // so that they meet everywhere
	}
	e.Dial("m@127.0.0.1")
	arrived := next[Arrived](t, e)
	arrived.Conn.Start()
	if got := <-connected; got != "true<nil>" {
		t.Fatalf("it connects: %s", got)
	}
	if got, want := m.Eval(t, "nodes(hidden)"), fmt.Sprintf("['%s']", e.cfg.Self); got != want {
		t.Fatalf("it sees %s, want %s", got, want)
	}
	if weEnd {
		arrived.Conn.Close()
	} else {
		m.Eval(t, fmt.Sprintf("erlang:disconnect_node('%s')", e.cfg.Self))
	}
	if ended := next[Ended](t, e); ended.Conn != arrived.Conn {
		t.Fatalf("ended: %+v", ended)
	}
	bustest.Eventually(t, "it sees the end", func() bool { return m.Eval(t, "nodes(hidden)") == "[]" })
	return arrived.Dialled
}
