package membership

import (
	"fmt"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
)

const (
	shuffledEvery   = time.Second            // one probe of a peer other than the neighbours
	neighbours      = 2                      // probed each interval
	firstSpread     = 50 * time.Millisecond  // for each peer, over which the first probes are spread,
	firstWithin     = 2 * time.Second        // at most
	directMost      = 8                      // peers outside the ring probed in one interval
	proofGap        = 5 * time.Millisecond   // between the two `no responders` of a proof
	suspectMost     = 500 * time.Millisecond // of unanswered probes make a suspect
	windowLeast     = 250 * time.Millisecond
	unansweredLeast = 50 * time.Millisecond
	silenceLeast    = 3  // unanswered probes of a silence that is a verdict
	openMost        = 32 // probes remembered for one peer
)

// watch is what the probes of one peer have shown.
type watch struct {
	open []probeSent // not answered yet, oldest first

	// the run of silence: since the sending of its first unanswered probe
	silentSince time.Duration
	timeout     time.Duration // of this run: see SetTimes
	unanswered  int

	// the run of `no responders`
	goneSince time.Duration
	goneLast  time.Duration
	goneCount int
	goneAfter time.Duration // of this run

	refusedAt   time.Duration // its listener refused a connection
	refusedHere bool          // on this host, where nothing lies between
	routeCut    bool          // the last route to its server is gone
	probeAt     time.Duration // the next probe out of turn
	owed        bool          // that one, whatever is heard before
	tipAgain    time.Duration // the others are not told of it again before
	tipped      bool          // another node told all of it, since it was heard

	adviseAt       time.Duration // an advisory is not taken before
	lastSent       time.Duration
	lastHeard      time.Duration
	anewAt         time.Duration // of an own absence; 0 once a later probe was answered
	heardSinceBack bool          // since the own bus is connected, or we are back ourselves
	srtt           time.Duration
}

type probeSent struct {
	seq     uint64
	at      time.Duration
	counted bool // as unanswered
	gone    bool // `no responders` came for it
	ping    bool // somebody waits for the answer
}

func (w *watch) reset() {
	*w = watch{silentSince: never, goneSince: never, refusedAt: never, probeAt: never}
}

// patience is how long a probe may stay without answer before it counts as
// unanswered: no longer than what makes a suspect, for the answers that a stall
// held back are round trips too.
func (w *watch) patience() time.Duration {
	return min(max(unansweredLeast, 4*w.srtt), suspectMost)
}

// suspectAfter is how long a run of silence is when it makes a suspect: a sixth of
// a short timeout, so that those who hear of it by a tip are not much later.
func (w *watch) suspectAfter() time.Duration { return min(suspectMost, w.timeout/6) }

// quiet ends both runs.
func (w *watch) quiet() {
	w.silentSince, w.unanswered = never, 0
	w.goneSince, w.goneCount = never, 0
}

// count takes one more probe, sent at at, for unanswered. The first begins a
// run, with the timeout of that moment.
func (w *watch) count(at, timeout time.Duration) {
	if w.silentSince == never {
		w.silentSince, w.timeout = at, timeout
	}
	w.unanswered++
}

// round probes the neighbours, and the next few outside the ring.
func (c *Core) round(now time.Duration) {
	c.roundAt = now + c.cfg.Interval
	if c.hold {
		c.hold = false
		c.holdUntil = now + c.window()
	}
	for _, p := range c.neighbours() {
		c.probe(p, now)
	}
	for range min(directMost, len(c.direct)) {
		c.watchNext = (c.watchNext + 1) % len(c.direct)
		if p := c.peers[c.direct[c.watchNext]]; p.state == Up {
			c.probe(p, now)
		}
	}
	c.expireJudged(now)
}

// neighbours are the next peers of the ring, after ourselves in name order,
// that are not suspect.
func (c *Core) neighbours() []*peer {
	self, found := slices.BinarySearch(c.ring, c.cfg.Self)
	if !found {
		return nil
	}
	var next []*peer
	for i := 1; i < len(c.ring) && len(next) < neighbours; i++ {
		if p := c.peers[c.ring[(self+i)%len(c.ring)]]; p.state == Up {
			next = append(next, p)
		}
	}
	return next
}

