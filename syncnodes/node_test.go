package syncnodes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/logtest"
)

const (
	testCookie  = "a cookie of more than twenty characters"
	otherCookie = "another cookie, and as long as the first"
)

// fleet are nodes that share a bus in memory, inside a bubble of virtual time.
type fleet struct {
	t       *testing.T
	hub     *bus.Hub
	clock   func() Clock // for a node
	members map[*Node]*bus.Member
	logs    map[*Node]*logtest.Buffer
	seen    map[*Node]*Monitor
}

func inBubble(t *testing.T, f func(*testing.T, *fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		now := monotonicClock()
		fl := &fleet{
			t: t, hub: bus.NewHub(), clock: func() Clock { return &systemClock{now: now} },
			members: make(map[*Node]*bus.Member), logs: make(map[*Node]*logtest.Buffer), seen: make(map[*Node]*Monitor),
		}
		fl.hub.SetLatency(time.Millisecond)
		f(t, fl)
		for n := range fl.members {
			n.Close()
		}
	})
}

func (fl *fleet) options(alive string) Options {
	return Options{Name: full(alive), Cookie: testCookie}
}

func full(alive string) nodeid.Name { return nodeid.Name(alive + "@127.0.0.1") }

func fulls(alive ...string) []nodeid.Name {
	var names []nodeid.Name
	for _, a := range alive {
		names = append(names, full(a))
	}
	return names
}

func (fl *fleet) tryStart(opts Options) (*Node, error) {
	text := &logtest.Buffer{}
	var member *bus.Member
	opts.Logger = hclog.New(&hclog.LoggerOptions{Name: "interconnectd", Output: text, DisableTime: true})
	opts.open = func(cfg bus.Config) (bus.Conn, error) {
		member = fl.hub.Join(cfg.Node, cfg.Incarnation)
		return member, nil
	}
	opts.Clock = fl.clock()
	n, err := Start(fl.t.Context(), opts)
	if err != nil {
		return n, err
	}
	fl.members[n], fl.logs[n] = member, text
	fl.seen[n], err = n.Monitor(fl.t.Context(), MonitorOptions{NodeType: AllNodes, NodedownReason: true})
	return n, err
}

func (fl *fleet) start(opts Options) *Node {
	fl.t.Helper()
	n, err := fl.tryStart(opts)
	if err != nil {
		fl.t.Fatal(err)
	}
	return n
}

// events are those that n told since the last call.
func (fl *fleet) events(n *Node) string {
	synctest.Wait()
	m := fl.seen[n]
	m.mu.Lock()
	defer m.mu.Unlock()
	var words []string
	for _, e := range m.queue {
		word := "up " + e.Node.Alive()
		if !e.Up {
			word = fmt.Sprintf("down %s %s %q", e.Node.Alive(), e.Reason, e.Detail)
		}
		words = append(words, word)
	}
	m.queue = nil
	return strings.Join(words, ", ")
}

func (fl *fleet) wantEvents(n *Node, want string) {
	fl.t.Helper()
	if got := fl.events(n); got != want {
		fl.t.Errorf("events of %s: %s; want %s", n.Self(), got, want)
	}
}

func (fl *fleet) wantNodes(n *Node, alive ...string) {
	fl.t.Helper()
	got, err := n.Nodes(fl.t.Context())
	if err != nil || !slices.Equal(got, fulls(alive...)) {
		fl.t.Errorf("nodes of %s: %v, %v; want %v", n.Self(), got, err, alive)
	}
}

func (fl *fleet) wantLog(n *Node, want string) {
	fl.t.Helper()
	synctest.Wait()
	if text := fl.logs[n].String(); !strings.Contains(text, want) {
		fl.t.Errorf("log of %s has no %q:\n%s", n.Self(), want, text)
	}
}

