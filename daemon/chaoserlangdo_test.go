package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"interconnectd/configs/epmd"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
)

// This file is what the chaos test with Erlang nodes does to them.

// toOurs is what has no part in what Erlang's nodes think of each other.
func (m *erlangChaos) toOurs() []action {
	return []action{
		m.action(3, func() { m.end(m.mortal(false), syscall.SIGKILL) }),
		m.action(2, func() { m.end(m.mortal(false), syscall.SIGTERM) }),
		m.action(2, func() { m.halt(false, m.upTo(50*time.Millisecond, chaosTimeout/2), syscall.SIGCONT) }),
		m.action(1, func() { m.haltLong(false) }),
		m.action(1, func() { m.halt(false, m.upTo(50*time.Millisecond, 2*chaosTimeout), syscall.SIGKILL) }),
		m.action(3, func() { m.halt(true, m.upTo(50*time.Millisecond, chaosTimeout/2), syscall.SIGCONT) }),
		m.action(2, m.restartMapper),
		m.action(6, m.dialBoth),
		m.action(4, func() { m.sendBig(true) }),
		m.action(4, func() { m.sendBig(false) }),
	}
}

func (m *erlangChaos) toErlang() []action {
	return []action{
		m.action(4, func() { m.end(m.mortal(true), syscall.SIGKILL) }),
		m.action(2, func() { m.end(m.mortal(true), syscall.SIGTERM) }),
		m.action(2, func() { m.haltLong(true) }),
		m.action(1, func() { m.halt(true, m.upTo(50*time.Millisecond, 2*chaosTimeout), syscall.SIGKILL) }),
	}
}

func (m *erlangChaos) action(weight int, do func()) action {
	return action{weight, func(*chaos) { do() }}
}

// steady chooses a node of a kind that runs, and that nothing happens to; "" where there
// is none, or where too many of all are in trouble.
func (m *erlangChaos) steady(erlang bool, but ...string) string {
	var all, ofKind []string
	for _, node := range m.nodes {
		if m.running[node] == nil || m.silent[node] || time.Now().Before(m.rests[node]) {
			continue
		}
		all = append(all, node)
		if isErlang(node) == erlang && !slices.Contains(but, node) {
			ofKind = append(ofKind, node)
		}
	}
	if len(all) <= len(m.nodes)/2 || len(ofKind) == 0 {
		return ""
	}
	return ofKind[m.rng.IntN(len(ofKind))]
}

// mortal is a steady node that may end.
func (m *erlangChaos) mortal(erlang bool) string { return m.steady(erlang, "beam0", "ours0") }

// halt stops a node for a while. Of Erlang's there is one at a time: one that goes on tells
// the others whom it has lost, and global has them part with those. While a node is stopped
// that a long message is on the way to, processes of another wait, of global too.
func (m *erlangChaos) halt(erlang bool, d time.Duration, then syscall.Signal) {
	if erlang && (m.big > 0 || m.halted()) {
		return
	}
	node := m.steady(erlang)
	if then == syscall.SIGKILL {
		node = m.mortal(erlang)
	}
	m.stop(node, d, then)
}

// haltLong stops a node for so long that others give it up, where there is the time.
func (m *erlangChaos) haltLong(erlang bool) {
	if m.lasts >= time.Minute {
		m.halt(erlang, m.upTo(longStop, longStop+3*time.Second), syscall.SIGCONT)
	}
}

// halted reports whether one of Erlang's nodes is stopped, or was a moment ago.
func (m *erlangChaos) halted() bool {
	return slices.ContainsFunc(m.ofErlang(), func(node string) bool {
		return m.silent[node] || time.Now().Before(m.rests[node])
	})
}

