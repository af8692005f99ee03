package syncnodes

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/membership"
	"interconnectd/syncnodes/session"
)

// loop is the state of a node, and the one goroutine that owns it.
type loop struct {
	// immutable
	node    *Node
	opts    Options
	log     hclog.Logger
	conn    bus.Conn
	clock   Clock
	helpers *helpers
	nextID  func() uint64

	// owned by the goroutine
	claim    claim
	core     *membership.Core
	endpoint *session.Endpoint
	erlang   erlang
	hosts    hosts
	setup    time.Duration // net_setuptime
	cookie   string
	printed  string // the cookie's fingerprint
	keys     keys   // of the cookies
	busLost  bool
	beatAt   time.Duration // Options.Beat is called next
	sync     syncState
	waiting  waiters
	calls    map[uint64]call
	who      map[uint64]*census
	refused  map[nodeid.Name]time.Duration // when its refusal was last told
	answered window                        // of names given to P.who
	vouched  window                        // of words on a name that is claimed
	garbage  uint64                        // authentic frames that make no sense
	leaving  bool
	left     bool
	err      error // why the node ends

	handshakes handshakes // counted for Stats
}

func (l *loop) now() time.Duration { return l.clock.Now() }

// run drives the node until it has left.
func (l *loop) run() {
	var alarm <-chan time.Time // nil when it has rung
	var alarmAt time.Duration
	leave := l.node.leave
	for !l.left {
		l.carryOut()
		if at := l.deadline(); alarm == nil || at != alarmAt {
			alarm, alarmAt = l.clock.At(at), at
		}
		select {
		case job := <-l.node.inbox:
			job(l)
		case p := <-l.conn.Names():
			l.endpoint.HandleName(p.Data, p.ReplyTo, l.now())
		case p := <-l.conn.Frames():
			l.takeFrame(p.Data, p.ReplyTo)
		case p := <-l.conn.Hellos():
			l.takeHello(p.Data)
		case p := <-l.conn.Whos():
			l.answerWho(p.ReplyTo)
		case r := <-l.conn.Replies():
			l.takeReply(r)
		case e := <-l.conn.Events():
			l.takeBusEvent(e)
		case <-l.erlang.ready():
			l.drainErlang()
		case <-l.claim.settling:
			l.claim.settling = nil
			l.drain() // the routes of the first round were told before
			l.takeSettled()
		case <-leave:
			leave = nil
			l.startLeaving(nil)
		case <-alarm:
			alarm = nil
			l.drain()
			l.tick()
		}
	}
	l.carryOut()
}

// drain takes everything that was received until now: a verdict must know
// every sign of life.
func (l *loop) drain() {
	for range len(l.conn.Frames()) {
		p := <-l.conn.Frames()
		l.takeFrame(p.Data, p.ReplyTo)
		l.carryOut()
	}
	for range len(l.conn.Replies()) {
		l.takeReply(<-l.conn.Replies())
		l.carryOut()
	}
	for range len(l.conn.Events()) {
		l.takeBusEvent(<-l.conn.Events())
		l.carryOut()
	}
	l.drainErlang()
}

func (l *loop) deadline() time.Duration {
	next := min(l.core.Deadline(), l.claim.deadline(), l.sync.deadline(), l.nextCensus(), l.waiting.nextPing(), l.erlang.scout.deadline())
	if at, ok := l.endpoint.Deadline(); ok {
		next = min(next, at)
	}
	if l.opts.Beat != nil {
		next = min(next, l.beatAt)
	}
	return next
}

func (l *loop) tick() {
	now := l.now()
	if at, ok := l.endpoint.Deadline(); ok && at <= now {
		l.endpoint.Tick(now)
		l.carryOut()
	}
	if l.core.Deadline() <= now {
		l.core.Tick(now)
		l.carryOut()
	}
	l.tickClaim(now)
	l.tickSync(now)
	l.tickCensus(now)
	l.tickPings(now)
	l.tickScout(now)
	l.tickBeat(now)
}

// tickBeat comes after all else: what gets stuck there keeps it from beating.
func (l *loop) tickBeat(now time.Duration) {
	if l.opts.Beat == nil || now < l.beatAt {
		return
	}
	l.beatAt = now + l.opts.BeatEvery
	l.opts.Beat()
}

