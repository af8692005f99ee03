package syncnodes

import (
	"context"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/erldist"
	"interconnectd/syncnodes/membership"
)

// This file carries out, for connections of Erlang's distribution protocol, what the
// core wants done of links. A name is dialled on the bus, and by the port mapper
// where nobody holds it there, or where that is known to have it.

// shunnedFor is how long a node that refused us is not dialled by itself: Erlang logs each
// attempt.
const shunnedFor = 10 * time.Second

// dial dials a name: on the bus, and by the port mapper where that has it, or where
// there is no bus at this moment. The port mapper is asked at once where somebody waits: on
// the bus it takes a quarter of a second until nobody is said to have a name. On a lost bus
// he may wait until it is back.
func (l *loop) dial(o membership.Dial) {
	waited := len(l.waiting.up[o.Node]) > 0
	switch {
	case !l.mayDialErlang(o.Node) || l.shunned(o.Node):
	case l.busLost:
		l.dialErlang(o.Node)
		if !waited {
			return
		}
	case l.erlang.scout.saw(o.Node):
		l.dialErlang(o.Node)
	case waited:
		l.seekErlang(o.Node)
	}
	l.endpoint.DialHolder(o.Node, o.Holder, l.now())
}

// seekErlang asks the port mapper for a name, and dials it where that knows it as one of
// Erlang's by the time at which it is neither connected nor given up.
func (l *loop) seekErlang(name nodeid.Name) {
	sought := map[string][]nodeid.Name{l.mapperOf(name): {name}}
	l.helpers.start(func(ctx context.Context) {
		if len(look(ctx, sought)) > 0 {
			l.node.post(ctx, func(l *loop) {
				if l.endpoint.Dialling(name) {
					l.triesErlang(name)
				}
			})
		}
	})
}

func (l *loop) mayDialErlang(name nodeid.Name) bool {
	return l.erlang.endpoint != nil && l.opts.Erlang.allows(name)
}

// shunned reports whether a node refused us a short while ago, and nobody asks for it.
func (l *loop) shunned(name nodeid.Name) bool {
	at, refused := l.erlang.refused[name]
	return refused && l.now()-at < shunnedFor && len(l.waiting.up[name]) == 0
}

func (l *loop) dialErlang(name nodeid.Name) {
	l.erlang.dialling[name] = true
	l.erlang.endpoint.Dial(name)
}

// triesErlang reports whether a dial that has found nobody on the bus goes on.
func (l *loop) triesErlang(name nodeid.Name) bool {
	if _, linked := l.core.Link(name); linked || !l.mayDialErlang(name) || l.shunned(name) {
		return false
	}
	if !l.erlang.dialling[name] {
		l.dialErlang(name)
	}
	return true
}

// drainErlang takes all that happened to the endpoint until now.
func (l *loop) drainErlang() {
	if l.erlang.endpoint == nil {
		return
	}
	for e, ok := l.erlang.endpoint.Next(); ok; e, ok = l.erlang.endpoint.Next() {
		l.takeErlang(e)
		l.carryOut()
	}
}

// takeErlang takes what happened to the endpoint.
func (l *loop) takeErlang(e erldist.Event) {
	now := l.now()
	switch e := e.(type) {
	case erldist.Arrived:
		l.erlangArrived(e)
	case erldist.DialFailed:
		l.erlangDialFailed(e)
	case erldist.Rejected:
		l.endpoint.Reject(e.Name, now)
	case erldist.Heard:
		l.core.Heard(l.erlang.links[e.Conn], now)
	case erldist.Answered:
		l.core.Receive(l.erlang.links[e.Conn], membership.Answer{Seq: e.Seq}, "", now)
	case erldist.Replied:
		l.erlangReplied(e)
	case erldist.Ended:
		l.erlangEnded(e)
	}
}

// erlangArrived gives a connection to the core. Nothing is read of it before its nodeup
// was told: see erlangUp.
func (l *loop) erlangArrived(e erldist.Arrived) {
	peer, link := e.Conn.Peer(), membership.LinkID(l.nextID())
	l.erlang.conns[link], l.erlang.links[e.Conn] = e.Conn, link
	ref, info := erlangPeer(peer)
	if e.Dialled {
		delete(l.erlang.dialling, peer.Name)
		l.handshakes.count(Dialled, resultOK, 1)
		l.core.Established(link, ref, info, true, l.now())
		return
	}
	l.core.Admission(link, ref, info, l.now())
}

// admitErlang lets a node in that dialled.
func (l *loop) admitErlang(link membership.LinkID, conn *erldist.Conn) {
	peer := conn.Peer()
	delete(l.erlang.dialling, peer.Name) // what is left of a dial of ours is this connection
	l.handshakes.count(Accepted, resultOK, 1)
	ref, info := erlangPeer(peer)
	l.core.Established(link, ref, info, false, l.now())
}

// erlangUp begins to read what a node says that came up. What is left of a dial on the
// bus, which found nobody there, is over.
func (l *loop) erlangUp(name nodeid.Name) {
	l.endpoint.Abandon(name, l.now())
	delete(l.erlang.refused, name)
	if link, linked := l.core.Link(name); linked {
		l.erlang.conns[link].Start()
	}
}

// sendErlang says to a node of Erlang's what there is a word for: the core asks whether
// it is there, or ends the link. The rest is said among ourselves.
func (l *loop) sendErlang(conn *erldist.Conn, o membership.Send) {
	switch o.Message.(type) {
	case membership.Probe:
		conn.Probe(o.Seq)
	case membership.Disconnect:
		if !conn.Probing() { // its answer would connect us again; the core says so again
			conn.Close()
		}
	case membership.Goodbye:
		conn.Close()
	}
}

func (l *loop) erlangDialFailed(e erldist.DialFailed) {
	delete(l.erlang.dialling, e.Name)
	if e.Reason != erldist.NoHolder {
		l.handshakes.count(Dialled, erlangOutcome(e.Reason), 1)
	}
	if e.Reason != erldist.NoHolder && e.Reason != erldist.TimedOut {
		l.erlang.refused[e.Name] = l.now()
	}
	l.log.Debug("not connected by Erlang's distribution", "node", e.Name, "error", e.Err)
	switch e.Reason {
	case erldist.CookiesDiffer:
		l.tellRefusal(e.Name, string(e.Name)+" refused us: our cookies differ")
	case erldist.NotAllowed:
		l.tellRefusal(e.Name, string(e.Name)+" does not let us connect, or erlang.allow does not name it")
	case erldist.Unfit:
		l.tellRefusal(e.Name, string(e.Name)+" cannot be connected by Erlang's distribution", "error", e.Err)
	}
	if !l.endpoint.Dialling(e.Name) {
		l.core.DialFailed(e.Name, erlangDialError(e.Reason), l.now())
	}
}

func (l *loop) erlangEnded(e erldist.Ended) {
	link, known := l.erlang.links[e.Conn]
	if !known {
		return
	}
	if e.Err != nil {
		l.log.Debug("a connection of Erlang's distribution ended", "node", e.Conn.Peer().Name, "error", e.Err)
	}
	l.core.Lost(link, l.now())
	delete(l.erlang.links, e.Conn)
	delete(l.erlang.conns, link)
	if name := e.Conn.Peer().Name; l.erlang.dialling[name] {
		l.erlang.endpoint.Dial(name) // the former did nothing where there still was this connection
	}
}
