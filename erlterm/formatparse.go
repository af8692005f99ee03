package erlterm

import "strings"

// A layoutParser reads the tokens of a text that is known to parse, and keeps
// their comments. A comment between two tokens belongs to the element it stands
// behind on its line, or else to the one that follows.
type layoutParser struct {
	scanner
	tok     token
	gap     []comment // before tok, those that no part has taken yet
	newLine bool      // tok starts a line
	blank   bool      // and a blank line is before it
	pending []comment // before a comma or a dot, for the part behind it
}

// parseLayout returns the terms of a text as the parts of a node.
func parseLayout(text string) *node {
	p := &layoutParser{scanner: newScanner(text, 0, nil)}
	p.next()
	root := &node{kind: nodeBrackets}
	for p.tok.kind != tokEOF {
		e := p.beginPart(root)
		e.node = p.term(e)
		root.parts = append(root.parts, e)
		p.separator(e) // the dot
	}
	p.endParts(root)
	return root
}

// next goes on to the next token and takes the comments before it.
func (p *layoutParser) next() {
	start := p.pos
	atStart := start == 0
	p.tok = p.scan()
	gap := p.src[start:p.tok.off]
	lines := 0
	for i := 0; i < len(gap); i++ {
		switch gap[i] {
		case '\n':
			lines++
		case '%':
			text, _, _ := strings.Cut(gap[i:], "\n")
			i += len(text) - 1
			p.gap = append(p.gap, comment{
				text:   strings.TrimRight(text, " \t\r\v\f"),
				blank:  lines > 1,
				behind: lines == 0 && !atStart,
			})
			lines, atStart = 0, false
		}
	}
	p.newLine, p.blank = lines > 0, lines > 1
}

// word returns the text of the current token and goes on. Comments before it that
// nobody has taken go before the whole part.
func (p *layoutParser) word(e *part) string {
	e.lead = append(e.lead, p.gap...)
	p.gap = p.gap[:0]
	text := p.src[p.tok.off:p.tok.end]
	p.next()
	return text
}

// beginPart returns the next part of n, with the comments before it.
func (p *layoutParser) beginPart(n *node) *part {
	e := &part{newLine: p.newLine, blank: p.blank, lead: p.pending}
	p.pending = nil
	for _, c := range p.gap {
		if len(e.lead) > 0 || !n.addBehind(c) {
			e.lead = append(e.lead, c)
		}
	}
	p.gap = p.gap[:0]
	return e
}

// addBehind puts a comment behind the last part, or behind the opening bracket.
// It returns false when it does not belong there.
func (n *node) addBehind(c comment) bool {
	place := &n.openTrail
	if len(n.parts) > 0 {
		place = &n.parts[len(n.parts)-1].trail
	}
	if !c.behind || *place != "" {
		return false
	}
	*place = c.text
	return true
}

// separator goes over the comma, bar or dot behind a part.
func (p *layoutParser) separator(e *part) {
	for _, c := range p.gap {
		if c.behind && e.trail == "" {
			e.trail = c.text
		} else {
			p.pending = append(p.pending, c)
		}
	}
	p.gap = p.gap[:0]
	p.next()
}

// endParts takes the comments behind the last part of n.
func (p *layoutParser) endParts(n *node) {
	n.tail, p.pending = p.pending, nil
	for _, c := range p.gap {
		if len(n.tail) > 0 || !n.addBehind(c) {
			n.tail = append(n.tail, c)
		}
	}
	p.gap = p.gap[:0]
}

func (p *layoutParser) term(e *part) *node {
	switch p.tok.kind {
	case tokLBracket, tokLBrace, tokLBin, tokLParen, tokHash:
		return p.brackets(e)
	case tokPlus, tokMinus:
		text := p.word(e)
		parens := 0
		for ; p.tok.kind == tokLParen; parens++ {
			text += p.word(e)
		}
		text += p.word(e)
		for range parens {
			text += p.word(e)
		}
		return newWord(nodeNumber, text)
	case tokInt, tokFloat, tokChar:
		return newWord(nodeNumber, p.word(e))
	case tokReserved: // fun Module:Function/Arity
		text := p.word(e) + " "
		for range 5 {
			text += p.word(e)
		}
		return newWord(nodeWord, text)
	case tokString:
		return p.strings(e)
	}
	return newWord(nodeWord, p.word(e))
}

