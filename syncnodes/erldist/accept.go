package erldist

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"interconnectd/configs/nodeid"
)

// maxHalfOpen bounds the connections that have not proved themselves.
const maxHalfOpen = 64

// acceptPause is how long nobody is let in after that has failed, for want of file
// descriptors as it may be.
const acceptPause = 100 * time.Millisecond

var errCrowded = errors.New("there are too many others that have not proved themselves")

// acceptAll lets nodes in until the endpoint closes.
func (e *Endpoint) acceptAll(ctx context.Context) {
	for {
		conn, err := e.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return
		case err != nil:
			if e.refusals.mayTell("accept") {
				e.cfg.Logger.Warn("cannot let Erlang nodes in", "error", err)
			}
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
				return
			}
			continue
		}
		ctx, evict := context.WithCancelCause(ctx)
		half := e.half.add(evict)
		accepted := e.tasks.start(func(context.Context) {
			defer evict(nil)
			defer e.half.remove(half)
			e.accept(ctx, conn)
		})
		if !accepted {
			evict(nil)
			conn.Close()
		}
	}
}

// accept has a node that dials prove itself.
func (e *Endpoint) accept(ctx context.Context, conn net.Conn) {
	ctx, cancel := e.bounded(ctx)
	defer cancel()
	var asked *holder
	var claimed *claim
	entrance := entrance{
		status: func(p Peer) (status string) {
			status, asked = e.status(ctx, p.Name)
			return status
		},
		cookies: e.acceptCookies,
		claim: func(p Peer) (err error) {
			claimed, err = e.registry.claim(ctx, p.Name, asked)
			return err
		},
	}
	peer, err := e.shake(ctx, conn, func(h *handshake) (Peer, error) { return h.accept(entrance) })
	if err == nil {
		if e.registry.arrive(peer.Name, nil, claimed, func(emit func(Event)) *Conn { return e.connect(conn, peer, emit) }) {
			return
		}
		err = errAnother
	}
	if claimed != nil {
		e.registry.unclaim(peer.Name, claimed) // first, as a dial has it
	}
	conn.Close()
	e.refused(peer.Name, conn.RemoteAddr(), err)
}

// status is what a node that dials is answered, and the connection that it is asked
// about.
func (e *Endpoint) status(ctx context.Context, name nodeid.Name) (string, *holder) {
	if name == e.cfg.Self || !e.cfg.Allowed(name) || !e.cfg.MayEnter(ctx, name) {
		return statusNotAllowed, nil
	}
	return e.registry.status(e.cfg.Self, name)
}

// refused tells of a node that was not let in. What strangers say is told sparingly.
func (e *Endpoint) refused(name nodeid.Name, from net.Addr, err error) {
	log := e.cfg.Logger.With("from", from, "error", err)
	var f *failure
	switch {
	case errors.Is(err, errForeignCookie):
		e.events.offer(Rejected{Name: name})
	case errors.As(err, &f) && (f.reason == Unfit || f.reason == NotAllowed) && e.refusals.mayTell(fmt.Sprint(name, f.msg)):
		log.Warn("a node was not let in", "node", name)
	default:
		log.Debug("a node did not come in", "node", name)
	}
}

// halfOpen are the connections that have not proved themselves, the oldest first. Its
// zero value has none.
type halfOpen struct {
	mu  sync.Mutex
	all []*halfOpened
}

type halfOpened struct{ evict context.CancelCauseFunc }

// add makes room for one more.
func (h *halfOpen) add(evict context.CancelCauseFunc) *halfOpened {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.all) == maxHalfOpen {
		h.all[0].evict(errCrowded)
		h.all = slices.Delete(h.all, 0, 1)
	}
	one := &halfOpened{evict}
	h.all = append(h.all, one)
	return one
}

// remove has no effect on one that was evicted.
func (h *halfOpen) remove(one *halfOpened) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(h.all, one); i >= 0 {
		h.all = slices.Delete(h.all, i, i+1)
	}
}

// refusals keeps lines that strangers cause from filling the log. Its zero value is
// ready.
type refusals struct {
	mu    sync.Mutex
	since time.Time
	lines map[string]bool
}

// mayTell allows each line once a minute, and few of them.
func (r *refusals) mayTell(line string) bool {
	const most, again = 8, time.Minute
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); r.lines == nil || now.Sub(r.since) > again {
		r.since, r.lines = now, map[string]bool{}
	}
	if r.lines[line] || len(r.lines) == most {
		return false
	}
	r.lines[line] = true
	return true
}
