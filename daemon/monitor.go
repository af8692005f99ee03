package main

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/daemon/terminal"
	"interconnectd/observer/event"
)

const monitorAbout = `Begins with how things are, and goes on with a line for each node that comes or goes, in
local time, until it is ended. It outlives the daemon, as events -f does, which is for
programs. Where it writes to a terminal it has colours, unless NO_COLOR is set.
`

const exampleMonitor = `$ interconnectd monitor
a@127.0.0.1: 1 of 2 nodes up, missing c@127.0.0.1
              up    b@127.0.0.1  since 22:03:41.027
              down  c@127.0.0.1  since Nov 21 17:15, net_tick_timeout, unresponsive for 3.1s
22:04:43.372  down  b@127.0.0.1  connection_closed, crashed, was up for 1m2s
22:04:44.801  up    b@127.0.0.1
`

func doMonitor(ctx context.Context, w *world, args *configs.Args) error {
	query, daemon, err := askingEvents(ctx, w, args)
	if err != nil {
		return err
	}
	query.Last, query.Follow = 0, true
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	s := terminal.StyleOf(w.stdout, w.getenv)
	head := func() error {
		status, err := daemon.Status(ctx)
		if err != nil {
			return err
		}
		return printText(w, monitorHead(s, status, query.Of, time.Now()))
	}
	return follow(ctx, w, daemon, query, head, func(e event.Event) error { return printText(w, monitorLine(s, e, time.Local)) })
}

func printText(w *world, text string) error {
	if _, err := io.WriteString(w.stdout, text); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// monitorHead is how things are: the sync, and the nodes that were seen, which have no
// time before them: that is for what happens.
func monitorHead(s terminal.Style, status control.Status, of nodeid.Pattern, now time.Time) string {
	text := status.Sync.Text
	if status.Sync.Of == 0 {
		text = "no nodes are expected"
	}
	if status.Bus.Lost {
		text += ", " + s.Doubt("bus lost")
	}
	text = fmt.Sprintf("%s: %s\n", s.Strong(string(status.Node)), text)
	for _, p := range status.Peers {
		if p.Since != nil && (of == "" || of.Match(p.Node)) {
			text += monitored(s, "", p.State, p.Node, event.TypeOf(p.Hidden, p.Erlang), "since "+clockText(*p.Since, now), p.Reason, p.Detail)
		}
	}
	return text
}

// monitorLine is a line for an event.
func monitorLine(s terminal.Style, e event.Event, zone *time.Location) string {
	var upFor string
	if e.Kind == event.NodeDown {
		upFor = "was up for " + e.UpFor.Rounded().String()
	}
	at := e.Time.In(zone)
	return monitored(s, clockText(at, at), e.After, e.Node, e.Type, e.Reason, e.Detail, upFor)
}

// monitored is a line about a node, with those of the words that there are.
func monitored(s terminal.Style, at, state string, node nodeid.Name, typ string, words ...string) string {
	if typ != event.Visible {
		words = slices.Insert(words, 0, typ)
	}
	words = slices.DeleteFunc(words, func(word string) bool { return word == "" })
	line := fmt.Sprintf("%s  %s  %s", s.Faint(fmt.Sprintf("%-12s", at)), s.State(state, fmt.Sprintf("%-4s", state)), node)
	if len(words) > 0 {
		line += "  " + strings.Join(words, ", ")
	}
	return line + "\n"
}

// clockText is the time of day, and of another day than now's the date.
func clockText(at, now time.Time) string {
	at = at.In(now.Location())
	if at.Format(time.DateOnly) != now.Format(time.DateOnly) {
		return at.Format(time.Stamp)[:len("Jan _2 15:04")]
	}
	return at.Format("15:04:05.000")
}
