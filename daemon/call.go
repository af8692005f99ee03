package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"interconnectd/configs"
	"interconnectd/daemon/control"
	"interconnectd/erlterm"
)

// callTimeout is that of gen_server:call/2.
const callTimeout = 5 * time.Second

// callCommands talk to processes.
func callCommands() []command {
	return []command{
		{
			name: "call", operands: "PROCESS NODE TERM", least: 3, most: 3, help: "ask a registered process and print its answer", do: doCall,
			flags: configs.FlagSet{Flags: []configs.Flag{
				{Name: "timeout", Value: "MILLISECONDS", Help: "how long to wait for the answer, 5000 by default"},
				nodeFlag, outputFlag,
			}},
			about:   "The answer is printed as an Erlang term. Without one: noproc, nodedown, timeout or the\nprocess's own error on standard error, and exit 1. Every node has a PingPong.\n",
			example: "$ interconnectd call PingPong a@127.0.0.1 ping\npong\n",
		},
	}
}

func doCall(ctx context.Context, w *world, args *configs.Args) error {
	node, err := parseNode(args.Operands[1])
	if err != nil {
		return err
	}
	term := args.Operands[2]
	if _, err := erlterm.Parse([]byte(term + "\n.")); err != nil {
		return &configs.UsageError{Msg: fmt.Sprintf("%q is no Erlang term", term), Hint: firstMessage(err)}
	}
	timeout := callTimeout
	if args.Has("timeout") {
		ms, err := strconv.ParseUint(args.Value("timeout"), 10, 31)
		if err != nil || ms == 0 {
			return &configs.UsageError{Msg: fmt.Sprintf("-timeout takes milliseconds, not %q", args.Value("timeout"))}
		}
		timeout = time.Duration(ms) * time.Millisecond
	}
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	reply, err := daemon.Call(ctx, control.Call{
		Process: args.Operands[0], Node: node, Request: term, Timeout: control.Duration(timeout),
	})
	if answer := (*control.Error)(nil); errors.As(err, &answer) && answer.Kind == control.Timeout {
		answer.Message = fmt.Sprintf("timeout: no answer within %s", timeout)
	}
	if err != nil {
		return err
	}
	return show(w, args, reply, reply+"\n")
}

// firstMessage is what is wrong with a term, without its place: it is one line.
func firstMessage(err error) string {
	var e *erlterm.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}
