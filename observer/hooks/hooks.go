package hooks

import (
	"context"
	"maps"
	"os"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/observer/journal"
)

// Defaults of Options.
const (
	retryFirst = 200 * time.Millisecond
	retryMost  = time.Minute
)

// Journal is what hooks read, and where they note how far they are: a
// *journal.Journal.
type Journal interface {
	End(ctx context.Context) (journal.Cursor, error)
	Read(ctx context.Context, after uint64, most int) (journal.Page, error)
	Wait(ctx context.Context, after uint64) error
	Position(ctx context.Context, hook string) (uint64, error)
	SetPosition(hook string, seq uint64)
	KeepPositions(ctx context.Context, hooks []string) error
}

// Options are those of a Runner.
type Options struct {
	Journal Journal
	Log     hclog.Logger

	// The pause after a first failure, which doubles up to the second; 0: 200 ms
	// and a minute.
	RetryFirst, RetryMost time.Duration
}

// Runner runs hooks. Its methods may be called concurrently.
type Runner struct {
	opts    Options
	environ []string // of each program, but for the event

	mu      sync.Mutex
	workers []*worker            // of the hooks that are configured, in their order
	latest  map[string]*worker   // by name, also of hooks that are gone
	live    map[*worker]struct{} // those that have not ended
	closed  bool
	all     sync.WaitGroup
}

// New is a runner without hooks.
func New(opts Options) *Runner {
	if opts.RetryFirst == 0 {
		opts.RetryFirst, opts.RetryMost = retryFirst, retryMost
	}
	return &Runner{opts: opts, environ: environment(os.Environ()), latest: map[string]*worker{}, live: map[*worker]struct{}{}}
}

// Set makes these the hooks that there are. One that is new begins behind the
// latest event. One that is the same goes on undisturbed; one that differs, or is
// gone, makes no new attempt from now on, and a program of it that runs may end in
// its time. The error is the context's, and nothing has changed then.
func (r *Runner) Set(ctx context.Context, hooks []configs.Hook) error {
	names := make([]string, len(hooks))
	for i, h := range hooks {
		names[i] = h.Name
	}
	if _, err := r.opts.Journal.End(ctx); err != nil { // until it is open
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	var next []*worker
	for _, h := range hooks {
		at := slices.IndexFunc(r.workers, func(w *worker) bool { return reflect.DeepEqual(w.hook, h) })
		if at >= 0 {
			next = append(next, r.workers[at])
			continue
		}
		w, err := r.startLocked(ctx, h)
		if err != nil {
			return err
		}
		next = append(next, w)
	}
	for w := range r.live {
		if !slices.Contains(next, w) {
			w.retire(!slices.Contains(names, w.hook.Name))
		}
	}
	r.workers = next
	return r.opts.Journal.KeepPositions(ctx, names)
}

// startLocked starts a worker, whose work begins when a former one of its name has
// ended.
func (r *Runner) startLocked(ctx context.Context, h configs.Hook) (*worker, error) {
	// Now, and not when it begins: events may come until then.
	if _, err := r.opts.Journal.Position(ctx, h.Name); err != nil {
		return nil, err
	}
	did := &record{status: Status{Name: h.Name}}
	former := r.latest[h.Name]
	if former != nil {
		did = former.did // its counters go on
	}
	w := newWorker(h, r.opts, r.environ, did)
	if former != nil {
		w.after = former.ended
	}
	r.latest[h.Name] = w
	r.live[w] = struct{}{}
	r.all.Go(func() {
		w.run()
		r.mu.Lock()
		delete(r.live, w)
		r.mu.Unlock()
	})
	return w, nil
}

// Status tells what each hook has done, in the order of the settings.
func (r *Runner) Status() []Status {
	r.mu.Lock()
	workers := slices.Clone(r.workers)
	r.mu.Unlock()
	list := make([]Status, 0, len(workers))
	for _, w := range workers {
		list = append(list, w.did.copy())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // not to wait for a journal that is not open
	if end, err := r.opts.Journal.End(ctx); err == nil {
		for i := range list {
			list[i].Waiting = end.Seq - min(end.Seq, list[i].Delivered)
		}
	}
	return list
}

// Close ends all hooks: no attempt begins any more, and programs that run have
// until ctx ends, which ends them. It returns when all have ended.
func (r *Runner) Close(ctx context.Context) {
	r.mu.Lock()
	r.closed = true
	for _, w := range r.workers {
		w.retire(false)
	}
	live := slices.Collect(maps.Keys(r.live))
	r.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.all.Wait()
	}()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	for _, w := range live {
		w.abort()
	}
	<-done
}
