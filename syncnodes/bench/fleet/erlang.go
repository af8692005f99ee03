package fleet

import (
	"context"
	"syscall"
	"time"

	"interconnectd/syncnodes/bench/child"
	"interconnectd/syncnodes/bench/report"
)

// Erlang is Erlang/OTP, with a port mapper of its own, which is there before the nodes.
// Its parameters are as they come: net_ticktime is 60 s, and
// prevent_overlapping_partitions is what the release has.
func Erlang() System {
	return System{
		name:     report.OTP,
		programs: []string{"erl", "epmd"},
		leave:    syscall.SIGTERM, // init:stop
		hangs:    1, hangIn: 75 * time.Second,
		event: erlangEvent,
		found: func(ctx context.Context, c *camp) (command, error) {
			mapper, port, err := child.StartEPMD(ctx)
			if err != nil {
				return nil, err
			}
			c.helpers = append(c.helpers, mapper)
			config, err := c.sysConfig()
			if err != nil {
				return nil, err
			}
			return func(i, _ int) child.Command {
				return child.Erl(port, nodeName(i)+"@127.0.0.1", "-noinput", "-config", config, "-eval", telling)
			}, nil
		},
		version: func(ctx context.Context) (string, error) {
			return firstLine(ctx, "erl", "-noinput", "-eval",
				`io:format("OTP ~s, erts ~s~n", [erlang:system_info(otp_release), erlang:system_info(version)]), halt().`)
		},
	}
}

// telling has an Erlang node say who comes and who goes.
const telling = `spawn(fun() ->
  net_kernel:monitor_nodes(true),
  Say = fun(Word, Node) -> io:format("~s ~s~n", [Word, Node]) end,
  [Say("nodeup", Node) || Node <- nodes()],
  (fun F() -> receive {Word, Node} -> Say(Word, Node), F() end end)()
end).`

// erlangEvent reads what telling says.
func erlangEvent(line string) (node string, up, ok bool) {
	if node, ok = prefixed(line, "nodeup ", "@"); ok {
		return node, true, true
	}
	node, ok = prefixed(line, "nodedown ", "@")
	return node, false, ok
}
