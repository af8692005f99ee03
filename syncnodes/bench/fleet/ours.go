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

// Embedded is interconnectd on the mesh that is built in. The program is a daemon's.
func Embedded(program string) System {
	s := ours(program)
	s.name = report.Embedded
	s.found = func(_ context.Context, c *camp) (command, error) {
		first := bustest.FreePorts(meetingPorts)
		return c.daemons(program,
			"-kernel", "inet_dist_listen_min", fmt.Sprint(first), "inet_dist_listen_max", fmt.Sprint(first+meetingPorts-1))
	}
	return s
}

// meetingPorts is how many ports the range has where daemons look for each other, as
// the range that they have by default.
const meetingPorts = 4

// External is interconnectd on one nats-server for all nodes, which is there before
// them.
func External(program string) System {
	s := ours(program)
	s.name = report.External
	s.programs = append(s.programs, "nats-server")
	s.found = func(ctx context.Context, c *camp) (command, error) {
		server, err := child.StartNATSServer(ctx)
		if err != nil {
			return nil, err
		}
		c.server, c.helpers = server.Process, append(c.helpers, server.Process)
		return c.daemons(program, "-bus", server.URL)
	}
	s.version = func(ctx context.Context) (string, error) {
		daemon, err := firstLine(ctx, program, "version")
		if err != nil {
			return "", err
		}
		server, err := firstLine(ctx, "nats-server", "-v")
		return daemon + ", " + strings.Replace(server, ": v", " ", 1), err
	}
	return s
}

// ours is what both have in common.
func ours(program string) System {
	return System{
		programs: []string{program},
		leave:    syscall.SIGTERM,
		hangs:    3, hangIn: 5 * time.Second,
		event: ourEvent,
		version: func(ctx context.Context) (string, error) {
			return firstLine(ctx, program, "version")
		},
	}
}

// ourEvent reads the words that people grep for.
func ourEvent(line string) (node string, up, ok bool) {
	if node, ok = prefixed(line, "--- Node up: ", "@"); ok {
		return node, true, true
	}
	node, ok = prefixed(line, "--- Node down: ", "@")
	return node, false, ok
}

// daemons are started with the sync lists of a fleet, and with args.
func (c *camp) daemons(program string, args ...string) (command, error) {
	config, err := c.sysConfig()
	if err != nil {
		return nil, err
	}
	return func(i, _ int) child.Command {
		return child.Command{Path: program, Args: append([]string{"-name", nodeName(i) + "@127.0.0.1", "-config", config}, args...)}
	}, nil
}
