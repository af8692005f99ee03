package observer

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

func TestFlapping(t *testing.T) {
	for _, tt := range []struct {
		name  string
		at    []int // seconds of the changes
		tells []int // which of them are told, by number
	}{
		{"a restart", []int{0, 30, 31}, nil},
		{"two restarts", []int{0, 30, 31, 55, 56}, []int{3}},
		{"just within", []int{0, 1, 2, 60}, []int{3}},
		{"just not within", []int{0, 1, 2, 61}, nil},
		{"far apart", []int{0, 40, 80, 120, 160, 200}, nil},
		{"once a minute while it goes on", []int{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, []int{3, 9}},
		{"again after a quiet hour", []int{0, 1, 2, 3, 3600, 3601, 3602, 3603}, []int{3, 7}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f flapping
			var told []int
			start := time.Date(2026, 11, 24, 22, 3, 41, 0, time.UTC)
			for i, s := range tt.at {
				if f.note("b@127.0.0.1", start.Add(time.Duration(s)*time.Second)) {
					told = append(told, i)
				}
			}
			if fmt.Sprint(told) != fmt.Sprint(tt.tells) {
				t.Errorf("told of the changes %v, want %v", told, tt.tells)
			}
		})
	}
}

// What is kept does not grow with the nodes that once were.
func TestFlappingForgets(t *testing.T) {
	var f flapping
	at := time.Date(2026, 11, 24, 22, 3, 41, 0, time.UTC)
	for i := range 10_000 {
		f.note(nodeid.Name(fmt.Sprintf("n%d@127.0.0.1", i)), at)
		at = at.Add(time.Second)
	}
	if len(f.changes) > 200 {
		t.Errorf("%d nodes are remembered, want those of two minutes", len(f.changes))
	}
}

// Each change keeps its line; the one of flapping comes beside them, at warn,
// and is none of those that are grepped for.
func TestFlappingLine(t *testing.T) {
	var events []syncnodes.Event
	at := time.Date(2026, 11, 24, 22, 3, 41, 0, time.UTC)
	for i := range 6 {
		events = append(events, syncnodes.Event{Up: i%2 == 0, Node: "b@127.0.0.1", Reason: "connection_closed", Time: at.Add(time.Duration(i) * time.Second)})
	}
	var out bytes.Buffer
	observe(t.Context(), &out, &script{events: events, closed: true})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 7 || !strings.HasSuffix(lines[4], "[WARN]  interconnectd.observer: b@127.0.0.1 is flapping: 4 changes within 1m") {
		t.Fatalf("got\n%s\nwant six changes, and a line of flapping after the fourth", out.String())
	}
	ups, downs := strings.Count(out.String(), "Node up"), strings.Count(out.String(), "Node down")
	if ups != 3 || downs != 3 {
		t.Errorf("%d lines of ups, %d of downs, want 3 of each", ups, downs)
	}
}
