package statuspage

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

// tracksMost is how many nodes a time line has rows for.
const tracksMost = 60

// What is closer together than a browser can show is drawn as one, in parts of the
// whole width.
const (
	barLeast  = 0.0015
	markApart = 0.012
)

// timeline is the picture of a history. Places and widths are texts such as 12.50%.
type timeline struct {
	Rows    []timelineRow
	Ticks   []tick
	Starts  []mark // of the daemon
	Unknown string // how much of it, from the left, nothing is known of; may be empty
	More    int    // nodes that have no row
	Cut     bool   // there were more events than are read
}

type timelineRow struct {
	Node  nodeid.Name
	Says  string // for those who do not see it
	Bars  []bar
	Marks []mark
}

type bar struct {
	X, Width string
	Unsure   bool
	Says     string
}

type mark struct{ X, Says string }

type tick struct {
	X     string
	Label string // empty at the edges, where it would not fit
}

// draw draws the time from the beginning until now. What the status tells of now is
// later than the last event, or the same.
func draw(h *history, s syncnodes.Status, from, now time.Time) *timeline {
	w := window{from: from, to: now}
	t := &timeline{Ticks: w.ticks(), Cut: h.cut}
	known, starts := h.known, slices.Clone(h.runs)
	current := h.run == s.Incarnation.String()
	if !current {
		starts = append(starts, s.Started)
	}
	if known.IsZero() {
		known = s.Started
	}
	if known.After(from) {
		t.Unknown = percent(w.part(known))
	}
	for _, at := range starts {
		if w.has(at) {
			t.Starts = append(t.Starts, mark{X: percent(w.part(at)), Says: fmt.Sprintf("%s was started at %s", s.Node, stamp(at))})
		}
	}
	up := upNow(s, now)
	names := rowsOf(h, s)
	if more := len(names) - tracksMost; more > 0 {
		names, t.More = names[:tracksMost], more
	}
	for _, name := range names {
		spans := h.spans(name, current, s.Started)
		from, isUp := up[name]
		if told, ok := h.open[name]; ok && current {
			from, isUp = told, true
		}
		if isUp {
			spans = append(spans, span{from: from, to: now})
		}
		t.Rows = append(t.Rows, w.row(name, spans, h.downs(name), isUp))
	}
	return t
}

// rowsOf are those who have events, and those who are up, or should be.
func rowsOf(h *history, s syncnodes.Status) []nodeid.Name {
	names := slices.Collect(maps.Keys(h.tracks))
	for _, p := range s.Peers {
		if p.Expected || p.State.Linked() {
			names = append(names, p.Node)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// upNow has those who are up, and since when.
func upNow(s syncnodes.Status, now time.Time) map[nodeid.Name]since {
	up := map[nodeid.Name]since{}
	for _, p := range s.Peers {
		if p.State.Linked() {
			up[p.Node] = now.Add(p.Since - s.Now)
		}
	}
	return up
}

// spans are the ones that have ended, of which the last may have ended with the run
// before the current one.
func (h *history) spans(name nodeid.Name, current bool, started time.Time) []span {
	var spans []span
	if t := h.tracks[name]; t != nil {
		spans = slices.Clone(t.spans)
	}
	if from, ok := h.open[name]; ok && !current {
		spans = append(spans, span{from: from, to: h.last}, span{from: h.last, to: started, unsure: true})
	}
	return spans
}

func (h *history) downs(name nodeid.Name) []down {
	if t := h.tracks[name]; t != nil {
		return t.downs
	}
	return nil
}

// window is the time that is drawn.
type window struct{ from, to time.Time }

func (w window) has(at time.Time) bool { return !at.Before(w.from) && !at.After(w.to) }

// part is where a time stands, from 0 to 1.
func (w window) part(at time.Time) float64 {
	return max(0, min(1, float64(at.Sub(w.from))/float64(w.to.Sub(w.from))))
}

func (w window) row(name nodeid.Name, spans []span, downs []down, isUp bool) timelineRow {
	row := timelineRow{Node: name, Bars: w.bars(spans), Marks: w.marks(downs)}
	state := "not up"
	if isUp {
		state = "up"
	}
	row.Says = fmt.Sprintf("%s: now %s", name, state)
	downs = slices.DeleteFunc(slices.Clone(downs), func(d down) bool { return !w.has(d.at) })
	switch last := len(downs) - 1; {
	case last > 0:
		row.Says += fmt.Sprintf("; went down %d times, the last time at %s: %s", len(downs), stamp(downs[last].at), downs[last].text)
	case last == 0:
		row.Says += fmt.Sprintf("; went down at %s: %s", stamp(downs[0].at), downs[0].text)
	}
	return row
}

// bars draws spans that are in order. Where a gap is too small to be seen the bar goes
// on: a mark tells that the node was down.
func (w window) bars(spans []span) []bar {
	type drawn struct {
		span
		x, end float64
	}
	var all []drawn
	for _, s := range spans {
		if !s.to.After(w.from) || !s.to.After(s.from) {
			continue
		}
		d := drawn{s, w.part(s.from), w.part(s.to)}
		if last := len(all) - 1; last >= 0 && all[last].unsure == s.unsure && d.x-all[last].end < barLeast {
			all[last].to, all[last].end = s.to, max(d.end, all[last].end)
			continue
		}
		all = append(all, d)
	}
	bars := make([]bar, 0, len(all))
	for _, d := range all {
		width := max(d.end-d.x, barLeast)
		b := bar{X: percent(min(d.x, 1-width)), Width: percent(width), Unsure: d.unsure}
		switch {
		case d.unsure:
			b.Says = fmt.Sprintf("up when last seen, at %s; nobody looked until %s", stamp(d.from), stamp(d.to))
		case d.to.Equal(w.to):
			b.Says = "up since " + stamp(d.from)
		default:
			b.Says = fmt.Sprintf("up from %s to %s", stamp(d.from), stamp(d.to))
		}
		bars = append(bars, b)
	}
	return bars
}

// marks draws downs that are in order, those too close to each other as one.
func (w window) marks(downs []down) []mark {
	var marks []mark
	var first time.Time
	at, together := -1.0, 0
	for _, d := range downs {
		if !w.has(d.at) {
			continue
		}
		x := w.part(d.at)
		if at >= 0 && x-at < markApart {
			together++
			marks[len(marks)-1].Says = fmt.Sprintf("down %d times from %s on, the last time at %s: %s", together, stamp(first), stamp(d.at), d.text)
			continue
		}
		marks = append(marks, mark{X: percent(x), Says: fmt.Sprintf("down at %s: %s", stamp(d.at), d.text)})
		at, together, first = x, 1, d.at
	}
	return marks
}

// ticks are at round times of UTC.
func (w window) ticks() []tick {
	step, format := 24*time.Hour, "2 Jan"
	switch span := w.to.Sub(w.from); {
	case span <= time.Hour:
		step, format = 10*time.Minute, "15:04"
	case span <= 6*time.Hour:
		step, format = time.Hour, "15:04"
	case span <= 24*time.Hour:
		step, format = 4*time.Hour, "15:04"
	}
	var ticks []tick
	for at := w.from.UTC().Truncate(step).Add(step); at.Before(w.to); at = at.Add(step) {
		part := w.part(at)
		t := tick{X: percent(part)}
		if part > 0.05 && part < 0.95 {
			t.Label = at.Format(format)
		}
		ticks = append(ticks, t)
	}
	return ticks
}

func percent(part float64) string { return fmt.Sprintf("%.2f%%", 100*part) }
