package erldist

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/epmd"
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
	// Registered tells whether a process of that name is there, for those who monitor it.
	// It is called concurrently and does not wait.
	Registered func(process string) bool
	// Deliver hands a call to a registered process, without waiting. The answer comes
	// once, from any goroutine: a term, or an error, or ErrNoProc.
	// Its own error means that no answer comes. It calls no method of the connection.
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
	ErrNameInUse = epmd.ErrNameInUse
)