// The walk-through: two nodes by hand, a third with another cookie.
func TestWalkThrough(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		ctx := t.Context()
		a, b := fl.start(fl.options("a")), fl.start(fl.options("b"))
		stranger := fl.options("c")
		stranger.Cookie = otherCookie
		c := fl.start(stranger)

		if _, ok, err := b.Ping(ctx, c.Self()); ok || err != nil {
			t.Errorf("ping of a node with another cookie: %v, %v; want pang", ok, err)
		}
		trip, ok, err := b.Ping(ctx, a.Self())
		if !ok || err != nil || trip < 2*time.Millisecond {
			t.Errorf("ping: %s, %v, %v; want pong after two latencies at least", trip, ok, err)
		}
		fl.wantNodes(a, "b")
		fl.wantEvents(a, "up b")

		if ok, err := c.Connect(ctx, a.Self()); ok || err != nil {
			t.Errorf("connect with another cookie: %v, %v; want false", ok, err)
		}
		fl.wantLog(a, "[ERROR] interconnectd: Connection attempt from node c@127.0.0.1 rejected. Invalid challenge reply.")
		fl.wantLog(c, "[WARN]  interconnectd: a@127.0.0.1 refused us: our cookies differ")

		if err := c.SetCookie(ctx, "", testCookie); err != nil {
			t.Error(err)
		}
		if ok, err := c.Connect(ctx, a.Self()); !ok || err != nil {
			t.Errorf("connect with the right cookie: %v, %v; want true", ok, err)
		}
		time.Sleep(time.Second) // virtual: c is introduced to b
		fl.wantNodes(a, "b", "c")
		fl.wantNodes(b, "a", "c")
		fl.wantNodes(c, "a", "b")

		answer, err := b.Call(ctx, Address{PingPong, a.Self()}, erlterm.Atom("ping"))
		if err != nil || !erlterm.Equal(answer, erlterm.Atom("pong")) {
			t.Errorf("call: %v, %v; want pong", answer, err)
		}
		names, err := b.Names(ctx, 100*time.Millisecond)
		if err != nil || !slices.Equal(names, fulls("a", "b", "c")) {
			t.Errorf("names: %v, %v", names, err)
		}

		if ok, err := a.Disconnect(ctx, b.Self()); !ok || err != nil {
			t.Errorf("disconnect: %v, %v; want true", ok, err)
		}
		if ok, err := a.Disconnect(ctx, b.Self()); ok || err != nil {
			t.Errorf("second disconnect: %v, %v; want false", ok, err)
		}
		fl.wantEvents(b, `up a, up c, down a disconnect "by peer"`)
	})
}

func TestSetCookieOfOneNode(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		ctx := t.Context()
		stranger := fl.options("b")
		stranger.Cookie = otherCookie
		a, b := fl.start(fl.options("a")), fl.start(stranger)
		if err := a.SetCookie(ctx, b.Self(), otherCookie); err != nil {
			t.Fatal(err)
		}
		if ok, err := a.Connect(ctx, b.Self()); !ok || err != nil {
			t.Errorf("connect with the cookie of that node: %v, %v; want true", ok, err)
		}
		if err := a.SetCookie(ctx, "", "changed, and no link is touched by it"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		fl.wantEvents(a, "up b")
		if got, err := a.Cookie(ctx); err != nil || got != "changed, and no link is touched by it" {
			t.Errorf("cookie: %q, %v", got, err)
		}
	})
}

// A cookie for one node is in force before the first dial.
func TestNodeCookiesAtStart(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		stranger := fl.options("b")
		stranger.Cookie = otherCookie
		b := fl.start(stranger)
		opts := fl.options("a")
		opts.NodeCookies = map[nodeid.Name]string{b.Self(): otherCookie}
		opts.Sync = Sync{Mandatory: []nodeid.Name{b.Self()}, Timeout: 5 * time.Second}
		a := fl.start(opts)
		if err := a.Sync(t.Context()); err != nil {
			t.Errorf("sync: %v", err)
		}
		fl.wantEvents(a, "up b")
		fl.wantEvents(b, "up a")
	})
}

func TestNodeCookiesOfOthersOnly(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		opts := fl.options("a")
		for name, cookie := range map[nodeid.Name]string{opts.Name: otherCookie, "b@127.0.0.1": ""} {
			opts.NodeCookies = map[nodeid.Name]string{name: cookie}
			if _, err := fl.tryStart(opts); err == nil {
				t.Errorf("a start with %v, want an error", opts.NodeCookies)
			}
		}
	})
}

func TestNameInUse(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a := fl.start(fl.options("a"))
		_, err := fl.tryStart(fl.options("a"))
		var inUse *NameInUseError
		if !errors.As(err, &inUse) || err.Error() != "the name a@127.0.0.1 seems to be in use by another node" {
			t.Errorf("second holder: %v", err)
		}
		time.Sleep(time.Minute)
		if a.Err() != nil {
			t.Errorf("the first holder ended: %v", a.Err())
		}
		stranger := fl.options("a")
		stranger.Cookie = otherCookie
		b := fl.start(stranger) // another cookie is another world, and told
		time.Sleep(time.Minute)
		fl.wantLog(b, "a node with another cookie has our name")
	})
}

