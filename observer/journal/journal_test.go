package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/syncnodes/logtest"
)

// patience is how long a test waits for what must happen some time.
const patience = 30 * time.Second

// running is a journal that runs until stop, or the end of the test.
type running struct {
	*Journal
	t    *testing.T
	log  *logtest.Buffer
	stop func()
}

func run(t *testing.T, opts Options) *running {
	t.Helper()
	r := &running{t: t, log: &logtest.Buffer{}}
	opts.Log = hclog.New(&hclog.LoggerOptions{Output: r.log, DisableTime: true})
	if opts.Keep == 0 {
		opts.Keep = 100_000
	}
	_ = os.MkdirAll(filepath.Dir(opts.Path), 0o700) // it may be a test of that
	opts.Gather = time.Microsecond
	r.Journal = New(opts)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	r.stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(r.stop)
	return r
}

// within is a context that ends when the test has waited for too long.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

var start = time.Date(2026, 11, 22, 22, 3, 41, 27e6, time.UTC)

// add appends count events, a second apart, and waits until all can be read.
func (r *running) add(count int) {
	r.t.Helper()
	end, err := r.End(within(r.t))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := range count {
		n := end.Seq + uint64(i) + 1
		r.Append(event.Event{
			Time: start.Add(time.Duration(n) * time.Second), Self: "a@127.0.0.1", Kind: event.NodeUp,
			Node: nodeid.Name(fmt.Sprintf("n%d@127.0.0.1", n)), Type: "visible",
		})
	}
	if err := r.Wait(within(r.t), end.Seq+uint64(count)-1); err != nil {
		r.t.Fatal(err)
	}
}

// numbers are those of events, as in 1-3,5.
func numbers(events []event.Event) string {
	var ranges []string
	for i := 0; i < len(events); {
		last := i
		for last+1 < len(events) && events[last+1].Seq == events[last].Seq+1 {
			last++
		}
		text := fmt.Sprint(events[i].Seq)
		if last > i {
			text += fmt.Sprint("-", events[last].Seq)
		}
		ranges = append(ranges, text)
		i = last + 1
	}
	return strings.Join(ranges, ",")
}

// wantAll wants these numbers to be what can be read, forwards and backwards.
func (r *running) wantAll(want string) {
	r.t.Helper()
	page, err := r.Read(within(r.t), 0, 1_000_000)
	forwards := page.Events
	if err != nil {
		r.t.Fatal(err)
	}
	backwards, err := r.Tail(within(r.t), 0, time.Time{}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if f, b := numbers(forwards), numbers(backwards); f != want || b != want {
		r.t.Errorf("the events %s forwards, %s backwards, want %s", f, b, want)
	}
	for _, e := range forwards {
		if name := nodeid.Name(fmt.Sprintf("n%d@127.0.0.1", e.Seq)); e.Node != name && strings.HasPrefix(string(e.Node), "n") {
			r.t.Errorf("event %d is of %s, want %s", e.Seq, e.Node, name)
		}
	}
}

func (r *running) status() Status {
	r.t.Helper()
	return r.Status()
}

// wantLog waits for a line of the log.
func (r *running) wantLog(want string) {
	r.t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // between two looks
		if strings.Contains(r.log.String(), want) {
			return
		}
		if time.Now().After(until) {
			r.t.Fatalf("the log has no %q:\n%s", want, r.log)
		}
	}
}

func (r *running) wantSilence() {
	r.t.Helper()
	if text := r.log.String(); text != "" {
		r.t.Errorf("logged %s", text)
	}
}

// Numbers and positions go on after a restart, in the same journal.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "a.db")
	first := run(t, Options{Path: path})
	first.add(3)
	if seq, err := first.Position(within(t), "page"); err != nil || seq != 3 {
		t.Errorf("a new hook begins behind %d, %v, want 3", seq, err)
	}
	first.SetPosition("page", 2)
	before, _ := first.End(within(t))
	first.stop()
	if err := first.Wait(within(t), 3); !errors.Is(err, ErrClosed) {
		t.Errorf("waiting for more: %v, want ErrClosed", err)
	}
	// What was not read yet is for the next run, and not missing.
	if page, err := first.Read(within(t), 1, 10); !errors.Is(err, ErrClosed) || page.Next != 1 || page.Missed > 0 {
		t.Errorf("reading after the end: %+v, %v, want ErrClosed", page, err)
	}
	if _, err := first.Tail(within(t), 0, time.Time{}, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("looking back after the end: %v, want ErrClosed", err)
	}

	second := run(t, Options{Path: path})
	second.wantAll("1-3")
	second.add(2)
	second.wantAll("1-5")
	after, err := second.End(within(t))
	if err != nil || after.Journal != before.Journal || after.Seq != 5 {
		t.Errorf("the end is %v, %v, want %s.5", after, err, before.Journal)
	}
	if seq, err := second.Position(within(t), "page"); err != nil || seq != 2 {
		t.Errorf("the hook is at %d, %v, want 2", seq, err)
	}
	if err := second.KeepPositions(within(t), nil); err != nil {
		t.Fatal(err)
	}
	second.stop()
	third := run(t, Options{Path: path})
	if seq, err := third.Position(within(t), "page"); err != nil || seq != 5 {
		t.Errorf("a forgotten hook begins behind %d, %v, want 5", seq, err)
	}
	third.wantSilence()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v, want 0600", info.Mode(), err)
	}
}

