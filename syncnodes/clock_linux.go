package syncnodes

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootClock counts the time since the machine was started. Unlike Go's own
// monotonic clock it goes on while the machine is suspended, so that a node
// that was suspended knows it, and accuses nobody of its own absence.
func bootClock() func() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return monotonicClock() // a kernel older than 2.6.39
	}
	return func() time.Duration {
		var ts unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) // it worked above
		return time.Duration(ts.Nano())
	}
}
