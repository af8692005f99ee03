package main

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// thirtyLimits are generous: the figures are for comparison, beside others in
// the same run.
type thirtyLimits struct{ full, median, last time.Duration }

// TestThirty measures thirty daemons on the embedded mesh: from the first start
// until each sees all others, and from kill -9 of one to the line of the median
// and of the last survivor. Its words, for figures that mean something:
//
//	go test ./daemon -run TestThirty -v -count 3 -args -alone
func TestThirty(t *testing.T) {
	const nodes = 30
	most := thirtyLimits{full: 60 * time.Second, median: 2 * time.Second, last: 5 * time.Second}
	if *alone {
		most = thirtyLimits{full: 8 * time.Second, median: 100 * time.Millisecond, last: 500 * time.Millisecond}
	}
	if raceEnabled {
		t.Skip("its figures mean nothing under the race detector")
	}
	c := newChaos(t, embeddedRules())
	c.name(nodes)
	c.writeConfig()
	c.began = time.Now()
	for _, node := range c.nodes {
		c.start(node)
	}
	c.awaitFullView()
	full := c.lastUp().Sub(c.began)
	t.Logf("%d daemons, from the first start to the last line of full view: %v", nodes, full)
	if full > most.full {
		t.Errorf("full view after %v, want %v at most", full, most.full)
	}
	for _, victim := range []string{c.nodes[0], c.nodes[nodes/2], c.nodes[nodes-1]} {
		l := c.running[victim]
		delete(c.running, victim)
		l.endFrom = time.Now()
		c.signal(l, syscall.SIGKILL)
		<-l.process.done()
		took := c.awaitDown(l)
		t.Logf("kill -9 of %s: the median survivor's line after %v, the last one's after %v", victim, took[len(took)/2], took[len(took)-1])
		if took[len(took)/2] > most.median || took[len(took)-1] > most.last {
			t.Errorf("want %v and %v at most", most.median, most.last)
		}
	}
	c.judge()
}

// lastUp is when the last of the running daemons saw the last of the others.
func (c *chaos) lastUp() (last time.Time) {
	for _, l := range c.running {
		for _, views := range l.views {
			last = latest(last, views[len(views)-1].from)
		}
	}
	return last
}

// awaitDown waits until all who run have told that ended is down, and gives the
// times that it took, the least first.
func (c *chaos) awaitDown(ended *life) (took []time.Duration) {
	for until := time.Now().Add(patience); ; {
		took = took[:0]
		for _, l := range c.running {
			l.read(l.process.log())
			if views := l.views[ended.node]; len(views) > 0 && views[len(views)-1].told {
				took = append(took, views[len(views)-1].to.Sub(ended.endFrom.Truncate(time.Millisecond)))
			}
		}
		if len(took) == len(c.running) {
			slices.Sort(took)
			return took
		}
		if time.Now().After(until) {
			c.fatalf("%d of %d tell that %s is down", len(took), len(c.running), ended.node)
		}
		time.Sleep(100 * time.Millisecond) // between two looks at the files
	}
}
