package gotest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bench/report"
)

// soon is enough to see that a benchmark runs.
var soon = Plan{Count: 2, Time: time.Millisecond}

const printedConfig = `goos: linux
goarch: amd64
pkg: interconnectd/erlterm
cpu: some
BenchmarkConfig/erlterm-2         	      10	 100000000 ns/op	  80.00 MB/s	    600000 terms/op	  48000000 B/op	   60000 allocs/op
BenchmarkConfig/erlterm-2         	      10	 110000000 ns/op	  72.73 MB/s	    600000 terms/op	  48000000 B/op	   60002 allocs/op
BenchmarkConfig/json-2            	       5	 200000000 ns/op	  45.00 MB/s	  90000000 B/op	  900000 allocs/op
BenchmarkConfig/json-2            	       5	 220000000 ns/op	  40.91 MB/s	  90000000 B/op	  900000 allocs/op
BenchmarkConfig/consult-2         	       1	5700000000 ns/op	   1.30 MB/s
BenchmarkConfig/consult-2         	       1	5800000000 ns/op	   1.29 MB/s
PASS
`

func TestReadsOf(t *testing.T) {
	all, err := parse(printedConfig)
	if err != nil {
		t.Fatal(err)
	}
	got, missed := readsOf(all)
	want := []report.Read{
		{Name: report.ReadOurs, Bytes: 8e6, Time: report.Sample{0.1, 0.11}, Allocs: 60002},
		{Name: report.ReadJSON, Bytes: 9e6, Time: report.Sample{0.2, 0.22}, Allocs: 900000},
		{Name: report.ReadConsult, Bytes: 8e6, Time: report.Sample{5.7, 5.8}},
	}
	near := cmp.Comparer(func(a, b float64) bool { return a == b || (a-b)/(a+b) < 1e-9 && (b-a)/(a+b) < 1e-9 })
	if diff := cmp.Diff(want, got, near); diff != "" || len(missed) > 0 {
		t.Errorf("missed %q, -want +got:\n%s", missed, diff)
	}
}

func TestReadsOfSome(t *testing.T) {
	var some []string
	for line := range strings.Lines(printedConfig) {
		if !strings.Contains(line, "consult") {
			some = append(some, line)
		}
	}
	all, err := parse(strings.Join(some, "") + "--- SKIP: BenchmarkConfig/consult\n")
	if err != nil {
		t.Fatal(err)
	}
	got, missed := readsOf(all)
	if len(got) != 2 || len(missed) != 1 || !strings.Contains(missed[0], report.ReadConsult) {
		t.Errorf("got %+v, missed %q; want %s missed", got, missed, report.ReadConsult)
	}
}

func TestParseBroken(t *testing.T) {
	if all, err := parse("BenchmarkHandshake-2 \t many\t100 ns/op\n"); err == nil {
		t.Errorf("got %v of a line that makes no sense", all)
	}
}

func TestHandshakeAndStretch(t *testing.T) {
	required.Programs(t, "go")
	for name, measure := range map[string]func(context.Context, Plan, func(string, ...any)) (report.Sample, error){
		"Handshake": Handshake, "Stretch": Stretch,
	} {
		times, err := measure(t.Context(), soon, t.Logf)
		if err != nil || len(times) != soon.Count {
			t.Errorf("%s: got %v, %v; want %d times", name, times, err, soon.Count)
			continue
		}
		if least, most := times.Spread(); least <= 0 || most > 10 {
			t.Errorf("%s takes %v seconds", name, times)
		}
	}
}

// TestReaders runs the readers of Go. Erlang's takes many seconds.
func TestReaders(t *testing.T) {
	required.Programs(t, "go")
	all, err := bench(t.Context(), "interconnectd/erlterm", "^BenchmarkConfig$/^(erlterm|json)$", Plan{Count: 1, Time: time.Millisecond}, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	got, missed := readsOf(all)
	if len(got) != 2 || len(missed) != 1 {
		t.Fatalf("got %+v, missed %q; want two and file:consult missed", got, missed)
	}
	for _, read := range got {
		if read.Bytes < 7e6 || read.Bytes > 20e6 || read.Time.Median() <= 0 || read.Allocs <= 0 {
			t.Errorf("got %+v, want some 8 MB, a time and allocations", read)
		}
	}
}

// TestErrors: what does not compile and what does not run say why.
func TestErrors(t *testing.T) {
	required.Programs(t, "go")
	if _, err := Build(t.Context(), "interconnectd/nowhere"); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a package that is not there: got %v", err)
	}
	b, err := Build(t.Context(), "interconnectd/configs/nodeid")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Run(t.Context(), []string{"-test.run=("}, func(string) {}); err == nil || !strings.Contains(err.Error(), "invalid regexp") {
		t.Errorf("a pattern that is none: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Run(ctx, nil, func(string) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}
