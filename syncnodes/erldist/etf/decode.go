package etf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"unicode/utf8"

	"interconnectd/erlterm"
)

// Decode reads the term that data starts with, which is a byte 131 and its tag,
// and returns what follows it. An error is an [*Error].
func Decode(data []byte) (term erlterm.Term, rest []byte, err error) {
	defer caught(&err)
	d := decoder{data: data}
	if v := d.byte(); v != version {
		d.failAt(0, "the version of the format is %d, not %d", v, version)
	}
	d.promise(d.pos, 1, 1)
	term = d.term()
	return term, data[d.pos:], nil
}

// A decoder reads one term. Its methods bail out of what they cannot read.
type decoder struct {
	data  []byte
	pos   int // of the next byte
	depth int // how many lists, tuples and maps are open
	terms int // read or promised until now
	owed  int // promised and not yet read; each takes a byte at least

	code      string // the outermost fun that is open; "": none is
	codeStart int    // where it starts in the data
}

func (d *decoder) failAt(offset int, format string, args ...any) {
	panic(bailout{&Error{Offset: offset, Msg: fmt.Sprintf(format, args...)}})
}

// bytes returns the next n bytes, which are still those of the data.
func (d *decoder) bytes(n int) []byte {
	if n > len(d.data)-d.pos {
		d.failAt(d.pos, "%d bytes are expected, %d are left", n, len(d.data)-d.pos)
	}
	d.pos += n
	return d.data[d.pos-n : d.pos]
}

func (d *decoder) byte() byte     { return d.bytes(1)[0] }
func (d *decoder) uint16() uint16 { return binary.BigEndian.Uint16(d.bytes(2)) }
func (d *decoder) uint32() uint32 { return binary.BigEndian.Uint32(d.bytes(4)) }
func (d *decoder) uint64() uint64 { return binary.BigEndian.Uint64(d.bytes(8)) }

// counted returns as many bytes as the 32 bits before them say.
func (d *decoder) counted() []byte {
	n := d.uint32()
	if int64(n) > int64(len(d.data)-d.pos) {
		d.failAt(d.pos-4, "%d bytes are expected, %d are left", n, len(d.data)-d.pos)
	}
	return d.bytes(int(n))
}

// promise takes count times each more terms for promised by the count at an offset,
// and returns how many those are. All terms that are still to come are never more
// than the bytes that are left, so that room for them may be made at once.
func (d *decoder) promise(at int, count uint32, each int64) int {
	n := int64(count) * each
	switch left := len(d.data) - d.pos - d.owed; {
	case n > int64(left):
		d.failAt(at, "%d elements are expected, %d bytes are left for them", n, left)
	case n > int64(MaxTerms-d.terms):
		d.failAt(at, "over %d terms", MaxTerms)
	}
	d.terms += int(n)
	d.owed += int(n)
	return int(n)
}

// term reads a term that was promised.
func (d *decoder) term() erlterm.Term {
	d.owed--
	return d.tagged(d.byte())
}

// tagged reads what follows a tag.
func (d *decoder) tagged(tag byte) erlterm.Term {
	switch tag {
	case tagSmallInteger:
		return erlterm.Int(d.byte())
	case tagInteger:
		return erlterm.Int(int32(d.uint32()))
	case tagSmallBig:
		return d.big(uint32(d.byte()))
	case tagLargeBig:
		return d.big(d.uint32())
	case tagNewFloat:
		f := math.Float64frombits(d.uint64())
		return d.float(d.pos-8, f)
	case tagFloat:
		return d.floatText()
	case tagAtom, tagSmallAtom, tagAtomUTF8, tagSmallAtomUTF8:
		return d.atomOf(tag)
	case tagNil:
		return erlterm.List(nil)
	case tagString:
		return d.string()
	case tagBinary:
		return erlterm.Binary(bytes.Clone(d.counted()))
	case tagBitBinary:
		return d.bits()
	case tagPid, tagNewPid:
		return d.pid(tag)
	case tagPort, tagNewPort, tagV4Port:
		return d.port(tag)
	case tagReference, tagNewReference, tagNewerReference:
		return d.ref(tag)
	case tagExport:
		return d.export()
	case tagSmallTuple, tagLargeTuple, tagList, tagMap, tagNewFun:
		return d.compound(tag)
	}
	what, known := refused[tag]
	if !known {
		what = fmt.Sprintf("the unknown tag %d", tag)
	}
	d.failAt(d.pos-1, "%s is not read", what)
	return nil
}

// compound reads what has terms in it.
func (d *decoder) compound(tag byte) (t erlterm.Term) {
	if d.depth++; d.depth > MaxDepth {
		d.failAt(d.pos-1, "terms nest deeper than %d", MaxDepth)
	}
	switch at := d.pos; tag {
	case tagSmallTuple:
		t = d.tuple(at, uint32(d.byte()))
	case tagLargeTuple:
		t = d.tuple(at, d.uint32())
	case tagList:
		t = d.list()
	case tagMap:
		t = d.mapOf(at, d.uint32())
	case tagNewFun:
		t = d.fun()
	}
	d.depth--
	return t
}

func (d *decoder) big(n uint32) erlterm.Term {
	at := d.pos
	if n > MaxInteger/8 {
		d.failAt(at, "an integer of over %d bits", MaxInteger)
	}
	negative := d.byte() != 0
	digits := bytes.Clone(d.bytes(int(n)))
	slices.Reverse(digits)
	v := new(big.Int).SetBytes(digits)
	if negative {
		v.Neg(v)
	}
	return erlterm.NewInt(v)
}

