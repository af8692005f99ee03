package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/daemon/control"
	"interconnectd/daemon/statuspage"
	"interconnectd/observer"
	"interconnectd/observer/metrics"
	"interconnectd/syncnodes"
)

// leaveWithin bounds the whole way out. It takes half a second when peers do
// not answer our goodbye.
const leaveWithin = 5 * time.Second

// daemon is one run of the daemon.
type daemon struct {
	// immutable
	input  configs.Input   // what the configuration was read of
	cfg    *configs.Config // what it started with
	logs   *logs
	log    hclog.Logger // of all, the root
	dir    string       // of the control socket
	getenv func(string) string
	wishes wishes

	syncing *syncing // what a terminal shows

	// set on the way in, in this order
	notify   *notifier
	socket   *control.Socket
	node     *syncnodes.Node
	metrics  *metrics.Metrics // nil where nobody can ask
	observer *observer.Observer
	page     *statuspage.Server // nil where it is off
	server   *control.Server

	tasks sync.WaitGroup // the goroutines of the observer, the server, the notifier
}

// run lives until ctx ends, somebody asks to stop, or it can go on no longer;
// the error is why. Then it leaves.
func (d *daemon) run(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	err := d.start(ctx, end)
	if err == nil {
		err = d.stay(ctx)
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause // and whatever else failed, failed for it
	}
	if reason, ok := err.(orderly); ok {
		d.log.Info("leaving", "cause", reason)
		err = nil
	}
	return errors.Join(err, d.leave())
}

// start starts the node and all that serves it.
func (d *daemon) start(ctx context.Context, end context.CancelCauseFunc) error {
	d.notify = newNotifier(d.log)
	d.tasks.Go(d.notify.run)
	// Before the node: who has the socket has the name on this host, and a
	// second daemon must not disturb the cluster to find that out.
	socket, err := control.Take(ctx, d.dir, d.cfg.Name)
	if err != nil {
		return err
	}
	d.socket = socket
	opts := optionsOf(d.cfg, d.log.Named("node"), d.progress)
	opts.Beat, opts.BeatEvery = d.notify.watchdog()
	node, err := syncnodes.Start(ctx, opts)
	if err != nil {
		return err
	}
	d.node = node
	if err := d.observe(ctx); err != nil {
		return fmt.Errorf("observing: %w", err)
	}
	again := newReloader(d)
	d.tasks.Go(func() { again.onHangup(ctx, d.wishes.reload) })
	d.tasks.Go(d.reopenLog)
	service := control.Daemon{
		Stop: func() { end(asked) }, Reload: again.asked, Dump: d.dump,
		Journal: d.observer.Journal(), Observed: d.observer.Observed,
	}
	if err := d.startHTTP(ctx, end); err != nil {
		return err
	}
	d.server = control.NewServer(node, service, d.log.Named("control"))
	d.tasks.Go(d.dumpOnSignal)
	d.tasks.Go(func() {
		if err := d.server.Serve(d.socket); err != nil {
			end(err)
		}
	})
	return nil
}

// progress tells of the sync. The node's loop calls it.
func (d *daemon) progress(p syncnodes.Progress) {
	d.notify.progress(p)
	d.syncing.progress(p)
}

// reopenLog opens the log file anew when that is asked for, until the node has ended.
func (d *daemon) reopenLog() {
	for {
		select {
		case <-d.wishes.reopen:
			d.logs.reopen()
		case <-d.node.Done():
			return
		}
	}
}

// dumpOnSignal writes the state to the log when that is asked for, until the node has
// ended.
func (d *daemon) dumpOnSignal() {
	for {
		select {
		case <-d.wishes.dump:
			if status, err := d.server.Status(context.Background()); err == nil {
				d.dump(status)
			}
		case <-d.node.Done():
			return
		}
	}
}

// dump writes a status to the log, a line for each of its own.
func (d *daemon) dump(status control.Status) {
	log := d.log.Named("dump")
	for line := range strings.Lines(statusText(status, time.Now())) {
		log.Info(strings.TrimSuffix(line, "\n"))
	}
}

// startHTTP answers on http.listen, where that is set.
func (d *daemon) startHTTP(ctx context.Context, end context.CancelCauseFunc) error {
	if d.cfg.HTTP == "" {
		return nil
	}
	page, err := statuspage.Listen(ctx, statuspage.Options{
		Addr: d.cfg.HTTP, Node: d.node, Events: d.observer.Journal(), Metrics: d.metrics.Handler(), Observed: d.observer.Observed, Log: d.log.Named("http"),
	})
	if err != nil {
		return err
	}
	d.page = page
	d.log.Info("answering over HTTP", "listen", page.Addr())
	d.tasks.Go(func() {
		if err := page.Serve(); err != nil {
			end(err)
		}
	})
	return nil
}

// stay waits for the sync, tells that the daemon is ready, and waits for the end.
func (d *daemon) stay(ctx context.Context) error {
	err := d.node.Sync(ctx)
	if err == nil {
		err = d.ready(ctx)
	}
	if err == nil {
		select {
		case <-ctx.Done():
		case <-d.node.Done():
		}
	}
	if d.node.Err() != nil {
		return d.node.Err()
	}
	return err
}

func (d *daemon) ready(ctx context.Context) error {
	status, err := d.node.Status(ctx)
	if err != nil {
		return err
	}
	if status.Sync.Of == 0 {
		d.log.Info("ready: no nodes to wait for")
	} else {
		d.log.Info("ready: " + status.Sync.String())
	}
	d.notify.ready()
	return nil
}

// leave says goodbye to the cluster and ends what start began. The server goes
// after the node, since a request to stop is answered when the node has left;
// the socket goes last, for it is the hold on the name.
func (d *daemon) leave() error {
	d.notify.stopping()
	d.syncing.over()
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	var errs []error
	if d.node != nil {
		errs = append(errs, within(ctx, "leaving the cluster", func() { _ = d.node.Close() })) // Err was asked
	}
	d.notify.close()
	if d.page != nil {
		errs = append(errs, within(ctx, "ending the page", func() { _ = d.page.Close() })) // who looked is gone
	}
	if d.server != nil {
		errs = append(errs, d.server.Shutdown(ctx))
	}
	errs = append(errs, within(ctx, "ending the tasks", d.tasks.Wait))
	if d.socket != nil {
		errs = append(errs, d.socket.Close())
	}
	return errors.Join(errs...)
}

// within waits for f, until ctx ends.
func within(ctx context.Context, what string, f func()) error {
	done := make(chan struct{})
	go func() {
		f()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
}