func TestSync(t *testing.T) {
	tests := []struct {
		name    string
		sync    Sync
		running []string
		want    string // the error
		after   time.Duration
		log     string
	}{
		{name: "nothing to wait for", sync: Sync{Timeout: 5 * time.Second}},
		{name: "only itself", sync: Sync{Mandatory: fulls("a"), Timeout: 5 * time.Second}},
		{name: "lists without a timeout do nothing", sync: Sync{Mandatory: fulls("b")}},
		{
			name: "all up", running: []string{"b", "c"}, log: "2 of 2 nodes up",
			sync: Sync{Mandatory: fulls("b"), Optional: fulls("a", "c"), Timeout: Infinity},
		},
		{
			name: "optional ones missing", running: []string{"b"}, after: 5 * time.Second,
			sync: Sync{Optional: fulls("a", "b", "c"), Timeout: 5 * time.Second},
			log:  "sync over: going on without c@127.0.0.1",
		},
		{
			name: "mandatory ones missing", running: []string{"c"}, after: 3 * time.Second,
			sync: Sync{Mandatory: fulls("b", "d"), Optional: fulls("c", "e"), Timeout: 3 * time.Second},
			want: "mandatory nodes down: [b@127.0.0.1,d@127.0.0.1]",
			log:  "syncing: 1 of 4 nodes up, waiting for b@127.0.0.1, d@127.0.0.1, e@127.0.0.1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, fl *fleet) {
				for _, alive := range tt.running {
					fl.start(fl.options(alive))
				}
				opts := fl.options("a")
				opts.Sync = tt.sync
				a := fl.start(opts)
				began := time.Now()
				err := a.Sync(t.Context())
				if text := fmt.Sprint(err); (tt.want == "" && err != nil) || (tt.want != "" && text != tt.want) {
					t.Errorf("sync: %v, want %q", err, tt.want)
				}
				took := time.Since(began)
				if took < tt.after || took > tt.after+100*time.Millisecond {
					t.Errorf("sync took %s, want %s", took, tt.after)
				}
				if tt.log != "" {
					fl.wantLog(a, tt.log)
				}
			})
		})
	}
}

// A sync node that was missing is connected when it comes, unlike in OTP.
func TestLateSyncNode(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		opts := fl.options("a")
		opts.Sync = Sync{Optional: fulls("b"), Timeout: time.Second}
		a := fl.start(opts)
		time.Sleep(10 * time.Minute)
		b := fl.start(fl.options("b"))
		time.Sleep(2 * time.Second)
		fl.wantNodes(a, "b")
		b.Close()
		fl.wantEvents(a, `up b, down b shutdown "left"`)
		fl.start(fl.options("b"))
		time.Sleep(2 * time.Second)
		fl.wantEvents(a, "up b")
	})
}

func TestDeaths(t *testing.T) {
	trio := func(fl *fleet) (a, b, c *Node) {
		var nodes []*Node
		for _, alive := range []string{"a", "b", "c"} {
			opts := fl.options(alive)
			opts.Sync = Sync{Optional: fulls("a", "b", "c"), Timeout: Infinity}
			nodes = append(nodes, fl.start(opts))
		}
		time.Sleep(2 * time.Second)
		for _, n := range nodes {
			fl.events(n)
		}
		return nodes[0], nodes[1], nodes[2]
	}
	t.Run("killed", func(t *testing.T) {
		inBubble(t, func(t *testing.T, fl *fleet) {
			a, b, c := trio(fl)
			fl.members[b].Kill()
			time.Sleep(100 * time.Millisecond)
			fl.wantEvents(a, `down b connection_closed "crashed"`)
			fl.wantEvents(c, `down b connection_closed "crashed"`)
		})
	})
	t.Run("frozen", func(t *testing.T) {
		inBubble(t, func(t *testing.T, fl *fleet) {
			a, b, _ := trio(fl)
			fl.members[b].Freeze()
			time.Sleep(2900 * time.Millisecond)
			fl.wantEvents(a, "")
			time.Sleep(1100 * time.Millisecond)
			if got := fl.events(a); !strings.HasPrefix(got, `down b net_tick_timeout "unresponsive for 3.`) {
				t.Errorf("events: %s", got)
			}
			fl.members[b].Thaw()
			time.Sleep(10 * time.Second)
			fl.wantEvents(a, "up b")
			fl.wantNodes(b, "a", "c")
		})
	})
	t.Run("the own bus lost", func(t *testing.T) {
		inBubble(t, func(t *testing.T, fl *fleet) {
			a, b, c := trio(fl)
			for _, n := range []*Node{a, b, c} {
				fl.members[n].Lose(errors.New("the server is gone"))
			}
			time.Sleep(time.Hour)
			fl.wantNodes(a, "b", "c")
			fl.wantLog(a, `[WARN]  interconnectd: bus lost: error="the server is gone"`)
			if s, err := a.Status(t.Context()); err != nil || !s.BusLost || s.Peers[0].Detail != "bus lost" {
				t.Errorf("status: %+v, %v", s, err)
			}
			for _, n := range []*Node{a, b, c} {
				fl.members[n].Restore()
			}
			time.Sleep(time.Minute)
			for _, n := range []*Node{a, b, c} {
				fl.wantEvents(n, "")
			}
			fl.wantLog(a, "bus back")
		})
	})
	t.Run("forged no responders, and garbage", func(t *testing.T) {
		inBubble(t, func(t *testing.T, fl *fleet) {
			a, _, _ := trio(fl)
			for id := range uint64(1000) {
				fl.members[a].InjectReply(bus.Reply{ID: a.lastID(t) + id%20, NoResponders: true})
				fl.members[a].Inject(bus.Frames, bus.Packet{Data: []byte("garbage")})
				fl.members[a].Inject(bus.Names, bus.Packet{Data: []byte("garbage")})
				fl.members[a].Inject(bus.Hellos, bus.Packet{Data: []byte("garbage")})
				time.Sleep(10 * time.Millisecond)
			}
			fl.wantEvents(a, "")
			s, err := a.Status(t.Context())
			if err != nil || len(s.Dropped) == 0 {
				t.Errorf("nothing is counted: %+v, %v", s.Dropped, err)
			}
		})
	})
}

