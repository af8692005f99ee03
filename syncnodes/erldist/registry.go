package erldist

import (
	"context"
	"errors"
	"sync"

	"interconnectd/configs/nodeid"
)

var (
	// ErrReplaced is the end of a connection whose node has made a new one, since it
	// knows nothing of it any more: it was started again, or closed it.
	ErrReplaced = errors.New("the node has connected anew")

	errAnother  = errors.New("another connection of its name came first")
	errComes    = errors.New("its own dial comes in")
	errNoDigest = errors.New("it dialled, and was gone before our answer to its challenge")
)

// registry has the one connection of each name, or how it is about to come. It is what
// net_kernel has in sys_dist, except that nothing is kept for a node that dials before it
// has proved itself.
type registry struct {
	events *queue

	mu     sync.Mutex // guards what follows; no lock but that of events is taken under it
	byName map[nodeid.Name]*entry
	closed bool
}

// entry is what there is of a name: at most one of claimed and up, and a dial only
// without them.
type entry struct {
	dial    *dialling
	claimed *claim
	up      *holder
}

// dialling is a dial of ours from its start to its end.
type dialling struct {
	cancel context.CancelCauseFunc
	// settled is closed when the other node dials itself, or the dial is over: when
	// the other's dial may have the name.
	settled chan struct{}

	// the registry's lock guards these
	named   bool // the other node may know of it
	refused bool // it was answered nok
}

// claim is that of a node that has proved itself, until it has our proof.
type claim struct {
	owed bool // whoever drives us waits for the end of a dial
}

// holder is the connection of a name.
type holder struct {
	conn     *Conn
	ended    chan struct{} // closed when its end is told
	replaced bool          // guarded by the registry's lock
}

func newRegistry(events *queue) *registry {
	return &registry{events: events, byName: map[nodeid.Name]*entry{}}
}

// atLocked is the entry of a name, made where there is none; cleanLocked takes it away
// again.
func (r *registry) atLocked(name nodeid.Name) *entry {
	e := r.byName[name]
	if e == nil {
		e = &entry{}
		r.byName[name] = e
	}
	return e
}

func (r *registry) cleanLocked(name nodeid.Name) {
	if e := r.byName[name]; e != nil && *e == (entry{}) {
		delete(r.byName, name)
	}
}

// beginDial is the start of a dial; nil where one is under way, or the connection is
// there, or about to be.
func (r *registry) beginDial(name nodeid.Name, cancel context.CancelCauseFunc) *dialling {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.cleanLocked(name)
	e := r.atLocked(name)
	switch {
	case r.closed || e.up != nil || e.dial != nil:
		return nil
	case e.claimed != nil:
		e.claimed.owed = true
		return nil
	}
	e.dial = &dialling{cancel: cancel, settled: make(chan struct{})}
	return e.dial
}

// nameDial is told before the other node gets to know of the dial. It is false where
// its own came in meanwhile.
func (r *registry) nameDial(name nodeid.Name, d *dialling) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.isLocked(name, d) {
		return false
	}
	d.named = true
	return true
}

// refuseDial is told when the other node has answered nok: its own dial goes on.
func (r *registry) refuseDial(name nodeid.Name, d *dialling) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isLocked(name, d) && !d.refused {
		d.refused = true
		close(d.settled)
	}
}

// endDial tells of the end of a dial without a connection, unless the other node's
// dial has taken its place.
func (r *registry) endDial(name nodeid.Name, d *dialling, ev DialFailed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isLocked(name, d) {
		r.dropDialLocked(name, d)
		r.events.add(ev)
	}
}

// isDialling tells whether a dial may still become the connection of its name.
func (r *registry) isDialling(name nodeid.Name, d *dialling) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.isLocked(name, d)
}

func (r *registry) isLocked(name nodeid.Name, d *dialling) bool {
	e := r.byName[name]
	return e != nil && e.dial == d
}

