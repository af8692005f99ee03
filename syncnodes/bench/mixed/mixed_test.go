package mixed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bench/report"
)

// TestMain is the node of ours where it is started as that.
func TestMain(m *testing.M) {
	if run, ok := Role(os.Args[1:]); ok {
		if err := run(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	m.Run()
}

// TestMeasure: each pair has all of its values, none of which is 0.
func TestMeasure(t *testing.T) {
	required.Programs(t, "erl", "epmd")
	plan := Plan{Runs: 2, Warm: 5, Count: 50, Connects: 3, Kills: 2}
	pairs, missed, err := Measure(t.Context(), plan, t.Logf)
	if err != nil || len(missed) > 0 || len(pairs) != len(report.Pairs) {
		t.Fatalf("got %d pairs, missed %q, %v; want all, and nothing missed", len(pairs), missed, err)
	}
	for i, p := range pairs {
		if p.Name != report.Pairs[i] || p.Count != plan.Count {
			t.Errorf("pair %d: got %+v, want %d of %s", i, p, plan.Count, report.Pairs[i])
		}
		for name, got := range map[string]struct {
			sample report.Sample
			want   int
		}{
			"ping p50": {p.Ping.P50, plan.Runs}, "ping p99": {p.Ping.P99, plan.Runs},
			"call p50": {p.Call.P50, plan.Runs}, "call p99": {p.Call.P99, plan.Runs},
			"connect": {p.Connect, plan.Runs * plan.Connects}, "told": {p.Told, plan.Runs * plan.Kills},
		} {
			if least, _ := got.sample.Spread(); len(got.sample) != got.want || least <= 0 {
				t.Errorf("%s, %s: got %v, want %d values above 0", p.Name, name, got.sample, got.want)
			}
		}
	}
}

// TestMissed: without Erlang nothing is measured, and that is told.
func TestMissed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	pairs, missed, err := Measure(t.Context(), Plan{Runs: 1}, t.Logf)
	if err != nil || len(pairs) > 0 || len(missed) != 1 {
		t.Errorf("got %d pairs, missed %q, %v", len(pairs), missed, err)
	}
}

// TestCancelled: a cancelled context ends a measurement.
func TestCancelled(t *testing.T) {
	required.Programs(t, "erl", "epmd")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, _, err := Measure(ctx, Plan{Runs: 1000, Count: 1000}, func(string, ...any) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cancelled", err)
	}
}
