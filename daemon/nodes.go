package main

import (
	"context"
	"slices"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/daemon/terminal"
)

// nodeCommands ask about nodes and connections.
func nodeCommands() []command {
	return []command{
		{
			name: "self", help: "print the node's own name", flags: asking, do: doSelf,
			example: "$ interconnectd self\na@127.0.0.1\n",
		},
		{
			name: "nodes", help: "list the visible nodes that are connected, sorted", do: doNodes,
			flags: joining(nodesFlags...),
			about: nodesAbout + "\n" + joinAbout + "Then it connects to all who are on the bus and have the cookie, and lists those; the exit code\nis 1 where all of them refuse.\n",
			example: "$ interconnectd nodes\nb@127.0.0.1\nx@127.0.0.1\n$ interconnectd nodes -connected -this\na@127.0.0.1\nb@127.0.0.1\nd@127.0.0.1\nx@127.0.0.1\n" +
				"$ interconnectd nodes -l\n" + nodesTable(examplePeers, terminal.Style{}),
		},
		{
			name: "names", help: "list all nodes that are on the bus, connected or not", flags: joining(), do: doNames,
			about:   "Nothing vouches for these names: whoever is on the bus can answer. JSON and YAML have a list.\n\n" + joinAbout,
			example: "$ interconnectd names\na@127.0.0.1\nb@127.0.0.1\n$ interconnectd names -bus nats://10.0.0.1:4222\na@127.0.0.1\nb@127.0.0.1\n",
		},
		pingCommand(),
		{
			name: "connect", operands: "NODE", least: 1, most: 1, help: "connect to a node", flags: asking, do: doConnect,
			about:   "Prints true, or false and exits with 1.\n",
			example: "$ interconnectd connect b@127.0.0.1\ntrue\n",
		},
		{
			name: "disconnect", operands: "NODE", least: 1, most: 1, help: "disconnect from a node", flags: asking, do: doDisconnect,
			about:   "Prints true, or false where there was no connection and exits with 1. Neither side\nconnects again by itself until one is asked to, or restarts; a node of Erlang's may, as soon\nas it has something to say.\n",
			example: "$ interconnectd disconnect b@127.0.0.1\ntrue\n",
		},
		{
			name: "forget", operands: "NODE", least: 1, most: 1, help: "forget a node that is down", flags: asking, do: doForget,
			about:   "Prints true, or false where nothing was known of it and exits with 1, as it does with an\nerror where the node is up. What disconnect began ends by it, and so does what\ndist_auto_connect once keeps apart. A node of the sync lists stays one.\n",
			example: "$ interconnectd forget b@127.0.0.1\ntrue\n",
		},
	}
}

func doSelf(ctx context.Context, w *world, args *configs.Args) error {
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	self, err := daemon.Self(ctx)
	if err != nil {
		return err
	}
	return show(w, args, self, string(self)+"\n")
}

func doNames(ctx context.Context, w *world, args *configs.Args) error {
	ctx, source, err := askNodes(ctx, w, args, "")
	if err != nil {
		return err
	}
	defer source.leave()
	names, err := source.Names(ctx)
	if err != nil {
		return err
	}
	if source.joined { // whoever asks is there too, and not for long
		names = slices.DeleteFunc(names, func(name nodeid.Name) bool { return name == source.Node() })
	}
	return show(w, args, names, lines(names))
}

func doConnect(ctx context.Context, w *world, args *configs.Args) error {
	return trueOrFalse(ctx, w, args, (*control.Client).Connect)
}

func doDisconnect(ctx context.Context, w *world, args *configs.Args) error {
	return trueOrFalse(ctx, w, args, (*control.Client).Disconnect)
}

func doForget(ctx context.Context, w *world, args *configs.Args) error {
	return trueOrFalse(ctx, w, args, (*control.Client).Forget)
}

func trueOrFalse(ctx context.Context, w *world, args *configs.Args, ask func(*control.Client, context.Context, nodeid.Name) (bool, error)) error {
	node, err := parseNode(args.Operands[0])
	if err != nil {
		return err
	}
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	ok, err := ask(daemon, ctx, node)
	if err != nil {
		return err
	}
	word := "false"
	if ok {
		word = "true"
	}
	return answered(ok, show(w, args, ok, word+"\n"))
}
