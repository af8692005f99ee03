package syncnodes

import (
	"slices"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/membership"
)

// pong is the answer to a ping.
type pong struct {
	roundTrip time.Duration
	ok        bool
}

// waiters are those who wait for something to happen to a peer. Each answer
// is given once.
type waiters struct {
	up    map[nodeid.Name][]func(bool)
	down  map[nodeid.Name][]func(bool)
	pings map[uint64]pinger
}

type pinger struct {
	node   nodeid.Name
	answer func(pong)
}

func newWaiters() waiters {
	return waiters{
		up:    make(map[nodeid.Name][]func(bool)),
		down:  make(map[nodeid.Name][]func(bool)),
		pings: make(map[uint64]pinger),
	}
}

func (w *waiters) event(e membership.Event) {
	if e.Up {
		settle(w.up, e.Node, true)
		return
	}
	settle(w.down, e.Node, true)
	for seq, p := range w.pings {
		if p.node == e.Node {
			delete(w.pings, seq)
			p.answer(pong{})
		}
	}
}

func (w *waiters) unreachable(name nodeid.Name) { settle(w.up, name, false) }

func (w *waiters) pong(a membership.Answered) {
	if p, ok := w.pings[a.Seq]; ok {
		delete(w.pings, a.Seq)
		p.answer(pong{roundTrip: a.RoundTrip, ok: true})
	}
}

func settle(waiting map[nodeid.Name][]func(bool), name nodeid.Name, result bool) {
	for _, answer := range waiting[name] {
		answer(result)
	}
	delete(waiting, name)
}

// connect connects by dial, which is the core's Connect or Reach.
func (l *loop) connect(name nodeid.Name, dial func(*membership.Core, nodeid.Name, time.Duration), answer func(bool)) {
	if _, linked := l.core.Link(name); linked {
		answer(true)
		return
	}
	l.waiting.up[name] = append(l.waiting.up[name], answer)
	if l.hosts.name(name) {
		l.conn.SetHosts(slices.Clone(l.hosts.all))
		l.core.Looking(l.clock())
	}
	dial(l.core, name, l.clock())
}

func (l *loop) disconnect(name nodeid.Name, answer func(bool)) {
	if !l.core.Disconnect(name, l.clock()) {
		answer(false)
		return
	}
	l.waiting.down[name] = append(l.waiting.down[name], answer)
}

// ping asks a linked peer and gives the id of the question.
func (l *loop) ping(name nodeid.Name, answer func(pong)) uint64 {
	seq := l.core.Ping(name, l.clock())
	if seq == 0 {
		answer(pong{})
		return 0
	}
	l.waiting.pings[seq] = pinger{node: name, answer: answer}
	return seq
}
