package calls

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/bus"
)

// The names of both ends, here and in Erlang, and their cookie, which is as long as
// those that OTP makes.
const (
	answererName = "answerer@127.0.0.1"
	askerName    = "asker@127.0.0.1"
	cookie       = "ROUNDTRIPSAREMEASURE"
)

func answerPings(ctx context.Context, at string, ready func()) error {
	node, err := startNode(ctx, answererName, at)
	if err != nil {
		return err
	}
	defer node.Close()
	ready()
	<-ctx.Done()
	return nil
}

func askPings(ctx context.Context, at string, loop func(call func() error) error) error {
	node, err := startNode(ctx, askerName, at)
	if err != nil {
		return err
	}
	defer node.Close()
	if err := node.Sync(ctx); err != nil {
		return fmt.Errorf("connecting to %s: %w", answererName, err)
	}
	to := syncnodes.Address{Name: syncnodes.PingPong, Node: answererName}
	return loop(func() error {
		_, err := node.Call(ctx, to, erlterm.Atom("ping"))
		return err
	})
}

// startNode starts a node on the server whose URL at is, or else on the mesh of two
// ports from there on.
func startNode(ctx context.Context, name nodeid.Name, at string) (*syncnodes.Node, error) {
	opts := syncnodes.Options{
		Name: name, Cookie: cookie,
		Sync: syncnodes.Sync{Mandatory: []nodeid.Name{answererName}, Timeout: syncnodes.Infinity},
	}
	if strings.Contains(at, "://") {
		opts.Bus.URLs = []string{at}
	} else {
		port, err := strconv.Atoi(at)
		if err != nil {
			return nil, fmt.Errorf("reading a port: %w", err)
		}
		opts.Bus.Ports = bus.PortRange{Min: port, Max: port + 1}
	}
	node, err := syncnodes.Start(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return node, nil
}
