package syncnodes

import (
	"context"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/membership"
	"interconnectd/syncnodes/session"
)

// This file carries out what the two pure machines want done. It is the one
// place that knows both.

// refusalEvery is how often the refusal by one peer is told in the log.
const refusalEvery = time.Minute

func (l *loop) carrySession(o session.Output) {
	now := l.now()
	switch o := o.(type) {
	case session.SendName:
		l.sent(l.conn.SendName(o.To, o.ReplyID, o.Data))
	case session.SendFrame:
		l.sent(l.conn.SendFrame(o.To, o.Incarnation, o.ReplyID, o.Data))
	case session.Answer:
		l.sent(l.conn.Answer(o.ReplyTo, o.Data))
	case session.Found:
		l.found(o)
	case session.Admission:
		l.admission(o)
	case session.Established:
		l.established(o)
	case session.DialFailed:
		l.dialFailed(o)
	case session.Closed:
		l.handshakes.decide(o.Session, outcomeOf(o.Reason))
		l.core.Closed(linkOf(o.Session), reasonOf(o.Reason), now)
	case session.Rejected:
		l.rejected(o)
	}
}

func (l *loop) rejected(o session.Rejected) {
	if o.Name != l.node.name {
		l.handshakes.reject(o)
	}
	if o.Suppressed > 0 {
		l.log.Error(o.Line, "suppressed", o.Suppressed)
	} else {
		l.log.Error(o.Line)
	}
}

func (l *loop) admission(o session.Admission) {
	info, ok := l.infoOf(o.Session, o.Peer, o.Info)
	if o.Peer != l.node.name {
		l.handshakes.ask(o.Session)
	}
	if !ok {
		l.handshakes.decide(o.Session, resultSenseless)
		return
	}
	l.core.Admission(linkOf(o.Session), refOf(o.Peer, o.Incarnation), info, l.now())
}

// infoOf reads what a peer tells of itself. It is authentic; where it makes no
// sense the peer is of another make, and can be none.
func (l *loop) infoOf(id session.SessionID, peer nodeid.Name, data []byte) (membership.Info, bool) {
	info, err := membership.ParseInfo(data)
	if err != nil {
		l.log.Warn("closing a link", "node", peer, "error", err)
		l.endpoint.Drop(id, session.ConnectionClosed, l.now())
	}
	return info, err == nil
}

func (l *loop) established(o session.Established) {
	info, ok := l.infoOf(o.Session, o.Peer, o.Info)
	if o.Peer != l.node.name {
		l.handshakes.establish(o, ok)
	}
	if !ok {
		l.core.DialFailed(o.Peer, membership.TimedOut, l.now())
		return
	}
	if o.Peer == l.node.name {
		l.claim.seenUntil = l.now() // its holder gave way
	}
	l.core.Established(linkOf(o.Session), refOf(o.Peer, o.Incarnation), info, o.Dialled, l.now())
}

func (l *loop) dialFailed(o session.DialFailed) {
	now := l.now()
	if o.Name == l.node.name {
		l.claimFailed(o)
		return
	}
	l.handshakes.count(Dialled, outcomeOf(o.Reason), 1)
	if o.Reason == session.CookiesDiffer || o.Reason == session.Unreadable {
		l.tellRefusal(o.Name, string(o.Name)+" refused us: our cookies differ")
	}
	if o.Reason == session.NoHolder && l.triesErlang(o.Name) {
		return
	}
	l.core.DialFailed(o.Name, dialErrorOf(o.Reason), now)
}

// tellRefusal tells why a peer does not connect, once a minute for each name.
func (l *loop) tellRefusal(name nodeid.Name, line string, fields ...any) {
	now := l.now()
	if last, told := l.refused[name]; told && now-last < refusalEvery {
		return
	}
	l.refused[name] = now
	l.log.Warn(line, fields...)
}

