package membership

import "time"

// Receive takes an authentic message that came over a link. ReplyTo, where it
// is not empty, is handed back in the Send that answers it.
func (c *Core) Receive(link LinkID, m Message, replyTo string, now time.Duration) {
	c.observe(now)
	p := c.byLink[link]
	if p == nil {
		return
	}
	c.heard(p, now)
	switch m := m.(type) {
	case Probe:
		c.emit(Send{Link: link, ReplyTo: replyTo, Message: Answer{Seq: m.Seq, Digest: c.digest}})
	case Answer:
		c.answered(p, m, now)
	case Tip:
		c.takeTip(m, now)
	case Goodbye:
		c.receiveEnd(p, m.Seq, replyTo, false, now)
	case Disconnect:
		c.receiveEnd(p, m.Seq, replyTo, true, now)
	case Done:
		if p.ending.active() && p.ending.seq == m.Seq {
			c.ended(p, now)
		}
	case Pull:
		c.emit(Send{Link: link, ReplyTo: replyTo, Message: c.names(p, m)})
	case Names:
		c.introduce(p, m, now)
	}
	c.reschedule(p, now)
}

// Heard tells that an authentic frame that is not the core's came over a link.
func (c *Core) Heard(link LinkID, now time.Duration) {
	c.observe(now)
	if p := c.byLink[link]; p != nil {
		c.heard(p, now)
		c.reschedule(p, now)
	}
}
