// Package observer tells what happens to the nodes of a cluster, once, and lets
// others act upon it: a line in the log for each node that comes up or goes down,
// an entry in the journal, hooks, streams, and metrics.
//
//	node ─> Observer ─> log line
//	            └─────> journal (synced) ─> hooks
//	                                     ├> streams: events -f, monitor, the page
//	                                     └> the bus, with bus.publish_events
//
// The log line is written at once, whatever the disk does. All that acts on an
// event reads it from the journal, at a pace of its own, so that a slow hook
// or reader delays neither detection nor the others.
//
// # Log lines
//
// The words are stable, for people who tail a log and grep it:
//
//	--- Node up: b@127.0.0.1: type=visible
//	--- Node down: b@127.0.0.1: type=visible reason=connection_closed detail=crashed up_for=1m2s
//
// Both are at info, one for each change. Beside them there may be two lines more,
// which have neither `Node up` nor `Node down` in them, so that who greps for
// those counts changes:
//
//   - A node that changes four times within a minute is named at warn, and again
//     each minute for as long as it goes on:
//     b@127.0.0.1 is flapping: 4 changes within 1m
//   - Five changes or more in the same direction, each within half a second of the
//     one before, are summed up at info when no more have come for half a second,
//     or ten seconds after the first:
//     9 nodes came up within 40ms
//     9 nodes went down within 40ms: connection_closed=7 net_tick_timeout=2
//
// # Restarts of the daemon
//
// A daemon that starts reports each node that is up, once more. One that was up when
// the run before ended, and has not come up when the sync is over, the bus has been
// there for ten seconds and so has the daemon, is reported as down, with the detail
// `not back since this daemon was started`: it went down when nobody looked.
//
// # Packages below
//
//	event    one change of one node: its JSON, its words
//	journal  keeps them, in a file
//	hooks    runs programs for them
//	metrics  what Prometheus is told
package observer
