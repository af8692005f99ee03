package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/completion"
	"interconnectd/daemon/control"
	"interconnectd/syncnodes"
)

// candidatesWithin bounds how long somebody waits for a TAB, for all that is asked.
const candidatesWithin = 300 * time.Millisecond

// candidates are the words that only this host can tell.
func candidates(ctx context.Context, getenv func(string) string, q completion.Question) []completion.Candidate {
	ctx, cancel := context.WithTimeout(ctx, candidatesWithin)
	defer cancel()
	switch q.Kind {
	case "NAME":
		var list []completion.Candidate
		for _, daemon := range control.Running(ctx, getenv) {
			list = append(list, completion.Candidate{Word: string(daemon.Node()), Help: "its daemon runs here"})
		}
		return list
	case "NODE", "GLOB":
		daemons := control.Running(ctx, getenv)
		if q.Node != "" {
			daemons = slices.DeleteFunc(daemons, func(d *control.Client) bool { return string(d.Node()) != q.Node })
		}
		return knownNodes(ctx, daemons, q.Command)
	case "PAGE":
		return pageWords()
	case "PROCESS":
		return everywhere
	}
	return nil
}

// everywhere are the processes that every node has.
var everywhere = []completion.Candidate{
	{Word: syncnodes.PingPong, Help: "it answers ping with pong"},
	{Word: syncnodes.ClusterView, Help: "it answers nodes with what it thinks of its peers"},
}

// states are those of the nodes that a command is for; of others it is for all nodes,
// and for those that are on the bus and not known yet.
var states = map[string][]string{
	"disconnect": {"up", "suspect"},
	"forget":     {"down"},
}

// knownNodes are the nodes that some daemons know, sorted, each with its state.
func knownNodes(ctx context.Context, daemons []*control.Client, command string) []completion.Candidate {
	wanted := states[command]
	answers := make(chan map[nodeid.Name]string)
	asks := []func(context.Context, *control.Client) map[nodeid.Name]string{peerStates}
	if wanted == nil {
		asks = append(asks, onTheBus)
	}
	for _, ask := range asks {
		for _, daemon := range daemons {
			go func() { answers <- ask(ctx, daemon) }()
		}
	}
	nodes := map[nodeid.Name]string{}
	for range len(asks) * len(daemons) { // all come: ctx ends those that take too long
		for node, state := range <-answers {
			if wanted != nil && !slices.Contains(wanted, state) {
				continue
			}
			if nodes[node] == "" {
				nodes[node] = state
			}
		}
	}
	var list []completion.Candidate
	for _, node := range slices.Sorted(maps.Keys(nodes)) {
		help := nodes[node]
		if help == "" {
			help = "on the bus"
		}
		list = append(list, completion.Candidate{Word: string(node), Help: help})
	}
	return list
}

// peerStates are the nodes that a daemon knows, none where it does not answer.
func peerStates(ctx context.Context, daemon *control.Client) map[nodeid.Name]string {
	status, _ := daemon.Status(ctx)
	nodes := map[nodeid.Name]string{}
	for _, peer := range status.Peers {
		nodes[peer.Node] = peer.State
	}
	return nodes
}

// onTheBus are the names that a daemon hears, none where it does not answer in time.
func onTheBus(ctx context.Context, daemon *control.Client) map[nodeid.Name]string {
	names, _ := daemon.Names(ctx)
	nodes := map[nodeid.Name]string{}
	for _, name := range names {
		nodes[name] = ""
	}
	return nodes
}
