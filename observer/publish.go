package observer

import (
	"context"
	"time"

	"interconnectd/observer/event"
)

const (
	publishAgain = time.Second // after an event that could not be sent, or read
	publishMost  = 64          // events that are read at once
)

// publish sends the events of this run to the bus, each once it is in the journal,
// until ctx ends. While the bus is lost it waits.
func (o *Observer) publish(ctx context.Context) {
	place, err := o.journal.Begin(ctx)
	if err != nil {
		return
	}
	for at := place.Seq; o.journal.Wait(ctx, at) == nil; {
		page, err := o.journal.Read(ctx, at, publishMost)
		if err != nil {
			o.log.Debug("publishing events", "error", err)
			pause(ctx, publishAgain)
			continue
		}
		for _, e := range page.Events {
			o.send(ctx, e)
		}
		at = page.Next
	}
}

// send sends an event, again until that succeeds or ctx ends.
func (o *Observer) send(ctx context.Context, e event.Event) {
	text, err := e.JSON()
	if err != nil {
		return // it has been read from JSON
	}
	for err = o.opts.Publish(ctx, text); err != nil && ctx.Err() == nil; err = o.opts.Publish(ctx, text) {
		o.log.Debug("an event is not published yet", "seq", e.Seq, "error", err)
		pause(ctx, publishAgain)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
