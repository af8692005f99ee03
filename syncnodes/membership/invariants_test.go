package membership

import (
	"slices"
	"strings"
	"time"

	"interconnectd/configs/nodeid"
)

// This file has the invariants of design.md as checks. The simulation and the
// property tests hold every core against them.
//
//	1, 2, 3  witness.event, at each event
//	4        world.checkWhole, after quiet
//	5        world.checkAccusation at each verdict, world.expectDown after each kill
//	6        checkState, at any moment; checkQuiet, after quiet

// witness holds the events of one core against what was done to it. It asks
// the core nothing.
type witness struct {
	t        failer
	self     nodeid.Name
	window   time.Duration // in which a fresh bus is young
	up       map[nodeid.Name]nodeid.Incarnation
	lost     bool
	busSince time.Duration
	refused  map[nodeid.Name]bool // its listener, since it is up
}

func newWitness(t failer, cfg Config, now time.Duration) *witness {
	return &witness{
		t: t, self: cfg.Self, window: max(cfg.GoneAfter, windowLeast), busSince: now,
		up: map[nodeid.Name]nodeid.Incarnation{}, refused: map[nodeid.Name]bool{},
	}
}

func (v *witness) busLost() { v.lost = true }

func (v *witness) busBack(now time.Duration) {
	if v.lost {
		v.lost, v.busSince = false, now
	}
}

func (v *witness) listenerRefused(ref NodeRef, here bool) {
	if here && v.up[ref.Node] == ref.Incarnation {
		v.refused[ref.Node] = true
	}
}

// admission takes a rival's route for a refusal: where it is that of the old
// incarnation, the port has another owner.
func (v *witness) admission(ref NodeRef, info Info) {
	if inc, up := v.up[ref.Node]; up && inc != ref.Incarnation && info.Route != "" {
		v.refused[ref.Node] = true
	}
}

// event holds an event against invariants 1 to 3.
func (v *witness) event(e Event, now time.Duration) {
	inc, up := v.up[e.Node]
	switch {
	case e.Up && up && inc == e.Incarnation:
		v.t.Errorf("invariant 1: %s: nodeup of %s, which is up", v.self, e.Node)
	case e.Up && up:
		v.t.Errorf("invariant 2: %s: nodeup of %s before the nodedown of its incarnation %s", v.self, e.Node, inc)
	case !e.Up && (!up || inc != e.Incarnation):
		v.t.Errorf("invariant 1: %s: nodedown of an incarnation of %s that is not up", v.self, e.Node)
	}
	if isVerdict(e) && (v.lost || now < v.busSince+v.window) && !v.refused[e.Node] {
		v.t.Errorf("invariant 3: %s: verdict on %s (%s) while the own bus is lost (%v) or young (%v)",
			v.self, e.Node, e.Detail, v.lost, now-v.busSince)
	}
	delete(v.refused, e.Node)
	if e.Up {
		v.up[e.Node] = e.Incarnation
	} else {
		delete(v.up, e.Node)
	}
}

// isVerdict reports whether e is the node's own judgement, and not what the
// peer said or somebody asked for.
func isVerdict(e Event) bool {
	if e.Up {
		return false
	}
	return e.Reason == NetTickTimeout && e.Detail != "declared down by peer" ||
		e.Reason == ConnectionClosed && slices.Contains([]string{"crashed", "gone", "replaced"}, e.Detail)
}

// troubles remembers what was wrong with nodes and ways, and since when it is
// over.
type troubles struct {
	nodes   map[nodeid.Name]int // how many things are wrong with it
	ways    map[[2]nodeid.Name]bool
	endNode map[nodeid.Name]time.Duration
	endWay  map[[2]nodeid.Name]time.Duration
	loss    float64
	endLoss time.Duration
	last    time.Duration // of any change
}

// longAgo is when troubles that never were have ended.
const longAgo = -time.Hour

func newTroubles() troubles {
	return troubles{
		nodes: map[nodeid.Name]int{}, ways: map[[2]nodeid.Name]bool{},
		endNode: map[nodeid.Name]time.Duration{}, endWay: map[[2]nodeid.Name]time.Duration{},
		endLoss: longAgo, last: longAgo,
	}
}

func (t *troubles) begin(name nodeid.Name) { t.nodes[name]++ }

func (t *troubles) end(name nodeid.Name, now time.Duration) {
	if t.nodes[name]--; t.nodes[name] == 0 {
		delete(t.nodes, name)
	}
	t.endNode[name], t.last = now, now
}

