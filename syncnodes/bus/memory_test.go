package bus

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"interconnectd/configs/nodeid"
)

// All three kinds of bus are a Conn.
var (
	_ Conn = (*client)(nil)
	_ Conn = (*Member)(nil)
)

// hubPair joins two members and takes their first events.
func hubPair(t *testing.T) (h *Hub, a, b *Member, aCfg, bCfg Config) {
	t.Helper()
	h = NewHub()
	aCfg, bCfg = testConfig(t, "a@127.0.0.1", PortRange{}), testConfig(t, "b@127.0.0.1", PortRange{})
	a, b = h.Join(aCfg.Node, aCfg.Incarnation), h.Join(bCfg.Node, bCfg.Incarnation)
	routesUp(t, a, bCfg.Node)
	routesUp(t, b, aCfg.Node)
	return h, a, b, aCfg, bCfg
}

func TestHubTraffic(t *testing.T) {
	_, a, b, aCfg, bCfg := hubPair(t)
	testTraffic(t, a, b, aCfg, bCfg)
	receiveClosed(t, a.Settled())
	if s := a.Stats(); s.Kind != Memory || s.Listen != a.RouteAddr() || s.Dropped != 0 || s.Malformed != 0 {
		t.Errorf("Stats() = %+v", s)
	}
}

func TestHubTwoHoldersOfAName(t *testing.T) {
	h, a, b, _, bCfg := hubPair(t)
	second := h.Join(bCfg.Node, newIncarnation(t))
	if err := a.SendName(bCfg.Node, 1, []byte("x")); err != nil {
		t.Fatal(err)
	}
	receive(t, b.Names(), "packet at the first holder")
	receive(t, second.Names(), "packet at the second holder")
}

func listenerRefuses(t *testing.T, c Conn, addr string) bool {
	t.Helper()
	refused, here := c.ListenerRefuses(t.Context(), "b@h", nodeid.Incarnation{}, addr)
	if !here {
		t.Error("a hub's members are on other hosts")
	}
	return refused
}

func TestHubKill(t *testing.T) {
	_, a, b, _, bCfg := hubPair(t)
	if listenerRefuses(t, a, b.RouteAddr()) {
		t.Error("a live member's listener refuses")
	}
	b.Kill()
	if err := b.Close(); err != nil {
		t.Errorf("Close() after Kill() = %v", err)
	}
	if ev := event(t, a, RouteDown); ev.Node != bCfg.Node || ev.Incarnation != bCfg.Incarnation {
		t.Errorf("route down: %+v, want %s", ev, bCfg.Node)
	}
	if !listenerRefuses(t, a, b.RouteAddr()) {
		t.Error("a killed member's listener accepts")
	}
	if listenerRefuses(t, a, "nowhere") {
		t.Error("an unknown address refuses")
	}
	if err := a.SendFrame(bCfg.Node, bCfg.Incarnation, 1, nil); err != nil {
		t.Fatal(err)
	}
	if r := receive(t, a.Replies(), "reply"); !r.NoResponders {
		t.Errorf("reply %+v, want no responders", r)
	}
	if err := b.Hello(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("a killed member sends: %v, want ErrClosed", err)
	}
	if n := len(a.Events()); n != 0 {
		t.Errorf("%d more events, want none", n)
	}
}

