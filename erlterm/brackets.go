package erlterm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// This file finds the cause of brackets that do not match. A wrong bracket
// shows only where another one closes the wrong thing, often lines later. So
// repair first asks for the fewest brackets to add, drop or exchange to make
// all match, and then, for each, where between the two that disagree it fits
// the layout and the shape of the terms.

// A mismatch is a disagreement between brackets.
type mismatch struct {
	fix   fix
	open  int // the word that opened, -1: nothing was open
	close int // the word that closes
}

type fix uint8

const (
	fixExchange fix = iota // close is of the wrong kind
	fixUnclosed            // open is not closed before close
	fixUnopened            // close closes nothing, or its opening one is missing
)

// repair reports the brackets that do not match and mends them. It returns
// false when there are too many to tell.
func (d *diagnosis) repair() bool {
	if balanced(d.words) || d.repairMaps() || d.repairByLayout() || d.repairSurplus() {
		return true
	}
	m := matcher{words: d.words, cut: d.cut, steps: 1 << 22}
	const most = 5
	for budget := 1; budget <= most; budget++ {
		if m.match(0, nil, budget) {
			d.mend(m.found)
			return true
		}
	}
	return false
}

// A matcher searches the fewest changes that make brackets match.
type matcher struct {
	words []word
	cut   bool // brackets may be open at the end
	steps int
	found []mismatch
}

// match matches the words from i on, with some brackets open, and reports
// whether that takes at most budget changes, which it leaves in found.
func (m *matcher) match(i int, open []int, budget int) bool {
	open = append([]int(nil), open...)
	for ; i < len(m.words); i++ {
		if m.steps--; m.steps < 0 {
			return false
		}
		switch k := m.words[i].kind; {
		case k.opens():
			open = append(open, i)
		case k.closes():
			top := len(open) - 1
			if top >= 0 && m.words[open[top]].kind.partner() == k {
				open = open[:top]
				continue
			}
			return m.change(i, open, budget)
		}
	}
	if m.cost(open) > budget {
		return false
	}
	m.found = m.found[:0]
	if !m.cut {
		for _, o := range open {
			m.found = append(m.found, mismatch{fixUnclosed, o, len(m.words) - 1})
		}
	}
	return true
}

// cost is the number of mistakes that leave brackets open at the end of the
// words. A text that ends without a dot may just be cut off: that is one.
func (m *matcher) cost(open []int) int {
	switch {
	case m.cut:
		return 0
	case m.words[len(m.words)-1].kind == tokEOF:
		return min(1, len(open))
	}
	return len(open)
}

// change tries each way to go on at word i, which closes what is not open.
func (m *matcher) change(i int, open []int, budget int) bool {
	if budget == 0 {
		return false
	}
	top := len(open) - 1
	if top >= 0 && m.match(i+1, open[:top], budget-1) {
		m.found = append(m.found, mismatch{fixExchange, open[top], i})
		return true
	}
	if top >= 0 && m.match(i, open[:top], budget-1) {
		m.found = append(m.found, mismatch{fixUnclosed, open[top], i})
		return true
	}
	if m.match(i+1, open, budget-1) {
		o := -1
		if top >= 0 {
			o = open[top]
		}
		m.found = append(m.found, mismatch{fixUnopened, o, i})
		return true
	}
	return false
}

// An edit mends the words: it inserts a bracket before word at, or, with kind
// tokEOF, drops word at.
type edit struct {
	at   int
	kind kind
}

// mend reports the mismatches and applies what would mend them.
func (d *diagnosis) mend(found []mismatch) {
	var edits []edit
	var gaps []gap
	for _, m := range found {
		switch m.fix {
		case fixExchange:
			want := d.words[m.open].kind.partner()
			d.errorf(m.close, m.close, fmt.Sprintf("write %s: it closes the %s at %s", want, d.words[m.open].kind, d.place(m.open)),
				"expected %s, found %s", want, d.words[m.close].kind)
			d.words[m.close].kind = want
		case fixUnclosed:
			gaps = append(gaps, gap{m.open, d.closingPlace(m.open, m.close)})
		case fixUnopened:
			edits = append(edits, d.reportUnopened(m.open, m.close))
		}
	}
	d.apply(append(edits, d.reportGaps(gaps)...))
}

// A gap is where a bracket should be closed: before word at.
type gap struct{ open, at int }

