package calls

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"interconnectd/syncnodes/bench/child"
	"interconnectd/syncnodes/bench/report"
)

// The first arguments of this program where it is one end of a measurement.
const (
	answererRole = "calls:answerer"
	askerRole    = "calls:asker"
)

// ends are the two ends of a system whose ends are written in Go.
type ends struct {
	// answer is told where to meet. It says when it can be called, and answers until
	// ctx ends.
	answer func(ctx context.Context, at string, ready func()) error
	// ask gives the loop a call, and ends with it.
	ask func(ctx context.Context, at string, loop func(call func() error) error) error
}

var endsOf = map[string]ends{
	report.CallEmbedded: {answerPings, askPings},
	report.BareEmbedded: {answerBareEmbedded, askBareEmbedded},
	report.CallExternal: {answerPings, askPings},
	report.BareExternal: {answerBareExternal, askBareExternal},
	tcp:                 {answerTCP, askTCP},
}

// Role is what a program that calls Measure must do instead of its own work where its
// arguments, without its name, say so: it is started once more for each end of a
// measurement. Ask it first of all.
func Role(args []string) (run func(ctx context.Context) error, ok bool) {
	switch {
	case len(args) == 3 && args[0] == answererRole:
		return func(ctx context.Context) error {
			return endsOf[args[1]].answer(ctx, args[2], func() { fmt.Println(ready) })
		}, true
	case len(args) == 5 && args[0] == askerRole:
		return func(ctx context.Context) error {
			warm, err := strconv.Atoi(args[3])
			count, err2 := strconv.Atoi(args[4])
			if err := errors.Join(err, err2); err != nil {
				return fmt.Errorf("reading how often to call: %w", err)
			}
			return endsOf[args[1]].ask(ctx, args[2], func(call func() error) error { return timed(warm, count, call) })
		}, true
	}
	return nil, false
}

func answererOfGo(name, at string) (child.Command, error) { return child.Self(answererRole, name, at) }

func askerOfGo(name, at string, plan Plan) (child.Command, error) {
	return child.Self(askerRole, name, at, strconv.Itoa(plan.Warm), strconv.Itoa(plan.Count))
}

// timed makes the calls, and prints the times when all are done.
func timed(warm, count int, call func() error) error {
	for range warm {
		if err := call(); err != nil {
			return fmt.Errorf("warming up: %w", err)
		}
	}
	return child.WriteTimes(os.Stdout, count, call)
}
