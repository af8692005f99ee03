package membership

import (
	"container/heap"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
)

// rememberDown is how long status tells of a peer that went down.
const rememberDown = time.Hour

// peer is all that a core holds of another node.
type peer struct {
	name  nodeid.Name
	state State

	// of the link, while state.Linked(); inc, info and since outlive it
	link   LinkID
	inc    nodeid.Incarnation
	info   Info
	since  time.Duration
	detail string
	reason Reason // of the last nodedown
	untold bool   // its events are Transient
	watch  watch
	ending ending

	// what makes us dial
	expected   bool               // a sync node
	asked      bool               // connect, ping or call named it
	introduced nodeid.Incarnation // another node's word that it is there
	parted     nodeid.Incarnation // disconnected: nobody dials by himself
	barred     bool               // was up, and connections are automatic once
	held       bool               // somebody holds the name
	holder     nodeid.Incarnation // who, as a hello or a route says
	retryAt    time.Duration
	backoff    time.Duration
	dialledAt  time.Duration // the last dial began
	placeUntil time.Duration // of a dial that has a place: see pace
	waits      bool          // in line for one

	// another incarnation that waits for the verdict on this one
	rival *admission

	// the digests of both meshes differ since
	differsSince time.Duration
	pulling      bool        // the next page of names is awaited
	pullAfter    nodeid.Name // it begins after this one

	wakeAt time.Duration
	index  int // in the heap of timers, -1 outside
}

// ending is a goodbye or a disconnect that is repeated until it is answered.
type ending struct {
	message  Message
	seq      uint64
	repeatAt time.Duration
	until    time.Duration
}

func (e *ending) active() bool { return e.message != nil }

// peer gives the entry of that name, a new one where there is none.
func (c *Core) peer(name nodeid.Name) *peer {
	p := c.peers[name]
	if p == nil {
		p = &peer{name: name, retryAt: never, placeUntil: never, differsSince: never, wakeAt: never, index: -1}
		p.watch.reset()
		c.peers[name] = p
	}
	return p
}

// forgetIdle drops the entry of a peer that nothing wants any more.
func (c *Core) forgetIdle(p *peer) {
	if p.state == Idle && !p.expected && !p.asked && p.introduced.IsZero() && p.parted.IsZero() && !p.barred {
		c.drop(p)
	}
}

// forgetLongDown drops the entries of peers that went down long ago, unless
// they are expected to come back.
func (c *Core) forgetLongDown(now time.Duration) {
	for _, p := range c.peers {
		if p.state == Down && !p.expected && !p.asked && p.parted.IsZero() && !p.barred && now-p.since >= rememberDown {
			c.drop(p)
		}
	}
}

func (c *Core) drop(p *peer) {
	c.unschedule(p)
	delete(c.peers, p.name)
}

func (c *Core) setExpected(p *peer, expected bool) {
	p.expected = expected
	c.noteAbsence(p)
}

// noteAbsence keeps the absent in step with p.
func (c *Core) noteAbsence(p *peer) {
	if p.expected && !p.state.Linked() {
		c.absent = insertName(c.absent, p.name)
	} else {
		c.absent = removeName(c.absent, p.name)
	}
}

// setState changes p's state and gives the one it had.
func (c *Core) setState(p *peer, to State, cause string) (from State) {
	from = p.state
	if from == to {
		return from
	}
	p.state = to
	if from.Linked() != to.Linked() {
		c.noteAbsence(p)
	}
	c.emit(Changed{Node: p.name, From: from, To: to, Cause: cause})
	return from
}

// bringUp gives p its link and tells it.
func (c *Core) bringUp(p *peer, ref NodeRef, link LinkID, info Info, now time.Duration) {
	p.link, p.inc, p.info, p.since, p.detail = link, ref.Incarnation, info, now, ""
	p.asked, p.held, p.holder, p.retryAt, p.backoff = false, false, nodeid.Incarnation{}, never, 0
	p.introduced, p.parted, p.barred, p.waits = nodeid.Incarnation{}, nodeid.Incarnation{}, false, false
	p.differsSince, p.pulling = never, false
	p.watch.reset()
	p.watch.heardSinceBack, p.watch.lastHeard = true, now
	c.byLink[link] = p
	delete(c.judged, ref)
	first := c.enlist(p)
	if p.state == Connecting {
		c.pace.leave(p)
		c.pace.learn(now-p.dialledAt, now)
		defer c.dialNext(now)
	}
	from := c.setState(p, Up, "link established")
	p.untold = info.Transient && !p.expected
	c.emit(Event{
		Up: true, Node: p.name, Incarnation: p.inc, Hidden: c.hidden(p), Erlang: p.info.Erlang, Transient: p.untold,
		From: from, To: p.state,
	})
	c.probeFirst(p, now)
	if first {
		c.pull(p, "")
	}
	c.reschedule(p, now)
}

