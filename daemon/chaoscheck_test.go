package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// This file holds what daemons logged against what was done to them. It knows
// nothing of how that was done.

// life is one run of a daemon, from its start to its end.
type life struct {
	node     string    // name@host
	started  time.Time // before the start
	endFrom  time.Time // before the signal that ended it; zero while it lives
	endTo    time.Time // when it was gone
	gentle   bool      // it was asked to leave
	silences []silence
	unfound  []span            // those with which it is not connected cannot find it, nor it them
	parted   map[string][]span // by node: the two were disconnected, and nothing else

	process victim

	// what it logged
	views map[string][]*view // of each other node, one after the other
	late  []late             // downs of nodes that it has not seen up itself
	lost  []span             // without its bus, as it says
}

// victim is the process of a life.
type victim interface {
	signal(sig syscall.Signal) error
	kill() // and wait for its end
	log() string
	done() <-chan struct{} // closed when it has ended
	end() (state string, at time.Time)
	pid() int
}

// silence is a time in which a daemon could not be heard: stopped, or cut off.
type silence struct {
	span
	sure  time.Time // it had begun by then; zero: by from
	what  string
	least time.Duration // a shorter one takes nobody down
	grace time.Duration // for what it did to show, after its end
}

// span is a time between two moments; without an end it lasts.
type span struct{ from, to time.Time }

// view is a time in which one life saw another node up.
type view struct {
	span
	lines  []string // of up and, where it ended, of down
	reason string
	detail string
	told   bool // it ended with a line, not with the life that saw it
}

// late is a down of a node that a former life has seen up, and this one has not.
type late struct {
	node string
	at   time.Time
	line string
}

// rules are what a daemon is held to, in what it tells of another.
type rules struct {
	timeout time.Duration // the silence that takes a node down
	early   time.Duration // a probe may have waited so long when the silence began
	death   time.Duration // from an end to the last line of it
	silent  time.Duration // from the beginning of a silence to the last line of it
	connect time.Duration // two that can be connected are, after this
	young   time.Duration // no verdict so soon after the own bus is back
	after   time.Duration // an own silence may show so long: links are made anew

	// They have a connection of Erlang's: it does without the bus, and what ends it
	// is seen by its end, without a detail.
	connection bool
	reasons    bool // it ends for connection_closed, or for net_tick_timeout, as is right
	// tells of other things that end one
	excused func(v *view, at, of *life) bool
}

// tick is what is lost of a time in a log line.
const tick = 2 * time.Millisecond

var (
	eventLine = regexp.MustCompile(`^(\S+) (?:\[\w+\] +interconnectd\.observer: )?--- Node (up|down): (\S+): (.*)$`)
	busLine   = regexp.MustCompile(`^(\S+) \[\w+\] +interconnectd\.node: bus (lost|back)`)
	crashLine = regexp.MustCompile(`DATA RACE|^panic: |^fatal error: |\[ERROR\]`)
	detailIn  = regexp.MustCompile(`detail=("[^"]*"|\S+)`)
	reasonIn  = regexp.MustCompile(`reason=(\S+)`)
)

// read takes in the log of l, and gives what is wrong with it alone.
func (l *life) read(log string) (wrong []string) {
	l.views, l.late, l.lost = map[string][]*view{}, nil, nil
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if crashLine.MatchString(line) {
			wrong = append(wrong, fmt.Sprintf("%s logs: %s", l.node, line))
		}
		if m := busLine.FindStringSubmatch(line); m != nil {
			l.readBus(m[2] == "lost", stampOf(m[1]))
		}
		if m := eventLine.FindStringSubmatch(line); m != nil {
			if err := l.readEvent(m[2] == "up", m[3], m[4], stampOf(m[1]), line); err != "" {
				wrong = append(wrong, err)
			}
		}
	}
	return wrong
}

