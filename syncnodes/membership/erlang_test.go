package membership

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

// beside is a core that sees a node of Erlang's and one on the bus.
type beside struct {
	core *Core
	now  time.Duration
	ids  uint64
	told []string // events and dials
	sent map[LinkID][]Message

	answered map[LinkID]int // of those sent
}

const (
	erlangLink LinkID = 1
	busLink    LinkID = 2
)

func newBeside(t *testing.T, up bool) *beside {
	t.Helper()
	b := &beside{sent: map[LinkID][]Message{}, answered: map[LinkID]int{}}
	b.core = New(Config{
		Self: "a@127.0.0.1", Incarnation: nodeid.Incarnation{1}, Info: Info{ConnectAll: true},
		Sync: []nodeid.Name{"app@127.0.0.1", "b@127.0.0.1"}, Erlang: true,
		Interval: 250 * time.Millisecond, Timeout: 3 * time.Second, GoneAfter: time.Second,
		NextID: func() uint64 { b.ids++; return b.ids },
		Rand:   rand.New(rand.NewPCG(1, 2)),
	}, 0)
	b.core.Join(0)
	if up {
		b.core.Established(erlangLink, NodeRef{"app@127.0.0.1", nodeid.Incarnation{2}}, Info{Erlang: true}, true, 0)
		b.core.Established(busLink, NodeRef{"b@127.0.0.1", nodeid.Incarnation{3}}, Info{ConnectAll: true}, true, 0)
	}
	b.carry()
	return b
}

func (b *beside) carry() {
	for _, o := range b.core.Outputs() {
		switch o := o.(type) {
		case Dial:
			b.told = append(b.told, "dial "+string(o.Node))
		case Event:
			word := fmt.Sprintf("up %s erlang=%v", o.Node, o.Erlang)
			if !o.Up {
				word = fmt.Sprintf("down %s erlang=%v %s %q", o.Node, o.Erlang, o.Reason, o.Detail)
			}
			b.told = append(b.told, word)
		case Send:
			b.sent[o.Link] = append(b.sent[o.Link], o.Message)
		}
	}
}

// run lets time pass; answering are the links whose probes are answered.
func (b *beside) run(d time.Duration, answering ...LinkID) {
	for end := b.now + d; b.core.Deadline() <= end; {
		b.now = max(b.now, b.core.Deadline())
		b.core.Tick(b.now)
		b.carry()
		for _, link := range answering {
			for _, m := range b.sent[link][b.answered[link]:] {
				if probe, ok := m.(Probe); ok {
					b.core.Receive(link, Answer{Seq: probe.Seq}, "", b.now)
				}
			}
			b.answered[link] = len(b.sent[link])
		}
		b.carry()
	}
}

// take is what was told since the last time.
func (b *beside) take() string {
	told := strings.Join(b.told, "; ")
	b.told = nil
	return told
}

func (b *beside) state(name nodeid.Name) State {
	for _, p := range b.core.Peers() {
		if p.Node == name {
			return p.State
		}
	}
	return Idle
}

// TestErlangDoesWithoutTheBus: what is connected by Erlang's distribution is neither
// suspected nor spared because of the own bus.
func TestErlangDoesWithoutTheBus(t *testing.T) {
	b := newBeside(t, true)
	b.take()
	b.run(time.Second, erlangLink, busLink)
	b.core.BusLost(b.now)
	b.carry()
	if app, bus := b.state("app@127.0.0.1"), b.state("b@127.0.0.1"); app != Up || bus != Suspect {
		t.Errorf("on a lost bus app is %s and b %s, want up and suspect", app, bus)
	}
	b.run(20*time.Second, erlangLink)
	if app := b.state("app@127.0.0.1"); app != Up || b.take() != "" {
		t.Errorf("app answers and is %s", app)
	}
	stopped := b.now
	b.run(10 * time.Second)
	const want = `down app@127.0.0.1 erlang=true net_tick_timeout "unresponsive for 3.`
	if told := b.take(); !strings.HasPrefix(told, want) || !strings.HasSuffix(told, "dial app@127.0.0.1") {
		t.Errorf("silent for %s: %q, want %q... and a dial", b.now-stopped, told, want)
	}
	b.core.BusBack(b.now)
	b.carry()
	b.core.Established(erlangLink+2, NodeRef{"app@127.0.0.1", nodeid.Incarnation{2}}, Info{Erlang: true}, false, b.now)
	b.run(2*time.Second, erlangLink+2, busLink)
	if app, bus := b.state("app@127.0.0.1"), b.state("b@127.0.0.1"); app != Up || bus != Up {
		t.Errorf("on a bus that is back app is %s and b %s", app, bus)
	}
}

