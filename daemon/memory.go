package main

import (
	"runtime/debug"
	"time"
)

// How often memory is collected: the heap may grow by so many percent of what
// is live. An idle daemon allocates little, so that a collection more often
// costs next to nothing, and the heap stays small. During the start it would
// cost a sixth of all work, on a host that starts many daemons at once.
const (
	startPercent = 400
	idlePercent  = 40
)

// settleAfter is when the start counts as over: what it needed, the derivation
// of keys, the parsing of files, the handshakes, and the code of all that, goes back to
// the system then.
// That is a collection too, which other daemons that still start need not wait for.
const settleAfter = 2 * time.Second

// easeMemory sets the collector for the start, and for what follows when the timer
// that it gives fires.
func easeMemory() *time.Timer {
	debug.SetGCPercent(startPercent)
	return time.AfterFunc(settleAfter, func() {
		debug.SetGCPercent(idlePercent)
		debug.FreeOSMemory()
		_ = releaseProgram() // it is all the same without
	})
}
