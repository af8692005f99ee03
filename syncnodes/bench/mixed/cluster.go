package mixed

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"interconnectd/syncnodes/bench/child"
)

// source is compiled by each node of Erlang: what is measured must not be interpreted.
//
//go:embed mixed.erl
var source []byte

// cluster is the nodes of a run. One goroutine owns it.
type cluster struct {
	epmd     *child.Process
	epmdPort string
	nodes    map[string]node // by name
}

// node is one that reads orders.
type node struct{ *child.Process }

// startCluster starts all nodes, and connects them.
func startCluster(ctx context.Context) (*cluster, error) {
	epmd, port, err := child.StartEPMD(ctx)
	if err != nil {
		return nil, err
	}
	c := &cluster{epmd: epmd, epmdPort: port, nodes: map[string]node{}}
	for _, name := range []string{asker, other, ours} {
		if err == nil {
			err = c.start(ctx, name)
		}
	}
	if err == nil {
		err = c.meet()
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *cluster) close() {
	for _, n := range c.nodes {
		n.Close()
	}
	c.epmd.Close()
}

// start starts a node, and returns when it takes orders.
func (c *cluster) start(ctx context.Context, name string) (err error) {
	command := child.Erl(c.epmdPort, name, "-noshell", "-setcookie", cookie, "-eval", "{ok, _} = c:c(mixed), mixed:run().")
	command.Files = map[string][]byte{"mixed.erl": source}
	if name == ours {
		if command, err = child.Self(nodeRole, name, c.epmdPort); err != nil {
			return err
		}
	}
	p, err := child.Start(ctx, command)
	if err != nil {
		return err
	}
	c.nodes[name] = node{p}
	return p.Expect(ready)
}

// meet connects all pairs.
func (c *cluster) meet() error {
	for _, e := range ends {
		if _, err := c.nodes[e[0]].times(pings, e[1], 1); err != nil {
			return fmt.Errorf("connecting %s with %s: %w", e[0], e[1], err)
		}
	}
	return nil
}

// kill kills a node, and gives after how many seconds each pair has told that asks it.
func (c *cluster) kill(victim string) (told [len(ends)]float64, err error) {
	for _, e := range ends {
		if e[1] == victim {
			if err := c.nodes[e[0]].order(watching, watch, victim); err != nil {
				return told, err
			}
		}
	}
	killed := time.Now()
	if err := c.nodes[victim].Signal(syscall.SIGKILL); err != nil {
		return told, fmt.Errorf("killing %s: %w", victim, err)
	}
	var watchers errgroup.Group
	for i, e := range ends {
		if e[1] == victim {
			watchers.Go(func() error {
				err := c.nodes[e[0]].Expect(down)
				told[i] = time.Since(killed).Seconds()
				return err
			})
		}
	}
	err = watchers.Wait()
	c.nodes[victim].Close()
	return told, err
}

// order tells a node to do something, whose answer is want.
func (n node) order(want string, words ...string) error {
	if err := n.Tell(strings.Join(words, " ")); err != nil {
		return err
	}
	return n.Expect(want)
}

// times has a node ask another one so many times, and gives what each took in seconds.
func (n node) times(order, of string, count int) ([]float64, error) {
	if err := n.Tell(fmt.Sprintf("%s %s %d", order, of, count)); err != nil {
		return nil, err
	}
	return n.Times(count)
}
