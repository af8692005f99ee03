// Package calls measures the round trip of a request and its answer between two
// processes, one at a time: a call of PingPong, on the embedded mesh and on a
// nats-server, beside a bare NATS request on the same and gen_server:call between two
// nodes of Erlang. TCP alone, and the start of a process, are what none of them can go
// below here.
//
// Both ends are processes of their own, started anew for each run, with nothing else
// running beside them. Those of Go are this program once more: see Role. In each run
// every system has its turn, so that a machine that grows slower is so for all.
package calls

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"interconnectd/syncnodes/bench/child"
	"interconnectd/syncnodes/bench/report"
)

// Plan says how often is called.
type Plan struct {
	Runs  int
	Warm  int // calls of a run before it counts
	Count int // calls of a run
}

// Result is what was measured.
type Result struct {
	Calls     []report.Call
	RoundTrip report.Sample // of 100 bytes over TCP: the median of each run, in seconds
	Missed    []string      // what was not measured, and why
}

// tcp is beside the names of report.Call: the limit is measured as they are.
const tcp = "TCP"

// patience bounds one system's turn. Ten thousand calls take some seconds.
const patience = 3 * time.Minute

// Measure measures all systems; those whose programs are not here are missed, with a
// word. With an error comes what was measured before it.
func Measure(ctx context.Context, plan Plan, progress func(format string, args ...any)) (Result, error) {
	var result Result
	present, missed := presentSystems()
	result.Missed = missed
	p50, p99 := map[string]report.Sample{}, map[string]report.Sample{}
	var err error
	for run := range plan.Runs {
		for _, s := range present {
			var times report.Sample
			if times, err = s.turn(ctx, plan); err != nil {
				err = fmt.Errorf("measuring calls, %s: %w", s.name, err)
				break
			}
			half, most := times.Quantile(50), times.Quantile(99)
			progress("calls, run %d of %d: %s: %.0f µs, of a hundred the slowest but one %.0f µs", run+1, plan.Runs, s.name, 1e6*half, 1e6*most)
			p50[s.name] = append(p50[s.name], half)
			p99[s.name] = append(p99[s.name], most)
		}
		if err != nil {
			break
		}
	}
	for _, s := range present {
		if s.name != tcp && p50[s.name] != nil {
			result.Calls = append(result.Calls, report.Call{Name: s.name, Count: plan.Count, P50: p50[s.name], P99: p99[s.name]})
		}
	}
	result.RoundTrip = p50[tcp]
	return result, err
}

// presentSystems are those whose programs are here.
func presentSystems() (present []system, missed []string) {
	for _, s := range systems {
		lacks := slices.IndexFunc(s.programs, func(program string) bool {
			_, err := exec.LookPath(program)
			return err != nil
		})
		if lacks < 0 {
			present = append(present, s)
		} else {
			missed = append(missed, fmt.Sprintf("calls, %s: there is no %s", s.name, s.programs[lacks]))
		}
	}
	return present, missed
}

// turn starts both ends of one system, and gives the times of the calls.
func (s system) turn(ctx context.Context, plan Plan) (report.Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	at, done, err := s.meet(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	command, err := s.answerer(s.name, at)
	if err != nil {
		return nil, err
	}
	answerer, err := child.Start(ctx, command)
	if err != nil {
		return nil, err
	}
	defer answerer.Close()
	if err := answerer.Expect(ready); err != nil {
		return nil, err
	}
	if command, err = s.asker(s.name, at, plan); err != nil {
		return nil, err
	}
	asker, err := child.Start(ctx, command)
	if err != nil {
		return nil, err
	}
	defer asker.Close()
	return asker.Times(plan.Count)
}