func (r *registry) dropDialLocked(name nodeid.Name, d *dialling) {
	r.byName[name].dial = nil
	r.cleanLocked(name)
	if !d.refused {
		close(d.settled)
	}
}

// status is what a node that dials is answered, once it said its name and before it
// has proved anything, and the connection that it is asked about with statusAlive. It
// is "" where its connection is coming about at this moment: dist_util ends the
// handshake then, too.
func (r *registry) status(self, name nodeid.Name) (string, *holder) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byName[name]
	switch {
	case e == nil:
		return statusOK, nil
	case e.claimed != nil:
		return "", nil
	case e.up != nil:
		return statusAlive, e.up
	case !e.dial.named:
		return statusOK, nil // it is the first to know of the other
	case self > name && !e.dial.refused:
		return statusNOK, nil
	}
	return statusSimultaneous, nil
}

// claim makes a node that has proved itself the one of its name. The connection that
// it was asked about, and knows nothing of, ends. Where our own dial has reached the
// other node, that decides: it says nok, or has ended its own.
func (r *registry) claim(ctx context.Context, name nodeid.Name, asked *holder) (*claim, error) {
	for {
		c, before, err := r.tryClaim(name, asked)
		if before == nil {
			return c, err
		}
		if before.conn != nil {
			before.conn.Close()
		}
		select {
		case <-before.over:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// obstacle is what has to be over before a claim.
type obstacle struct {
	over <-chan struct{}
	conn *Conn // is to be closed for it
}

// tryClaim is one look.
func (r *registry) tryClaim(name nodeid.Name, asked *holder) (*claim, *obstacle, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.cleanLocked(name)
	e := r.atLocked(name)
	switch {
	case r.closed || e.claimed != nil || e.up != nil && e.up != asked:
		return nil, nil, errAnother
	case e.up != nil:
		e.up.replaced = true
		return nil, &obstacle{e.up.ended, e.up.conn}, nil
	case e.dial != nil && e.dial.named && !e.dial.refused:
		return nil, &obstacle{over: e.dial.settled}, nil
	}
	e.claimed = &claim{owed: e.dial != nil}
	if d := e.dial; d != nil {
		d.cancel(errComes)
		r.dropDialLocked(name, d)
	}
	return e.claimed, nil, nil
}

// unclaim is the end of a claim without a connection.
func (r *registry) unclaim(name nodeid.Name, c *claim) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName[name].claimed = nil
	r.cleanLocked(name)
	if c.owed {
		r.events.add(DialFailed{Name: name, Reason: NoHolder, Err: errNoDigest})
	}
}

// arrive makes a connection that of its name, and tells so. Before it was a dial, or a
// claim. It is false where the dial has lost its name to the other node's, or the
// registry is closed: make is not called then.
func (r *registry) arrive(name nodeid.Name, d *dialling, c *claim, connect func(emit func(Event)) *Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byName[name]
	if r.closed || e == nil || d != nil && e.dial != d || c != nil && e.claimed != c {
		return false
	}
	e.claimed = nil
	h := &holder{ended: make(chan struct{})}
	e.up = h
	if d != nil {
		r.dropDialLocked(name, d)
	}
	h.conn = connect(func(ev Event) { r.emit(name, h, ev) })
	r.events.add(Arrived{Conn: h.conn, Dialled: d != nil})
	return true
}

// emit tells of what happens to a connection. With its end the name is free.
func (r *registry) emit(name nodeid.Name, h *holder, ev Event) {
	ended, ok := ev.(Ended)
	if !ok {
		r.events.addWithRoom(ev)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if h.replaced {
		ended.Err = ErrReplaced
	}
	r.byName[name].up = nil
	r.cleanLocked(name)
	r.events.add(ended)
	close(h.ended)
}

// close has no further connection come, and gives those that are there.
func (r *registry) close() []*Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var conns []*Conn
	for _, e := range r.byName {
		if e.up != nil {
			conns = append(conns, e.up.conn)
		}
	}
	return conns
}
