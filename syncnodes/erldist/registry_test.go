package erldist

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"interconnectd/configs/nodeid"
)

// registryModel does with a registry, for one name, what dials and accepts do, each at
// any moment, and checks what whoever drives the endpoint is told.
type registryModel struct {
	r          *registry
	self, name nodeid.Name

	dials   []*dialling // all that began and did not end themselves
	accepts []accepting
	claims  []*claim

	// what was told
	up      *Conn
	end     func(Event) // of up
	waiting bool        // a dial was asked for, and its end not told
}

// accepting is a node that was let go on, and has not proved itself.
type accepting struct{ asked *holder }

// TestRegistry finds an order of events in which more than one connection is told of,
// or a dial has no end, or two.
func TestRegistry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &registryModel{r: newRegistry(newQueue()), name: "m@127.0.0.1"}
		m.self = rapid.SampledFrom([]nodeid.Name{"a@127.0.0.1", "z@127.0.0.1"}).Draw(t, "self")
		t.Repeat(map[string]func(*rapid.T){
			"Dial":       m.dial,
			"nameDial":   m.nameDial,
			"refuseDial": m.refuseDial,
			"dialFails":  m.dialFails,
			"dialComes":  m.dialComes,
			"accept":     m.accept,
			"claim":      m.claim,
			"acceptEnds": m.acceptEnds,
			"claimComes": m.claimComes,
			"claimFails": m.claimFails,
			"connEnds":   func(t *rapid.T) { m.connEnds(t) },
			"":           m.check,
		})
		m.settle(t)
	})
}

func (m *registryModel) dial(t *rapid.T) {
	if m.up != nil {
		t.Skip("it is connected")
	}
	d := m.r.beginDial(m.name, func(error) {})
	if m.waiting && d != nil {
		t.Fatal("a dial is repeated")
	}
	m.waiting = true
	if d != nil {
		m.dials = append(m.dials, d)
	}
}

// draw takes one of several away.
func draw[E any](t *rapid.T, all *[]E) E {
	if len(*all) == 0 {
		t.Skip("there is none")
	}
	i := rapid.IntRange(0, len(*all)-1).Draw(t, "which")
	one := (*all)[i]
	*all = slices.Delete(*all, i, i+1)
	return one
}

func (m *registryModel) nameDial(t *rapid.T) {
	d := draw(t, &m.dials)
	if m.r.nameDial(m.name, d) {
		m.dials = append(m.dials, d)
	}
}

func (m *registryModel) refuseDial(t *rapid.T) {
	d := draw(t, &m.dials)
	m.r.refuseDial(m.name, d)
	m.dials = append(m.dials, d)
}

func (m *registryModel) dialFails(t *rapid.T) {
	m.r.endDial(m.name, draw(t, &m.dials), DialFailed{Name: m.name})
}

func (m *registryModel) dialComes(t *rapid.T) {
	d := draw(t, &m.dials)
	if !d.named || d.refused {
		m.dials = append(m.dials, d)
		t.Skip("the other does not know of it, or does not want it")
	}
	had := m.up
	if m.r.arrive(m.name, d, nil, m.connect) && had != nil {
		t.Fatal("there is another connection")
	}
}

func (m *registryModel) connect(emit func(Event)) *Conn {
	m.end = emit
	return &Conn{}
}

func (m *registryModel) accept(t *rapid.T) {
	switch status, asked := m.r.status(m.self, m.name); status {
	case statusAlive:
		if asked.conn != m.up {
			t.Fatal("it is asked about a connection that is not there")
		}
		m.accepts = append(m.accepts, accepting{asked})
	case statusOK, statusSimultaneous:
		m.accepts = append(m.accepts, accepting{})
	}
}

func (m *registryModel) claim(t *rapid.T) {
	a := draw(t, &m.accepts)
	c, before, err := m.r.tryClaim(m.name, a.asked)
	switch {
	case c != nil:
		m.claims = append(m.claims, c)
		if len(m.claims) > 1 {
			t.Fatal("two have the name")
		}
	case before != nil:
		if before.conn != nil {
			if a.asked == nil || before.conn != a.asked.conn || before.conn != m.up {
				t.Fatal("it ends a connection that it was not asked about")
			}
			m.connEnds(t)
		}
		m.accepts = append(m.accepts, a) // it looks again
	case !errors.Is(err, errAnother):
		t.Fatal(err)
	}
}

func (m *registryModel) acceptEnds(t *rapid.T) { draw(t, &m.accepts) }

func (m *registryModel) claimComes(t *rapid.T) {
	if !m.r.arrive(m.name, nil, draw(t, &m.claims), m.connect) {
		t.Fatal("a claim is not good")
	}
}

func (m *registryModel) claimFails(t *rapid.T) { m.r.unclaim(m.name, draw(t, &m.claims)) }

func (m *registryModel) connEnds(t *rapid.T) {
	if m.up == nil {
		t.Skip("there is no connection")
	}
	m.end(Ended{Conn: m.up})
}

// check takes the events, and compares the registry with what they tell.
func (m *registryModel) check(t *rapid.T) {
	events := m.r.events.events
	m.r.events.events = nil
	for _, ev := range events {
		switch ev := ev.(type) {
		case Arrived:
			if m.up != nil {
				t.Fatal("two connections of one name")
			}
			m.up, m.waiting = ev.Conn, false
		case Ended:
			if ev.Conn != m.up {
				t.Fatal("the end of a connection that was not there")
			}
			m.up = nil
		case DialFailed:
			if !m.waiting {
				t.Fatal("a dial that nobody waits for has failed")
			}
			m.waiting = false
		}
	}
	e := m.r.byName[m.name]
	if e == nil {
		e = &entry{}
	}
	if m.waiting != (e.dial != nil || e.claimed != nil && e.claimed.owed) {
		t.Fatalf("waiting for the end of a dial: %v, and there is %+v", m.waiting, e)
	}
	if (e.up != nil) != (m.up != nil) || e.up != nil && e.up.conn != m.up {
		t.Fatalf("connected: %v, and there is %+v", m.up != nil, e)
	}
}

// settle ends all that goes on: nothing is left then.
func (m *registryModel) settle(t *rapid.T) {
	for _, d := range m.dials {
		m.r.endDial(m.name, d, DialFailed{Name: m.name})
	}
	for _, c := range m.claims {
		m.r.unclaim(m.name, c)
	}
	m.check(t)
	if m.up != nil {
		m.end(Ended{Conn: m.up})
	}
	m.check(t)
	if m.waiting || len(m.r.byName) != 0 {
		t.Fatalf("waiting for the end of a dial: %v; left are %+v", m.waiting, m.r.byName)
	}
}
