// Package erldist is a hidden node on Erlang's own distribution protocol: real
// Erlang and Elixir nodes connect to it, and it to them. It follows the chapters
// "Distribution Protocol" and "External Term Format" of the erts user's guide,
// handshake version 6, and net_kernel and dist_util of OTP 25 to 27.
//
// [Listen] opens an [Endpoint]: a listener that the port mapper (package epmd) knows,
// and one connection for each other node. It decides who may connect and nothing
// else: who is up, suspect or down is told by the membership core, which takes a
// [Conn] as one more kind of link. Whoever drives the core takes the endpoint's
// [Event]s, in order, and tells it what to do.
//
// # A connection
//
//	  Dial                              another node dials
//	   |                                        |
//	   v        both at once: the greater       v
//	dialling ----- name's goes on --------> accepting
//	   |                                        |
//	   | DialFailed                             | nothing told, or Rejected
//	   v                                        v
//	 (gone) <------------- Arrived -----------(gone)
//	                          |
//	                          v
//	                        silent   nothing is read yet
//	                          | Conn.Start
//	                          v
//	                        running
//	                          | the connection ends, or Conn.Close
//	                          v
//	                         ended   told once, by Ended
//
// What it is in each of them:
//
//   - dialling: the port mapper of the node's host is asked, then the handshake runs, all
//     within one net_setuptime. The other node may dial at the same time: once ours has
//     reached it, its dial is answered nok where ours is the greater name, and
//     ok_simultaneous where it is not. Then its answer to ours decides: after nok ours
//     ends, and the connection comes by its own; DialFailed is told only when that did
//     not come either. Until ours has reached it, the first that proves itself counts.
//   - accepting: no state is kept for a name before it has proved that it has the cookie.
//     A node whose connection is up, as far as we know, is asked whether it knows of
//     none (alive); when it has said so, and proved itself, the one that there was ends,
//     with [ErrReplaced]: Ended is told of that before Arrived of the new.
//   - silent: nodeup is told, and only then is read what the node says.
//   - running: bytes that come are a sign of life (Heard), and so is that the node takes
//     more of a long message when there was no room for it. Whoever sends anything,
//     ticks too, gets a tick where nothing else was sent to it for a while, so that its
//     own net_ticktime is never over, whatever it is. [Conn.Probe] asks its net_kernel
//     is_auth, as net_adm:ping/1 does, since Erlang answers no tick; C nodes, which have no
//     net_kernel, answer the tick that goes with it.
//
// # What it takes part in
//
// Calls of gen_server in both directions. A process of ours that answers with an error,
// or that is called with what cannot be read, has ended for its caller: by noproc, or by
// {error, <<"text">>}. Its name can be monitored; net_kernel is one that answers is_auth
// alone. Our calls all come from one process, which can be monitored and linked with, and
// lives as long as the connection. Whoever links with, or monitors, anything else hears
// noproc at once. Other messages are dropped, and counted ([Endpoint.Dropped]).
//
// It is hidden: global, pg and the mesh of Erlang take no note of it. No atom cache, no
// fragments, no spawn, no groups: those flags are not offered, so that rpc and erpc end
// at once.
//
// # Limits
//
// Who has not proved itself: 1 KiB a message, net_setuptime for the whole handshake, after
// which no last message is sent, not by a process either that was stopped meanwhile;
// [maxHalfOpen] of them at once, of which the oldest goes for a new one. A running
// connection: 8 MiB a frame, what is longer is read and dropped and its caller told;
// [maxMonitors] monitors; [maxUnsent] bytes that wait to be sent, after which calls and
// answers fail, and it is closed where small messages do not fit any more. A frame whose
// control message makes no sense ends the connection too.
//
// # What the cookie is worth here
//
// Erlang's handshake compares MD5(cookie, challenge) of a challenge of 32 bits. Who
// sees one can try guesses against it offline; who takes a node's name at the port
// mapper is sent one. What follows is neither encrypted nor authenticated: who can
// write to the connection is the node. And to Erlang nodes a holder of the cookie is
// root: he may run anything there. Therefore it is off unless asked for, on loopback unless
// told otherwise, and has a list of names.
package erldist
