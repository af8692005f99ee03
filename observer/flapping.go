package observer

import (
	"fmt"
	"time"

	"interconnectd/configs/nodeid"
)

// A node flaps when it changes flapChanges times within flapWithin: two
// restarts in a minute, or two lapses of its connection.
const (
	flapChanges = 4
	flapWithin  = time.Minute
)

// flapping finds the nodes that come and go too often. Its zero value knows none.
type flapping struct {
	changes map[nodeid.Name]*changes
	sweepAt time.Time // who has been quiet for long is forgotten then
}

// changes are the last of one node.
type changes struct {
	times [flapChanges]time.Time // a ring; next is the oldest
	next  int
	told  time.Time
}

// note takes a change at a time, and reports whether it makes the node a
// flapping one that has not been told of for flapWithin.
func (f *flapping) note(node nodeid.Name, at time.Time) bool {
	f.sweep(at)
	c := f.changes[node]
	if c == nil {
		c = &changes{}
		f.changes[node] = c
	}
	c.times[c.next] = at
	c.next = (c.next + 1) % flapChanges
	oldest := c.times[c.next]
	if oldest.IsZero() || at.Sub(oldest) > flapWithin || !c.told.IsZero() && at.Sub(c.told) < flapWithin {
		return false
	}
	c.told = at
	return true
}

// last is the time of the latest change.
func (c *changes) last() time.Time { return c.times[(c.next+flapChanges-1)%flapChanges] }

// sweep forgets, once in flapWithin, who has been quiet for as long.
func (f *flapping) sweep(now time.Time) {
	switch {
	case f.changes == nil:
		f.changes = make(map[nodeid.Name]*changes)
	case now.Before(f.sweepAt):
		return
	}
	for node, c := range f.changes {
		if now.Sub(c.last()) > flapWithin {
			delete(f.changes, node)
		}
	}
	f.sweepAt = now.Add(flapWithin)
}

// flappingLine has neither `Node up` nor `Node down`, which people grep for.
func flappingLine(node nodeid.Name) string {
	return fmt.Sprintf("%s is flapping: %d changes within 1m", node, flapChanges)
}
