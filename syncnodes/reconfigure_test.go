package syncnodes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/bus/bustest"
)

// reconfigure changes a node's lists and nothing else.
func reconfigure(t *testing.T, n *Node, s Sync) {
	t.Helper()
	if err := n.Reconfigure(t.Context(), Change{Sync: s}); err != nil {
		t.Fatal(err)
	}
}

// wantSync holds what status tells of the sync to a text.
func (fl *fleet) wantSync(n *Node, want string) {
	fl.t.Helper()
	synctest.Wait()
	status, err := n.Status(fl.t.Context())
	if err != nil || status.Sync.String() != want {
		fl.t.Errorf("sync of %s: %q, %v; want %q", n.Self(), status.Sync, err, want)
	}
}

// A node that enters is connected at once, one that leaves stays connected and
// is not expected back, and neither is told but for the one nodeup.
func TestReconfigureLists(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		opts := fl.options("a")
		opts.Alone = true // nobody is introduced
		opts.Sync = Sync{Optional: fulls("a", "b"), Timeout: 5 * time.Second}
		a, b, c := fl.start(opts), fl.start(fl.options("b")), fl.start(fl.options("c"))
		if err := a.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		fl.wantEvents(a, "up b")
		fl.wantSync(a, "1 of 1 nodes up")

		reconfigure(t, a, Sync{Optional: fulls("a", "b", "c"), Timeout: 5 * time.Second})
		time.Sleep(50 * time.Millisecond)
		fl.wantEvents(a, "up c")
		fl.wantSync(a, "2 of 2 nodes up")

		// A mandatory node that is missing ends nothing any more.
		reconfigure(t, a, Sync{Mandatory: fulls("d"), Optional: fulls("c"), Timeout: time.Second})
		fl.wantSync(a, "1 of 2 nodes up, missing d@127.0.0.1")
		time.Sleep(time.Minute)
		fl.wantEvents(a, "")
		fl.wantNodes(a, "b", "c")
		if err := errors.Join(a.Sync(t.Context()), a.Err()); err != nil {
			t.Error(err)
		}

		// Who was connected when it entered counts as up.
		reconfigure(t, a, Sync{Optional: fulls("b", "c"), Timeout: time.Second})
		fl.wantSync(a, "2 of 2 nodes up")

		// Without a timeout the lists do nothing: that takes nobody down.
		reconfigure(t, a, Sync{Optional: fulls("b", "c")})
		fl.wantSync(a, "0 of 0 nodes up")
		b.Close()
		c.Close()
		fl.wantEvents(a, `down b shutdown "left", down c shutdown "left"`)
	})
}

// The start-up sync waits for the nodes of the lists of now.
func TestReconfigureDuringSync(t *testing.T) {
	for _, tt := range []struct {
		name string
		to   Sync          // after 3 s of a wait of 5 s for b and the mandatory d
		late string        // starts 1 s later
		want time.Duration // from the start
		err  string
	}{
		{"the same", Sync{Mandatory: fulls("d"), Optional: fulls("b"), Timeout: 5 * time.Second}, "", 5 * time.Second, "mandatory nodes down: [d@127.0.0.1]"},
		{"another is waited for, the time begins anew", Sync{Mandatory: fulls("c"), Timeout: 5 * time.Second}, "", 8 * time.Second, "mandatory nodes down: [c@127.0.0.1]"},
		{"and comes", Sync{Mandatory: fulls("c"), Timeout: 5 * time.Second}, "c", 4 * time.Second, ""},
		{"mandatory no more", Sync{Optional: fulls("b", "d"), Timeout: 5 * time.Second}, "", 8 * time.Second, ""},
		{"all are there", Sync{Mandatory: fulls("e"), Timeout: 5 * time.Second}, "", 3 * time.Second, ""},
		{"nothing to wait for", Sync{}, "", 3 * time.Second, ""},
		{"a shorter time", Sync{Mandatory: fulls("d"), Optional: fulls("b"), Timeout: time.Second}, "", 4 * time.Second, "mandatory nodes down: [d@127.0.0.1]"},
		{"for ever", Sync{Optional: fulls("c"), Timeout: Infinity}, "c", 4 * time.Second, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, fl *fleet) {
				opts := fl.options("a")
				opts.Sync = Sync{Mandatory: fulls("d"), Optional: fulls("b"), Timeout: 5 * time.Second}
				opts.Alone = true
				e := fl.start(fl.options("e"))
				a := fl.start(opts)
				began := time.Now()
				if ok, err := a.Connect(t.Context(), e.Self()); !ok || err != nil {
					t.Fatal(ok, err)
				}
				go func() {
					time.Sleep(3 * time.Second)
					reconfigure(t, a, tt.to)
					time.Sleep(time.Second)
					if tt.late != "" {
						fl.start(fl.options(tt.late))
					}
				}()
				got := ""
				if err := a.Sync(t.Context()); err != nil {
					got = err.Error()
				}
				took := time.Since(began)
				if got != tt.err || took < tt.want || took > tt.want+200*time.Millisecond {
					t.Errorf("the sync ended with %q after %s, want %q after %s", got, took, tt.err, tt.want)
				}
				time.Sleep(5 * time.Second) // until the goroutine above has ended
			})
		})
	}
}

