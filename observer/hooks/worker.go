package hooks

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
)

const (
	readAtOnce = 64
	// noteEvery is after how many events that are not for a hook its position is
	// noted: fewer than the journal keeps, and more than each.
	noteEvery = 256
)

// worker delivers the events of one hook.
type worker struct {
	// immutable
	hook    configs.Hook
	journal Journal
	log     hclog.Logger
	environ []string
	retries Options
	after   <-chan struct{} // closed when a former worker of the name has ended; nil: none

	retired    context.Context // no attempt begins when it has ended
	stopTrying context.CancelFunc
	killed     context.Context // programs are ended when it has
	abort      context.CancelFunc
	gone       atomic.Bool   // the hook is not configured any more
	ended      chan struct{} // closed at the end of run

	did *record // of all workers of the name
}

// record is what a hook has done.
type record struct {
	mu     sync.Mutex
	status Status
}

func newWorker(h configs.Hook, opts Options, environ []string, did *record) *worker {
	w := &worker{hook: h, did: did, journal: opts.Journal, log: opts.Log, environ: environ, retries: opts, ended: make(chan struct{})}
	w.retired, w.stopTrying = context.WithCancel(context.Background())
	w.killed, w.abort = context.WithCancel(context.Background())
	return w
}

// retire lets no attempt begin any more. Where the hook is gone for good its
// position is not noted either.
func (w *worker) retire(gone bool) {
	w.gone.Store(gone)
	w.stopTrying()
}

func (r *record) copy() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

func (r *record) change(f func(*Status)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.status)
}

// run delivers events until the worker is retired, or the journal has no more.
func (w *worker) run() {
	defer close(w.ended)
	defer w.abort()
	if w.after != nil {
		<-w.after
	}
	if w.retired.Err() != nil {
		return
	}
	at, err := w.journal.Position(w.retired, w.hook.Name)
	if err != nil {
		return
	}
	w.did.change(func(s *Status) { s.Delivered, s.Event, s.Attempts, s.Error = at, 0, 0, "" })
	for {
		if w.journal.Wait(w.retired, at) != nil {
			w.note(at)
			return
		}
		page, err := w.journal.Read(w.retired, at, readAtOnce)
		if err != nil {
			w.log.Debug("hook cannot read the journal", "hook", w.hook.Name, "error", err)
			if !w.pause(w.retries.RetryFirst) {
				return
			}
			continue
		}
		if page.Missed > 0 {
			w.log.Warn("hook has missed events: they left the journal before it was done with those before them", "hook", w.hook.Name, "missed", page.Missed)
			w.did.change(func(s *Status) { s.Missed += page.Missed })
		}
		for _, e := range page.Events {
			if w.wants(e) && !w.deliver(e) {
				w.note(at)
				return
			}
			at = e.Seq
			if w.wants(e) || at%noteEvery == 0 {
				w.note(at)
			}
			w.did.change(func(s *Status) { s.Delivered = at })
		}
		at = page.Next
		w.did.change(func(s *Status) { s.Delivered = at })
	}
}

// note notes how far the hook is.
func (w *worker) note(at uint64) {
	if !w.gone.Load() {
		w.journal.SetPosition(w.hook.Name, at)
	}
}

func (w *worker) wants(e event.Event) bool {
	return slices.Contains(w.hook.On, string(e.Kind)) &&
		slices.ContainsFunc(w.hook.Nodes, func(p nodeid.Pattern) bool { return p.Match(e.Node) })
}

// deliver runs the program until it is well, and reports whether it was before the
// worker was retired.
func (w *worker) deliver(e event.Event) bool {
	pause := w.retries.RetryFirst
	for attempt := 1; w.retired.Err() == nil; attempt++ {
		began := time.Now()
		w.did.change(func(s *Status) { s.Event, s.Attempts, s.RunningSince = e.Seq, attempt, began })
		result := runProgram(w.killed, w.hook, w.environ, e)
		w.ran(result, began)
		if result.err == nil {
			w.tellDelivered(e, attempt)
			return true
		}
		w.tellFailed(e, attempt, result.err, pause)
		if !w.pause(pause) {
			break
		}
		pause = min(2*pause, w.retries.RetryMost)
	}
	return false
}

func (w *worker) ran(r result, began time.Time) {
	w.did.change(func(s *Status) {
		s.LastRunAt, s.RunningSince, s.Error = began, time.Time{}, ""
		s.Took += time.Since(began)
		switch {
		case r.err == nil:
			s.OK++
			s.Event, s.Attempts = 0, 0
			return
		case r.timedOut:
			s.TimedOut++
		default:
			s.Failed++
		}
		s.Error = r.err.Error()
	})
}

func (w *worker) tellDelivered(e event.Event, attempt int) {
	if attempt == 1 {
		w.log.Debug("hook is done", "hook", w.hook.Name, "seq", e.Seq)
		return
	}
	w.log.Info("hook is done at last", "hook", w.hook.Name, "event", e.Kind, "node", e.Node, "seq", e.Seq, "attempts", attempt)
}

// tellFailed tells of the attempts 1, 2, 4, 8 and so on, and of all others at
// debug: a hook that fails for a day is no reason to fill the log.
func (w *worker) tellFailed(e event.Event, attempt int, err error, pause time.Duration) {
	level := hclog.Debug
	if attempt&(attempt-1) == 0 {
		level = hclog.Warn
	}
	w.log.Log(level, "hook failed", "hook", w.hook.Name, "event", e.Kind, "node", e.Node, "seq", e.Seq,
		"attempt", attempt, "error", err, "again_in", pause.String())
}

// pause waits, and reports whether the worker is to go on.
func (w *worker) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-w.retired.Done():
		return false
	}
}
