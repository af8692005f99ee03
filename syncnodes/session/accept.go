package session

import (
	"slices"
	"time"

	"interconnectd/configs/nodeid"
)

// HandleName takes a packet that was addressed to the own name: a hello or a
// msg1. replyTo is its reply subject, without which it is dropped.
func (e *Endpoint) HandleName(data []byte, replyTo string, now time.Duration) {
	var kind byte
	if len(data) > 0 {
		kind = data[0]
	}
	switch {
	case kind != kindHello && kind != kindMsg1:
		e.count(DropMalformed)
	case replyTo == "":
		e.count(DropNoReply)
	case kind == kindHello:
		e.handleHello(data, replyTo, now)
	default:
		e.handleMsg1(data, replyTo, now)
	}
}

func (e *Endpoint) handleHello(data []byte, replyTo string, now time.Duration) {
	h, ok := parseHello(data)
	switch {
	case !ok:
		e.count(DropMalformed)
		return
	case nodeid.Name(h.to) != e.cfg.Self:
		e.count(DropMisaddressed)
		return
	case e.isSelf(h.from, h.inc):
		return // the own claim comes back
	}
	d := e.dials[h.from]
	answer := helloAnswer{
		inc:      e.cfg.Incarnation,
		dialling: d != nil && e.heldUntil(h.from, now) <= now,
	}
	e.emit(Answer{replyTo, answer.append(nil)})
}

func (e *Endpoint) handleMsg1(data []byte, replyTo string, now time.Duration) {
	h, noiseAt, ok := parseMsg1(data)
	switch {
	case !ok:
		e.count(DropMalformed)
		return
	case nodeid.Name(h.to) != e.cfg.Self:
		e.count(DropMisaddressed)
		return
	case e.isSelf(h.from, h.fromInc):
		return // the own claim comes back
	case h.toInc != e.cfg.Incarnation:
		e.emit(Answer{replyTo, appendStale(nil, e.cfg.Incarnation)})
		return
	}
	o := e.readOffer(h, data, noiseAt)
	if o == nil {
		e.count(DropWrongCookie)
		e.emit(Answer{replyTo, appendRefusal(nil)})
		e.reject(h.from, now)
		return
	}
	if len(o.info) > MaxInfo {
		e.count(DropMalformed)
		return
	}
	o.replyTo = replyTo
	e.consider(o, now)
}

// readOffer reads a msg1 with each key that its sender may have, nil where none
// is the one.
func (e *Endpoint) readOffer(h msg1Header, data []byte, noiseAt int) *offer {
	for _, key := range e.keys.accepted(h.from) {
		if o, err := readOffer(e.cfg.Rand, key, h, data, noiseAt); err == nil {
			return o
		}
	}
	return nil
}

// consider decides about an offer before any Diffie-Hellman: a repetition, a
// recording, one to park, or one to answer.
func (e *Endpoint) consider(o *offer, now time.Duration) {
	who := dialler{o.from, o.fromInc}
	if !e.attempts.isNew(who, o.attempt) {
		e.repeat(o)
		return
	}
	e.attempts.put(who, o.attempt)
	parks := e.parks(o, now)
	for s := e.acceptedFrom(who); s != nil; s = e.acceptedFrom(who) {
		e.takeBack(s, now) // an own dial that it held back may end by this, and give its parked offer a session
	}
	if d := e.dials[o.from]; parks && d != nil {
		d.parked = o
		return
	}
	e.accept(o, now)
}

// repeat answers an offer whose attempt is not new: what was lost, and nothing
// else, is sent again.
func (e *Endpoint) repeat(o *offer) {
	if d := e.dials[o.from]; d != nil && d.parked != nil && d.parked.digest == o.digest {
		d.parked.replyTo = o.replyTo
		return
	}
	s := e.acceptedFrom(dialler{o.from, o.fromInc})
	if s == nil || s.digest != o.digest {
		e.count(DropReplayed)
		return
	}
	if s.state == halfOpen {
		e.emit(Answer{o.replyTo, s.msg2})
	}
}

