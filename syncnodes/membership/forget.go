package membership

import (
	"time"

	"interconnectd/configs/nodeid"
)

// Forget drops what is known of a peer that is not linked, as if it had never
// been seen: that and why it went down, that it was parted or barred. A sync
// node stays one. Forgotten reports whether there was anything to forget; linked,
// that nothing was, because the peer has a link.
func (c *Core) Forget(name nodeid.Name, now time.Duration) (forgotten, linked bool) {
	c.observe(now)
	p := c.peers[name]
	switch {
	case p == nil:
		return false, false
	case p.state.Linked():
		return false, true
	}
	forgotten = !p.inc.IsZero() || !p.parted.IsZero() || p.barred
	c.forget(p, now)
	return forgotten, false
}

// forget drops what is known of p, which is not linked.
func (c *Core) forget(p *peer, now time.Duration) {
	p.inc, p.info, p.since, p.detail = nodeid.Incarnation{}, Info{}, 0, ""
	p.parted, p.barred = nodeid.Incarnation{}, false
	if p.state != Connecting {
		p.introduced = nodeid.Incarnation{}
	}
	p.held, p.backoff = false, 0 // nobody holds the name, as far as we know now
	p.watch.reset()
	if p.state == Down {
		c.setState(p, Idle, "forgotten")
	}
	c.reschedule(p, now)
	c.forgetIdle(p)
}
