// Package fleet starts a number of nodes of one system on this machine, each a process
// of its own, and measures them: ours on the embedded mesh and on a nats-server,
// Erlang/OTP, Serf.
//
// All systems are treated alike. Their nodes come one right after the other, with the
// defaults of their makers, and log in a line who came and who went. The time of a line
// is that at which it was read of the pipe. What a node of a former start says, or one
// that was struck, does not count.
//
// Everything is on 127.0.0.1, on free ports, with homes in a temporary folder that is
// removed in the end. No process outlives [Measure], nor the program that calls it
// (see package child). It needs Linux.
package fleet
