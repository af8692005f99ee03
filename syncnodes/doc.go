// Package syncnodes is a node: it finds its peers on the bus, keeps links to
// them, tells who comes and goes, and lets processes on different nodes call
// each other. It is the API for Go programs that embed a node; the daemon is
// one of them.
//
// A node is put together from five parts below this folder, and is itself the
// only place where they meet:
//
//	bus         carries packets between nodes (NATS, or memory in tests)
//	session     decides who may connect, seals and opens frames; pure
//	erldist     connections with real Erlang and Elixir nodes, where Options.Erlang wants them
//	membership  peers, probes and verdicts; pure
//	syncnodes   one goroutine, the loop, that owns all of them and drives them
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
// # Embedding
//
// A program has as many nodes as it likes, beside other programs' and in one
// process. [Options] with a Name and a Cookie are enough; the examples below have
// the rest, and configs/examples/gate is a whole program. Its life is that of the
// daemon: [Start], [Node.Monitor], [Node.Sync], which gates what needs the other
// nodes, [Node.Register], and [Node.Close], which says goodbye. [Node.Done] tells
// a node that ends by itself, as one whose name another holds does.
//
// A node has no state outside of its Node. Two of them in one process meet on the
// bus as two processes do; with another Bus.Cluster, another cookie, or another
// range of Bus.Ports they know nothing of each other. It writes to Options.Logger
// and to nothing else, sets no signal handler and keeps no file; Bus.Auth names
// those that it reads.
//
// Bus.Conn lends it the program's own connection to NATS, in place of one that
// the node makes: package bus has what holds then. Options.Clock gives it the
// program's own time, so that a test can let an hour pass at once, or none:
// package clocktest has a clock that is moved by hand. The bus lives in real time
// whatever the clock says.
//
// Another node's process is called by [Node.Call], whose errors are named as in
// OTP: [ErrNoProc], [ErrNodeDown], and context.DeadlineExceeded for its timeout. A
// [Handler] that panics, or ends its goroutine, is a process that crashes: its
// caller gets an error, and it is started again.
//
// # Threat model
//
// The cookie is the only secret: whoever has it is a node like any other, may
// take each name that nobody holds, introduce others, call processes, and be
// believed. Whoever does not have it, and is on the bus, may be assumed to
// read, write, drop, replay, reorder and delay all that it carries: a user of
// the same NATS account, the NATS servers themselves, and, on the embedded
// mesh, each user of the host.
//
//   - He reads the names and incarnations of nodes, who shakes hands with
//     whom, when, and how much they say. What they say, calls and their
//     answers, which nodes a node suspects or introduces, is sealed, by keys
//     of a Diffie-Hellman exchange of its own for each session: the cookie,
//     learnt later, opens no recording of it. It does open what a dialler
//     tells of itself in its first message: whether it is hidden, whether it
//     meshes, its version, where its server listens.
//   - He can try guesses of the cookie against a recorded handshake, as fast
//     as his machines go. A cookie of 20 random letters (94 bits) or of cookie
//     generate (256) is out of reach of that; a shorter one is stretched,
//     which makes a guess cost some 30 ms and 19 MiB, and no more.
//   - He cannot join, speak as a node, or end a session: a frame that is
//     forged, changed, replayed, or of another session is dropped and counted.
//     A recorded handshake is answered once at most, and leads to nothing.
//   - What is not authenticated is a hint: hello, a route, an advisory, an
//     answer to a hello, `no responders`, a refusal. With hints he can make a
//     node dial, probe, suspect, or wait a quarter of a second; a verdict
//     takes silence, or a refused connection on the own host beside it. What
//     `names` lists is what answers: anybody's word.
//   - Who can drop packets can part nodes: silence is all that a node has to
//     go by. He cannot choose the reason: shutdown and disconnect are said
//     under seal.
//   - Who subscribes to all subjects takes `no responders` from NATS: dead
//     processes are told by silence then, after the detector's timeout. Each
//     node tests it and warns.
//   - He can send more than a node can read. What is dropped costs some
//     microseconds each, a bad first message 9, and takes no memory;
//     TestHostileBus of the daemon measures it. Against a flood that fills the
//     line there is only an account of its own: configs/nats-server.conf.
//
// The embedded mesh is as open to the users of a host as its epmd is: a fixed user
// and password keep stray servers out by accident, and nobody by design. From
// another host nobody gets as far as the bus who has no secret in common with a
// daemon: routes are mutual TLS 1.3 with certificates that each daemon signs
// itself by a key derived from the cookie.
//
//   - He who reaches the port of a route learns that something listens there, its
//     port's number on loopback, and a signature against which he can try
//     guesses of the cookie, as above. bus.routes_secret_file takes the cookie out
//     of that.
//   - He can hold connections silently, for two seconds each, and begin 100
//     handshakes a second, which cost some 200 µs each; TestHostsOutsider of the
//     daemon measures it. While he holds one, changes of whom to dial wait.
//   - On this host is who has an address of it. A tunnel, a proxy or a NAT of
//     the host lets those in whom it forwards in its own name.
//   - NATS passes nothing from route to route: a stranger among the users of one
//     host reads and writes what goes to and from that host's daemons only.
//
// `names` asks all who are on the bus, and lists what answers: whoever is on the bus
// can ask, and learns the names, ten times a second from each node. There is no NATS
// micro service. Events are published where that is switched on, in clear: everybody on
// the bus can read them, and forge them; nodes do not listen to them. Over HTTP, where
// that is switched on, a daemon shows everybody who reaches the address the nodes that
// it knows, with their states, why they went down and who sees whom, and where its own
// server listens; nothing can be changed there.
//
// With Options.Erlang the cookie is also what Erlang's distribution makes of it, which is
// far less: package erldist says what. Who is let in there is a node like any other, and
// may call our processes; he is root on every Erlang node that has the cookie.
//
// Whoever may open the daemon's control
// socket, its own user and root, may do all that it can, and read the cookie.
//
// # Concurrency
//
//  1. All methods of [Node] may be called concurrently, by any goroutine, and
//     also after [Node.Close]; they answer [ErrClosed] then.
//  2. One goroutine, the loop, owns all state; methods hand it a function and
//     wait for it. No method holds a lock while it waits.
//  3. Each monitor gets the events of its node in the order in which they
//     happened, all of them, and per peer nodeup and nodedown alternate: the
//     nodedown of an old connection comes before the nodeup of a new one with
//     the same node. This and the next two are what net_kernel:monitor_nodes/2
//     promises since OTP 23.
//  4. An event is told after the change: when a monitor gets a nodeup, Nodes
//     lists the node, unless it is down again already; when it gets a nodedown,
//     Nodes does not list it, unless it is up again.
//  5. A monitor has the nodeup before any process gets a call that came over the
//     new connection, and the nodedown after the last that came over the old one.
//  6. Handlers of one registered process run one at a time, in the order of
//     their calls' arrival; those of different processes run at the same time.
//  7. Close returns when all goroutines of the node have ended, handlers that
//     heed their context included. A second call waits for the first.
package syncnodes