func (t *troubles) way(way [2]nodeid.Name, closed bool, now time.Duration) {
	if closed {
		t.ways[way] = true
	} else {
		delete(t.ways, way)
	}
	t.endWay[way], t.last = now, now
}

// bearable is the loss at which no live node goes down: a dozen probes in turn
// would have to be lost.
const bearable = 0.05

func (t *troubles) setLoss(loss float64, now time.Duration) {
	if t.loss > bearable {
		t.endLoss = now
	}
	t.loss, t.last = loss, now
}

// any reports whether anything is wrong, or was at since or later: what is done at one
// moment of virtual time is done one after the other.
func (t *troubles) any(since time.Duration) bool {
	return len(t.nodes)+len(t.ways) > 0 || t.loss > 0 || t.last >= since
}

// between reports whether something was wrong with peer, or with the ways
// between it and judge, after since.
func (t *troubles) between(judge, peer nodeid.Name, since time.Duration) bool {
	there, back := [2]nodeid.Name{judge, peer}, [2]nodeid.Name{peer, judge}
	after := func(ends time.Duration, told bool) bool { return told && ends > since }
	endNode, toldNode := t.endNode[peer]
	endThere, toldThere := t.endWay[there]
	endBack, toldBack := t.endWay[back]
	return t.nodes[peer] > 0 || t.ways[there] || t.ways[back] || t.loss > bearable || t.endLoss > since ||
		after(endNode, toldNode) || after(endThere, toldThere) || after(endBack, toldBack)
}

// accusedFor is how far back a verdict looks: the longest timeout of the
// tests, and what comes before its run.
const accusedFor = 7 * time.Second

// checkAccusation is invariant 5's second half: a live node that could answer
// is not judged, whatever is wrong with its judge.
func (w *world) checkAccusation(judge, peer *simNode, e Event) {
	if !peer.over() && !w.troubles.between(judge.ref.Node, e.Node, w.now-accusedFor) {
		w.t.Errorf("invariant 5: at %.3fs %s judged %s, which is live and reachable: %s", w.now.Seconds(), judge.ref.Node, e.Node, e.Detail)
	}
}

// expectDown is invariant 5's first half: n has just crashed, and is down
// everywhere within the bound, if nothing else is wrong meanwhile.
func (w *world) expectDown(n *simNode) {
	kills, young, slowest := time.Duration(0), time.Duration(0), time.Duration(0)
	for _, other := range w.all {
		if !other.over() {
			slowest = max(slowest, other.core.cfg.Interval)
		}
		switch {
		case other.dead && w.now-other.diedAt < accusedFor:
			kills++ // the ring slides past two in an interval
		case !other.over(): // tips wait as long as a bus is young
			young = max(young, other.core.busSince+other.core.window()-other.now())
		}
	}
	if young > 0 {
		young += slowest // up to the round after that
	}
	if w.stubs != nil || w.troubles.any(w.now-accusedFor) || !w.formed() {
		return
	}
	killedAt := w.now
	for _, observer := range w.all {
		if observer.over() || observer.witness.up[n.ref.Node] != n.ref.Incarnation {
			continue
		}
		bound := w.bound(observer, n) + kills*slowest + young
		w.at(w.now+bound, func() {
			if observer.over() || observer.core.leaving || w.troubles.any(killedAt) {
				return
			}
			if observer.witness.up[n.ref.Node] == n.ref.Incarnation {
				w.t.Errorf("invariant 5: at %.3fs, %s after its end, %s is still up for %s", w.now.Seconds(), bound, n.ref.Node, observer.ref.Node)
			}
		})
	}
}

// formed reports whether all of the mesh see each other, so that a tip reaches
// everybody.
func (w *world) formed() bool {
	var mesh []*simNode
	for _, n := range w.all {
		if !n.over() && n.core.meshes(n.info) {
			mesh = append(mesh, n)
		}
	}
	for _, n := range mesh {
		for _, o := range mesh {
			if n != o && !n.sees(o) {
				return false
			}
		}
	}
	return true
}

// bound is how long a lone crash may stay unseen in a quiet world.
func (w *world) bound(observer, n *simNode) time.Duration {
	c := observer.core
	packets := 10 * (w.latency + w.jitter + w.tail)
	interval := c.cfg.Interval // of those who notice first: they need not be like the observer
	for _, other := range w.all {
		if !other.over() {
			interval = max(interval, other.core.cfg.Interval)
		}
	}
	turns := time.Duration((len(c.direct)+directMost-1)/directMost) * interval
	switch {
	case w.listening:
		return turns + interval + suspectMost + c.cfg.Timeout + packets
	case n.info.Route != "" && w.linger == 0:
		return 4*proofGap + packets
	}
	return turns + 2*interval + c.window() + w.linger + packets
}

