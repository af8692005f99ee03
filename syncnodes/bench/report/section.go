package report

import (
	"fmt"
	"slices"
	"strings"
)

// section is what the report says about one quantity.
type section struct {
	Title    string
	About    string
	Plot     string
	Table    table
	Notes    string   // of what the figures are, and the limit
	Verdicts []string // who has less, and why
}

// called are the systems in tables and prose.
var called = map[string]string{Embedded: "ours embedded", External: "ours external", OTP: OTP, Serf: Serf}

// sections are those of the quantities that were measured of any fleet.
func (r *Report) sections() []section {
	var all []section
	told := map[string]bool{}
	for _, q := range quantities {
		if t := r.fleetTable(q); len(t.rows) > 0 {
			all = append(all, section{
				Title: q.title, About: r.about(q), Plot: q.plot, Table: t,
				Notes: strings.TrimSpace(r.taken(q) + " " + r.limitNote(q)), Verdicts: r.verdicts(q, told),
			})
		}
	}
	return all
}

// about is what a quantity is, and what those systems do for it of which there are figures.
func (r *Report) about(q quantity) string {
	words := []string{q.about}
	for _, d := range q.does {
		if slices.ContainsFunc(r.Fleets, func(f Fleet) bool { return slices.Contains(d.systems, f.System) && len(q.pick(f)) > 0 }) {
			words = append(words, d.text)
		}
	}
	return strings.Join(words, " ")
}

// sizes are the numbers of nodes of all fleets.
func (r *Report) sizes() []int {
	var all []int
	for _, f := range r.Fleets {
		all = append(all, f.Nodes)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sample is what was measured of a fleet, if there is one.
func (r *Report) sample(q quantity, system string, nodes int) Sample {
	f, found := r.Fleet(system, nodes)
	if !found {
		return nil
	}
	return q.pick(f)
}

func (r *Report) fleetTable(q quantity) table {
	t := table{heads: []string{"nodes"}}
	for _, system := range slices.Concat(ours, peers) {
		t.heads = append(t.heads, called[system])
	}
	for _, our := range ours {
		for _, peer := range peers {
			t.heads = append(t.heads, strings.TrimPrefix(called[our], "ours ")+" / "+strings.TrimPrefix(peer, "Erlang/"))
		}
	}
	t.heads = append(t.heads, "limit")
	for _, n := range r.sizes() {
		row := []string{count(n)}
		for _, system := range slices.Concat(ours, peers) {
			row = append(row, q.unit.sample(r.sample(q, system, n)))
		}
		if strings.Join(row[1:], "") == "" {
			continue
		}
		for _, our := range ours {
			for _, peer := range peers {
				row = append(row, ratio(r.sample(q, our, n).Median(), r.sample(q, peer, n).Median()))
			}
		}
		limit := ""
		if q.limit != nil {
			limit = q.unit.known(q.limit.of(r, n))
		}
		t.add(append(row, limit)...)
	}
	return t
}

// taken tells what the values of a table's samples are.
func (r *Report) taken(q quantity) string {
	least, most := 0, 0
	for _, f := range r.Fleets {
		if n := len(q.pick(f)); n > 0 {
			if least == 0 {
				least = n
			}
			least, most = min(least, n), max(most, n)
		}
	}
	switch {
	case q.sample == "" || most == 0:
		return ""
	case q.sample == eachNode:
		return "The median node's, least and most in brackets."
	case most == 1:
		return "Of one " + q.sample + "."
	case least == most:
		return fmt.Sprintf("Medians of %d %ss, least and most in brackets.", most, q.sample)
	default:
		return fmt.Sprintf("Medians of %d to %d %ss, least and most in brackets.", least, most, q.sample)
	}
}

// limitNote tells the limit and, for the largest fleets, how it comes about.
func (r *Report) limitNote(q quantity) string {
	sizes := r.sizes()
	if q.limit == nil || len(sizes) == 0 {
		return ""
	}
	n := sizes[len(sizes)-1]
	limit := q.limit.of(r, n)
	if limit == 0 {
		return ""
	}
	note := "The limit of ours is " + q.limit.about
	if sum := q.limit.sum(r, n); sum != "" {
		note += fmt.Sprintf("; of %d nodes %s = %s", n, sum, q.unit.text(limit))
	}
	return note + "."
}

// verdicts hold each of ours against each peer, peers that are better first. Told are the
// whys that stand above already.
func (r *Report) verdicts(q quantity, told map[string]bool) []string {
	var worse, better []string
	for _, peer := range peers {
		for _, our := range ours {
			worse = append(worse, r.verdict(q, peer, our, told)...)
			better = append(better, r.verdict(q, our, peer, told)...)
		}
	}
	return append(worse, better...)
}

// verdict says for which numbers of nodes the one system has less than the other, and why;
// nothing where there is none. Figures that print alike are alike.
func (r *Report) verdict(q quantity, less, more string, told map[string]bool) []string {
	var parts []string
	for _, n := range r.sizes() {
		a, b := r.sample(q, less, n), r.sample(q, more, n)
		part, ok := lessBy(a, b)
		if !ok {
			continue
		}
		if len(parts) == 0 {
			part += " of " + its(more) + " " + q.of
		}
		part += " at " + count(n)
		if len(parts) == 0 {
			part += " nodes"
		}
		if overlap(a, b) {
			part += " (their spreads overlap)"
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return nil
	}
	text := fmt.Sprintf("%s is %s than %s", called[less], q.better, called[more])
	if slices.Contains(peers, less) {
		text = "**" + text + "**"
	}
	text += ": " + list(parts) + "."
	for _, w := range q.whys {
		switch {
		case !slices.Contains(w.less, less) || !slices.Contains(w.more, more):
		case told[w.text]:
			text += " Why stands above."
		default:
			text += " " + w.text
			told[w.text] = true
		}
	}
	return []string{sentence(text)}
}

// lessBy is which part of b a is, if it is less.
func lessBy(a, b Sample) (part string, less bool) {
	part = ratio(a.Median(), b.Median())
	return part, part != "" && part != fraction(1) && a.Median() < b.Median()
}

func its(system string) string {
	if slices.Contains(ours, system) {
		return "our"
	}
	return "its"
}

// overlap tells whether a value of the one may be one of the other's. Nothing is known of the
// spread of a single value.
func overlap(a, b Sample) bool {
	aLeast, aMost := a.Spread()
	bLeast, bMost := b.Spread()
	return len(a) > 1 && len(b) > 1 && aLeast <= bMost && bLeast <= aMost
}

// list is "a, b and c".
func list(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
