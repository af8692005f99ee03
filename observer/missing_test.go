package observer

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/syncnodes"
)

// life is one run of a daemon on the journal at path, in which these events happen
// before it is settled; it gives what it logged.
func life(t *testing.T, path string, number byte, settled bool, events ...syncnodes.Event) string {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	taken := make(chan struct{})
	started := nodeid.Incarnation{5: number} // milliseconds after 1970
	empty := func() {
		close(taken)
		time.AfterFunc(100*time.Millisecond, cancel) // a while to tell who is missing
	}
	o := New(Options{
		Log: logger(&out), Events: &script{events: events, empty: empty},
		gather: time.Microsecond, Self: "a@127.0.0.1", Start: started, Settings: Settings{JournalPath: path, JournalKeep: 1000},
		Settled: func(ctx context.Context) (time.Duration, error) {
			if !settled {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			<-taken
			return time.Hour, nil
		},
	})
	o.Run(ctx)
	return out.String()
}

func ups(nodes ...nodeid.Name) []syncnodes.Event {
	var events []syncnodes.Event
	for _, node := range nodes {
		events = append(events, syncnodes.Event{Up: true, Node: node, Time: time.UnixMilli(1)})
	}
	return events
}

// Who went down while the daemon did not run is told once, by the next run that gets
// as far as to know it.
func TestMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	all := append(ups("b@h", "c@h", "d@h"), syncnodes.Event{Node: "d@h", Reason: "shutdown", Time: time.UnixMilli(2)})
	for i, tt := range []struct {
		settled bool
		events  []syncnodes.Event
		want    string
	}{
		{true, all, "+b +c +d -d"},
		{false, ups("b@h"), "+b"}, // it ends before it can tell
		{true, ups("b@h"), "+b -c"},
		{true, append(ups("b@h"), syncnodes.Event{Node: "b@h", Reason: "shutdown"}), "+b -b"},
		{true, nil, ""},
	} {
		if tt.events == nil {
			tt.events = ups() // nobody
		}
		log := life(t, path, byte(i+1), tt.settled, tt.events...)
		if got := toldIn(log); got != tt.want {
			t.Errorf("run %d tells %q, want %q:\n%s", i+1, got, tt.want, log)
		}
		if i == 2 && !strings.Contains(log, `--- Node down: c@h: type=visible reason=connection_closed detail="not back since this daemon was started" up_for=2ms`) {
			t.Errorf("the log is\n%s", log)
		}
	}
}

// toldIn are the nodes that a log tells of, with + and -.
func toldIn(log string) string {
	var words []string
	for line := range strings.Lines(log) {
		for sign, kind := range map[string]event.Kind{"+": event.NodeUp, "-": event.NodeDown} {
			_, rest, found := strings.Cut(line, event.Event{Kind: kind}.Message())
			if name, _, _ := strings.Cut(rest, "@"); found {
				words = append(words, sign+name)
			}
		}
	}
	return strings.Join(words, " ")
}