// checkWhole is invariant 4: links are symmetric, sync nodes are linked, and
// the mesh is complete; but who was parted stays so, and outside the mesh even
// from a later start whose hello was lost.
func (w *world) checkWhole(names []nodeid.Name) {
	var nodes []*simNode
	for _, name := range names {
		live := w.live(name)
		if len(live) != 1 {
			w.t.Errorf("%d live holders of %s", len(live), name)
			continue
		}
		nodes = append(nodes, live[0])
	}
	for _, n := range nodes {
		checkState(w.t, n.core)
		n.checkQuiet()
		for _, o := range nodes {
			switch {
			case n == o || n.partedFrom(o) || o.partedFrom(n):
			case n.sees(o) != o.sees(n):
				w.t.Errorf("invariant 4: %s sees %s: %v; the other way: %v", n.ref.Node, o.ref.Node, n.sees(o), o.sees(n))
			case !n.sees(o) && n.expects(o) && n.core.peers[o.ref.Node].parted.IsZero():
				w.t.Errorf("invariant 4: %s does not see its sync node %s", n.ref.Node, o.ref.Node)
			case !n.sees(o):
				w.checkApart(nodes, n, o)
			}
		}
	}
}

// checkApart finds a third node of the mesh that could have introduced two of
// it to each other.
func (w *world) checkApart(nodes []*simNode, n, o *simNode) {
	if !n.core.meshes(n.info) || !n.core.meshes(o.info) {
		return
	}
	for _, third := range nodes {
		if n.core.meshes(third.info) && third.sees(n) && third.sees(o) {
			w.t.Errorf("invariant 4: %s and %s do not see each other; %s sees both", n.ref.Node, o.ref.Node, third.ref.Node)
			return
		}
	}
}

func (n *simNode) sees(o *simNode) bool {
	p := n.core.peers[o.ref.Node]
	return p != nil && p.state.Linked() && p.inc == o.ref.Incarnation
}

func (n *simNode) expects(o *simNode) bool {
	p := n.core.peers[o.ref.Node]
	return p != nil && p.expected
}

func (n *simNode) partedFrom(o *simNode) bool {
	p := n.core.peers[o.ref.Node]
	return p != nil && p.parted == o.ref.Incarnation
}

// checkQuiet is invariant 6 after quiet: nothing is under way, and each entry
// has its reason.
func (n *simNode) checkQuiet() {
	c := n.core
	for _, p := range c.sortedPeers() {
		switch {
		case p.state == Suspect || p.state == Connecting && !p.expected:
			n.w.t.Errorf("invariant 6: %s: %s is %s after quiet", n.ref.Node, p.name, p.state)
		case p.asked || p.rival != nil || p.ending.active():
			n.w.t.Errorf("invariant 6: %s: something is under way with %s after quiet: asked %v, rival %v, ending %v",
				n.ref.Node, p.name, p.asked, p.rival != nil, p.ending.active())
		case p.state.Linked() && len(p.watch.open) > 2:
			n.w.t.Errorf("invariant 6: %s: %d probes of %s are open after quiet", n.ref.Node, len(p.watch.open), p.name)
		case p.state == Idle && !p.introduced.IsZero():
			n.w.t.Errorf("invariant 6: %s: %s was introduced, and is not dialled", n.ref.Node, p.name)
		}
	}
	if len(c.early) != 0 || len(c.tips.suspects)+len(c.nearTips.suspects) != 0 {
		n.w.t.Errorf("invariant 6: %s: %d early admissions, %d tips after quiet", n.ref.Node, len(c.early), len(c.tips.suspects)+len(c.nearTips.suspects))
	}
}

