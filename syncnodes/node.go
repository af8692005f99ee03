package syncnodes

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/membership"
)

// ErrClosed is what methods of a node answer that has ended.
var ErrClosed = errors.New("the node has ended")

// ErrNodeUp is what Forget answers of a node that is there.
var ErrNodeUp = errors.New("nodeup: the node is up")

// NameInUseError tells that another live node holds the name.
type NameInUseError struct{ Name nodeid.Name }

// Error has the words of OTP's net_kernel.
func (e *NameInUseError) Error() string {
	return fmt.Sprintf("the name %s seems to be in use by another node", e.Name)
}

// Node is a running node. The zero value is not usable: see Start.
type Node struct {
	// immutable
	name      nodeid.Name
	inc       nodeid.Incarnation
	hidden    bool
	log       hclog.Logger
	processes *processes
	monitors  *monitors
	inbox     chan func(*loop)
	leave     chan struct{} // closed by Close
	ended     chan struct{} // closed when the loop has ended

	leaveOnce sync.Once
	err       error // why the loop ended, readable after ended
}

// Self is the node's name.
func (n *Node) Self() nodeid.Name { return n.name }

// Incarnation tells this start of the node from others.
func (n *Node) Incarnation() nodeid.Incarnation { return n.inc }

// Hidden reports whether the node was started as a hidden one.
func (n *Node) Hidden() bool { return n.hidden }

// Done is closed when the node has ended; Err tells why.
func (n *Node) Done() <-chan struct{} { return n.ended }

// Err is nil while the node runs and after Close, a *NameInUseError when the
// node gave its name to another holder, and an error that wraps
// bus.ErrConnClosed when the connection of Bus.Conn was closed under it. Close
// returns the same.
func (n *Node) Err() error {
	select {
	case <-n.ended:
		return n.err
	default:
		return nil
	}
}

// Close says goodbye to all peers, for half a second at most, and leaves the
// bus. It is idempotent and returns when all goroutines have ended.
func (n *Node) Close() error {
	n.leaveOnce.Do(func() { close(n.leave) })
	<-n.ended
	n.processes.close()
	return n.err
}

// do runs f on the loop and waits until it ran. Where the loop has not come to it
// when ctx is over, f is not run: it may write what its caller reads.
func (n *Node) do(ctx context.Context, f func(*loop)) error {
	ran := make(chan struct{})
	var taken atomic.Bool // by the loop, or by who gives up
	job := func(l *loop) {
		if taken.CompareAndSwap(false, true) {
			f(l)
			close(ran)
		}
	}
	select {
	case n.inbox <- job:
	case <-n.ended:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-ran:
		return nil
	case <-n.ended:
		return ErrClosed
	case <-ctx.Done():
		if taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
	}
	<-ran // f is under way, and does not wait
	return nil
}

// post hands f to the loop and does not wait until it ran. It is not run when
// the node has ended, or ctx has: the loop, when it ends, waits for its helpers,
// and they must not wait for it.
func (n *Node) post(ctx context.Context, f func(*loop)) {
	select {
	case n.inbox <- f:
	case <-n.ended:
	case <-ctx.Done():
	}
}