// The times are those of what begins afterwards, the cookie that of
// connections; without one it stays.
func TestReconfigureTimesAndCookie(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		ctx := t.Context()
		a, b := fl.start(fl.options("a")), fl.start(fl.options("b"))
		if ok, err := a.Connect(ctx, b.Self()); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := a.SetCookie(ctx, "", otherCookie); err != nil {
			t.Fatal(err)
		}
		if err := a.Reconfigure(ctx, Change{Detector: Detector{Timeout: time.Second}, SetupTime: 2 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if cookie, err := a.Cookie(ctx); cookie != otherCookie || err != nil {
			t.Errorf("a change without a cookie left %q, %v", cookie, err)
		}

		// b hangs: it is down after a second, and a dial or a ping of it after two.
		fl.members[b].Freeze()
		time.Sleep(time.Second + 600*time.Millisecond)
		fl.wantEvents(a, `up b, down b net_tick_timeout "unresponsive for 1.0s"`)
		began := time.Now()
		if _, ok, err := a.Ping(ctx, b.Self()); ok || err != nil {
			t.Errorf("ping: %v, %v; want pang", ok, err)
		}
		if took := time.Since(began); took < time.Second || took > 3*time.Second {
			t.Errorf("the pang took %s, want some 2 s", took)
		}
		fl.members[b].Thaw()

		// Their cookies differ, until the change that has one.
		if ok, err := a.Connect(ctx, b.Self()); ok || err != nil {
			t.Errorf("connect with another cookie: %v, %v", ok, err)
		}
		if err := a.Reconfigure(ctx, Change{Cookie: testCookie}); err != nil {
			t.Fatal(err)
		}
		if ok, err := a.Connect(ctx, b.Self()); !ok || err != nil {
			t.Errorf("connect with the right cookie: %v, %v", ok, err)
		}

		// Another cookie with b alone, and again none.
		for _, tt := range []struct {
			cookie string
			want   bool
		}{{otherCookie, false}, {"", true}} {
			if err := a.Reconfigure(ctx, Change{NodeCookies: map[nodeid.Name]string{b.Self(): tt.cookie}}); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Disconnect(ctx, b.Self()); err != nil {
				t.Fatal(err)
			}
			if ok, err := a.Connect(ctx, b.Self()); ok != tt.want || err != nil {
				t.Errorf("connect with the cookie %q for b: %v, %v; want %v", tt.cookie, ok, err, tt.want)
			}
		}

		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if err := a.Reconfigure(ctx, Change{}); !errors.Is(err, ErrClosed) {
			t.Errorf("after the end: %v, want ErrClosed", err)
		}
	})
}

// Two hundred changes of all that can change, while calls go on, end no
// connection.
func TestReconfigureUnderLoad(t *testing.T) {
	first := bustest.FreePorts(2)
	var nodes []*Node
	for _, alive := range []string{"a", "b"} {
		n, err := Start(t.Context(), Options{
			Name: full(alive), Cookie: testCookie, Bus: Bus{Ports: bus.PortRange{Min: first, Max: first + 1}},
			Sync: Sync{Optional: fulls("a", "b"), Timeout: patience},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		nodes = append(nodes, n)
	}
	var monitors []*Monitor
	for _, n := range nodes {
		if err := n.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		monitors = append(monitors, watch(t, n, 1))
	}
	calls := callAllTheTime(t, nodes)
	changes := []Change{
		{Sync: Sync{Optional: fulls("a", "b", "c"), Timeout: time.Second}, Detector: Detector{Interval: 100 * time.Millisecond, Timeout: 4 * time.Second}, SetupTime: 8 * time.Second, Cookie: otherCookie},
		{Sync: Sync{Mandatory: fulls("d"), Timeout: Infinity}, Detector: Detector{Timeout: 60 * time.Second}, Cookie: testCookie},
	}
	for i := range 200 {
		for _, n := range nodes {
			if err := n.Reconfigure(t.Context(), changes[i%2]); err != nil {
				t.Fatal(err)
			}
			if _, ok, err := n.Ping(t.Context(), nodes[0].Self()); !ok || err != nil { // a moment for the calls
				t.Fatalf("ping: %v, %v", ok, err)
			}
		}
	}
	if made := calls(); made < 50 {
		t.Errorf("%d calls were made meanwhile, want some hundreds", made)
	}
	for _, m := range monitors {
		quiet(t, m, 100*time.Millisecond)
	}
}

// callAllTheTime lets each node call the other, until the function it gives is
// called, which gives how many calls were made. Each has to be answered.
func callAllTheTime(t *testing.T, nodes []*Node) (stop func() int) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	var callers sync.WaitGroup
	var mu sync.Mutex
	var failures []string
	made := 0
	for i, n := range nodes {
		other := nodes[1-i].Self()
		callers.Go(func() {
			for ctx.Err() == nil {
				_, err := n.Call(context.WithoutCancel(ctx), Address{PingPong, other}, erlterm.Atom("ping"))
				mu.Lock()
				made++
				if err != nil {
					failures = append(failures, fmt.Sprintf("%s: %v", n.Self(), err))
				}
				mu.Unlock()
			}
		})
	}
	return func() int {
		cancel()
		callers.Wait()
		if len(failures) > 0 {
			slices.Sort(failures)
			t.Errorf("%d of %d calls failed: %s", len(failures), made, strings.Join(slices.Compact(failures), "; "))
		}
		return made
	}
}
