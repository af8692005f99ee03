package syncnodes

import (
	"context"
	"sync"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/membership"
)

// Event tells that a node came up or went down. Its fields follow what
// net_kernel:monitor_nodes/2 gives with node_type and nodedown_reason.
type Event struct {
	Up          bool // nodeup; else nodedown
	Node        nodeid.Name
	Incarnation nodeid.Incarnation
	Hidden      bool          // the connection is a hidden one: node_type
	Erlang      bool          // and one of Erlang's distribution: see Options.Erlang
	Before      State         // of the node, as this one saw it
	After       State         // Up, or Down
	Reason      string        // of a nodedown, with MonitorOptions.NodedownReason: an atom of OTP's
	Detail      string        // likewise: our own words, may be empty
	UpFor       time.Duration // of a nodedown
	Time        time.Time     // wall time of the change
	Monotonic   time.Duration // since the host was started, suspended or not
}

// NodeType says which nodes a monitor tells of: node_type of
// net_kernel:monitor_nodes/2.
type NodeType int

// The values of NodeType.
const (
	VisibleNodes NodeType = iota // what there is without the option, as in OTP
	HiddenNodes
	AllNodes
)

// has reports whether a connection is of the type.
func (t NodeType) has(hidden bool) bool {
	return t == AllNodes || hidden == (t == HiddenNodes)
}

// MonitorOptions are those of net_kernel:monitor_nodes/2. The zero value is what
// monitor_nodes/1 does: visible nodes, and no word why one went down.
type MonitorOptions struct {
	NodeType       NodeType
	NodedownReason bool
}

// Monitor gets the events of a node. Nothing is lost between: what is not yet
// taken is kept.
type Monitor struct {
	opts MonitorOptions

	mu     sync.Mutex
	queue  []Event
	closed bool
	wake   chan struct{} // has room for one: there is something new
	owner  *monitors
}

// Next is the next event. It waits for one; the error is the context's, or
// ErrClosed when the monitor or the node has ended and all events are taken.
// One goroutine at a time calls it.
func (m *Monitor) Next(ctx context.Context) (Event, error) {
	for {
		m.mu.Lock()
		if len(m.queue) > 0 {
			e := m.queue[0]
			m.queue = m.queue[1:]
			m.mu.Unlock()
			return e, nil
		}
		closed := m.closed
		m.mu.Unlock()
		if closed {
			return Event{}, ErrClosed
		}
		select {
		case <-m.wake:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// Close ends the monitor; events not taken yet can still be taken.
func (m *Monitor) Close() {
	m.owner.remove(m)
	m.end()
}

func (m *Monitor) end() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.signal()
}

// add keeps an event of the monitor's type for Next.
func (m *Monitor) add(e Event) {
	if !m.opts.NodeType.has(e.Hidden) {
		return
	}
	if !m.opts.NodedownReason {
		e.Reason, e.Detail = "", ""
	}
	m.mu.Lock()
	m.queue = append(m.queue, e)
	m.mu.Unlock()
	m.signal()
}

func (m *Monitor) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Monitor subscribes to the events of the node, as net_kernel:monitor_nodes/2
// does; the package's documentation has the order that is promised. Unlike OTP's it
// begins with a nodeup for each node that is up now, so that nothing is missed
// between Start and here. Each monitor is one more subscription, with options and
// events of its own.
func (n *Node) Monitor(ctx context.Context, opts MonitorOptions) (*Monitor, error) {
	m := &Monitor{opts: opts, wake: make(chan struct{}, 1), owner: n.monitors}
	err := n.do(ctx, func(l *loop) {
		for _, p := range l.core.Peers() {
			if p.State.Linked() {
				m.add(Event{
					Up: true, Node: p.Node, Incarnation: p.Incarnation, Hidden: p.Hidden, Erlang: p.Erlang,
					Before: membership.Idle, After: membership.Up, Time: time.Now().Add(p.Since - l.now()), Monotonic: p.Since,
				})
			}
		}
		n.monitors.insert(m) // on the loop, which closes them all when it ends
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// monitors are those of one node.
type monitors struct {
	mu  sync.Mutex
	all map[*Monitor]struct{}
}

func (ms *monitors) insert(m *Monitor) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	ms.all[m] = struct{}{}
}

func (ms *monitors) remove(m *Monitor) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	delete(ms.all, m)
}

func (ms *monitors) tell(e Event) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for m := range ms.all {
		m.add(e)
	}
}

func (ms *monitors) close() {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for m := range ms.all {
		m.end()
		delete(ms.all, m)
	}
}