// What was appended before the end is written, though nobody waited for it.
func TestEndWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	r := run(t, Options{Path: path})
	if _, err := r.End(within(t)); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		r.Append(event.Event{Kind: event.NodeUp})
	}
	r.SetPosition("page", 7)
	r.stop()
	again := run(t, Options{Path: path})
	again.wantAll("1-100")
	if seq, _ := again.Position(within(t), "page"); seq != 7 {
		t.Errorf("the position is %d, want 7", seq)
	}
}

func TestRead(t *testing.T) {
	r := run(t, Options{Path: filepath.Join(t.TempDir(), "a.db")})
	r.add(10)
	even := func(e event.Event) bool { return e.Seq%2 == 0 }
	for _, tt := range []struct {
		name string
		read func() ([]event.Event, error)
		want string
	}{
		{"behind", func() ([]event.Event, error) { p, err := r.Read(within(t), 7, 100); return p.Events, err }, "8-10"},
		{"most", func() ([]event.Event, error) { p, err := r.Read(within(t), 2, 3); return p.Events, err }, "3-5"},
		{"behind the last", func() ([]event.Event, error) { p, err := r.Read(within(t), 10, 3); return p.Events, err }, ""},
		{"the last", func() ([]event.Event, error) { return r.Tail(within(t), 3, time.Time{}, nil) }, "8-10"},
		{"the last of some", func() ([]event.Event, error) { return r.Tail(within(t), 3, time.Time{}, even) }, "6,8,10"},
		{"since", func() ([]event.Event, error) { return r.Tail(within(t), 0, start.Add(8*time.Second), nil) }, "8-10"},
		{"since and some", func() ([]event.Event, error) { return r.Tail(within(t), 1, start.Add(8*time.Second), even) }, "10"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events, err := tt.read()
			if err != nil || numbers(events) != tt.want {
				t.Errorf("got %s, %v, want %s", numbers(events), err, tt.want)
			}
		})
	}
}

// The oldest go, from the file and from the count.
func TestKeep(t *testing.T) {
	r := run(t, Options{Path: filepath.Join(t.TempDir(), "a.db"), Keep: 10})
	r.add(25)
	r.wantAll("16-25")
	r.SetKeep(4)
	r.add(1)
	r.wantAll("23-26")
	if s := r.status(); s.Events != 4 || s.First != 23 || s.Last != 26 || s.Memory != 0 || s.Error != "" || s.Bytes == 0 {
		t.Errorf("status %+v", s)
	}
}

// Without a file there is the memory, as much of it as is bounded.
func TestMemoryOnly(t *testing.T) {
	r := run(t, Options{})
	r.add(3)
	r.wantAll("1-3")
	r.add(MemoryMost)
	r.wantAll(fmt.Sprintf("4-%d", MemoryMost+3))
	if s := r.status(); s.Path != "" || s.Events != MemoryMost || s.Lost != 0 {
		t.Errorf("status %+v", s)
	}
	r.wantSilence()
}

func TestCursor(t *testing.T) {
	for text, want := range map[string]Cursor{"0badcafe.17": {"0badcafe", 17}, "": {}, "x": {}, ".1": {}, "x.": {}, "x.-1": {}, "x.1.2": {}} {
		got, err := ParseCursor(text)
		if got != want || (err == nil) != (want != Cursor{}) {
			t.Errorf("%q: %v, %v, want %v", text, got, err, want)
		}
		if err == nil && got.String() != text {
			t.Errorf("%q is written %q", text, got)
		}
	}
}

// Writers, readers and those who wait get along, and nobody sees a gap.
func TestConcurrent(t *testing.T) {
	r := run(t, Options{Path: filepath.Join(t.TempDir(), "a.db")})
	const writers, each = 4, 250
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				r.Append(event.Event{Kind: event.NodeDown})
			}
		})
	}
	for name := range 3 {
		all.Go(func() {
			var seq uint64
			for seq < writers*each {
				if err := r.Wait(within(t), seq); err != nil {
					t.Error(err)
					return
				}
				page, err := r.Read(within(t), seq, 64)
				if err != nil || page.Missed > 0 {
					t.Error(page.Missed, err)
					return
				}
				for _, e := range page.Events {
					if e.Seq != seq+1 {
						t.Errorf("%d comes after %d", e.Seq, seq)
						return
					}
					seq = e.Seq
				}
				r.SetPosition(fmt.Sprint("hook", name), seq)
				_ = r.Status()
			}
		})
	}
	all.Wait()
	r.wantAll("1-1000")
}

func BenchmarkAppend(b *testing.B) {
	j := New(Options{Path: filepath.Join(b.TempDir(), "a.db"), Keep: 100_000, Gather: time.Microsecond, Log: hclog.NewNullLogger()})
	ctx, cancel := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() { j.Run(ctx) })
	defer done.Wait()
	defer cancel()
	if _, err := j.End(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		j.Append(event.Event{Kind: event.NodeDown, Node: "b@127.0.0.1", Reason: "connection_closed", Detail: "crashed", Time: start})
		if err := j.Wait(ctx, n); err != nil {
			b.Fatal(err)
		}
	}
}
