package bus

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"

	"interconnectd/configs/nodeid"
)

// MaxPacket is the most that one packet carries, in bytes: a frame of 64 KiB
// and what seals and addresses it. A longer one is not sent, and one that is
// received is dropped and counted.
const MaxPacket = 64<<10 + 256

// MaxReplyID is the highest id of a reply that a caller may ask for. The ids
// above it belong to the bus itself: its echoes and its wildcard test.
const MaxReplyID = 1<<63 - 1

// What a send answers when the packet did not leave, apart from the errors of
// the NATS client.
var (
	ErrLost    = errors.New("the bus is lost")
	ErrClosed  = errors.New("the bus is closed")
	ErrTooLong = fmt.Errorf("longer than %d bytes", MaxPacket)
)

// DefaultPorts are the ports that a host's daemons listen on for routes,
// beside the 4369 of Erlang's port mapper.
func DefaultPorts() PortRange { return PortRange{Min: 4370, Max: 4373} }

// DefaultInterval is the time between two echoes where a Config has none.
const DefaultInterval = 250 * time.Millisecond

// Config says which bus to open and as whom.
type Config struct {
	// Cluster matches [A-Za-z0-9_-]+; it is the scope of the subjects and
	// the name of the NATS cluster.
	Cluster string
	// Node and Incarnation are whom packets are addressed to.
	Node        nodeid.Name
	Incarnation nodeid.Incarnation
	// URLs are external servers, nats://host:port; none: the embedded mesh.
	URLs []string
	// Auth is for external servers.
	Auth Auth
	// Conn is a connection of the program's to external servers, in place of
	// URLs and Auth. It stays the program's: see the package comment.
	Conn *nats.Conn
	// Ports is where the daemons of each host listen for routes, embedded
	// only. The zero value is DefaultPorts.
	Ports PortRange
	// Interface is the address to listen on, embedded only; the zero value is
	// all. A node whose host is a loopback literal is on loopback anyway.
	Interface netip.Addr
	// Hosts are other hosts to find daemons on, Routes further ones, each
	// with a port or without; embedded only. A node on loopback has none.
	Hosts, Routes []string
	// Interval is the time between two echoes; 0 is DefaultInterval.
	Interval time.Duration
	// Logger may be nil: nothing is logged then.
	Logger hclog.Logger
}

// PortRange is a range of TCP ports, both ends included.
type PortRange struct{ Min, Max int }

