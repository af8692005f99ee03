// Package membership is one node's view of the others: which it knows, which
// are up, and the verdict on one that falls silent.
//
// [Core] is a pure state machine. It has no goroutine, no clock and no socket:
// a driver hands it what happened and the time, and carries out what it gives
// back through [Core.Outputs]. It knows links and messages, not what carries
// them. The states, each transition with its cause, and the invariants stand
// in design.md of the parent folder; this package is that text in code.
//
// # Driving it
//
// The driver
//
//  1. calls an input method for everything that happens, with a time that
//     never goes back (CLOCK_BOOTTIME, so that a suspended machine counts);
//  2. carries out all outputs, in order, before the next input;
//  3. calls [Core.Tick] when [Core.Deadline] has come, after having handed over
//     everything it had received until then: a verdict must know every sign of
//     life.
//
// # Detection
//
// Each interval a node probes its next two neighbours in the order of names,
// and once a second one further peer (in the manner of SWIM's round-robin,
// https://www.cs.cornell.edu/projects/Quicksilver/public_pdfs/SWIM.pdf). Who
// suspects a peer tips off all others, and a tip is only a reason to probe:
// everyone convinces himself. A late judge waits (Lifeguard's local health,
// https://arxiv.org/abs/1707.00788). The reasons of a nodedown are those of
// OTP's net_kernel:monitor_nodes/2.
package membership
