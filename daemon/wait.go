package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/daemon/eventstream"
	"interconnectd/daemon/terminal"
)

const waitAbout = `Waits for one of these, and prints true:

  without a flag   all nodes of the sync lists are up
  -nodes COUNT     so many visible nodes, or more, are connected, as 'nodes' lists them
  -of NODE         that node is up, and all others that a further -of names; or, with
                   -down, none of them is

Prints false and exits with 1, and says on standard error how things are, when the time of
-timeout is over; without it there is no end. It outlives the daemon, as events -f does. On a
terminal it shows how far it is.

JSON and YAML have true or false.
`

const exampleWait = `$ interconnectd wait -nodes 3 -timeout 30s && ./deploy
true
$ interconnectd wait -of b@127.0.0.1 -down -timeout 5s
interconnectd: waited 5s: b@127.0.0.1 is up
false
`

func waitCommand() command {
	return command{
		name: "wait", most: -1, help: "wait until nodes are up, or down, for scripts", do: doWait, about: waitAbout, example: exampleWait,
		flags: configs.FlagSet{Flags: []configs.Flag{
			{Name: "nodes", Value: "COUNT", Help: "for so many visible nodes that are connected"},
			{Name: "of", Value: "NODE", Many: true, Help: "for that node, and all others that are named so"},
			{Name: "up", Help: "until they are up, as without it"},
			{Name: "down", Help: "until none of them is up"},
			{Name: "timeout", Value: "TIME", Help: "and no longer than that: 500ms, 30s, 5m"},
			nodeFlag, outputFlag,
		}},
	}
}

// awaited is what somebody waits for.
type awaited struct {
	count int           // of nodes; 0: not that
	of    []nodeid.Name // else these; none: those of the sync lists
	down  bool
}

func doWait(ctx context.Context, w *world, args *configs.Args) error {
	want, timeout, err := waitFlags(args)
	if err != nil {
		return err
	}
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	ctx, release := untilInterrupted(ctx)
	defer release()
	waiter := &waiter{want: want, began: time.Now(), timeout: timeout, news: make(chan string, 1)}
	line := terminal.NewFooter(w.stderr, w.getenv, waiter.text)
	err = waiter.run(ctx, &world{stdout: w.stdout, stderr: line, getenv: w.getenv}, daemon)
	line.Close()
	switch {
	case errors.Is(err, errWaited):
		fmt.Fprintf(w.stderr, "interconnectd: waited %s: %s\n", timeout, cmp.Or(waiter.last(), "the daemon has not answered yet"))
		return answered(false, show(w, args, false, "false\n"))
	case err != nil:
		return err
	}
	return show(w, args, true, "true\n")
}

func waitFlags(args *configs.Args) (want awaited, timeout time.Duration, err error) {
	if len(args.Operands) > 0 {
		return want, 0, unexpected(args.Operands[0], "write '-of "+args.Operands[0]+"', as for each node")
	}
	wrong := func(hint, format string, values ...any) (awaited, time.Duration, error) {
		return want, 0, &configs.UsageError{Msg: fmt.Sprintf(format, values...), Hint: hint}
	}
	if args.Has("nodes") {
		n, err := strconv.ParseUint(args.Value("nodes"), 10, 20)
		if err != nil || n == 0 {
			return wrong("write '-nodes 3'", "-nodes takes a number of nodes, not %q", args.Value("nodes"))
		}
		want.count = int(n)
	}
	for _, word := range args.Values("of") {
		node, err := parseNode(word)
		if err != nil {
			return want, 0, err
		}
		want.of = append(want.of, node)
	}
	want.down = args.Has("down")
	switch {
	case args.Has("up") && args.Has("down"):
		return wrong("", "-up and -down exclude each other")
	case want.count > 0 && len(want.of) > 0:
		return wrong("", "-nodes and -of exclude each other")
	case (args.Has("up") || args.Has("down")) && len(want.of) == 0:
		return wrong("write '-of NODE -down'", "-up and -down are about the nodes of -of")
	}
	if args.Has("timeout") {
		if timeout, err = time.ParseDuration(args.Value("timeout")); err != nil || timeout <= 0 {
			return wrong("write '-timeout 30s'", "-timeout takes a time, not %q", args.Value("timeout"))
		}
	}
	return want, timeout, nil
}

