package erldist

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"interconnectd/configs/epmd"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/beamtest"
)

// relay hands connections on, and ends each side of them by itself: the end of one is
// not that of the other.
type relay struct {
	l      net.Listener
	target string
	wg     sync.WaitGroup

	mu        sync.Mutex
	near, far []net.Conn // of those who dialled, and of the target
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{l: l, target: target}
	t.Cleanup(func() {
		l.Close()
		r.cut(&r.near)
		r.cut(&r.far)
		r.wg.Wait()
	})
	r.wg.Go(r.run)
	return r
}

func (r *relay) port() uint16 { return r.l.Addr().(*net.TCPAddr).AddrPort().Port() }

func (r *relay) run() {
	for {
		near, err := r.l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", r.target)
		if err != nil {
			near.Close()
			continue
		}
		r.mu.Lock()
		r.near, r.far = append(r.near, near), append(r.far, far)
		r.mu.Unlock()
		r.wg.Go(func() { _, _ = io.Copy(near, far) })
		r.wg.Go(func() { _, _ = io.Copy(far, near) })
	}
}

// cut ends one side of all connections.
func (r *relay) cut(side *[]net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range *side {
		conn.Close()
	}
	*side = nil
}

// TestAlive has an end of the connection lost for one of the two only, and that one dial
// again: the other asks it whether it is connected, and ends what it had.
func TestAlive(t *testing.T) {
	t.Run("Erlang lost it", func(t *testing.T) {
		eachRelease(t, func(t *testing.T, root string) {
			w := beamtest.NewWorld(t)
			e := listen(t, testConfig("g@127.0.0.1", newFakeEPMD(t).addr))
			r := newRelay(t, e.Addr().String())
			registered, err := epmd.Register(t.Context(), w.EPMD(), epmd.Node{Name: "g", Port: r.port(), Type: epmd.Hidden, Highest: 6, Lowest: 6})
			if err != nil {
				t.Fatal(err)
			}
			defer registered.Close()
			b := w.Start(t, beamtest.Node{Name: "b@127.0.0.1", Cookie: testCookie, Root: root})
			var before *Conn
			for range 20 {
				if got := b.Eval(t, "net_kernel:connect_node('g@127.0.0.1')"); got != "true" {
					t.Fatalf("it connects: %s", got)
				}
				if before != nil {
					if ended := next[Ended](t, e); ended.Conn != before || !errors.Is(ended.Err, ErrReplaced) {
						t.Fatalf("ended: %+v", ended)
					}
				}
				arrived := next[Arrived](t, e)
				arrived.Conn.Start()
				if got := b.Eval(t, "nodes(hidden)"); got != "['g@127.0.0.1']" {
					t.Fatalf("it sees %s", got)
				}
				before = arrived.Conn
				r.cut(&r.near)
				bustest.Eventually(t, "b sees the end", func() bool { return b.Eval(t, "nodes(hidden)") == "[]" })
			}
		})
	})
	t.Run("we lost it", func(t *testing.T) {
		eachRelease(t, func(t *testing.T, root string) {
			w, mapper := beamtest.NewWorld(t), newFakeEPMD(t)
			b := w.Start(t, beamtest.Node{Name: "b@127.0.0.1", Cookie: testCookie, Root: root})
			node, err := epmd.Lookup(t.Context(), w.EPMD(), "b")
			if err != nil {
				t.Fatal(err)
			}
			r := newRelay(t, fmt.Sprintf("127.0.0.1:%d", node.Port))
			mapper.set(r.port())
			e := listen(t, testConfig("g@127.0.0.1", mapper.addr))
			b.Eval(t, `Me = self(), Watch = spawn(fun() ->
  net_kernel:monitor_nodes(true, [{node_type, all}]), Me ! ready,
  (fun F(L) -> receive {From, get} -> From ! lists:reverse(L), F(L); {What, _, _} -> F([What | L]) end end)([])
end), register(watch, Watch), receive ready -> ok end`)
			const rounds = 20
			for range rounds {
				e.Dial("b@127.0.0.1")
				arrived := next[Arrived](t, e)
				arrived.Conn.Start()
				bustest.Eventually(t, "b sees us", func() bool { return b.Eval(t, "nodes(hidden)") == "['g@127.0.0.1']" })
				r.cut(&r.near)
				next[Ended](t, e)
			}
			told := b.Eval(t, "watch ! {self(), get}, {Ups, Downs} = receive L -> lists:partition(fun(X) -> X =:= nodeup end, L) end, {length(Ups), length(Downs)}")
			if want := "{20,19}"; told != want {
				t.Errorf("it sees us come and go %s, want %s", told, want)
			}
		})
	})
}
