package membership

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
)

// never is a deadline that is not set.
const never = time.Duration(math.MaxInt64)

// LinkID names a link: one authenticated session with one incarnation of a
// peer. The driver chooses it, once for each session.
type LinkID uint64

// Config is what a core needs to know of its own node.
type Config struct {
	Self        nodeid.Name
	Incarnation nodeid.Incarnation
	Info        Info
	Sync        []nodeid.Name // kept connected whenever they are there
	AutoConnect AutoConnect
	Erlang      bool // nodes are dialled by Erlang's distribution too, which needs no bus

	Interval  time.Duration // between probes of a neighbour, > 0
	Timeout   time.Duration // silence that means net_tick_timeout
	GoneAfter time.Duration // `no responders` for this long means connection_closed

	NextID func() uint64 // ids of requests, never 0, never twice
	Rand   *rand.Rand    // of jitter and shuffles
}

// Core is the view of one node. It belongs to one goroutine.
type Core struct {
	// immutable
	cfg Config

	// whom we know
	peers  map[nodeid.Name]*peer
	byLink map[LinkID]*peer
	bySeq  map[uint64]*peer // who was asked with that id
	ring   []nodeid.Name    // linked peers of the mesh and self, sorted
	direct []nodeid.Name    // linked peers outside the ring, sorted
	digest uint64           // of the ring's members
	absent []nodeid.Name    // sync nodes that are not linked, sorted
	judged map[NodeRef]time.Duration
	early  []admission // that came before Join
	pace   pace        // of dials

	// the own state
	joined  bool
	leaving bool
	lost    bool // the own bus

	// deadlines of the node as a whole
	timers     timerHeap // peers with deadlines of their own
	roundAt    time.Duration
	shuffledAt time.Duration
	seekAt     time.Duration
	claimAt    time.Duration
	leftAt     time.Duration
	pullAt     time.Duration // no names are pulled before, but for further pages

	// verdicts
	busSince  time.Duration // the own bus is connected since
	lookedAt  time.Duration // it began to look for nodes elsewhere
	hold      bool          // no verdict before a round was sent on time ...
	holdUntil time.Duration // ... and had its window

	// after having been late by more than the timeout the own name is given
	// away to whoever holds it
	yieldsUntil time.Duration

	// rotations
	shuffled  []nodeid.Name
	seekLast  nodeid.Name
	watchNext int
	tips      tips // for all
	nearTips  tips // for a few

	trips RoundTrips // of all probes

	out []Output
}

// New makes the core of a node whose bus has just been connected. Nothing is
// dialled and nobody admitted before [Core.Join].
func New(cfg Config, now time.Duration) *Core {
	c := &Core{
		cfg:        cfg,
		peers:      make(map[nodeid.Name]*peer),
		byLink:     make(map[LinkID]*peer),
		bySeq:      make(map[uint64]*peer),
		judged:     make(map[NodeRef]time.Duration),
		roundAt:    now + cfg.Interval,
		shuffledAt: now + shuffledEvery,
		seekAt:     never,
		claimAt:    now + claimEvery,
		tips:       tips{at: never},
		nearTips:   tips{at: never},
		leftAt:     never,
		busSince:   now,
		pace:       pace{places: dialsFirst},
	}
	if c.meshes(cfg.Info) {
		c.ring = []nodeid.Name{cfg.Self}
		c.digest = digestOf(NodeRef{cfg.Self, cfg.Incarnation})
	}
	for _, name := range cfg.Sync {
		if name != cfg.Self {
			c.setExpected(c.peer(name), true)
		}
	}
	return c
}

// Output is something for the driver to do. Outputs are to be carried out in
// order.
type Output interface{ output() }

type (
	// Dial starts a dial; its end is told by Established or DialFailed. One
	// that is under way is to ask again at once. Holder is who is said to hold the
	// name, by a hello or a route; zero where nobody said so.
	Dial struct {
		Node   nodeid.Name
		Holder nodeid.Incarnation
	}
	// Claim dials the own name, to hear whether somebody else holds it.
	Claim struct{}
	// Announce says hello to all who are on the bus.
	Announce struct{}
	// Send sends a message over a link. Where Seq is not 0 an answer is
	// wanted, and `no responders` is told by NoResponders(Seq). Where ReplyTo is
	// not empty the message answers that of the same ReplyTo.
	Send struct {
		Link    LinkID
		Seq     uint64
		ReplyTo string
		Message Message
	}
	// Admit lets a dialler in: Established follows.
	Admit struct{ Link LinkID }
	// Refuse keeps a dialler out.
	Refuse struct {
		Link  LinkID
		Cause Refusal
	}
	// Close ends a link; a peer that still uses it is told the reason.
	Close struct {
		Link   LinkID
		Reason Reason
	}
	// CheckListener asks whether the peer's route listener refuses connections;
	// yes is told by ListenerRefused.
	CheckListener struct {
		NodeRef
		Addr string
	}
	// Answered tells that the answer to Ping(seq) came.
	Answered struct {
		Seq       uint64
		RoundTrip time.Duration
	}
	// Unreachable tells that a dial ended without a link.
	Unreachable struct {
		Node  nodeid.Name
		Cause DialError
	}
	// Changed tells each change of a peer's state, for the log at debug.
	Changed struct {
		Node     nodeid.Name
		From, To State
		Cause    string
	}
	// NameInUse tells that another node keeps our name: we have to end.
	NameInUse struct{ Holder nodeid.Incarnation }
	// Left tells that the goodbye is over.
	Left struct{}
)

