package erlterm

import (
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// This file keeps the terms of a text while they are parsed. Most of the time
// of a parse goes to the allocator and the garbage collector, so it asks them
// for little: finished elements share large chunks, and an atom that was seen of
// late is used again.

// A storage is where a parser puts what it has parsed.
type storage struct {
	spans  []span // of the file
	recent recentAtoms

	// the values behind the terms
	lists   box[List]
	tuples  box[Tuple]
	strings box[String]
	ints    box[Int]
	floats  box[Float]
	bits    box[Bits]
	texts   texts // of strings

	// of the brackets that are open
	elems []Term
	pairs []Pair
	keys  []uint32 // the spans of the keys of pairs

	// room for what stood between brackets that are closed
	elemChunk chunk[Term]
	pairChunk chunk[Pair]

	order []int // of the pairs of a map; for newMap alone
}

// bytesPerTerm is a guess at the length of text for one term, on the low side:
// 14 in large configurations.
const bytesPerTerm = 12

// storages are used by one parse after another, for small texts to take little
// more than their terms need.
var storages = sync.Pool{New: func() any { return &storage{recent: recentAtoms{table: make([]Term, atomTable)}} }}

// newStorage has room for the spans of a text of a common kind of the given length.
func newStorage(size int) *storage {
	s := storages.Get().(*storage)
	s.spans = make([]span, 0, size/bytesPerTerm+1)
	return s
}

// release gives the storage to the next parse. What holds terms of this one is
// not part of it: in a chunk that both had, each would keep the other alive, and
// with it the one before, without end.
func (s *storage) release() {
	s.spans, s.elemChunk, s.pairChunk = nil, chunk[Term]{}, chunk[Pair]{}
	s.lists, s.tuples = box[List]{}, box[Tuple]{}
	s.elems, s.pairs, s.keys, s.order = forget(s.elems), forget(s.pairs), forget(s.keys), forget(s.order)
	storages.Put(s)
}

// forget empties a stack. One that grew large is not kept.
func forget[T any](stack []T) []T {
	if cap(stack) > largestChunk {
		return nil
	}
	clear(stack[:cap(stack)])
	return stack[:0]
}

// rest is how many more of what it had n of so far the text holds if it is like
// what stands before, but no more than eight times as many. To double what there
// is would take more in the end.
func (p *parser) rest(n int) int {
	more := float64(n) / float64(p.pos+1) * float64(len(p.src)-p.pos)
	return 1 + min(int(more), 8*n)
}

// push adds an element of the innermost bracket.
func (p *parser) push(t Term) {
	if len(p.elems) == cap(p.elems) {
		p.elems = slices.Grow(p.elems, p.rest(len(p.elems)))
	}
	p.elems = append(p.elems, t)
}

// abandon drops the brackets that are open.
func (s *storage) abandon() {
	s.elems, s.pairs, s.keys = s.elems[:0], s.pairs[:0], s.keys[:0]
}

// finishElems takes the elements since base off the stack and returns them in
// storage of their own.
func (p *parser) finishElems(base int) []Term {
	elems := p.elems[base:]
	if len(elems) > largestChunk && len(elems) > base {
		p.elems = slices.Clone(p.elems[:base]) // the stack moves, the elements stay
		return slices.Clip(elems)
	}
	p.elems = p.elems[:base]
	return p.elemChunk.keep(p, elems)
}

// Chunks are of as many values as allocations are rare with, and few enough for
// one value not to keep many others alive.
const (
	smallestChunk = 4
	largestChunk  = 512
)

// A chunk gives storage for values, many in one allocation.
type chunk[T any] struct {
	used []T // and room behind them
	full int // how many values stand in the chunks before
}

// take returns storage for n values of the text that p parses.
func (c *chunk[T]) take(p *parser, n int) []T {
	start := len(c.used)
	if n > cap(c.used)-start {
		c.full += start
		c.used = make([]T, 0, max(n, min(max(p.rest(c.full), smallestChunk), largestChunk)))
		start = 0
	}
	c.used = c.used[:start+n]
	return c.used[start : start+n : start+n]
}

// keep returns a copy of values.
func (c *chunk[T]) keep(p *parser, values []T) []T {
	if len(values) == 0 {
		return nil
	}
	kept := c.take(p, len(values))
	copy(kept, values)
	return kept
}

// texts holds the characters of strings or names, many in one allocation.
type texts struct{ chunk strings.Builder }

// largestText is how many bytes share storage.
const largestText = 8 << 10

// newString is a String of text. A long one has a box of its own: in a chunk that
// it shares with others, of other texts too, each of them would keep it alive.
func (p *parser) newString(text string) Term {
	if len(text) > largestText/8 {
		return String(text)
	}
	return p.strings.put(p, String(text))
}

// newBits does the same for a bit string.
func (p *parser) newBits(b Bits) Term {
	if len(b.Bytes) > largestText/8 {
		return b
	}
	return p.bits.put(p, b)
}

// clone returns a copy of s.
func (t *texts) clone(s string) string {
	if len(s) > largestText/8 {
		return strings.Clone(s)
	}
	if room := t.chunk.Cap(); t.chunk.Len()+len(s) > room {
		t.chunk.Reset() // whoever has a part of it keeps it
		t.chunk.Grow(max(len(s), min(2*room+64, largestText)))
	}
	start := t.chunk.Len()
	t.chunk.WriteString(s)
	return t.chunk.String()[start:]
}

// newMap takes the pairs since base off the stack and makes the map of them
// whose span is n. Behind the spans of its keys and values it appends one for
// each pair in the map's order, which says where the span of the key is. It
// notes keys that are repeated.
func (p *parser) newMap(n, base int) *Map {
	pairs, keys := p.pairs[base:], p.keys[base:]
	p.pairs, p.keys = p.pairs[:base], p.keys[:base]
	p.order = mapOrder(p.order, pairs)
	if len(p.order) < len(pairs) {
		p.noteRepeated(pairs, keys)
	}
	m := &Map{pairs: p.pairChunk.keep(p, pairs[:len(p.order)])}
	for i, from := range p.order {
		m.pairs[i] = pairs[from]
		p.spans = append(p.spans, span{offset: keys[from] - uint32(n), size: 1})
	}
	m.exact = exactOrder(m.pairs)
	return m
}

// maxRepeated is how many repeated keys a file notes.
const maxRepeated = 100

// noteRepeated notes each key that the pairs had before.
func (p *parser) noteRepeated(pairs []Pair, keys []uint32) {
	order := make([]int, len(pairs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return compareKeys(pairs[i].Key, pairs[j].Key) })
	first := order[0]
	for _, i := range order[1:] {
		if !Equal(pairs[first].Key, pairs[i].Key) {
			first = i
			continue
		}
		if len(p.file.Repeated) == maxRepeated {
			return
		}
		p.file.Repeated = append(p.file.Repeated, RepeatedKey{
			First: Cursor{p.file, keys[first], pairs[first].Key},
			Again: Cursor{p.file, keys[i], pairs[i].Key},
		})
	}
}

// recentAtoms remembers atoms, each in the one place that its hash gives it, so
// that a name that comes again takes no storage. An atom that has the place of
// another takes it over: time and storage have a bound for any text.
type recentAtoms struct {
	table []Term // atomTable of them
	atoms box[Atom]
	texts texts
}

const atomTable = 1 << 10

// atom returns the atom of a name.
func (r *recentAtoms) atom(p *parser, name string) Term {
	at := &r.table[nameHash(name)%atomTable]
	if a, ok := (*at).(Atom); !ok || string(a) != name {
		*at = r.atoms.put(p, Atom(r.texts.clone(name)))
	}
	return *at
}

// nameHash mixes the length and the first and the last eight bytes. Names made
// to collide gain nothing: they only miss a table that forgets anyway.
func nameHash(name string) uint64 {
	h := uint64(len(name))
	if len(name) >= 8 {
		h ^= first8(name) ^ bits.RotateLeft64(first8(name[len(name)-8:]), 29)
	} else {
		for i := range len(name) {
			h = h<<8 | uint64(name[i])
		}
	}
	h *= 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, as Knuth has it
	return h ^ h>>32
}

// first8 is the first eight bytes as a number.
func first8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
