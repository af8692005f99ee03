package erlterm

import (
	"fmt"
	"iter"
	"math/big"
	"slices"
	"unicode/utf8"
)

// A Term is an Erlang term: one of [Atom], [Int], [*BigInt], [Float],
// [String], [List], [*Improper], [Tuple], [*Map], [Bits] and [Fun], which parsers
// return, or an [Opaque], which has no text. Terms are plain values without
// positions (see [Cursor] for those). Terms that a parser returned may be read by
// several goroutines; nothing here changes them.
//
// A list has three shapes, so that the common ones are pleasant to use: a
// String for a string literal, a List for a proper list, an Improper for one
// whose tail is no list. [Equal], [Compare] and [AppendTerm] see only the
// Erlang list, so String("a") equals List{Int('a')}.
//
// The String method of every term is its text as [AppendTerm] prints it.
type Term interface {
	fmt.Stringer
	isTerm()
}

// An Atom is an Erlang atom without its quotes, in UTF-8.
type Atom string

// An Int is an integer that fits 64 bits; a larger one is a [*BigInt].
type Int int64

// A BigInt is an integer that does not fit an [Int]. Make one with [NewInt].
type BigInt struct{ v big.Int }

// A Float is an Erlang float: finite. 0.0 and -0.0 are two terms, as in OTP 27.
type Float float64

// A String is a list of characters that was written as a string literal, in
// UTF-8. String("") is the empty list.
type String string

// A List is a proper list; nil is the empty one.
type List []Term

// An Improper is a list whose tail is not a list, such as [a|b]. Elems is not
// empty.
type Improper struct {
	Elems []Term
	Tail  Term
}

// A Tuple is an Erlang tuple; nil is the empty one.
type Tuple []Term

// Bits is a bit string; one whose Len is a multiple of 8 is a binary. The zero
// value is the empty binary.
type Bits struct {
	Bytes []byte // (Len+7)/8 bytes; the unused low bits of the last are zero
	Len   int    // in bits
}

// A Fun is an external fun, written fun Module:Function/Arity.
type Fun struct {
	Module, Function Atom
	Arity            uint8
}

// A Map is an Erlang map. Its pairs stand in Erlang term order of their keys;
// keys that compare equal, such as 1 and 1.0, with the integer first. The zero
// value is the empty map. Make one with [NewMap].
type Map struct {
	pairs []Pair
	exact []Pair // in the order that compares maps; nil when it is that of pairs
}

// A Pair is one association of a [Map].
type Pair struct{ Key, Value Term }

func (Atom) isTerm()      {}
func (Int) isTerm()       {}
func (*BigInt) isTerm()   {}
func (Float) isTerm()     {}
func (String) isTerm()    {}
func (List) isTerm()      {}
func (*Improper) isTerm() {}
func (Tuple) isTerm()     {}
func (*Map) isTerm()      {}
func (Bits) isTerm()      {}
func (Fun) isTerm()       {}

func (t Atom) String() string      { return text(t) }
func (t Int) String() string       { return text(t) }
func (t *BigInt) String() string   { return text(t) }
func (t Float) String() string     { return text(t) }
func (t String) String() string    { return text(t) }
func (t List) String() string      { return text(t) }
func (t *Improper) String() string { return text(t) }
func (t Tuple) String() string     { return text(t) }
func (t *Map) String() string      { return text(t) }
func (t Bits) String() string      { return text(t) }
func (t Fun) String() string       { return text(t) }

func text(t Term) string { return string(AppendTerm(nil, t)) }

// NewInt returns v as an [Int] when it fits one, else as a [*BigInt]. It keeps
// no reference to v.
func NewInt(v *big.Int) Term {
	if v.IsInt64() {
		return Int(v.Int64())
	}
	t := new(BigInt)
	t.v.Set(v)
	return t
}

// Big returns a copy of the value.
func (t *BigInt) Big() *big.Int { return new(big.Int).Set(&t.v) }

// Binary returns the binary of the given bytes, which it does not copy.
func Binary(b []byte) Bits { return Bits{Bytes: b, Len: 8 * len(b)} }

// NewMap returns the map of the given pairs. Of a repeated key the last wins;
// keys are the same when they are [Equal]. It keeps no reference to pairs.
func NewMap(pairs ...Pair) *Map {
	m := &Map{pairs: make([]Pair, 0, len(pairs))}
	for _, i := range mapOrder(nil, pairs) {
		m.pairs = append(m.pairs, pairs[i])
	}
	m.exact = exactOrder(m.pairs)
	return m
}

// mapOrder returns the indices of the pairs that make a map, in the order a
// [Map] keeps: of a repeated key only the last. It uses the storage of order.
func mapOrder(order []int, pairs []Pair) []int {
	order = slices.Grow(order[:0], len(pairs))
	for i := range pairs {
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(i, j int) int { return compareKeys(pairs[i].Key, pairs[j].Key) })
	kept := order[:0]
	for n, i := range order {
		if n+1 < len(order) && compareKeys(pairs[i].Key, pairs[order[n+1]].Key) == 0 {
			continue
		}
		kept = append(kept, i)
	}
	return kept
}

// Len is the number of pairs.
func (t *Map) Len() int { return len(t.pairs) }

// At returns the i-th pair in the map's order.
func (t *Map) At(i int) Pair { return t.pairs[i] }

// Get returns the value of a key, and whether there is one. Keys are the same
// when they are [Equal]: 1 does not find 1.0.
func (t *Map) Get(key Term) (Term, bool) {
	i, found := slices.BinarySearchFunc(t.pairs, key, func(p Pair, key Term) int { return compareKeys(p.Key, key) })
	if !found {
		return nil, false
	}
	return t.pairs[i].Value, true
}

// All ranges over keys and values in the map's order.
func (t *Map) All() iter.Seq2[Term, Term] {
	return func(yield func(key, value Term) bool) {
		for _, p := range t.pairs {
			if !yield(p.Key, p.Value) {
				return
			}
		}
	}
}

// cells walks the cells of a list of any shape.
type cells struct {
	str   string
	elems []Term
	tail  Term // what follows elems; nil for the empty list
}

func cellsOf(t Term) cells {
	switch t := t.(type) {
	case String:
		return cells{str: string(t)}
	case List:
		return cells{elems: t}
	case *Improper:
		return cells{elems: t.Elems, tail: t.Tail}
	}
	return cells{tail: t}
}

// next returns the next element. After the last one it returns false, and tail
// is the improper tail, or nil.
func (c *cells) next() (Term, bool) {
	for {
		switch {
		case c.str != "":
			r, size := utf8.DecodeRuneInString(c.str)
			c.str = c.str[size:]
			return Int(r), true
		case len(c.elems) > 0:
			t := c.elems[0]
			c.elems = c.elems[1:]
			return t, true
		case c.tail == nil || !isList(c.tail):
			return nil, false
		}
		*c = cellsOf(c.tail)
	}
}

func isList(t Term) bool {
	switch t.(type) {
	case String, List, *Improper:
		return true
	}
	return false
}
