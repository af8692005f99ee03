package syncnodes

import "time"

// Clock is the time that a node lives by: its probes and verdicts, the start-up
// sync, dials, and how long Ping and Names wait. What is not measured by it is
// what stays real: the bus, which keeps its connections alive and notices a
// server that is silent; contexts; and the wall time in events and incarnations.
//
// A node calls its clock from one goroutine at a time. Nodes that share a clock
// call it concurrently.
type Clock interface {
	// Now is the time since some moment that stays the same. It never goes back.
	// A step of more than half of Detector.Interval between two looks is taken
	// for a time in which the whole node stood still.
	Now() time.Duration
	// At gives a channel that receives once, whatever it is, when Now is t or
	// later: at once, where that is so already. A node drops channels that it has
	// no use for any more. t may be years away.
	At(t time.Duration) <-chan time.Time
}

// systemClock is a clock whose waits are the system's. It is one node's, which waits for
// one moment at a time.
type systemClock struct {
	now   func() time.Duration
	timer *time.Timer
}

func newSystemClock() *systemClock { return &systemClock{now: bootClock()} }

func (c *systemClock) Now() time.Duration { return c.now() }

// At uses the one timer again: the node moves its alarm with most of what it gets.
func (c *systemClock) At(t time.Duration) <-chan time.Time {
	wait := t - c.now()
	if c.timer == nil {
		c.timer = time.NewTimer(wait)
	} else {
		c.timer.Reset(wait)
	}
	return c.timer.C
}

func monotonicClock() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
