package membership

import (
	"slices"
	"time"
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
// are places for some, in the manner of TCP's window: one more with each dial
// that was quick, half as many where one was slow. Those who find none wait in
// line; who is named by connect, ping or call does not.
type pace struct {
	places int
	taken  int
	line   []*peer // each once; one that is not to be dialled any more is passed over
	cutAt  time.Duration
}

// take gives p a place, or lets it wait in line.
func (d *pace) take(p *peer, now time.Duration) bool {
	if d.taken >= d.places && !p.asked {
		if !slices.Contains(d.line, p) {
			d.line = append(d.line, p)
		}
		return false
	}
	d.taken++
	p.placeUntil = now + placeFor
	return true
}

// leave takes p's place from it, if it has one.
func (d *pace) leave(p *peer) {
	if p.placeUntil != never {
		d.taken--
		p.placeUntil = never
	}
}

// learn takes in how long a dial took.
func (d *pace) learn(took, now time.Duration) {
	switch {
	case took < dialSlow:
		d.places = min(d.places+1, dialsMost)
	case now >= d.cutAt:
		d.places = max(d.places/2, dialsLeast)
		d.cutAt = now + dialSlow
	}
}

// overstay ends the place of a dial that has kept it for too long.
func (c *Core) overstay(p *peer, now time.Duration) {
	c.pace.leave(p)
	c.pace.learn(placeFor, now)
	c.dialNext(now)
}

// dialNext dials those who wait in line, as far as there are places.
func (c *Core) dialNext(now time.Duration) {
	for len(c.pace.line) > 0 && c.pace.taken < c.pace.places {
		p := c.pace.line[0]
		c.pace.line = c.pace.line[1:]
		if c.peers[p.name] == p && (p.expected || !p.introduced.IsZero()) {
			c.tryDial(p, now)
			c.reschedule(p, now)
		}
	}
}
