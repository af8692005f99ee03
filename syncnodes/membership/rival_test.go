package membership

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

func script(t *testing.T, w *world, text string) {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 0 {
			w.command(f)
		}
	}
}

func dump(t *testing.T, w *world) { t.Log("\n" + strings.Join(w.log, "\n")) }

// The request of a disconnect is lost, and `closed` tells it instead: neither
// dials by itself.
func TestLostDisconnect(t *testing.T) {
	w := newWorld(t, 1)
	script(t, w, "start a sync=a,b\nstart b sync=a,b\nrun 2s\ncut a b\ndisconnect a b\nrun 1500ms\nheal a b\nrun 30s")
	if got := w.nodesOf(w.node("a")); got != "" {
		t.Errorf("a sees %q after its disconnect", got)
		dump(t, w)
	}
}

// A cut route between two live nodes gives `no responders` for up to 1.1 s: no
// verdict.
func TestRouteCut(t *testing.T) {
	w := newWorld(t, 1)
	script(t, w, "start a sync=a,b\nstart b sync=a,b\nrun 5s")
	a, b := w.node("a"), w.node("b")
	w.cut[[2]nodeid.Name{a.ref.Node, b.ref.Node}] = true
	w.cut[[2]nodeid.Name{b.ref.Node, a.ref.Node}] = true
	w.forge = func(from *simNode, s Send) {
		if s.Seq != 0 {
			w.at(w.now+w.delay(), func() { from.do(func() { from.core.NoResponders(s.Seq, w.now) }) })
		}
	}
	a.do(func() { a.core.RouteDown(b.ref, w.now) })
	b.do(func() { b.core.RouteDown(a.ref, w.now) })
	w.log = nil
	w.run(1100 * time.Millisecond)
	clear(w.cut)
	w.forge = nil
	a.do(func() { a.core.RouteUp(b.ref, w.now) })
	b.do(func() { b.core.RouteUp(a.ref, w.now) })
	w.run(10 * time.Second)
	if len(w.log) > 0 {
		t.Errorf("events although both live")
		dump(t, w)
	}
}

// An old incarnation that dials proves that it lives: its rival is refused.
func TestRivalOfOneThatDials(t *testing.T) {
	c := New(Config{
		Self: full("a"), Incarnation: nodeid.Incarnation{15: 1}, Info: Info{ConnectAll: true},
		Interval: 250 * time.Millisecond, Timeout: 3 * time.Second, GoneAfter: time.Second,
		NextID: func() func() uint64 { n := uint64(0); return func() uint64 { n++; return n } }(), Rand: rand.New(rand.NewPCG(1, 1)),
	}, 0)
	c.Join(0)
	old := NodeRef{full("b"), nodeid.Incarnation{15: 2}}
	young := NodeRef{full("b"), nodeid.Incarnation{15: 3}}
	c.Established(1, old, Info{ConnectAll: true}, false, 0)
	c.Outputs()
	ms := time.Millisecond
	c.Admission(2, young, Info{}, 10*ms)
	c.Admission(3, old, Info{}, 12*ms) // the old one lost the link and dials: it lives
	for _, o := range c.Outputs() {
		t.Logf("%T %+v", o, o)
		if a, ok := o.(Admit); ok && a.Link == 2 {
			t.Error("the rival of a live incarnation is admitted")
		}
	}
}

// A probe that was under way when the rival came says nothing: another is sent
// at once.
func TestRivalIsRefusedAtOnce(t *testing.T) {
	var seq uint64
	c := New(Config{
		Self: full("a"), Incarnation: nodeid.Incarnation{15: 1}, Info: Info{ConnectAll: true},
		Interval: 250 * time.Millisecond, Timeout: 3 * time.Second, GoneAfter: time.Second,
		NextID: func() uint64 { seq++; return seq }, Rand: rand.New(rand.NewPCG(1, 1)),
	}, 0)
	c.Join(0)
	for i, name := range []string{"b", "c", "d", "e", "f", "g", "h"} {
		c.Established(LinkID(i+1), NodeRef{full(name), nodeid.Incarnation{15: 2}}, Info{ConnectAll: true}, false, 0)
	}
	young := NodeRef{full("h"), nodeid.Incarnation{15: 3}}
	lat := 2 * time.Millisecond
	type pend struct {
		at   time.Duration
		link LinkID
		seq  uint64
	}
	var pending []pend
	refusedAt := time.Duration(0)
	take := func(now time.Duration) {
		for _, o := range c.Outputs() {
			switch o := o.(type) {
			case Send:
				if p, ok := o.Message.(Probe); ok {
					pending = append(pending, pend{now + lat, o.Link, p.Seq})
				}
			case Refuse:
				refusedAt = now
			}
		}
	}
	ms := time.Millisecond
	for now := time.Duration(0); now < 10*time.Second; now += ms {
		if now == 100*ms {
			c.Hello(young, now)
		}
		if now == 101*ms {
			c.Admission(99, young, Info{}, now)
		}
		for len(pending) > 0 && pending[0].at <= now {
			p := pending[0]
			pending = pending[1:]
			c.Receive(p.link, Answer{Seq: p.seq}, "", now)
			take(now)
		}
		if c.Deadline() <= now {
			c.Tick(now)
		}
		take(now)
	}
	t.Logf("refused after %v", refusedAt-101*ms)
	if refusedAt-101*ms > 100*ms {
		t.Errorf("the rival of a live incarnation is told after %v", refusedAt-101*ms)
	}
}

// Peers that went down are remembered for an hour, and not for ever.
func TestDownPeersAreForgotten(t *testing.T) {
	w := newWorld(t, 1)
	a := w.start(full("a"), simOptions{})
	for i := range 300 {
		n := w.start(full(fmt.Sprintf("rem%d", i)), simOptions{hidden: true})
		n.do(func() { n.core.Connect(full("a"), w.now) })
		w.run(2 * time.Second)
		n.do(func() { n.core.Leave(w.now) })
		w.run(time.Second)
	}
	w.run(time.Hour + claimEvery)
	if len(a.core.peers) > 0 {
		t.Errorf("%d entries of nodes that left an hour ago, none of them expected", len(a.core.peers))
	}
}

// A page of names that comes while the own bus is lost leaves no entries that
// nobody dials: the digest asks again when the bus is back.
func TestNamesOnALostBus(t *testing.T) {
	w := newWorld(t, 1)
	script(t, w, "start a\nstart b sync=a\nrun 2s")
	c := w.node("a").core
	p := c.peers[full("b")]
	c.BusLost(w.now)
	p.pulling = true
	c.Receive(p.link, Names{Nodes: []NodeRef{{full("z"), nodeid.Incarnation{15: 9}}}}, "", w.now)
	c.BusBack(w.now)
	if z := c.peers[full("z")]; z != nil {
		t.Errorf("z is %s, and nobody dials it", z.state)
	}
}
