package fleet

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"interconnectd/syncnodes/bench/child"
	"interconnectd/syncnodes/bench/report"
	"interconnectd/syncnodes/bus/bustest"
)

// Serf is HashiCorp's, with the timing for a local network that its agents have by
// default. An agent must be there for the others to join.
func Serf() System {
	return System{
		name:     report.Serf,
		programs: []string{"serf"},
		leads:    true,
		leave:    syscall.SIGINT, // at SIGTERM an agent ends without a word to the others
		hangs:    3, hangIn: 30 * time.Second,
		event: serfEvent,
		found: func(_ context.Context, c *camp) (command, error) {
			first := bustest.FreePorts(2 * c.nodes)
			return func(i, beside int) child.Command {
				args := []string{
					"agent", "-node", nodeName(i),
					"-bind", fmt.Sprintf("127.0.0.1:%d", first+2*i), "-rpc-addr", fmt.Sprintf("127.0.0.1:%d", first+2*i+1),
				}
				if beside >= 0 {
					args = append(args, "-join", fmt.Sprintf("127.0.0.1:%d", first+2*beside))
				}
				return child.Command{Path: "serf", Args: args}
			}, nil
		},
		version: func(ctx context.Context) (string, error) {
			line, err := firstLine(ctx, "serf", "version")
			return strings.TrimPrefix(line, "Serf v"), err
		},
	}
}

// serfEvent reads the events of an agent's log.
func serfEvent(line string) (node string, up, ok bool) {
	if node, ok = prefixed(line, "EventMemberJoin: ", " "); ok {
		return node, true, true
	}
	if node, ok = prefixed(line, "EventMemberFailed: ", " "); ok {
		return node, false, true
	}
	node, ok = prefixed(line, "EventMemberLeave: ", " ")
	return node, false, ok
}
