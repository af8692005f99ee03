// Package journal keeps the events of a daemon in a file (bbolt), in order, each
// with a number, so that hooks, streams and commands read them at their own pace
// and after a restart of the daemon go on where they were.
//
// # What is promised
//
//  1. [Journal.Append] does not wait, for no disk and no reader.
//  2. An event can be read when it has been synced to the disk, and not before, so
//     that nothing acts on what a crash could take back. That is some 20 ms after
//     Append, 100 ms where many come, and half a second at the start: they are
//     gathered, and synced at once.
//  3. Where the file cannot be written (the disk is full, the file is damaged or
//     held by another process) that is one line at warn, and events can be read all
//     the same: monitoring goes on. Those that are not in the file are kept in
//     memory, MemoryMost at most, and go into the file when it can be written again.
//  4. Numbers count up by one, also across restarts. Who reads with a [Cursor] of
//     another journal, one that was made anew, reads from its beginning.
//  5. Of the events, Options.Keep stay, the latest.
//
// # States of the file
//
//	opening ── opened, or made ──────────────────────────────> writing
//	opening ── damaged, cut short, or no journal ──> set aside ── made anew ──> writing
//	opening ── held by another process, no permission, of a later version ──> closed
//	opening ── cannot be made just now (the disk is full) ──> waiting
//	writing ── a write fails ────────────────────────────────> waiting
//	writing ── damaged ────────────────────────────> set aside ── made anew ──> writing
//	waiting ── retryEvery, or the next event: written ───────> writing
//	closed: there is no file until the daemon, or its journal.path, is another
//
// A file that is set aside is renamed to FILE.broken-TIME and never looked at
// again. Only a regular file is; anything else at the path is left alone, and the
// journal is closed. bbolt panics on a damaged file, and reads it by mmap, so
// that a file that was cut short faults: each use of it is guarded, and the pages
// are checked before bbolt sees them.
//
// # Concurrency
//
// One goroutine, [Journal.Run], owns the file and writes; all other methods may be
// called by any goroutine.
package journal