func (d *decoder) float(at int, f float64) erlterm.Term {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		d.failAt(at, "%v is no float in Erlang", f)
	}
	return erlterm.Float(f)
}

// floatText reads a float that is the text of C's "%.20e", in 31 bytes.
func (d *decoder) floatText() erlterm.Term {
	at := d.pos
	text, _, _ := bytes.Cut(d.bytes(31), []byte{0})
	f, err := strconv.ParseFloat(string(text), 64)
	other := func(r rune) bool { return (r < '0' || r > '9') && r != '+' && r != '-' && r != '.' && r != 'e' }
	if err != nil || bytes.ContainsFunc(text, other) {
		d.failAt(at, "%.31q is no float", text)
	}
	return d.float(at, f)
}

// atom reads an atom with its tag.
func (d *decoder) atom() erlterm.Atom {
	at := d.pos
	tag := d.byte()
	switch tag {
	case tagAtom, tagSmallAtom, tagAtomUTF8, tagSmallAtomUTF8:
		return d.atomOf(tag)
	}
	d.failAt(at, "an atom is expected, the tag is %d", tag)
	return ""
}

// atomOf reads an atom behind its tag.
func (d *decoder) atomOf(tag byte) erlterm.Atom {
	at := d.pos
	var n int
	if tag == tagSmallAtom || tag == tagSmallAtomUTF8 {
		n = int(d.byte())
	} else {
		n = int(d.uint16())
	}
	name := d.bytes(n)
	if tag == tagAtom || tag == tagSmallAtom {
		if n > MaxAtom {
			d.failAt(at, "an atom of over %d characters", MaxAtom)
		}
		return erlterm.Atom(latin1(name))
	}
	switch {
	case !utf8.Valid(name):
		d.failAt(at, "an atom that is not UTF-8")
	case n > MaxAtom && utf8.RuneCount(name) > MaxAtom:
		d.failAt(at, "an atom of over %d characters", MaxAtom)
	}
	return erlterm.Atom(name)
}

// latin1 returns the text of bytes that are a character each.
func latin1(b []byte) string {
	size := len(b)
	for _, c := range b {
		size += int(c >> 7)
	}
	if size == len(b) {
		return string(b)
	}
	text := make([]byte, 0, size)
	for _, c := range b {
		text = utf8.AppendRune(text, rune(c))
	}
	return string(text)
}

func (d *decoder) string() erlterm.Term {
	text := d.bytes(int(d.uint16()))
	if len(text) == 0 {
		return erlterm.List(nil)
	}
	return erlterm.String(latin1(text))
}

func (d *decoder) bits() erlterm.Term {
	at := d.pos
	n := d.uint32()
	used := d.byte() // in the last byte, from the top
	if n == 0 || used == 0 || used > 8 {
		d.failAt(at, "a bit string of %d bytes with %d bits in the last", n, used)
	}
	if int64(n) > int64(len(d.data)-d.pos) {
		d.failAt(at, "%d bytes are expected, %d are left", n, len(d.data)-d.pos)
	}
	b := bytes.Clone(d.bytes(int(n)))
	b[n-1] &= 0xff << (8 - used)
	return erlterm.Bits{Bytes: b, Len: 8*int(n) - 8 + int(used)}
}

func (d *decoder) tuple(at int, n uint32) erlterm.Term {
	if n == 0 {
		return erlterm.Tuple(nil)
	}
	t := make(erlterm.Tuple, d.promise(at, n, 1))
	for i := range t {
		t[i] = d.term()
	}
	return t
}

// list reads a list of one element or more and its tail. Where the tail is a list
// too, which Erlang reads but never writes, its elements follow.
func (d *decoder) list() erlterm.Term {
	var elems erlterm.List
	for {
		at := d.pos
		n := d.uint32()
		d.promise(at, n, 1)
		d.promise(at, 1, 1) // the tail
		elems = slices.Grow(elems, int(n))
		for range n {
			elems = append(elems, d.term())
		}
		d.owed--
		switch tag := d.byte(); tag {
		case tagList:
		case tagNil:
			return elems
		case tagString:
			return d.stringTail(elems)
		default:
			return improper(elems, d.tagged(tag))
		}
	}
}

// stringTail appends a STRING that is the tail of a list.
func (d *decoder) stringTail(elems erlterm.List) erlterm.Term {
	at := d.pos
	n := d.promise(at, uint32(d.uint16()), 1)
	d.owed -= n
	elems = slices.Grow(elems, n)
	for _, c := range d.bytes(n) {
		elems = append(elems, erlterm.Int(c))
	}
	return elems
}

func improper(elems erlterm.List, tail erlterm.Term) erlterm.Term {
	if len(elems) == 0 {
		return tail
	}
	return &erlterm.Improper{Elems: elems, Tail: tail}
}

func (d *decoder) mapOf(at int, n uint32) erlterm.Term {
	pairs := make([]erlterm.Pair, d.promise(at, n, 2)/2)
	for i := range pairs {
		pairs[i].Key = d.term()
		pairs[i].Value = d.term()
	}
	m := erlterm.NewMap(pairs...)
	if m.Len() < len(pairs) {
		d.failAt(at, "a map has a key twice")
	}
	return m
}