// lastID is the last request id that the node drew: what a forger has to hit.
func (n *Node) lastID(t *testing.T) uint64 {
	var id uint64
	if err := n.do(t.Context(), func(l *loop) { id = l.nextID() }); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestHidden(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		opts := fl.options("h")
		opts.Hidden = true
		a, b, h := fl.start(fl.options("a")), fl.start(fl.options("b")), fl.start(opts)
		for _, name := range []nodeid.Name{a.Self(), b.Self()} {
			if ok, err := h.Connect(t.Context(), name); !ok || err != nil {
				t.Errorf("connect %s: %v, %v", name, ok, err)
			}
		}
		time.Sleep(10 * time.Second)
		fl.wantNodes(a)
		fl.wantNodes(h)
		fl.wantEvents(a, "up h")
		if s, err := a.Status(t.Context()); err != nil || len(s.Peers) != 1 || !s.Peers[0].Hidden {
			t.Errorf("peers of a: %+v, %v; want the hidden h alone", s.Peers, err)
		}
	})
}

func TestCallErrors(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		ctx := t.Context()
		a, b := fl.start(fl.options("a")), fl.start(fl.options("b"))
		calls := 0
		b.Register("flaky", func(context.Context, erlterm.Term) (erlterm.Term, error) {
			if calls++; calls == 1 {
				panic("out of paper")
			}
			return erlterm.Tuple{erlterm.Atom("ok"), erlterm.String("é")}, nil
		})
		b.Register("slow", func(ctx context.Context, _ erlterm.Term) (erlterm.Term, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		ask := func(name, node string) (erlterm.Term, error) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			return a.Call(ctx, Address{name, full(node)}, erlterm.Atom("x"))
		}
		if _, err := ask("nobody", "b"); !errors.Is(err, ErrNoProc) {
			t.Errorf("no process: %v", err)
		}
		if _, err := ask("x", "nowhere"); !errors.Is(err, ErrNodeDown) {
			t.Errorf("no node: %v", err)
		}
		if _, err := ask("flaky", "b"); err == nil || !strings.Contains(err.Error(), "the process crashed: out of paper") {
			t.Errorf("a crash: %v", err)
		}
		fl.wantLog(b, "process crashed, starting it again")
		answer, err := ask("flaky", "b")
		if want := (erlterm.Tuple{erlterm.Atom("ok"), erlterm.String("é")}); err != nil || !erlterm.Equal(answer, want) {
			t.Errorf("after the crash: %v, %v; want %v", answer, err, want)
		}
		if _, err := ask("slow", "b"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a slow answer: %v", err)
		}
		if _, err := ask(PingPong, "a"); err == nil || !strings.Contains(err.Error(), "want ping") {
			t.Errorf("a local call: %v", err)
		}
		go func() {
			time.Sleep(time.Second)
			fl.members[b].Kill()
		}()
		if _, err := ask("slow", "b"); !errors.Is(err, ErrNodeDown) {
			t.Errorf("the node dies meanwhile: %v", err)
		}
	})
}

