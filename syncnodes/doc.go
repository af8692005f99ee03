// Package syncnodes is a node: it finds its peers on the bus, keeps links to
// them, tells who comes and goes, and lets processes on different nodes call
// each other. It is the API for Go programs that embed a node; the daemon is
// one of them.
//
// A node is put together from four parts below this folder, and is itself the
// only place where they meet:
//
//	bus         carries packets between nodes (NATS, or memory in tests)
//	session     decides who may connect, seals and opens frames; pure
//	membership  peers, probes and verdicts; pure
//	syncnodes   one goroutine, the loop, that owns both and drives them
//
// design.md, beside this file, has the states of a peer.
//
// # Start-up
//
// [Start] claims the node's name and returns a running node. [Node.Sync] then
// waits for the nodes of the sync lists, as the kernel application of OTP does
// with sync_nodes_mandatory, sync_nodes_optional and sync_nodes_timeout; unlike
// OTP, which pings each of them once, it tries until each is up or the time is
// over, and goes on in the background with those that are missing.
// [Node.Reconfigure] gives a running node other lists, times, or another cookie.
//
// # Concurrency
//
//  1. All methods of [Node] may be called concurrently, by any goroutine, and
//     also after [Node.Close]; they answer [ErrClosed] then.
//  2. One goroutine, the loop, owns all state; methods hand it a function and
//     wait for it. No method holds a lock while it waits.
//  3. Each monitor gets the events of its node in the order in which they
//     happened, all of them, and per peer nodeup and nodedown alternate: the
//     nodedown of an old incarnation comes before the nodeup of the new one.
//  4. An event is told after the change: when a monitor gets a nodeup, Nodes
//     lists the node, unless it is down again already.
//  5. Handlers of one registered process run one at a time, in the order of
//     their calls' arrival; those of different processes run at the same time.
//  6. Close returns when all goroutines of the node have ended, handlers that
//     heed their context included. A second call waits for the first.
package syncnodes
