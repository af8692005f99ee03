package membership

import (
	"fmt"
	"time"

	"interconnectd/configs/nodeid"
)

// State is what a node thinks of a peer; design.md has the diagram.
type State uint8

// The states of a peer.
const (
	Idle       State = iota // known and wanted, no link
	Connecting              // a dial is under way
	Up                      // linked and heard
	Suspect                 // linked, and did not answer
	Down                    // was up once, and is not
)

func (s State) String() string {
	switch s {
	case Idle:
		return "idle"
	case Connecting:
		return "connecting"
	case Up:
		return "up"
	case Suspect:
		return "suspect"
	case Down:
		return "down"
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// Linked reports whether a link exists in this state: whether `nodes` lists
// the peer.
func (s State) Linked() bool { return s == Up || s == Suspect }

// Reason is why a link ended. The words are those that OTP's
// net_kernel:monitor_nodes/2 gives as nodedown_reason.
type Reason uint8

// The reasons of a nodedown.
const (
	ConnectionClosed Reason = iota
	NetTickTimeout
	Shutdown
	Disconnected
	lastReason = Disconnected
)

func (r Reason) String() string {
	switch r {
	case ConnectionClosed:
		return "connection_closed"
	case NetTickTimeout:
		return "net_tick_timeout"
	case Shutdown:
		return "shutdown"
	case Disconnected:
		return "disconnect"
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// Event tells that a node came up or went down: what observers are told, unless it
// is Transient.
type Event struct {
	Up          bool // nodeup; else nodedown
	Node        nodeid.Name
	Incarnation nodeid.Incarnation
	Hidden      bool          // the connection is hidden: either end is
	Erlang      bool          // it is one of Erlang's distribution: Info.Erlang
	Transient   bool          // nothing that observers are told: Info.Transient
	From, To    State         // of the peer, before and after
	Reason      Reason        // of a nodedown
	Detail      string        // of a nodedown: our own words, may be empty
	UpFor       time.Duration // of a nodedown: since its nodeup
}

// Info is what a node tells of itself in the handshake. Peers rely on it for
// as long as the link lives.
type Info struct {
	Hidden     bool
	ConnectAll bool
	// Transient is a node that came to ask something, and leaves: nobody is told of it,
	// unless it is expected, and it is forgotten when it goes.
	Transient bool
	// Erlang is a node of Erlang's, on a connection of Erlang's distribution protocol: the
	// link does without the bus, and its loss is told by Lost. The other side of a session
	// does not tell it.
	Erlang  bool
	Route   string // where its embedded server listens, host:port; may be empty
	Version string // of its program: MaxVersion bytes of ASCII at most, no blanks; may be empty
}

// MaxVersion bounds Info.Version in bytes.
const MaxVersion = 64

// PeerStatus is a peer as status and `nodes` show it.
type PeerStatus struct {
	Node        nodeid.Name
	State       State
	Detail      string // of Suspect and Down: why
	Reason      Reason // of the last nodedown, where there was one and no link is now
	Incarnation nodeid.Incarnation
	Hidden      bool
	Erlang      bool          // its last link was one of Erlang's distribution
	Expected    bool          // named in a sync list
	Since       time.Duration // on the core's clock: of its last nodeup or nodedown
	RoundTrip   time.Duration // smoothed; 0 before the first answer
	Address     string        // Info.Route of its last link
	Version     string        // Info.Version of its last link
}
