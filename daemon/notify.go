package main

import (
	"sync"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/hashicorp/go-hclog"

	"interconnectd/syncnodes"
)

// notifier tells systemd how the daemon is. What it is told by the node's loop
// must not wait, and systemd's socket may be full: run does the waiting.
type notifier struct {
	log    hclog.Logger
	status chan string // the latest status that was not sent yet

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
	return &notifier{log: log, status: make(chan string, 1)}
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

// run sends what progress was told, until close.
func (n *notifier) run() {
	for status := range n.status {
		n.send("STATUS=" + status)
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
