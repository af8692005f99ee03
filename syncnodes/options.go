package syncnodes

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"

	"interconnectd/configs/epmd"
	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/membership"
)

// Infinity as Sync.Timeout waits for as long as it takes.
const Infinity time.Duration = -1

// Options say which node to start. Name and Cookie are needed; all else has a
// default.
type Options struct {
	Name   nodeid.Name
	Cookie string
	// AlsoAccept is a second cookie that others may connect with, "" for none:
	// while a cluster goes over from one to the other, each node accepts both.
	AlsoAccept string
	// NodeCookies are those for connections with other nodes, in place of
	// Cookie: what SetCookie sets later.
	NodeCookies map[nodeid.Name]string

	// Hidden keeps the node out of the others' plain lists and out of the mesh.
	Hidden bool
	// Transient is for a node that comes to ask something, and leaves, as erl_call
	// does: it is hidden, is told to nobody's monitors, unless they expect it, and is
	// forgotten when it goes. The nodes that it is connected with are to it what they
	// are to each other, visible or hidden.
	Transient bool
	// Version is what others are told of this program, as in v1.2.0: 64 characters of
	// ASCII at most, no blanks; "" tells nothing.
	Version string
	// Alone is kernel's connect_all false: no transitive connections.
	Alone bool
	// AutoConnect is kernel's dist_auto_connect.
	AutoConnect AutoConnect

	Sync Sync
	Bus  Bus
	// Erlang is about nodes of Erlang and Elixir. A Transient node has none of it.
	Erlang Erlang

	// Detector has the times of the failure detector.
	Detector Detector
	// SetupTime bounds a dial: kernel's net_setuptime, 7 s.
	SetupTime time.Duration

	// Logger may be nil: nothing is logged then, here or anywhere else.
	Logger hclog.Logger
	// Clock is what the node lives by; nil: the time since the host was started,
	// suspended or not.
	Clock Clock
	// Progress, where it is set, is told how far the sync is, 50 ms after a change
	// at the latest, and of its end at once. It is called by the loop and must not
	// wait or call the node.
	Progress func(Progress)
	// Beat, where it is set, is called by the loop each BeatEvery, a second where that
	// is 0, from before the claim of the name until the node has left. It must not wait
	// or call the node. It is for a watchdog: a loop that is stuck does not call it,
	// and whatever else the process does cannot hide that.
	Beat      func()
	BeatEvery time.Duration

	// the tests' way to a bus of their own
	open func(bus.Config) (bus.Conn, error)
}

// AutoConnect says which connections are made without Node.Connect.
type AutoConnect = membership.AutoConnect

// The values of AutoConnect; the zero value is that of kernel without
// dist_auto_connect.
const (
	ConnectAlways = membership.ConnectAlways
	ConnectOnce   = membership.ConnectOnce
	ConnectNever  = membership.ConnectNever
)

// Sync names the nodes to keep connected, and how long to wait for them at
// start. It follows kernel's sync_nodes_mandatory, sync_nodes_optional and
// sync_nodes_timeout. The own name may stand in the lists and counts as up.
type Sync struct {
	Mandatory []nodeid.Name
	Optional  []nodeid.Name
	// Timeout bounds the wait; 0: no wait at all, and the lists do nothing, as
	// in OTP; Infinity.
	Timeout time.Duration
}

// Bus says where the nodes meet. The zero value is the embedded mesh of the
// cluster "default".
type Bus struct {
	Cluster string   // scope of the subjects
	URLs    []string // external NATS servers; none: the embedded mesh
	Auth    bus.Auth // external: how they know the node
	// Conn is a connection to external servers that the program has, in place of
	// URLs and Auth. The program goes on owning it: the node neither closes nor
	// drains it, sets none of its handlers, and leaves nothing on it after Close.
	// Nodes may share one. Close the nodes first, it afterwards: a node whose
	// connection is closed ends, with an error that wraps bus.ErrConnClosed.
	// MaxReconnects(-1) keeps it open through a long outage, a short ReconnectWait
	// and PingInterval make the node find back to its bus as soon as with URLs;
	// NoEcho cannot be. The documentation of package bus has more.
	Conn *nats.Conn

	// What follows is for the embedded mesh.

	Ports     bus.PortRange // where each host's daemons listen
	Interface netip.Addr    // where this one listens; the zero value: on all addresses
	// Routes are further places to look for peers, host:port or host, beside the
	// hosts of the sync lists.
	Routes []string
	// RouteSecret is what the daemons of other hosts must know to join, in place of
	// a cookie; "": one of the cookies.
	RouteSecret string
}

// Erlang says how nodes of Erlang and Elixir are met: over their own distribution
// protocol, as a hidden node (package erldist). The zero value is off.
type Erlang struct {
	Distribution bool
	// Listen is where they dial this node; port 0: any free one. The zero value:
	// 127.0.0.1, and any free port.
	Listen netip.AddrPort
	// EPMD is the port mapper of this host, host:port, "" for 127.0.0.1:4369; those of
	// other hosts have the same port.
	EPMD string
	// Allow are patterns (nodeid.Pattern) of who may connect, and is dialled: a name that
	// one of them matches. None: all.
	Allow []string
}

