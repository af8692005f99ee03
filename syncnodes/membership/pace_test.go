package membership

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

// pacedCore is a core that has a hundred sync nodes, and nobody to talk to.
type pacedCore struct {
	*Core
	now    time.Duration
	dialed []nodeid.Name
	links  LinkID
}

func newPacedCore(t *testing.T) *pacedCore {
	t.Helper()
	w := newWorld(t, 1)
	o := simOptions{external: true}
	for i := range 100 {
		o.sync = append(o.sync, full(fmt.Sprintf("n%02d", i)))
	}
	c := &pacedCore{Core: w.add(full("self"), o).core}
	c.Join(0)
	c.gather()
	return c
}

// gather takes in which dials the core wants since the last time.
func (c *pacedCore) gather() (count int) {
	for _, o := range c.Outputs() {
		if d, ok := o.(Dial); ok {
			c.dialed = append(c.dialed, d.Node)
			count++
		}
	}
	return count
}

// tick goes on to a time; sync nodes that nobody holds are sought meanwhile.
func (c *pacedCore) tick(to time.Duration) int {
	for c.Deadline() <= to {
		c.now = c.Deadline()
		c.Tick(c.now)
	}
	c.now = to
	return c.gather()
}

// establish ends the oldest dial well.
func (c *pacedCore) establish() int {
	c.links++
	ref := NodeRef{Node: c.dialed[0]}
	ref.Incarnation[0] = 1
	c.dialed = c.dialed[1:]
	c.Established(c.links, ref, Info{}, true, c.now)
	return c.gather()
}

func TestDialsWaitInLine(t *testing.T) {
	c := newPacedCore(t)
	if got := len(c.dialed); got != dialsFirst {
		t.Fatalf("%d dials at the start, want %d", got, dialsFirst)
	}
	if got := c.establish(); got != 2 {
		t.Errorf("%d dials after a quick one, want 2: its place, and one more", got)
	}
	c.DialFailed(c.dialed[0], NoHolder, c.now)
	c.dialed = c.dialed[1:]
	if got := c.gather(); got != 1 {
		t.Errorf("%d dials after one to nobody, want 1: its place", got)
	}
	c.Connect(full("n99"), c.now)
	if got := c.gather(); got != 1 || c.dialed[len(c.dialed)-1] != full("n99") {
		t.Errorf("%d dials when one is named, want that one", got)
	}
}

// Who says that he is there does not wait until all those are dialled who are not:
// he gets the next place, or the next but one.
func TestGreetedGoFirst(t *testing.T) {
	c := newPacedCore(t)
	c.tick(placeFor - time.Millisecond)
	c.dialed = nil
	last := NodeRef{Node: full("n99")}
	last.Incarnation[0] = 1
	c.Hello(last, c.now)
	c.tick(placeFor + 20*time.Millisecond)
	if at := slices.Index(c.dialed, last.Node); at != 0 && at != 1 {
		t.Errorf("%s is number %d of those dialled then: %v", last.Node, at, c.dialed)
	}
}

// Who waits in line and comes up by his own dial is not dialled any more, and
// whoever was introduced and may not be dialled is forgotten.
func TestOutOfTheLine(t *testing.T) {
	c := newPacedCore(t)
	up := NodeRef{Node: full("n99")}
	up.Incarnation[0] = 1
	c.Established(1, up, Info{ConnectAll: true}, false, c.now)
	c.gather()
	c.peers[up.Node].pulling = true
	stranger := NodeRef{Node: full("stranger")}
	stranger.Incarnation[0] = 1
	c.Receive(1, Names{Nodes: []NodeRef{stranger}}, "", c.now)
	if p := c.peers[stranger.Node]; p == nil || !p.waits {
		t.Fatal("who was introduced does not wait in line")
	}
	c.BusLost(c.now)
	c.dialed = nil
	c.tick(time.Minute)
	if slices.Contains(c.dialed, up.Node) {
		t.Errorf("%s is linked, and was dialled", up.Node)
	}
	if c.peers[stranger.Node] != nil {
		t.Error("who was introduced, and could not be dialled, is not forgotten")
	}
}

func TestSlowDialsLeavePlaces(t *testing.T) {
	c := newPacedCore(t)
	c.tick(dialSlow)
	before := c.pace.places
	if got := c.establish(); got != 0 || c.pace.places != before/2 {
		t.Errorf("%d dials and %d places after a slow one, want none and %d", got, c.pace.places, before/2)
	}
	c.establish()
	if c.pace.places != before/2 {
		t.Errorf("%d places after two slow ones at once, want %d", c.pace.places, before/2)
	}
	// None of the others gets an answer: they keep their places for a second.
	if got := c.tick(placeFor); got < dialsLeast {
		t.Errorf("%d dials when the places are free, want %d or more", got, dialsLeast)
	}
	if c.pace.places < dialsLeast {
		t.Errorf("%d places, want %d at least", c.pace.places, dialsLeast)
	}
	c.tick(time.Minute)
	seen := map[nodeid.Name]bool{}
	for _, name := range c.dialed {
		seen[name] = true
	}
	if len(seen) < 98 {
		t.Errorf("%d of 98 nodes were dialled in a minute without an answer", len(seen))
	}
}

// Who is forgotten while he waits in line is not dialled.
func TestLeavesTheLine(t *testing.T) {
	c := newPacedCore(t)
	c.Expect(fullList([]string{"n00"}), c.now)
	c.dialed = nil
	c.tick(30 * time.Second)
	for _, name := range c.dialed {
		if name != full("n00") {
			t.Errorf("%s was dialled, and is no sync node", name)
		}
	}
	if len(c.pace.line) != 0 || c.pace.taken > 1 {
		t.Errorf("%d wait in line, %d places are taken", len(c.pace.line), c.pace.taken)
	}
}
