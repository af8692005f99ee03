package syncnodes

import (
	"context"
	"sync"
	"time"

	"interconnectd/configs/nodeid"
)

// Event tells that a node came up or went down. Its fields follow what
// net_kernel:monitor_nodes/2 gives with node_type and nodedown_reason.
type Event struct {
	Up          bool // nodeup; else nodedown
	Node        nodeid.Name
	Incarnation nodeid.Incarnation
	Hidden      bool
	Reason      string        // of a nodedown: an atom of OTP's
	Detail      string        // of a nodedown: our own words, may be empty
	UpFor       time.Duration // of a nodedown
	Time        time.Time     // wall time of the change
}

// Monitor gets the events of a node. Nothing is lost between: what is not yet
// taken is kept.
type Monitor struct {
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

func (m *Monitor) add(e Event) {
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

// Monitor subscribes to the events of the node. It begins with a nodeup for
// each node that is up now, so that nothing is missed between Start and here.
func (n *Node) Monitor(ctx context.Context) (*Monitor, error) {
	m := &Monitor{wake: make(chan struct{}, 1), owner: n.monitors}
	err := n.do(ctx, func(l *loop) {
		for _, p := range l.core.Peers() {
			if p.State.Linked() {
				m.add(Event{Up: true, Node: p.Node, Incarnation: p.Incarnation, Hidden: p.Hidden, Time: time.Now().Add(p.Since - l.clock())})
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