// reportGaps reports the brackets that are missing, once for each place, and
// returns what would fill the gaps.
func (d *diagnosis) reportGaps(gaps []gap) []edit {
	slices.SortFunc(gaps, func(a, b gap) int { // at one place, the innermost first
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.open, a.open))
	})
	var edits []edit
	for len(gaps) > 0 {
		g, missing := gaps[0], ""
		for len(gaps) > 0 && gaps[0].at == g.at {
			k := d.words[gaps[0].open].kind.partner()
			missing += strings.Trim(k.String(), "'")
			edits = append(edits, edit{g.at, k})
			gaps = gaps[1:]
		}
		hint := fmt.Sprintf("a '%s' is missing: the %s at %s is never closed", missing, d.words[g.open].kind, d.place(g.open))
		d.errorBehind(g.at-1, hint, "missing '%s'", missing)
		d.words[g.at-1].quiet = true
	}
	return edits
}

func (d *diagnosis) apply(edits []edit) {
	inserts := make(map[int][]kind)
	drops := make(map[int]bool)
	for _, e := range edits {
		if e.kind == tokEOF {
			drops[e.at] = true
		} else {
			inserts[e.at] = append(inserts[e.at], e.kind)
		}
	}
	var words []word
	for i, w := range d.words {
		for _, k := range inserts[i] {
			words = append(words, word{token: token{kind: k, off: w.off, end: w.off}, quiet: true, line: w.line})
			w.quiet = true
		}
		if !drops[i] {
			words = append(words, w)
		}
	}
	d.words = words
}

// children returns the words at which the elements between two brackets start.
func (d *diagnosis) children(open, close int) []int {
	var starts []int
	depth := 0
	fresh := true // an element may start here
	for i := open + 1; i < close; i++ {
		k := d.words[i].kind
		if depth == 0 && k != tokComma && !k.closes() {
			if fresh || d.words[i].first && k.startsTerm() {
				starts = append(starts, i)
			}
		}
		switch {
		case k.opens():
			depth++
		case k.closes():
			depth--
		}
		fresh = depth == 0 && k == tokComma
	}
	return starts
}

// closingPlace returns before which word the partner of the bracket at open
// belongs, which is not closed before close: before the first element that the
// layout or the shape of the terms puts outside of it, else before close.
func (d *diagnosis) closingPlace(open, close int) int {
	at := close
	children := d.children(open, close)
	if c := d.outsideByLayout(open, children); c > 0 {
		at = children[c]
	} else if c := d.outsideByShape(open, children); c > 0 {
		at = children[c]
	}
	if d.words[at-1].kind == tokComma && at != close {
		at--
	}
	return at
}

// outsideByLayout returns the first of the elements of a bracket that stands on
// its own line no further right than the line of the bracket, when one before
// it stood further right or on the line of the bracket. It is 0 when none is.
func (d *diagnosis) outsideByLayout(open int, children []int) int {
	limit := d.indentation(open)
	inside := false
	for i, c := range children {
		switch {
		case !d.words[c].first || d.column(c) > limit:
			inside = true
		case inside:
			return i
		}
	}
	return 0
}

// outsideByShape knows the key and value of a proplist in front of its other
// tuples: in {a, 1, {b, 2}, {c, 3} the first tuple was meant to end after 1.
func (d *diagnosis) outsideByShape(open int, children []int) int {
	if d.words[open].kind != tokLBrace || len(children) < 3 || d.kindAt(children[0]) != tokAtom || d.kindAt(children[1]) == tokLBrace {
		return 0
	}
	if !d.allTuples(children[2:]) {
		return 0
	}
	return 2
}

func (d *diagnosis) allTuples(children []int) bool {
	for _, c := range children {
		if d.kindAt(c) != tokLBrace {
			return false
		}
	}
	return true
}

