package membership

import (
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

// dialsOf are the dials that a core wants since the last time.
func dialsOf(c *Core) (dials []Dial) {
	for _, o := range c.Outputs() {
		if d, ok := o.(Dial); ok {
			dials = append(dials, d)
		}
	}
	return dials
}

// TestRoutesTellWhom: on an embedded mesh nobody is dialled whom no route leads to, who
// has one is dialled without being asked whether he is there, and of two the greater
// goes first.
func TestRoutesTellWhom(t *testing.T) {
	w := newWorld(t, 1)
	core := w.add(full("m"), simOptions{sync: fullList([]string{"a,z,y,x"})}).core
	ref := func(name string) NodeRef {
		ref := NodeRef{Node: full(name)}
		ref.Incarnation[0] = name[0]
		return ref
	}
	want := func(now time.Duration, names ...string) {
		t.Helper()
		if core.Deadline() <= now {
			core.Tick(now)
		}
		got := dialsOf(core)
		if len(got) != len(names) {
			t.Fatalf("at %s: %d dials %v, want those of %v", now, len(got), got, names)
		}
		for i, name := range names {
			if got[i] != (Dial{Node: full(name), Holder: ref(name).Incarnation}) {
				t.Errorf("at %s: %v, want that of %s", now, got[i], name)
			}
		}
	}
	core.RouteUp(ref("a"), 0)
	core.RouteUp(ref("z"), 0)
	want(0)
	core.Join(0)
	want(0, "a")
	want(outrankedWait, "z")

	now := 100 * time.Millisecond
	core.RouteUp(ref("y"), now)
	want(now)
	want(now + outrankedWait - 1)
	core.Established(1, ref("y"), Info{ConnectAll: true}, false, now+outrankedWait-1)
	want(now + outrankedWait)

	for _, p := range core.Peers() {
		if p.Node == full("x") && p.State != Idle {
			t.Errorf("x, whom no route leads to, is %s", p.State)
		}
	}
	core.Connect(full("x"), now)
	if got := dialsOf(core); len(got) != 1 || got[0] != (Dial{Node: full("x")}) {
		t.Errorf("%v, want the one that was asked for", got)
	}
	core.DialFailed(full("a"), NoHolder, now)
	if p := core.peers[full("a")]; p.holder != (nodeid.Incarnation{}) {
		t.Error("a dial that reached nobody leaves its hearsay behind")
	}
}

// TestFirstProbes: in a small mesh the first round trip is measured at once, in a
// large one after some time.
func TestFirstProbes(t *testing.T) {
	w := newWorld(t, 1)
	core := w.add(full("m"), simOptions{}).core
	core.Join(0)
	dialsOf(core)
	probes := func() (count int) {
		for _, o := range core.Outputs() {
			if s, ok := o.(Send); ok {
				if _, ok := s.Message.(Probe); ok {
					count++
				}
			}
		}
		return count
	}
	establish := func(id LinkID) {
		ref := NodeRef{Node: full(string(rune('a' + id)))}
		ref.Incarnation[0] = byte(id)
		core.Established(id, ref, Info{ConnectAll: true}, true, 0)
	}
	establish(1)
	core.Tick(0)
	if got := probes(); got != 1 {
		t.Errorf("%d probes of the first peer, want one at once", got)
	}
	for id := LinkID(2); id <= 11; id++ {
		establish(id)
	}
	core.Tick(0)
	if got := probes(); got > 3 {
		t.Errorf("%d probes of ten more at once", got)
	}
	for core.Deadline() < firstWithin {
		core.Tick(core.Deadline())
	}
	for link, p := range core.byLink {
		if p.watch.lastSent == 0 && link > 1 {
			t.Errorf("%s has had no probe after %s", p.name, firstWithin)
		}
	}
}