// restartMapper has no port mapper for a while. Afterwards those that have run all the
// time are registered again.
func (m *erlangChaos) restartMapper() {
	if m.away || time.Since(m.backAt) < registersWithin {
		return
	}
	m.away = true
	m.note("kill the port mapper")
	from := time.Now()
	m.world.StopEPMD()
	m.in(m.upTo(50*time.Millisecond, 4*time.Second), func() {
		m.note("start the port mapper")
		m.world.StartEPMD(m.t)
		m.away, m.backAt = false, time.Now()
		gone := span{from, m.backAt}
		for _, l := range m.lives {
			l.unfound = append(l.unfound, span{from, m.backAt.Add(registersWithin)})
		}
		m.in(registersWithin+slack(), func() { m.wantRegistered(gone) })
	})
}

// wantRegistered wants those registered that have run since before the port mapper was
// gone, unless it is gone once more since.
func (m *erlangChaos) wantRegistered(gone span) {
	if m.away || m.backAt.After(gone.to) {
		return
	}
	names, err := epmd.Names(m.t.Context(), m.world.EPMD())
	if err != nil {
		m.fatalf("the port mapper: %v", err)
	}
	for node, l := range m.running {
		if l.started.After(gone.from) || m.silent[node] || time.Now().Before(m.rests[node]) {
			continue
		}
		if !slices.ContainsFunc(names, func(n epmd.NamePort) bool { return n.Name == node }) {
			m.wrongs = append(m.wrongs, fmt.Sprintf("%s does not register again, %v after the port mapper is back", node, time.Since(m.backAt)))
		}
	}
}

// dialBoth has a node of Erlang's disconnect a daemon, and both dial each other at once.
func (m *erlangChaos) dialBoth() {
	theirs, ours := m.steady(true), m.steady(false)
	if theirs == "" || ours == "" || m.away {
		return
	}
	b, us, them := m.beam(theirs), m.running[ours], m.running[theirs]
	m.note("%s and %s part and dial each other", theirs, ours)
	s := span{time.Now(), time.Now().Add(partsWithin)}
	us.part(them.node, s)
	them.part(us.node, s)
	m.asking.Go(func() { _, _ = b.TryEval(fmt.Sprintf("chaosnode:part('%s')", us.node)) }) // it may end meanwhile
	m.asking.Go(func() {
		if c, err := m.client(ours); err == nil {
			_, _ = c.Connect(m.t.Context(), nodeid.Name(them.node)) // it may end meanwhile
		}
	})
}

func (l *life) part(node string, s span) {
	if l.parted == nil {
		l.parted = map[string][]span{}
	}
	l.parted[node] = append(l.parted[node], s)
}

// sendBig has a node of Erlang's call another, or a daemon, with 50 MB.
func (m *erlangChaos) sendBig(toErlang bool) {
	if m.halted() {
		return
	}
	from := m.steady(true)
	to := m.steady(toErlang, from)
	if from == "" || to == "" {
		return
	}
	b := m.beam(from)
	m.note("%s sends 50 MB to %s", from, to)
	m.big++
	told := strings.Count(b.Log(), " --- Big: ")
	m.asking.Go(func() { _, _ = b.TryEval(fmt.Sprintf("chaosnode:big('%s')", m.full(to))) }) // it may end meanwhile
	m.awaitBig(b, told, time.Now())
}

// awaitBig looks again and again whether a long message has come to its end.
func (m *erlangChaos) awaitBig(b *beam, told int, since time.Time) {
	select {
	case <-b.ended:
		m.big--
		return
	default:
	}
	switch {
	case strings.Count(b.Log(), " --- Big: ") > told:
		m.big--
	case time.Since(since) > 2*patience:
		m.fatalf("50 MB of %s do not come to an end", b.Name)
	default:
		m.in(50*time.Millisecond, func() { m.awaitBig(b, told, since) })
	}
}

// client talks to a daemon that runs.
func (m *erlangChaos) client(node string) (*control.Client, error) {
	return control.Find(m.t.Context(), m.getenv, nodeid.Name(m.full(node)))
}

func (m *erlangChaos) getenv(name string) string {
	for _, word := range m.site.env {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			return value
		}
	}
	return ""
}
