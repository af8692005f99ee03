package membership

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"interconnectd/configs/nodeid"

	"pgregory.net/rapid"
)

// drawn lets rapid make, and shrink, the choices of a run.
type drawn struct{ t *rapid.T }

func (d drawn) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.t, "choice") }

// TestMeshHolds is TestChaos with choices that shrink to the few that matter.
func TestMeshHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rapid.Uint64().Draw(t, "seed"))
		newChaos(w, drawn{t}).run(rapid.IntRange(0, 12).Draw(t, "steps"))
	})
}

// TestCoreHolds gives a core inputs in any order, sensible or not. Whatever
// comes, its books agree, its events alternate, nothing is sent over a link
// that it closed, and all ends when nobody answers any more.
func TestCoreHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newLoneCore(t)
		t.Repeat(map[string]func(*rapid.T){
			"tick": func(t *rapid.T) { x.pass(x.ms("ms", 400)) },
			"late": func(t *rapid.T) { x.pass(x.ms("ms", 20_000)) },
			"message": func(t *rapid.T) {
				x.core.Receive(x.anyLink(), x.message(), "", x.now)
			},
			"no responders": func(t *rapid.T) { x.core.NoResponders(x.anySeq(), x.now) },
			"established": func(t *rapid.T) {
				x.core.Established(x.newLink(), x.ref(), x.info(), true, x.now)
			},
			"admission": func(t *rapid.T) {
				ref, info := x.ref(), x.info()
				x.witness.admission(ref, info)
				x.core.Admission(x.newLink(), ref, info, x.now)
			},
			"link": x.endLink,
			"hint": x.hint,
			"bus":  x.bus,
			"user": x.user,
			"":     func(t *rapid.T) { x.check() },
		})
		x.quiet()
	})
}

// loneCore is a core whose world is drawn at random.
type loneCore struct {
	t       *rapid.T
	core    *Core
	witness *witness
	now     time.Duration
	names   []nodeid.Name
	links   int
	closed  map[LinkID]bool
	seqs    []uint64
	dials   []nodeid.Name
	left    bool
}

func newLoneCore(t *rapid.T) *loneCore {
	x := &loneCore{t: t, closed: map[LinkID]bool{}}
	for _, alive := range []string{"a", "b", "c", "d", "e", "f@short"} {
		x.names = append(x.names, full(alive))
	}
	seq := uint64(0)
	cfg := Config{
		Self: x.names[0], Incarnation: nodeid.Incarnation{15: 2}, Sync: x.names[:3],
		Info:     Info{ConnectAll: rapid.IntRange(0, 3).Draw(t, "mesh") > 0, Hidden: rapid.IntRange(0, 3).Draw(t, "hidden") == 0},
		Interval: 250 * time.Millisecond, Timeout: testTimeout, GoneAfter: time.Second,
		NextID: func() uint64 { seq++; return seq }, Rand: rand.New(rand.NewPCG(1, 1)),
	}
	x.core, x.witness = New(cfg, 0), newWitness(t, cfg, 0)
	if rapid.Bool().Draw(t, "joined") {
		x.core.Join(0)
	}
	return x
}

func (x *loneCore) ms(label string, below int) time.Duration {
	return time.Duration(rapid.IntRange(0, below).Draw(x.t, label)) * time.Millisecond
}

func (x *loneCore) pass(d time.Duration) {
	x.now += d
	if x.core.Deadline() <= x.now {
		x.core.Tick(x.now)
	}
}

func (x *loneCore) name() nodeid.Name { return rapid.SampledFrom(x.names).Draw(x.t, "name") }

func (x *loneCore) ref() NodeRef {
	return NodeRef{x.name(), nodeid.Incarnation{15: byte(rapid.IntRange(1, 3).Draw(x.t, "incarnation"))}}
}

func (x *loneCore) info() Info {
	bits := rapid.IntRange(0, 15).Draw(x.t, "info")
	info := Info{Hidden: bits&1 != 0, ConnectAll: bits&2 != 0, Transient: bits&8 != 0}
	if bits&4 != 0 {
		info.Route = "127.0.0.1:4370"
	}
	return info
}

func (x *loneCore) newLink() LinkID {
	x.links++
	return LinkID(x.links)
}

func (x *loneCore) anyLink() LinkID { return LinkID(rapid.IntRange(1, x.links+1).Draw(x.t, "link")) }

func (x *loneCore) anySeq() uint64 {
	if len(x.seqs) == 0 {
		return 1
	}
	return rapid.SampledFrom(x.seqs).Draw(x.t, "seq")
}

func (x *loneCore) message() Message {
	refs := []NodeRef{x.ref(), x.ref()}
	return rapid.SampledFrom([]Message{
		Probe{Seq: 1},
		Answer{Seq: x.anySeq()},
		Answer{Seq: x.anySeq(), Digest: x.core.digest},
		Tip{refs},
		Goodbye{1},
		Disconnect{1},
		Done{x.anySeq()},
		Pull{Seq: 1},
		Names{Seq: x.anySeq(), Nodes: refs, More: true},
	}).Draw(x.t, "message")
}

