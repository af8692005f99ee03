package membership

import (
	"time"

	"interconnectd/configs/nodeid"
)

// This file is the simulated bus: what becomes of packets and dials, and what
// can be done to nodes and to the ways between them.

func (w *world) delay() time.Duration {
	d := w.latency
	if w.jitter > 0 {
		d += time.Duration(w.rand.Int64N(int64(w.jitter)))
	}
	if w.tail > 0 && w.rand.IntN(20) == 0 {
		d += time.Duration(w.rand.Int64N(int64(w.tail)))
	}
	return d
}

func (w *world) reaches(from, to *simNode) bool {
	return !from.busGone && !to.busGone && w.open(from, to) && (w.loss == 0 || w.rand.Float64() >= w.loss)
}

func (w *world) open(from, to *simNode) bool {
	return len(w.cut) == 0 || !w.cut[[2]nodeid.Name{from.ref.Node, to.ref.Node}]
}

// route gives n's server, where it has one, a route to all others.
func (w *world) route(n *simNode) {
	if n.info.Route == "" {
		return
	}
	up := func(at, of *simNode) {
		w.at(w.now+w.delay(), func() { at.do(func() { at.core.RouteUp(of.ref, at.now()) }) })
	}
	for _, other := range w.all {
		if other != n && !other.over() && !other.stub && other.info.Route != "" && w.reaches(n, other) {
			up(n, other)
			up(other, n)
		}
	}
}

// simDial is a dial under way. What gets no answer is asked again, ever more
// seldom, as the session layer repeats its packets.
type simDial struct {
	to  nodeid.Name
	at  time.Duration // of the next attempt
	gap time.Duration
	// offered: the holder has it, and repetitions are the same to him
	offered bool
}

// startDial starts a dial; one that is under way asks again at once.
func (w *world) startDial(from *simNode, to nodeid.Name) {
	d := from.dialing[to]
	if d == nil {
		d = &simDial{to: to}
		from.dialing[to] = d
		w.at(w.now+7*time.Second, func() { from.dialFailed(d, TimedOut) })
	}
	d.gap = 100 * time.Millisecond
	w.attemptAt(w.now+w.delay(), from, d)
}

func (w *world) attemptAt(at time.Duration, from *simNode, d *simDial) {
	d.at = at
	w.at(at, func() {
		if from.dialing[d.to] == d && d.at == at && !from.over() {
			w.attempt(from, d)
		}
	})
}

func (n *simNode) dialFailed(d *simDial, cause DialError) {
	if d != nil && n.dialing[d.to] == d {
		delete(n.dialing, d.to)
		n.do(func() { n.core.DialFailed(d.to, cause, n.now()) })
	}
}

// attempt tries once.
func (w *world) attempt(from *simNode, d *simDial) {
	live := w.live(d.to)
	if len(live) == 0 {
		w.at(w.now+250*time.Millisecond, func() { from.dialFailed(d, NoHolder) })
		return
	}
	holder := live[w.rand.IntN(len(live))] // of two holders, the quicker
	switch {
	case holder.paused || from.paused || !w.reaches(from, holder) || !w.reaches(holder, from) || w.parks(holder, from):
		w.attemptAt(w.now+d.gap, from, d)
		d.gap = min(2*d.gap, time.Second)
	case holder.cookie != from.cookie:
		w.at(w.now+250*time.Millisecond, func() { from.dialFailed(d, CookiesDiffer) })
	case !d.offered:
		d.offered = true
		w.offer(from, holder)
	}
}

// parks reports whether holder, the greater, has a dial of its own under way.
func (w *world) parks(holder, from *simNode) bool {
	return holder.dialing[from.ref.Node] != nil && holder.ref.Node > from.ref.Node && len(w.live(from.ref.Node)) == 1
}

func (w *world) offer(from, holder *simNode) {
	id := w.link(from, holder)
	holder.do(func() {
		holder.witness.admission(from.ref, from.info)
		holder.core.Admission(id, from.ref, from.info, holder.now())
	})
}

func (w *world) link(dialler, holder *simNode) LinkID {
	w.links = append(w.links, &simLink{ends: [2]*simNode{dialler, holder}})
	return LinkID(len(w.links) - 1)
}

func (w *world) claimed(n *simNode) {
	for _, other := range w.byName[n.ref.Node] {
		if other != n && !other.over() && !other.paused && w.reaches(n, other) {
			w.offer(n, other)
		}
	}
}

func (w *world) admit(holder *simNode, id LinkID) {
	from := w.links[id].ends[0]
	if from.over() {
		return
	}
	delete(holder.dialing, from.ref.Node)
	holder.core.Established(id, from.ref, from.info, false, holder.now())
	w.at(w.now+w.delay(), func() {
		from.do(func() {
			delete(from.dialing, holder.ref.Node)
			from.core.Established(id, holder.ref, holder.info, true, from.now())
		})
	})
}

func (w *world) refuse(holder *simNode, id LinkID) {
	from := w.links[id].ends[0]
	w.at(w.now+w.delay(), func() {
		if from.ref.Node == holder.ref.Node {
			from.do(func() { from.core.ClaimRefused(holder.ref.Incarnation, from.now()) })
			return
		}
		from.dialFailed(from.dialing[holder.ref.Node], InUse)
	})
}

