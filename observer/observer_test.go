package observer

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/syncnodes"
)

var update = flag.Bool("update", false, "write the golden files anew")

// script gives its events one by one, then waits for the context or the close.
type script struct {
	events []syncnodes.Event
	empty  func() // called when all are taken
	closed bool
}

func (s *script) Next(ctx context.Context) (syncnodes.Event, error) {
	if len(s.events) > 0 {
		e := s.events[0]
		s.events = s.events[1:]
		return e, nil
	}
	if s.empty != nil {
		s.empty()
		s.empty = nil
	}
	if s.closed {
		return syncnodes.Event{}, syncnodes.ErrClosed
	}
	<-ctx.Done()
	return syncnodes.Event{}, ctx.Err()
}

func (s *script) Close() { s.closed = true }

// logger logs as the daemon does, at a time that stands still.
func logger(out *bytes.Buffer) hclog.Logger {
	at := time.Date(2026, 11, 22, 22, 3, 41, 27e6, time.UTC)
	return hclog.New(&hclog.LoggerOptions{
		Name: "interconnectd", Level: hclog.Info, Output: out,
		TimeFn: func() time.Time { return at },
	}).Named("observer")
}

// observe runs an observer, with a journal in memory, to its end.
func observe(ctx context.Context, out *bytes.Buffer, events Events) *Observer {
	o := New(Options{Log: logger(out), Events: events, Self: "a@127.0.0.1", Settings: Settings{JournalKeep: 1000}})
	o.Run(ctx)
	return o
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	observe(ctx, &out, &script{empty: cancel, events: []syncnodes.Event{
		{Up: true, Node: "b@127.0.0.1"},
		{Up: true, Node: "c@127.0.0.1", Hidden: true},
		{Node: "b@127.0.0.1", Reason: "connection_closed", Detail: "crashed", UpFor: 62*time.Second + 345*time.Millisecond},
		{Node: "c@127.0.0.1", Hidden: true, Reason: "net_tick_timeout", Detail: "unresponsive for 3.1s", UpFor: 26 * time.Hour},
		{Up: true, Node: "b@127.0.0.1"},
		{Node: "b@127.0.0.1", Reason: "disconnect", UpFor: 1340 * time.Microsecond},
		{Up: true, Node: "x@127.0.0.1", Erlang: true},
		{Node: "x@127.0.0.1", Erlang: true, Reason: "connection_closed", UpFor: time.Second},
		{Up: true, Node: "y@127.0.0.1", Erlang: true, Hidden: true},
	}})

	wantGolden(t, "lines.golden", out.String())
}

// wantGolden holds a log against a file of testdata.
func wantGolden(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the lines differ from %s (-want +got):\n%s", golden, diff)
	}
}

// What happened before the end is told, though nobody waits for it any more.
func TestRunDrains(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &script{}
	s.empty = func() { s.events = []syncnodes.Event{{Up: true, Node: "b@127.0.0.1"}} }
	observe(ctx, &out, s)
	if want := "--- Node up: b@127.0.0.1: type=visible\n"; !bytes.HasSuffix(out.Bytes(), []byte(want)) {
		t.Errorf("got %q, want it to end with %q", out.String(), want)
	}
}

// Settings that come before the journal is open are those that count.
func TestReconfigureAtOnce(t *testing.T) {
	for range 50 {
		o := New(Options{
			Log: hclog.NewNullLogger(), Events: &script{}, Self: "a@127.0.0.1",
			Settings: Settings{JournalKeep: 100, Hooks: []configs.Hook{{Name: "first"}}},
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			o.Run(ctx)
		}()
		if err := o.Reconfigure(t.Context(), Settings{JournalKeep: 100, Hooks: []configs.Hook{{Name: "second"}}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // for the start to do its worst
		if s := o.Observed().Hooks; len(s) != 1 || s[0].Name != "second" {
			t.Fatalf("the hooks are %+v, want the second", s)
		}
		cancel()
		<-ended
	}
}
