package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"interconnectd/configs"
	"interconnectd/daemon/control"
	"interconnectd/observer/event"
)

const statusAbout = `A line with journal tells where events are kept, one with hook how a hook does: the last event
that it is done with, how many there are after that one, for it or not, and its runs since the
daemon started. A peer is up; suspect (up, and not answering); down; connecting; or idle (never
connected, and looked for).

Lines that begin with dropped count what came and had no effect: over the bus malformed
and senseless what is no packet of ours, wrong cookie and forged what nobody with our cookie
sent, wrong epoch and unknown session what was for an earlier connection, replayed what came
before, overruled a false sign of death. A few after a peer's restart are no reason to worry.
From nodes of Erlang's there are erlang too long (more than 8 MiB), unreadable, and unknown:
messages that nobody here takes, casts among them.

JSON and YAML have an object with

  node, incarnation, hidden, pid, started, version, cookie_fingerprint
  bus      kind (embedded or external), listen, lost
  erlang   listen, registered (at the port mapper); where erlang.distribution is on
  sync     up, of, missing (nodes), done (the start-up sync is over), text (all that)
  peers    as nodes -l -o json has them: node, state, hidden, erlang, expected, round_trip,
           and where there is something to tell since, incarnation, address, version,
           reason, detail
  journal  path, events, last (the number of the latest), memory (of the events: not in the
           file), bytes, lost, and error where it cannot be written
  hooks    name, delivered (the last event it is done with), waiting (events after it), ok,
           failed, timed_out, missed, attempts, and where there is something to tell event
           (that it is at), running_since, error, last_run
  dropped  counts by their cause
`

// daemonCommands are about the daemon itself.
func daemonCommands() []command {
	return []command{
		{
			name: "status", help: "print all that the daemon knows of itself and its peers", flags: asking, do: doStatus,
			about:   statusAbout,
			example: "$ interconnectd status\nnode: a@127.0.0.1\n...\npeer: b@127.0.0.1 up visible\n",
		},
		{
			name: "reload", help: "read the configuration again", flags: asking, do: doReload,
			about:   reloadAbout,
			example: "$ interconnectd reload\nsync_nodes_optional: +c@127.0.0.1\nnet_ticktime: undefined -> 4\n",
		},
		{
			name: "dump", help: "write what status prints to the daemon's log", flags: asking, do: doDump,
			about:   "A line for each, at info, as the signal USR2 does. Prints ok.\n",
			example: "$ interconnectd dump\nok\n$ journalctl -u interconnectd -g dump -n 1\n... [INFO]  interconnectd.dump: peer: b@127.0.0.1 up visible for 4m2s\n",
		},
		{
			name: "stop", help: "end the daemon in order", flags: asking, do: doStop,
			about:   "Prints ok when its node has said goodbye and left.\n",
			example: "$ interconnectd stop\nok\n",
		},
	}
}

func doStatus(ctx context.Context, w *world, args *configs.Args) error {
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	status, err := daemon.Status(ctx)
	if err != nil {
		return err
	}
	return show(w, args, status, statusText(status, time.Now()))
}

// statusText is one thing a line, KEY: VALUE.
func statusText(s control.Status, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "node: %s\n", s.Node)
	fmt.Fprintf(&b, "incarnation: %s\n", s.Incarnation)
	fmt.Fprintf(&b, "type: %s\n", event.TypeOf(s.Hidden, false))
	fmt.Fprintf(&b, "pid: %d\n", s.PID)
	fmt.Fprintf(&b, "started: %s\n", s.Started.Format(time.RFC3339))
	fmt.Fprintf(&b, "version: %s\n", s.Version)
	fmt.Fprintf(&b, "cookie fingerprint: %s\n", s.Fingerprint)
	fmt.Fprintf(&b, "bus: %s\n", busText(s.Bus))
	if s.Erlang != nil {
		fmt.Fprintf(&b, "erlang: %s\n", erlangText(*s.Erlang))
	}
	fmt.Fprintf(&b, "sync: %s\n", s.Sync.Text)
	fmt.Fprintf(&b, "journal: %s\n", journalText(s.Journal))
	for _, h := range s.Hooks {
		fmt.Fprintf(&b, "hook: %s\n", hookText(h, now))
	}
	for _, p := range s.Peers {
		fmt.Fprintf(&b, "peer: %s\n", peerText(p, now))
	}
	for _, cause := range slices.Sorted(maps.Keys(s.Dropped)) {
		fmt.Fprintf(&b, "dropped: %s %d\n", cause, s.Dropped[cause])
	}
	return b.String()
}

func busText(b control.Bus) string {
	text := b.Kind
	if b.Listen != "" {
		text += ", listening on " + b.Listen
	}
	if b.Lost {
		text += ", lost"
	}
	return text
}

func erlangText(e control.Erlang) string {
	if !e.Registered {
		return "listening on " + e.Listen + ", not registered: the port mapper does not answer, or has the name for another"
	}
	return "listening on " + e.Listen + ", registered at the port mapper"
}

func journalText(j control.Journal) string {
	text := fmt.Sprintf("%s, %d events, %d KiB", j.Path, j.Events, j.Bytes>>10)
	switch {
	case j.Path == "":
		return fmt.Sprintf("in memory, %d events", j.Events)
	case j.Error != "":
		text += fmt.Sprintf(", not written: %s, %d events in memory", j.Error, j.Memory)
	}
	if j.Lost > 0 {
		text += fmt.Sprintf(", %d lost", j.Lost)
	}
	return text
}

func hookText(h control.Hook, now time.Time) string {
	text := fmt.Sprintf("%s done with event %d, %d events behind, runs: %d well, %d failed, %d timed out", h.Name, h.Delivered, h.Waiting, h.OK, h.Failed, h.TimedOut)
	if h.Missed > 0 {
		text += fmt.Sprintf(", missed %d events", h.Missed)
	}
	switch {
	case h.Running != nil:
		text += fmt.Sprintf(", event %d: attempt %d runs for %s", h.Event, h.Attempts, event.Duration(now.Sub(*h.Running)).Rounded())
	case h.Error != "":
		text += fmt.Sprintf(", event %d: attempt %d failed: %s", h.Event, h.Attempts, h.Error)
	}
	return text
}

func peerText(p control.Peer, now time.Time) string {
	text := fmt.Sprintf("%s %s", p.Node, p.State)
	if p.Since != nil {
		text += fmt.Sprintf(" %s for %s", event.TypeOf(p.Hidden, p.Erlang), now.Sub(*p.Since).Round(time.Second))
	}
	if p.RoundTrip > 0 {
		text += fmt.Sprintf(", round trip %s", time.Duration(p.RoundTrip).Round(time.Microsecond))
	}
	for _, why := range []string{p.Reason, p.Detail} {
		if why != "" {
			text += ", " + why
		}
	}
	return text
}

func doDump(ctx context.Context, w *world, args *configs.Args) error {
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	if err := daemon.Dump(ctx); err != nil {
		return err
	}
	return show(w, args, true, "ok\n")
}

func doStop(ctx context.Context, w *world, args *configs.Args) error {
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	if err := daemon.Stop(ctx); err != nil {
		return err
	}
	return show(w, args, true, "ok\n")
}
