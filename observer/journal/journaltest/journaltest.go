// Package journaltest runs a journal for tests of those who read it.
package journaltest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/observer/event"
	"interconnectd/observer/journal"
	"interconnectd/syncnodes/logtest"
)

// Running is a journal that runs until Stop, or the end of the test.
type Running struct {
	*journal.Journal
	Logger hclog.Logger // of the journal, and of who wants his lines beside it; at debug
	Stop   func()

	log logtest.Buffer
}

// Run runs a journal. Of the options Keep and Log have defaults.
func Run(t *testing.T, opts journal.Options) *Running {
	t.Helper()
	r := &Running{}
	r.Logger = hclog.New(&hclog.LoggerOptions{Output: &r.log, DisableTime: true, Level: hclog.Debug})
	opts.Log = r.Logger
	if opts.Keep == 0 {
		opts.Keep = 100_000
	}
	opts.Gather = time.Microsecond
	r.Journal = journal.New(opts)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Journal.Run(ctx) })
	r.Stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(r.Stop)
	return r
}

// Logged is what was logged until now.
func (r *Running) Logged() string { return r.log.String() }

// Add appends events, and returns when they can be read.
func (r *Running) Add(ctx context.Context, events ...event.Event) error {
	end, err := r.End(ctx)
	if err != nil {
		return err
	}
	for _, e := range events {
		r.Append(e)
	}
	return r.Wait(ctx, end.Seq+uint64(len(events))-1)
}
