package session

import (
	"slices"
	"time"

	"interconnectd/configs/nodeid"
)

const (
	resendFirst = 100 * time.Millisecond
	resendMost  = time.Second

	// How long "no responders" must last, for a subscription is known
	// elsewhere only some time after it was made, and how often to ask.
	noHolderTime  = 250 * time.Millisecond
	noHolderRetry = 25 * time.Millisecond

	// How long an answer in clear leaves an authentic one to come.
	refusalTime = 250 * time.Millisecond

	// How long the outranked waits for the other's msg1.
	yieldTime = 100 * time.Millisecond

	maxCandidates = 4
	candidateTime = 250 * time.Millisecond
)

// dial is an own attempt to connect to a name. What it has to do next, run
// works out from the times in it.
type dial struct {
	to    nodeid.Name
	alarm alarm

	hello   uint64        // request id
	began   time.Duration // the first hello; never before it
	ends    time.Duration
	askAt   time.Duration // the next hello
	askGap  time.Duration
	lastAsk time.Duration

	hastened time.Duration // when its repetitions began, or were begun anew

	candidates []*candidate // oldest first
	parked     *offer       // of the peer we outrank

	refusal   Reason        // in clear; 0: none
	refusedAt time.Duration // when it is believed
	unproven  uint64        // refusals and "no responders" so far
}

// candidate is an incarnation that is said to hold the name dialled.
type candidate struct {
	dial    *dial
	inc     nodeid.Incarnation
	request uint64
	at      time.Duration // the next msg1 or confirm
	gap     time.Duration
	since   time.Duration // of the candidate, for making room

	noise   *initiator // from the first msg1 until msg2
	msg1    []byte
	session *session // from msg2 on

	hearsay   bool // the caller's word, not an answer's
	confirmed bool // a confirm was sent
}

// Dial starts an attempt to connect to name. Established or DialFailed ends it;
// an accepted session with that name that becomes live ends it too. While one
// is under way another Dial of that name lets it ask again at once, ten times a
// second at most. Dialling the own name is the claim: it reaches other
// incarnations only.
func (e *Endpoint) Dial(name nodeid.Name, now time.Duration) {
	if d := e.dials[name]; d != nil {
		e.hasten(d, now)
		return
	}
	e.run(e.newDial(name, now), now)
}

// DialHolder is Dial where somebody says that inc holds the name, whom nothing vouches
// for: it gets its msg1 at once, without the question who is there. That one follows
// where nobody gets the msg1.
func (e *Endpoint) DialHolder(name nodeid.Name, inc nodeid.Incarnation, now time.Duration) {
	d := e.dials[name]
	switch {
	case name == e.cfg.Self || inc.IsZero():
		e.Dial(name, now)
		return
	case d == nil:
		d = e.newDial(name, now)
	case len(d.candidates) > 0, now-d.hastened < resendFirst:
		e.hasten(d, now) // it has somebody to talk to, or had a moment ago: a msg1 costs a key
		return
	}
	if c := e.addCandidate(d, inc, now); c != nil {
		c.hearsay, d.hastened = true, now
	}
	e.run(d, now)
}

func (e *Endpoint) newDial(name nodeid.Name, now time.Duration) *dial {
	d := &dial{to: name, began: never, ends: now + e.cfg.SetupTime, askAt: now, askGap: resendFirst, hastened: now}
	d.alarm.ring = func(now time.Duration) { e.run(d, now) }
	d.hello = e.request(request{dial: d})
	e.dials[name] = d
	return d
}

// hasten lets a dial whose repetitions have become rare begin them anew.
func (e *Endpoint) hasten(d *dial, now time.Duration) {
	if now-d.hastened < resendFirst {
		return
	}
	d.hastened = now
	d.askGap = resendFirst
	if len(d.candidates) == 0 {
		d.askAt = now
	}
	for _, c := range d.candidates {
		if c.gap > resendFirst { // it was sent
			c.at, c.gap = now, resendFirst
		}
	}
	e.run(d, now)
}