// probeShuffled probes the next peer of a shuffled round through all of the
// ring.
func (c *Core) probeShuffled(now time.Duration) {
	if len(c.shuffled) == 0 {
		c.shuffled = slices.Clone(c.ring)
		c.cfg.Rand.Shuffle(len(c.shuffled), func(i, j int) {
			c.shuffled[i], c.shuffled[j] = c.shuffled[j], c.shuffled[i]
		})
	}
	for len(c.shuffled) > 0 {
		name := c.shuffled[0]
		c.shuffled = c.shuffled[1:]
		if p := c.peers[name]; p != nil && p.state == Up {
			c.probe(p, now)
			return
		}
	}
}

// probeFirst lets a new peer be probed once in the near future, for the round trip that
// status tells: not at once where there are many, for while a mesh forms all are busy.
func (c *Core) probeFirst(p *peer, now time.Duration) {
	wait := c.jitter(min(time.Duration(len(c.byLink)-1)*firstSpread, firstWithin))
	p.watch.probeAt, p.watch.owed = now+wait, true
}

// probe asks p whether it is there.
func (c *Core) probe(p *peer, now time.Duration) uint64 {
	w := &p.watch
	if len(w.open) == openMost {
		delete(c.bySeq, w.open[0].seq)
		w.open = w.open[1:]
	}
	seq := c.cfg.NextID()
	c.bySeq[seq] = p
	w.open = append(w.open, probeSent{seq: seq, at: now})
	w.lastSent = now
	c.emit(Send{Link: p.link, Seq: seq, Message: Probe{Seq: seq, Digest: c.digest}})
	c.reschedule(p, now)
	return seq
}

// Ping probes a linked peer for somebody who waits: Answered with the id it
// gives tells the answer. It gives 0 where there is no link.
func (c *Core) Ping(name nodeid.Name, now time.Duration) uint64 {
	c.observe(now)
	p := c.peers[name]
	if p == nil || !p.state.Linked() {
		return 0
	}
	seq := c.probe(p, now)
	p.watch.open[len(p.watch.open)-1].ping = true
	return seq
}

// hint probes p out of turn, unless that has just been done.
func (c *Core) hint(p *peer, now time.Duration) {
	if !p.state.Linked() || c.lostFor(p) {
		return
	}
	if len(p.watch.open) == 0 || now-p.watch.lastSent >= proofGap {
		c.probe(p, now)
	}
}

// NoResponders tells that the request with that id reached nobody, as somebody
// on the bus says.
func (c *Core) NoResponders(seq uint64, now time.Duration) {
	c.observe(now)
	p := c.bySeq[seq]
	if p == nil {
		return
	}
	w := &p.watch
	i := slices.IndexFunc(w.open, func(s probeSent) bool { return s.seq == seq })
	if i < 0 || w.open[i].gone {
		return
	}
	sent := &w.open[i] // it stays open: an answer overrules this
	sent.gone = true
	if !sent.counted {
		sent.counted = true
		w.count(sent.at, c.cfg.Timeout)
	}
	if w.goneSince == never {
		w.goneSince, w.goneAfter = now, c.cfg.GoneAfter
	}
	w.goneCount++
	w.goneLast = now
	// The first two are close together, for a proof; then ever rarer.
	w.probeAt = now + min(proofGap<<min(w.goneCount-1, 10), c.cfg.Interval)
	if end := w.goneSince + w.goneAfter; now < end {
		w.probeAt = min(w.probeAt, end) // the window ends with a probe
	}
	if w.goneCount >= 2 {
		c.checkListener(p) // a dying process may have closed its routes first
	}
	c.suspect(p, "no responders", now)
	c.reschedule(p, now)
}

// RouteDown tells that the last route to that node's server is gone: a hint,
// which the listener's refusal makes a proof.
func (c *Core) RouteDown(ref NodeRef, now time.Duration) {
	c.observe(now)
	p := c.peers[ref.Node]
	if p == nil || !p.state.Linked() || p.inc != ref.Incarnation {
		return
	}
	p.watch.routeCut = true
	c.checkListener(p)
	c.hint(p, now)
	p.watch.probeAt = min(p.watch.probeAt, now+proofGap)
	c.reschedule(p, now)
}

// Advised tells that the bus says that the node's connection to it has ended: a
// hint, for it may be back already. Anyone may say so, as often as he likes.
func (c *Core) Advised(node nodeid.Name, now time.Duration) {
	c.observe(now)
	p := c.peers[node]
	if p == nil || !p.state.Linked() || now < p.watch.adviseAt {
		return
	}
	p.watch.adviseAt = now + c.cfg.Interval
	c.hint(p, now)
	c.reschedule(p, now)
}