func (w *world) send(from *simNode, s Send) {
	l := w.links[s.Link]
	to := l.other(from)
	if w.forge != nil {
		w.forge(from, s)
	}
	data := AppendMessage(nil, s.Message)
	w.sent[data[0]]++
	w.bytes += len(data)
	if w.apart[[2]nodeid.Name{from.ref.Node, to.ref.Node}] {
		if s.Seq != 0 {
			w.at(w.now+w.delay(), func() { from.do(func() { from.core.NoResponders(s.Seq, from.now()) }) })
		}
		return
	}
	if !w.reaches(from, to) {
		return
	}
	w.packet(l, s, from, to, data)
	if w.dup > 0 && w.rand.Float64() < w.dup {
		w.packet(l, s, from, to, data)
	}
}

func (w *world) packet(l *simLink, s Send, from, to *simNode, data []byte) {
	w.at(w.now+w.delay(), func() {
		if to.stub {
			w.stubs.answer(w, s, from)
			return
		}
		if !to.over() {
			to.do(func() { w.deliver(l, s, from, to, data) })
			return
		}
		if s.Seq != 0 && !w.listening && !from.busGone {
			w.at(w.now+w.delay(), func() { from.do(func() { from.core.NoResponders(s.Seq, from.now()) }) })
		}
	})
}

func (w *world) deliver(l *simLink, s Send, from, to *simNode, data []byte) {
	if end := l.end(to); l.closed[end] {
		if w.reaches(to, from) {
			reason := l.reason[end]
			w.at(w.now+w.delay(), func() { from.do(func() { from.core.Closed(s.Link, reason, from.now()) }) })
		}
		return
	}
	m, err := ParseMessage(data)
	if err != nil {
		w.t.Errorf("%s sent a message that does not parse: %v", from.ref.Node, err)
	}
	if data[0] == kindTip {
		w.tipped++
	}
	to.core.Receive(s.Link, m, s.ReplyTo, to.now())
}

func (n *simNode) listenerRefused(ref NodeRef) {
	n.do(func() {
		n.witness.listenerRefused(ref, true)
		n.core.ListenerRefused(ref, true, n.now())
	})
}

// kill ends a node as kill -9 does: its routes close, its listener refuses.
func (w *world) kill(n *simNode) {
	n.dead, n.diedAt = true, w.now
	n.refusesFrom = w.now + w.linger
	for _, other := range w.all {
		if other != n && !other.over() && n.info.Route != "" {
			w.at(w.now+2*time.Millisecond, func() { other.do(func() { other.core.RouteDown(n.ref, other.now()) }) })
		}
	}
	w.at(w.now, func() { w.expectDown(n) }) // when all that die now are dead
}

func (w *world) pause(n *simNode) {
	n.paused, n.pausedAt = true, w.now
	w.troubles.begin(n.ref.Node)
}

func (w *world) resume(n *simNode) {
	n.paused = false
	w.troubles.end(n.ref.Node, w.now)
	n.catchUp()
}

// catchUp does what had to wait while n did not run.
func (n *simNode) catchUp() {
	if n.paused || n.stalled {
		return
	}
	held := n.held
	n.held = nil
	for _, input := range held {
		n.do(input)
	}
	n.do(func() { n.core.Tick(n.now()) })
}

// slowDown lets n stall for up to stall at a time; 0 ends it.
func (w *world) slowDown(n *simNode, stall time.Duration) {
	was := n.slow
	n.slow = stall
	switch {
	case was == 0 && stall > 0:
		w.troubles.begin(n.ref.Node)
		w.stall(n)
	case was > 0 && stall == 0:
		w.troubles.end(n.ref.Node, w.now)
	}
}

func (w *world) stall(n *simNode) {
	if n.slow == 0 || n.over() {
		return
	}
	n.stalled = true
	w.at(w.now+time.Duration(w.rand.Int64N(int64(n.slow))), func() {
		n.stalled = false
		n.catchUp()
		w.at(w.now+time.Duration(w.rand.Int64N(int64(50*time.Millisecond))), func() { w.stall(n) })
	})
}

// jumpClock moves n's clock ahead, as the end of a suspension does.
func (w *world) jumpClock(n *simNode, by time.Duration) {
	n.skew += by
	n.do(n.tick)
}

func (w *world) setBus(gone bool, nodes ...*simNode) {
	for _, n := range nodes {
		if n.busGone != gone {
			n.busGone = gone
			if gone {
				w.troubles.begin(n.ref.Node)
			} else {
				w.troubles.end(n.ref.Node, w.now)
			}
		}
		n.do(func() {
			if gone {
				n.witness.busLost()
				n.core.BusLost(n.now())
			} else {
				n.witness.busBack(n.now())
				n.core.BusBack(n.now())
			}
		})
	}
}

// setCut closes the way from one name to another, or opens it.
func (w *world) setCut(from, to nodeid.Name, closed bool) {
	way := [2]nodeid.Name{from, to}
	if w.cut[way] == closed {
		return
	}
	if closed {
		w.cut[way] = true
	} else {
		delete(w.cut, way)
	}
	w.troubles.way(way, closed, w.now)
}

// setLoss sets the part of all packets that are lost.
func (w *world) setLoss(loss float64) {
	w.troubles.setLoss(loss, w.now)
	w.loss = loss
}
