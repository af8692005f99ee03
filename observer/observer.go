// Package observer tells what happens to the nodes of a cluster: one line in
// the log for each node that comes up or goes down. The words are stable, for
// people who tail a log and grep it:
//
//	--- Node up: b@127.0.0.1: type=visible
//	--- Node down: b@127.0.0.1: type=visible reason=connection_closed detail=crashed up_for=1m2s
//
// A node that changes four times within a minute gets one line more, at warn,
// and another each minute for as long as it goes on; nothing is left out for it:
//
//	b@127.0.0.1 is flapping: 4 changes within 1m
package observer

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/syncnodes"
)

// Events is where an observer gets its events from: a *syncnodes.Monitor.
type Events interface {
	// Next waits for an event. After Close it gives those that are left, and
	// then an error, without waiting.
	Next(ctx context.Context) (syncnodes.Event, error)
	Close()
}

// Observer reports the events of one node. It is the only place that does.
type Observer struct {
	log      hclog.Logger
	events   Events
	flapping flapping
}

// New is an observer that logs to log, which is not named any further.
func New(log hclog.Logger, events Events) *Observer {
	return &Observer{log: log, events: events}
}

// Run reports events, in their order, until there are no more: the node or the
// monitor has ended. When ctx ends it closes the monitor and reports what
// happened until then. It is called once.
func (o *Observer) Run(ctx context.Context) {
	o.reportAll(ctx)
	o.events.Close()
	o.reportAll(context.WithoutCancel(ctx)) // what is left
}

func (o *Observer) reportAll(ctx context.Context) {
	for {
		e, err := o.events.Next(ctx)
		if err != nil {
			return
		}
		o.report(e)
		if o.flapping.note(e.Node, e.Time) {
			o.log.Warn(flappingLine(e.Node))
		}
	}
}

// report writes the line of an event. The name stands in the message, as in
// the walk-through's Cluster.Observer; all else is a field.
func (o *Observer) report(e syncnodes.Event) {
	kind := "visible"
	if e.Hidden {
		kind = "hidden"
	}
	if e.Up {
		o.log.Info("--- Node up: "+string(e.Node), "type", kind)
		return
	}
	fields := []any{"type", kind, "reason", e.Reason}
	if e.Detail != "" {
		fields = append(fields, "detail", e.Detail)
	}
	fields = append(fields, "up_for", rounded(e.UpFor).String())
	o.log.Info("--- Node down: "+string(e.Node), fields...)
}

// rounded keeps of a duration what people care for: seconds of minutes, tenths
// of seconds, milliseconds below.
func rounded(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	default:
		return d.Round(time.Millisecond)
	}
}
