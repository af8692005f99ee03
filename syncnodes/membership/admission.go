package membership

import (
	"fmt"
	"slices"
	"time"
)

// Refusal is why a dialler that proved itself is kept out.
type Refusal uint8

// Why a dialler is kept out.
const (
	RefusedInUse   Refusal = iota // another incarnation of its name is up, or we keep the name
	RefusedLeaving                // we are about to end
	RefusedNames                  // long and short names never connect
	lastRefusal    = RefusedNames
)

func (r Refusal) String() string {
	switch r {
	case RefusedInUse:
		return "in use"
	case RefusedLeaving:
		return "leaving"
	case RefusedNames:
		return "names"
	}
	return fmt.Sprintf("refusal(%d)", uint8(r))
}

// admission is a dialler that proved itself live and waits for our word.
type admission struct {
	NodeRef
	link  LinkID
	route string // where its server listens
	at    time.Duration
}

// Admission asks whether the dialler may come in; the answer is Admit or
// Refuse, at once or after the verdict on the incarnation that is up.
func (c *Core) Admission(link LinkID, ref NodeRef, info Info, now time.Duration) {
	c.observe(now)
	a := admission{NodeRef: ref, link: link, route: info.Route, at: now}
	switch {
	case c.leaving:
		c.emit(Refuse{Link: link, Cause: RefusedLeaving})
	case !c.joined && ref.Node != c.cfg.Self:
		c.early = append(c.early, a)
	default:
		c.decide(a, now)
	}
}

func (c *Core) decide(a admission, now time.Duration) {
	if a.Node == c.cfg.Self {
		c.decideClaim(a, now)
		return
	}
	if !c.sameKind(a.Node) {
		c.emit(Refuse{Link: a.link, Cause: RefusedNames})
		return
	}
	p := c.peers[a.Node]
	switch {
	case p == nil || !p.state.Linked():
		c.emit(Admit{Link: a.link})
	case p.inc == a.Incarnation:
		// The peer lost the link, and knows it; we did not notice. It lives.
		c.refuseRival(p)
		c.bringDown(p, ConnectionClosed, "link replaced", now)
		c.emit(Admit{Link: a.link})
	default:
		c.refuseRival(p) // the last to come is the one that is there
		p.rival = &a
		if a.route != "" && a.route == p.info.Route {
			p.watch.refusedAt, p.watch.refusedHere = now, true // the port has another owner: the old one is gone
		}
		if !c.lostFor(p) {
			c.probe(p, now)
		}
		c.reschedule(p, now)
	}
}

// Established tells that a link is up: one that we dialled, or one that was
// admitted.
func (c *Core) Established(link LinkID, ref NodeRef, info Info, dialled bool, now time.Duration) {
	c.observe(now)
	if ref.Node == c.cfg.Self {
		// The holder of our name gave way: it ends, and so does this link.
		c.emit(Close{Link: link, Reason: Shutdown})
		return
	}
	if c.leaving {
		c.emit(Close{Link: link, Reason: Shutdown})
		return
	}
	p := c.peer(ref.Node)
	if p.state.Linked() {
		if p.inc != ref.Incarnation {
			// Only an admission, which probes first, may replace an incarnation.
			c.emit(Close{Link: link, Reason: ConnectionClosed})
			return
		}
		c.bringDown(p, ConnectionClosed, "link replaced", now)
		p = c.peer(ref.Node) // a transient one is forgotten
	}
	c.bringUp(p, ref, link, info, now)
}

// Closed tells that the peer ended the link: it answered a frame of ours with
// `closed`, for it has declared us down, or it took its dial back before it was
// admitted.
func (c *Core) Closed(link LinkID, reason Reason, now time.Duration) {
	c.linkEnded(link, reason, "declared down by peer", now)
}

// Lost tells that what carried the link has ended, for which no word of the peer was
// needed: the connection of a node of Erlang's, when its process ends or it closes it.
func (c *Core) Lost(link LinkID, now time.Duration) { c.linkEnded(link, ConnectionClosed, "", now) }

// linkEnded takes the end of a link that was none of our doing.
func (c *Core) linkEnded(link LinkID, reason Reason, detail string, now time.Duration) {
	c.observe(now)
	p := c.byLink[link]
	switch {
	case p == nil:
		c.withdrawn(link)
	case p.ending.active(): // it took our goodbye, and its answer was lost
		c.ended(p, now)
	case reason == Disconnected: // its request was lost
		p.parted = p.inc
		c.bringDown(p, Disconnected, "by peer", now)
	default:
		c.bringDown(p, reason, detail, now)
	}
}

// withdrawn forgets an admission that nobody waits for any more.
func (c *Core) withdrawn(link LinkID) {
	c.early = slices.DeleteFunc(c.early, func(a admission) bool { return a.link == link })
	for _, p := range c.peers {
		if p.rival != nil && p.rival.link == link {
			p.rival = nil
		}
	}
}

// refuseRival keeps out whoever waits for p's end.
func (c *Core) refuseRival(p *peer) {
	if p.rival != nil {
		c.emit(Refuse{Link: p.rival.link, Cause: RefusedInUse})
		p.rival = nil
	}
}
