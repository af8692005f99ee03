package session

import (
	"container/list"
	"crypto/sha256"
	"time"

	"interconnectd/configs/nodeid"
)

const (
	maxPending = 1024 // accepted sessions that are not live yet
	maxDropped = 4096

	// A half-open session younger than this holds an own dial back.
	holdTime = time.Second

	// How long a session that was live says farewell. A peer that was away, cut
	// off or stopped, believes in it until it hears that.
	farewellTime = time.Hour
)

// state is how far a session has come.
type state byte

const (
	confirming state = iota // dialled: msg2 was read, a welcome is wanted
	halfOpen                // accepted: msg2 was sent, a confirm is wanted
	awaiting                // accepted: the caller's Admit or Refuse is wanted
	live
	dropped // answers with its farewell, and no more
)

// session is one handshake that has its keys, and what became of it.
type session struct {
	id    SessionID
	peer  nodeid.Name
	inc   nodeid.Incarnation
	info  []byte
	state state
	seal  sealer
	open  opener
	// alarm ends the session, but for a live one: there it ends the former key.
	alarm alarm
	place *list.Element // in pending or dropped

	candidate *candidate // confirming

	// half-open and awaiting
	attempt   uint64
	digest    [sha256.Size]byte // of msg1
	msg2      []byte
	accepted  time.Duration
	confirmTo string // reply subject of the last confirm

	// dropped
	farewell byte // kindRefused or kindClosed
	reason   Reason
}

// newSession registers a session, but for an id that is taken: one in 2^64, or
// somebody's mischief.
func (e *Endpoint) newSession(s *session, keys secrets, now time.Duration) bool {
	if _, taken := e.sessions[keys.id]; taken {
		return false
	}
	s.id = keys.id
	s.seal = newSealer(keys.id, keys.send, now)
	s.open = newOpener(keys.receive)
	s.alarm.ring = func(now time.Duration) { e.expire(s, now) }
	e.sessions[s.id] = s
	return true
}

// expire is what a session's alarm does.
func (e *Endpoint) expire(s *session, now time.Duration) {
	switch s.state {
	case live:
		s.open.expire(now)
	case awaiting:
		e.emit(Closed{s.id, s.peer, TimedOut})
		e.Refuse(s.id, TimedOut, now)
	default:
		e.forget(s, now)
	}
}

// forget leaves nothing of a session.
func (e *Endpoint) forget(s *session, now time.Duration) {
	e.alarms.stop(&s.alarm)
	e.unlist(s)
	delete(e.sessions, s.id)
	e.unhold(s.peer, now)
}

// unlist takes a session out of the lists of its state.
func (e *Endpoint) unlist(s *session) {
	switch s.state {
	case halfOpen, awaiting:
		e.pending.Remove(s.place)
		e.removeAccepted(s)
		s.msg2 = nil
	case dropped:
		e.dropped.Remove(s.place)
	}
}

// goLive is for sessions of both kinds.
func (e *Endpoint) goLive(s *session) {
	e.alarms.stop(&s.alarm)
	e.unlist(s)
	s.state = live
}

// drop keeps the keys of a session for its farewell.
func (e *Endpoint) drop(s *session, farewell byte, reason Reason, now time.Duration) {
	keep := e.cfg.KeepKeys
	if s.state == live {
		keep = farewellTime
		s.open.former = nil // the peer goes on from the last epoch
	}
	e.unlist(s)
	s.state, s.farewell, s.reason = dropped, farewell, reason
	s.candidate, s.info = nil, nil
	s.place = e.dropped.PushBack(s)
	e.alarms.set(&s.alarm, now+keep)
	if e.dropped.Len() > maxDropped {
		e.forget(e.dropped.Front().Value.(*session), now)
	}
	e.unhold(s.peer, now)
}

// closedByPeer is an authentic refused or closed: nobody listens to the
// session any more.
func (e *Endpoint) closedByPeer(s *session, reason Reason, now time.Duration) {
	switch s.state {
	case confirming:
		delete(e.sessions, s.id) // so that fail does not say farewell
		e.fail(s.candidate.dial, DialFailed{s.peer, reason, s.inc, s.info}, now)
		return
	case awaiting, live:
		e.emit(Closed{s.id, s.peer, reason})
	}
	e.forget(s, now)
}

// reply sends a sealed control frame, as an answer where one is wanted.
func (e *Endpoint) reply(s *session, replyTo string, kind byte, payload []byte, now time.Duration) {
	data := e.seal(s, kind, payload, now)
	if replyTo != "" {
		e.emit(Answer{replyTo, data})
		return
	}
	e.emit(SendFrame{To: s.peer, Incarnation: s.inc, Data: data})
}

// bid says a dropped session's farewell.
func (e *Endpoint) bid(s *session, replyTo string, now time.Duration) {
	e.reply(s, replyTo, s.farewell, []byte{byte(s.reason)}, now)
}

// seal moves to the next epoch first when it is time.
func (e *Endpoint) seal(s *session, kind byte, payload []byte, now time.Duration) []byte {
	if s.seal.counter >= e.rekeyFrames || now-s.seal.since >= e.rekeyAge {
		s.seal.rekey(now)
	}
	return s.seal.seal(kind, payload)
}
