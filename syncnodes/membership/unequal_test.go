package membership

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

// Nodes whose intervals and timeouts differ need to know nothing of each other's.
// With all of them alive nobody goes down, for however different they are; one
// that hangs is down for each of the others within its own timeout and what it
// takes until somebody's probe stays unanswered, and not before that timeout.
func TestUnequalTimes(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			w := newWorld(t, seed)
			w.jitter = 20 * time.Millisecond
			names := make([]nodeid.Name, 2+r.IntN(12))
			for i := range names {
				names[i] = full(fmt.Sprintf("n%02d", i))
			}
			for _, name := range names {
				interval := 50 * time.Millisecond << r.IntN(8)
				timeout := max(3*interval, 500*time.Millisecond) + time.Duration(r.Int64N(int64(5*time.Second)))
				w.start(name, simOptions{sync: names, interval: interval, timeout: timeout})
			}
			w.run(2 * time.Minute)
			w.wantNoDowns(nil)

			victim := w.all[r.IntN(len(w.all))]
			began := w.now
			w.pause(victim)
			w.run(2 * time.Minute)
			w.wantNoDowns(victim)
			for _, n := range w.all {
				if n != victim {
					w.wantDownWithin(n, victim, began)
				}
			}
		})
	}
}

// wantNoDowns holds that nobody but victim was told down.
func (w *world) wantNoDowns(victim *simNode) {
	w.t.Helper()
	for _, e := range w.told {
		if !e.Up && (victim == nil || e.Node != victim.ref.Node) {
			w.t.Errorf("%v: %s says that %s is down: %s", e.at, e.by.ref.Node, e.Node, e.Detail)
		}
	}
}

// wantDownWithin holds the verdict of n on a victim that hangs since began to
// the bounds of design.md.
func (w *world) wantDownWithin(n, victim *simNode, began time.Duration) {
	w.t.Helper()
	i := slices.IndexFunc(w.told, func(e simTold) bool { return !e.Up && e.by == n && e.Node == victim.ref.Node })
	if i < 0 {
		w.t.Errorf("%s never says that %s is down", n.ref.Node, victim.ref.Node)
		return
	}
	const travel = 100 * time.Millisecond // frames under way, a tip that is gathered
	took := w.told[i].at - began
	least, most := n.timeout-travel, w.noticed(n, victim)+n.timeout+travel
	if took < least || took > most {
		w.t.Errorf("%s (interval %v, timeout %v) says so after %v, want %v to %v", n.ref.Node, n.interval, n.timeout, took, least, most)
	}
}

// noticed is when the first probe of n to a victim that hangs is sent at the
// latest: in turn, where n is one of the two before it in name order, else at
// the tip of either of them.
func (w *world) noticed(n, victim *simNode) time.Duration {
	first := never
	for back := 1; back <= min(neighbours, len(w.all)-1); back++ {
		i := slices.Index(w.all, victim) // in name order
		p := w.all[(i-back+len(w.all))%len(w.all)]
		if p == n {
			first = min(first, p.interval)
		} else {
			first = min(first, p.interval+min(suspectMost, p.timeout/6))
		}
	}
	return first
}
