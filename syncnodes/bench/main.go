// Command bench measures interconnectd beside Erlang/OTP and Serf, in one run on one
// machine, and writes a report: REPORT.md, report.json and plots.
//
//	go run ./syncnodes/bench
//
// It starts nodes of each system in turn, as many as -nodes says: interconnectd on the
// mesh that is built in and on a nats-server, Erlang/OTP and Serf. A system whose
// programs are not there is left out, with a word. It measures how long it takes until
// all see all, until a death, a hang and a clean stop are told, and until one that was
// started anew is ready; what a node costs when idle; how long a call takes; how fast a
// configuration is read; and how all that grows with the number of nodes. Nothing else
// should run on the machine meanwhile.
//
// # How it is built
//
// Package fleet starts and strikes processes, calls and growth measure what their names
// say, gotest runs benchmarks and the simulation, and report is the result and how it
// is told. All processes are on loopback: the whole runs in a network namespace of its
// own, where that is allowed, so that the packets there are the nodes'.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"interconnectd/syncnodes/bench/calls"
	"interconnectd/syncnodes/bench/growth"
	"interconnectd/syncnodes/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errGoals):
		os.Exit(1)
	case errors.As(err, new(usageError)):
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(70)
	}
}

// errGoals says that a goal was missed under -check.
var errGoals = errors.New("a goal was missed")

// usageError is a mistake in the flags.
type usageError struct{ error }

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	for _, role := range []func([]string) (func(context.Context) error, bool){calls.Role, growth.Role} {
		if play, ok := role(args); ok {
			return play(ctx)
		}
	}
	opts, err := parse(args, out)
	if err != nil {
		return err
	}
	if opts.render != "" {
		r, err := report.Load(opts.render)
		if err != nil {
			return err
		}
		return write(r, opts, out)
	}
	if !inSandbox() {
		code, err := enterSandbox(ctx, opts, progress)
		if code == exitGoals {
			return errGoals
		}
		return err
	}
	b := &bench{opts: opts, out: progress, began: time.Now()}
	r, err := b.measure(ctx)
	if err != nil {
		return err
	}
	return write(r, opts, out)
}

// write writes the report, and prints its goals.
func write(r *report.Report, opts *options, out io.Writer) error {
	if err := r.Write(opts.dir); err != nil {
		return err
	}
	missed := 0
	for _, g := range r.Goals() {
		fmt.Fprintln(out, g)
		if g.Measured && !g.Met {
			missed++
		}
	}
	fmt.Fprintf(out, "the report is %s/REPORT.md\n", strings.TrimSuffix(opts.dir, "/"))
	if opts.check && missed > 0 {
		return errGoals
	}
	return nil
}
