package main

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
)

// This file holds calls, names of global and what Erlang's nodes log against what was done
// to them in a chaos test.

// callWithin bounds a call of the load.
const callWithin = 5 * time.Second

// failedCall is a call without its answer.
type failedCall struct {
	from, to string // name@host
	span
	reason string
}

// talk has each daemon but the idle one call all other nodes but that, one after the other, until it is told to hang up.
func (m *erlangChaos) talk() (hangUp func()) {
	ctx, cancel := context.WithCancel(m.t.Context())
	var all sync.WaitGroup
	for _, node := range m.nodes {
		if isErlang(node) || node == idle {
			continue
		}
		all.Go(func() {
			for ctx.Err() == nil {
				for _, other := range m.nodes {
					if other != node && other != idle {
						m.callFrom(ctx, node, other)
					}
				}
				select {
				case <-time.After(100 * time.Millisecond): // the pace of the load
				case <-ctx.Done():
				}
			}
		})
	}
	m.t.Cleanup(cancel)
	return func() {
		cancel()
		all.Wait()
	}
}

func (m *erlangChaos) callFrom(ctx context.Context, node, other string) {
	f := failedCall{from: m.full(node), to: m.full(other), span: span{from: time.Now()}}
	c, err := m.client(node)
	if err == nil {
		_, err = c.Call(ctx, control.Call{Process: "PingPong", Node: nodeid.Name(f.to), Request: "ping", Timeout: control.Duration(callWithin)})
	}
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.answered++
		return
	}
	f.span.to, f.reason = time.Now(), err.Error()
	m.failed = append(m.failed, f)
}

var (
	callLine = regexp.MustCompile(`^(\S+) --- Call failed: (\S+): took=(\d+)ms reason=(.*)$`)
	bigLine  = regexp.MustCompile(` --- Big: \S+: (taken|refused)$`)
	syncLine = regexp.MustCompile(`^(\S+) --- Sync slow: took=(\d+)ms$`)
	// erlangLine is of OTP's logger.
	erlangLine = regexp.MustCompile(`^(\S+) (warning|error|critical|alert|emergency): (.*)$`)
)

// wrongLogs is what is wrong with what Erlang's nodes logged, and with all calls.
func (m *erlangChaos) wrongLogs() (wrong []string) {
	failed, slow, big := m.failed, 0, 0
	for _, l := range m.lives {
		if !isErlang(l.node) {
			continue
		}
		for line := range strings.Lines(l.process.log()) {
			line = strings.TrimSpace(line)
			if bigLine.MatchString(line) {
				big++
			}
			if c := callLine.FindStringSubmatch(line); c != nil {
				failed = append(failed, failedCall{l.node, c[2], spanOf(c[1], c[3]), c[4]})
			}
			if s := syncLine.FindStringSubmatch(line); s != nil {
				if took := spanOf(s[1], s[2]); !m.anyHurt(took) {
					wrong = append(wrong, l.node+" logs: "+line)
				}
				slow++
			}
			if e := erlangLine.FindStringSubmatch(line); e != nil && !m.expected(stampOf(e[1]), e[3]) {
				wrong = append(wrong, l.node+" logs: "+line)
			}
		}
	}
	for _, f := range failed {
		if m.bothWell(f) {
			wrong = append(wrong, fmt.Sprintf("a call of %s by %s from %s to %s: %s", f.to, f.from, clock(f.span.from), clock(f.span.to), f.reason))
		}
	}
	m.t.Logf("calls of daemons: %d answered; of all, without an answer: %d; 50 MB: %d times; global:sync that took more than 5 s: %d",
		m.answered, len(failed), big, slow)
	slices.Sort(wrong)
	return wrong
}

func spanOf(end, took string) span {
	ms, _ := strconv.Atoi(took)
	to := stampOf(end)
	return span{to.Add(-time.Duration(ms) * time.Millisecond), to}
}

// bothWell reports whether a call that failed had no reason to: neither was stopped, and
// each saw the other up all the while, and goes on to.
func (m *erlangChaos) bothWell(f failedCall) bool {
	well := func(node, other string) bool {
		return slices.ContainsFunc(m.lives, func(l *life) bool {
			return l.node == node && l.sees(other, f.span) && !l.wasSilent(f.span) && (l.endFrom.IsZero() || l.endFrom.After(f.span.to))
		})
	}
	return well(f.from, f.to) && well(f.to, f.from)
}

// sees reports whether l saw a node up during a time, and a moment longer.
func (l *life) sees(node string, s span) bool {
	return slices.ContainsFunc(l.views[node], func(v *view) bool {
		return v.from.Before(s.from) && (!v.told || v.to.After(s.to.Add(time.Second)))
	})
}

// wasSilent reports whether l was during a part of a time, or a moment before it.
func (l *life) wasSilent(s span) bool {
	return slices.ContainsFunc(l.silences, func(o silence) bool {
		return o.from.Before(s.to) && (o.to.IsZero() || o.to.After(s.from.Add(-time.Second)))
	})
}

