package mixed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/bench/child"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/bus/bustest"
)

// nodeRole is the first argument of this program where it is the node of ours.
const nodeRole = "mixed:node"

// The orders that a node reads, ours as Erlang's, each a line, with a node's name behind
// it. Ping and call have a count too, and print so many times.
const (
	pings = "ping"
	calls = "call"
	leave = "leave" // ends the connection, and says left when it is gone
	watch = "watch" // says watching, and down when the node is
)

// What a node says.
const (
	ready    = "ready"
	left     = "left"
	watching = "watching"
	down     = "down"
)

// Role is what a program that calls Measure must do instead of its own work where its
// arguments, without its name, say so: it is started once more as the node of ours. Ask it
// first of all.
func Role(args []string) (run func(ctx context.Context) error, ok bool) {
	if len(args) != 3 || args[0] != nodeRole {
		return nil, false
	}
	return func(ctx context.Context) error { return beNode(ctx, nodeid.Name(args[1]), args[2]) }, true
}

// beNode does what it reads until there is no more.
func beNode(ctx context.Context, name nodeid.Name, epmdPort string) error {
	port := bustest.FreePorts(1)
	opts := syncnodes.Options{Name: name, Cookie: cookie, Erlang: syncnodes.Erlang{Distribution: true, EPMD: "127.0.0.1:" + epmdPort}}
	opts.Bus.Ports = bus.PortRange{Min: port, Max: port}
	node, err := syncnodes.Start(ctx, opts)
	if err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	defer node.Close()
	fmt.Println(ready)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := obey(ctx, node, strings.Fields(in.Text())); err != nil {
			return fmt.Errorf("carrying out %q: %w", in.Text(), err)
		}
	}
	return nil
}

func obey(ctx context.Context, node *syncnodes.Node, words []string) error {
	if len(words) < 2 {
		return errors.New("want an order and a name")
	}
	peer := nodeid.Name(words[1])
	switch words[0] {
	case pings:
		return writeTimes(words, func() error {
			_, ok, err := node.Ping(ctx, peer)
			if err == nil && !ok {
				err = errors.New("pang")
			}
			return err
		})
	case calls:
		to := syncnodes.Address{Name: syncnodes.PingPong, Node: peer}
		return writeTimes(words, func() error {
			_, err := node.Call(ctx, to, erlterm.Atom("ping"))
			return err
		})
	case leave:
		if wasUp, err := node.Disconnect(ctx, peer); err != nil || !wasUp {
			return fmt.Errorf("disconnecting: it was up: %t: %w", wasUp, err)
		}
		fmt.Println(left)
		return nil
	case watch:
		return tellDown(ctx, node, peer)
	}
	return errors.New("no such order")
}

func writeTimes(words []string, call func() error) error {
	if len(words) != 3 {
		return errors.New("want an order, a name and a count")
	}
	count, err := strconv.Atoi(words[2])
	if err != nil {
		return err
	}
	return child.WriteTimes(os.Stdout, count, call)
}

func tellDown(ctx context.Context, node *syncnodes.Node, peer nodeid.Name) error {
	m, err := node.Monitor(ctx, syncnodes.MonitorOptions{})
	if err != nil {
		return err
	}
	defer m.Close()
	fmt.Println(watching)
	for {
		e, err := m.Next(ctx)
		switch {
		case err != nil:
			return err
		case e.Node == peer && !e.Up:
			fmt.Println(down)
			return nil
		}
	}
}
