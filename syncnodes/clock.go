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

// systemClock is a clock whose waits are the system's.
type systemClock struct{ now func() time.Duration }

func (c systemClock) Now() time.Duration { return c.now() }

// At leaves a timer that nobody waits for any more to the garbage collector.
func (c systemClock) At(t time.Duration) <-chan time.Time { return time.After(t - c.now()) }

func monotonicClock() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
