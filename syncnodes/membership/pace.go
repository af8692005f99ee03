package membership

import (
	"slices"
	"time"

	"interconnectd/configs/nodeid"
)

const (
	dialsFirst = 32 // places to begin with
	dialsLeast = 4
	dialsMost  = 256
	// A dial that takes longer has been repeated more than once: somebody has
	// more to do than he can.
	dialSlow = 500 * time.Millisecond
	// A dial without an answer keeps its place for so long, and goes on without:
	// who hangs is not in the way of the others.
	placeFor = time.Second
)

// pace bounds the dials that a node begins of itself. A handshake costs both
// sides: where many nodes start at once on few processors, and each dials all
// others at once, all dials would end by net_setuptime, and begin again. So there
// are places for some, in the manner of TCP's window: one more with each link that
// was made quickly, half as many where one was made slowly. A dial without an answer
// teaches nothing: who is not there makes nobody busy. Those who find no place wait
// in line; who is named by connect, ping or call does not.
type pace struct {
	places  int
	taken   int
	line    []*peer // in turn; who does not wait any more is passed over
	greeted []*peer // of them, those who say that they are there
	turn    bool    // of the greeted
	cutAt   time.Duration
}

// take gives p a place, or lets it wait in line.
func (d *pace) take(p *peer, now time.Duration) bool {
	if d.taken >= d.places && !p.asked {
		if !p.waits {
			p.waits = true
			d.line = append(d.line, p)
		}
		return false
	}
	p.waits = false
	d.taken++
	p.placeUntil = now + placeFor
	return true
}

// greet gives p, who says that he is there, the next place but one at the latest
// of those who do. It is no more than that: anyone may say so of anybody.
func (d *pace) greet(p *peer) {
	if p.waits && !slices.Contains(d.greeted, p) {
		d.greeted = append(d.greeted, p)
	}
}

// leave takes p's place from it, if it has one.
func (d *pace) leave(p *peer) {
	if p.placeUntil != never {
		d.taken--
		p.placeUntil = never
	}
}

// learn takes in how long it took to make a link.
func (d *pace) learn(took, now time.Duration) {
	switch {
	case took < dialSlow:
		d.places = min(d.places+1, dialsMost)
	case now >= d.cutAt:
		d.places = max(d.places/2, dialsLeast)
		d.cutAt = now + dialSlow
	}
}

// next takes who is next out of the line, nil where nobody waits: every second
// time one of the greeted, where there are any.
func (d *pace) next() *peer {
	for len(d.line)+len(d.greeted) > 0 {
		from := &d.line
		if d.turn = !d.turn; len(d.greeted) > 0 && (d.turn || len(d.line) == 0) {
			from = &d.greeted
		}
		p := (*from)[0]
		*from = (*from)[1:]
		if p.waits {
			p.waits = false
			return p
		}
	}
	return nil
}

// overstay ends the place of a dial that has kept it for too long.
func (c *Core) overstay(p *peer, now time.Duration) {
	c.pace.leave(p)
	c.dialNext(now)
}

// dialNext dials those who wait in line, as far as there are places. Who may not be
// dialled now, and was introduced, is forgotten: his introduction is over, and the
// digest brings him back if he is there.
func (c *Core) dialNext(now time.Duration) {
	for c.pace.taken < c.pace.places {
		p := c.pace.next()
		switch {
		case p == nil:
			return
		case c.peers[p.name] != p || p.state.Linked():
			continue
		case p.expected || !p.introduced.IsZero():
			c.tryDial(p, now)
		}
		if p.state != Connecting {
			p.introduced = nodeid.Incarnation{}
		}
		c.reschedule(p, now)
		c.forgetIdle(p)
	}
}
