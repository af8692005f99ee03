// Package bus carries packets between nodes over NATS core subjects: the
// embedded mesh, external servers, or a [Hub] in memory for tests. It knows
// subjects and connections; what is in a packet, and whom to believe, is the
// business of its callers.
//
// # Subjects
//
// P is interconnect.1.<cluster>; a token keeps [A-Za-z0-9_@-], every other byte
// is %XX.
//
//	P.n.<node>                addressed to a name
//	P.i.<node>.<incarnation>  addressed to one process
//	P.r.<incarnation>.<id>    replies; nothing else is ever answered to
//	P.hello, P.who            addressed to all
//	P.e.<node>                what a node publishes, in clear; no node listens
//
// There are no queue groups: two nodes of one name both receive what is
// addressed to it. Requests are never made with the client's own request
// method, which takes the first reply, be it forged; all replies come in
// through one subscription, as many as there are, and the caller judges them.
//
// # Embedded
//
// Each process has a NATS server of its own and talks to it through a pipe.
// The servers join by routes: each listens on the first free port of a range,
// or on any other, and dials the range on its own host and on those it is told
// of; gossip makes the full mesh, and the nodes mend what it leaves out.
//
// A node whose host is a loopback literal is on 127.0.0.1 only. Any other
// listens on one address or on all, and its routes are TLS: who comes from
// another host must have a secret in common with it. The mesh of a host is open
// to all its users. The two kinds of nodes do not mesh with each other.
//
// A route that ends is told within some milliseconds. It proves nothing by
// itself: a listener that refuses does.
//
// No periodic echo runs through an embedded server: it lives and dies, stops
// and continues with its client, and between the two is a pipe in memory. One
// echo after each connection makes sure that the subscriptions are live. That
// the routes work is not told by any echo to oneself; the probes tell it. What they cannot tell, whether
// all other hosts are dead or this one is cut off, is found out by [Conn]'s
// Doubt: cutoff.go has the states. A mesh that is Lost in this way still sends.
//
// # External
//
// The bus is lost when the client is not connected, or when two echoes in a
// row, one each interval, did not come back and nothing else did: a frozen server is
// silent, while its client says "connected" for seconds more. Where other packets come,
// somebody is busy, and eight must be missing. It is back when an echo came
// back, so that the subscriptions are known to be live. While it is lost
// nothing is sent: what a socket or a buffer kept would arrive stale.
//
// A server tells its system account of each connection that ends. Where that
// account exports the advisories, and ours imports them, a node hears of it
// within some milliseconds and tells [Advised]:
//
//	accounts {
//	  SYS {exports: [{stream: "$SYS.ACCOUNT.*.DISCONNECT"}]}
//	  APP {imports: [{stream: {account: SYS, subject: "$SYS.ACCOUNT.APP.DISCONNECT"}}]}
//	}
//	system_account: SYS
//
// Where not, nothing comes, and a refused subscription is told at debug only.
//
// # A connection of the program's
//
// In place of servers to connect to, a program can lend a connection that it has.
// It may lend one to several nodes. The bus subscribes on it, and listens for
// changes of its state; it does not close or drain it, and sets no handler. Close
// takes subscriptions and listener back; where the client is dialling, that waits
// for the dial.
//
// What the connection does is what the program chose: how often it pings a
// server, how soon and how often it reconnects, as whom. An outage is told in
// the same way as on a connection of the bus's own, Lost and Back. One that is
// closed or drained, by the program or for want of nats.MaxReconnects(-1), is
// Gone. nats.NoEcho is refused: a node must hear itself.
//
// While the connection is down, sends fail here, whatever nats.ReconnectBufSize
// says, and nothing is buffered. There is a gap: the client buffers from the
// moment in which it notices the disconnect, and the bus knows when the
// listener's goroutine has run: microseconds later, more on a busy machine. What
// is sent between the two comes out after the reconnect, late. With nats.ReconnectBufSize(-1) there is no
// gap. Late packets harm nobody: who sends them is alive, since it is its own
// client that flushes them; they are of this process and, once a newer session
// is there, dropped; a call among them may be carried out after its caller
// stopped waiting, as any call whose answer is late.
//
// Reasons of an outage, and slow consumers among the bus's subscriptions, are
// told to the program's handlers. A subject that the server denies is logged here
// too, as soon as the client's last error has it. Disconnect advisories are not
// subscribed to; other nodes have them of this one where the connection has the
// name "interconnectd " and the node's.
//
// # Concurrency
//
// 1. Connected is the first event; sends work when it can be read, and fail
// until then. The same holds for Back.
// 2. Sends fail from before Lost can be read until before Back can be read, but
// where a mesh is cut off.
// 3. Packets of one kind from one sender arrive in the order of sending; there
// is no order between kinds, nor between packets and events.
// 4. RouteUp and RouteDown of one server alternate, RouteUp first. On RouteUp
// the other end's subscriptions are known here, as a rule: what is sent now
// arrives.
// 5. Settled is closed after the RouteUp events of the first round were told.
package bus
