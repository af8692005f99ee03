package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/observer"
	"interconnectd/observer/journal"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/session"
)

// reloader reads the configuration again for a daemon that runs. All that can
// fail is done before anything changes.
type reloader struct {
	// immutable
	input    configs.Input
	getenv   func(string) string
	logs     *logs
	log      hclog.Logger
	node     *syncnodes.Node
	observer *observer.Observer
	notify   *notifier
	turn     chan struct{} // has room for one: who reloads just now

	running *configs.Config // what the daemon goes by; for who has the turn
}

// newReloader is for a daemon whose node and observer are there.
func newReloader(d *daemon) *reloader {
	return &reloader{
		input: d.input, getenv: d.getenv, running: d.cfg, node: d.node, observer: d.observer, notify: d.notify,
		logs: d.logs, log: d.log.Named("reload"), turn: make(chan struct{}, 1),
	}
}

// applyWithin is what a reload may take once it knows what to change.
const applyWithin = 30 * time.Second

// errWrong: the configuration is wrong, and nothing has changed.
var errWrong = errors.New("nothing was reloaded: the configuration is wrong")

// outcome is what became of a reload.
type outcome struct {
	problems    configs.Problems // warnings; with errWrong errors too
	differences []configs.Difference
}

// reload reloads, after those that began before. Where the error is errWrong the
// outcome has the reasons.
func (r *reloader) reload(ctx context.Context) (outcome, error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return outcome{}, fmt.Errorf("reloading: %w", ctx.Err())
	}
	defer r.notify.reloading()()
	read, problems := configs.Reload(r.input, r.node.Self())
	if problems.Err() != nil {
		return outcome{problems: problems}, errWrong
	}
	next, differences := configs.Compare(r.running, read, session.Fingerprint)
	// From here on it is done to the end, whoever has asked for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyWithin)
	defer cancel()
	log, err := r.logs.prepare(next)
	if err != nil {
		return refused(next, "log.file", err)
	}
	switch err := r.observer.Reconfigure(ctx, settingsOf(next, r.getenv)); {
	case errors.Is(err, journal.ErrClosed):
		log.drop()
		return outcome{}, syncnodes.ErrClosed
	case err != nil:
		log.drop()
		return refused(next, "journal.path", err)
	}
	if err := r.node.Reconfigure(ctx, changeOf(r.running, next)); err != nil {
		log.drop()
		return outcome{}, fmt.Errorf("reloading: %w", err)
	}
	log.apply()
	// Of a change of the level both levels tell.
	r.logs.setLevel(min(r.running.LogLevel, next.LogLevel))
	logProblems(r.log, problems)
	logDifferences(r.log, differences)
	r.logs.setLevel(next.LogLevel)
	r.running = next
	return outcome{problems, differences}, nil
}

// refused is a reload that failed for a setting that the system does not let be.
func refused(cfg *configs.Config, name string, err error) (outcome, error) {
	return outcome{problems: configs.Problems{{Severity: configs.Error, Origin: cfg.Origin(name), Msg: name + ": " + err.Error()}}}, errWrong
}

// changeOf is what a running node is to take. A cookie that somebody set
// meanwhile stays, unless the configured one is another than it was.
func changeOf(running, next *configs.Config) syncnodes.Change {
	o := optionsOf(next, nil, nil)
	change := syncnodes.Change{
		Sync: o.Sync, Detector: o.Detector, SetupTime: o.SetupTime, AutoConnect: o.AutoConnect,
		AlsoAccept:  o.AlsoAccept,
		NodeCookies: changedNodeCookies(running.NodeCookies, next.NodeCookies),
	}
	if !next.Cookie.Equal(running.Cookie) {
		change.Cookie = o.Cookie
	}
	return change
}

