// Package clocktest gives tests a clock that stands still until it is moved by
// hand, for syncnodes.Options.Clock.
package clocktest

import (
	"slices"
	"sync"
	"time"
)

// Clock is a clock that Advance moves. Its zero value stands at 0; nodes may
// share one, and all methods may be called concurrently.
type Clock struct {
	mu     sync.Mutex
	now    time.Duration
	alarms []alarm
}

type alarm struct {
	at time.Duration
	ch chan time.Time // has room for one
}

// Now is how far the clock was moved.
func (c *Clock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// At gives a channel that receives once the clock stands at t or later.
func (c *Clock) At(t time.Duration) <-chan time.Time {
	ch := make(chan time.Time, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alarms = append(c.alarms, alarm{t, ch})
	c.ring()
	return ch
}

// Advance moves the clock on, at one go, and does not wait for what nodes make of
// it. To a node a step of more than half of its detector's interval is as if the
// host had been suspended for that long: it gives its peers more time. Smaller
// steps, with a moment between for answers to arrive, are time that passes.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += d
	c.ring()
}

// How fast During moves a clock: five times as fast as time passes.
const (
	step  = 5 * time.Millisecond
	every = time.Millisecond
)

// During moves the clock on in small steps while f runs, so that f may wait for
// what takes a node time: its start, a verdict. The answers of other nodes take
// the time they take: it moves a few times as fast as real time, and no faster.
func (c *Clock) During(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.Advance(step)
		case <-done:
			return
		}
	}
}

// ring wakes those whose time has come. What a node waits for no more goes with
// them.
func (c *Clock) ring() {
	c.alarms = slices.DeleteFunc(c.alarms, func(a alarm) bool {
		if a.at > c.now {
			return false
		}
		a.ch <- time.Time{}
		return true
	})
}
