package session

import (
	"container/list"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
)

// What Seal refuses.
var (
	ErrNotLive = errors.New("the session is not live")
	ErrTooLong = fmt.Errorf("more than %d bytes of payload", MaxPayload)
)

// Config says who an Endpoint is. All but Info and Rand is needed.
type Config struct {
	Self        nodeid.Name
	Incarnation nodeid.Incarnation
	Key         Key // of the own cookie

	// Info goes to every peer inside the handshake, authenticated and
	// encrypted; at most MaxInfo bytes.
	Info []byte

	// SetupTime bounds a dial, and on the other side the wait for its confirm:
	// kernel's net_setuptime, 7 s.
	SetupTime time.Duration
	// KeepKeys is how long the keys of a former epoch open, and those of a
	// session that never became live answer: twice the detector's timeout.
	KeepKeys time.Duration

	// NextID draws a request id that is not 0 and was not drawn before.
	NextID func() uint64
	// Rand makes ephemeral keys; nil: crypto/rand.
	Rand io.Reader
}

// Endpoint holds all handshakes and sessions of a node. Its methods are for
// one goroutine. After each call that takes the time, Outputs may have
// something, and Deadline may have changed.
type Endpoint struct {
	// immutable
	cfg         Config
	rekeyFrames uint64
	rekeyAge    time.Duration

	keys     keyring
	sessions map[SessionID]*session
	accepted map[nodeid.Name][]*session // half-open and awaiting
	pending  list.List                  // the same, oldest first
	dropped  list.List                  // oldest first
	dials    map[nodeid.Name]*dial
	requests map[uint64]request

	lastAttempt uint64
	attempts    attempts
	rejections  rejections
	minute      alarm // of rejections
	alarms      alarms
	outputs     []Output
	drops       [endOfDropCauses]uint64
}

// request is what an own request is about; candidate is nil for a hello.
type request struct {
	dial      *dial
	candidate *candidate
}

