package observer

import (
	"context"
	"maps"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
)

// notBack is the detail of a nodedown of a node that was up when a former run of the
// daemon ended, and did not come up in this one: it went down when nobody looked, or
// its connection ended with that run and was not made again. OTP has no word for it.
const notBack = "not back since this daemon was started"

// How far back former runs are looked at.
const (
	formerRuns   = 5
	formerEvents = 20_000
)

// tellMissing tells of nodes that were up in a former run and are not in this one,
// once it can be told: nobody else would ever say that they went down.
func (o *Observer) tellMissing(ctx context.Context) {
	if o.opts.Settled == nil {
		return
	}
	formerly, err := o.formerlyUp(ctx)
	if err != nil || len(formerly) == 0 {
		return
	}
	now, err := o.opts.Settled(ctx)
	if err != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(formerly)) {
		o.reportMissing(formerly[name], now)
	}
}

func (o *Observer) reportMissing(was event.Event, now time.Duration) {
	o.reporting.Lock()
	defer o.reporting.Unlock()
	if o.seen[was.Node] {
		return
	}
	e := was
	e.Seq, e.Time, e.Monotonic = 0, time.Now().UTC(), event.Duration(now)
	e.Self, e.Start = o.opts.Self, o.opts.Start.String()
	e.Kind, e.Before, e.After = event.NodeDown, was.After, event.StateDown
	e.Reason, e.Detail = "connection_closed", notBack
	e.UpFor = event.Duration(max(0, o.opts.Start.Started().Sub(was.Time)))
	o.reportLocked(e)
}

// formerlyUp are the nodes whose latest event, in the last few runs before this one,
// is a nodeup.
func (o *Observer) formerlyUp(ctx context.Context) (map[nodeid.Name]event.Event, error) {
	up, decided, runs := map[nodeid.Name]event.Event{}, map[nodeid.Name]bool{}, map[string]bool{}
	count := 0
	err := o.journal.Back(ctx, func(e event.Event) bool {
		count++
		if e.Start == o.opts.Start.String() {
			return true
		}
		runs[e.Start] = true
		if !decided[e.Node] && len(runs) <= formerRuns {
			decided[e.Node] = true
			if e.Kind == event.NodeUp {
				up[e.Node] = e
			}
		}
		return len(runs) <= formerRuns && count < formerEvents
	})
	return up, err
}