// dialAnew forgets what a dial has been told that used another key.
func (e *Endpoint) dialAnew(name nodeid.Name, now time.Duration) {
	d := e.dials[name]
	if d == nil || slices.ContainsFunc(d.candidates, func(c *candidate) bool { return c.session != nil }) {
		return
	}
	d.refusal = 0
	for _, c := range d.candidates {
		delete(e.requests, c.request) // a refusal of the former may be on its way
		c.request = e.request(request{d, c})
		c.noise, c.msg1 = nil, nil
		c.at, c.gap = now, resendFirst
	}
	e.run(d, now)
}

// Dialling reports whether an attempt to connect to name is under way.
func (e *Endpoint) Dialling(name nodeid.Name) bool { return e.dials[name] != nil }

// Abandon ends an attempt without an output that tells of it.
func (e *Endpoint) Abandon(name nodeid.Name, now time.Duration) {
	if d := e.dials[name]; d != nil {
		e.settle(d, nil, now)
	}
}

// run does what is due and sets the alarm for the rest.
func (e *Endpoint) run(d *dial, now time.Duration) {
	if now >= d.ends {
		e.fail(d, DialFailed{Name: d.to, Reason: TimedOut}, now)
		return
	}
	if held := e.heldUntil(d.to, now); held > now {
		e.alarms.set(&d.alarm, min(held, d.ends))
		return
	}
	if d.refusal != 0 && now >= d.refusedAt {
		e.fail(d, DialFailed{Name: d.to, Reason: d.refusal}, now)
		return
	}
	if d.to == e.cfg.Self && len(d.candidates) == 0 && d.began != never && now-d.began >= noHolderTime {
		e.fail(d, DialFailed{Name: d.to, Reason: NoHolder}, now)
		return
	}
	if now >= d.askAt {
		e.ask(d, now)
	}
	for _, c := range d.candidates {
		if now >= c.at {
			e.send(c, now)
		}
	}
	e.alarms.set(&d.alarm, e.due(d))
}

// due is when run has something to do again.
func (e *Endpoint) due(d *dial) time.Duration {
	due := min(d.ends, d.askAt)
	if d.refusal != 0 {
		due = min(due, d.refusedAt)
	}
	if d.to == e.cfg.Self && len(d.candidates) == 0 {
		due = min(due, d.began+noHolderTime)
	}
	for _, c := range d.candidates {
		due = min(due, c.at)
	}
	return due
}

// ask sends the hello.
func (e *Endpoint) ask(d *dial, now time.Duration) {
	d.began = min(d.began, now)
	d.lastAsk, d.askAt, d.askGap = now, now+d.askGap, doubled(d.askGap)
	if len(d.candidates) > 0 {
		d.askAt = never // a single question, because of "no responders"
	}
	h := hello{from: e.cfg.Self, inc: e.cfg.Incarnation, to: string(d.to)}
	e.emit(SendName{d.to, d.hello, h.append(nil)})
}

// send sends a candidate's msg1 or confirm.
func (e *Endpoint) send(c *candidate, now time.Duration) {
	c.at, c.gap = now+c.gap, doubled(c.gap)
	if c.session != nil {
		c.confirmed = true
		e.emit(SendFrame{c.dial.to, c.inc, c.request, e.seal(c.session, kindConfirm, nil, now)})
		return
	}
	if c.noise == nil && !e.initiate(c) {
		e.count(DropFailed)
		return
	}
	e.emit(SendName{c.dial.to, c.request, c.msg1})
}

// initiate makes a candidate's msg1. It fails only when Config.Rand does.
func (e *Endpoint) initiate(c *candidate) bool {
	e.lastAttempt++
	h := msg1Header{e.lastAttempt, e.cfg.Incarnation, c.inc, e.cfg.Self, string(c.dial.to)}
	var err error
	c.noise, c.msg1, err = initiate(e.cfg.Rand, e.keys.of(c.dial.to), h.append(nil), e.cfg.Info)
	return err == nil
}

func doubled(gap time.Duration) time.Duration { return min(2*gap, resendMost) }

