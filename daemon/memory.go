package main

import (
	"runtime/debug"
	"time"
)

// How often memory is collected: the heap may grow by so many percent of what is live.
// A start collects seldom: it would cost a sixth of all work, on a host that starts many
// daemons at once. Afterwards it is as Go has it: more often would take less than a
// megabyte off an idle daemon, and each node that comes would cost its peers a quarter more.
const (
	startPercent = 400
	idlePercent  = 100
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
