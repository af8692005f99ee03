package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
)

// ErrConnClosed is why a bus on a connection of the program is gone: nobody can
// open that connection again.
var ErrConnClosed = errors.New("the program's NATS connection is closed")

// errNotConnected is why such a bus is lost. The reason is told to the program's
// own handlers only.
var errNotConnected = errors.New("the program's NATS connection is not connected")

// lent is what the program lends: its connection, which is never closed, drained
// or given other handlers here. Its state comes from a status listener. What the
// server refuses is seen in its last error.
type lent struct {
	// immutable
	status chan nats.Status // the listener; closed when it is removed

	// owned by watchLent
	linked     bool
	reconnects uint64 // of the connection, when it was last looked at

	// owned by the keeper
	denied string // what was told last
}

// openLent joins the bus through a connection that the program owns. Disconnect
// advisories are left out: they come to names that the program chose, and a
// server that refuses them would tell the program's error handler.
func openLent(_ context.Context, cfg Config) (Conn, error) {
	nc := cfg.Conn
	switch {
	case nc.IsClosed():
		return nil, ErrConnClosed
	case nc.IsDraining():
		return nil, errors.New("the program's NATS connection is being drained")
	case nc.Opts.NoEcho:
		return nil, errors.New("the program's NATS connection has the option nats.NoEcho: a node must hear its own echo, connect without it")
	}
	c := newClient(cfg, External)
	c.periodic = true
	// A change of state before the first look is looked at twice.
	c.lent = &lent{status: nc.StatusChanged(
		nats.CONNECTED, nats.CONNECTING, nats.RECONNECTING, nats.DISCONNECTED,
		nats.DRAINING_SUBS, nats.DRAINING_PUBS, nats.CLOSED,
	)}
	if err := c.attach(nc); err != nil {
		c.shut()
		return nil, err
	}
	c.running.Go(c.watchLent)
	return c, nil
}

// watchLent follows the connection until the listener is removed.
//
// The channel has room for ten, and what comes to a full one is lost. So a look
// at the connection itself follows whenever the channel is empty: a change after
// that look finds room. The look may wait while the client dials with its lock
// held; what the channel says needs no lock.
func (c *client) watchLent() {
	c.lookAtLent()
	for status := range c.lent.status {
		if status != nats.CONNECTED {
			c.lentDropped()
		}
		if len(c.lent.status) == 0 {
			c.lookAtLent()
		}
	}
}

func (c *client) lookAtLent() {
	// In this order: what happens between the two is told by the listener.
	reconnects := c.nc.Stats().Reconnects
	status := c.nc.Status()
	if status != nats.CONNECTED || reconnects != c.lent.reconnects {
		c.lentDropped()
	}
	c.lent.reconnects = reconnects
	switch status {
	case nats.CONNECTED:
		if !c.lent.linked {
			c.lent.linked = true
			c.linked()
		}
	case nats.CLOSED, nats.DRAINING_SUBS, nats.DRAINING_PUBS:
		c.lentGone(closedBecause(c.nc.LastError()))
	}
}

// lentDropped shuts the way for sends at once. A client that buffers would keep
// what is sent from here on, and send it when it is stale.
func (c *client) lentDropped() {
	if !c.lent.linked {
		return
	}
	c.lent.linked = false
	c.up.Store(false)
	c.unlinked(errNotConnected)
}

func (c *client) lentGone(err error) {
	c.link.mu.Lock()
	c.link.gone = err
	c.link.mu.Unlock()
	c.poked()
}

// closedBecause tells why a connection was closed, where its last error is the
// reason and not a former one.
func closedBecause(last error) error {
	for _, reason := range []error{nats.ErrNoServers, nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired} {
		if errors.Is(last, reason) {
			return fmt.Errorf("%w: %w", ErrConnClosed, last)
		}
	}
	return ErrConnClosed
}

// lookAtDenials tells of a subject of ours that the server does not let the
// connection use. Nothing but the last error has it: the error handler is the
// program's.
func (c *client) lookAtDenials() {
	err := c.nc.LastError()
	if !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), c.subj.prefix) || err.Error() == c.lent.denied {
		return
	}
	c.lent.denied = err.Error()
	c.worries.denied(err)
}

// giveBack leaves nothing of ours on the connection. Where the client dials it
// waits for that.
func (c *client) giveBack() {
	for _, sub := range c.subs {
		_ = sub.Unsubscribe() // the connection may be closed
	}
	c.nc.RemoveStatusListener(c.lent.status)
}