// met reports whether a status is what is waited for, and how things are, in words.
func (a awaited) met(s control.Status) (bool, string) {
	up := map[nodeid.Name]bool{s.Node: true}
	visible := 0
	for _, p := range s.Peers {
		if linked(p) {
			up[p.Node] = true
			if !p.Hidden {
				visible++
			}
		}
	}
	if a.count > 0 {
		return visible >= a.count, fmt.Sprintf("%d of %d nodes up", visible, a.count)
	}
	if a.of == nil {
		return len(s.Sync.Missing) == 0, s.Sync.Text
	}
	unlike := slices.DeleteFunc(slices.Clone(a.of), func(n nodeid.Name) bool { return up[n] != a.down })
	return len(unlike) == 0, tellOf(unlike, map[bool]string{true: "up", false: "down"}[a.down])
}

// tellOf is which nodes are in a state: "b@h, c@h are up".
func tellOf(nodes []nodeid.Name, state string) string {
	verb := "are"
	if len(nodes) == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%s %s %s", joinNames(nodes), verb, state)
}

// errWaited tells that the time is over.
var errWaited = errors.New("waited")

// waiter waits at one daemon, or the next one of its node.
type waiter struct {
	want    awaited
	began   time.Time
	timeout time.Duration // 0: none
	news    chan string   // how things are now, for text

	said string // owned by who calls text, and last after that
}

// run waits until it is met; errWaited tells that it was not in time. Each event is a
// reason to look, and so is a second without one: a reload changes the lists.
func (t *waiter) run(ctx context.Context, w *world, daemon *control.Client) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if t.timeout > 0 {
		timer := time.AfterFunc(t.timeout, func() { end(errWaited) })
		defer timer.Stop()
	}
	for told := false; ; {
		err := t.watch(ctx, daemon)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errMet):
			return nil
		case !hasEnded(err):
			return err
		case !told:
			tellEnded(w, daemon)
		}
		if daemon, err = back(ctx, w, daemon); err != nil {
			return context.Cause(ctx)
		}
		told = true
	}
}

// errMet ends a watch.
var errMet = errors.New("met")

// watch looks at each event of a daemon until it has ended.
func (t *waiter) watch(ctx context.Context, daemon *control.Client) error {
	look := func() error {
		status, err := daemon.Status(ctx)
		if err != nil {
			return err
		}
		met, how := t.want.met(status)
		if met {
			return errMet
		}
		select {
		case <-t.news:
		default:
		}
		t.news <- how
		return nil
	}
	for {
		if err := look(); err != nil {
			return err
		}
		second, cancel := context.WithTimeout(ctx, time.Second)
		err := daemon.Events(second, eventstream.Query{Follow: true}, func(eventstream.Message) error { return look() })
		over := second.Err() != nil
		cancel()
		if err == nil || !over || ctx.Err() != nil {
			return err
		}
	}
}

// last is how things were at the last look, "" before the first.
func (t *waiter) last() string {
	select {
	case t.said = <-t.news:
	default:
	}
	return t.said
}

// text is the progress: "1 of 3 nodes up, 3.2 s left".
func (t *waiter) text() string {
	text := t.last()
	if text != "" && t.timeout > 0 {
		text += ", " + leftText(t.timeout-time.Since(t.began))
	}
	return text
}

// leftText is how much time is left, as in "3.2 s left".
func leftText(d time.Duration) string { return fmt.Sprintf("%.1f s left", max(0, d.Seconds())) }