func (Dial) output()          {}
func (Claim) output()         {}
func (Announce) output()      {}
func (Send) output()          {}
func (Admit) output()         {}
func (Refuse) output()        {}
func (Close) output()         {}
func (CheckListener) output() {}
func (Answered) output()      {}
func (Unreachable) output()   {}
func (Changed) output()       {}
func (NameInUse) output()     {}
func (Left) output()          {}
func (Event) output()         {}

// Outputs gives what there is to do since the last call, in order.
func (c *Core) Outputs() []Output {
	out := c.out
	c.out = nil
	return out
}

func (c *Core) emit(o Output) { c.out = append(c.out, o) }

// Join starts the work: all sync nodes are dialled, of an embedded mesh those that
// there is a route to, and who came early is decided upon.
func (c *Core) Join(now time.Duration) {
	c.observe(now)
	c.joined = true
	c.seekAt = now + seekEvery
	c.emit(Announce{})
	for _, p := range c.sortedPeers() {
		if !c.embedded() || p.asked || p.held && p.retryAt == never {
			c.tryDial(p, now)
		}
	}
	early := c.early
	c.early = nil
	for _, a := range early {
		c.decide(a, now)
	}
}

// Tick does all that is due at now. Verdicts fall here and nowhere else.
func (c *Core) Tick(now time.Duration) {
	c.observe(now)
	if now >= c.roundAt {
		c.round(now)
	}
	for _, p := range c.due(now) {
		c.wake(p, now)
		c.reschedule(p, now)
	}
	c.sendTips(now)
	if now >= c.shuffledAt {
		c.shuffledAt = now + shuffledEvery
		c.probeShuffled(now)
	}
	if now >= c.seekAt {
		c.seekAt = now + seekEvery
		c.seek(now)
	}
	if now >= c.claimAt {
		c.claim(now)
	}
	if now >= c.leftAt {
		c.finishLeaving()
	}
}

// Deadline is when Tick is to be called at the latest. There always is one.
func (c *Core) Deadline() time.Duration {
	next := min(c.roundAt, c.shuffledAt, c.seekAt, c.claimAt, c.tips.at, c.nearTips.at, c.leftAt)
	if c.timers.Len() > 0 {
		next = min(next, c.timers[0].wakeAt)
	}
	return next
}

// Peers are all peers that are known, sorted by name, but for transient ones. One that
// was up and is dialled again, as it is time after time, is Down until it is up.
func (c *Core) Peers() []PeerStatus {
	statuses := make([]PeerStatus, 0, len(c.peers))
	for _, p := range c.sortedPeers() {
		if p.untold && p.state.Linked() {
			continue
		}
		state := p.state
		if state == Connecting && !p.inc.IsZero() {
			state = Down
		}
		statuses = append(statuses, PeerStatus{
			Node: p.name, State: state, Detail: p.detail, Reason: p.reason, Incarnation: p.inc,
			Hidden: c.hidden(p), Erlang: p.info.Erlang, Expected: p.expected, Since: p.since, RoundTrip: p.watch.srtt,
			Address: p.info.Route, Version: p.info.Version,
		})
	}
	return statuses
}

// RoundTrips are those of all probes until now.
func (c *Core) RoundTrips() RoundTrips { return c.trips }

func (c *Core) sortedPeers() []*peer {
	sorted := make([]*peer, 0, len(c.peers))
	for _, p := range c.peers {
		sorted = append(sorted, p)
	}
	slices.SortFunc(sorted, func(a, b *peer) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return sorted
}

// hidden reports whether the connection is hidden: either end is, as in OTP's
// dist_util, which takes DFLAG_PUBLISHED from both when one lacks it. To a transient
// node, whose every connection is, a peer is what it is to others.
func (c *Core) hidden(p *peer) bool {
	return c.cfg.Info.Hidden && !c.cfg.Info.Transient || p.info.Hidden
}

// meshes reports whether a node with that info takes part in the mesh.
func (c *Core) meshes(info Info) bool { return info.ConnectAll && !info.Hidden }

// embedded reports whether the bus is a mesh of the nodes' own servers, where a route
// comes before all else: nobody can be reached whom none was told of.
func (c *Core) embedded() bool { return c.cfg.Info.Route != "" }

// inRing reports whether a linked p is watched by ring neighbours, not
// directly.
func (c *Core) inRing(p *peer) bool { return c.meshes(c.cfg.Info) && c.meshes(p.info) }

// Link is the link to a peer, if there is one.
func (c *Core) Link(name nodeid.Name) (LinkID, bool) {
	p := c.peers[name]
	if p == nil || !p.state.Linked() {
		return 0, false
	}
	return p.link, true
}

// Peer is who is at the other end of a link, if it is one.
func (c *Core) Peer(link LinkID) (NodeRef, bool) {
	p := c.byLink[link]
	if p == nil {
		return NodeRef{}, false
	}
	return NodeRef{p.name, p.inc}, true
}
