package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/daemon/eventstream"
	"interconnectd/daemon/terminal"
	"interconnectd/observer/event"
)

// eventsLast is how many events there are where nobody says how many.
const eventsLast = 20

// lookAgain is how often a daemon that has ended is looked for.
const lookAgain = 250 * time.Millisecond

var ofFlag = configs.Flag{Name: "of", Value: "GLOB", Help: "only those of nodes that it matches, as in 'db-*@*'"}

const eventsAbout = `Each event is a line with its number in the journal, its time in UTC, and the words of the
log. A line between dashes tells that the daemon was started: what was up comes up once more
then. A day of -since is one of the local time. With -f it goes on with those to come until it
is ended, also across a restart of the daemon: none is missed, and none comes twice.

JSON is a list of events, YAML likewise; with -f each event is a line of JSON, or a document
of YAML. An event has

  seq          its number
  time         of the wall clock, UTC
  monotonic    the time since the host was started
  self, start  the node that saw it, and its incarnation
  event        nodeup or nodedown
  node         whom it is about; incarnation: which start of it
  type         of the connection: visible, hidden, or erlang (a visible node of Erlang)
  before       the state before; after: the one since
  reason       of a nodedown: an atom of OTP's; detail: more words
  up_for       of a nodedown: how long it was up
`

const exampleEvents = `$ interconnectd events -n 2
41 2026-11-22T22:03:41.027Z --- Node up: b@127.0.0.1: type=visible
42 2026-11-22T22:04:43.372Z --- Node down: b@127.0.0.1: type=visible reason=connection_closed detail=crashed up_for=1m2s
`

// eventCommands are about what the journal has.
func eventCommands() []command {
	return []command{
		{
			name: "events", help: "print what happened to nodes, and follow it", do: doEvents,
			flags: configs.FlagSet{Flags: []configs.Flag{
				{Name: "f", Help: "go on with the events to come"},
				{Name: "n", Value: "COUNT", Help: "how many of the last ones, or all; 20 where there is no -since"},
				{Name: "since", Value: "TIME", Help: "none before that: 90s, 1h, 2026-11-22, 2026-11-22T22:03:41Z"},
				ofFlag, nodeFlag, outputFlag,
			}},
			about:   eventsAbout,
			example: exampleEvents,
		},
		waitCommand(),
		{
			name: "monitor", help: "watch nodes come and go", do: doMonitor,
			flags:   configs.FlagSet{Flags: []configs.Flag{ofFlag, nodeFlag}},
			about:   monitorAbout,
			example: exampleMonitor,
		},
	}
}

func doEvents(ctx context.Context, w *world, args *configs.Args) error {
	query, daemon, err := askingEvents(ctx, w, args)
	if err != nil {
		return err
	}
	if query.Follow {
		ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		runs := eventRuns{}
		return follow(ctx, w, daemon, query, nil, func(e event.Event) error { return printEvent(w, args, e, &runs) })
	}
	list := []event.Event{}
	err = daemon.Events(ctx, query, func(m eventstream.Message) error {
		if m.Event.Seq > 0 {
			list = append(list, m.Event)
		}
		return nil
	})
	if err != nil {
		return err
	}
	text, runs, s := "", eventRuns{}, terminal.StyleOf(w.stdout, w.getenv)
	for _, e := range list {
		text += runs.text(e, s)
	}
	return show(w, args, list, text)
}

// askingEvents is what the flags ask for, and of whom.
func askingEvents(ctx context.Context, w *world, args *configs.Args) (eventstream.Query, *control.Client, error) {
	query, err := eventQuery(args, time.Now())
	if err != nil {
		return query, nil, err
	}
	daemon, err := find(ctx, w, args)
	return query, daemon, err
}

// eventQuery reads the flags.
func eventQuery(args *configs.Args, now time.Time) (eventstream.Query, error) {
	q := eventstream.Query{Last: eventsLast, Of: nodeid.Pattern(args.Value("of")), Follow: args.Has("f")}
	if args.Has("of") {
		if err := q.Of.Check(); err != nil {
			return q, &configs.UsageError{Msg: fmt.Sprintf("-of %q: %v", q.Of, err)}
		}
	}
	if args.Has("since") {
		since, err := parseSince(args.Value("since"), now)
		if err != nil {
			return q, err
		}
		q.Since, q.Last = since, eventstream.All
	}
	switch count := args.Value("n"); {
	case !args.Has("n"):
	case count == "all":
		q.Last = eventstream.All
	default:
		n, err := strconv.ParseUint(count, 10, 31)
		if err != nil {
			return q, &configs.UsageError{Msg: fmt.Sprintf("-n takes a number of events, not %q", count), Hint: "write '-n 20' or '-n all'"}
		}
		q.Last = int(n)
	}
	return q, nil
}

