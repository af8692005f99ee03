package gotest

import (
	"context"
	"fmt"

	"interconnectd/syncnodes/bench/report"
)

// Handshake is the time that both sides of a handshake take, without a bus, in seconds.
func Handshake(ctx context.Context, plan Plan, progress func(format string, args ...any)) (report.Sample, error) {
	return timeOf(ctx, "interconnectd/syncnodes/session", "Handshake", plan, progress)
}

// Stretch is the time that the key of a short cookie takes, in seconds.
func Stretch(ctx context.Context, plan Plan, progress func(format string, args ...any)) (report.Sample, error) {
	return timeOf(ctx, "interconnectd/syncnodes/session", "DeriveShort", plan, progress)
}

func timeOf(ctx context.Context, pkg, name string, plan Plan, progress func(format string, args ...any)) (report.Sample, error) {
	all, err := bench(ctx, pkg, "^Benchmark"+name+"$", plan, progress)
	if err != nil {
		return nil, err
	}
	times := all[name]["sec/op"]
	if len(times) == 0 {
		return nil, fmt.Errorf("benchmark %s of %s: it told no time", name, pkg)
	}
	return times, nil
}

// readers are the benchmarks of erlterm that read 8 MB of configuration.
var readers = []struct{ benchmark, name string }{
	{"Config/erlterm", report.ReadOurs},
	{"Config/json", report.ReadJSON},
	{"Config/consult", report.ReadConsult},
}

// Reads measures how long reading a large configuration takes. A reader that is not
// here, as file:consult without an Erlang, is missed, with a word.
func Reads(ctx context.Context, plan Plan, progress func(format string, args ...any)) (reads []report.Read, missed []string, err error) {
	all, err := bench(ctx, "interconnectd/erlterm", "^BenchmarkConfig$", plan, progress)
	if err != nil {
		return nil, nil, err
	}
	reads, missed = readsOf(all)
	return reads, missed, nil
}

func readsOf(all map[string]values) (reads []report.Read, missed []string) {
	for _, reader := range readers {
		v := all[reader.benchmark]
		if len(v["sec/op"]) == 0 {
			missed = append(missed, "reading a configuration, "+reader.name+": its benchmark did not run")
			continue
		}
		read := report.Read{Name: reader.name, Time: v["sec/op"], Allocs: report.Sample(v["allocs/op"]).Median()}
		read.Bytes = sizeOf(v)
		if reader.name == report.ReadConsult && len(reads) > 0 {
			// Its own rate has the start of Erlang in it, and its time has not. It
			// reads the same file as ours.
			read.Bytes = reads[0].Bytes
		}
		reads = append(reads, read)
	}
	return reads, missed
}

// sizeOf is what a benchmark reads in one go, which it tells as a rate only.
func sizeOf(v values) float64 {
	if len(v["B/s"]) == 0 {
		return 0
	}
	return v["B/s"][0] * v["sec/op"][0]
}
