package erldist

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"interconnectd/configs/epmd"
	"interconnectd/configs/nodeid"
)

var errSetupTime = errors.New("no end within net_setuptime")

// Dial connects with a node. It ends in Arrived or DialFailed, unless there is a
// connection: then it does nothing. One that is under way is not repeated.
func (e *Endpoint) Dial(name nodeid.Name) {
	e.tasks.start(func(ctx context.Context) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		if d := e.registry.beginDial(name, cancel); d != nil {
			e.dial(ctx, name, d)
		}
	})
}

// dial closes a connection only when the registry knows of its end: the other node may
// dial as soon as it sees that.
func (e *Endpoint) dial(ctx context.Context, name nodeid.Name, d *dialling) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	fail := func(err error) {
		e.registry.endDial(name, d, DialFailed{Name: name, Reason: reasonOf(ctx, err), Err: withCause(ctx, err)})
	}
	conn, err := e.reach(ctx, name, d)
	if err != nil {
		fail(err)
		return
	}
	alive := func() bool { return e.registry.isDialling(name, d) }
	peer, err := e.shake(ctx, conn, func(h *handshake) (Peer, error) { return h.dial(name, e.dialCookie(name), alive) })
	switch {
	case err == nil:
		if !e.registry.arrive(name, d, nil, func(emit func(Event)) *Conn { return e.connect(conn, peer, emit) }) {
			conn.Close()
		}
	case errors.Is(err, errSimultaneous):
		e.registry.refuseDial(name, d)
		conn.Close()
		<-ctx.Done() // when it comes in, too
		fail(err)
	default:
		fail(err)
		conn.Close()
	}
}

// reach finds a node and connects with it.
func (e *Endpoint) reach(ctx context.Context, name nodeid.Name, d *dialling) (net.Conn, error) {
	port, err := e.find(ctx, name)
	if err != nil {
		return nil, err
	}
	// Of TCP it has no delay and is kept alive, which are Go's defaults.
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(name.DialHost(), port))
	if err != nil {
		return nil, err
	}
	if !e.registry.nameDial(name, d) {
		conn.Close()
		return nil, errComes
	}
	return conn, nil
}

// find asks the port mapper of the node's host for its port.
func (e *Endpoint) find(ctx context.Context, name nodeid.Name) (port string, err error) {
	if !e.cfg.Allowed(name) {
		return "", &failure{NotAllowed, "we do not allow it", nil}
	}
	node, err := epmd.Lookup(ctx, epmd.AddrOf(name, e.cfg.Self, e.cfg.EPMD), name.Alive())
	switch {
	case err != nil:
		return "", err
	case node.Ours():
		return "", &failure{NoHolder, "an interconnectd has the name, and is met on the bus", nil}
	case node.Lowest > handshakeVersion || node.Highest < handshakeVersion:
		return "", unfit("it speaks the versions %d to %d of the distribution, and not %d", node.Lowest, node.Highest, handshakeVersion)
	}
	return strconv.Itoa(int(node.Port)), nil
}

// reasonOf sorts the error of a dial.
func reasonOf(ctx context.Context, err error) Reason {
	var f *failure
	switch {
	case errors.Is(err, errSetupTime), errors.Is(context.Cause(ctx), errSetupTime):
		return TimedOut
	case errors.As(err, &f):
		return f.reason
	}
	return NoHolder
}

// withCause says of an error that time was over, where that is its cause.
func withCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errSetupTime) && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}
