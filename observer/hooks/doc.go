// Package hooks runs programs for events: each hook gets those that it is for, in
// their order, at least once, also across restarts of the daemon.
//
// # States of a hook
//
//	waiting ── the next event is not for it ─────────> waiting, behind that event
//	waiting ── the next event is for it ─────────────> running
//	running ── exit status 0 ────────────────────────> waiting, behind that event
//	running ── another status, a signal, no program ─> pausing
//	running ── Timeout is over: TERM to the process group, KILL a second later ─> pausing
//	pausing ── Options.RetryFirst, doubling with each attempt up to RetryMost ──> running
//	any     ── it is not configured any more, or the daemon leaves ─────────────> ended
//
// Where it is, behind which event, stands in the journal: that is written as soon as
// may be and not waited for, so that a crash of the host, or a kill of the daemon
// in that moment, gives an event to a hook a second time. A hook that fails is tried
// for ever and gets nothing else meanwhile; what leaves the journal before its turn
// comes is missed, and told.
//
// Each hook has a goroutine of its own, and reads the journal at its own pace: a
// slow one delays neither the others nor anything else.
//
// # What a program gets
//
// It is run without a shell, in a process group of its own, in the daemon's
// working directory, with the daemon's environment (but for what is secret or the
// daemon's alone: RELEASE_COOKIE, CREDENTIALS_DIRECTORY, NOTIFY_SOCKET) and
//
//	INTERCONNECT_EVENT   nodeup or nodedown
//	INTERCONNECT_NODE    the node that it is about
//	INTERCONNECT_SELF    the node that saw it
//	INTERCONNECT_TYPE    visible, hidden or erlang
//	INTERCONNECT_REASON  of a nodedown, else empty
//	INTERCONNECT_DETAIL  of a nodedown, else empty
//	INTERCONNECT_TIME    as in 2026-11-22T22:03:41.027Z
//	INTERCONNECT_SEQ     its number in the journal, by which a program knows one again
//
// and the event as a line of JSON on standard input (see package event). The last
// line of what it prints stands in the log where it fails.
package hooks
