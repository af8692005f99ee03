package syncnodes

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootEvery is how often the system is asked for the time since its start: it
// differs from the monotonic clock, which costs a tenth, by what the machine was
// suspended only.
const bootEvery = time.Millisecond

// bootClock counts the time since the machine was started. Unlike Go's own
// monotonic clock it goes on while the machine is suspended, so that a node
// that was suspended knows it, a millisecond later at most, and accuses nobody of
// its own absence. It is for one goroutine.
func bootClock() func() time.Duration {
	now, ok := bootTime()
	if !ok {
		return monotonicClock() // a kernel older than 2.6.39
	}
	asked := time.Now()
	return func() time.Duration {
		since := time.Since(asked)
		if since >= bootEvery {
			now, _ = bootTime() // it worked above
			asked, since = time.Now(), 0
		}
		return now + since
	}
}

func bootTime() (time.Duration, bool) {
	var ts unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return time.Duration(ts.Nano()), err == nil
}
