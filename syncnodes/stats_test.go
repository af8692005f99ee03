package syncnodes

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/session"
)

func (fl *fleet) stats(n *Node) Stats {
	fl.t.Helper()
	s, err := n.Stats(fl.t.Context())
	if err != nil {
		fl.t.Fatal(err)
	}
	return s
}

// wantHandshakes wants those that ended, and no others.
func (fl *fleet) wantHandshakes(n *Node, want map[Handshake]uint64) {
	fl.t.Helper()
	got := fl.stats(n).Handshakes
	maps.DeleteFunc(got, func(_ Handshake, count uint64) bool { return count == 0 })
	if !maps.Equal(got, want) {
		fl.t.Errorf("handshakes of %s: %v, want %v", n.Self(), got, want)
	}
}

func TestStatsOfRoundTrips(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a, b := fl.start(fl.options("a")), fl.start(fl.options("b"))
		if got := fl.stats(a).RoundTrips; got != (RoundTrips{}) {
			t.Errorf("alone: %+v", got)
		}
		if ok, err := a.Connect(t.Context(), b.Self()); !ok || err != nil {
			t.Fatalf("connect: %v, %v", ok, err)
		}
		time.Sleep(10 * time.Second)
		got := fl.stats(a).RoundTrips
		if n := got.Count(); n < 40 || n > 60 || got.Sum != time.Duration(n)*2*time.Millisecond {
			t.Errorf("%d round trips in %s; want four a second, and two latencies each", n, got.Sum)
		}
		for bound, n := range got.UpTo() {
			if want := bound >= 2*time.Millisecond; (n == got.Count()) != want || (n == 0) == want {
				t.Errorf("%d of %d round trips up to %s", n, got.Count(), bound)
			}
		}
	})
}

func TestStatsOfHandshakes(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		ctx := t.Context()
		a, b := fl.start(fl.options("a")), fl.start(fl.options("b"))
		stranger := fl.options("c")
		stranger.Cookie = otherCookie
		c := fl.start(stranger)
		fl.wantHandshakes(a, nil) // it claimed its name, as did the others

		for _, tt := range []struct {
			from *Node
			to   nodeid.Name
			want bool
		}{
			{b, a.Self(), true},
			{c, a.Self(), false},
		} {
			if ok, err := tt.from.Connect(ctx, tt.to); ok != tt.want || err != nil {
				t.Errorf("%s connects to %s: %v, %v", tt.from.Self(), tt.to, ok, err)
			}
		}
		fl.wantHandshakes(a, map[Handshake]uint64{{Accepted, "ok"}: 1, {Accepted, "cookies_differ"}: 1})
		fl.wantHandshakes(b, map[Handshake]uint64{{Dialled, "ok"}: 1})
		fl.wantHandshakes(c, map[Handshake]uint64{{Dialled, "cookies_differ"}: 1})

		time.Sleep(2 * time.Minute) // each node claims its name again
		if _, err := c.Connect(ctx, a.Self()); err != nil {
			t.Error(err)
		}
		got, wrong := fl.stats(a).Handshakes[Handshake{Accepted, "cookies_differ"}], fl.stats(a).Dropped["wrong cookie"]
		if got < 2 || got > wrong {
			t.Errorf("%d rejections, and %d packets with another cookie", got, wrong)
		}
		if ok, err := b.Connect(ctx, full("nobody")); ok || err != nil {
			t.Errorf("connect to nobody: %v, %v", ok, err)
		}
		if got := fl.stats(b).Handshakes; got[Handshake{Dialled, "no_holder"}] == 0 || got[Handshake{Dialled, "ok"}] != 1 {
			t.Errorf("handshakes of b: %v", got)
		}
	})
}

// Claims of the own name are no handshakes, whoever makes them and however they end.
func TestStatsOfClaims(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a := fl.start(fl.options("a"))
		var inUse *NameInUseError
		if _, err := fl.tryStart(fl.options("a")); !errors.As(err, &inUse) {
			t.Errorf("a second holder: %v", err)
		}
		stranger := fl.options("a")
		stranger.Cookie = otherCookie
		b := fl.start(stranger)
		time.Sleep(5 * time.Minute)
		fl.wantLog(a, "Connection attempt from node a@127.0.0.1 rejected.")
		for _, n := range []*Node{a, b} {
			fl.wantHandshakes(n, nil)
			fl.wantNobodyAsked(n)
		}
	})
}

