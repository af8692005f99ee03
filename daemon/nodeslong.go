package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"interconnectd/configs"
	"interconnectd/daemon/control"
)

// longFlag makes a table of the list of nodes.
var longFlag = configs.Flag{Name: "l", Help: "print a table of all nodes that are known, hidden and down ones too"}

const nodesAbout = `With -l there is a line for each node that is known, below one with the names of the
columns. Columns are separated by blanks, and have a '-' where there is nothing to tell:

  NODE    its name
  STATE   up; suspect (up, and not answering); down; connecting; idle (never connected,
          and looked for)
  TYPE    visible or hidden: the connection
  SINCE   when it last came up, or went down, in UTC
  RTT     the smoothed round trip, in milliseconds
  REASON  why it went down last, an atom of OTP's
  DETAIL  why it is suspect or went down, in words: the rest of the line

JSON and YAML have a list with node, state, hidden, expected (named in a sync list),
round_trip, and where there is something to tell since, incarnation, reason, detail.
`

// examplePeers are those of the help, and of the test of the table.
var examplePeers = []control.Peer{
	{
		Node: "b@127.0.0.1", State: "up", Since: exampleTime(0), Expected: true,
		RoundTrip: control.Duration(312 * time.Microsecond),
	},
	{
		Node: "c@127.0.0.1", State: "down", Since: exampleTime(42 * time.Second), Expected: true,
		RoundTrip: control.Duration(1204 * time.Microsecond), Reason: "connection_closed", Detail: "crashed",
	},
	{
		Node: "d@127.0.0.1", State: "suspect", Since: exampleTime(5 * time.Second), Hidden: true,
		RoundTrip: control.Duration(450 * time.Microsecond), Detail: "no answer",
	},
	{Node: "e@127.0.0.1", State: "idle", Expected: true},
}

func exampleTime(after time.Duration) *time.Time {
	at := time.Date(2026, 11, 24, 22, 3, 41, 0, time.UTC).Add(after)
	return &at
}

func listLong(ctx context.Context, w *world, args *configs.Args) error {
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	status, err := daemon.Status(ctx)
	if err != nil {
		return err
	}
	return show(w, args, status.Peers, nodesTable(status.Peers))
}

// nodesTable is a line for each peer, its columns below their names.
func nodesTable(peers []control.Peer) string {
	rows := [][]string{{"NODE", "STATE", "TYPE", "SINCE", "RTT", "REASON", "DETAIL"}}
	for _, p := range peers {
		rows = append(rows, peerRow(p))
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			fmt.Fprintf(&b, "%-*s  ", widths[i], cell)
		}
		b.WriteString(row[len(row)-1] + "\n")
	}
	return b.String()
}

func peerRow(p control.Peer) []string {
	const nothing = "-"
	row := []string{string(p.Node), p.State, nothing, nothing, nothing, cmp.Or(p.Reason, nothing), cmp.Or(p.Detail, nothing)}
	if p.Since != nil { // else it was never connected
		row[2] = nodeType(p.Hidden)
		row[3] = p.Since.UTC().Format(time.RFC3339)
	}
	if p.RoundTrip > 0 {
		row[4] = fmt.Sprintf("%.3fms", time.Duration(p.RoundTrip).Seconds()*1000)
	}
	return row
}
