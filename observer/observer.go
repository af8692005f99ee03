package observer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/observer/hooks"
	"interconnectd/observer/journal"
	"interconnectd/observer/metrics"
	"interconnectd/syncnodes"
)

// reconfigureWithin is what other settings may take.
const reconfigureWithin = 10 * time.Second

// hooksGrace is what programs that run have to end when the node has.
const hooksGrace = time.Second

// Events is where an observer gets its events from: a *syncnodes.Monitor.
type Events interface {
	// Next waits for an event. After Close it gives those that are left, and
	// then an error, without waiting.
	Next(ctx context.Context) (syncnodes.Event, error)
	Close()
}

// Options are those of an Observer.
type Options struct {
	Log    hclog.Logger // which is not named any further
	Events Events

	Self  nodeid.Name // who observes
	Start nodeid.Incarnation

	Settings Settings
	// Publish sends an event to the bus, as JSON; nil: none is. It is tried again
	// after an error.
	Publish func(ctx context.Context, event []byte) error
	// Settled waits until nodes that are there have had their time to connect after the
	// start, and gives that of Event.Monotonic; nil: nobody is missed who was up before.
	Settled func(ctx context.Context) (time.Duration, error)
	// Count is told each event; nil: nobody is. It must not wait.
	Count func(event.Event)

	gather time.Duration // of the journal, for tests
}

// Settings are what a running observer takes: see Reconfigure.
type Settings struct {
	JournalPath string // "": events are in memory only
	JournalKeep int    // how many events stay, > 0
	Hooks       []configs.Hook
}

// Observer reports the events of one node. It is the only place that does.
type Observer struct {
	// immutable
	opts    Options
	log     hclog.Logger
	journal *journal.Journal
	hooks   *hooks.Runner

	// mu is held by who sets the hooks; wanted are those of the latest settings
	mu     sync.Mutex
	wanted []configs.Hook

	// reporting is held by who reports an event, and guards the rest
	reporting sync.Mutex
	flapping  flapping
	burst     burst
	seen      map[nodeid.Name]bool // nodes that had an event in this run
}

// New is an observer, which does nothing before Run.
func New(opts Options) *Observer {
	names := make([]string, len(opts.Settings.Hooks))
	for i, h := range opts.Settings.Hooks {
		names[i] = h.Name
	}
	j := journal.New(journal.Options{
		Path: opts.Settings.JournalPath, Keep: opts.Settings.JournalKeep, Hooks: names, Log: opts.Log, Gather: opts.gather,
	})
	return &Observer{
		opts: opts, log: opts.Log, journal: j, wanted: opts.Settings.Hooks, seen: map[nodeid.Name]bool{},
		hooks: hooks.New(hooks.Options{Journal: j, Log: opts.Log}),
	}
}

// Journal is where the events can be read.
func (o *Observer) Journal() *journal.Journal { return o.journal }

// Observed is how the journal and the hooks are, for status and metrics. It does
// not wait.
func (o *Observer) Observed() metrics.Observed {
	return metrics.Observed{Journal: o.journal.Status(), Hooks: o.hooks.Status()}
}

// Reconfigure takes other settings. The journal moves first, which is all that can
// fail: nothing has changed then. A disk that hangs is not waited for.
func (o *Observer) Reconfigure(ctx context.Context, s Settings) error {
	ctx, cancel := context.WithTimeoutCause(ctx, reconfigureWithin, errors.New("the journal's disk does not answer"))
	defer cancel()
	if err := o.journal.Move(ctx, s.JournalPath); err != nil {
		return err
	}
	o.journal.SetKeep(s.JournalKeep)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wanted = s.Hooks
	return o.hooks.Set(ctx, o.wanted)
}

// beginHooks sets the hooks for the first time, when the journal is open; ctx ends
// the wait for that.
func (o *Observer) beginHooks(ctx context.Context) {
	if _, err := o.journal.End(ctx); err != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.hooks.Set(ctx, o.wanted) // the error is that of a journal which is not open
}

// Run reports events, in their order, until there are no more: the node or the
// monitor has ended. When ctx ends it closes the monitor and reports what
// happened until then. It returns when the journal has all of it, and programs that
// ran have ended, a second later at most. It is called once.
func (o *Observer) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	serving, stop := context.WithCancel(context.Background())
	tasks.Go(func() { o.beginHooks(serving) })
	tasks.Go(func() { o.tellMissing(serving) })
	if o.opts.Publish != nil {
		tasks.Go(func() { o.publish(serving) })
	}
	keeping, endJournal := context.WithCancel(context.Background())
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		o.journal.Run(keeping)
	}()

	o.reportAll(ctx)
	o.opts.Events.Close()
	o.reportAll(context.WithoutCancel(ctx)) // what is left
	o.tellBurst()

	grace, cancel := context.WithTimeout(context.Background(), hooksGrace)
	defer cancel()
	stop()
	tasks.Wait()
	o.hooks.Close(grace)
	endJournal()
	<-kept
}

func (o *Observer) reportAll(ctx context.Context) {
	for {
		e, err := o.next(ctx)
		switch {
		case errors.Is(err, errQuiet):
			o.tellBurst()
		case err != nil:
			return
		default:
			o.report(o.record(e))
		}
	}
}

// errQuiet tells that nothing came until the burst was over.
var errQuiet = errors.New("no event for a while")

// next waits for an event, and no longer than a burst of them lasts.
func (o *Observer) next(ctx context.Context) (syncnodes.Event, error) {
	o.reporting.Lock()
	over, underWay := o.burst.over()
	o.reporting.Unlock()
	if !underWay {
		return o.opts.Events.Next(ctx)
	}
	short, cancel := context.WithDeadline(ctx, over)
	defer cancel()
	e, err := o.opts.Events.Next(short)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		err = errQuiet
	}
	return e, err
}

// record is what is kept of an event.
func (o *Observer) record(e syncnodes.Event) event.Event {
	r := event.Event{
		Time: e.Time.UTC(), Monotonic: event.Duration(e.Monotonic),
		Self: o.opts.Self, Start: o.opts.Start.String(),
		Kind: event.NodeDown, Node: e.Node, Incarnation: e.Incarnation.String(), Type: event.TypeOf(e.Hidden, e.Erlang),
		Before: e.Before.String(), After: e.After.String(),
		Reason: e.Reason, Detail: e.Detail, UpFor: event.Duration(e.UpFor),
	}
	if e.Up {
		r.Kind = event.NodeUp
	}
	return r
}

// report writes the lines of an event, and hands it to all who act on it.
func (o *Observer) report(e event.Event) {
	o.reporting.Lock()
	defer o.reporting.Unlock()
	o.reportLocked(e)
}

func (o *Observer) reportLocked(e event.Event) {
	o.seen[e.Node] = true
	if !o.burst.fits(e) {
		o.tellBurstLocked()
	}
	o.log.Info(e.Message(), e.Fields()...)
	o.journal.Append(e)
	if o.opts.Count != nil {
		o.opts.Count(e)
	}
	if o.flapping.note(e.Node, e.Time) {
		o.log.Warn(flappingLine(e.Node))
	}
	o.burst.add(e, time.Now())
}

// tellBurst ends the burst, with a line where it was one.
func (o *Observer) tellBurst() {
	o.reporting.Lock()
	defer o.reporting.Unlock()
	o.tellBurstLocked()
}

func (o *Observer) tellBurstLocked() {
	if line, fields, many := o.burst.end(); many {
		o.log.Info(line, fields...)
	}
}
