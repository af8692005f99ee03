package statuspage

import (
	"testing"
	"time"

	"interconnectd/observer/hooks"
	"interconnectd/observer/journal"
	"interconnectd/observer/metrics"
)

// someActs are a journal and hooks of which one fails and one runs.
func someActs() metrics.Observed {
	return metrics.Observed{
		Journal: journal.Status{Path: "/a.db", Events: 4711, Bytes: 3 << 20},
		Hooks: []hooks.Status{
			{Name: "page-someone", Delivered: 4711, OK: 63},
			{Name: "mail", Delivered: 4709, Waiting: 2, OK: 61, Failed: 8, TimedOut: 1, Event: 4710, Attempts: 9, Error: "exit status 1: no mail server"},
			{Name: "inventory", Delivered: 4710, Waiting: 1, OK: 124, Event: 4711, Attempts: 1, RunningSince: time.Unix(1, 0)},
		},
	}
}

func TestActs(t *testing.T) {
	failing := hooks.Status{Error: "exit status 1", Event: 2, Attempts: 3}
	for _, tt := range []struct {
		name string
		of   metrics.Observed
		want string // the journal, the worries, and the last hook
	}{
		{"nothing", metrics.Observed{}, "0 events, in memory||"},
		{"well", metrics.Observed{Journal: journal.Status{Path: "x", Events: 3, Bytes: 32768}, Hooks: []hooks.Status{{OK: 1}}}, "3 events, 32 KiB||–"},
		{"one fails", metrics.Observed{Hooks: []hooks.Status{failing}}, "0 events, in memory|a hook fails|event 2, attempt 3: exit status 1"},
		{"two fail", metrics.Observed{Hooks: []hooks.Status{failing, failing}}, "0 events, in memory|2 hooks fail|event 2, attempt 3: exit status 1"},
		{"one has missed", metrics.Observed{Hooks: []hooks.Status{{Missed: 7}}}, "0 events, in memory||has missed 7 events"},
		{
			"not written",
			metrics.Observed{Journal: journal.Status{Path: "x", Events: 3, Memory: 1, Error: "full"}, Hooks: []hooks.Status{failing}},
			"3 events, 1 of them in memory: the file is not written, full|the journal is not written|event 2, attempt 3: exit status 1",
		},
	} {
		a := newActs(tt.of)
		last := ""
		if n := len(a.Hooks); n > 0 {
			last = a.Hooks[n-1].Says
		}
		if got := a.Journal + "|" + a.Worries + "|" + last; got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
