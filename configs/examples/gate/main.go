// Gate is a program with a node in it, as in `gate -name a@127.0.0.1 -config sys.config`: it
// opens when the mandatory nodes are there, answers calls, and hears who comes and goes.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"interconnectd/configs"
	"interconnectd/erlterm"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/bus"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	if err := run(ctx, os.Args[1:]); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags, err := configs.FlagSet{Flags: configs.Flags(), Params: true}.Parse(args)
	if err != nil {
		return err
	}
	cfg, problems := configs.Load(configs.Input{Args: flags}) // as the daemon does
	if err := problems.Err(); err != nil {
		return err
	}
	node, err := syncnodes.Start(ctx, syncnodes.Options{
		Name: cfg.Name, Cookie: cfg.Cookie.Reveal(), Detector: syncnodes.Detector(cfg.Detector),
		Sync: syncnodes.Sync{Mandatory: cfg.SyncMandatory, Optional: cfg.SyncOptional, Timeout: cfg.SyncTimeout},
		Bus:  syncnodes.Bus{Cluster: cfg.Bus.Cluster, URLs: cfg.Bus.URLs, Ports: bus.PortRange(cfg.Ports)},
	})
	if err != nil {
		return err
	}
	defer node.Close()                                                                // says goodbye: the others hear of a shutdown, not of a crash
	monitor, err := node.Monitor(ctx, syncnodes.MonitorOptions{NodedownReason: true}) // first: nothing is missed
	if err != nil {
		return err
	}
	if err := node.Sync(ctx); err != nil {
		return err // names the mandatory nodes that are missing
	}
	node.Register("gate", func(context.Context, erlterm.Term) (erlterm.Term, error) { return erlterm.Atom("open"), nil })
	fmt.Println("open")
	for event, err := monitor.Next(ctx); err == nil; event, err = monitor.Next(ctx) {
		fmt.Println(event.Node, "is", event.After, event.Reason) // up, or down: what needs it is told here
	}
	return node.Close() // why the node has ended; nil after a signal
}
