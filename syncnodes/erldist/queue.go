package erldist

import "sync"

// queueRoom is how many events wait for whoever drives the endpoint before connections
// wait with theirs.
const queueRoom = 256

// queue has the events that were not taken yet, in the order in which they were added.
// What happens to connections is added while the registry is locked: the events have
// the order of what they tell of.
type queue struct {
	out  chan Event
	done chan struct{} // closed by close

	mu     sync.Mutex // guards what follows
	change sync.Cond
	events []Event
	closed bool
}

func newQueue() *queue {
	q := &queue{out: make(chan Event), done: make(chan struct{})}
	q.change.L = &q.mu
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
		q.change.Wait()
	}
	q.addLocked(ev)
}

func (q *queue) addLocked(ev Event) {
	if !q.closed {
		q.events = append(q.events, ev)
		q.change.Broadcast()
	}
}

// run hands the events over, until the queue is closed.
func (q *queue) run() {
	for {
		taken := q.take()
		if taken == nil {
			return
		}
		for _, ev := range taken {
			select {
			case q.out <- ev:
			case <-q.done:
				return
			}
		}
	}
}

// take waits for events and takes all; nil when the queue is closed.
func (q *queue) take() []Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.events) == 0 && !q.closed {
		q.change.Wait()
	}
	if q.closed {
		return nil
	}
	taken := q.events
	q.events = nil
	q.change.Broadcast()
	return taken
}

// close drops what was not taken. It is called once.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.events = nil
	close(q.done)
	q.change.Broadcast()
}