// anyHurt reports whether anything happened to one of Erlang's nodes during a time, or
// shortly before it.
func (m *erlangChaos) anyHurt(s span) bool {
	s.from = s.from.Add(-upsetFor)
	within := func(at time.Time) bool { return at.After(s.from) && at.Before(s.to) }
	return slices.ContainsFunc(m.lives, func(l *life) bool {
		return isErlang(l.node) && (within(l.started) || within(l.endFrom) || l.wasSilent(s))
	})
}

var (
	silentLine     = regexp.MustCompile(`^\*\* Node '([^']+)' not responding \*\*`)
	preventionLine = regexp.MustCompile(`^'global' at node '[^']+' (?:requested disconnect from|disconnected) node '([^']+)' in order to prevent overlapping partitions$`)
)

// expected reports whether something was done that has Erlang log so. Of a node of ours
// it may log that it is silent, and nothing else.
func (m *erlangChaos) expected(at time.Time, text string) bool {
	if silent := silentLine.FindStringSubmatch(text); silent != nil {
		return slices.ContainsFunc(m.lives, func(l *life) bool {
			return l.node == silent[1] && slices.ContainsFunc(l.silences, func(s silence) bool { return s.explains(at, s.from.Add(s.least)) })
		})
	}
	return !strings.Contains(text, "ours") && m.upset(at)
}

// prevented reports whether global has two of Erlang's nodes part, since either of them has
// lost a third one that the other has not. So each does that goes on after it was taken for
// dead: it tells whom it has lost, and those who have not part with these.
func (m *erlangChaos) prevented(v *view, at, of *life) bool {
	tells := func(l, of *life) bool {
		for node, at := range l.partings() {
			if node == of.node && at.Sub(v.to).Abs() < time.Second {
				return true
			}
		}
		return false
	}
	return m.upset(v.to) && (tells(at, of) || tells(of, at))
}

// upset reports whether, shortly before a moment, one of Erlang's nodes has started or ended,
// or has gone on after it was stopped for long, or was told to be silent by another one; or
// whether global was still at what it did for that. It may part nodes for half a minute, with
// no node of ours among them either.
func (m *erlangChaos) upset(at time.Time) bool {
	return m.hit(at) || slices.ContainsFunc(m.preventions(), func(t time.Time) bool { return recent(t, at) })
}

func recent(t, at time.Time) bool { return !t.After(at.Add(tick)) && at.Sub(t) < upsetFor }

func (m *erlangChaos) hit(at time.Time) bool {
	for _, l := range m.lives {
		if !isErlang(l.node) {
			continue
		}
		if recent(l.started, at) || recent(l.endFrom, at) {
			return true
		}
		for _, s := range l.silences {
			long := s.to.IsZero() || s.to.Sub(s.from) >= s.least
			if long && (recent(s.to, at) || !s.from.Add(s.least).After(at) && (s.to.IsZero() || at.Before(s.to))) {
				return true
			}
		}
	}
	return false
}

// partings are the nodes that global had l's node part with, as l logged it, and when.
func (l *life) partings() iter.Seq2[string, time.Time] {
	return func(yield func(string, time.Time) bool) {
		for line := range strings.Lines(l.process.log()) {
			e := erlangLine.FindStringSubmatch(strings.TrimSpace(line))
			if e == nil {
				continue
			}
			if p := preventionLine.FindStringSubmatch(e[3]); p != nil && !yield(p[1], stampOf(e[1])) {
				return
			}
		}
	}
}

// preventions are when global had nodes part, as far back as to what was done; those that
// are of nothing that was done are not among them.
func (m *erlangChaos) preventions() []time.Time {
	if m.prevents != nil {
		return m.prevents
	}
	var all []time.Time
	for _, l := range m.lives {
		if !isErlang(l.node) {
			continue
		}
		for _, at := range l.partings() {
			all = append(all, at)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	m.prevents = []time.Time{}
	for _, t := range all {
		if n := len(m.prevents); m.hit(t) || n > 0 && recent(m.prevents[n-1], t) {
			m.prevents = append(m.prevents, t)
		}
	}
	return m.prevents
}

// upsetFor is how long it takes global until all of Erlang's nodes are at one again.
const upsetFor = 5 * time.Second

// wrongNames is what is wrong with the names that global has everywhere. Where nodes of
// Erlang's were stopped for long it may hang for good, in one of six runs of these without a
// daemon, and the names are what they are then: mayHang allows it.
func (m *erlangChaos) wrongNames(mayHang bool) (wrong []string) {
	var want []string
	for _, node := range m.ofErlang() {
		want = append(want, fmt.Sprintf("{chaos,'%s'}", m.full(node)))
	}
	slices.Sort(want)
	text := "[" + strings.Join(want, ",") + "]"
	hang := false
	for _, node := range m.ofErlang() {
		switch got := m.beam(node).Eval(m.t, fmt.Sprintf("chaosnode:names(%d)", callWithin.Milliseconds())); {
		case got == "hang" && mayHang:
			m.t.Logf("global:sync() of %s hangs at the end", node)
			hang = true
		case got == "hang":
			wrong = append(wrong, fmt.Sprintf("global:sync() of %s hangs", node))
		case got != text:
			wrong = append(wrong, fmt.Sprintf("global of %s has the names %s, want %s", node, got, text))
		}
	}
	if hang {
		return nil
	}
	return wrong
}
