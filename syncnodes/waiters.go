package syncnodes

import (
	"maps"
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
	pings map[uint64]*pinger
}

// askAgain is how long a ping waits before it asks again: a question, or its
// answer, may be lost on the way.
const askAgain = time.Second

// pinger waits for an answer to its last question.
type pinger struct {
	node   nodeid.Name
	again  time.Duration // when it asks again
	until  time.Duration // when it gives up
	answer func(pong)
}

func newWaiters() waiters {
	return waiters{
		up:    make(map[nodeid.Name][]func(bool)),
		down:  make(map[nodeid.Name][]func(bool)),
		pings: make(map[uint64]*pinger),
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
		l.core.Looking(l.now())
	}
	dial(l.core, name, l.now())
}

func (l *loop) disconnect(name nodeid.Name, answer func(bool)) {
	if !l.core.Disconnect(name, l.now()) {
		answer(false)
		return
	}
	l.waiting.down[name] = append(l.waiting.down[name], answer)
}

// ping asks a linked peer until it answers, or net_setuptime is over.
func (l *loop) ping(name nodeid.Name, answer func(pong)) *pinger {
	now := l.now()
	p := &pinger{node: name, until: now + l.setup, answer: answer}
	l.ask(p, now)
	return p
}

func (l *loop) ask(p *pinger, now time.Duration) {
	seq := l.core.Ping(p.node, now)
	if seq == 0 {
		p.answer(pong{})
		return
	}
	p.again = min(now+askAgain, p.until)
	l.waiting.pings[seq] = p
}

func (w *waiters) nextPing() time.Duration {
	next := infinitely
	for _, p := range w.pings {
		next = min(next, p.again)
	}
	return next
}

func (l *loop) tickPings(now time.Duration) {
	for seq, p := range l.waiting.pings {
		switch {
		case now < p.again:
			continue
		case now < p.until:
			delete(l.waiting.pings, seq)
			l.ask(p, now)
		default:
			delete(l.waiting.pings, seq)
			p.answer(pong{})
		}
	}
}

// forget drops one who does not wait any more.
func (w *waiters) forget(p *pinger) {
	maps.DeleteFunc(w.pings, func(_ uint64, other *pinger) bool { return other == p })
}
