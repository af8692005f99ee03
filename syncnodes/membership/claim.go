package membership

import (
	"time"

	"interconnectd/configs/nodeid"
)

const claimEvery = 15 * time.Second

// claim asks the bus whether somebody else holds our name. A node that gives
// its name away does not ask, for the younger would end: it says that it is
// there, so that the other asks.
func (c *Core) claim(now time.Duration) {
	c.claimAt = now + claimEvery
	c.forgetLongDown(now)
	switch {
	case c.leaving:
	case now < c.yieldsUntil:
		c.emit(Announce{})
	default:
		c.emit(Claim{})
	}
}

// decideClaim answers another holder of our name that dialled it.
func (c *Core) decideClaim(a admission, now time.Duration) {
	if now < c.yieldsUntil || a.Incarnation.Compare(c.cfg.Incarnation) < 0 {
		c.emit(Admit{Link: a.link})
		c.emit(NameInUse{Holder: a.Incarnation})
		return
	}
	c.emit(Refuse{Link: a.link, Cause: RefusedInUse})
}

// ClaimRefused tells that an authentic holder keeps our name.
func (c *Core) ClaimRefused(holder nodeid.Incarnation, now time.Duration) {
	c.observe(now)
	c.emit(NameInUse{Holder: holder})
}
