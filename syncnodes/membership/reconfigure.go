package membership

import (
	"time"

	"interconnectd/configs/nodeid"
)

// Expect replaces the sync nodes. One that enters is dialled at once unless it
// is linked, or parted; one that leaves keeps its link, and is dialled no more.
func (c *Core) Expect(names []nodeid.Name, now time.Duration) {
	c.observe(now)
	if c.leaving {
		return
	}
	wanted := make(map[nodeid.Name]bool, len(names))
	for _, name := range names {
		if name != c.cfg.Self {
			wanted[name] = true
			c.peer(name)
		}
	}
	for _, p := range c.sortedPeers() {
		switch {
		case wanted[p.name] && !p.expected:
			c.enter(p, now)
		case !wanted[p.name] && p.expected:
			c.leaveOut(p, now)
		}
	}
}

// enter makes p a sync node.
func (c *Core) enter(p *peer, now time.Duration) {
	c.setExpected(p, true)
	p.backoff = 0
	c.tryDial(p, now)
	c.reschedule(p, now)
}

// leaveOut makes p a sync node no more. A dial that somebody asked for goes on.
func (c *Core) leaveOut(p *peer, now time.Duration) {
	c.setExpected(p, false)
	if !p.asked {
		p.retryAt = never
	}
	c.reschedule(p, now)
	c.forgetIdle(p)
}

// SetTimes changes the times of a Config, none of them 0. Rounds have the new
// interval from now on. A run of silence, or of `no responders`, that is under way
// keeps the later of its own deadline and the new one: nobody goes down by the
// change itself.
func (c *Core) SetTimes(interval, timeout, goneAfter, now time.Duration) {
	c.observe(now)
	c.cfg.Interval, c.cfg.Timeout, c.cfg.GoneAfter = interval, timeout, goneAfter
	c.roundAt = min(c.roundAt, now+interval)
	for _, p := range c.sortedPeers() {
		if !p.state.Linked() {
			continue
		}
		w := &p.watch
		w.timeout = max(w.timeout, timeout)
		w.goneAfter = max(w.goneAfter, goneAfter)
		if w.probeAt != never {
			w.probeAt = min(w.probeAt, now+interval)
		}
		c.reschedule(p, now)
	}
}
