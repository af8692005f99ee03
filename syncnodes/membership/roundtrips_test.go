package membership

import (
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

func TestRoundTripsUpTo(t *testing.T) {
	var r RoundTrips
	for _, trip := range []time.Duration{0, 100 * time.Microsecond, 101 * time.Microsecond, 2500 * time.Millisecond, time.Minute} {
		r.Add(trip)
	}
	want := map[time.Duration]uint64{
		100 * time.Microsecond: 2, 250 * time.Microsecond: 3, time.Second: 3, 2500 * time.Millisecond: 4,
	}
	last := time.Duration(0)
	for bound, got := range r.UpTo() {
		if n, named := want[bound]; named && got != n {
			t.Errorf("%d round trips up to %s, want %d", got, bound, n)
		}
		if bound <= last {
			t.Errorf("%s comes after %s", bound, last)
		}
		last = bound
		delete(want, bound)
	}
	if len(want) > 0 {
		t.Errorf("no bounds %v", want)
	}
	if got, sum := r.Count(), time.Minute+2500*time.Millisecond+201*time.Microsecond; got != 5 || r.Sum != sum {
		t.Errorf("%d round trips in %s, want 5 in %s", got, r.Sum, sum)
	}
}

// Each answered probe is one round trip, and none is counted twice: not the ones
// whose answers were lost, nor an answer that comes twice.
func TestRoundTripsOfProbes(t *testing.T) {
	for _, tt := range []struct {
		name      string
		loss, dup float64
		least     float64 // of the probes
	}{
		{name: "a good net", least: 0.98},
		{name: "losses and repetitions", loss: 0.1, dup: 0.2, least: 0.7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.noLog, w.loss, w.dup = true, tt.loss, tt.dup
			a := w.start(full("a"), simOptions{sync: []nodeid.Name{full("b")}})
			b := w.start(full("b"), simOptions{})
			w.run(time.Minute)
			got, sent := a.core.RoundTrips(), w.sent[kindProbe]
			count := got.Count() + b.core.RoundTrips().Count()
			if count > uint64(sent) || float64(count) < tt.least*float64(sent) {
				t.Errorf("%d round trips of %d probes", count, sent)
			}
			if mean := got.Sum / time.Duration(got.Count()); mean < 2*w.latency || mean > 3*w.latency {
				t.Errorf("a mean of %s, want two latencies", mean)
			}
		})
	}
}

func TestRoundTripsAllocateNothing(t *testing.T) {
	var r RoundTrips
	if n := testing.AllocsPerRun(100, func() { r.Add(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations for a round trip", n)
	}
}