func (x *loneCore) endLink(t *rapid.T) {
	switch rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		x.core.Closed(x.anyLink(), Reason(rapid.IntRange(0, int(lastReason)).Draw(t, "reason")), x.now)
	case 1:
		x.core.DialFailed(x.name(), DialError(rapid.IntRange(0, int(lastDialError)).Draw(t, "cause")), x.now)
	case 2:
		x.core.Heard(x.anyLink(), x.now)
	default:
		x.core.Ping(x.name(), x.now)
	}
}

func (x *loneCore) hint(t *rapid.T) {
	ref := x.ref()
	switch rapid.IntRange(0, 4).Draw(t, "hint") {
	case 0:
		x.core.Hello(ref, x.now)
	case 1:
		x.core.RouteUp(ref, x.now)
	case 2:
		x.core.RouteDown(ref, x.now)
	case 3:
		x.core.Advised(ref.Node, x.now)
	default:
		here := rapid.Bool().Draw(t, "here")
		x.witness.listenerRefused(ref, here)
		x.core.ListenerRefused(ref, here, x.now)
	}
}

func (x *loneCore) bus(t *rapid.T) {
	if rapid.Bool().Draw(t, "lost") {
		x.witness.busLost()
		x.core.BusLost(x.now)
		return
	}
	x.witness.busBack(x.now)
	x.core.BusBack(x.now)
}

func (x *loneCore) user(t *rapid.T) {
	switch rapid.IntRange(0, 12).Draw(t, "wish") {
	case 0:
		x.core.Leave(x.now)
	case 1, 2:
		if name := x.name(); name != x.core.cfg.Self { // whoever drives the core asks for others only
			x.core.Connect(name, x.now)
		}
	case 3, 4:
		x.core.Disconnect(x.name(), x.now)
	case 5, 6:
		x.core.Expect([]nodeid.Name{x.name(), x.name()}, x.now)
	case 7:
		timeout := x.ms("timeout", 5000) + time.Second
		x.core.SetTimes(max(50*time.Millisecond, x.ms("interval", 300)), timeout, max(50*time.Millisecond, x.ms("gone", 1000)), x.now)
	case 8:
		x.core.Forget(x.name(), x.now)
	case 9:
		if name := x.name(); name != x.core.cfg.Self {
			x.core.Reach(name, x.now)
		}
	default:
		if !x.core.joined {
			x.core.Join(x.now)
		}
	}
}

// check takes the outputs and holds the core against what must be at any
// moment.
func (x *loneCore) check() {
	for outs := x.core.Outputs(); len(outs) > 0; outs = x.core.Outputs() {
		for _, o := range outs {
			x.take(o)
		}
	}
	checkState(x.t, x.core)
	if x.core.Deadline() == never {
		x.t.Errorf("no deadline")
	}
}

func (x *loneCore) take(o Output) {
	switch o := o.(type) {
	case Event:
		x.witness.event(o, x.now)
	case Send:
		if x.closed[o.Link] {
			x.t.Errorf("%T over the link %d, which is closed", o.Message, o.Link)
		}
		if o.Seq != 0 {
			x.seqs = append(x.seqs, o.Seq)
		}
		if m, err := ParseMessage(AppendMessage(nil, o.Message)); err != nil || fmt.Sprint(m) != fmt.Sprint(o.Message) {
			x.t.Errorf("%#v is read as %#v: %v", o.Message, m, err)
		}
	case Close:
		x.closed[o.Link] = true
	case Dial:
		x.dials = append(x.dials, o.Node)
	case Left:
		x.left = true
	}
}

// quiet lets the core alone, with nobody to answer: what was up goes down, what
// was asked for is given up, and nothing is left but who is expected.
func (x *loneCore) quiet() {
	x.witness.busBack(x.now)
	x.core.BusBack(x.now)
	x.core.SetTimes(250*time.Millisecond, testTimeout, time.Second, x.now)
	if !x.core.joined {
		x.core.Join(x.now)
	}
	for end := x.now + time.Minute; x.now < end && !x.left; {
		x.check()
		for _, name := range x.dials {
			x.core.DialFailed(name, NoHolder, x.now)
		}
		x.dials = nil
		x.now = max(x.now, x.core.Deadline())
		x.core.Tick(x.now)
	}
	x.check()
	c := x.core
	if x.left {
		return // and the process ends
	}
	if len(c.byLink) > 0 || len(c.bySeq) > 0 || len(c.tips.suspects)+len(c.nearTips.suspects) > 0 {
		x.t.Errorf("a minute later %d links, %d open probes, %d tips are left", len(c.byLink), len(c.bySeq), len(c.tips.suspects)+len(c.nearTips.suspects))
	}
	for _, p := range c.sortedPeers() {
		if p.asked || p.rival != nil || p.state == Connecting && !p.expected && len(x.dials) == 0 {
			x.t.Errorf("a minute later something is under way with %s: %+v", p.name, *p)
		}
	}
}