// check fills in the defaults and rejects what cannot work.
func (c *Config) check() error {
	if c.Ports == (PortRange{}) {
		c.Ports = DefaultPorts()
	}
	if c.Interval == 0 {
		c.Interval = DefaultInterval
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	if !validCluster(c.Cluster) {
		return fmt.Errorf("cluster %q: letters, digits, '_' and '-' only", c.Cluster)
	}
	if _, err := nodeid.Parse(string(c.Node)); err != nil {
		return fmt.Errorf("node %q: %w", string(c.Node), err)
	}
	if c.Incarnation.IsZero() {
		return errors.New("no incarnation")
	}
	if c.Interval < 0 {
		return fmt.Errorf("interval %s: below 0", c.Interval)
	}
	if c.Ports.Min < 1 || c.Ports.Max > 65535 || c.Ports.Min > c.Ports.Max {
		return fmt.Errorf("ports %d to %d: not a range of TCP ports", c.Ports.Min, c.Ports.Max)
	}
	for _, route := range c.Routes {
		if !validAddr(route) && !validAddr(hostPort(strings.Trim(route, "[]"), 1)) {
			return fmt.Errorf("route %q: want host:port", route)
		}
	}
	if c.Conn != nil && (len(c.URLs) > 0 || c.Auth != (Auth{})) {
		return errors.New("a NATS connection of the program, and servers or credentials for another: one of the two")
	}
	for _, raw := range c.URLs {
		u, err := url.Parse(raw)
		if err != nil || u.Hostname() == "" || u.Scheme != "nats" {
			return fmt.Errorf("server %q: want nats://host:port", redacted(raw))
		}
	}
	return nil
}

// redacted is raw without what stands before its '@': it may be a password.
func redacted(raw string) string {
	if i := strings.LastIndexByte(raw, '@'); i >= 0 {
		return "…" + raw[i:]
	}
	return raw
}

// Packet is one thing received, still sealed or in clear.
type Packet struct {
	// Data belongs to the receiver; MaxPacket bytes at most.
	Data []byte
	// ReplyTo is "" or a subject of the form that Answer takes; a packet
	// with any other was dropped and counted.
	ReplyTo string
}

// Reply is an answer to a request of this node. Nothing vouches for it: any
// client of the bus can send one.
type Reply struct {
	// ID is the replyID of the request.
	ID   uint64
	Data []byte
	// NoResponders: nobody listens there, or somebody says so.
	NoResponders bool
}

// EventKind says what an Event tells.
type EventKind int

// The kinds of events. Connected comes first and once; then Lost and Back
// alternate. Gone comes last and once, on a connection of the program's only: it
// is closed, and the bus does not come back. RouteUp and RouteDown come from the embedded mesh only, Advised
// from external servers only: a server says that the connection of a node has
// ended, which may be back already. Who lets a node read such advisories is
// told in the package comment.
const (
	Connected EventKind = iota + 1
	Lost
	Back
	RouteUp
	RouteDown
	Advised
	Gone
)

func (k EventKind) String() string {
	switch k {
	case Connected:
		return "connected"
	case Lost:
		return "lost"
	case Back:
		return "back"
	case RouteUp:
		return "route up"
	case RouteDown:
		return "route down"
	case Advised:
		return "advised"
	case Gone:
		return "gone"
	}
	return fmt.Sprintf("EventKind(%d)", int(k))
}

// Event is a change of the bus itself, in the order in which it happened.
type Event struct {
	Kind EventKind
	// Node and Incarnation are whose server is at the other end of the
	// route, with RouteUp and RouteDown; with Advised, which has no
	// incarnation, whose connection ended. All are hints, not proofs.
	Node        nodeid.Name
	Incarnation nodeid.Incarnation
	// Dialled says of RouteUp that the server is at one of the addresses that are
	// dialled for ever.
	Dialled bool
	// Err is why the bus is lost, in words: with Lost and Gone only.
	Err error
}

// Kind says what a Conn runs on.
type Kind int

// The kinds of a Conn.
const (
	Embedded Kind = iota + 1
	External
	Memory
)

func (k Kind) String() string {
	switch k {
	case Embedded:
		return "embedded"
	case External:
		return "external"
	case Memory:
		return "memory"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Stats are counters since Open, and what a Conn is.
type Stats struct {
	Kind Kind
	// Listen is the RouteAddr.
	Listen string
	// Sent and Received count packets of all kinds, echoes included.
	Sent, Received uint64
	// Malformed counts packets too long, or with a reply subject or a reply
	// id that is none of ours.
	Malformed uint64
	// Dropped counts packets for which a channel had no room.
	Dropped uint64
	// Reconnects counts how often the bus came back.
	Reconnects uint64
	// Strangers counts the routes that were refused, by either side, since
	// there was no secret in common.
	Strangers uint64
	// NoVerdicts: a request to a subject that nobody has is not answered
	// with `no responders`; only silence tells a dead node then.
	NoVerdicts bool
}

// Conn is a node's place on the bus. All methods may be called concurrently.
//
// Each kind of traffic has a channel of its own, so that a flood of one delays
// no other. A full channel drops what comes next and counts it. The channels
// are the same for the life of the Conn and are never closed.
//
// Sends do not wait for a receiver and never buffer across a lost connection:
// an error means "not sent". Their replyID is 0, where no reply is wanted, or
// at most MaxReplyID. The bus does not keep data after a send has returned.
type Conn interface {
	// Names gives what is addressed to the node's name.
	Names() <-chan Packet
	// Frames gives what is addressed to the node's incarnation.
	Frames() <-chan Packet
	// Hellos gives what Hello sends, this node's own too.
	Hellos() <-chan Packet
	// Whos gives what Who sends, this node's own too.
	Whos() <-chan Packet
	// Replies gives the answers to requests, `no responders` among them.
	Replies() <-chan Reply
	// Events gives what happens to the bus. It must be read: a Conn whose
	// events nobody takes tells nothing newer.
	Events() <-chan Event

	SendName(to nodeid.Name, replyID uint64, data []byte) error
	SendFrame(to nodeid.Name, inc nodeid.Incarnation, replyID uint64, data []byte) error
	// Answer replies to a packet; replyTo is its ReplyTo.
	Answer(replyTo string, data []byte) error
	Hello(data []byte) error
	Who(replyID uint64, data []byte) error
	// Publish says what happened, in clear, to whoever listens: no node does.
	Publish(data []byte) error

	// RouteAddr is where the node's embedded server listens for routes, as
	// in 127.0.0.1:4370; "" on an external bus.
	RouteAddr() string
	// Settled is closed when the first look around has ended. Embedded: each
	// port of the range was dialled and refused, or has a route whose other
	// end is known to hear us. External: at the Connected event. It may take
	// for ever, where a frozen process holds a port or no server is there.
	Settled() <-chan struct{}
	// SetInterval changes the time between two echoes: Config.Interval.
	SetInterval(d time.Duration)
	// SetHosts changes Config.Hosts.
	SetHosts(hosts []string)
	// SetRouteSecrets says what other hosts must know to join, from now on:
	// one of them. Routes that are up stay. Embedded only; before the first
	// call nobody joins who is not on loopback.
	SetRouteSecrets(secrets []RouteSecret)
	// Doubt tells that a node does not answer. An embedded mesh then finds out
	// whether this host is cut off from all others, and is Lost if it is.
	Doubt()
	// ListenerRefuses dials the RouteAddr of a node several times within 10
	// ms, and reports whether that was refused: its process is gone. here
	// tells whether it is on this host, where nothing lies between that could
	// refuse in its place. Where the node is on another it may block for a
	// second.
	ListenerRefuses(ctx context.Context, node nodeid.Name, inc nodeid.Incarnation, addr string) (refused, here bool)
	Stats() Stats
	// Close leaves the bus, the client first, then the server, and returns
	// when all goroutines have ended. A second call does nothing.
	Close() error
}

// Open joins the bus that cfg names. With an embedded mesh it returns when
// this node's own subscriptions are live, whoever else is there; ctx bounds
// that. An external server that is not reachable is no error: the Conn keeps
// trying until Close, and tells Connected when it is there; so does a connection
// of the program's that is not connected yet. One that is closed already, or that
// no node can live on, is an error.
func Open(ctx context.Context, cfg Config) (Conn, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("opening the bus: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("opening the bus: %w", err)
	}
	open := openEmbedded
	switch {
	case cfg.Conn != nil:
		open = openLent
	case len(cfg.URLs) > 0:
		open = openExternal
	}
	c, err := open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening the bus: %w", err)
	}
	return c, nil
}
