package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are what the flags say.
type options struct {
	nodes  sizes
	runs   int
	hangs  int
	settle time.Duration
	idle   time.Duration
	calls  int
	crowds sizes
	swarms sizes
	only   parts
	dir    string
	render string
	check  bool
	slack  float64
	daemon string
	words  []string // as they were given
}

// The parts of a run, in the order in which they are measured.
const (
	partFleets = "fleets"
	partCalls  = "calls"
	partMixed  = "mixed"
	partReads  = "reads"
	partCrowds = "crowds"
	partSwarms = "swarms"
)

var allParts = parts{partFleets, partCalls, partMixed, partReads, partCrowds, partSwarms}

const about = `usage: go run ./syncnodes/bench [FLAG ...]

Measures interconnectd beside Erlang/OTP and Serf, and writes REPORT.md, report.json
and plots. What is not on this machine is left out: erl and epmd, serf, nats-server
(Debian's packages erlang-base, serf, nats-server). It takes some half an hour, in
which nothing else should run.

flags:
`

func parse(args []string, out io.Writer) (*options, error) {
	o := &options{
		nodes: sizes{2, 10, 30}, crowds: sizes{10, 50, 100, 200}, swarms: sizes{10, 100, 1000, 10000},
		only: slices.Clone(allParts), words: args,
	}
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Var(&o.nodes, "nodes", "`numbers` of nodes, each a process, with commas")
	set.IntVar(&o.runs, "runs", 5, "how often each is measured, `n` times")
	set.IntVar(&o.hangs, "hangs", 3, "a node is stopped `n` times; once where that takes minutes")
	set.DurationVar(&o.settle, "settle", 5*time.Second, "a fleet is left alone for `so long` before it counts as idle, and after a change")
	set.DurationVar(&o.idle, "idle", time.Minute, "idle nodes are looked at for `so long`")
	set.IntVar(&o.calls, "calls", 10_000, "a run has `n` calls")
	set.Var(&o.crowds, "crowds", "`numbers` of nodes in one process, with commas")
	set.Var(&o.swarms, "swarms", "`numbers` of nodes in the simulation")
	set.Var(&o.only, "only", "the `parts` that are measured: "+allParts.String())
	set.StringVar(&o.dir, "o", "dist/bench", "the `folder` of the report")
	set.StringVar(&o.render, "render", "", "measure nothing, and write the report of this `report.json` anew; of later ones, with commas, it takes what they have")
	set.BoolVar(&o.check, "check", false, "exit with 1 where a goal is missed")
	set.Float64Var(&o.slack, "slack", 1, "let -check take a goal for met up to `n` times its bound, on a machine that others use too")
	set.StringVar(&o.daemon, "daemon", "", "measure this `program`, such as an earlier one, and build none")
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		set.SetOutput(out)
		fmt.Fprint(out, about)
		set.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, usageError{err}
	case set.NArg() > 0:
		return nil, usageError{fmt.Errorf("%q: no such argument; see -h", set.Arg(0))}
	case o.runs < 1 || o.calls < 1 || o.hangs < 0 || o.settle < 0 || o.idle <= 0:
		return nil, usageError{errors.New("-runs, -calls and -idle are above 0, -hangs and -settle are not below")}
	case o.slack < 1:
		return nil, usageError{errors.New("-slack is 1 at least")}
	}
	return o, nil
}

// sizes are numbers of nodes, each above 1.
type sizes []int

func (s *sizes) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(*s)), " ", ","), "[]")
}

// Set is flag.Value's.
func (s *sizes) Set(text string) error {
	*s = nil
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 2 {
			return fmt.Errorf("%q: want numbers above 1, with commas", word)
		}
		*s = append(*s, n)
	}
	return nil
}

// parts are what is measured.
type parts []string

func (p *parts) String() string { return strings.Join(*p, ",") }

// Set is flag.Value's.
func (p *parts) Set(text string) error {
	*p = strings.Split(text, ",")
	for _, word := range *p {
		if !slices.Contains(allParts, word) {
			return fmt.Errorf("%q: want some of %s", word, allParts.String())
		}
	}
	return nil
}

func (p parts) has(part string) bool { return slices.Contains(p, part) }
