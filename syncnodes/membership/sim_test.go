package membership

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

// world runs cores in virtual time over a simulated bus. The session layer is
// reduced to what the core sees of it: a dial ends with a link or a reason.
// Every event is held against the invariants as it falls.
type world struct {
	t      failer
	now    time.Duration
	queue  eventQueue
	rand   *rand.Rand
	all    []*simNode // in order of start, dead ones too
	byRef  map[NodeRef]*simNode
	byName map[nodeid.Name][]*simNode // in order of start
	links  []*simLink                 // by LinkID, from 1 on
	nextID uint64

	latency   time.Duration
	jitter    time.Duration
	tail      time.Duration // one packet in 20 takes up to so much longer
	loss      float64
	dup       float64                 // packets that come twice
	listening bool                    // somebody subscribes to everything: no `no responders`
	places    int                     // for dials, to begin with; 0: as always
	linger    time.Duration           // a killed process keeps its listener for so long
	cut       map[[2]nodeid.Name]bool // one way
	apart     map[[2]nodeid.Name]bool // no route: nobody listens there
	forge     func(from *simNode, s Send)

	troubles   troubles
	sent       [KindsEnd]int // messages by kind
	tipped     int           // tips that arrived
	bytes      int           // of all messages, before they are sealed
	log        []string
	noLog      bool
	watchAll   bool // log state changes too
	detections []time.Duration
	falseDowns int
	told       []simTold
	stubs      *table
}

// failer is what a test is told of; *testing.T and *rapid.T are.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// simTold is an event that a node told.
type simTold struct {
	at time.Duration
	by *simNode
	Event
}

type simNode struct {
	w           *world
	core        *Core
	ref         NodeRef
	info        Info
	cookie      string
	interval    time.Duration
	timeout     time.Duration
	gone        time.Duration
	dead        bool
	diedAt      time.Duration
	refusesFrom time.Duration // its listener, when it is dead
	exited      string
	stub        bool // no core: it answers from the table of a swarm
	paused      bool
	pausedAt    time.Duration
	slow        time.Duration // it stalls for up to so long, again and again
	stalled     bool
	busGone     bool
	skew        time.Duration // its clock is ahead of the world's
	held        []func()      // while paused or stalled
	tickAt      time.Duration
	dialing     map[nodeid.Name]*simDial
	witness     *witness
}

// simLink is a link and both its ends: 0 dialled it, 1 is the holder.
type simLink struct {
	ends   [2]*simNode
	closed [2]bool // who has dropped it
	reason [2]Reason
}

func (l *simLink) end(n *simNode) int {
	if l.ends[0] == n {
		return 0
	}
	return 1
}

func (l *simLink) other(n *simNode) *simNode { return l.ends[1-l.end(n)] }

func newWorld(t failer, seed uint64) *world {
	return &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), latency: time.Millisecond,
		byRef: map[NodeRef]*simNode{}, byName: map[nodeid.Name][]*simNode{},
		links: make([]*simLink, 1),
		cut:   map[[2]nodeid.Name]bool{}, apart: map[[2]nodeid.Name]bool{}, troubles: newTroubles(),
	}
}

func (w *world) at(t time.Duration, do func()) { w.queue.push(t, do) }

func (w *world) run(d time.Duration) {
	end := w.now + d
	for len(w.queue.events) > 0 && w.queue.events[0].at <= end {
		e := w.queue.pop()
		w.now = e.at
		e.do()
	}
	w.now = end
}

func (w *world) logf(format string, args ...any) {
	if !w.noLog {
		w.log = append(w.log, fmt.Sprintf("%8.3fs ", w.now.Seconds())+fmt.Sprintf(format, args...))
	}
}

const testTimeout = 3 * time.Second

type simOptions struct {
	sync     []nodeid.Name
	hidden   bool
	visitor  bool // a transient one
	noMesh   bool
	cookie   string
	auto     AutoConnect
	interval time.Duration // 0: 250 ms
	timeout  time.Duration // 0: testTimeout
	external bool          // no routes: no proof of death
}

// add makes a node that has not joined yet.
func (w *world) add(name nodeid.Name, o simOptions) *simNode {
	w.nextID++
	n := &simNode{w: w, cookie: o.cookie, dialing: map[nodeid.Name]*simDial{}, tickAt: never}
	n.ref = NodeRef{Node: name}
	binary.BigEndian.PutUint64(n.ref.Incarnation[8:], w.nextID)
	n.interval, n.timeout = cmp.Or(o.interval, 250*time.Millisecond), cmp.Or(o.timeout, testTimeout)
	n.info = Info{Hidden: o.hidden || o.visitor, Transient: o.visitor, ConnectAll: !o.noMesh}
	n.gone = time.Second
	if !o.external {
		n.info.Route = "route of " + string(name)
		n.gone = 250 * time.Millisecond
	}
	cfg := Config{
		Self: name, Incarnation: n.ref.Incarnation, Info: n.info, Sync: o.sync, AutoConnect: o.auto,
		Interval: n.interval, Timeout: n.timeout, GoneAfter: n.gone,
		NextID: func() uint64 { w.nextID++; return w.nextID },
		Rand:   rand.New(rand.NewPCG(w.rand.Uint64(), 2)),
	}
	n.core = New(cfg, w.now)
	if w.places > 0 {
		n.core.pace.places = w.places
	}
	n.witness = newWitness(w.t, cfg, w.now)
	w.all = append(w.all, n)
	w.byRef[n.ref] = n
	w.byName[name] = append(w.byName[name], n)
	return n
}

func (w *world) start(name nodeid.Name, o simOptions) *simNode {
	n := w.add(name, o)
	n.do(func() { n.core.Join(n.now()) })
	w.route(n)
	return n
}

