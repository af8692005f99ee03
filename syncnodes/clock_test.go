package syncnodes

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"interconnectd/syncnodes/clocktest"
)

// move moves the clock on in small steps; the nodes do all that they have to
// do between two of them.
func move(clock *clocktest.Clock, d time.Duration) {
	const step = 20 * time.Millisecond
	for ; d > 0; d -= step {
		synctest.Wait()
		clock.Advance(step)
	}
	synctest.Wait()
}

// startByHand starts a node on a clock that stands still: the start takes time
// too.
func (fl *fleet) startByHand(clock *clocktest.Clock, opts Options) *Node {
	fl.t.Helper()
	started := make(chan *Node)
	go func() {
		n, err := fl.tryStart(opts)
		if err != nil {
			fl.t.Error(err)
		}
		started <- n
	}()
	for {
		move(clock, 20*time.Millisecond)
		select {
		case n := <-started:
			return n
		default:
		}
	}
}

// A node lives by its clock and by no other: while that stands still nothing
// happens, for hours; when it is moved on, what is due happens, and no real time
// passes.
func TestClockByHand(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		clock := &clocktest.Clock{}
		fl.clock = func() Clock { return clock }
		fl.hub.SetLatency(0)
		began := time.Now()
		opts := fl.options("a")
		opts.Sync = Sync{Mandatory: fulls("b", "c"), Timeout: 10 * time.Second}
		a, b := fl.startByHand(clock, opts), fl.startByHand(clock, fl.options("b"))
		synced := make(chan error, 1)
		go func() { synced <- a.Sync(t.Context()) }()
		move(clock, 5*time.Second)
		fl.wantEvents(a, "up b")
		fl.members[b].Freeze()

		// Hours pass, but not for the nodes.
		if took := time.Since(began); took != 0 {
			t.Errorf("the bubble's clock moved by %s", took)
		}
		pinged := make(chan bool, 1)
		go func() {
			_, ok, err := a.Ping(t.Context(), b.Self())
			if err != nil {
				t.Errorf("ping: %v", err)
			}
			pinged <- ok
		}()
		time.Sleep(10 * time.Hour)
		fl.wantEvents(a, "")
		if len(synced)+len(pinged) > 0 {
			t.Error("the sync or the ping is over though the clock stood still")
		}

		move(clock, 2900*time.Millisecond)
		fl.wantEvents(a, "")
		move(clock, 1100*time.Millisecond)
		if got := fl.events(a); !strings.HasPrefix(got, "down b net_tick_timeout") {
			t.Errorf("events after 4 s: %q", got)
		}
		if <-pinged {
			t.Error("the ping of a silent node: pong")
		}
		if len(synced) > 0 {
			t.Error("the sync is over before its time")
		}
		move(clock, time.Second)
		if err := <-synced; err == nil || err.Error() != "mandatory nodes down: [b@127.0.0.1,c@127.0.0.1]" {
			t.Errorf("sync: %v", err)
		}
		names := make(chan int, 1)
		go func() {
			all, err := a.Names(t.Context(), time.Second)
			if err != nil {
				t.Errorf("names: %v", err)
			}
			names <- len(all)
		}()
		time.Sleep(time.Hour)
		if len(names) > 0 {
			t.Error("names came though the clock stood still")
		}
		move(clock, time.Second)
		if n := <-names; n != 1 {
			t.Errorf("%d names, want the own one", n)
		}
		fl.members[b].Kill()
		done := make(chan struct{})
		go func() {
			b.Close()
			close(done)
		}()
		move(clock, time.Second)
		<-done
	})
}