// changedNodeCookies are those that came or changed, and "" for those that went.
func changedNodeCookies(running, next []configs.NodeCookie) map[nodeid.Name]string {
	changed := make(map[nodeid.Name]string)
	for _, c := range running {
		changed[c.Node] = ""
	}
	for _, c := range next {
		changed[c.Node] = c.Cookie.Reveal()
	}
	for _, c := range running {
		if changed[c.Node] == c.Cookie.Reveal() {
			delete(changed, c.Node)
		}
	}
	return changed
}

func logDifferences(log hclog.Logger, differences []configs.Difference) {
	if len(differences) == 0 {
		log.Info("nothing differs")
	}
	for _, d := range differences {
		if d.Restart {
			log.Warn(d.Name+": needs a restart", "change", d.Change)
		} else {
			log.Info(d.String())
		}
	}
}

// asked reloads for a client, which gets the answer; the log gets a line.
func (r *reloader) asked(ctx context.Context) (control.Reload, error) {
	did, err := r.reload(ctx)
	if err != nil {
		r.log.Warn(err.Error())
	}
	if errors.Is(err, errWrong) {
		err = &control.Error{Kind: control.Config, Message: err.Error(), Problems: control.ProblemsOf(did.problems)}
	}
	answer := control.Reload{Differences: []control.Difference{}, Warnings: control.ProblemsOf(did.problems)}
	for _, d := range did.differences {
		answer.Differences = append(answer.Differences, control.Difference{Name: d.Name, Change: d.Change, Restart: d.Restart, Text: d.String()})
	}
	return answer, err
}

// onHangup reloads at each HUP, until the node has ended or ctx has. Nobody
// but the log is there to be told what is wrong.
func (r *reloader) onHangup(ctx context.Context, hangups <-chan os.Signal) {
	for {
		select {
		case <-hangups:
			r.hangup(ctx)
		case <-ctx.Done():
			return
		case <-r.node.Done():
			return
		}
	}
}

func (r *reloader) hangup(ctx context.Context) {
	if ctx.Err() != nil {
		return // it is leaving
	}
	did, err := r.reload(ctx)
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, syncnodes.ErrClosed):
	default:
		r.log.Error(err.Error())
		logProblems(r.log, did.problems)
	}
}

const reloadAbout = `Reads the same flags, variables and files as the start did, as HUP lets the daemon do, and
prints what differs, and what of that needs a restart. No connection ends by it. Where
something is wrong nothing changes, all problems are told, and the exit code is 78.

Text has the problems on standard error, and on standard output a line for each difference.
JSON and YAML have all on standard output:

  ok           whether the daemon has taken what was read
  problems     as check prints them
  differences  each with name, change (in words), restart (whether it needs one),
               text (all that on a line)
`

// reloaded is what reload prints as JSON and YAML.
type reloaded struct {
	OK          bool                 `json:"ok"`
	Problems    []problem            `json:"problems"`
	Differences []control.Difference `json:"differences"`
}

func doReload(ctx context.Context, w *world, args *configs.Args) error {
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	answer, err := daemon.Reload(ctx)
	var wrong *control.Error
	if errors.As(err, &wrong) && wrong.Kind == control.Config {
		if err := showReload(w, args, control.Configs(wrong.Problems), nil); err != nil {
			return err
		}
		return silent(exitConfig)
	}
	if err != nil {
		return err
	}
	return showReload(w, args, control.Configs(answer.Warnings), answer.Differences)
}

// showReload prints what became of a reload; with errors among the problems
// there are no differences.
func showReload(w *world, args *configs.Args, problems configs.Problems, differences []control.Difference) error {
	r := reloaded{OK: problems.Err() == nil, Problems: problemsOf(problems), Differences: differences}
	if r.Differences == nil {
		r.Differences = []control.Difference{}
	}
	var text strings.Builder
	if r.OK && len(differences) == 0 {
		text.WriteString("nothing differs\n")
	}
	for _, d := range differences {
		text.WriteString(d.Text + "\n")
	}
	if format := args.Value("o"); format != "json" && format != "yaml" {
		if _, err := io.WriteString(w.stderr, problems.Render()); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return show(w, args, r, text.String())
}
