package session

import (
	"fmt"

	"interconnectd/configs/nodeid"
)

// Output is what an Endpoint wants done or known; the type says what.
// The slices in it may be kept, and not changed.
type Output interface{ output() }

type (
	// SendName sends a request to whoever holds a name.
	SendName struct {
		To      nodeid.Name
		ReplyID uint64 // where the answer is wanted, never 0
		Data    []byte
	}

	// SendFrame sends a sealed frame to one process.
	SendFrame struct {
		To          nodeid.Name
		Incarnation nodeid.Incarnation
		ReplyID     uint64 // 0: no answer is wanted
		Data        []byte
	}

	// Answer answers a packet that had this reply subject.
	Answer struct {
		ReplyTo string
		Data    []byte
	}

	// Found says that a hello of an own dial was answered. It is in clear and
	// so a hint only. It comes once for each incarnation of a dial.
	Found struct {
		Name        nodeid.Name
		Incarnation nodeid.Incarnation
	}

	// Admission asks whether a peer that has proved to be alive and to have the
	// cookie may connect: Admit or Refuse answers it, or Closed takes it back.
	// A claim shows as a Peer of the own name.
	Admission struct {
		Session     SessionID
		Peer        nodeid.Name
		Incarnation nodeid.Incarnation
		Info        []byte
	}

	// Established says that a session is live: frames can be sealed for it.
	Established struct {
		Session     SessionID
		Peer        nodeid.Name
		Incarnation nodeid.Incarnation
		Info        []byte
		Dialled     bool // by this node
	}

	// DialFailed ends a dial. Incarnation and Info are those of the peer where
	// it is known for sure, which is so for all reasons that came sealed.
	DialFailed struct {
		Name        nodeid.Name
		Reason      Reason
		Incarnation nodeid.Incarnation
		Info        []byte
	}

	// Closed ends a session that Admission or Established has told of.
	Closed struct {
		Session SessionID
		Peer    nodeid.Name
		Reason  Reason
	}

	// Rejected is a line for the log of the node that rejects, limited in rate.
	// An empty Name is the sum of what the limit has kept back.
	Rejected struct {
		Name       nodeid.Name
		Line       string
		Suppressed int // rejections since the last line of that name
	}
)

func (SendName) output()    {}
func (SendFrame) output()   {}
func (Answer) output()      {}
func (Found) output()       {}
func (Admission) output()   {}
func (Established) output() {}
func (DialFailed) output()  {}
func (Closed) output()      {}
func (Rejected) output()    {}

// Reason is why a dial failed or a session ended. It is a byte on the wire;
// one that an unknown version of a peer sends is kept as it is.
type Reason byte

const (
	// These are a node's to give, to Refuse or Drop; where there is an atom of
	// OTP's net_kernel for it, it has its name.
	InUse            Reason = 1 + iota // another incarnation holds the name
	ConnectionClosed                   // connection_closed
	NetTickTimeout                     // net_tick_timeout
	Disconnect                         // disconnect
	Shutdown                           // shutdown
	OtherNames                         // long and short names never connect

	// These come from the endpoints themselves.
	Withdrawn // the dialler gave the attempt up, or another one took its place

	TimedOut // nothing conclusive within the setup time

	// These are never sent.
	NoHolder      // nobody has the name
	CookiesDiffer // refused, in clear
	Unreadable    // only answers that make no sense
	endOfReasons
)

var reasonWords = [endOfReasons]string{
	InUse:            "in use",
	ConnectionClosed: "connection_closed",
	NetTickTimeout:   "net_tick_timeout",
	Disconnect:       "disconnect",
	Shutdown:         "shutdown",
	OtherNames:       "long and short names never connect",
	Withdrawn:        "withdrawn",
	NoHolder:         "nobody has the name",
	CookiesDiffer:    "our cookies differ",
	Unreadable:       "unreadable answer",
	TimedOut:         "timed out",
}

func (r Reason) String() string {
	if r == 0 || r >= endOfReasons {
		return fmt.Sprintf("reason %d", byte(r))
	}
	return reasonWords[r]
}

// DropCause is why something received had no effect.
type DropCause byte

const (
	DropMalformed      DropCause = 1 + iota // does not parse, or is too long
	DropMisaddressed                        // meant for another name
	DropNoReply                             // a request without a reply subject
	DropWrongCookie                         // a msg1 that the key does not open
	DropReplayed                            // a msg1 or a frame for the second time
	DropForged                              // a frame or msg2 that does not authenticate
	DropWrongEpoch                          // a frame whose key is gone or not due
	DropUnknownSession                      // a frame of no session
	DropUntimely                            // authentic, but not expected in this state
	DropFlooded                             // a session not yet live that had to make room
	DropOverruled                           // a refusal or "no responders" that proved untrue
	DropFailed                              // a handshake that failed on our side
	endOfDropCauses
)

var dropWords = [endOfDropCauses]string{
	DropMalformed:      "malformed",
	DropMisaddressed:   "misaddressed",
	DropNoReply:        "no reply subject",
	DropWrongCookie:    "wrong cookie",
	DropReplayed:       "replayed",
	DropForged:         "forged",
	DropWrongEpoch:     "wrong epoch",
	DropUnknownSession: "unknown session",
	DropUntimely:       "untimely",
	DropFlooded:        "flooded",
	DropOverruled:      "overruled",
	DropFailed:         "failed",
}

func (c DropCause) String() string {
	if c == 0 || c >= endOfDropCauses {
		return fmt.Sprintf("cause %d", byte(c))
	}
	return dropWords[c]
}
