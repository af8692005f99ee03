package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/observer"
	"interconnectd/observer/journal"
	"interconnectd/observer/metrics"
	"interconnectd/syncnodes"
)

// settingsOf says to the observer what the configuration says.
func settingsOf(cfg *configs.Config, getenv func(string) string) observer.Settings {
	s := observer.Settings{JournalPath: cfg.Journal.Path, JournalKeep: cfg.Journal.Keep, Hooks: cfg.Hooks}
	switch {
	case cfg.Journal.Keep == 0:
		s.JournalPath, s.JournalKeep = "", journal.MemoryMost
	case s.JournalPath == "":
		s.JournalPath = defaultJournal(cfg.Name, getenv)
	}
	return s
}

// defaultJournal is NODE.db in the folder that is for what lasts: systemd's for the
// unit, root's, or the user's. Without any it is "".
func defaultJournal(node nodeid.Name, getenv func(string) string) string {
	// systemd separates several by colons.
	dir, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":")
	mode := os.FileMode(0o700)
	switch home, state := getenv("HOME"), getenv("XDG_STATE_HOME"); {
	case dir != "":
	case os.Geteuid() == 0:
		dir = "/var/lib/interconnect"
		mode = 0o755 // services have folders of theirs below it
	case filepath.IsAbs(state): // another makes no sense, the specification says
		dir = filepath.Join(state, "interconnect")
	case home != "":
		dir = filepath.Join(home, ".local", "state", "interconnect")
	default:
		return ""
	}
	_ = os.MkdirAll(dir, mode) // where that fails the journal tells
	return filepath.Join(dir, node.FileName()+".db")
}

// settleWithin is how long nodes may take to connect once the bus is there.
const settleWithin = 10 * time.Second

// settled waits until the sync is over, and the bus has been there for settleWithin.
// It gives the time on the clock of events.
func (d *daemon) settled(ctx context.Context) (time.Duration, error) {
	if err := d.node.Sync(ctx); err != nil {
		return 0, err
	}
	for since := time.Now(); ; {
		status, err := d.node.Status(ctx)
		switch {
		case err != nil:
			return 0, err
		case status.BusLost:
			since = time.Now()
		case time.Since(since) >= settleWithin:
			return status.Now, nil
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// observe starts the observer, which works until the node has ended.
func (d *daemon) observe(ctx context.Context) error {
	events, err := d.node.Monitor(ctx, syncnodes.MonitorOptions{NodeType: syncnodes.AllNodes, NodedownReason: true})
	if err != nil {
		return err
	}
	settings := settingsOf(d.cfg, d.getenv)
	if settings.JournalPath == "" && d.cfg.Journal.Keep > 0 {
		d.log.Warn("no folder for the journal: events are in memory only", "hint", "set journal.path")
	}
	opts := observer.Options{
		Log: d.log.Named("observer"), Events: events, Settings: settings,
		Self: d.node.Self(), Start: d.node.Incarnation(), Settled: d.settled,
	}
	if d.cfg.HTTP != "" {
		d.metrics = metrics.New(version(), d.node, func() metrics.Observed { return d.observer.Observed() }) // once it is there
		opts.Count = d.metrics.Count
	}
	if d.cfg.Bus.PublishEvents {
		opts.Publish = d.node.Publish
	}
	d.observer = observer.New(opts)
	d.tasks.Go(func() { d.observer.Run(context.WithoutCancel(ctx)) }) // until the node has ended
	return nil
}
