package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/daemon/terminal"
	"interconnectd/observer/event"
)

// nodesFlags choose which nodes are listed, as the argument of erlang:nodes/1 does, and
// how.
var nodesFlags = []configs.Flag{
	{Name: "l", Help: "print a table, of all nodes that are known where nothing else is asked for"},
	{Name: "visible", Help: "visible nodes that are connected, those of Erlang too: what there is without a flag"},
	{Name: "hidden", Help: "hidden nodes that are connected"},
	{Name: "connected", Help: "both"},
	{Name: "known", Help: "those, this node, and all that were connected and are not forgotten"},
	{Name: "this", Help: "this node"},
	{Name: "expected", Help: "the nodes of the sync lists, connected or not, but for this one"},
}

const nodesAbout = `Prints a name on each line. Several flags list the nodes of each, as erlang:nodes/1 does
of a list. With -l there is a line for each node, below one with the names of the columns.
Columns are separated by blanks, and have a '-' where there is nothing to tell:

  NODE     its name
  STATE    up; suspect (up, and not answering); down; connecting; idle (never connected,
           and looked for)
  TYPE     of the connection: visible, hidden, or erlang (a visible node of Erlang)
  SINCE    when it last came up, or went down, in UTC
  RTT      the smoothed round trip, in milliseconds
  ADDRESS  where its server takes routes, on the mesh that is built in
  VERSION  of its program
  REASON   why it went down last, an atom of OTP's
  DETAIL   why it is suspect or went down, in words: the rest of the line

On a terminal columns are left out, and the last one is cut, where the line has no room.

JSON and YAML have a list of names, and with -l of objects with node, state, hidden,
erlang (connected by Erlang's own protocol), expected (named in a sync list), round_trip, and
where there is something to tell since, incarnation, address, version, reason, detail, this.
`

// examplePeers are those of the help, and of the test of the table.
var examplePeers = []control.Peer{
	{
		Node: "b@127.0.0.1", State: "up", Since: exampleTime(0), Expected: true, Incarnation: "0193f0a1",
		RoundTrip: control.Duration(312 * time.Microsecond), Address: "127.0.0.1:4371", Version: "v0.2.0",
	},
	{
		Node: "c@127.0.0.1", State: "down", Since: exampleTime(42 * time.Second), Expected: true, Incarnation: "0193f0a2",
		RoundTrip: control.Duration(1204 * time.Microsecond), Address: "127.0.0.1:4372", Version: "v0.2.0",
		Reason: "connection_closed", Detail: "crashed",
	},
	{
		Node: "d@127.0.0.1", State: "suspect", Since: exampleTime(5 * time.Second), Hidden: true, Incarnation: "0193f0a3",
		RoundTrip: control.Duration(450 * time.Microsecond), Detail: "no answer",
	},
	{Node: "e@127.0.0.1", State: "idle", Expected: true},
	{
		Node: "x@127.0.0.1", State: "up", Since: exampleTime(9 * time.Second), Erlang: true, Incarnation: "6572",
		RoundTrip: control.Duration(181 * time.Microsecond),
	},
}

func exampleTime(after time.Duration) *time.Time {
	at := time.Date(2026, 11, 24, 22, 3, 41, 0, time.UTC).Add(after)
	return &at
}

func doNodes(ctx context.Context, w *world, args *configs.Args) error {
	ctx, source, err := askNodes(ctx, w, args, "")
	if err != nil {
		return err
	}
	defer source.leave()
	ok := !source.joined || source.connectAll(ctx)
	status, err := source.Status(ctx)
	if err != nil {
		return err
	}
	peers := chosenPeers(status, args)
	if args.Has("l") {
		return answered(ok, show(w, args, peers, nodesTable(peers, terminal.StyleOf(w.stdout, w.getenv))))
	}
	names := make([]nodeid.Name, len(peers))
	for i, p := range peers {
		names[i] = p.Node
	}
	return answered(ok, show(w, args, names, lines(names)))
}

// chosenPeers are those that the flags ask for, sorted by name.
func chosenPeers(status control.Status, args *configs.Args) []control.Peer {
	kinds := map[string]func(control.Peer) bool{
		"visible":   func(p control.Peer) bool { return linked(p) && !p.Hidden },
		"hidden":    func(p control.Peer) bool { return linked(p) && p.Hidden },
		"connected": linked,
		"known":     func(p control.Peer) bool { return p.Since != nil },
		"this":      func(p control.Peer) bool { return p.This },
		"expected":  func(p control.Peer) bool { return p.Expected },
	}
	var wanted []func(control.Peer) bool
	for name, is := range kinds {
		if args.Has(name) {
			wanted = append(wanted, is)
		}
	}
	all := status.Peers
	switch {
	case len(wanted) > 0:
		all = append(slices.Clone(all), thisNode(status))
	case args.Has("l"):
		return all
	default:
		wanted = append(wanted, kinds["visible"])
	}
	chosen := []control.Peer{}
	for _, p := range all {
		if slices.ContainsFunc(wanted, func(is func(control.Peer) bool) bool { return is(p) }) {
			chosen = append(chosen, p)
		}
	}
	slices.SortFunc(chosen, func(a, b control.Peer) int { return cmp.Compare(a.Node, b.Node) })
	return chosen
}

// linked reports whether a peer is connected: this node is not, to itself.
func linked(p control.Peer) bool { return !p.This && (p.State == "up" || p.State == "suspect") }

// thisNode is the node that tells, as one of its list.
func thisNode(s control.Status) control.Peer {
	return control.Peer{
		Node: s.Node, State: "up", Hidden: s.Hidden, Since: &s.Started, Incarnation: s.Incarnation,
		Address: s.Bus.Listen, Version: s.Version, This: true,
	}
}

// nodesTable is a line for each peer, its columns below their names.
func nodesTable(peers []control.Peer, s terminal.Style) string {
	t := terminal.Table{
		Head:  []string{"NODE", "STATE", "TYPE", "SINCE", "RTT", "ADDRESS", "VERSION", "REASON", "DETAIL"},
		Spare: []int{6, 5, 2, 4, 3, 7},
	}
	for _, p := range peers {
		t.Rows = append(t.Rows, peerRow(p, s))
	}
	return t.Render(s)
}

func peerRow(p control.Peer, s terminal.Style) []terminal.Cell {
	const nothing = "-"
	row := []terminal.Cell{
		{Text: string(p.Node)},
		{Text: p.State, Mark: func(text string) string { return s.State(p.State, text) }},
		{Text: nothing},
		{Text: nothing},
		{Text: nothing},
		{Text: cmp.Or(p.Address, nothing)},
		{Text: cmp.Or(p.Version, nothing)},
		{Text: cmp.Or(p.Reason, nothing)},
		{Text: cmp.Or(p.Detail, nothing)},
	}
	if p.Since != nil { // else it was never connected
		row[2].Text = event.TypeOf(p.Hidden, p.Erlang)
		row[3].Text = p.Since.UTC().Format(time.RFC3339)
	}
	if p.RoundTrip > 0 {
		row[4].Text = milliseconds(time.Duration(p.RoundTrip))
	}
	if p.This {
		row[8].Text = "this node"
	}
	return row
}

// milliseconds is a round trip, to the microsecond.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%.3fms", d.Seconds()*1000) }
