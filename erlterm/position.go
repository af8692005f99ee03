package erlterm

import (
	"fmt"
	"iter"
	"math"
	"unicode/utf8"
)

// A Position is a place in a text. The zero value is no place.
type Position struct {
	Offset int // in bytes, from 0
	Line   int // from 1
	Column int // in characters, from 1
}

// String is line:col, or - for the zero value.
func (p Position) String() string {
	if p.Line == 0 {
		return "-"
	}
	return fmt.Sprintf("%d:%d", p.Line, p.Column)
}

// plus is the place of q, which is in a text that starts at p.
func (p Position) plus(q Position) Position {
	if q.Line == 1 {
		q.Column += p.Column - 1
	}
	q.Line += p.Line - 1
	q.Offset += p.Offset
	return q
}

// A File is the terms of a text and their places. It may be read by several
// goroutines.
type File struct {
	Name     string
	Terms    []Term        // without those that had an error
	Repeated []RepeatedKey // in the order of the text; 100 at most

	src   *source
	spans []span   // one per term, every term before its elements
	roots []uint32 // the indices in spans of Terms
	end   uint32   // where the dot of the last of Terms ends
}

// A RepeatedKey is a key that stands several times in one map: where it stands
// first, and where again. The last one wins.
type RepeatedKey struct{ First, Again Cursor }

// A span is a term in the side table of positions: where it starts, and how
// many spans belong to it, itself included. Those of a map are its own, those
// of its keys and values as they stand in the text, and then one for each pair
// in the order of the [Map], whose offset is how far behind the map's span that
// of the key is.
type span struct {
	offset uint32
	size   uint32
}

// Cursors returns a cursor for each of the Terms.
func (f *File) Cursors() []Cursor {
	cursors := make([]Cursor, len(f.Terms))
	for i := range f.Terms {
		cursors[i] = f.Cursor(i)
	}
	return cursors
}

// Cursor returns the cursor of Terms[i].
func (f *File) Cursor(i int) Cursor {
	return Cursor{file: f, span: f.roots[i], term: f.Terms[i]}
}

// Rest is the text behind the dot of the last of Terms, in UTF-8: all of it where
// there are none.
func (f *File) Rest() string { return f.src.text[f.end:] }

// RestErrorf returns an [Error] at a byte of the Rest, for a caller that wants
// nothing there. The hint may be empty.
func (f *File) RestErrorf(at int, hint, format string, args ...any) *Error {
	at += int(f.end)
	_, size := utf8.DecodeRuneInString(f.src.text[at:])
	return f.src.errorAt(f.Name, at, at+size, fmt.Sprintf(format, args...), hint)
}

// List is all the terms of the file as one list, which is what file:consult/1
// returns. It is where the first of them is.
func (f *File) List() Cursor { return Cursor{file: f, span: allSpans, term: List(f.Terms)} }

// allSpans is the span of a list of all terms of a file. The next one, where the
// elements of a list start, is 0.
const allSpans = math.MaxUint32

// A Cursor is a term and its place in a file. One that [CursorOf] made has no
// file and no places.
type Cursor struct {
	file *File // may be nil
	span uint32
	term Term
}

// CursorOf returns a cursor for a term that was not read from a text.
func CursorOf(t Term) Cursor { return Cursor{term: t} }

// Term is the term at the cursor.
func (c Cursor) Term() Term { return c.term }

// File is the file the cursor points into, or nil.
func (c Cursor) File() *File { return c.file }

// Pos is where the term starts. A term in parentheses starts inside them. It is
// the zero value without a file.
func (c Cursor) Pos() Position {
	if c.file == nil {
		return Position{}
	}
	return c.file.src.position(c.offset())
}

// offset is where the term starts in its text.
func (c Cursor) offset() int {
	at := c.span
	if at == allSpans {
		at = 0
	}
	if int(at) >= len(c.file.spans) {
		return 0
	}
	return int(c.file.spans[at].offset)
}

// Len is the number of elements of a tuple or a list, without the tail of an
// improper one, and the number of pairs of a map. A string literal and any
// other term have none.
func (c Cursor) Len() int {
	switch t := c.term.(type) {
	case Tuple:
		return len(t)
	case List:
		return len(t)
	case *Improper:
		return len(t.Elems)
	case *Map:
		return t.Len()
	}
	return 0
}

// Elem returns the i-th element of a tuple or a list, from 0, or the value of
// the i-th pair of a map. In a tuple or a list it takes time in proportion to
// i: [Cursor.Elems] is the way to visit all.
func (c Cursor) Elem(i int) Cursor {
	if m, ok := c.term.(*Map); ok {
		key := c.key(i)
		return Cursor{c.file, c.after(key), m.At(i).Value}
	}
	at := c.span + 1
	for range i {
		at = c.after(at)
	}
	return Cursor{c.file, at, c.elems()[i]}
}

// Elems ranges over the elements of a tuple or a list, without the tail of an
// improper one, or over the values of a map.
func (c Cursor) Elems() iter.Seq[Cursor] {
	return func(yield func(Cursor) bool) {
		if _, ok := c.term.(*Map); ok {
			for _, value := range c.Pairs() {
				if !yield(value) {
					return
				}
			}
			return
		}
		at := c.span + 1
		for _, t := range c.elems() {
			if !yield(Cursor{c.file, at, t}) {
				return
			}
			at = c.after(at)
		}
	}
}

// Pairs ranges over the keys and values of a map, in the order of the [Map].
func (c Cursor) Pairs() iter.Seq2[Cursor, Cursor] {
	return func(yield func(key, value Cursor) bool) {
		m, ok := c.term.(*Map)
		if !ok {
			return
		}
		for i, pair := range m.pairs {
			key := c.key(i)
			if !yield(Cursor{c.file, key, pair.Key}, Cursor{c.file, c.after(key), pair.Value}) {
				return
			}
		}
	}
}

// Key returns the key of the i-th pair of a map, in the order of the [Map].
func (c Cursor) Key(i int) Cursor {
	return Cursor{c.file, c.key(i), c.term.(*Map).At(i).Key}
}

// Tail returns the tail of an improper list, and whether there is one.
func (c Cursor) Tail() (Cursor, bool) {
	t, ok := c.term.(*Improper)
	if !ok {
		return Cursor{}, false
	}
	at := c.span + 1
	for range t.Elems {
		at = c.after(at)
	}
	return Cursor{c.file, at, t.Tail}, true
}

// Errorf returns an [Error] at the term, for a check that a term means what a
// caller wants. The hint may be empty.
func (c Cursor) Errorf(hint, format string, args ...any) *Error {
	msg := fmt.Sprintf(format, args...)
	if c.file == nil {
		return &Error{Msg: msg, Hint: hint}
	}
	start := c.offset()
	return c.file.src.errorAt(c.file.Name, start, c.file.src.termEnd(start), msg, hint)
}

func (c Cursor) elems() []Term {
	switch t := c.term.(type) {
	case Tuple:
		return t
	case List:
		return t
	case *Improper:
		return t.Elems
	}
	return nil
}

// key is the span of the i-th key of a map.
func (c Cursor) key(i int) uint32 {
	if c.file == nil {
		return 0
	}
	inOrder := c.after(c.span) - uint32(c.Len())
	return c.span + c.file.spans[inOrder+uint32(i)].offset
}

// after is the span that follows a term and all that belongs to it.
func (c Cursor) after(at uint32) uint32 {
	if c.file == nil {
		return 0
	}
	return at + c.file.spans[at].size
}
