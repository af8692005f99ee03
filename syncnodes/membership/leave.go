package membership

import (
	"time"

	"interconnectd/configs/nodeid"
)

const (
	repeatEvery     = 100 * time.Millisecond // a goodbye or a disconnect without answer
	leaveWithin     = 500 * time.Millisecond
	disconnectAfter = time.Second
)

// Leave says goodbye to all peers. Left follows when all have answered, or
// after 500 ms. Nobody is dialled or admitted from here on.
func (c *Core) Leave(now time.Duration) {
	c.observe(now)
	if c.leaving {
		return
	}
	c.leaving = true
	c.leftAt = now + leaveWithin
	for _, p := range c.sortedPeers() {
		if p.state.Linked() {
			c.end(p, func(seq uint64) Message { return Goodbye{seq} }, c.leftAt+repeatEvery, now)
		}
	}
	c.leftWhenAlone(now)
}

func (c *Core) leftWhenAlone(now time.Duration) {
	if c.leaving && len(c.byLink) == 0 {
		c.leftAt = now // at the next Tick, when all outputs are carried out
	}
}

func (c *Core) finishLeaving() {
	c.leftAt = never
	c.emit(Left{})
}

// Disconnect ends the link to name on both sides: neither dials by itself
// until connect, ping or call names the other, or one restarts. It reports
// whether there is a link; its end is told by the nodedown.
func (c *Core) Disconnect(name nodeid.Name, now time.Duration) bool {
	c.observe(now)
	p := c.peers[name]
	if p == nil || !p.state.Linked() {
		return false
	}
	if !p.ending.active() {
		c.end(p, func(seq uint64) Message { return Disconnect{seq} }, now+disconnectAfter, now)
	}
	return true
}

// end sends the message that ends the link, and repeats it until it is
// answered.
func (c *Core) end(p *peer, message func(seq uint64) Message, until, now time.Duration) {
	seq := c.cfg.NextID()
	p.ending = ending{message: message(seq), seq: seq, repeatAt: now, until: until}
	c.repeatEnding(p, now)
	c.reschedule(p, now)
}

func (c *Core) repeatEnding(p *peer, now time.Duration) {
	e := &p.ending
	switch {
	case now >= e.until:
		c.ended(p, now)
	case now >= e.repeatAt:
		e.repeatAt = now + repeatEvery
		c.emit(Send{Link: p.link, Seq: e.seq, Message: e.message})
	}
}

// ended finishes what Leave or Disconnect began with p.
func (c *Core) ended(p *peer, now time.Duration) {
	switch p.ending.message.(type) {
	case Goodbye:
		c.bringDown(p, Shutdown, "", now)
	case Disconnect:
		p.parted = p.inc
		c.bringDown(p, Disconnected, "", now)
	}
	c.leftWhenAlone(now)
}

// receiveEnd answers a peer that leaves or disconnects, and takes it down.
func (c *Core) receiveEnd(p *peer, seq uint64, replyTo string, parted bool, now time.Duration) {
	c.emit(Send{Link: p.link, ReplyTo: replyTo, Message: Done{Seq: seq}})
	if parted {
		p.parted = p.inc
		c.bringDown(p, Disconnected, "by peer", now)
	} else {
		c.bringDown(p, Shutdown, "left", now)
	}
	c.leftWhenAlone(now)
}
