// Package mixed measures a node of ours among nodes of Erlang, which connect by Erlang's
// distribution: two of Erlang and one of ours, each a process, at a port mapper of their
// own. What a node of Erlang asks of the other one is the measure of what it asks of ours,
// and of what ours asks of it.
//
// The three pairs have their turns in small portions, so that a machine that grows slower
// is so for all. The node of ours is this program once more: see Role. No process outlives
// [Measure] (see package child of the benchmark).
package mixed

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"interconnectd/syncnodes/bench/report"
)

// Plan says how often is measured.
type Plan struct {
	Runs     int // with nodes that are started anew for each
	Warm     int // pings, and calls, of a pair before they count
	Count    int // pings, and calls, of a pair and run
	Connects int // first pings of a pair and run
	Kills    int // of a run: so many of a node of Erlang's, and so many of ours
}

const (
	// patience bounds a run: of ten thousand calls of each kind it takes a quarter of a minute.
	patience = 5 * time.Minute
	// portions is in how many parts pings and calls of a pair are measured.
	portions = 20
)

// Measure measures all pairs; none, with a word, where there is no Erlang. With an error
// comes what was measured before it.
func Measure(ctx context.Context, plan Plan, progress func(format string, args ...any)) (pairs []report.Pair, missed []string, err error) {
	for _, program := range []string{"erl", "epmd"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, []string{fmt.Sprintf("mixed: %s", err)}, nil
		}
	}
	for _, name := range report.Pairs {
		pairs = append(pairs, report.Pair{Name: name, Count: plan.Count})
	}
	for run := range plan.Runs {
		progress("mixed, run %d of %d", run+1, plan.Runs)
		if err := measureRun(ctx, plan, pairs, progress); err != nil {
			return pairs, nil, fmt.Errorf("measuring a mixed cluster: %w", err)
		}
	}
	return pairs, nil, nil
}

// measureRun adds what is measured of nodes that it starts.
func measureRun(ctx context.Context, plan Plan, pairs []report.Pair, progress func(format string, args ...any)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("it takes too long"))
	defer cancel()
	c, err := startCluster(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	for _, measure := range []func(Plan, []report.Pair) error{c.measureConnects, c.measureCalls} {
		if err := measure(plan, pairs); err != nil {
			return err
		}
	}
	if err := c.measureKills(ctx, plan, pairs); err != nil {
		return err
	}
	for _, p := range pairs {
		last := func(s report.Sample) float64 { return 1e6 * s[len(s)-1] }
		progress("mixed: %s: ping %.0f µs, call %.0f µs, first ping %.1f ms, told of kill -9 after %.1f ms",
			p.Name, last(p.Ping.P50), last(p.Call.P50), 1e3*p.Connect.Median(), 1e3*p.Told.Median())
	}
	return nil
}

// The nodes of a cluster.
const (
	asker  = "asker@127.0.0.1"      // of Erlang
	other  = "other@127.0.0.1"      // of Erlang
	ours   = "ours@127.0.0.1"       // of ours
	cookie = "MIXEDCLUSTERSOFNODES" // as long as those that OTP makes
)

// ends are who asks and who is asked, in the order of report.Pairs.
var ends = [...][2]string{{asker, other}, {asker, ours}, {ours, other}}

// measureConnects ends the connection of a pair, and has it made by a ping. Both ends know
// that it is gone before it is made again.
func (c *cluster) measureConnects(plan Plan, pairs []report.Pair) error {
	for range plan.Connects {
		for i, e := range ends {
			from, to := c.nodes[e[0]], c.nodes[e[1]]
			err := to.order(watching, watch, e[0])
			if err == nil {
				err = from.order(left, leave, e[1])
			}
			if err == nil {
				err = to.Expect(down)
			}
			if err != nil {
				return err
			}
			times, err := from.times(pings, e[1], 1)
			if err != nil {
				return err
			}
			pairs[i].Connect = append(pairs[i].Connect, times...)
		}
	}
	return nil
}

// measureCalls has all pairs ping and call by turns.
func (c *cluster) measureCalls(plan Plan, pairs []report.Pair) error {
	if _, err := c.turn(plan.Warm); err != nil {
		return err
	}
	var all [len(ends)]asked
	for portion := range portions {
		samples, err := c.turn((portion+1)*plan.Count/portions - portion*plan.Count/portions)
		if err != nil {
			return err
		}
		for i, s := range samples {
			all[i].pings = append(all[i].pings, s.pings...)
			all[i].calls = append(all[i].calls, s.calls...)
		}
	}
	for i, s := range all {
		pairs[i].Ping.Add(s.pings)
		pairs[i].Call.Add(s.calls)
	}
	return nil
}

// asked is what a pair took.
type asked struct{ pings, calls report.Sample }

// turn has each pair ping and call so many times.
func (c *cluster) turn(count int) (all [len(ends)]asked, err error) {
	for i, e := range ends {
		from := c.nodes[e[0]]
		if all[i].pings, err = from.times(pings, e[1], count); err != nil {
			return all, err
		}
		if all[i].calls, err = from.times(calls, e[1], count); err != nil {
			return all, err
		}
	}
	return all, nil
}

// measureKills kills the node of Erlang's that does not ask, and that of ours, by turns.
func (c *cluster) measureKills(ctx context.Context, plan Plan, pairs []report.Pair) error {
	for range plan.Kills {
		for _, victim := range []string{other, ours} {
			told, err := c.kill(victim)
			if err != nil {
				return err
			}
			for i, e := range ends {
				if e[1] == victim {
					pairs[i].Told = append(pairs[i].Told, told[i])
				}
			}
			if err := c.start(ctx, victim); err != nil {
				return err
			}
			if err := c.meet(); err != nil {
				return err
			}
		}
	}
	return nil
}
