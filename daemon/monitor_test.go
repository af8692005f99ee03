package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"interconnectd/daemon/control"
	"interconnectd/daemon/terminal"
	"interconnectd/observer/event"
)

// monitorDay is what the help's example shows.
func monitorDay(s terminal.Style) string {
	zone := time.FixedZone("", -3*3600)
	up := time.Date(2026, 11, 23, 1, 3, 41, 27e6, time.UTC)
	down := time.Date(2026, 11, 21, 20, 15, 0, 0, time.UTC)
	status := control.Status{
		Node: "a@127.0.0.1",
		Sync: control.Sync{Of: 2, Text: "1 of 2 nodes up, missing c@127.0.0.1"},
		Peers: []control.Peer{
			{Node: "b@127.0.0.1", State: "up", Since: &up},
			{Node: "c@127.0.0.1", State: "down", Since: &down, Reason: "net_tick_timeout", Detail: "unresponsive for 3.1s"},
			{Node: "d@127.0.0.1", State: "idle"},
		},
	}
	text := monitorHead(s, status, "", up.In(zone))
	text += monitorLine(s, event.Event{
		Kind: event.NodeDown, Node: "b@127.0.0.1", After: "down", Time: time.Date(2026, 11, 23, 1, 4, 43, 372e6, time.UTC),
		Reason: "connection_closed", Detail: "crashed", UpFor: event.Duration(62 * time.Second),
	}, zone)
	return text + monitorLine(s, event.Event{
		Kind: event.NodeUp, Node: "b@127.0.0.1", After: "up", Time: time.Date(2026, 11, 23, 1, 4, 44, 801e6, time.UTC),
	}, zone)
}

func TestMonitorLines(t *testing.T) {
	_, want, _ := strings.Cut(exampleMonitor, "\n")
	if diff := cmp.Diff(want, monitorDay(terminal.Style{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = "\x1b[1ma@127.0.0.1\x1b[0m: 1 of 2 nodes up, missing c@127.0.0.1\n" +
		"\x1b[2m            \x1b[0m  \x1b[32mup  \x1b[0m  b@127.0.0.1  since 22:03:41.027\n" +
		"\x1b[2m            \x1b[0m  \x1b[31mdown\x1b[0m  c@127.0.0.1  since Nov 21 17:15, net_tick_timeout, unresponsive for 3.1s\n" +
		"\x1b[2m22:04:43.372\x1b[0m  \x1b[31mdown\x1b[0m  b@127.0.0.1  connection_closed, crashed, was up for 1m2s\n" +
		"\x1b[2m22:04:44.801\x1b[0m  \x1b[32mup  \x1b[0m  b@127.0.0.1\n"
	if diff := cmp.Diff(want, monitorDay(terminal.Style{Coloured: true})); diff != "" {
		t.Errorf("with colours (-want +got):\n%s", diff)
	}
}

func TestMonitorHead(t *testing.T) {
	since := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	status := control.Status{
		Node: "a@h", Bus: control.Bus{Lost: true},
		Peers: []control.Peer{{Node: "b@h", State: "suspect", Since: &since, Hidden: true, Detail: "no answer"}, {Node: "x@h", State: "up", Since: &since}, {Node: "boss@h", State: "up", Since: &since, Erlang: true}},
	}
	want := "a@h: no nodes are expected, bus lost\n              suspect  b@h  hidden, since 12:00:00.000, no answer\n" +
		"              up    boss@h  erlang, since 12:00:00.000\n"
	if got := monitorHead(terminal.Style{}, status, "b*@*", since); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The type is told of connections that are not as most are.
func TestMonitorTypes(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for typ, want := range map[string]string{
		event.Visible: "12:00:00.000  up    b@h\n",
		event.Hidden:  "12:00:00.000  up    b@h  hidden\n",
		event.Erlang:  "12:00:00.000  up    b@h  erlang\n",
	} {
		got := monitorLine(terminal.Style{}, event.Event{Kind: event.NodeUp, Node: "b@h", After: "up", Type: typ, Time: at}, time.UTC)
		if got != want {
			t.Errorf("%s: %q, want %q", typ, got, want)
		}
	}
}
