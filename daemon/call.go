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

const callAbout = `TERM is any Erlang term, and the answer is printed as one. Without an answer there is a line on
standard error, and exit 1:

  noproc      no process of that name is registered there
  nodedown    the node is not connected, cannot be, or went down meanwhile
  timeout     no answer in time; it may come yet, and is dropped then
  overloaded  too many calls wait for the process
  NAME on NODE: ...
              the process's own error. One that crashed is started again.

Every node has the process PingPong, which answers ping with pong, and ClusterView, which
answers nodes with what it thinks of its peers. JSON and YAML have the answer as a text.

A node of Erlang or Elixir is asked as gen_server:call/2 does. PROCESS is the name that is
registered there; where nobody has it, and it begins with a capital letter, that with
"Elixir." before it, which is how Elixir has the name of a module.
`

// callLongest is the longest that a daemon waits for an answer.
const callLongest = 5 * time.Minute

// callCommands talk to processes.
func callCommands() []command {
	return []command{
		{
			name: "call", operands: "PROCESS NODE TERM", least: 3, most: 3, help: "ask a registered process and print its answer", do: doCall,
			flags: joining(configs.Flag{Name: "timeout", Value: "TIME", Help: "how long to wait for the answer: 500ms, 30s, or milliseconds; 5s by default"}),
			about: callAbout + "\n" + joinAbout,
			example: "$ interconnectd call PingPong a@127.0.0.1 ping\npong\n" +
				"$ interconnectd call PingPong b@127.0.0.1 ping -bus nats://10.0.0.1:4222 -setcookie_file cookie\npong\n",
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
		return &configs.UsageError{Msg: fmt.Sprintf("%q is no Erlang term", shortened(term)), Hint: firstMessage(err)}
	}
	timeout, err := callTimeoutOf(args)
	if err != nil {
		return err
	}
	ctx, source, err := askNodes(ctx, w, args, node)
	if err != nil {
		return err
	}
	defer source.leave()
	reply, err := source.Call(ctx, control.Call{
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

// callTimeoutOf reads -timeout. A number alone is in milliseconds, as gen_server:call/3
// has it.
func callTimeoutOf(args *configs.Args) (time.Duration, error) {
	if !args.Has("timeout") {
		return callTimeout, nil
	}
	word := args.Value("timeout")
	timeout, err := time.ParseDuration(word)
	if ms, bad := strconv.ParseUint(word, 10, 31); bad == nil {
		timeout, err = time.Duration(ms)*time.Millisecond, nil
	}
	if err != nil || timeout <= 0 || timeout > callLongest {
		return 0, &configs.UsageError{Msg: fmt.Sprintf("-timeout takes a time of at most %s, not %q", callLongest, word), Hint: "write '-timeout 30s'"}
	}
	return timeout, nil
}

// shortened is as much of a word as a message may repeat.
func shortened(word string) string {
	const most = 100
	if runes := []rune(word); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return word
}

// firstMessage is what is wrong with a term, without its place: it is one line.
func firstMessage(err error) string {
	var e *erlterm.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}