// TestErlangIsJudgedOnAYoungBus: on a bus that has just come back nobody is judged, but
// who does not need it.
func TestErlangIsJudgedOnAYoungBus(t *testing.T) {
	b := newBeside(t, true)
	b.run(time.Second, erlangLink, busLink)
	b.core.BusLost(b.now)
	b.run(2800*time.Millisecond, busLink) // app is silent all the while
	b.take()
	b.core.BusBack(b.now)
	b.run(700*time.Millisecond, busLink)
	if told := b.take(); !strings.Contains(told, "down app@127.0.0.1 erlang=true net_tick_timeout") {
		t.Errorf("told %q, want app down", told)
	}
}

// TestErlangLost: the end of a connection is a nodedown at once, whatever the own bus is.
func TestErlangLost(t *testing.T) {
	for _, lost := range []bool{false, true} {
		b := newBeside(t, true)
		b.take()
		if lost {
			b.core.BusLost(0)
		}
		b.core.Lost(erlangLink, 0)
		b.core.Lost(erlangLink, 0) // a second time: nothing
		b.carry()
		if told, want := b.take(), `down app@127.0.0.1 erlang=true connection_closed ""`; told != want {
			t.Errorf("bus lost %v: told %q, want %q", lost, told, want)
		}
	}
}

// TestErlangGoodbye: a node that leaves has done so when the connection has ended.
func TestErlangGoodbye(t *testing.T) {
	b := newBeside(t, true)
	b.take()
	b.core.Disconnect("app@127.0.0.1", 0)
	b.core.Lost(erlangLink, 0)
	b.carry()
	if told, want := b.take(), `down app@127.0.0.1 erlang=true disconnect ""`; told != want {
		t.Errorf("told %q, want %q", told, want)
	}
}

// TestErlangIsNoneOfTheMesh: it is introduced to nobody, and gets nothing but probes.
func TestErlangIsNoneOfTheMesh(t *testing.T) {
	b := newBeside(t, true)
	b.core.Receive(busLink, Pull{Seq: 9}, "", 0)
	b.carry()
	if last := b.sent[busLink][len(b.sent[busLink])-1]; fmt.Sprint(last) != "{9 false []}" {
		t.Errorf("a pull was answered with %v, want no names", last)
	}
	b.run(10*time.Second, busLink, erlangLink)
	if probes := len(b.sent[erlangLink]); probes < 40 {
		t.Errorf("%d messages in 10 s, want a probe each interval", probes)
	}
	for _, m := range b.sent[erlangLink] {
		if _, ok := m.(Probe); !ok {
			t.Errorf("%T was sent to a node of Erlang's", m)
		}
	}
}

// TestErlangDialsWithoutTheBus: with Config.Erlang a lost bus keeps nobody from being
// dialled.
func TestErlangDialsWithoutTheBus(t *testing.T) {
	b := newBeside(t, false)
	if told, want := b.take(), "dial app@127.0.0.1; dial b@127.0.0.1"; told != want {
		t.Fatalf("told %q, want %q", told, want)
	}
	b.core.BusLost(0)
	b.core.DialFailed("app@127.0.0.1", NoHolder, 0)
	b.core.Hello(NodeRef{Node: "app@127.0.0.1"}, 0) // the port mapper has it: nothing tells its start
	b.run(100 * time.Millisecond)
	if told, want := b.take(), "dial app@127.0.0.1"; told != want {
		t.Errorf("told %q, want %q", told, want)
	}
}