// Detector has the times of the failure detector, each 0 for its default.
type Detector struct {
	Interval  time.Duration // between two probes of a neighbour: 250 ms
	Timeout   time.Duration // silence that means net_tick_timeout: 3 s
	GoneAfter time.Duration // `no responders` that mean connection_closed: 250 ms embedded, 1 s external
}

const (
	defaultInterval = 250 * time.Millisecond
	defaultTimeout  = 3 * time.Second
	goneEmbedded    = 250 * time.Millisecond
	goneExternal    = time.Second
	defaultSetup    = 7 * time.Second
	defaultCluster  = "default"
)

func (o *Options) fillIn() error {
	if _, err := nodeid.Parse(string(o.Name)); err != nil {
		return fmt.Errorf("node name %q: %w", string(o.Name), err)
	}
	if o.Cookie == "" {
		return errors.New("no cookie")
	}
	for name, cookie := range o.NodeCookies {
		if name == o.Name || cookie == "" {
			return fmt.Errorf("no other node's cookie: that of %q", string(name))
		}
	}
	if !membership.ValidVersion(o.Version) {
		return fmt.Errorf("version %q: more than %d characters, or others than those of ASCII", o.Version, membership.MaxVersion)
	}
	o.Hidden = o.Hidden || o.Transient
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Clock == nil {
		o.Clock = newSystemClock()
	}
	setDefault(&o.BeatEvery, time.Second)
	o.Detector.fillIn(o.Bus)
	setDefault(&o.SetupTime, defaultSetup)
	if o.Bus.Cluster == "" {
		o.Bus.Cluster = defaultCluster
	}
	o.Erlang.Distribution = o.Erlang.Distribution && !o.Transient
	return o.Erlang.fillIn()
}

// external reports whether the nodes meet on servers that are none of theirs.
func (b Bus) external() bool { return len(b.URLs) > 0 || b.Conn != nil }

// fillIn gives the defaults of that bus.
func (d *Detector) fillIn(b Bus) {
	gone := goneEmbedded
	if b.external() {
		gone = goneExternal
	}
	setDefault(&d.Interval, defaultInterval)
	setDefault(&d.Timeout, defaultTimeout)
	setDefault(&d.GoneAfter, gone)
}

func (e *Erlang) fillIn() error {
	if !e.Listen.Addr().IsValid() {
		e.Listen = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), e.Listen.Port())
	}
	if e.EPMD == "" {
		e.EPMD = epmd.DefaultAddr
	}
	if _, _, err := net.SplitHostPort(e.EPMD); err != nil {
		return fmt.Errorf("the port mapper of Erlang: %w", err)
	}
	if len(e.Allow) == 0 {
		e.Allow = []string{"*"}
	}
	for _, pattern := range e.Allow {
		if err := nodeid.Pattern(pattern).Check(); err != nil {
			return fmt.Errorf("the Erlang nodes that are allowed, %q: %w", pattern, err)
		}
	}
	return nil
}

// allows reports whether an Erlang node of that name may connect, and be dialled.
func (e Erlang) allows(name nodeid.Name) bool {
	return slices.ContainsFunc(e.Allow, func(pattern string) bool { return nodeid.Pattern(pattern).Match(name) })
}

func setDefault(d *time.Duration, to time.Duration) {
	if *d == 0 {
		*d = to
	}
}

// expected are the nodes to keep connected. Without a timeout the lists do
// nothing.
func (s Sync) expected() []nodeid.Name {
	if s.Timeout == 0 {
		return nil
	}
	return append(append([]nodeid.Name(nil), s.Mandatory...), s.Optional...)
}

// Progress is how far the start-up sync is, and later how many of the
// expected nodes are up.
type Progress struct {
	Up, Of  int           // expected nodes other than this one
	Missing []nodeid.Name // sorted
	Done    bool          // the sync is over
	Left    time.Duration // until the sync's timeout, when this is told; Infinity; 0 when it is over
}

// String is one line for a log or a status: `syncing: 2 of 3 nodes up, waiting
// for c@127.0.0.1`, and when the sync is over `2 of 3 nodes up, missing
// c@127.0.0.1`.
func (p Progress) String() string {
	var b strings.Builder
	if !p.Done {
		b.WriteString("syncing: ")
	}
	fmt.Fprintf(&b, "%d of %d nodes up", p.Up, p.Of)
	switch {
	case len(p.Missing) == 0:
	case p.Done:
		b.WriteString(", missing " + nameSome(p.Missing))
	default:
		b.WriteString(", waiting for " + nameSome(p.Missing))
	}
	return b.String()
}

// nameSome names as many as a line of a log is read for.
func nameSome(names []nodeid.Name) string {
	const most = 10
	if len(names) <= most+1 {
		return joinNames(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", joinNames(names[:most], ", "), len(names)-most)
}

func joinNames(names []nodeid.Name, sep string) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = string(name)
	}
	return strings.Join(words, sep)
}
