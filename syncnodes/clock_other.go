//go:build !linux

package syncnodes

import "time"

// bootClock is the monotonic clock: on these systems nothing tells how long
// the machine was suspended.
func bootClock() func() time.Duration { return monotonicClock() }
