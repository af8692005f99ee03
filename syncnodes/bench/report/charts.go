package report

import (
	"cmp"
	"image/color"
	"slices"
	"strings"
)

// Colours that are told apart with every kind of sight (Okabe and Ito).
var (
	blue   = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	sky    = color.RGBA{0x56, 0xb4, 0xe9, 0xff}
	red    = color.RGBA{0xd5, 0x5e, 0x00, 0xff}
	green  = color.RGBA{0x00, 0x9e, 0x73, 0xff}
	colour = map[string]color.RGBA{Embedded: blue, External: sky, OTP: red, Serf: green}
)

// charts are all plots that a report may have, with those that it has no figures for.
func (r *Report) charts() []chart {
	var all []chart
	for _, q := range quantities {
		if q.plot != "" {
			all = append(all, r.fleetChart(q))
		}
	}
	return append(all, r.callChart(), r.mixedChart(), r.crowdChart(), r.swarmMessages(), r.swarmKill())
}

// axes are what is said of a quantity's plot.
var axes = map[string]struct {
	y   string
	log bool
}{
	"full_view.svg": {"first start to full view, log scale", true},
	"kill.svg":      {"SIGKILL to the last survivor's word, log scale", true},
	"ready.svg":     {"start to ready, log scale", true},
	"memory.svg":    {"resident memory (RSS) of a node", false},
	"pss.svg":       {"proportional memory (PSS) of a node", false},
	"idle.svg":      {"part of one core, for a node", false},
}

// fleetChart has a group of bars for each number of nodes, a bar for each system.
func (r *Report) fleetChart(q quantity) chart {
	c := chart{file: q.plot, title: q.title, x: "nodes", y: axes[q.plot].y, unit: q.unit, log: axes[q.plot].log}
	sizes := slices.DeleteFunc(r.sizes(), func(n int) bool {
		return !slices.ContainsFunc(r.Fleets, func(f Fleet) bool { return f.Nodes == n && len(q.pick(f)) > 0 })
	})
	for _, n := range sizes {
		c.groups = append(c.groups, count(n))
	}
	for _, system := range slices.Concat(ours, peers) {
		s := series{name: called[system], colour: colour[system]}
		for i, n := range sizes {
			s.add(float64(i), r.sample(q, system, n))
		}
		c.add(s)
	}
	return c
}

func (r *Report) callChart() chart {
	c := chart{file: "calls.svg", title: "Calls: round trip, one at a time", y: "round trip", unit: seconds}
	p50, p99 := series{name: "p50", colour: blue}, series{name: "p99", colour: sky}
	for i, call := range r.Calls {
		c.groups = append(c.groups, strings.ReplaceAll(call.Name, ", ", ",\n"))
		p50.add(float64(i), call.P50)
		p99.add(float64(i), call.P99)
	}
	c.add(p50)
	c.add(p99)
	return c
}

func (r *Report) mixedChart() chart {
	c := chart{file: "mixed.svg", title: "Mixed with nodes of Erlang: round trip, one at a time", y: "round trip", unit: seconds}
	colours := map[string]color.RGBA{PairOTP: red, PairToOurs: blue, PairOurs: sky}
	for _, f := range roundTrips {
		c.groups = append(c.groups, f.name)
	}
	for _, p := range r.Mixed {
		s := series{name: p.Name, colour: colours[p.Name]}
		for i, f := range roundTrips {
			s.add(float64(i), f.pick(p))
		}
		c.add(s)
	}
	return c
}

func (r *Report) crowdChart() chart {
	c := chart{file: "crowd.svg", title: "Many nodes on one server: what each costs when idle", x: "nodes", y: "part of one core, for a node", unit: share}
	node, server := series{name: "the node", colour: blue}, series{name: "the server, for it", colour: red}
	for _, w := range slices.SortedFunc(slices.Values(r.Crowds), func(a, b Crowd) int { return cmp.Compare(a.Nodes, b.Nodes) }) {
		node.add(float64(w.Nodes), one(w.CPU))
		server.add(float64(w.Nodes), one(w.ServerCPU/float64(max(1, w.Nodes))))
	}
	c.add(node)
	c.add(server)
	return c
}

func (r *Report) swarmMessages() chart {
	c := chart{file: "swarm_messages.svg", title: "Simulation: messages of an idle node", x: "nodes, log scale", y: "messages a second, of a node", unit: quantum, logX: true}
	sent := series{name: "messages", colour: blue}
	for _, w := range r.sortedSwarms() {
		sent.add(float64(w.Nodes), one(w.Messages))
	}
	c.add(sent)
	return c
}

func (r *Report) swarmKill() chart {
	c := chart{file: "swarm_kill.svg", title: "Simulation: kill -9 of one", x: "nodes, log scale", y: "SIGKILL to verdict", unit: seconds, logX: true}
	median, last := series{name: "the median survivor", colour: sky}, series{name: "the last survivor", colour: blue}
	for _, w := range r.sortedSwarms() {
		median.add(float64(w.Nodes), one(w.KillMedian))
		last.add(float64(w.Nodes), one(w.KillLast))
	}
	c.add(last)
	c.add(median)
	return c
}

func (r *Report) sortedSwarms() []Swarm {
	return slices.SortedFunc(slices.Values(r.Swarms), func(a, b Swarm) int { return cmp.Compare(a.Nodes, b.Nodes) })
}