func (c *Core) checkListener(p *peer) {
	if p.info.Route != "" && p.watch.refusedAt == never {
		c.emit(CheckListener{NodeRef: NodeRef{p.name, p.inc}, Addr: p.info.Route})
	}
}

// ListenerRefused tells that the peer's listener refuses connections: its
// process is gone, or so it seems until it answers. here tells whether it is on
// this host.
func (c *Core) ListenerRefused(ref NodeRef, here bool, now time.Duration) {
	c.observe(now)
	p := c.peers[ref.Node]
	if p == nil || !p.state.Linked() || p.inc != ref.Incarnation {
		return
	}
	p.watch.refusedAt, p.watch.refusedHere = now, here
	p.watch.probeAt = min(p.watch.probeAt, now+proofGap)
	c.reschedule(p, now)
}

// answered takes the answer to a probe.
func (c *Core) answered(p *peer, answer Answer, now time.Duration) {
	w := &p.watch
	i := slices.IndexFunc(w.open, func(s probeSent) bool { return s.seq == answer.Seq })
	if i < 0 {
		return // late: the frame counted as heard all the same
	}
	sent := w.open[i]
	trip := now - sent.at
	c.trips.Add(trip)
	if w.srtt == 0 {
		w.srtt = trip
	} else {
		w.srtt += (trip - w.srtt) / 8 // RFC 6298
	}
	if sent.at >= w.anewAt {
		w.anewAt, w.heardSinceBack = 0, true
	}
	if w.refusedAt != never && sent.at > w.refusedAt {
		w.refusedAt = never
	}
	for _, s := range w.open[:i+1] { // the answers to the others were lost
		delete(c.bySeq, s.seq)
		if s.ping {
			c.emit(Answered{Seq: s.seq, RoundTrip: trip})
		}
	}
	w.open = slices.Delete(w.open, 0, i+1)
	if p.rival != nil && sent.at >= p.rival.at {
		c.refuseRival(p)
	}
	c.compareDigest(p, answer.Digest, now)
}

// heard takes any authentic frame as a sign of life.
func (c *Core) heard(p *peer, now time.Duration) {
	w := &p.watch
	w.lastHeard = now
	w.heardSinceBack, w.tipped = w.anewAt == 0, false
	w.quiet()
	if !w.owed {
		w.probeAt = never
	}
	if w.refusedAt != never {
		// The frame may be older than the refusal: ask again.
		w.probeAt = now + proofGap
	}
	for i := range w.open {
		w.open[i].counted = true // what was sent before this says nothing
	}
	if p.state == Suspect && !c.lostFor(p) {
		p.detail = ""
		c.setState(p, Up, "heard")
	}
}

// suspect makes p a suspect and lets the others know.
func (c *Core) suspect(p *peer, cause string, now time.Duration) {
	if p.state != Up {
		return
	}
	p.detail = cause
	c.setState(p, Suspect, cause)
	if p.watch.probeAt == never {
		p.watch.probeAt = now
	}
	c.tip(p, now)
}

func (c *Core) forgetRequests(p *peer) {
	for _, s := range p.watch.open {
		delete(c.bySeq, s.seq)
	}
	p.watch.open = nil
}

// nextWatch is when p has to be looked at again.
func (c *Core) nextWatch(p *peer, now time.Duration) time.Duration {
	w := &p.watch
	next := w.probeAt
	for _, s := range w.open {
		if !s.counted {
			next = min(next, s.at+w.patience())
			break
		}
	}
	if w.silentSince != never && p.state == Up {
		next = min(next, w.silentSince+w.suspectAfter())
	}
	return min(next, c.nextVerdict(p, now))
}

// look does what is due of p's watch.
func (c *Core) look(p *peer, now time.Duration) {
	w := &p.watch
	for i := range w.open {
		if s := &w.open[i]; !s.counted && now-s.at >= w.patience() {
			s.counted = true
			w.count(s.at, c.cfg.Timeout)
		}
	}
	if w.silentSince != never && now-w.silentSince >= w.suspectAfter() {
		c.suspect(p, "no answer", now)
	}
	if now >= w.probeAt {
		w.probeAt, w.owed = never, false
		if p.state == Suspect {
			w.probeAt = now + c.cfg.Interval
		}
		if !c.lostFor(p) {
			c.probe(p, now)
		}
	}
	if reason, detail, fell := c.verdict(p, now); fell {
		c.judge(p, reason, detail, now)
	}
}

func unresponsive(d time.Duration) string {
	return fmt.Sprintf("unresponsive for %.1fs", d.Seconds())
}
