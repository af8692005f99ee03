package calls

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bench/report"
)

// TestMain is an end of a measurement where it is started as one.
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

// TestMeasure: every system has a value for each run, and none is below TCP alone,
// which all of them go over.
func TestMeasure(t *testing.T) {
	required.Programs(t, "erl", "epmd", "nats-server")
	plan := Plan{Runs: 2, Warm: 5, Count: 50}
	result, err := Measure(t.Context(), plan, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{report.CallEmbedded, report.BareEmbedded, report.CallExternal, report.BareExternal, report.CallOTP}
	if len(result.Calls) != len(want) || len(result.Missed) > 0 {
		t.Fatalf("got %d systems, missed %q; want %d and none", len(result.Calls), result.Missed, len(want))
	}
	for i, c := range result.Calls {
		if c.Name != want[i] || c.Count != plan.Count || len(c.P50) != plan.Runs || len(c.P99) != plan.Runs {
			t.Errorf("got %+v, want %d runs of %d calls of %s", c, plan.Runs, plan.Count, want[i])
		}
		for run := range c.P50 {
			if c.P50[run] <= 0 || c.P99[run] < c.P50[run] {
				t.Errorf("%s, run %d: p50 %v, p99 %v", c.Name, run, c.P50[run], c.P99[run])
			}
		}
	}
	if len(result.RoundTrip) != plan.Runs || result.RoundTrip.Median() <= 0 {
		t.Errorf("round trips over TCP: %v, want %d", result.RoundTrip, plan.Runs)
	}
}

// TestMissed: what is not installed is told, and the rest is measured.
func TestMissed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	result, err := Measure(t.Context(), Plan{Runs: 1, Warm: 1, Count: 3}, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Calls) != 2 || len(result.Missed) != 3 {
		t.Errorf("without a program in the PATH: %d systems, missed %q; want the 2 that need none", len(result.Calls), result.Missed)
	}
}

// TestCancelled: a cancelled context ends a measurement at once, in the middle of it.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began := time.Now()
	_, err := Measure(ctx, Plan{Runs: 1000, Warm: 1, Count: 10}, func(string, ...any) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cancelled", err)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("it took %v", took)
	}
}

func TestExec(t *testing.T) {
	required.Programs(t, "true")
	sample, err := Exec(t.Context(), 3)
	if err != nil || len(sample) != 3 {
		t.Fatalf("got %v, %v", sample, err)
	}
	if least, _ := sample.Spread(); least <= 0 {
		t.Errorf("got %v", sample)
	}
}