// parseSince reads a point in time: so long ago, a day, or a time with its zone.
func parseSince(word string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(word); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	if at, err := time.Parse(time.RFC3339, word); err == nil {
		return at, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, word, now.Location()); err == nil {
		return day, nil
	}
	return time.Time{}, &configs.UsageError{Msg: fmt.Sprintf("-since %q is no time", word), Hint: "write '-since 1h', '-since 2026-11-22' or '-since 2026-11-22T22:03:41Z'"}
}

// follow gives all events to each, until ctx ends, which is no error. When the daemon
// ends it waits for the next one of that node, and goes on where it was. What begin
// (nil: nothing) learns of the daemon is no older than the first event.
func follow(ctx context.Context, w *world, daemon *control.Client, query eventstream.Query, begin func() error, each func(event.Event) error) error {
	var failed error // of begin or each: nothing that could be mended here
	take := func(m eventstream.Message) error {
		if query.After == "" && begin != nil {
			failed = begin()
		}
		query.After = m.Place
		if m.Missed > 0 {
			fmt.Fprintf(w.stderr, "interconnectd: %d events have left the journal and are missing here\n", m.Missed)
		}
		if m.Event.Seq > 0 && failed == nil {
			failed = each(m.Event)
		}
		return failed
	}
	for {
		err := daemon.Events(ctx, query, take)
		switch {
		case ctx.Err() != nil:
			return nil
		case failed != nil:
			return failed
		case !hasEnded(err):
			return err
		}
		tellEnded(w, daemon)
		if daemon, err = back(ctx, w, daemon); err != nil {
			return nil
		}
		fmt.Fprintln(w.stderr, "interconnectd: it is back")
	}
}

// hasEnded reports whether that is why a daemon answers no more: all else it says in
// words.
func hasEnded(err error) bool {
	var refused *control.Error
	return !errors.As(err, &refused) || refused.Kind == control.Leaving
}

func tellEnded(w *world, daemon *control.Client) {
	fmt.Fprintf(w.stderr, "interconnectd: the daemon of %s has ended: waiting for it to come back\n", daemon.Node())
}

// back waits for a daemon of the same node; the error is the context's.
func back(ctx context.Context, w *world, former *control.Client) (*control.Client, error) {
	for {
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return former, ctx.Err()
		}
		if daemon, err := control.Find(ctx, w.getenv, former.Node()); err == nil {
			return daemon, nil
		}
	}
}

// printEvent prints one of many.
func printEvent(w *world, args *configs.Args, e event.Event, runs *eventRuns) error {
	if args.Value("o") == "yaml" {
		if err := printText(w, "---\n"); err != nil {
			return err
		}
	}
	return show(w, args, e, runs.text(e, terminal.StyleOf(w.stdout, w.getenv)))
}

// eventRuns tells runs of the daemon apart. Its zero value has seen none.
type eventRuns struct{ last string }

// text is an event for people. Before the first of another run there is a line that
// says so: nodes that were up come up once more then.
func (r *eventRuns) text(e event.Event, s terminal.Style) string {
	words := e.String()
	if what, node, ok := strings.Cut(words, ": "); ok {
		words = s.State(e.After, what) + ": " + node
	}
	text := fmt.Sprintf("%d %s %s\n", e.Seq, s.Faint(e.Time.UTC().Format(event.TimeFormat)), words)
	if r.last != "" && r.last != e.Start {
		started := ""
		if inc, err := nodeid.ParseIncarnation(e.Start); err == nil {
			started = " at " + inc.Started().UTC().Format(event.TimeFormat)
		}
		text = s.Faint(fmt.Sprintf("-- the daemon of %s was started%s --", e.Self, started)) + "\n" + text
	}
	r.last = e.Start
	return text
}