// HandleReply takes an answer to a request. It returns false for a request
// that is not the endpoint's, or not any more: a frame of a session may be in
// it nevertheless, for HandleFrame.
func (e *Endpoint) HandleReply(id uint64, data []byte, now time.Duration) bool {
	r, ok := e.requests[id]
	if !ok {
		return false
	}
	switch c := r.candidate; {
	case c == nil:
		e.handleHelloAnswer(r.dial, data, now)
	case c.session == nil:
		e.handleMsg1Answer(c, data, now)
	case len(data) > 0 && (data[0] == kindData || data[0] == kindConfirm):
		// No answer to a confirm. Opened here, a frame that somebody sent on
		// to this subject would count as seen when it comes by its own.
		e.count(DropUntimely)
	default:
		e.HandleFrame(data, "", now)
	}
	return true
}

// HandleNoResponders takes the word that nobody got a request; anyone can say
// so. It returns false as HandleReply does.
func (e *Endpoint) HandleNoResponders(id uint64, now time.Duration) bool {
	r, ok := e.requests[id]
	if !ok {
		return false
	}
	d := r.dial
	d.unproven++
	switch {
	case r.candidate != nil && r.candidate.hearsay && r.candidate.session == nil:
		e.disprove(r.candidate, now)
	case r.candidate != nil:
		d.askAt = min(d.askAt, max(now, d.lastAsk+noHolderTime))
	case len(d.candidates) > 0: // the hello was answered, or is not needed
	case now-d.began >= noHolderTime:
		e.fail(d, DialFailed{Name: d.to, Reason: NoHolder}, now)
		return true
	default:
		d.askAt, d.askGap = min(d.askAt, now+noHolderRetry), resendFirst
	}
	e.run(d, now)
	return true
}

func (e *Endpoint) handleHelloAnswer(d *dial, data []byte, now time.Duration) {
	a, ok := parseHelloAnswer(data)
	if !ok {
		e.count(DropMalformed)
		return
	}
	if c := e.addCandidate(d, a.inc, now); c != nil {
		if a.dialling && !e.outranks(d.to, a.inc) {
			c.at += yieldTime
		}
		e.emit(Found{d.to, a.inc})
		e.run(d, now)
	}
}

// handleMsg1Answer takes a msg2, or one of the answers in clear.
func (e *Endpoint) handleMsg1Answer(c *candidate, data []byte, now time.Duration) {
	d := c.dial
	if inc, ok := parseStale(data); ok {
		if c.hearsay {
			e.disprove(c, now)
		}
		e.addCandidate(d, inc, now)
	} else if isRefusal(data) {
		e.refused(d, CookiesDiffer, now)
	} else if !e.handleMsg2(c, data, now) {
		e.refused(d, Unreadable, now)
	}
	e.run(d, now)
}

func (e *Endpoint) handleMsg2(c *candidate, data []byte, now time.Duration) bool {
	r := reader{data}
	r.clear(kindMsg2)
	if r.rest == nil || len(data) > maxMsg2 || c.noise == nil {
		e.count(DropMalformed)
		return false
	}
	keys, info, err := c.noise.finish(r.rest)
	if err != nil {
		e.count(DropForged)
		return false
	}
	s := &session{peer: c.dial.to, inc: c.inc, info: info, state: confirming, candidate: c}
	if !e.newSession(s, keys, now) {
		e.count(DropFailed)
		return true
	}
	delete(e.requests, c.request)
	c.request = e.request(request{c.dial, c})
	c.session, c.noise, c.msg1 = s, nil, nil
	c.at, c.gap = now, resendFirst
	c.dial.ends = now + e.cfg.SetupTime // the confirm may bring the peer up: it is not to be taken back soon after
	e.drops[DropOverruled] += c.dial.unproven
	c.dial.unproven, c.dial.refusal = 0, 0
	return true
}

