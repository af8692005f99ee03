package syncnodes

import (
	"slices"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/membership"
)

const (
	answersASecond = 10   // to P.who, whoever asks
	namesAtMost    = 4096 // taken from one P.who
)

// census gathers the answers to one `names`.
type census struct {
	again  time.Duration // it asks once more: a route may just have been replaced
	until  time.Duration
	names  map[nodeid.Name]bool
	answer func([]nodeid.Name)
}

// askNames asks all who are on the bus; the own name needs no answer.
func (l *loop) askNames(wait time.Duration, answer func([]nodeid.Name)) {
	id := l.nextID()
	l.who[id] = &census{
		again:  l.now() + wait/2,
		until:  l.now() + wait,
		names:  map[nodeid.Name]bool{l.node.name: true},
		answer: answer,
	}
	l.sent(l.conn.Who(id, nil))
}

// answerWho tells our name to whoever asks, ten times a second at most.
func (l *loop) answerWho(replyTo string) {
	if replyTo == "" || !l.claim.done || !l.answered.allows(answersASecond, l.now()) {
		return
	}
	l.sent(l.conn.Answer(replyTo, membership.AppendRef(nil, l.self())))
}

// takeCensus reports whether r answers a census.
func (l *loop) takeCensus(r bus.Reply) bool {
	c := l.who[r.ID]
	if c == nil {
		return false
	}
	if ref, err := membership.ParseRef(r.Data); err == nil && len(c.names) < namesAtMost {
		c.names[ref.Node] = true
	}
	return true
}

func (l *loop) nextCensus() time.Duration {
	next := infinitely
	for _, c := range l.who {
		next = min(next, c.again, c.until)
	}
	return next
}

func (l *loop) tickCensus(now time.Duration) {
	for id, c := range l.who {
		if now >= c.again {
			c.again = infinitely
			l.sent(l.conn.Who(id, nil))
		}
		if now < c.until {
			continue
		}
		delete(l.who, id)
		names := make([]nodeid.Name, 0, len(c.names))
		for name := range c.names {
			names = append(names, name)
		}
		slices.Sort(names)
		c.answer(names)
	}
}

// window allows some things in each second.
type window struct {
	began time.Duration
	count int
}

func (w *window) allows(most int, now time.Duration) bool {
	if now-w.began >= time.Second {
		w.began, w.count = now, 0
	}
	w.count++
	return w.count <= most
}