// startLeaving says goodbye; err is why, nil for a Close.
func (l *loop) startLeaving(err error) {
	if l.leaving {
		return
	}
	l.leaving = true
	l.err = err
	l.core.Leave(l.now())
}

// carryOut does what the two machines want done, until neither wants more.
func (l *loop) carryOut() {
	for {
		sessions := l.endpoint.Outputs()
		for _, o := range sessions {
			l.carrySession(o)
		}
		peers := l.core.Outputs()
		for _, o := range peers {
			l.carryMembership(o)
		}
		if len(sessions)+len(peers) == 0 {
			return
		}
	}
}

// takeFrame opens a frame and hands it to whom it is for.
func (l *loop) takeFrame(data []byte, replyTo string) {
	if len(data) > 0 && data[0] == kindQuestion {
		l.vouch(data, replyTo)
		return
	}
	frame, ok := l.endpoint.HandleFrame(data, replyTo, l.now())
	l.carryOut() // the frame may itself have established its session
	if !ok || len(frame.Payload) == 0 {
		return
	}
	link := linkOf(frame.Session)
	if frame.Payload[0] >= membership.KindsEnd {
		l.core.Heard(link, l.now())
		l.takeCallFrame(frame)
		return
	}
	m, err := membership.ParseMessage(frame.Payload)
	if err != nil {
		l.garbage++
		l.log.Debug("a frame that makes no sense", "from", frame.Peer, "error", err)
		return
	}
	l.core.Receive(link, m, frame.ReplyTo, l.now())
}

// takeReply gives an answer to whoever asked with that id.
func (l *loop) takeReply(r bus.Reply) {
	now := l.now()
	switch {
	case l.takeCensus(r):
	case l.takeVoucher(r, now):
	case r.NoResponders:
		if !l.endpoint.HandleNoResponders(r.ID, now) {
			l.core.NoResponders(r.ID, now)
		}
	case !l.endpoint.HandleReply(r.ID, r.Data, now):
		l.takeFrame(r.Data, "")
	}
}

func (l *loop) takeHello(data []byte) {
	ref, err := membership.ParseRef(data)
	if err != nil {
		l.garbage++
		return
	}
	l.core.Hello(ref, l.now())
}

// takeBusEvent tells the core what happened to the bus. In the log, one line
// tells its loss, and one its return.
func (l *loop) takeBusEvent(e bus.Event) {
	now := l.now()
	ref := membership.NodeRef{Node: e.Node, Incarnation: e.Incarnation}
	switch e.Kind {
	case bus.Lost:
		if !l.busLost {
			l.busLost = true
			l.log.Warn("bus lost", "error", e.Err)
		}
		l.core.BusLost(now)
	case bus.Back, bus.Connected:
		l.busLost = false
		if e.Kind == bus.Back {
			l.log.Info("bus back")
		}
		l.core.BusBack(now)
	case bus.RouteUp:
		l.routeUp(ref, e.Dialled, now)
		l.core.RouteUp(ref, now)
	case bus.RouteDown:
		l.routeDown(ref, now)
		l.core.RouteDown(ref, now)
	case bus.Advised:
		l.core.Advised(e.Node, now)
	case bus.Gone:
		l.busGone(e.Err)
	}
}

// busGone ends the node: what it, or a caller of it, waits for cannot come any
// more.
func (l *loop) busGone(err error) {
	if l.leaving {
		return
	}
	l.busLost = true
	l.log.Error("the bus is gone for good, the node ends", "error", err)
	l.core.BusLost(l.now())
	l.startLeaving(fmt.Errorf("the bus is gone for good: %w", err))
}

// linkOf is the core's name of a session.
func linkOf(id session.SessionID) membership.LinkID {
	var link uint64
	for _, b := range id {
		link = link<<8 | uint64(b)
	}
	return membership.LinkID(link)
}

func sessionOf(link membership.LinkID) (id session.SessionID) {
	for i := range id {
		id[len(id)-1-i] = byte(link >> (8 * i))
	}
	return id
}
