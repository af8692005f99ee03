package erldist

import (
	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
)

// Reason is why a dial ended without a connection.
type Reason uint8

// Why a dial ended without a connection.
const (
	NoHolder      Reason = iota // no port mapper, or it knows no Erlang node of the name, or nothing listens there
	CookiesDiffer               // it closed the connection after our answer to its challenge, or its own was wrong
	NotAllowed                  // it, or our own list, does not allow it
	TimedOut                    // no end within net_setuptime
	Unfit                       // what it says is not handshake 6, or lacks what we need
)

// Event is what happens to an endpoint, for whoever drives it.
type Event interface{ event() }

type (
	// Arrived tells of a connection on which both have proved themselves: begin
	// it with Start, or end it with Close.
	Arrived struct {
		Conn    *Conn
		Dialled bool // by us
	}
	// DialFailed is the end of a Dial of which no connection came.
	DialFailed struct {
		Name   nodeid.Name
		Reason Reason
		Err    error // in words, for the log
	}
	// Rejected tells of a node that dialled with another cookie.
	Rejected struct{ Name nodeid.Name }
	// Heard tells of a sign of life, and is not told again for a moment: see heardPause.
	Heard struct{ Conn *Conn }
	// Answered is the answer to Probe(seq).
	Answered struct {
		Conn *Conn
		Seq  uint64
	}
	// Replied is the end of Call(id): a term, or ErrNoProc, an *ExitError, what wraps
	// ErrTooLong, or why the answer cannot be read.
	Replied struct {
		Conn *Conn
		ID   uint64
		Term erlterm.Term
		Err  error
	}
	// Ended tells that a connection has ended, by itself or by Close; nothing more comes
	// of it.
	Ended struct {
		Conn *Conn
		Err  error // nil after Close
	}
)

func (Arrived) event()    {}
func (DialFailed) event() {}
func (Rejected) event()   {}
func (Heard) event()      {}
func (Answered) event()   {}
func (Replied) event()    {}
func (Ended) event()      {}
