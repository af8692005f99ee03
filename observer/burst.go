package observer

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"interconnectd/observer/event"
)

// A burst is burstLeast changes in the same direction or more, each within
// burstGap of the one before, and all within burstMost.
const (
	burstLeast = 5
	burstGap   = 500 * time.Millisecond
	burstMost  = 10 * time.Second
)

// burst gathers changes in the same direction. Its zero value has none.
type burst struct {
	kind        event.Kind
	count       int
	first, last time.Time      // of the changes
	came        time.Time      // the last one, by the clock that waits
	reasons     map[string]int // of nodedowns
}

// fits reports whether e belongs to what was gathered.
func (b *burst) fits(e event.Event) bool {
	return b.count == 0 || e.Kind == b.kind && e.Time.Sub(b.last) <= burstGap && e.Time.Sub(b.first) <= burstMost
}

// add gathers e, which fits, and came now.
func (b *burst) add(e event.Event, now time.Time) {
	if b.count == 0 {
		*b = burst{kind: e.Kind, first: e.Time, reasons: map[string]int{}}
	}
	b.count++
	b.last, b.came = e.Time, now
	if e.Kind == event.NodeDown {
		b.reasons[e.Reason]++
	}
}

// over is when the burst is over, unless more come.
func (b *burst) over() (at time.Time, underWay bool) {
	return b.came.Add(burstGap), b.count > 0
}

// end forgets what was gathered. Where it was many it gives the line that sums
// them up, which has neither `Node up` nor `Node down`: people count those.
func (b *burst) end() (line string, fields []any, many bool) {
	was := *b
	*b = burst{}
	if was.count < burstLeast {
		return "", nil, false
	}
	took := event.Duration(was.last.Sub(was.first)).Rounded()
	if was.kind == event.NodeUp {
		return fmt.Sprintf("%d nodes came up within %s", was.count, took), nil, true
	}
	for _, reason := range slices.Sorted(maps.Keys(was.reasons)) {
		fields = append(fields, reason, was.reasons[reason])
	}
	return fmt.Sprintf("%d nodes went down within %s", was.count, took), fields, true
}