// NewEndpoint makes an endpoint that has no dials and no sessions. It panics
// when cfg breaks one of its rules.
func NewEndpoint(cfg Config) *Endpoint {
	switch {
	case cfg.Key.IsZero():
		panic("session: no key")
	case len(cfg.Info) > MaxInfo:
		panic("session: the info is too long")
	case cfg.NextID == nil:
		panic("session: no request ids")
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	e := &Endpoint{
		cfg:         cfg,
		rekeyFrames: rekeyFrames,
		rekeyAge:    rekeyAge,
		keys:        keyring{own: cfg.Key},
		sessions:    make(map[SessionID]*session),
		accepted:    make(map[nodeid.Name][]*session),
		dials:       make(map[nodeid.Name]*dial),
		requests:    make(map[uint64]request),
	}
	e.minute.ring = e.endMinute
	return e
}

// SetKey changes the own cookie, for each msg1 that is made or read from now on;
// a dial that has no msg2 yet makes another. What is further stays as it is. The
// zero Key is ignored.
func (e *Endpoint) SetKey(k Key, now time.Duration) {
	if k.IsZero() {
		return
	}
	e.keys.own = k
	for _, name := range slices.Sorted(maps.Keys(e.dials)) {
		if _, ok := e.keys.nodes[name]; !ok {
			e.dialAnew(name, now)
		}
	}
}

// SetAlsoAccept sets a second cookie that others may dial with, beside the own:
// while a cluster goes over from one cookie to another, each node accepts both.
// It counts for no node that has a cookie of its own by SetNodeKey, and no dial
// uses it. The zero Key removes it.
func (e *Endpoint) SetAlsoAccept(k Key) { e.keys.also = k }

// SetNodeKey sets the one cookie that a connection with name may use, whichever
// side dials, as erlang:set_cookie/2 does. The zero Key removes it. Dials are
// treated as by SetKey.
func (e *Endpoint) SetNodeKey(name nodeid.Name, k Key, now time.Duration) {
	e.keys.set(name, k)
	e.dialAnew(name, now)
}

// SetTimes changes Config.SetupTime and Config.KeepKeys, for what begins from
// now on.
func (e *Endpoint) SetTimes(setup, keepKeys time.Duration) {
	e.cfg.SetupTime, e.cfg.KeepKeys = setup, keepKeys
}

// Frame is a data frame of a live session.
type Frame struct {
	Session SessionID
	Peer    nodeid.Name
	Payload []byte // the receiver's to keep
	ReplyTo string // where an answer is wanted; "" for nowhere
}

// HandleFrame takes a sealed packet, however it came: addressed to the own
// incarnation or as an answer to anyone's request. It returns data frames,
// each once; all others are dealt with inside. Outputs come before the frame:
// the first frame of a session may itself be what establishes it. Only the
// frame is authenticated, not replyTo nor the request it came for: a payload
// must say what it answers.
func (e *Endpoint) HandleFrame(data []byte, replyTo string, now time.Duration) (Frame, bool) {
	h, ok := parseHeader(data)
	if !ok {
		e.count(DropMalformed)
		return Frame{}, false
	}
	s := e.sessions[h.session]
	if s == nil {
		e.count(DropUnknownSession)
		return Frame{}, false
	}
	epoch := s.open.epoch
	payload, cause := s.open.open(h, data, now, e.cfg.KeepKeys)
	if cause != 0 {
		e.count(cause)
		return Frame{}, false
	}
	if s.state == live && s.open.epoch != epoch {
		e.alarms.set(&s.alarm, s.open.formerTo)
	}
	if e.handleSealed(s, h.kind, payload, replyTo, now) {
		return Frame{s.id, s.peer, payload, replyTo}, true
	}
	return Frame{}, false
}

// handleSealed deals with an authentic frame, and returns true when it is one
// of data for the caller.
func (e *Endpoint) handleSealed(s *session, kind byte, payload []byte, replyTo string, now time.Duration) bool {
	switch {
	case kind == kindClosed || kind == kindRefused: // never answered: no end otherwise
		reason := ConnectionClosed
		if len(payload) == 1 {
			reason = Reason(payload[0])
		}
		e.closedByPeer(s, reason, now)
		return false
	case s.state == dropped:
		e.bid(s, replyTo, now)
		return false
	case kind == kindConfirm:
		e.handleConfirm(s, replyTo, now)
	case s.state == confirming:
		e.welcomed(s, now)
		return kind == kindData
	case s.state != live:
		e.count(DropUntimely)
	}
	return kind == kindData && s.state == live
}

// Seal makes a data frame for the peer of a live session. The error is
// ErrNotLive or ErrTooLong.
func (e *Endpoint) Seal(id SessionID, payload []byte, now time.Duration) ([]byte, error) {
	s := e.sessions[id]
	switch {
	case s == nil || s.state != live:
		return nil, fmt.Errorf("sealing for session %s: %w", id, ErrNotLive)
	case len(payload) > MaxPayload:
		return nil, fmt.Errorf("sealing for session %s: %w", id, ErrTooLong)
	}
	return e.seal(s, kindData, payload, now), nil
}

// Drop ends a session: nothing more comes of it, and the peer, which is told
// when it sends something within an hour, gets reason. A session that
// is awaiting admission is refused. There is no output about it.
func (e *Endpoint) Drop(id SessionID, reason Reason, now time.Duration) {
	s := e.sessions[id]
	switch {
	case s != nil && s.state == awaiting:
		e.Refuse(id, reason, now)
	case s != nil && s.state == live:
		e.drop(s, kindClosed, reason, now)
	}
}

// Tick does what is due at now. It may be called at any time, and is needed
// when Deadline has come.
func (e *Endpoint) Tick(now time.Duration) { e.alarms.ring(now) }

// Deadline is when Tick is needed next, and false for never. It may have
// passed already.
func (e *Endpoint) Deadline() (time.Duration, bool) { return e.alarms.next() }

// Outputs returns what has come up since the last call, in order; nil for
// nothing.
func (e *Endpoint) Outputs() []Output {
	outputs := e.outputs
	e.outputs = nil
	return outputs
}

// Dropped counts since the start what was received to no effect; causes that
// did not occur are left out.
func (e *Endpoint) Dropped() map[DropCause]uint64 {
	counts := make(map[DropCause]uint64)
	for cause, n := range e.drops {
		if n > 0 {
			counts[DropCause(cause)] = n
		}
	}
	return counts
}

func (e *Endpoint) emit(o Output) { e.outputs = append(e.outputs, o) }

func (e *Endpoint) count(cause DropCause) { e.drops[cause]++ }

// request registers an own request under a new id.
func (e *Endpoint) request(r request) uint64 {
	id := e.cfg.NextID()
	e.requests[id] = r
	return id
}

func (e *Endpoint) isSelf(name nodeid.Name, inc nodeid.Incarnation) bool {
	return name == e.cfg.Self && inc == e.cfg.Incarnation
}

// outranks orders the two ends of simultaneous dials; it is true on one of
// the two sides.
func (e *Endpoint) outranks(name nodeid.Name, inc nodeid.Incarnation) bool {
	if name != e.cfg.Self {
		return e.cfg.Self > name
	}
	return e.cfg.Incarnation.Compare(inc) > 0
}

// Reject counts a node that came with another cookie by a way of its own, so that its
// line is within the limits of all.
func (e *Endpoint) Reject(name nodeid.Name, now time.Duration) { e.reject(name, now) }

// reject logs a rejection, within limits.
func (e *Endpoint) reject(name nodeid.Name, now time.Duration) {
	e.endMinute(now)
	if line, ok := e.rejections.add(name, now); ok {
		e.emit(line)
	}
	e.alarms.set(&e.minute, e.rejections.ends)
}

func (e *Endpoint) endMinute(now time.Duration) {
	if line, ok := e.rejections.end(now); ok {
		e.emit(line)
	}
}