func TestAfterClose(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a := fl.start(fl.options("a"))
		m := fl.seen[a]
		for range 2 {
			if err := a.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
		if _, err := a.Nodes(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("nodes after close: %v", err)
		}
		if _, err := m.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("next after close: %v", err)
		}
	})
}

// While the bus is lost nobody answers, and a ping says so in the end.
func TestPingWithoutBus(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a, b := fl.start(fl.options("a")), fl.start(fl.options("b"))
		if _, ok, err := a.Ping(t.Context(), b.Self()); !ok || err != nil {
			t.Fatalf("ping: %v, %v", ok, err)
		}
		fl.members[a].Lose(errors.New("gone"))
		began := time.Now()
		_, ok, err := a.Ping(t.Context(), b.Self())
		if took := time.Since(began); ok || err != nil || took < 6*time.Second || took > 9*time.Second {
			t.Errorf("ping without a bus: %v, %v after %s; want pang after net_setuptime", ok, err, took)
		}
	})
}

func TestCallsEnd(t *testing.T) {
	long := erlterm.Atom(strings.Repeat("x", 300)) // more than an atom may have
	tests := []struct {
		name string
		to   string
		term erlterm.Term
		lose bool
		want string
	}{
		{name: "a name too long", to: strings.Repeat("x", 66000), term: erlterm.Atom("x"), want: "its name has 66000 bytes"},
		{name: "a term that is none", to: PingPong, term: long, want: "the request makes no sense"},
		{name: "a bus that is lost", to: PingPong, term: erlterm.Atom("ping"), lose: true, want: "the bus is lost"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, fl *fleet) {
				a, b := fl.start(fl.options("a")), fl.start(fl.options("b"))
				if ok, err := a.Connect(t.Context(), b.Self()); !ok || err != nil {
					t.Fatalf("connect: %v, %v", ok, err)
				}
				if tt.lose {
					fl.members[a].Lose(errors.New("away"))
					synctest.Wait()
				}
				_, err := a.Call(t.Context(), Address{tt.to, b.Self()}, tt.term)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("call: %v, want %q", err, tt.want)
				}
			})
		})
	}
}

// Calls that wait for a process when another takes its name are answered.
func TestReplacedProcess(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a := fl.start(fl.options("a"))
		gate := make(chan struct{})
		a.Register("p", func(context.Context, erlterm.Term) (erlterm.Term, error) {
			<-gate
			return erlterm.Atom("old"), nil
		})
		answers := make(chan error, 10)
		for range cap(answers) {
			go func() {
				_, err := a.Call(t.Context(), Address{"p", a.Self()}, erlterm.Atom("x"))
				answers <- err
			}()
		}
		synctest.Wait()
		a.Register("p", func(context.Context, erlterm.Term) (erlterm.Term, error) { return erlterm.Atom("new"), nil })
		close(gate)
		for range cap(answers) {
			if err := <-answers; err != nil && !strings.Contains(err.Error(), "noproc") {
				t.Errorf("call: %v", err)
			}
		}
	})
}

// The loop waits for its helpers when it ends, and they must not wait for it:
// here more answers wait than its inbox has room for.
func TestCloseWithAFullInbox(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a := fl.start(fl.options("a"))
		release := make(chan struct{})
		go a.do(t.Context(), func(l *loop) {
			for range 3 * cap(a.inbox) {
				l.helpers.start(func(ctx context.Context) { a.post(ctx, func(*loop) {}) })
			}
			<-release
		})
		synctest.Wait()
		go a.Close()
		synctest.Wait()
		close(release)
		<-a.Done()
	})
}

// Somebody who answers for our name without the cookie delays a start, and no
// more; one that gives the name away does not keep it waiting.
func TestStartBesideALiar(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		inc := nodeid.Incarnation{0: 9, 15: 9}
		liar := fl.hub.Join(full("a"), inc)
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for {
				select {
				case p := <-liar.Names():
					if len(p.Data) > 0 && p.Data[0] == 1 { // a hello: "it is me"
						_ = liar.Answer(p.ReplyTo, append(append([]byte{2, 1}, inc[:]...), 0))
					}
				case <-stop:
					return
				}
			}
		}()
		began := time.Now()
		fl.start(fl.options("a"))
		if took := time.Since(began); took > time.Second {
			t.Errorf("the start took %s", took)
		}
	})
}
