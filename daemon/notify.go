package main

import (
	"sync"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/hashicorp/go-hclog"

	"interconnectd/syncnodes"
)

// notifier tells systemd how the daemon is. What it is told by the node's loop
// must not wait, and systemd's socket may be full: run does the waiting.
type notifier struct {
	log    hclog.Logger
	status chan string   // the latest status that was not sent yet
	beats  chan struct{} // a beat that was not sent yet; never closed

	// mu keeps what changes the phase in order, on the way to systemd too.
	mu    sync.Mutex
	phase phase
}

// phase is what systemd was told last.
type phase int

const (
	starting phase = iota
	running
	leaving
)

func newNotifier(log hclog.Logger) *notifier {
	return &notifier{log: log, status: make(chan string, 1), beats: make(chan struct{}, 1)}
}

// progress takes the place of a status that was not sent yet. One goroutine
// at a time calls it, and none after close.
func (n *notifier) progress(p syncnodes.Progress) {
	select {
	case <-n.status:
	default:
	}
	n.status <- p.String()
}

// watchdog is what the node's loop is to call, and how often, where systemd wants
// signs of life (WatchdogSec=); nil where it does not, or wants them of another
// process than this one.
//
// The loop itself gives them, and not a goroutine that has nothing else to do: it
// is the loop that sees nodes come and go, and where it is stuck the daemon is worth
// nothing, however well the rest goes on. The loop beats during the sync, a reload
// and the goodbye as ever, for none of them makes it wait. Three beats to a
// deadline: two may come late on a busy host.
func (n *notifier) watchdog() (beat func(), every time.Duration) {
	within, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		n.log.Warn("systemd's watchdog gets no signs of life", "error", err)
	}
	if within == 0 {
		return nil, 0
	}
	return func() {
		select {
		case n.beats <- struct{}{}:
		default: // one is on its way
		}
	}, within / 3
}

// run sends what progress and beats tell, until close.
func (n *notifier) run() {
	for {
		select {
		case status, ok := <-n.status:
			if !ok {
				return
			}
			n.send("STATUS=" + status)
		case <-n.beats:
			n.send(systemd.SdNotifyWatchdog)
		}
	}
}

func (n *notifier) close() { close(n.status) }

// ready tells that the daemon is ready.
func (n *notifier) ready() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.phase = running
	n.send("READY=1")
}

// stopping tells that the daemon leaves; what a reload has to tell then is not
// told any more.
func (n *notifier) stopping() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.phase = leaving
	n.send("STOPPING=1")
}

// reloading tells that a reload has begun, and done that it is over, as
// Type=notify-reload wants it. A daemon that is not ready must not say that it
// is: nothing is told then.
func (n *notifier) reloading() (done func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.phase != running {
		return func() {}
	}
	n.send("RELOADING=1\n" + systemd.SdNotifyMonotonicUsec())
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.phase == running {
			n.send("READY=1")
		}
	}
}

// send does nothing where systemd did not start us.
func (n *notifier) send(state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		n.log.Warn("telling systemd", "error", err)
	}
}