func (l *loop) carryMembership(o membership.Output) {
	now := l.now()
	switch o := o.(type) {
	case membership.Dial:
		l.dial(o)
	case membership.Claim:
		l.endpoint.Dial(l.node.name, now)
	case membership.Announce:
		l.sent(l.conn.Hello(membership.AppendRef(nil, l.self())))
	case membership.Send:
		l.sendMessage(o)
	case membership.Admit:
		if conn := l.erlang.conns[o.Link]; conn != nil {
			l.admitErlang(o.Link, conn)
			return
		}
		l.endpoint.Admit(sessionOf(o.Link), now)
	case membership.Refuse:
		if conn := l.erlang.conns[o.Link]; conn != nil {
			conn.Close()
			return
		}
		l.handshakes.decide(sessionOf(o.Link), outcomeOf(refusalOf(o.Cause)))
		l.endpoint.Refuse(sessionOf(o.Link), refusalOf(o.Cause), now)
	case membership.Close:
		if conn := l.erlang.conns[o.Link]; conn != nil {
			conn.Close()
			return
		}
		l.endpoint.Drop(sessionOf(o.Link), closeReason(o.Reason), now)
	case membership.CheckListener:
		l.checkListener(o)
	case membership.Event:
		l.tell(o)
	case membership.Answered:
		l.waiting.pong(o)
	case membership.Unreachable:
		l.log.Debug("not connected", "node", o.Node, "cause", o.Cause)
		l.waiting.unreachable(o.Node)
	case membership.Changed:
		l.log.Debug("peer", "node", o.Node, "from", o.From, "to", o.To, "cause", o.Cause)
		if o.To == membership.Suspect && !l.busLost {
			l.conn.Doubt()
		}
	case membership.NameInUse:
		l.startLeaving(&NameInUseError{Name: l.node.name})
	case membership.Left:
		l.left = true
	}
}

func (l *loop) sendMessage(o membership.Send) {
	if conn := l.erlang.conns[o.Link]; conn != nil {
		l.sendErlang(conn, o)
		return
	}
	payload := membership.AppendMessage(nil, o.Message)
	l.sent(l.sendPayload(sessionOf(o.Link), payload, o.Seq, o.ReplyTo))
}

// sendPayload seals payload and sends it: as the answer to replyTo where there
// is one, else to the peer.
func (l *loop) sendPayload(id session.SessionID, payload []byte, seq uint64, replyTo string) error {
	frame, err := l.endpoint.Seal(id, payload, l.now())
	if err != nil {
		return err
	}
	if replyTo != "" {
		return l.conn.Answer(replyTo, frame)
	}
	ref, ok := l.core.Peer(linkOf(id))
	if !ok {
		return ErrNodeDown
	}
	return l.conn.SendFrame(ref.Node, ref.Incarnation, seq, frame)
}

// sent looks at what became of a packet. What could not be sent is not sent
// again here: every request of the protocol is repeated by whoever made it.
func (l *loop) sent(err error) {
	if err != nil {
		l.log.Trace("not sent", "error", err)
	}
}

// checkListener dials the peer's route listener, beside the loop.
func (l *loop) checkListener(o membership.CheckListener) {
	l.helpers.start(func(ctx context.Context) {
		if refused, here := l.conn.ListenerRefuses(ctx, o.Node, o.Incarnation, o.Addr); refused {
			l.node.post(ctx, func(l *loop) { l.core.ListenerRefused(o.NodeRef, here, l.now()) })
		}
	})
}

// tell hands an event to all who wait for it.
func (l *loop) tell(e membership.Event) {
	delete(l.refused, e.Node)
	if e.Transient {
		l.log.Debug("a node that came to ask", "node", e.Node, "up", e.Up, "detail", e.Detail)
	} else {
		l.node.monitors.tell(Event{
			Up: e.Up, Node: e.Node, Incarnation: e.Incarnation, Hidden: e.Hidden, Erlang: e.Erlang,
			Before: e.From, After: e.To, Reason: reasonText(e), Detail: e.Detail, UpFor: e.UpFor,
			Time: time.Now(), Monotonic: l.now(),
		})
	}
	l.waiting.event(e)
	switch {
	case !e.Up:
		l.dropCalls(e.Node)
	case e.Erlang:
		l.erlangUp(e.Node)
	}
	l.syncEvent(e)
}

func reasonText(e membership.Event) string {
	if e.Up {
		return ""
	}
	return e.Reason.String()
}
