package erldist

import "sync"

// queueRoom is how many events wait for whoever drives the endpoint before connections
// wait with theirs.
const queueRoom = 256

// queue has the events that were not taken yet, in the order in which they were added.
// What happens to connections is added while the registry is locked: the events have
// the order of what they tell of.
type queue struct {
	ready chan struct{} // has room for one: there are events

	mu     sync.Mutex // guards what follows
	room   sync.Cond  // there is more of it, or the queue is closed
	events []Event
	closed bool
}

func newQueue() *queue {
	q := &queue{ready: make(chan struct{}, 1)}
	q.room.L = &q.mu
	return q
}

// add does not wait: it is for what each connection has but one of.
func (q *queue) add(ev Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addLocked(ev)
}

// offer drops what there is no room for: it is for what strangers cause.
func (q *queue) offer(ev Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) < queueRoom {
		q.addLocked(ev)
	}
}

// addWithRoom waits until there is room, or the queue is closed.
func (q *queue) addWithRoom(ev Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.events) >= queueRoom && !q.closed {
		q.room.Wait()
	}
	q.addLocked(ev)
}

func (q *queue) addLocked(ev Event) {
	if q.closed {
		return
	}
	q.events = append(q.events, ev)
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// next takes the oldest, where there is one.
func (q *queue) next() (Event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) == 0 {
		return nil, false
	}
	ev := q.events[0]
	q.events[0] = nil
	q.events = q.events[1:]
	q.room.Signal()
	return ev, true
}

// close drops what was not taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.events = nil
	q.room.Broadcast()
}
