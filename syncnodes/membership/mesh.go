package membership

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
)

const (
	judgedFor    = time.Minute     // a name judged down is not taken from others
	differsFor   = 2 * time.Second // digests differ before the names are pulled
	tipGather    = 5 * time.Millisecond
	nearTipAfter = 100 * time.Millisecond
	judgedAtMost = 4096
	tipFurther   = 3 // told of what others know, besides the neighbours
)

// digestOf is a node's share of a digest: the digest of a set is the sum, in
// GF(2), of its members', so that it does not depend on the order.
func digestOf(ref NodeRef) uint64 {
	h := fnv.New64a()
	h.Write([]byte(ref.Node))
	h.Write(ref.Incarnation[:])
	// FNV's high bits change little with the last bytes: spread them.
	var sum [8]byte
	binary.LittleEndian.PutUint64(sum[:], h.Sum64())
	h.Write(sum[:])
	return h.Sum64()
}

// compareDigest pulls the names from a peer of the mesh whose digest has
// differed from ours for a while.
func (c *Core) compareDigest(p *peer, digest uint64, now time.Duration) {
	switch {
	case digest == c.digest || !c.inRing(p):
		p.differsSince = never
	case p.differsSince == never:
		p.differsSince = now
	case now-p.differsSince >= differsFor && now >= c.pullAt:
		p.differsSince = never
		c.pullAt = now + c.cfg.Interval // while a mesh forms all digests differ
		c.pull(p, "")
	}
}

// pull asks p for the names after after, which are to be dialled.
func (c *Core) pull(p *peer, after nodeid.Name) {
	if c.cfg.AutoConnect == ConnectNever {
		return
	}
	seq := c.cfg.NextID()
	p.pulling, p.pullAfter = true, after
	c.emit(Send{Link: p.link, Seq: seq, Message: Pull{Seq: seq, After: after}})
}

// names answers a Pull with one page of the mesh, ourselves excepted: the
// asker knows us.
func (c *Core) names(p *peer, pull Pull) Names {
	page := Names{Seq: pull.Seq}
	if !c.inRing(p) {
		return page // introductions are for the mesh
	}
	size := 0
	first, _ := slices.BinarySearch(c.ring, pull.After)
	for _, name := range c.ring[first:] {
		if name == pull.After || name == p.name || name == c.cfg.Self {
			continue
		}
		ref := NodeRef{name, c.peers[name].inc}
		size += refBytes(ref)
		if size > PageBytes {
			page.More = true
			break
		}
		page.Nodes = append(page.Nodes, ref)
	}
	return page
}

// introduce dials those of a page that we do not know, and doubts those that
// are not in it.
func (c *Core) introduce(p *peer, page Names, now time.Duration) {
	if !p.pulling || !c.inRing(p) || c.lost || !c.joined { // the digest asks again
		return
	}
	p.pulling = false
	c.doubt(p, page, now)
	for _, ref := range page.Nodes {
		c.introduceOne(ref, now)
	}
	if page.More && len(page.Nodes) > 0 {
		c.pull(p, page.Nodes[len(page.Nodes)-1].Node)
	}
}

// doubt probes those that we see and p does not, and that were not heard for some
// time. Where the neighbours of a node have judged it down, by a cut that spared
// us, none of them would notice and tell us that it hangs.
func (c *Core) doubt(p *peer, page Names, now time.Duration) {
	seen := make(map[nodeid.Name]bool, len(page.Nodes))
	for _, ref := range page.Nodes {
		seen[ref.Node] = true
	}
	for _, name := range c.ring {
		beyond := page.More && len(page.Nodes) > 0 && name > page.Nodes[len(page.Nodes)-1].Node
		if name <= p.pullAfter || beyond || seen[name] || name == p.name || name == c.cfg.Self {
			continue
		}
		if other := c.peers[name]; now-other.watch.lastHeard >= 2*c.cfg.Interval {
			c.hint(other, now)
		}
	}
}

func (c *Core) introduceOne(ref NodeRef, now time.Duration) {
	if ref.Node == c.cfg.Self || !c.sameKind(ref.Node) {
		return
	}
	if until, judged := c.judged[ref]; judged && now < until {
		return
	}
	p := c.peer(ref.Node)
	if p.state.Linked() {
		if p.inc != ref.Incarnation {
			c.hint(p, now)
		}
	} else if !c.automatic(p) {
		c.forgetIdle(p)
		return
	} else if p.parted.IsZero() || p.parted != ref.Incarnation {
		p.parted = nodeid.Incarnation{} // another start of it is another node
		p.introduced = ref.Incarnation
		c.tryDial(p, now)
	}
	c.reschedule(p, now)
}