// bringDown takes p's link from it and tells it. Whoever wants p dials again.
func (c *Core) bringDown(p *peer, reason Reason, detail string, now time.Duration) {
	if !p.state.Linked() {
		return
	}
	link, upFor := p.link, now-p.since
	delete(c.byLink, link)
	c.delist(p)
	c.forgetRequests(p)
	p.link, p.since, p.reason, p.detail = 0, now, reason, detail
	p.ending = ending{}
	p.barred = c.cfg.AutoConnect == ConnectOnce
	from := c.setState(p, Down, reason.String())
	c.emit(Close{Link: link, Reason: reason}) // nothing comes over it any more when its end is told
	if !c.leaving {                           // who leaves has nothing to tell of the others
		c.emit(Event{
			Node: p.name, Incarnation: p.inc, Hidden: c.hidden(p), Erlang: p.info.Erlang, Transient: p.untold,
			From: from, To: p.state, Reason: reason, Detail: detail, UpFor: upFor,
		})
	}
	c.afterDown(p, reason, now)
	c.reschedule(p, now)
	if p.untold && !p.expected {
		c.forget(p, now)
	}
}

// afterDown admits who waited for this verdict, or dials again.
func (c *Core) afterDown(p *peer, reason Reason, now time.Duration) {
	if rival := p.rival; rival != nil {
		p.rival = nil
		c.emit(Admit{Link: rival.link})
		// Its link is there at once, and replaced if the tick that brought
		// the verdict also looked for nodes to dial.
		p.held, p.backoff = true, 0
		if p.expected {
			c.retryLater(p, now)
		}
		return
	}
	// Somebody may hold the name still, until a dial says otherwise; a node
	// that said goodbye says hello when it is back.
	p.held = reason != Shutdown
	if p.expected && p.held && p.parted.IsZero() {
		p.backoff = 0
		c.retryLater(p, now)
	}
}

// enlist puts a linked peer where it is watched from; true when it is the
// first other node of the mesh.
func (c *Core) enlist(p *peer) bool {
	if !c.inRing(p) {
		c.direct = insertName(c.direct, p.name)
		return false
	}
	c.ring = insertName(c.ring, p.name)
	c.digest ^= digestOf(NodeRef{p.name, p.inc})
	return len(c.ring) == 2
}

func (c *Core) delist(p *peer) {
	if !c.inRing(p) {
		c.direct = removeName(c.direct, p.name)
		return
	}
	c.ring = removeName(c.ring, p.name)
	c.digest ^= digestOf(NodeRef{p.name, p.inc})
}

func insertName(names []nodeid.Name, name nodeid.Name) []nodeid.Name {
	i, found := slices.BinarySearch(names, name)
	if found {
		return names
	}
	return slices.Insert(names, i, name)
}

func removeName(names []nodeid.Name, name nodeid.Name) []nodeid.Name {
	i, found := slices.BinarySearch(names, name)
	if !found {
		return names
	}
	return slices.Delete(names, i, i+1)
}

// reschedule keeps the heap in step with p's own deadlines.
func (c *Core) reschedule(p *peer, now time.Duration) {
	if c.peers[p.name] != p {
		return
	}
	p.wakeAt = c.nextWake(p, now)
	switch {
	case p.wakeAt == never:
		c.unschedule(p)
	case p.index < 0:
		heap.Push(&c.timers, p)
	default:
		heap.Fix(&c.timers, p.index)
	}
}

func (c *Core) unschedule(p *peer) {
	if p.index >= 0 {
		heap.Remove(&c.timers, p.index)
	}
}

// nextWake is the earliest of p's deadlines.
func (c *Core) nextWake(p *peer, now time.Duration) time.Duration {
	next := min(p.retryAt, p.placeUntil)
	if p.ending.active() {
		next = min(next, p.ending.repeatAt, p.ending.until)
	}
	if p.state.Linked() {
		next = min(next, c.nextWatch(p, now))
	}
	return next
}

// due takes the peers whose time has come out of the heap, each once.
func (c *Core) due(now time.Duration) []*peer {
	var due []*peer
	for c.timers.Len() > 0 && c.timers[0].wakeAt <= now {
		due = append(due, heap.Pop(&c.timers).(*peer))
	}
	return due
}

// wake does what is due for p.
func (c *Core) wake(p *peer, now time.Duration) {
	if p.ending.active() {
		c.repeatEnding(p, now)
	}
	if p.state.Linked() {
		c.look(p, now)
	}
	if now >= p.placeUntil {
		c.overstay(p, now)
	}
	if now >= p.retryAt {
		p.retryAt = never
		c.tryDial(p, now)
	}
}

// timerHeap orders peers by their next deadline (container/heap).
type timerHeap []*peer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].wakeAt < h[j].wakeAt }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	p := x.(*peer)
	p.index = len(*h)
	*h = append(*h, p)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	p := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	p.index = -1
	return p
}
