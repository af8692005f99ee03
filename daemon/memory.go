package main

import "runtime/debug"

// An idle daemon allocates little, so that a collection more often costs next
// to nothing, and the heap stays near what is live.
const gcPercent = 40

func tuneMemory() { debug.SetGCPercent(gcPercent) }

// giveMemoryBack returns what only the start needed: the derivation of keys,
// the parsing of files, the sync.
func giveMemoryBack() { debug.FreeOSMemory() }