func (c *Core) expireJudged(now time.Duration) {
	for ref, until := range c.judged {
		if now >= until || len(c.judged) > judgedAtMost {
			delete(c.judged, ref)
		}
	}
}

// tips are suspects that others are to be told of, and when.
type tips struct {
	suspects []NodeRef
	at       time.Duration
}

func (t *tips) add(ref NodeRef, at time.Duration) {
	t.suspects = append(t.suspects, ref)
	t.at = min(t.at, at)
}

// wait puts off those that there are.
func (t *tips) wait(until time.Duration) {
	if t.at != never {
		t.at = max(t.at, until)
	}
}

// take gives those suspects whose time has come.
func (t *tips) take(now time.Duration) []NodeRef {
	if now < t.at {
		return nil
	}
	due := t.suspects
	*t = tips{at: never}
	return due
}

// tip notes that the others are to be told of a suspect, once in a timeout.
// What is wrong with the own bus is nobody else's news, and neither is what comes
// of being late oneself: the tip waits until a verdict may fall, and on a lost bus
// there is none. Nor has what the others know already any haste: of a process that
// was killed everybody has the proof by then.
func (c *Core) tip(p *peer, now time.Duration) {
	if len(c.ring) == 0 || c.lost || now < p.watch.tipAgain {
		return
	}
	p.watch.tipAgain = now + c.cfg.Timeout
	if ref := (NodeRef{p.name, p.inc}); p.watch.tipped || p.watch.routeCut {
		c.nearTips.add(ref, now+nearTipAfter)
	} else {
		c.tips.add(ref, now+tipGather)
	}
}

// sendTips tells all peers that are not suspect themselves of those that still
// are. Of what the others were told already, by a tip or by their routes, only
// the next two and some at random are told, in case it was lost, or its sender
// has no link to them yet: a death costs each node a few messages, not one from
// everybody.
func (c *Core) sendTips(now time.Duration) {
	if until := c.barredUntil(); now < until && !c.lost {
		c.tips.wait(until)
		c.nearTips.wait(until)
		return
	}
	all, near := c.tips.take(now), c.nearTips.take(now)
	if c.lost {
		return
	}
	if all = c.stillSuspect(all); len(all) > 0 {
		for _, name := range c.ring {
			if p := c.peers[name]; p != nil && p.state == Up {
				c.sendTip(p, all)
			}
		}
	}
	if near = c.stillSuspect(near); len(near) > 0 {
		for _, p := range append(c.neighbours(), c.someOfRing(tipFurther)...) {
			c.sendTip(p, near)
		}
	}
}

// someOfRing are up to n peers of the ring at random.
func (c *Core) someOfRing(n int) []*peer {
	var some []*peer
	for range n {
		p := c.peers[c.ring[c.cfg.Rand.IntN(len(c.ring))]]
		if p != nil && p.state == Up && !slices.Contains(some, p) {
			some = append(some, p)
		}
	}
	return some
}

func (c *Core) stillSuspect(refs []NodeRef) []NodeRef {
	return slices.DeleteFunc(refs, func(ref NodeRef) bool {
		p := c.peers[ref.Node]
		return p == nil || p.inc != ref.Incarnation || p.state != Suspect
	})
}

// sendTip tells p of suspects, in one frame where that is enough.
func (c *Core) sendTip(p *peer, suspects []NodeRef) {
	for len(suspects) > 0 {
		n, size := 0, 0
		for n < len(suspects) && size+refBytes(suspects[n]) <= PageBytes {
			size += refBytes(suspects[n])
			n++
		}
		c.emit(Send{Link: p.link, Message: Tip{Suspects: suspects[:n]}})
		suspects = suspects[n:]
	}
}

// takeTip probes those whom another node suspects: everyone convinces himself.
func (c *Core) takeTip(tip Tip, now time.Duration) {
	for _, ref := range tip.Suspects {
		if p := c.peers[ref.Node]; p != nil && p.state.Linked() && p.inc == ref.Incarnation {
			p.watch.tipped = true
			c.hint(p, now)
		}
	}
}
