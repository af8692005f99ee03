package syncnodes

import (
	"maps"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/membership"
	"interconnectd/syncnodes/session"
)

// How long each state of a claim lasts at most.
const (
	claimMesh     = 600 * time.Millisecond // settling; a mesh does not where a stopped process listens
	claimExternal = 100 * time.Millisecond // settling, where a server may be far away, or down
	claimAsk      = 250 * time.Millisecond // asking
	claimGrace    = 20 * time.Millisecond  // waiting
	claimSeen     = 500 * time.Millisecond // seen

	infinitely = time.Duration(1<<63 - 1)
)

// vouchersASecond bounds what is answered to those who claim a name.
const vouchersASecond = 200

// claim is the claim of the node's name, before it joins: the name is dialled, and whoever
// has it and the cookie refuses.
//
//	settling --> asking or waiting --> joined
//	    |               |                ^
//	    +---------------+---> seen ------+
//
// In each state something is waited for:
//
//   - settling: until all who are on the bus can be reached, as far as it knows.
//   - asking: on a mesh, those whose ports we dial, or, where it was they who dialled, all
//     who did. Gossip makes the routes to the others, on a busy machine much later, and the
//     holder of our name may be at the end of one of these. Whom we dial is dialled by all,
//     and knows. When all have answered there is nobody.
//   - waiting: on an external bus everybody hears us, and nobody is asked.
//   - seen: somebody says that he holds the name, or that another does, which nothing
//     vouches for. His refusal is waited for.
//   - joined: silence is success. Who comes later is for the core to judge.
//
// The loop owns it.
type claim struct {
	settling  <-chan struct{} // nil once the bus has settled
	joined    func()          // told once
	done      bool
	until     time.Duration
	seenUntil time.Duration
	answered  bool                        // the dial that is under way was
	routes    map[membership.NodeRef]bool // all that are up, and whether we dial them
	question  uint64                      // its id; 0: none was asked
	asked     map[membership.NodeRef]bool // who has not answered yet
}

// kindQuestion is the first byte of the question who has a name, before who claims it.
const kindQuestion = session.KindsEnd

func newClaim(conn bus.Conn) claim {
	return claim{settling: conn.Settled(), routes: make(map[membership.NodeRef]bool)}
}

// self is this node, as others are told of it.
func (l *loop) self() membership.NodeRef { return refOf(l.node.name, l.node.inc) }

// startClaim begins the claim. A bus that does not settle is not waited for.
func (l *loop) startClaim(now time.Duration) {
	l.claim.until = now + claimExternal
	if l.conn.Stats().Kind == bus.Embedded {
		l.claim.until = now + claimMesh
	}
	l.endpoint.Dial(l.node.name, now)
}

// takeSettled asks again, now that all who are on the bus can hear it.
func (l *loop) takeSettled() {
	c, now := &l.claim, l.now()
	switch {
	case c.done:
		return
	case l.conn.Stats().Kind != bus.Embedded:
		c.until = now + claimGrace
	case len(c.routes) == 0:
		c.until = now // nobody else is there
		return
	default:
		c.until = now + claimAsk
		l.askWhoHasName()
	}
	l.askForName(now)
}

func (l *loop) askWhoHasName() {
	c := &l.claim
	c.question, c.asked = l.nextID(), maps.Clone(c.routes)
	maps.DeleteFunc(c.asked, func(_ membership.NodeRef, dialled bool) bool { return !dialled })
	if len(c.asked) == 0 {
		c.asked = maps.Clone(c.routes)
	}
	question := membership.AppendRef([]byte{kindQuestion}, l.self())
	for ref := range c.asked {
		l.sent(l.conn.SendFrame(ref.Node, ref.Incarnation, c.question, question))
	}
}

// askForName asks anew, unless somebody has answered and is talked to: to abandon that
// would have both ends wait for the other.
func (l *loop) askForName(now time.Duration) {
	if !l.claim.answered {
		l.endpoint.Abandon(l.node.name, now)
	}
	l.endpoint.Dial(l.node.name, now)
}

// vouch answers a node that claims its name: with the node of that name that is on the mesh
// already, or else with this one.
func (l *loop) vouch(question []byte, replyTo string) {
	claimer, err := membership.ParseRef(question[1:])
	if err != nil {
		l.garbage++
		return
	}
	if replyTo == "" || !l.vouched.allows(vouchersASecond, l.now()) {
		return
	}
	answer := l.self()
	for ref := range l.claim.routes {
		if ref.Node == claimer.Node && ref != claimer {
			answer = ref
		}
	}
	l.sent(l.conn.Answer(replyTo, membership.AppendRef(nil, answer)))
}

// takeVoucher reports whether r answers our question. When all have answered there is
// nothing to wait for.
func (l *loop) takeVoucher(r bus.Reply, now time.Duration) bool {
	c := &l.claim
	if c.question == 0 || r.ID != c.question {
		return false
	}
	ref, err := membership.ParseRef(r.Data)
	switch {
	case err != nil:
	case ref.Node == l.node.name:
		l.seeHolder(ref.Incarnation, now)
	default:
		c.strike(ref, now)
	}
	return true
}

// strike takes in that nothing more is to be heard of one that was asked.
func (c *claim) strike(ref membership.NodeRef, now time.Duration) {
	if delete(c.asked, ref); c.question != 0 && len(c.asked) == 0 {
		c.until = min(c.until, now)
	}
}

// found hears that somebody answers to a name that is dialled.
func (l *loop) found(o session.Found) {
	if o.Name == l.node.name {
		l.claim.answered = true
		l.seeHolder(o.Incarnation, l.now())
	}
}

// seeHolder waits for a holder of our name, of whom somebody says so; once in a claim.
func (l *loop) seeHolder(inc nodeid.Incarnation, now time.Duration) {
	if c := &l.claim; !c.done && inc != l.node.inc && c.seenUntil == 0 {
		c.seenUntil = now + claimSeen
	}
}

// routeUp asks again when a route comes up: its other end may be a node of our name.
func (l *loop) routeUp(ref membership.NodeRef, dialled bool, now time.Duration) {
	l.claim.routes[ref] = dialled
	if !l.claim.done && ref.Node == l.node.name && ref.Incarnation != l.node.inc {
		l.askForName(now)
		l.seeHolder(ref.Incarnation, now)
	}
}

// claimFailed ends a dial of our name. That nobody answered says nothing of one to whom
// there is no route yet.
func (l *loop) claimFailed(o session.DialFailed) {
	now := l.now()
	l.claim.answered = false
	if o.Reason != session.NoHolder {
		l.claim.seenUntil = now
	}
	switch o.Reason {
	case session.InUse:
		l.core.ClaimRefused(o.Incarnation, now)
	case session.CookiesDiffer:
		l.tellRefusal(o.Name, "a node with another cookie has our name", "name", l.node.name)
	}
}

func (l *loop) routeDown(ref membership.NodeRef, now time.Duration) {
	delete(l.claim.routes, ref)
	l.claim.strike(ref, now)
}

// deadline is when the start goes on.
func (c *claim) deadline() time.Duration {
	if c.done {
		return infinitely
	}
	return max(c.until, c.seenUntil)
}

func (l *loop) tickClaim(now time.Duration) {
	if now < l.claim.deadline() || l.leaving {
		return
	}
	l.claim.done = true
	l.core.Join(now)
	l.erlang.open()
	l.erlang.scout.at = now
	l.startSync(now)
	l.claim.joined()
}