// reportUnopened reports that the bracket at close has no partner, where open
// is the innermost one that is open. Either its partner is missing before an
// element, or it is one too many.
func (d *diagnosis) reportUnopened(open, close int) edit {
	k := d.words[close].kind
	children := d.children(open, close)
	at, hint := -1, ""
	switch {
	case open >= 0 && d.words[close-1].kind == tokComma:
		at, hint = close, fmt.Sprintf("a %s is missing before it", k.partner())
	case open < 0 && len(children) > 0 && d.kindAt(close-1) != k && d.words[0].kind != k.partner():
		at = children[0]
		hint = fmt.Sprintf("a %s is missing: the %s at %s closes nothing", k.partner(), k, d.place(close))
	case open >= 0 && d.words[open].kind == tokLBrace && k == tokRBracket:
		at, hint = d.missingBracket(open, close, children)
	case open >= 0 && d.words[open].kind == tokLBracket && k == tokRBrace:
		at, hint = d.missingBrace(close, children)
	}
	if at < 0 {
		hint = fmt.Sprintf("it is one too many, or a %s is missing before it", k.partner())
		if open >= 0 {
			hint = fmt.Sprintf("the %s at %s is open here: %s is one too many, or a %s is missing before it",
				d.words[open].kind, d.place(open), k, k.partner())
		}
		d.errorf(close, close, hint, "unexpected %s", k)
		return edit{close, tokEOF}
	}
	d.errorf(at, at, hint, "missing %s", k.partner())
	return edit{at, k.partner()}
}

// missingBracket finds where the list in a tuple {Key, Value, Value] starts.
func (d *diagnosis) missingBracket(open, close int, children []int) (at int, hint string) {
	if len(children) < 2 || d.kindAt(children[0]) != tokAtom || len(children) == 2 && !d.allTuples(children[1:]) {
		return -1, ""
	}
	at = children[1]
	name := d.textAt(children[0])
	if open == 1 && d.kindAt(0) == tokLBracket || d.depth(open) == 1 && d.allTuples(children[1:]) {
		return at, fmt.Sprintf("a '[' is missing: %s's parameters are a list", name)
	}
	return at, fmt.Sprintf("a '[' is missing: the value of %s is a list, which the ']' at %s ends", name, d.place(close))
}

// depth is the number of brackets that are open at word i.
func (d *diagnosis) depth(i int) int {
	depth := 0
	for _, w := range d.words[:i] {
		switch {
		case w.kind.opens():
			depth++
		case w.kind.closes():
			depth--
		}
	}
	return depth
}

// missingBrace finds where the last tuple in a list [{a, 1}, b, 2} starts: at
// the first of the elements at the end that are no tuples, or at the only
// element that is none.
func (d *diagnosis) missingBrace(close int, children []int) (at int, hint string) {
	var others []int // which of the children are no tuples
	for i, c := range children {
		if d.kindAt(c) != tokLBrace {
			others = append(others, i)
		}
	}
	n := len(others)
	if n == 0 || n > 1 && others[n-1] != len(children)-1 {
		return -1, ""
	}
	first := n - 1
	for first > 0 && others[first-1] == others[first]-1 {
		first--
	}
	at = children[others[first]]
	if d.kindAt(at) != tokAtom {
		return -1, ""
	}
	return at, fmt.Sprintf("a '{' is missing: the '}' at %s ends the tuple", d.place(close))
}

// repairByLayout closes brackets where a line starts no further right than the
// line that opened them. If that makes all brackets match, it is what was
// meant: it reports the brackets and mends them. Only missing ones that close
// can be found so.
func (d *diagnosis) repairByLayout() bool {
	var open []int
	var gaps []gap
	for i := range d.words {
		k := d.words[i].kind
		if d.words[i].first && k.opens() {
			for len(open) > 1 && d.column(i) <= d.indentation(open[len(open)-1]) {
				top := len(open) - 1
				at := i
				if d.words[i-1].kind == tokComma {
					at--
				}
				gaps = append(gaps, gap{open[top], at})
				open = open[:top]
			}
		}
		switch {
		case k.opens():
			open = append(open, i)
		case k.closes():
			top := len(open) - 1
			if top < 0 || d.words[open[top]].kind.partner() != k {
				return false
			}
			open = open[:top]
		}
	}
	if len(open) > 0 {
		return false
	}
	d.apply(d.reportGaps(gaps))
	return true
}

// repairMaps puts a { behind each # that has none. If that makes all brackets
// match, it is what was meant: it reports the brackets and mends them.
func (d *diagnosis) repairMaps() bool {
	var edits []edit
	for i, w := range d.words {
		if w.kind == tokHash && d.kindAt(i+1) != tokLBrace {
			edits = append(edits, edit{i + 1, tokLBrace})
		}
	}
	before := d.words
	if d.apply(edits); !balanced(d.words) {
		d.words = before
		return false
	}
	for i, w := range before {
		if w.kind == tokHash && before[i+1].kind != tokLBrace {
			d.p.errorAt(int(w.off), int(w.end), "missing '{'", "a '{' is missing: a map starts with #{")
		}
	}
	return true
}