func stampOf(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

func (l *life) readBus(lost bool, at time.Time) {
	if lost {
		l.lost = append(l.lost, span{from: at})
	} else if n := len(l.lost); n > 0 {
		l.lost[n-1].to = at
	}
}

// readEvent takes in one line; up and down must alternate, up first.
func (l *life) readEvent(up bool, node, fields string, at time.Time, line string) string {
	views := l.views[node]
	isUp := len(views) > 0 && !views[len(views)-1].told
	switch {
	case !up && len(views) == 0 && strings.Contains(fields, "not back since this daemon was started"):
		l.late = append(l.late, late{node, at, line})
	case up == isUp:
		return fmt.Sprintf("%s tells the same twice:\n\t%s", l.node, line)
	case up:
		l.views[node] = append(views, &view{span: span{from: at}, lines: []string{line}})
	default:
		v := views[len(views)-1]
		v.to, v.told, v.lines = at, true, append(v.lines, line)
		if m := reasonIn.FindStringSubmatch(fields); m != nil {
			v.reason = m[1]
		}
		if m := detailIn.FindStringSubmatch(fields); m != nil {
			v.detail = strings.Trim(m[1], `"`)
		}
	}
	return ""
}

// seesNow is how many nodes l sees up at the end of its log.
func (l *life) seesNow() (up []string) {
	for node, views := range l.views {
		if !views[len(views)-1].told {
			up = append(up, node)
		}
	}
	slices.Sort(up)
	return up
}

// endOr is when l ended, or until.
func (l *life) endOr(until time.Time) time.Time {
	if l.endFrom.IsZero() {
		return until
	}
	return l.endFrom
}

// report is what a check found.
type report struct {
	wrong   []string
	deaths  []time.Duration // from each end to each line of it
	silents []time.Duration // from each beginning of a silence to each line of it
	events  int
}

// check holds what all lives saw, until a moment, against what was done. The rules are
// those of one life in what it tells of another.
func check(lives []*life, rulesOf func(judge, other *life) rules, until time.Time) *report {
	rep := &report{}
	byNode := map[string][]*life{}
	for _, l := range lives {
		byNode[l.node] = append(byNode[l.node], l)
	}
	for _, l := range lives {
		for node, views := range l.views {
			for _, v := range views {
				rep.events += len(v.lines)
				if wrong := rep.explain(l, v, byNode[node], rulesOf, until); wrong != "" {
					rep.wrong = append(rep.wrong, fmt.Sprintf("%s of %s: %s\n\t%s%s", l.node, node, wrong,
						strings.Join(v.lines, "\n\t"), otherSide(byNode[node], l.node, v)))
				}
			}
		}
		for _, d := range l.late {
			rep.events++
			if slices.ContainsFunc(byNode[d.node], func(other *life) bool { return heard(l, other, d.at, rulesOf(l, other), until) }) {
				rep.wrong = append(rep.wrong, fmt.Sprintf("%s tells that %s is not back, and it was there:\n\t%s", l.node, d.node, d.line))
			}
		}
		for node, others := range byNode {
			if node == l.node {
				continue
			}
			for _, other := range others {
				if gap := apart(l, other, until); gap.to.Sub(gap.from) > rulesOf(l, other).connect {
					rep.wrong = append(rep.wrong, fmt.Sprintf("%s does not see %s from %s to %s", l.node, node, clock(gap.from), clock(gap.to)))
				}
			}
		}
	}
	slices.Sort(rep.wrong)
	return rep
}

// heard reports whether l could have been connected with that life of another node
// for long enough, up to a moment.
func heard(l, other *life, at time.Time, r rules, until time.Time) bool {
	from := latest(l.started, other.started).Add(r.connect)
	if from.After(at) || !other.endOr(until).After(at) {
		return false
	}
	for _, e := range append(l.excuses(), other.excuses()...) {
		if e.from.Before(at) && e.to.After(at.Add(-r.connect)) {
			return false
		}
	}
	return true
}

// otherSide is what the other node logged of the one that saw v, around v.
func otherSide(others []*life, node string, v *view) string {
	const around = 15 * time.Second
	text := ""
	for _, other := range others {
		for _, w := range other.views[node] {
			if w.from.Before(latest(v.from, v.to).Add(around)) && (!w.told || w.to.After(v.from.Add(-around))) {
				text += "\n\tthe other: " + strings.Join(w.lines, "\n\tthe other: ")
			}
		}
	}
	return text
}

func clock(at time.Time) string { return at.UTC().Format("15:04:05.000") }

// explain finds the life of the other node that v was a view of; else it says
// what is wrong with the best one.
func (rep *report) explain(l *life, v *view, others []*life, rulesOf func(judge, other *life) rules, until time.Time) string {
	wrong := "it had not been started then"
	for _, other := range slices.Backward(others) {
		if other.started.After(v.from.Add(tick)) {
			continue
		}
		r := rulesOf(l, other)
		w := fits(l, v, other, r, until)
		if w == "" {
			rep.measure(l, v, other, r)
			return ""
		}
		if wrong == "it had not been started then" {
			wrong = w
		}
	}
	return wrong
}

// measure keeps how long what ended v took, where l could judge all the time.
func (rep *report) measure(l *life, v *view, other *life, r rules) {
	since := func(at time.Time, bound time.Duration, took *[]time.Duration) {
		if l.due(at, bound, r).Equal(at.Add(bound)) {
			*took = append(*took, v.to.Sub(at))
		}
	}
	switch {
	case !v.told:
	case !other.endFrom.IsZero() && v.to.After(other.endFrom.Add(-tick)):
		since(other.endFrom, r.death, &rep.deaths)
	case v.reason == "net_tick_timeout" && v.detail != "declared down by peer":
		for _, s := range slices.Backward(other.silences) {
			if v.to.After(s.from) {
				since(s.from, r.silent, &rep.silents)
				return
			}
		}
	}
}

// fits says what speaks against l having seen that life of other from v.from
// to v.to.
func fits(l *life, v *view, other *life, r rules, until time.Time) string {
	to := v.to
	if !v.told {
		to = l.endOr(until)
	}
	if !other.endTo.IsZero() {
		if by := l.due(other.endTo, r.death, r); to.After(by) {
			return fmt.Sprintf("it was gone at %s, which was to be told by %s", clock(other.endTo), clock(by))
		}
	}
	for _, s := range other.silences {
		by := l.due(latest(s.from, s.sure), r.silent, r)
		if v.from.Before(s.from) && by.Before(s.to) && to.After(by) {
			return fmt.Sprintf("it was %s from %s to %s, which was to be told by %s", s.what, clock(s.from), clock(s.to), clock(by))
		}
	}
	if !v.told {
		return ""
	}
	if wrong := l.mayJudge(v, r); wrong != "" {
		return wrong
	}
	return justified(l, v, other, r)
}

// mayJudge says why l could not have told a verdict then: its own bus was lost,
// or young.
func (l *life) mayJudge(v *view, r rules) string {
	if r.connection || v.reason == "shutdown" || v.detail == "declared down by peer" || v.detail == "link replaced" {
		return "" // the other's word
	}
	for _, lost := range l.lost {
		// What was told before may be written a moment later.
		began := lost.from.Add(r.early)
		if v.to.After(began) && (lost.to.IsZero() || v.to.Before(lost.to.Add(r.young-tick))) {
			return fmt.Sprintf("a verdict while the own bus was lost or young, from %s", clock(lost.from))
		}
	}
	return ""
}

// justified says why the down that ended v is false; "" where it is not.
func justified(l *life, v *view, other *life, r rules) string {
	ended := !other.endFrom.IsZero() && !v.to.Before(other.endFrom.Add(-tick))
	// Erlang says so of a connection that it set up, and that was closed by then.
	if v.reason == "shutdown" && !r.connection && !(ended && other.gentle) {
		return "it was not asked to leave"
	}
	if ended {
		return r.wrongReason(v, other, "connection_closed")
	}
	for _, p := range l.parted[other.node] {
		if !v.to.Before(p.from.Add(-tick)) && v.to.Before(p.to) {
			return ""
		}
	}
	wrong := "a false down: it lived and could be heard"
	for _, s := range other.silences {
		if !s.explains(v.to, s.from.Add(r.timeout-r.early)) {
			continue
		}
		if !s.to.IsZero() && !v.to.Before(s.to) { // what ended it meanwhile shows now
			return ""
		}
		if wrong = r.wrongReason(v, other, "net_tick_timeout"); wrong == "" {
			return ""
		}
	}
	for _, s := range l.silences {
		// Who was silent himself was declared down by the other.
		theirs := v.detail == "declared down by peer" || v.detail == "link replaced" || r.connection && v.reason == "connection_closed"
		s.grace += r.after
		if theirs && s.explains(v.to, s.from) {
			return ""
		}
	}
	if other.hadEnded(l.node, v) || r.excused != nil && r.excused(v, l, other) {
		return ""
	}
	return wrong
}

// wrongReason says what is wrong with the reason of a connection's end.
func (r rules) wrongReason(v *view, other *life, want string) string {
	if !r.reasons || v.reason == want {
		return ""
	}
	for _, s := range other.silences { // it may have ended in the midst of one
		if v.reason == "net_tick_timeout" && s.explains(v.to, s.from.Add(r.timeout-r.early)) {
			return ""
		}
	}
	return "it ended for " + v.reason + ", want " + want
}

// hadEnded reports whether l had taken node down before v ended, and had not
// seen it up again: v was the other end of a link that was none any more. Who
// took the other down first is asked why.
func (l *life) hadEnded(node string, v *view) bool {
	ended := false
	for _, w := range l.views[node] {
		switch {
		case !w.from.After(v.to.Add(tick)) && (!w.told || w.to.After(v.to.Add(-tick))):
			return false
		case w.told && w.to.After(v.from) && w.to.Before(v.to):
			ended = true
		}
	}
	return ended
}

// explains reports whether s is long enough to take a node down at at.
func (s silence) explains(at, soonest time.Time) bool {
	if s.to.IsZero() {
		return !at.Before(soonest)
	}
	return s.to.Sub(s.from) >= s.least && !at.Before(soonest) && at.Before(s.to.Add(s.grace))
}

// due is when l must have told what happened at at, within bound: a judge that
// could not hear or act himself meanwhile begins anew.
func (l *life) due(at time.Time, bound time.Duration, r rules) time.Time {
	by := at.Add(bound)
	for _, e := range l.excuses() {
		if e.from.Before(by) && e.to.After(at) {
			by = latest(by, e.to.Add(r.silent))
		}
	}
	return by
}

// excuses are the times in which l could not judge, in their order.
func (l *life) excuses() []span {
	spans := []span{{l.started, l.started.Add(time.Second)}}
	for _, s := range l.silences {
		spans = append(spans, span{s.from, s.to.Add(s.grace)})
	}
	spans = append(spans, l.lost...)
	for i := range spans {
		if spans[i].to.Before(spans[i].from) { // it lasts
			spans[i].to = spans[i].from.Add(24 * time.Hour)
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	return spans
}

// apart is the longest time in which two lives could have been connected, and
// l did not say so.
func apart(l, other *life, until time.Time) (longest span) {
	from := latest(l.started, other.started)
	to := earliest(l.endOr(until), other.endOr(until))
	covered := append(l.excuses(), other.excuses()...)
	covered = append(covered, l.unfound...)
	for _, v := range l.views[other.node] {
		end := v.to
		if !v.told {
			end = until
		}
		covered = append(covered, span{v.from, end})
	}
	slices.SortFunc(covered, func(a, b span) int { return a.from.Compare(b.from) })
	for _, c := range append(covered, span{to, to}) {
		if gap := (span{from, earliest(c.from, to)}); gap.to.Sub(gap.from) > longest.to.Sub(longest.from) {
			longest = gap
		}
		from = latest(from, c.to)
	}
	return longest
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