// checkState is invariant 6 at any moment: all that a core holds belongs to
// peers that it knows, and its books agree.
func checkState(t failer, c *Core) {
	digest, linked, open := uint64(0), 0, 0
	if c.meshes(c.cfg.Info) {
		digest = digestOf(NodeRef{c.cfg.Self, c.cfg.Incarnation})
	}
	for name, p := range c.peers {
		open += len(p.watch.open)
		unwanted := p.state == Idle && !p.expected && !p.asked && p.introduced.IsZero() && p.parted.IsZero()
		switch {
		case p.name != name || unwanted:
			t.Errorf("invariant 6: %s: nothing wants the entry of %s", c.cfg.Self, name)
		case !p.state.Linked() && (len(p.watch.open) > 0 || p.ending.active() || p.rival != nil || p.link != 0):
			t.Errorf("invariant 6: %s: %s is %s, and something of its link is left", c.cfg.Self, name, p.state)
		case len(p.watch.open) > openMost:
			t.Errorf("invariant 6: %s: %d open probes of %s", c.cfg.Self, len(p.watch.open), name)
		case p.index >= 0 && (p.index >= len(c.timers) || c.timers[p.index] != p):
			t.Errorf("invariant 6: %s: the timer of %s is not in its place", c.cfg.Self, name)
		}
		if !p.state.Linked() {
			continue
		}
		linked++
		if c.byLink[p.link] != p {
			t.Errorf("invariant 6: %s: the link of %s leads elsewhere", c.cfg.Self, name)
		}
		where := c.direct
		if c.inRing(p) {
			where = c.ring
			digest ^= digestOf(NodeRef{p.name, p.inc})
		}
		if _, found := slices.BinarySearch(where, name); !found {
			t.Errorf("invariant 6: nobody at %s watches %s", c.cfg.Self, name)
		}
	}
	for name, p := range c.peers {
		if _, absent := slices.BinarySearch(c.absent, name); absent != (p.expected && !p.state.Linked()) {
			t.Errorf("invariant 6: %s: %s is %s, expected %v, among the absent %v", c.cfg.Self, name, p.state, p.expected, absent)
		}
	}
	watched := len(c.ring) + len(c.direct)
	if slices.Contains(c.ring, c.cfg.Self) {
		watched--
	}
	if len(c.byLink) != linked || watched != linked || len(c.bySeq) != open || digest != c.digest {
		t.Errorf("invariant 6: %s: %d peers are linked, %d by link, %d watched; %d probes open, %d by id; digest %x, should be %x",
			c.cfg.Self, linked, len(c.byLink), watched, open, len(c.bySeq), c.digest, digest)
	}
	checkTimers(t, c)
	checkPace(t, c)
}

// checkPace holds the places against those who have them, and the line against
// those who wait.
func checkPace(t failer, c *Core) {
	taken := 0
	for _, p := range c.peers {
		if p.placeUntil != never {
			taken++
			if p.state != Connecting || p.index < 0 {
				t.Errorf("invariant 6: %s: %s is %s, has a place, and its timer is %d", c.cfg.Self, p.name, p.state, p.index)
			}
		}
		if p.waits && (p.state == Connecting || !slices.Contains(c.pace.line, p) && !slices.Contains(c.pace.greeted, p)) {
			t.Errorf("invariant 6: %s: %s is %s and waits for a place, in no line", c.cfg.Self, p.name, p.state)
		}
		if p.state == Idle && !p.introduced.IsZero() && !p.waits && !p.asked && p.retryAt == never && !c.leaving {
			t.Errorf("invariant 6: %s: %s is introduced, idle, and waits for nothing", c.cfg.Self, p.name)
		}
		if p.waits && c.pace.taken < c.pace.places {
			t.Errorf("invariant 6: %s: %s waits, and %d of %d places are taken", c.cfg.Self, p.name, c.pace.taken, c.pace.places)
		}
	}
	if taken != c.pace.taken {
		t.Errorf("invariant 6: %s: %d places are taken, counted are %d", c.cfg.Self, taken, c.pace.taken)
	}
}

func checkTimers(t failer, c *Core) {
	for i, p := range c.timers {
		if p.index != i || c.peers[p.name] != p {
			t.Errorf("invariant 6: %s: a timer of %s, which is not known", c.cfg.Self, p.name)
		}
		if up := (i - 1) / 2; i > 0 && c.timers.Less(i, up) {
			t.Errorf("invariant 6: %s: the timers are out of order at %d of %d", c.cfg.Self, i, c.timers.Len())
		}
	}
	if len(c.judged) > 2*judgedAtMost {
		t.Errorf("invariant 6: %s: %d verdicts remembered", c.cfg.Self, len(c.judged))
	}
}

func strs(names []nodeid.Name) []string {
	var out []string
	for _, name := range names {
		out = append(out, string(name))
	}
	return out
}

func joined(names []nodeid.Name) string { return strings.Join(strs(names), ",") }
