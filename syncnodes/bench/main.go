// Command bench measures interconnectd beside Erlang/OTP and Serf, in one run on one
// machine, and writes a report: REPORT.md, report.json and plots.
//
//	go run ./syncnodes/bench
//
// It starts nodes of each system in turn, as many as -nodes says: interconnectd on the
// mesh that is built in and on a nats-server, Erlang/OTP and Serf. A system whose
// programs are not there is left out, with a word. It measures how long it takes until
// all see all, until a death, a hang and a clean stop are told, and until one that was
// started anew is ready; what a node costs when idle; how long a call takes, among nodes of Erlang too; how fast a
// configuration is read; and how all that grows with the number of nodes. Nothing else
// should run on the machine meanwhile.
//
// # How it is built
//
// Package fleet starts and strikes processes, calls, mixed and growth measure what their names
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
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"interconnectd/syncnodes/bench/calls"
	"interconnectd/syncnodes/bench/growth"
	"interconnectd/syncnodes/bench/mixed"
	"interconnectd/syncnodes/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// What the program exits with, beside 0.
const (
	exitGoals  = 1 // a goal was missed, under -check
	exitUsage  = 2
	exitFailed = 70 // EX_SOFTWARE of sysexits.h; also where a signal ended it
)

// exitCode is that of the program in the sandbox, which has said why it is not 0.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("the benchmark ended with %d", int(c)) }

// errGoals says that a goal was missed under -check.
var errGoals = errors.New("a goal was missed")

// usageError is a mistake in the flags.
type usageError struct{ error }

// run does what the arguments say, tells of what went wrong, and gives the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := do(ctx, args, stdout, stderr)
	inner := exitCode(0)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &inner):
		return int(inner)
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "bench: %v: all that was started has ended; the report has what was measured until then\n", context.Cause(ctx))
		return exitFailed
	}
	fmt.Fprintln(stderr, "bench:", err)
	switch {
	case errors.Is(err, errGoals):
		return exitGoals
	case errors.As(err, new(usageError)):
		return exitUsage
	}
	return exitFailed
}

func do(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	for _, role := range []func([]string) (func(context.Context) error, bool){calls.Role, mixed.Role, growth.Role} {
		if play, ok := role(args); ok {
			return play(ctx)
		}
	}
	opts, err := parse(args, stdout)
	if err != nil {
		return err
	}
	switch {
	case opts.render != "":
		return render(opts, stdout)
	case !inSandbox():
		return enterSandbox(ctx, opts, stdout, stderr)
	}
	b := &bench{opts: opts, out: stderr, began: time.Now()}
	r, err := b.measure(ctx)
	if err != nil {
		return errors.Join(err, r.Write(opts.dir)) // half an hour is not to be lost
	}
	return write(r, opts, stdout)
}

// render writes the report of one that was measured, with the parts of later ones.
func render(opts *options, out io.Writer) error {
	first, later, _ := strings.Cut(opts.render, ",")
	r, err := report.Load(first)
	if err != nil {
		return err
	}
	for path := range strings.SplitSeq(later, ",") {
		if path == "" {
			continue
		}
		next, err := report.Load(path)
		if err != nil {
			return err
		}
		r.Add(next)
	}
	return write(r, opts, out)
}

// write writes the report, and prints its goals.
func write(r *report.Report, opts *options, out io.Writer) error {
	if err := r.Write(opts.dir); err != nil {
		return err
	}
	missed := false
	for _, g := range r.Goals() {
		word := "met"
		switch {
		case !g.Measured:
			word = "open"
		case !g.Met:
			word = "missed"
			missed = missed || g.Ours > opts.slack*g.Bound
		}
		fmt.Fprintf(out, "%-6s  %s\n", word, g)
	}
	fmt.Fprintln(out, "the report is", filepath.Join(opts.dir, "REPORT.md"))
	if opts.check && missed {
		return errGoals
	}
	return nil
}
