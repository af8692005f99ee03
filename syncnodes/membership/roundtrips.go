package membership

import (
	"iter"
	"time"
)

// tripsUpTo are the upper bounds by which round trips are counted: from what takes
// no network to what is nearly the silence that makes a peer go down.
var tripsUpTo = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	1 * time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	1 * time.Second, 2500 * time.Millisecond,
}

// RoundTrips are those of all probes that were answered, pings among them, by how
// long they took. The zero value has none.
type RoundTrips struct {
	counts [len(tripsUpTo) + 1]uint64 // the last: above all bounds
	Sum    time.Duration              // of all
}

// Add counts a round trip. It is called for each probe and allocates nothing.
func (r *RoundTrips) Add(trip time.Duration) {
	r.Sum += trip
	for i, bound := range tripsUpTo {
		if trip <= bound {
			r.counts[i]++
			return
		}
	}
	r.counts[len(tripsUpTo)]++
}

// Count is how many there were.
func (r RoundTrips) Count() (count uint64) {
	for _, n := range r.counts {
		count += n
	}
	return count
}

// UpTo gives the bounds in order, and how many round trips took so long at most:
// each counts in all bounds from its own on.
func (r RoundTrips) UpTo() iter.Seq2[time.Duration, uint64] {
	return func(yield func(time.Duration, uint64) bool) {
		var count uint64
		for i, bound := range tripsUpTo {
			count += r.counts[i]
			if !yield(bound, count) {
				return
			}
		}
	}
}
