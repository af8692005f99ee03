package hooks

import "time"

// Status is what a hook has done.
type Status struct {
	Name      string
	Delivered uint64 // the number of the last event it is done with
	Waiting   uint64 // events after that one, whether they are for it or not

	// Runs since the daemon started, by what became of them.
	OK, Failed, TimedOut uint64
	Took                 time.Duration // all of them together
	Missed               uint64        // events that left the journal before it had them

	Event        uint64    // the number of the one that is being delivered; 0 where none is
	Attempts     int       // at it, since the hook was configured or the daemon started
	RunningSince time.Time // zero where no program runs
	Error        string    // of the last run; "" where it was well
	LastRunAt    time.Time // zero before the first
}
