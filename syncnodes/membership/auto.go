package membership

import (
	"fmt"
	"time"
)

// AutoConnect says which connections a node makes that nobody named: kernel's
// dist_auto_connect, as net_kernel:do_auto_connect_1/4 follows it. Connect is
// never automatic, and who dials us is always admitted.
type AutoConnect uint8

// The values of AutoConnect.
const (
	ConnectAlways   AutoConnect = iota // the default
	ConnectOnce                        // not with a node that was connected before
	ConnectNever                       // none
	lastAutoConnect = ConnectNever
)

func (a AutoConnect) String() string {
	switch a {
	case ConnectAlways:
		return "always"
	case ConnectOnce:
		return "once"
	case ConnectNever:
		return "never"
	}
	return fmt.Sprintf("auto connect %d", uint8(a))
}

// automatic reports whether p, nil for one that is not known, may be dialled
// though nobody named it to connect.
func (c *Core) automatic(p *peer) bool {
	switch c.cfg.AutoConnect {
	case ConnectNever:
		return false
	case ConnectOnce:
		return p == nil || !p.barred
	}
	return true
}

// SetAutoConnect changes which connections are automatic. Links stay. Those
// that were barred are barred no more where it is another value than once, and
// sync nodes that may be dialled now are.
func (c *Core) SetAutoConnect(auto AutoConnect, now time.Duration) {
	c.observe(now)
	if auto == c.cfg.AutoConnect {
		return
	}
	c.cfg.AutoConnect = auto
	for _, p := range c.sortedPeers() {
		p.barred = false
		if p.expected {
			c.tryDial(p, now)
			c.reschedule(p, now)
		}
		c.forgetIdle(p)
	}
}