// parks reports whether an own dial that outranks the offer's has to end first.
func (e *Endpoint) parks(o *offer, now time.Duration) bool {
	d := e.dials[o.from]
	return d != nil && e.outranks(o.from, o.fromInc) && e.heldUntil(o.from, now) <= now &&
		(len(d.candidates) == 0 || d.candidate(o.fromInc) != nil)
}

// accept answers an offer and opens a session by half.
func (e *Endpoint) accept(o *offer, now time.Duration) {
	msg2, keys, err := o.answer(e.cfg.Info)
	s := &session{
		peer: o.from, inc: o.fromInc, info: o.info, state: halfOpen,
		attempt: o.attempt, digest: o.digest, msg2: msg2, accepted: now,
	}
	if err != nil || !e.newSession(s, keys, now) {
		e.count(DropFailed)
		return
	}
	s.place = e.pending.PushBack(s)
	e.accepted[s.peer] = append(e.accepted[s.peer], s)
	e.alarms.set(&s.alarm, now+e.cfg.SetupTime)
	if e.pending.Len() > maxPending {
		e.count(DropFlooded)
		e.takeBack(e.pending.Front().Value.(*session), now)
	}
	e.emit(Answer{o.replyTo, msg2})
	e.unhold(s.peer, now)
}

// takeBack ends a pending session that another takes the place of.
func (e *Endpoint) takeBack(s *session, now time.Duration) {
	if s.state == awaiting {
		e.emit(Closed{s.id, s.peer, Withdrawn})
	}
	e.forget(s, now)
}

// handleConfirm takes the dialler's proof that it is alive.
func (e *Endpoint) handleConfirm(s *session, replyTo string, now time.Duration) {
	switch s.state {
	case halfOpen:
		if e.outranks(s.peer, s.inc) && e.hasConfirmed(dialler{s.peer, s.inc}) {
			return // the peer may have acted on our confirm: no second session
		}
		s.state, s.confirmTo = awaiting, replyTo
		e.alarms.set(&s.alarm, now+e.cfg.SetupTime)
		e.emit(Admission{s.id, s.peer, s.inc, s.info})
		e.unhold(s.peer, now)
	case awaiting:
		s.confirmTo = replyTo
	case live:
		e.reply(s, replyTo, kindWelcome, nil, now)
	default:
		e.count(DropUntimely)
	}
}

// Admit answers an Admission: Established follows. It does nothing for a
// session that is not awaiting one, as after Closed. Other live sessions of
// the peer are the caller's to Drop.
func (e *Endpoint) Admit(id SessionID, now time.Duration) {
	s := e.sessions[id]
	if s == nil || s.state != awaiting {
		return
	}
	e.goLive(s)
	e.reply(s, s.confirmTo, kindWelcome, nil, now)
	if d := e.dials[s.peer]; d != nil {
		e.settle(d, s, now)
	}
	e.emit(Established{Session: s.id, Peer: s.peer, Incarnation: s.inc, Info: s.info})
	s.info = nil
}

// Refuse answers an Admission with a no; the dialler is told why. As Admit it
// is for awaiting sessions only.
func (e *Endpoint) Refuse(id SessionID, reason Reason, now time.Duration) {
	s := e.sessions[id]
	if s == nil || s.state != awaiting {
		return
	}
	to := s.confirmTo
	e.drop(s, kindRefused, reason, now)
	e.bid(s, to, now)
}

// heldUntil is when a dial of name may send again, never while an Admission
// from that name is unanswered.
func (e *Endpoint) heldUntil(name nodeid.Name, now time.Duration) time.Duration {
	until := now
	for _, s := range e.accepted[name] {
		if s.state == awaiting {
			return never
		}
		until = max(until, s.accepted+holdTime)
	}
	return until
}

// acceptedFrom is the pending session of a dialler; there is one at most.
func (e *Endpoint) acceptedFrom(who dialler) *session {
	for _, s := range e.accepted[who.name] {
		if s.inc == who.inc {
			return s
		}
	}
	return nil
}

func (e *Endpoint) removeAccepted(s *session) {
	rest := slices.DeleteFunc(e.accepted[s.peer], func(other *session) bool { return other == s })
	if len(rest) == 0 {
		delete(e.accepted, s.peer)
		return
	}
	e.accepted[s.peer] = rest
}
