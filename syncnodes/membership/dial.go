package membership

import (
	"fmt"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
)

const (
	seekEvery     = time.Second           // one dial of a sync node that nobody holds
	backoffMin    = 50 * time.Millisecond // between dials of a name that is held
	backoffMax    = time.Second
	greetingDelay = 10 * time.Millisecond   // who says hello dials first; its subscriptions get known meanwhile
	outrankedWait = 50 * time.Millisecond   // of two who get a route to each other the greater dials first
	findWithin    = 1200 * time.Millisecond // of a fresh bus: servers that missed each other dial again after 1.1 s
)

// DialError is why a dial ended without a link.
type DialError uint8

// Why a dial ended without a link.
const (
	NoHolder      DialError = iota // nobody holds the name
	CookiesDiffer                  // the holder refused our cookie
	InUse                          // the holder has another incarnation of us
	TimedOut                       // no valid answer within net_setuptime
	OtherNames                     // long and short names never connect
	Leaving                        // we or they are about to end
	NotAutomatic                   // dist_auto_connect wants it named by connect
	NotAllowed                     // one of the two does not let the other connect
	lastDialError = NotAllowed
)

func (e DialError) String() string {
	switch e {
	case NoHolder:
		return "nobody holds the name"
	case CookiesDiffer:
		return "the cookies differ"
	case InUse:
		return "it is connected to another node of our name"
	case TimedOut:
		return "no valid answer in time"
	case OtherNames:
		return "long and short names never connect"
	case Leaving:
		return "one of the two is about to end"
	case NotAutomatic:
		return "dist_auto_connect leaves it to connect"
	case NotAllowed:
		return "one of the two does not allow it"
	}
	return fmt.Sprintf("dial error %d", uint8(e))
}

// Connect dials name because somebody asked for it: it ends being parted. The
// end is told by a nodeup or by Unreachable; where the peer is linked already
// nothing happens.
func (c *Core) Connect(name nodeid.Name, now time.Duration) {
	c.observe(now)
	c.connect(name, now)
}

// Reach dials name as Connect does, because a ping or a call needs it. That is
// an automatic connection.
func (c *Core) Reach(name nodeid.Name, now time.Duration) {
	c.observe(now)
	if p := c.peers[name]; (p == nil || !p.state.Linked()) && !c.automatic(p) {
		c.emit(Unreachable{Node: name, Cause: NotAutomatic})
		return
	}
	c.connect(name, now)
}

func (c *Core) connect(name nodeid.Name, now time.Duration) {
	switch {
	case c.leaving:
		c.emit(Unreachable{Node: name, Cause: Leaving})
		return
	case !c.sameKind(name):
		c.emit(Unreachable{Node: name, Cause: OtherNames})
		return
	}
	p := c.peer(name)
	if p.state.Linked() {
		return
	}
	p.asked = true
	p.parted = nodeid.Incarnation{}
	c.tryDial(p, now)
	c.reschedule(p, now)
}

// Looking tells that the bus has begun to look for nodes elsewhere: who is not
// there yet may be found within the time that a fresh bus has.
func (c *Core) Looking(now time.Duration) { c.lookedAt = now }

// sameKind reports whether name is long where ours is long, short where ours
// is short.
func (c *Core) sameKind(name nodeid.Name) bool { return name.Long() == c.cfg.Self.Long() }

// tryDial dials p if it may be dialled now.
func (c *Core) tryDial(p *peer, now time.Duration) {
	switch {
	case !c.joined, c.leaving, p.state.Linked(), p.state == Connecting, !c.sameKind(p.name):
		return
	case !p.asked && (!p.parted.IsZero() || !c.automatic(p)):
		return
	case c.lost && !p.asked && !c.cfg.Erlang:
		return // BusBack dials
	}
	p.retryAt = never
	if !c.pace.take(p, now) {
		return
	}
	p.dialledAt = now
	c.setState(p, Connecting, "dial")
	c.emit(Dial{Node: p.name, Holder: p.holder})
	c.reschedule(p, now)
}

