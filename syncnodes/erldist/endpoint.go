package erldist

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
)

// Config is what an endpoint needs to know. All of it is needed but Logger.
type Config struct {
	Self      nodeid.Name
	Listen    netip.AddrPort // port 0: any free one
	EPMD      string         // host:port of this host's port mapper; others have the same port
	SetupTime time.Duration  // net_setuptime: bounds a dial, and a handshake of another's
	Cookies   Cookies

	// Allowed tells whether a node of that name may connect, or be connected.
	// It is called concurrently and does not wait.
	Allowed func(nodeid.Name) bool
	// MayEnter asks whether a node that dials may come in now, as far as the other
	// links are concerned. It may wait, until ctx is over.
	MayEnter func(ctx context.Context, name nodeid.Name) bool
	// Deliver hands a call to a registered process, without waiting. The answer comes
	// once, from any goroutine: a term, or an error, or ErrNoProc.
	// Its own error means that no answer comes.
	Deliver func(process string, request erlterm.Term, answer func(erlterm.Term, error)) error

	Logger hclog.Logger
}

// Cookies are the secrets of the node: its own, a second one that others may come
// with ("" for none), and those for connections with single nodes.
type Cookies struct {
	Own   string
	Also  string
	Nodes map[nodeid.Name]string
}

var (
	// ErrNoProc is what Deliver answers of a name that nobody has.
	ErrNoProc = errors.New("noproc")
	// ErrNameInUse is Listen's answer where the port mapper has the name for another.
	ErrNameInUse = errors.New("the port mapper has the name for another node")
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
	// Heard tells that bytes came, once until it is taken.
	Heard struct{ Conn *Conn }
	// Answered is the answer to Probe(seq).
	Answered struct {
		Conn *Conn
		Seq  uint64
	}
	// Replied is the end of Call(id): a term, or ErrNoProc, an *ExitError, or ErrTooLong.
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
