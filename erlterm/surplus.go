package erlterm

import "fmt"

// This file finds brackets that close too early. Such a bracket closes what is
// open, so nothing is wrong there: it shows where one is missing that it took
// the place of, often much later. There are as many brackets too many as there
// are at the end, and without the right ones the lines are laid out well.

// maxSurplus is how many brackets in a row are looked for: ]} at the most.
const maxSurplus = 2

// repairSurplus reports brackets that close too early and drops them. It returns
// false when there seem to be none.
func (d *diagnosis) repairSurplus() bool {
	fail, open := d.firstMismatch()
	if fail < 0 || d.cut {
		return false
	}
	if _, ok := d.fitsWithout(fail, fail); ok && open < 0 {
		return false // that one is too many, or its partner is missing
	}
	surplus := d.surplus()
	first, last, fewest := -1, -1, 0
	tries := 1 << 24 / len(d.words) // to keep the time within bounds
	for to := fail - 1; to > 0 && tries > 0; to-- {
		for from := to; from > to-maxSurplus && d.kindAt(from).closes(); from-- {
			if d.countOf(from, to) != surplus || open >= 0 && !d.endsChild(from, to, open) {
				continue
			}
			tries--
			misfits, ok := d.fitsWithout(from, to)
			if ok && (first < 0 || misfits < fewest || misfits == fewest && !d.sameRun(to, first)) {
				first, last, fewest = from, to, misfits
			}
		}
	}
	if first < 0 || open >= 0 && fewest > 0 {
		return false
	}
	d.reportSurplus(first, last)
	return true
}

// reportSurplus reports the words from first to last and drops them.
func (d *diagnosis) reportSurplus(first, last int) {
	text := ""
	for i := first; i <= last; i++ {
		text += d.textAt(i)
	}
	hint := fmt.Sprintf("'%s' is too much: remove it", text)
	opener := d.openerOf(first)
	var edits []edit
	for i := first; i <= last; i++ {
		edits = append(edits, edit{i, tokEOF})
	}
	dropped := last + 1 - first
	before := d.words
	d.apply(edits)
	if closer := d.skipBrackets(opener) - 1 + dropped; closer < len(before) {
		hint += fmt.Sprintf(", the %s at %s ends at %s", before[opener].kind, d.p.file.src.position(int(before[opener].off)),
			d.p.file.src.position(int(before[closer].off)))
	}
	d.p.errorAt(int(before[first].off), int(before[last].end), fmt.Sprintf("unexpected '%s'", text), hint)
}

// firstMismatch returns the first bracket that does not close what is open, and
// what is open there, -1 for nothing. The bracket is -1 if there is none.
func (d *diagnosis) firstMismatch() (fail, open int) {
	var stack []int
	for i, w := range d.words {
		switch {
		case w.kind.opens():
			stack = append(stack, i)
		case w.kind.closes():
			if len(stack) == 0 {
				return i, -1
			}
			top := stack[len(stack)-1]
			if d.words[top].kind.partner() != w.kind {
				return i, top
			}
			stack = stack[:len(stack)-1]
		}
	}
	return -1, -1
}

// A surplus is how many more closing brackets of each kind there are than
// opening ones.
type surplus struct{ parens, brackets, braces, bins int }

func (s *surplus) count(k kind) {
	switch k {
	case tokLParen:
		s.parens--
	case tokRParen:
		s.parens++
	case tokLBracket:
		s.brackets--
	case tokRBracket:
		s.brackets++
	case tokLBrace:
		s.braces--
	case tokRBrace:
		s.braces++
	case tokLBin:
		s.bins--
	case tokRBin:
		s.bins++
	}
}

func (d *diagnosis) surplus() surplus { return d.countOf(0, len(d.words)-1) }

func (d *diagnosis) countOf(from, to int) (s surplus) {
	for _, w := range d.words[from : to+1] {
		s.count(w.kind)
	}
	return s
}

// endsChild reports whether the words close an element of the bracket at open,
// and the next one stands on a line of its own.
func (d *diagnosis) endsChild(from, to, open int) bool {
	opener := d.openerOf(from)
	if opener <= open || d.kindAt(to+1) != tokComma || !d.kindAt(to+2).opens() || !d.words[to+2].first {
		return false
	}
	depth := 0
	for _, w := range d.words[open+1 : opener] {
		switch {
		case w.kind.opens():
			depth++
		case w.kind.closes():
			depth--
		}
	}
	return depth == 0
}

// sameRun reports whether only closing brackets stand from word i to word j.
func (d *diagnosis) sameRun(i, j int) bool {
	for ; i <= j; i++ {
		if !d.kindAt(i).closes() {
			return false
		}
	}
	return true
}

// openerOf returns the word that opens the bracket which closes at word i.
func (d *diagnosis) openerOf(i int) int {
	depth := 0
	for ; i >= 0; i-- {
		switch k := d.words[i].kind; {
		case k.closes():
			depth++
		case k.opens():
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}

// fitsWithout reports whether all brackets match, and hold the whole text,
// without the words from first to last. It counts the lines that are not laid
// out so: brackets that close further left or right than the line that opened
// them, and others that start no further right.
func (d *diagnosis) fitsWithout(first, last int) (misfits int, ok bool) {
	var open []int
	for i, w := range d.words {
		if i >= first && i <= last {
			continue
		}
		top := len(open) - 1
		if i > 0 && top < 0 {
			return misfits, w.kind == tokDot || w.kind == tokEOF
		}
		switch {
		case w.kind.opens():
			if w.first && top >= 0 && d.column(i) <= d.indentation(open[top]) {
				misfits++
			}
			open = append(open, i)
		case w.kind.closes():
			if d.words[open[top]].kind.partner() != w.kind {
				return misfits, false
			}
			if w.first && d.column(i) != d.indentation(open[top]) {
				misfits++
			}
			open = open[:top]
		}
	}
	return misfits, false
}
