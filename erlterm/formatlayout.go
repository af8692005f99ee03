package erlterm

import (
	"strings"
	"unicode/utf8"
)

// The measures of a layout, in columns.
const (
	lineWidth   = 100
	indentWidth = 4
	maxIndent   = 80 // however deep: a line has room for something
	maxAlign    = 80 // comments are not aligned behind longer lines
)

// A layout is the text that Format writes, line by line.
type layout struct {
	done    []line
	current line
	column  int
}

// A line is what stands before its comment, which may contain line ends of
// literals, and the comment.
type line struct{ text, comment string }

// layOut writes the terms that parseLayout read.
func layOut(root *node) string {
	l := &layout{}
	for i, p := range root.parts {
		l.before(p, 0, i == 0)
		l.node(p.node, 0, len("."))
		l.put(".")
		l.current.comment = p.trail
		l.endLine()
	}
	l.comments(root.tail, 0, len(root.parts) == 0)
	return l.join()
}

func (l *layout) put(text string) {
	l.current.text += text
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text, l.column = text[i+1:], 0
	}
	l.column += utf8.RuneCountInString(text)
}

func (l *layout) endLine() {
	l.done = append(l.done, l.current)
	l.current, l.column = line{}, 0
}

func (l *layout) indent(indent int) {
	l.put(strings.Repeat(" ", min(indent, maxIndent)))
}

// before writes what stands on lines before a part, and its indentation.
func (l *layout) before(p *part, indent int, first bool) {
	l.comments(p.lead, indent, first)
	if p.blank && !(first && len(p.lead) == 0) {
		l.endLine()
	}
	l.indent(indent)
}

func (l *layout) comments(comments []comment, indent int, first bool) {
	for _, c := range comments {
		if c.blank && !first {
			l.endLine()
		}
		first = false
		l.indent(indent)
		l.put(c.text)
		l.endLine()
	}
}

// node writes a node at the current place; behind it follow so many columns that
// must stand on the same line.
func (l *layout) node(n *node, indent, behind int) {
	if n.flat != unflat && l.column+n.flat+behind <= lineWidth {
		l.flat(n)
		return
	}
	switch {
	case n.kind == nodeRow:
		last := len(n.cells) - 1
		for _, c := range n.cells[:last] {
			l.node(c, indent, 0)
		}
		l.node(n.cells[last], indent, behind)
	case n.kind == nodeStrings:
		l.strings(n)
	case n.kind != nodeBrackets:
		l.put(n.text)
	case n.hugs(l.column):
		last := len(n.parts) - 1
		l.put(n.open)
		for _, p := range n.parts[:last] {
			l.flat(p.node)
			l.put(", ")
		}
		l.node(n.parts[last].node, indent, behind+len(n.close))
		l.put(n.close)
	case n.numbers:
		l.numbers(n, indent)
	default:
		l.brackets(n, indent)
	}
}

// flat writes a node on one line.
func (l *layout) flat(n *node) {
	l.put(n.text + n.open)
	for i, p := range n.parts {
		switch {
		case i == 0:
		case n.kind == nodeStrings:
			l.put(" ")
		case p.bar:
			l.put(" | ")
		default:
			l.put(", ")
		}
		l.flat(p.node)
	}
	for _, c := range n.cells {
		l.flat(c)
	}
	l.put(n.close)
}

// hugs reports whether a tuple at a column stays around its last element, which
// alone needs several lines.
func (n *node) hugs(column int) bool {
	if n.open != "{" || n.expanded || n.openTrail != "" || len(n.tail) > 0 || len(n.parts) == 0 {
		return false
	}
	column += len(n.open)
	last := len(n.parts) - 1
	for i, p := range n.parts {
		switch {
		case len(p.lead) > 0 || p.trail != "" || i < last && p.node.flat == unflat:
			return false
		case i < last:
			column += p.node.flat + len(", ")
		}
	}
	end := n.parts[last].node
	switch {
	case column >= lineWidth:
		return false
	case end.kind == nodeWord:
		return end.flat == unflat // a literal of several lines
	case end.open == "{":
		return end.expanded || end.hugs(column)
	}
	return end.kind == nodeBrackets && len(end.parts) > 0
}

// brackets writes one part on each line.
func (l *layout) brackets(n *node, indent int) {
	l.put(n.open)
	l.current.comment = n.openTrail
	l.endLine()
	inner := indent + indentWidth
	for i, p := range n.parts {
		l.before(p, inner, i == 0)
		if p.bar {
			l.put("| ")
		}
		comma := ","
		if i+1 == len(n.parts) || n.parts[i+1].bar {
			comma = ""
		}
		l.node(p.node, inner, len(comma))
		l.put(comma)
		l.current.comment = p.trail
		l.endLine()
	}
	l.comments(n.tail, inner, len(n.parts) == 0)
	l.indent(indent)
	l.put(n.close)
}

// numbers writes the parts in rows: those the text had, cut where they are too
// long.
func (l *layout) numbers(n *node, indent int) {
	l.put(n.open)
	inner := indent + indentWidth
	for i, p := range n.parts {
		comma := ","
		if i+1 == len(n.parts) {
			comma = ""
		}
		if i == 0 || p.newLine || l.column+len(" ")+p.node.flat+len(comma) > lineWidth {
			l.endLine()
			if i > 0 && p.blank {
				l.endLine()
			}
			l.indent(inner)
		} else {
			l.put(" ")
		}
		l.flat(p.node)
		l.put(comma)
	}
	l.endLine()
	l.indent(indent)
	l.put(n.close)
}

// strings writes strings below each other.
func (l *layout) strings(n *node) {
	column := l.column
	for i, p := range n.parts {
		if i > 0 {
			l.current.comment = n.parts[i-1].trail
			l.endLine()
			l.before(p, column, false)
		}
		l.put(p.node.text)
	}
}

// join returns the text, with the comments of lines that follow each other below
// each other.
func (l *layout) join() string {
	var b strings.Builder
	for len(l.done) > 0 {
		n, column := commentRun(l.done)
		for _, line := range l.done[:n] {
			b.WriteString(line.text)
			if line.comment != "" {
				b.WriteString(strings.Repeat(" ", max(0, column-line.width())+2))
				b.WriteString(line.comment)
			}
			b.WriteByte('\n')
		}
		l.done = l.done[n:]
	}
	return b.String()
}

// commentRun returns how many of the first lines have comments, at least one line, and
// the width of the widest of them.
func commentRun(lines []line) (n, column int) {
	for n < len(lines) && lines[n].comment != "" && !strings.Contains(lines[n].text, "\n") {
		if w := lines[n].width(); w <= maxAlign {
			column = max(column, w)
		}
		n++
	}
	return max(n, 1), column
}

// width is the column behind the text of a line.
func (l line) width() int {
	return utf8.RuneCountInString(l.text[strings.LastIndexByte(l.text, '\n')+1:])
}