func TestHubFreeze(t *testing.T) {
	h, a, b, aCfg, bCfg := hubPair(t)
	b.Freeze()
	for i := range 3 {
		if err := a.SendFrame(bCfg.Node, bCfg.Incarnation, 1, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	third := h.Join("c@127.0.0.1", newIncarnation(t))
	if err := b.SendName(aCfg.Node, 0, []byte("from a frozen one")); err != nil {
		t.Fatal(err)
	}
	if n := len(a.Replies()) + len(b.Frames()) + len(b.Events()) + len(a.Names()); n != 0 {
		t.Errorf("%d packets and events around a frozen member, want none", n)
	}
	if listenerRefuses(t, a, b.RouteAddr()) {
		t.Error("a frozen member's listener refuses")
	}
	b.Thaw()
	for i := range 3 {
		if p := receive(t, b.Frames(), "held frame"); string(p.Data) != fmt.Sprint(i) {
			t.Errorf("held frame %q, want %d", p.Data, i)
		}
	}
	if ev := receive(t, b.Events(), "held event"); ev.Kind != RouteUp || ev.Node != third.node {
		t.Errorf("held event %+v, want the route to c", ev)
	}
}

func TestHubLose(t *testing.T) {
	_, a, b, aCfg, bCfg := hubPair(t)
	cut := errors.New("cut")
	b.Lose(cut)
	b.Lose(cut)
	if ev := receive(t, b.Events(), "event"); ev.Kind != Lost || ev.Err != cut {
		t.Errorf("event %+v, want Lost", ev)
	}
	if err := b.SendName(aCfg.Node, 0, nil); !errors.Is(err, ErrLost) {
		t.Errorf("a send on a lost bus: %v, want ErrLost", err)
	}
	if err := a.SendName(bCfg.Node, 1, nil); err != nil {
		t.Fatal(err)
	}
	if r := receive(t, a.Replies(), "reply"); !r.NoResponders {
		t.Errorf("reply %+v, want no responders", r)
	}
	b.Restore()
	b.Restore()
	if ev := receive(t, b.Events(), "event"); ev.Kind != Back {
		t.Errorf("event %+v, want Back", ev)
	}
	if err := a.SendName(bCfg.Node, 1, nil); err != nil {
		t.Fatal(err)
	}
	receive(t, b.Names(), "packet after Restore")
	if n := len(b.Events()); n != 0 || b.Stats().Reconnects != 1 {
		t.Errorf("%d more events, %d reconnects; want 0, 1", n, b.Stats().Reconnects)
	}
}

func TestHubTap(t *testing.T) {
	h, a, b, aCfg, bCfg := hubPair(t)
	h.Tap()
	if err := a.SendName("nobody@127.0.0.1", 7, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := b.Answer(newSubjects("hub").reply(aCfg.Incarnation, 7), []byte("y")); err != nil {
		t.Fatal(err)
	}
	if r := receive(t, a.Replies(), "reply"); r.NoResponders {
		t.Error("no responders, although somebody subscribes to everything")
	}
	got := h.Tapped()
	if len(got) != 2 || got[0].From != aCfg.Node || string(got[0].Data) != "x" || got[0].ReplyTo != got[1].Subject || got[1].From != bCfg.Node {
		t.Errorf("tapped %+v", got)
	}
	if got := h.Tapped(); len(got) != 0 {
		t.Errorf("tapped again %+v", got)
	}
	if !a.Stats().NoVerdicts {
		t.Error("Stats().NoVerdicts = false")
	}
}

func TestHubInject(t *testing.T) {
	_, a, _, aCfg, _ := hubPair(t)
	good := newSubjects("hub").reply(aCfg.Incarnation, 1)
	for ch, out := range map[Channel]<-chan Packet{Names: a.Names(), Frames: a.Frames(), Hellos: a.Hellos(), Whos: a.Whos()} {
		a.Inject(ch, Packet{Data: []byte("forged"), ReplyTo: good})
		if p := receive(t, out, ch.String()); string(p.Data) != "forged" || p.ReplyTo != good {
			t.Errorf("%s: %+v", ch, p)
		}
	}
	a.Inject(Names, Packet{ReplyTo: "free"})
	a.Inject(Names, Packet{Data: make([]byte, MaxPacket+1)})
	a.InjectReply(Reply{ID: 1, Data: make([]byte, MaxPacket+1)})
	if got := a.Stats().Malformed; got != 3 || len(a.Names()) != 0 || len(a.Replies()) != 0 {
		t.Errorf("%d malformed, want 3", got)
	}
	a.InjectReply(Reply{ID: 9, NoResponders: true})
	if r := receive(t, a.Replies(), "reply"); r.ID != 9 || !r.NoResponders {
		t.Errorf("reply %+v", r)
	}
	for range whoRoom + 3 {
		a.Inject(Whos, Packet{})
	}
	if got := a.Stats().Dropped; got != 3 {
		t.Errorf("%d dropped, want 3", got)
	}
}

func TestHubDrop(t *testing.T) {
	h, a, b, aCfg, bCfg := hubPair(t)
	h.SetDrop(func(from, to nodeid.Name, _ []byte) bool { return from == aCfg.Node && to == bCfg.Node })
	if err := a.SendName(bCfg.Node, 1, []byte("lost")); err != nil {
		t.Fatal(err)
	}
	if err := b.SendName(aCfg.Node, 0, []byte("arrives")); err != nil {
		t.Fatal(err)
	}
	receive(t, a.Names(), "packet of the other direction")
	if len(b.Names()) != 0 || len(a.Replies()) != 0 {
		t.Error("a dropped packet arrived or was answered")
	}
	h.SetDrop(nil)
	if err := a.SendName(bCfg.Node, 1, []byte("arrives")); err != nil {
		t.Fatal(err)
	}
	receive(t, b.Names(), "packet")
}

// TestHubInBubble: with a latency packets come later, in order, on the fake
// clock; and the hub leaves nothing behind.
func TestHubInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, a, b, _, bCfg := hubPair(t)
		h.SetLatency(5 * time.Millisecond)
		start := time.Now()
		for i := range 3 {
			if err := a.SendFrame(bCfg.Node, bCfg.Incarnation, 0, fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		for i := range 3 {
			p := <-b.Frames()
			if got, want := time.Since(start), time.Duration(5+i)*time.Millisecond; string(p.Data) != fmt.Sprint(i) || got != want {
				t.Errorf("frame %q after %s, want %d after %s", p.Data, got, i, want)
			}
		}
		// A packet to who is killed meanwhile is gone.
		if err := a.SendFrame(bCfg.Node, bCfg.Incarnation, 1, nil); err != nil {
			t.Fatal(err)
		}
		b.Kill()
		time.Sleep(time.Second)
		if len(b.Frames()) != 0 || len(a.Replies()) != 0 {
			t.Error("a killed member received")
		}
		// `no responders` takes its time too.
		start = time.Now()
		if err := a.SendFrame(bCfg.Node, bCfg.Incarnation, 2, nil); err != nil {
			t.Fatal(err)
		}
		if r := <-a.Replies(); !r.NoResponders || time.Since(start) != 5*time.Millisecond {
			t.Errorf("reply %+v after %s, want no responders after 5ms", r, time.Since(start))
		}
	})
}
