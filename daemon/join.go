package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/syncnodes"
)

// joinFlags let a command join for a moment, in place of a daemon: each of them says so.
// They mean what they mean to the daemon.
func joinFlags() []configs.Flag {
	names := []string{"bus", "name", "sname", "setcookie_file", "settings", "config"}
	return slices.DeleteFunc(configs.Flags(), func(f configs.Flag) bool { return !slices.Contains(names, f.Name) })
}

const joinAbout = `With -bus, -name, -sname, -setcookie_file, -settings or -config no daemon is asked: the
command joins for a moment as a hidden node of its own, as erl_call does, and no log or list
tells of it. It meets the others where a daemon with these flags would, of -config only the
ports count, and it makes up a name where none is given.
`

// joinWithin is how long the bus may take to be there.
const joinWithin = 5 * time.Second

// answerer is who answers a command: a daemon, or a node of this process that joined for a
// moment.
type answerer struct {
	*control.Client
	joined bool
	leave  func() // is called at the end
}

// joining are the flags of a command that asks a daemon or joins.
func joining(own ...configs.Flag) configs.FlagSet {
	return configs.FlagSet{Flags: slices.Concat(own, []configs.Flag{nodeFlag, outputFlag}, joinFlags())}
}

// askNodes is who answers, and the context for asking. peer is whom the command is about,
// "" for all.
func askNodes(ctx context.Context, w *world, args *configs.Args, peer nodeid.Name) (context.Context, *answerer, error) {
	if !slices.ContainsFunc(joinFlags(), func(f configs.Flag) bool { return args.Has(f.Name) }) {
		daemon, err := find(ctx, w, args)
		if errors.Is(err, control.ErrNone) {
			err = fmt.Errorf("%w, or join without one, as with -setcookie_file FILE", err)
		}
		return ctx, &answerer{Client: daemon, leave: func() {}}, err
	}
	if args.Has("node") {
		return nil, nil, &configs.UsageError{Msg: "-node asks a daemon, and the other flags do without one"}
	}
	return joinBus(ctx, w, args, peer)
}

// joinBus starts a node that leaves again. The context ends where a signal comes.
func joinBus(ctx context.Context, w *world, args *configs.Args, peer nodeid.Name) (context.Context, *answerer, error) {
	cfg, problems := configs.LoadTransient(configs.Input{Args: args, Getenv: w.getenv}, peer)
	if problems.Err() != nil {
		fmt.Fprint(w.stderr, problems.Render())
		return nil, nil, silent(exitConfig)
	}
	ctx, release := untilInterrupted(ctx)
	// What goes wrong on the bus is told; how the node lives is not.
	log := hclog.New(&hclog.LoggerOptions{Name: "interconnectd", Level: hclog.Warn, Output: w.stderr, DisableTime: true})
	opts := optionsOf(cfg, log, nil)
	opts.Sync, opts.Transient, opts.Alone = syncnodes.Sync{}, true, true
	node, err := syncnodes.Start(ctx, opts)
	if err != nil {
		release()
		return nil, nil, err
	}
	leave := func() {
		_ = node.Close() // what it was asked is answered
		release()
	}
	err = awaitBus(ctx, node)
	if err == nil && (args.Has("name") || args.Has("sname")) {
		err = awaitClaim(ctx, node)
	}
	if err != nil {
		leave()
		return nil, nil, err
	}
	return ctx, &answerer{Client: control.Local(node), joined: true, leave: leave}, nil
}

// errNoBus is what no server answers to; the log has said why.
var errNoBus = fmt.Errorf("no connection to a NATS server within %s", joinWithin)

// meshWithin is how long the mesh may take to find all daemons: a port of the range
// that is held by something else may never settle it.
const meshWithin = 1500 * time.Millisecond

// awaitBus waits until whoever is on the bus can be reached.
func awaitBus(ctx context.Context, node *syncnodes.Node) error {
	ctx, cancel := context.WithTimeoutCause(ctx, joinWithin, errNoBus)
	defer cancel()
	for began := time.Now(); ; {
		status, err := node.Status(ctx)
		if err == nil && !status.BusLost && (status.Settled || time.Since(began) >= meshWithin) {
			return nil
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// claimWithin is how long another holder of a name that was chosen may take to say so,
// once it can be reached: a start does not wait for all of the mesh.
const claimWithin = 100 * time.Millisecond

// awaitClaim waits for a holder of the node's name; the error is that there is one.
func awaitClaim(ctx context.Context, node *syncnodes.Node) error {
	select {
	case <-time.After(claimWithin):
		return nil
	case <-node.Done():
		return node.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// connectAllWithin bounds how long all nodes of a bus may take to be connected.
const connectAllWithin = 10 * time.Second

// connectAll connects with all who are on the bus, and have the cookie. It reports whether
// there is one, or nobody at all is on the bus.
func (a *answerer) connectAll(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, connectAllWithin)
	defer cancel()
	names, err := a.Names(ctx)
	if err != nil {
		return false
	}
	var dials sync.WaitGroup
	var answered atomic.Bool
	others := 0
	for _, name := range names {
		if name != a.Node() {
			others++
			dials.Go(func() {
				if pong, err := a.Ping(ctx, name); err == nil && pong.OK { // who refuses is not listed
					answered.Store(true)
				}
			})
		}
	}
	dials.Wait()
	return answered.Load() || others == 0
}
