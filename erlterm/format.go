package erlterm

import (
	"errors"
	"math"
	"strings"
	"unicode/utf8"
)

// Format lays out a text of terms with indentation. It changes nothing but
// blanks and line ends:
//
//   - A list, tuple, map or binary stays on one line when it fits in 100 columns
//     and was on one before; a line break behind the opening bracket, or between
//     two lists, tuples or pairs, keeps it open, with one element on each line.
//     Numbers stand in rows.
//   - A tuple whose last element is long stays around it: {kernel, [ opens both.
//   - Comments stay before what they stood before or behind what they stood
//     behind; those at the ends of lines that follow each other are aligned. A
//     comment inside a number, a fun or a pair moves before it.
//   - One blank line between elements is kept.
//   - Literals keep their spelling, and the text its encoding. Lines end with \n.
//
// Format of what Format wrote is the same again. The error is that of a text that
// does not parse, an [ErrorList].
func Format(src []byte, opts ...Option) ([]byte, error) {
	f, err := ParseFile(newOptions(opts).name, src, opts...)
	if err != nil {
		return nil, err
	}
	out := encode(layOut(parseLayout(f.src.text)), f.src.latin1)
	again, err := ParseFile("", out, append(opts[:len(opts):len(opts)], MaxInput(math.MaxUint32))...)
	if err != nil || !Equal(List(f.Terms), List(again.Terms)) {
		return nil, errors.New("erlterm: format: the result would not read back as the same terms") // a bug
	}
	return out, nil
}

// encode returns a text in the encoding of the file it is from, and sees to it
// that it is read in that one.
func encode(text string, latin1 bool) []byte {
	out := []byte(text)
	if latin1 {
		out = out[:0]
		for _, r := range text {
			out = append(out, byte(r))
		}
	}
	return keepCoding(out, latin1)
}

// A node is a term, or a part of one, as Format sees it: its words and the
// comments among them.
type node struct {
	kind nodeKind
	text string // of a word
	flat int    // columns on one line; unflat when it needs several

	open, close string
	parts       []*part // of brackets, of strings, of a text
	openTrail   string  // the comment behind the opening bracket
	tail        []comment
	expanded    bool // one part on each line
	numbers     bool // parts stand in rows

	cells []*node // of a row
}

// A nodeKind is what a node consists of.
type nodeKind uint8

const (
	nodeWord     nodeKind = iota
	nodeNumber            // a word that is a number
	nodeRow               // nodes without anything between them, such as Key => Value
	nodeStrings           // strings side by side
	nodeBrackets          // parts with commas between them
)

const unflat = -1

// A part is an element in its brackets, with what is around it.
type part struct {
	lead    []comment // on lines of their own before it
	newLine bool      // it started a line
	blank   bool      // behind a blank line
	bar     bool      // behind a |: the tail of a list
	node    *node
	trail   string // the comment behind it
}

// A comment is one with its %, to the end of its line.
type comment struct {
	text   string
	blank  bool // behind a blank line
	behind bool // behind a token on the same line
}

func newWord(k nodeKind, text string) *node {
	n := &node{kind: k, text: text, flat: utf8.RuneCountInString(text)}
	if strings.Contains(text, "\n") {
		n.flat = unflat
	}
	return n
}

// measure works out whether a node can stand on one line, when all its parts are
// known.
func (n *node) measure() *node {
	n.flat = len(n.open) + len(n.close)
	if n.openTrail != "" || len(n.tail) > 0 || n.expanded {
		n.flat = unflat
	}
	for i, p := range n.parts {
		switch {
		case i == 0:
		case n.kind == nodeStrings:
			n.add(len(" "))
		case p.bar:
			n.add(len(" | "))
		default:
			n.add(len(", "))
		}
		n.add(p.node.flat)
		if len(p.lead) > 0 || p.trail != "" || i > 0 && (p.blank || n.kind == nodeStrings && p.newLine) {
			n.flat = unflat
		}
	}
	for _, c := range n.cells {
		n.add(c.flat)
	}
	return n
}

func (n *node) add(columns int) {
	if n.flat == unflat || columns == unflat {
		n.flat = unflat
		return
	}
	n.flat += columns
}