// await runs begin on the loop, unless ctx ends before, which gives the answer, at once
// or later, to the function it gets, once. Await waits for it.
func await[T any](ctx context.Context, n *Node, begin func(l *loop, answer func(T))) (T, error) {
	var zero T
	answers := make(chan T, 1)
	n.post(ctx, func(l *loop) {
		if ctx.Err() == nil {
			begin(l, func(v T) { answers <- v })
		}
	})
	select {
	case v := <-answers:
		return v, nil
	case <-n.ended:
		return zero, ErrClosed
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

// Connect connects to a node, as net_kernel:connect_node/1 does: true when it
// is connected, or is this node. It ends what Disconnect began. A context
// bounds it further than net_setuptime does.
func (n *Node) Connect(ctx context.Context, name nodeid.Name) (bool, error) {
	if name == n.name {
		return true, nil
	}
	return await(ctx, n, func(l *loop, answer func(bool)) { l.connect(name, (*membership.Core).Connect, answer) })
}

// reach connects for a ping or a call, where Options.AutoConnect allows it.
func (n *Node) reach(ctx context.Context, name nodeid.Name) (bool, error) {
	return await(ctx, n, func(l *loop, answer func(bool)) { l.connect(name, (*membership.Core).Reach, answer) })
}

// Disconnect ends the connection to a node, as erlang:disconnect_node/1 does:
// true when there was one. Neither side connects again by itself until
// Connect, Ping or Call names the other, or one of the two restarts; but nothing keeps a
// node of Erlang's from dialling as soon as it has something to say.
func (n *Node) Disconnect(ctx context.Context, name nodeid.Name) (bool, error) {
	return await(ctx, n, func(l *loop, answer func(bool)) { l.disconnect(name, answer) })
}

// Forget drops a node that is down from those that Status tells of, as if it had
// never been seen: true when there was one. What Disconnect began ends by it, and
// so does what dist_auto_connect once keeps apart; a node of the sync lists stays
// one. The error is ErrNodeUp where the node is connected, or is this node.
func (n *Node) Forget(ctx context.Context, name nodeid.Name) (bool, error) {
	if name == n.name {
		return false, ErrNodeUp
	}
	var forgotten, up bool
	err := n.do(ctx, func(l *loop) { forgotten, up = l.core.Forget(name, l.now()) })
	if err == nil && up {
		err = ErrNodeUp
	}
	return forgotten, err
}

// Ping connects to a node, if need be and Options.AutoConnect allows it, and asks it for a sign of life, as
// net_adm:ping/1 does: ok is its pong or pang, which comes when net_setuptime
// has passed without an answer. The round trip is 0 for this node itself.
func (n *Node) Ping(ctx context.Context, name nodeid.Name) (roundTrip time.Duration, ok bool, err error) {
	if name == n.name {
		return 0, true, nil
	}
	if ok, err = n.reach(ctx, name); !ok || err != nil {
		return 0, false, err
	}
	var p *pinger
	answer, err := await(ctx, n, func(l *loop, answer func(pong)) { p = l.ping(name, answer) })
	if err != nil {
		n.post(context.Background(), func(l *loop) { l.waiting.forget(p) })
		return 0, false, err
	}
	return answer.roundTrip, answer.ok, nil
}

// Nodes are the visible nodes that are connected, sorted: erlang:nodes/0.
func (n *Node) Nodes(ctx context.Context) ([]nodeid.Name, error) {
	var names []nodeid.Name
	err := n.do(ctx, func(l *loop) {
		for _, p := range l.core.Peers() {
			if p.State.Linked() && !p.Hidden {
				names = append(names, p.Node)
			}
		}
	})
	return names, err
}

// Names asks all who are on the bus for their names, connected or not, and
// gives those that answer within wait, sorted. Nothing vouches for them.
func (n *Node) Names(ctx context.Context, wait time.Duration) ([]nodeid.Name, error) {
	return await(ctx, n, func(l *loop, answer func([]nodeid.Name)) { l.askNames(wait, answer) })
}

// Publish sends an event to whoever listens on the bus, on the subject
// interconnect.1.<cluster>.e.<node>: in clear, so that everybody on the bus can read
// it, and anybody forge one. The error is that of a bus that is lost, or closed.
func (n *Node) Publish(ctx context.Context, event []byte) error {
	var result error
	if err := n.do(ctx, func(l *loop) { result = l.conn.Publish(event) }); err != nil {
		return err
	}
	return result
}

// Cookie is the node's own cookie. It is a secret.
func (n *Node) Cookie(ctx context.Context) (string, error) {
	var cookie string
	err := n.do(ctx, func(l *loop) { cookie = l.cookie })
	return cookie, err
}

// SetCookie changes a cookie for connections that begin from now on, as
// erlang:set_cookie does: the node's own, or, where node is another's name, the
// one for connections with that node. Live connections stay.
func (n *Node) SetCookie(ctx context.Context, node nodeid.Name, cookie string) error {
	if cookie == "" {
		return errors.New("no cookie")
	}
	key := laterKey(cookie)
	return n.do(ctx, func(l *loop) {
		if node == "" || node == n.name {
			l.setCookie(cookie, key)
		} else {
			l.setNodeCookie(node, cookie, key)
		}
		l.setErlangCookies()
		l.conn.SetRouteSecrets(l.keys.routeSecrets())
	})
}

// Peer is what status tells of another node.
type Peer = membership.PeerStatus

// State is what a node thinks of another.
type State = membership.State