// DialFailed tells that the dial of name ended without a link.
func (c *Core) DialFailed(name nodeid.Name, cause DialError, now time.Duration) {
	c.observe(now)
	p := c.peers[name]
	if p == nil || p.state != Connecting {
		return
	}
	c.pace.leave(p)
	defer c.dialNext(now)
	if p.inc.IsZero() {
		c.setState(p, Idle, cause.String())
	} else {
		c.setState(p, Down, cause.String())
	}
	if p.asked && cause == NoHolder && now < max(c.busSince, c.lookedAt)+findWithin {
		p.retryAt = now + backoffMin // it may be there, and not be known here yet
		c.reschedule(p, now)
		return
	}
	if p.asked {
		p.asked = false
		c.emit(Unreachable{Node: name, Cause: cause})
	}
	p.introduced = nodeid.Incarnation{} // the digest brings it back if it is there
	p.held, p.holder = cause != NoHolder, nodeid.Incarnation{}
	if p.held && p.expected {
		c.retryLater(p, now)
	}
	c.reschedule(p, now)
	c.forgetIdle(p)
}

// retryLater plans the next dial of a name that somebody holds.
func (c *Core) retryLater(p *peer, now time.Duration) {
	p.backoff = min(max(2*p.backoff, backoffMin), backoffMax)
	p.retryAt = now + p.backoff/2 + c.jitter(p.backoff/2)
}

func (c *Core) jitter(below time.Duration) time.Duration {
	return time.Duration(c.cfg.Rand.Int64N(int64(below) + 1))
}

// seek dials the next of the sync nodes whose name nobody holds.
func (c *Core) seek(now time.Duration) {
	after, found := slices.BinarySearch(c.absent, c.seekLast)
	if found {
		after++
	}
	var next *peer
	for i := range c.absent {
		p := c.peers[c.absent[(after+i)%len(c.absent)]]
		if !p.held && p.state != Connecting && c.automatic(p) {
			next = p
			break
		}
	}
	if next == nil {
		return
	}
	c.seekLast = next.name
	c.tryDial(next, now)
	c.reschedule(next, now)
}

// Hello tells that a node says it started, or is connected again. Anyone may
// say so: it is a reason to dial or to probe, no more.
func (c *Core) Hello(ref NodeRef, now time.Duration) { c.appeared(ref, greetingDelay, now) }

// RouteUp tells that the bus has a route to that node's server: a hint, as
// Hello is.
func (c *Core) RouteUp(ref NodeRef, now time.Duration) {
	wait := time.Duration(0)
	if ref.Node > c.cfg.Self {
		wait = outrankedWait
	}
	c.appeared(ref, wait, now)
	if p := c.peers[ref.Node]; p != nil && p.state.Linked() && p.inc == ref.Incarnation {
		p.watch.routeCut = false
		p.watch.goneSince, p.watch.goneCount = never, 0 // that was the cut
		c.reschedule(p, now)
	}
	c.claimAt = min(c.claimAt, now+c.cfg.Interval)
}

// appeared dials who seems to be there, after wait: he may dial first.
func (c *Core) appeared(ref NodeRef, wait, now time.Duration) {
	c.observe(now)
	if ref.Node == c.cfg.Self {
		if ref.Incarnation != c.cfg.Incarnation {
			c.claimAt = now
		}
		return
	}
	p := c.peers[ref.Node]
	if p != nil && !p.parted.IsZero() && ref.Incarnation.Compare(p.parted) > 0 {
		p.parted = nodeid.Incarnation{} // it has restarted
	}
	switch {
	case p == nil:
		return
	case p.state.Linked():
		// Anyone may say so, as often as he likes.
		if p.inc != ref.Incarnation && now-p.watch.lastSent >= c.cfg.Interval {
			c.hint(p, now)
		}
	case p.state == Connecting:
		c.emit(Dial{Node: p.name, Holder: ref.Incarnation}) // it may have asked too early, and ask seldom by now
	case p.parted.IsZero() && (p.expected || c.wasLost(p, ref)):
		if !p.expected {
			p.introduced = ref.Incarnation
		}
		p.held, p.holder, p.backoff = true, ref.Incarnation, 0
		c.pace.greet(p)
		p.retryAt = min(p.retryAt, now+wait)
	}
	c.reschedule(p, now)
}

// wasLost reports whether ref was a node of the same mesh that nobody parted from
// us but the network: it went down for its silence, and is back as the same
// incarnation. All whom the lists name may be gone by then, so that nobody is left
// to introduce the two again.
func (c *Core) wasLost(p *peer, ref NodeRef) bool {
	return p.state == Down && p.inc == ref.Incarnation && p.reason != Shutdown && p.reason != Disconnected &&
		c.meshes(c.cfg.Info) && c.meshes(p.info)
}