// refused notes an answer that anyone can give. A refusal says more than an
// answer that cannot be read; either is nothing beside a msg2.
func (e *Endpoint) refused(d *dial, reason Reason, now time.Duration) {
	d.unproven++
	if slices.ContainsFunc(d.candidates, func(c *candidate) bool { return c.session != nil }) {
		return
	}
	if d.refusal == 0 {
		d.refusedAt = now + refusalTime
	}
	if d.refusal != CookiesDiffer {
		d.refusal = reason
	}
}

// addCandidate makes inc a candidate, to be sent its msg1 at once. It returns nil
// for one that is known already or cannot be.
func (e *Endpoint) addCandidate(d *dial, inc nodeid.Incarnation, now time.Duration) *candidate {
	if inc.IsZero() || e.isSelf(d.to, inc) || d.candidate(inc) != nil || !e.makeRoom(d, now) {
		return nil
	}
	c := &candidate{dial: d, inc: inc, at: now, gap: resendFirst, since: now}
	c.request = e.request(request{d, c})
	d.candidates = append(d.candidates, c)
	d.askAt = never
	return c
}

// makeRoom takes the oldest candidate out that has not proved itself in time,
// when there are too many.
func (e *Endpoint) makeRoom(d *dial, now time.Duration) bool {
	if len(d.candidates) < maxCandidates {
		return true
	}
	i := slices.IndexFunc(d.candidates, func(c *candidate) bool {
		return c.session == nil && now-c.since >= candidateTime
	})
	if i < 0 {
		return false
	}
	e.dismiss(d.candidates[i])
	return true
}

// dismiss takes a candidate out of its dial.
func (e *Endpoint) dismiss(c *candidate) {
	delete(e.requests, c.request)
	c.dial.candidates = slices.DeleteFunc(c.dial.candidates, func(other *candidate) bool { return other == c })
}

// disprove dismisses one of hearsay that is not there, as somebody says. Who is there
// is asked, unless that one names him.
func (e *Endpoint) disprove(c *candidate, now time.Duration) {
	e.dismiss(c)
	c.dial.askAt = now
}

func (d *dial) candidate(inc nodeid.Incarnation) *candidate {
	for _, c := range d.candidates {
		if c.inc == inc {
			return c
		}
	}
	return nil
}

// hasConfirmed reports whether who may have a confirm of an own dial.
func (e *Endpoint) hasConfirmed(who dialler) bool {
	d := e.dials[who.name]
	if d == nil {
		return false
	}
	c := d.candidate(who.inc)
	return c != nil && c.confirmed
}

// unhold runs the dial of name when something that may hold it has changed.
func (e *Endpoint) unhold(name nodeid.Name, now time.Duration) {
	if d := e.dials[name]; d != nil {
		e.run(d, now)
	}
}

// welcomed ends a dial well.
func (e *Endpoint) welcomed(s *session, now time.Duration) {
	d := s.candidate.dial
	s.candidate = nil
	e.goLive(s)
	e.settle(d, s, now)
	if other := e.acceptedFrom(dialler{s.peer, s.inc}); other != nil {
		e.takeBack(other, now)
	}
	e.emit(Established{Session: s.id, Peer: s.peer, Incarnation: s.inc, Info: s.info, Dialled: true})
	s.info = nil
}

// fail ends a dial badly.
func (e *Endpoint) fail(d *dial, why DialFailed, now time.Duration) {
	e.emit(why)
	e.settle(d, nil, now)
}

// settle removes a dial. winner is the session that came of it, or instead of
// it, or nil: then a parked offer has its turn, as it has when it is of
// another incarnation than the winner's.
func (e *Endpoint) settle(d *dial, winner *session, now time.Duration) {
	delete(e.dials, d.to)
	delete(e.requests, d.hello)
	e.alarms.stop(&d.alarm)
	for _, c := range d.candidates {
		delete(e.requests, c.request)
		switch s := c.session; {
		case s == nil || s == winner:
		case c.confirmed && e.sessions[s.id] == s:
			e.drop(s, kindClosed, Withdrawn, now)
			e.bid(s, "", now)
		default:
			e.forget(s, now)
		}
	}
	if o := d.parked; o != nil && (winner == nil || winner.inc != o.fromInc) {
		e.accept(o, now)
	}
}