// now is the time on n's own clock.
func (n *simNode) now() time.Duration { return n.w.now + n.skew }

func (n *simNode) over() bool { return n.dead || n.exited != "" }

// do runs an input of n's core, later if n does not run.
func (n *simNode) do(input func()) {
	switch {
	case n.over() || n.stub:
	case n.paused || n.stalled:
		n.held = append(n.held, input)
	default:
		input()
		n.carryOut()
		n.planTick()
	}
}

func (n *simNode) planTick() {
	at := max(n.core.Deadline()-n.skew, n.w.now)
	if at >= n.tickAt {
		return
	}
	n.tickAt = at
	n.w.at(at, func() {
		if n.tickAt != at {
			return
		}
		n.tickAt = never
		n.do(n.tick)
	})
}

func (n *simNode) tick() {
	if n.core.Deadline() <= n.now() {
		n.core.Tick(n.now())
	}
}

func (n *simNode) carryOut() {
	for outs := n.core.Outputs(); len(outs) > 0; outs = n.core.Outputs() {
		for _, o := range outs {
			n.carry(o)
		}
	}
}

func (n *simNode) carry(o Output) {
	w := n.w
	switch o := o.(type) {
	case Dial:
		w.startDial(n, o.Node)
	case Claim:
		w.at(w.now+w.delay(), func() { w.claimed(n) })
	case Announce:
		for _, other := range w.all {
			if other != n && !other.over() && w.reaches(n, other) {
				w.at(w.now+w.delay(), func() { other.do(func() { other.core.Hello(n.ref, other.now()) }) })
			}
		}
	case Send:
		w.send(n, o)
	case Admit:
		w.admit(n, o.Link)
	case Refuse:
		w.refuse(n, o.Link)
	case Close:
		l := w.links[o.Link]
		l.closed[l.end(n)], l.reason[l.end(n)] = true, o.Reason
	case CheckListener:
		peer := w.find(o.NodeRef)
		if peer.dead && w.now >= peer.refusesFrom {
			w.at(w.now+time.Millisecond, func() { n.listenerRefused(o.NodeRef) })
		}
	case Event:
		n.note(o)
	case Unreachable:
		w.logf("%s: unreachable %s: %s", n.ref.Node, o.Node, o.Cause)
	case Answered:
		w.logf("%s: answered after %s", n.ref.Node, o.RoundTrip)
	case Changed:
		if w.watchAll {
			w.logf("%s: %s %s -> %s: %s", n.ref.Node, o.Node, o.From, o.To, o.Cause)
		}
	case NameInUse:
		w.logf("%s: name in use", n.ref.Node)
		n.exited = "name in use"
	case Left:
		w.logf("%s: left", n.ref.Node)
		n.exited = "left"
	}
}

// note logs an event, and holds it against the invariants.
func (n *simNode) note(e Event) {
	n.w.told = append(n.w.told, simTold{n.w.now, n, e})
	w := n.w
	n.witness.event(e, n.now())
	if e.Up {
		w.logf("%s: nodeup %s%s", n.ref.Node, e.Node, marksOf(e))
		return
	}
	w.logf("%s: nodedown %s%s reason=%s detail=%q", n.ref.Node, e.Node, marksOf(e), e.Reason, e.Detail)
	peer := w.find(NodeRef{e.Node, e.Incarnation})
	switch {
	case peer.dead:
		w.detections = append(w.detections, w.now-peer.diedAt)
	case peer.paused:
		w.detections = append(w.detections, w.now-peer.pausedAt)
	case isVerdict(e):
		w.falseDowns++
		w.checkAccusation(n, peer, e)
	}
}

func marksOf(e Event) string {
	switch {
	case e.Transient:
		return " (transient)"
	case e.Hidden:
		return " (hidden)"
	}
	return ""
}

func (w *world) find(ref NodeRef) *simNode {
	n := w.byRef[ref]
	if n == nil {
		w.t.Fatalf("no node %v", ref)
	}
	return n
}

// live are the processes that hold a name.
func (w *world) live(name nodeid.Name) []*simNode {
	var live []*simNode
	for _, n := range w.byName[name] {
		if !n.over() {
			live = append(live, n)
		}
	}
	return live
}

func (w *world) nodesOf(n *simNode) string {
	var names []string
	for _, p := range n.core.Peers() {
		if p.State.Linked() {
			names = append(names, string(p.Node))
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// eventQueue is a heap of what is to be done, the earliest first; of the same
// time, in the order of push.
type eventQueue struct {
	events []simEvent
	order  int
}

type simEvent struct {
	at    time.Duration
	order int
	do    func()
}

func (e *simEvent) before(o *simEvent) bool { return e.at < o.at || e.at == o.at && e.order < o.order }

func (q *eventQueue) push(at time.Duration, do func()) {
	q.order++
	e := simEvent{at, q.order, do}
	q.events = append(q.events, e)
	i := len(q.events) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&q.events[up]) {
			break
		}
		q.events[i] = q.events[up]
		i = up
	}
	q.events[i] = e
}

func (q *eventQueue) pop() simEvent {
	first, last := q.events[0], q.events[len(q.events)-1]
	q.events[len(q.events)-1] = simEvent{}
	q.events = q.events[:len(q.events)-1]
	n, i := len(q.events), 0
	for 4*i+1 < n {
		least := 4*i + 1
		for j := least + 1; j < min(4*i+5, n); j++ {
			if q.events[j].before(&q.events[least]) {
				least = j
			}
		}
		if !q.events[least].before(&last) {
			break
		}
		q.events[i] = q.events[least]
		i = least
	}
	if n > 0 {
		q.events[i] = last
	}
	return first
}

var _ failer = (*testing.T)(nil)