// Who comes with the name of a node that is up waits for the verdict on that one.
func TestStatsOfARival(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a, b := fl.start(fl.options("a")), fl.start(fl.options("b"))
		if ok, err := b.Connect(t.Context(), a.Self()); !ok || err != nil {
			t.Fatalf("connect: %v, %v", ok, err)
		}
		fl.members[b].Freeze()
		opts := fl.options("b")
		opts.Sync = Sync{Optional: fulls("a"), Timeout: time.Second}
		fl.start(opts)
		time.Sleep(200 * time.Millisecond)
		fl.wantHandshakes(a, map[Handshake]uint64{{Accepted, "ok"}: 1})
		fl.members[b].Thaw()
		time.Sleep(200 * time.Millisecond)
		if s := fl.stats(a).Handshakes; s[Handshake{Accepted, "in_use"}] == 0 || s[Handshake{Accepted, "ok"}] != 1 {
			t.Errorf("handshakes of a: %v", s)
		}
		fl.wantNobodyAsked(a)
	})
}

// Of nodes that dial each other at once each pair has one handshake, and each end
// counts it once.
func TestStatsOfCrossedDials(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		names := []string{"a", "b", "c", "d"}
		var nodes []*Node
		for _, alive := range names {
			opts := fl.options(alive)
			opts.Sync = Sync{Optional: fulls(names...), Timeout: Infinity}
			nodes = append(nodes, fl.start(opts))
		}
		for range 2 {
			for _, n := range nodes {
				fl.members[n].Lose(errors.New("away"))
			}
			time.Sleep(time.Second)
			for _, n := range nodes {
				fl.members[n].Restore()
			}
			time.Sleep(10 * time.Second)
		}
		var dialled, accepted uint64
		for _, n := range nodes {
			s := fl.stats(n)
			dialled += s.Handshakes[Handshake{Dialled, "ok"}]
			accepted += s.Handshakes[Handshake{Accepted, "ok"}]
			if s.BusReconnects != 2 {
				t.Errorf("%d reconnects of the bus, want 2", s.BusReconnects)
			}
			fl.wantNobodyAsked(n)
		}
		if dialled != 6 || accepted != 6 {
			t.Errorf("%d dialled and %d accepted, want one for each of 6 pairs", dialled, accepted)
		}
	})
}

func (fl *fleet) wantNobodyAsked(n *Node) {
	fl.t.Helper()
	var asked int
	if err := n.do(fl.t.Context(), func(l *loop) { asked = len(l.handshakes.asked) }); err != nil || asked > 0 {
		fl.t.Errorf("%d that wait for %s, %v", asked, n.Self(), err)
	}
}

func TestStatsOfTheSync(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		opts := fl.options("a")
		if took := fl.stats(fl.start(opts)).SyncTook; took != 0 {
			t.Errorf("nothing to wait for: %s", took)
		}
		opts = fl.options("b")
		opts.Sync = Sync{Optional: fulls("a", "c"), Timeout: 5 * time.Second}
		b := fl.start(opts)
		time.Sleep(4 * time.Second)
		if took := fl.stats(b).SyncTook; took != 0 {
			t.Errorf("under way: %s", took)
		}
		if err := b.Reconfigure(t.Context(), Change{Sync: Sync{Optional: fulls("a", "d"), Timeout: 5 * time.Second}}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			time.Sleep(6 * time.Second)
			if took := fl.stats(b).SyncTook; took < 8900*time.Millisecond || took > 9*time.Second {
				t.Errorf("begun anew after 4 of 5 s, it took %s", took)
			}
		}
	})
}

// Each cause and each end is there before it occurs.
func TestStatsAtTheStart(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		s := fl.stats(fl.start(fl.options("a")))
		if beyond := session.DropFailed + 1; !strings.HasPrefix(beyond.String(), "cause ") {
			t.Errorf("the last cause is not counted: %s", beyond)
		}
		for cause := range session.DropFailed {
			if _, ok := s.Dropped[(cause + 1).String()]; !ok {
				t.Errorf("no %q among %v", cause+1, slices.Sorted(maps.Keys(s.Dropped)))
			}
		}
		for reason := range session.Unreadable {
			if _, ok := s.Handshakes[Handshake{Dialled, outcomeOf(reason + 1)}]; !ok {
				t.Errorf("no %q among %v", outcomeOf(reason+1), s.Handshakes)
			}
		}
	})
}

// A loop that is busy is waited for as long as the context says.
func TestStatsOfABusyNode(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a := fl.start(fl.options("a"))
		release := make(chan struct{})
		go a.do(t.Context(), func(*loop) { <-release })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := a.Stats(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stats: %v, want the deadline", err)
		}
		close(release)
		fl.stats(a)
		a.Close()
		if _, err := a.Stats(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("stats after close: %v", err)
		}
	})
}