// strings parses one string, or several side by side.
func (p *layoutParser) strings(e *part) *node {
	n := &node{kind: nodeStrings, parts: []*part{{node: newWord(nodeWord, p.word(e))}}}
	for p.tok.kind == tokString {
		s := p.beginPart(n)
		s.node = newWord(nodeWord, p.word(s))
		n.parts = append(n.parts, s)
	}
	if len(n.parts) == 1 {
		return n.parts[0].node
	}
	return n.measure()
}

func (p *layoutParser) brackets(e *part) *node {
	n := &node{kind: nodeBrackets, open: p.word(e)}
	if n.open == "#" {
		n.open += p.word(e)
	}
	closing := closingBrackets[n.open]
	var bar struct{ here, newLine, blank bool } // before the part
	for p.tok.kind != closing {
		part := p.beginPart(n)
		part.bar = bar.here
		part.newLine = part.newLine || bar.newLine
		part.blank = part.blank || bar.blank
		switch n.open {
		case "#{":
			key := p.term(part)
			arrow := newWord(nodeWord, " "+p.word(part)+" ")
			part.node = (&node{kind: nodeRow, cells: []*node{key, arrow, p.term(part)}}).measure()
		case "<<":
			part.node = p.segment(part)
		default:
			part.node = p.term(part)
		}
		n.parts = append(n.parts, part)
		if bar.here = p.tok.kind == tokBar; bar.here {
			bar.newLine, bar.blank = p.newLine, p.blank
		}
		if bar.here || p.tok.kind == tokComma {
			p.separator(part)
		}
	}
	p.endParts(n)
	n.close = p.src[p.tok.off:p.tok.end]
	p.next()
	n.numbers = n.areNumbers()
	n.expanded = n.isExpanded()
	return n.measure()
}

var closingBrackets = map[string]kind{"[": tokRBracket, "{": tokRBrace, "#{": tokRBrace, "<<": tokRBin, "(": tokRParen}

// segment parses Value:Size/Types.
func (p *layoutParser) segment(e *part) *node {
	row := &node{kind: nodeRow, cells: []*node{p.term(e)}}
	if p.tok.kind == tokColon {
		row.cells = append(row.cells, newWord(nodeWord, p.word(e)), p.term(e))
	}
	text := ""
	for p.tok.kind != tokComma && p.tok.kind != tokRBin {
		text += p.word(e)
	}
	if text == "" && len(row.cells) == 1 {
		return row.cells[0]
	}
	if text != "" {
		row.cells = append(row.cells, newWord(nodeWord, text))
	}
	return row.measure()
}

// areNumbers reports whether the parts stand in rows: numbers, and the segments
// of a binary, without comments.
func (n *node) areNumbers() bool {
	for _, p := range n.parts {
		if p.node.kind != nodeNumber && n.open != "<<" || p.node.flat == unflat || p.bar || len(p.lead) > 0 || p.trail != "" {
			return false
		}
	}
	return n.openTrail == "" && len(n.tail) == 0
}

// isExpanded reports whether the text had one part on each line, or meant to.
func (n *node) isExpanded() bool {
	if len(n.parts) == 0 {
		return false
	}
	if n.parts[0].newLine {
		return true
	}
	broken, nested := false, n.open == "#{"
	for i, p := range n.parts {
		if i > 0 && p.blank {
			return true
		}
		broken = broken || i > 0 && p.newLine
		nested = nested || p.node.kind == nodeBrackets
	}
	return broken && nested && (n.open == "#{" || n.open == "[")
}
