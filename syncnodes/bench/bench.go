package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"interconnectd/syncnodes/bench/calls"
	"interconnectd/syncnodes/bench/fleet"
	"interconnectd/syncnodes/bench/gotest"
	"interconnectd/syncnodes/bench/growth"
	"interconnectd/syncnodes/bench/mixed"
	"interconnectd/syncnodes/bench/report"
)

const (
	// warm is how many calls of a run do not count.
	warm = 1000
	// connects and kills are those of a run of the mixed cluster.
	connects, kills = 10, 5
	// execs is how often the start of a process is measured.
	execs = 200
	// crowdIdle and crowdPatience are those of a crowd in one process.
	crowdIdle     = 15 * time.Second
	crowdPatience = 3 * time.Minute
)

// bench is a run.
type bench struct {
	opts  *options
	out   io.Writer
	began time.Time
	done  int // parts
}

// progress tells what is being done, and since when all this goes on.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(b.out, "%6s  %s\n", time.Since(b.began).Round(time.Second), fmt.Sprintf(format, args...))
}

// part begins a part of the run.
func (b *bench) part(title string) {
	b.done++
	b.progress("%d of %d: %s", b.done, len(b.opts.only), title)
}

// measure gives a report with an error too, of what was measured before it.
func (b *bench) measure(ctx context.Context) (*report.Report, error) {
	program := os.Getenv(daemonVar)
	systems := []fleet.System{fleet.Embedded(program), fleet.External(program), fleet.Erlang(), fleet.Serf()}
	r := &report.Report{
		Run: report.Run{
			Machine: describe(ctx, systems), Began: b.began,
			Command: strings.TrimSpace("go run ./syncnodes/bench " + strings.Join(b.opts.words, " ")),
		},
	}
	defer func() { r.Took = time.Since(b.began).Seconds() }()
	if os.Getenv(aloneVar) != "" {
		if err := raiseLoopback(); err != nil {
			return r, err
		}
	}
	for _, part := range allParts {
		if !b.opts.only.has(part) {
			continue
		}
		if err := b.measurePart(ctx, part, systems, r); err != nil {
			r.Missed = append(r.Missed, fmt.Sprintf("what was to come after the %s: %s", part, err))
			return r, err
		}
	}
	return r, nil
}

func (b *bench) measurePart(ctx context.Context, part string, systems []fleet.System, r *report.Report) (err error) {
	var missed []string
	switch part {
	case partFleets:
		missed, err = b.fleets(ctx, systems, r)
	case partCalls:
		missed, err = b.calls(ctx, r)
	case partMixed:
		b.part("mixed: a node of ours among nodes of Erlang")
		plan := mixed.Plan{Runs: b.opts.runs, Warm: warm, Count: b.opts.calls, Connects: connects, Kills: kills}
		r.Mixed, missed, err = mixed.Measure(ctx, plan, b.progress)
	case partReads:
		missed, err = b.reads(ctx, r)
	case partCrowds:
		b.part("crowds: many nodes in one process, on one nats-server")
		plan := growth.CrowdPlan{Sizes: b.opts.crowds, Idle: crowdIdle, Patience: crowdPatience}
		r.Crowds, missed, err = growth.Crowds(ctx, plan, b.progress)
	case partSwarms:
		b.part("swarms: many nodes in virtual time")
		r.Swarms, err = growth.Swarms(ctx, b.opts.swarms, b.progress)
	}
	r.Missed = append(r.Missed, missed...)
	return err
}

// fleets measures the systems, those that are here, for each number of nodes in turn.
func (b *bench) fleets(ctx context.Context, systems []fleet.System, r *report.Report) (missed []string, err error) {
	b.part("fleets: nodes of each system, each a process")
	var present []fleet.System
	for _, s := range systems {
		if err := s.Missing(); err != nil {
			missed = append(missed, fmt.Sprintf("%s: %s", s.Name(), err))
			b.progress("%s is left out: %s", s.Name(), err)
			continue
		}
		present = append(present, s)
	}
	plan := fleet.Plan{Runs: b.opts.runs, Hangs: b.opts.hangs, Settle: b.opts.settle, Idle: b.opts.idle, Alone: os.Getenv(aloneVar) != ""}
	for _, nodes := range b.opts.nodes {
		starts := make([]report.Sample, len(present))
		for range b.opts.runs - 1 { // Measure has one more
			for i, s := range present {
				fullView, err := fleet.Form(ctx, s, nodes, b.progress)
				if err != nil {
					return missed, err
				}
				starts[i] = append(starts[i], fullView)
			}
		}
		for i, s := range present {
			f, err := fleet.Measure(ctx, s, nodes, plan, b.progress)
			if err != nil {
				return missed, err
			}
			f.FullView = append(starts[i], f.FullView...)
			r.Fleets = append(r.Fleets, f)
		}
	}
	if !plan.Alone {
		missed = append(missed, "packets and bytes of idle nodes: no network namespace could be made")
	}
	return missed, nil
}

func (b *bench) calls(ctx context.Context, r *report.Report) (missed []string, err error) {
	b.part("calls: a request and its answer, one at a time")
	result, err := calls.Measure(ctx, calls.Plan{Runs: b.opts.runs, Warm: warm, Count: b.opts.calls}, b.progress)
	if err != nil {
		return nil, err
	}
	r.Calls, r.Limits.RoundTrip = result.Calls, result.RoundTrip
	r.Limits.Exec, err = calls.Exec(ctx, execs)
	return result.Missed, err
}

func (b *bench) reads(ctx context.Context, r *report.Report) (missed []string, err error) {
	b.part("reads: a configuration of 8 MB; and what a handshake takes")
	plan := gotest.Plan{Count: b.opts.runs}
	if r.Limits.Handshake, err = gotest.Handshake(ctx, plan, b.progress); err != nil {
		return nil, err
	}
	if r.Limits.Stretch, err = gotest.Stretch(ctx, plan, b.progress); err != nil {
		return nil, err
	}
	r.Reads, missed, err = gotest.Reads(ctx, plan, b.progress)
	return missed, err
}
