package etf

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"unicode/utf8"

	"interconnectd/erlterm"
)

// AppendTerm appends a term to dst, with the byte 131 before it. What it writes,
// [Decode] and OTP 25 and later read. An error is that the term is none, as a Float
// that is infinite, or over a limit; then nothing is appended.
func AppendTerm(dst []byte, t erlterm.Term) (data []byte, err error) {
	e := encoder{data: append(dst, version)}
	defer func() {
		if err != nil {
			data = dst
		}
	}()
	defer caught(&err)
	e.count(1)
	e.term(t)
	return e.data, nil
}

// An encoder writes one term. Its methods bail out of what is no term.
type encoder struct {
	data  []byte
	depth int // how many lists, tuples and maps are open
	terms int // written, or elements of what is open
}

func (e *encoder) failf(format string, args ...any) {
	panic(bailout{fmt.Errorf("etf: "+format, args...)})
}

func (e *encoder) bytes(b ...byte) { e.data = append(e.data, b...) }
func (e *encoder) uint16(n uint16) { e.data = binary.BigEndian.AppendUint16(e.data, n) }
func (e *encoder) uint32(n uint32) { e.data = binary.BigEndian.AppendUint32(e.data, n) }
func (e *encoder) uint64(n uint64) { e.data = binary.BigEndian.AppendUint64(e.data, n) }

// count takes n more terms for written.
func (e *encoder) count(n int) {
	if n > MaxTerms-e.terms {
		e.failf("over %d terms", MaxTerms)
	}
	e.terms += n
}

func (e *encoder) term(t erlterm.Term) {
	switch t := t.(type) {
	case erlterm.Atom:
		e.atom(t)
	case erlterm.Int:
		e.int(t)
	case *erlterm.BigInt:
		e.big(t.Big())
	case erlterm.Float:
		if math.IsNaN(float64(t)) || math.IsInf(float64(t), 0) {
			e.failf("%v is no float in Erlang", float64(t))
		}
		e.bytes(tagNewFloat)
		e.uint64(math.Float64bits(float64(t)))
	case erlterm.Bits:
		e.bits(t)
	case erlterm.Fun:
		e.bytes(tagExport)
		e.atom(t.Module)
		e.atom(t.Function)
		e.bytes(tagSmallInteger, t.Arity)
	case Pid:
		e.pid(t)
	case Port:
		e.port(t)
	case Ref:
		e.ref(t)
	case erlterm.String:
		e.string(t)
	case erlterm.List:
		e.list(t, nil)
	case *erlterm.Improper:
		e.list(e.flatten(t))
	case erlterm.Tuple:
		e.tuple(t)
	case *erlterm.Map:
		e.mapOf(t)
	case Fun:
		e.fun(t)
	default:
		e.failf("a %T is no term for a node", t)
	}
}

// enter opens what has n terms in it; leave closes it.
func (e *encoder) enter(n int) {
	e.count(n)
	if e.depth++; e.depth > MaxDepth {
		e.failf("terms nest deeper than %d", MaxDepth)
	}
}

func (e *encoder) leave() { e.depth-- }

func (e *encoder) int(n erlterm.Int) {
	switch {
	case 0 <= n && n <= math.MaxUint8:
		e.bytes(tagSmallInteger, byte(n))
	case math.MinInt32 <= n && n <= math.MaxInt32:
		e.bytes(tagInteger)
		e.uint32(uint32(n))
	default:
		e.big(big.NewInt(int64(n)))
	}
}

// big writes an integer of more than 32 bits.
func (e *encoder) big(n *big.Int) {
	if n.BitLen() > MaxInteger {
		e.failf("an integer of over %d bits", MaxInteger)
	}
	digits := n.Bytes()
	slices.Reverse(digits)
	if len(digits) <= math.MaxUint8 {
		e.bytes(tagSmallBig, byte(len(digits)))
	} else {
		e.bytes(tagLargeBig)
		e.uint32(uint32(len(digits)))
	}
	sign := byte(0)
	if n.Sign() < 0 {
		sign = 1
	}
	e.bytes(sign)
	e.bytes(digits...)
}

func (e *encoder) atom(a erlterm.Atom) {
	name := string(a)
	switch {
	case !utf8.ValidString(name):
		e.failf("the atom %q is not UTF-8", name)
	case utf8.RuneCountInString(name) > MaxAtom:
		e.failf("an atom of over %d characters", MaxAtom)
	case len(name) <= math.MaxUint8:
		e.bytes(tagSmallAtomUTF8, byte(len(name)))
	default:
		e.bytes(tagAtomUTF8)
		e.uint16(uint16(len(name)))
	}
	e.data = append(e.data, name...)
}

func (e *encoder) bits(b erlterm.Bits) {
	if b.Len < 0 || len(b.Bytes) != (b.Len+7)/8 || len(b.Bytes) > math.MaxUint32 {
		e.failf("%d bits in %d bytes are no binary", b.Len, len(b.Bytes))
	}
	used := byte(b.Len % 8)
	if used == 0 {
		e.bytes(tagBinary)
		e.uint32(uint32(len(b.Bytes)))
		e.bytes(b.Bytes...)
		return
	}
	e.bytes(tagBitBinary)
	e.uint32(uint32(len(b.Bytes)))
	e.bytes(used)
	e.bytes(b.Bytes...)
	e.data[len(e.data)-1] &= 0xff << (8 - used)
}

func (e *encoder) tuple(t erlterm.Tuple) {
	e.enter(len(t))
	if len(t) <= math.MaxUint8 {
		e.bytes(tagSmallTuple, byte(len(t)))
	} else {
		e.bytes(tagLargeTuple)
		e.uint32(uint32(len(t)))
	}
	for _, elem := range t {
		e.term(elem)
	}
	e.leave()
}

func (e *encoder) mapOf(m *erlterm.Map) {
	if m == nil {
		e.failf("a nil *Map is no term")
	}
	e.enter(2 * m.Len())
	e.bytes(tagMap)
	e.uint32(uint32(m.Len()))
	for key, value := range m.All() {
		e.term(key)
		e.term(value)
	}
	e.leave()
}

// string writes a string as Erlang writes the list of its characters.
func (e *encoder) string(s erlterm.String) {
	n, areBytes := 0, true
	for _, r := range e.text(s) {
		n++
		areBytes = areBytes && r <= math.MaxUint8
	}
	if n > maxString || !areBytes {
		e.list(characters(nil, string(s)), nil)
		return
	}
	e.stringHead(n)
	for _, r := range string(s) {
		e.bytes(byte(r))
	}
}

// text returns what a String must be.
func (e *encoder) text(s erlterm.String) string {
	if !utf8.ValidString(string(s)) {
		e.failf("a string that is not UTF-8")
	}
	return string(s)
}

// characters appends those of a text to a list.
func characters(elems []erlterm.Term, text string) []erlterm.Term {
	for _, r := range text {
		elems = append(elems, erlterm.Int(r))
	}
	return elems
}

// stringHead begins a list of n bytes.
func (e *encoder) stringHead(n int) {
	if n == 0 {
		e.bytes(tagNil)
		return
	}
	e.bytes(tagString)
	e.uint16(uint16(n))
}

// list writes the elements of a list and its tail, nil for the empty list.
func (e *encoder) list(elems []erlterm.Term, tail erlterm.Term) {
	if tail == nil && len(elems) <= maxString && !slices.ContainsFunc(elems, isNoByte) {
		e.stringHead(len(elems))
		for _, elem := range elems {
			e.bytes(byte(elem.(erlterm.Int)))
		}
		return
	}
	e.enter(len(elems) + 1)
	e.bytes(tagList)
	e.uint32(uint32(len(elems)))
	for _, elem := range elems {
		e.term(elem)
	}
	if tail == nil {
		tail = erlterm.List(nil)
	}
	e.term(tail)
	e.leave()
}

func isNoByte(t erlterm.Term) bool {
	n, ok := t.(erlterm.Int)
	return !ok || n < 0 || n > math.MaxUint8
}

// flatten returns all elements of a list whose tail may be a list too, and the
// tail that is none, nil for the empty list.
func (e *encoder) flatten(t *erlterm.Improper) (elems []erlterm.Term, tail erlterm.Term) {
	for {
		if t == nil || len(t.Elems) == 0 || t.Tail == nil {
			e.failf("an improper list without elements or tail is no term")
		}
		if elems = append(elems, t.Elems...); len(elems) > MaxTerms {
			e.failf("over %d terms", MaxTerms)
		}
		switch tail := t.Tail.(type) {
		case erlterm.String:
			return characters(elems, e.text(tail)), nil
		case erlterm.List:
			return append(elems, tail...), nil
		case *erlterm.Improper:
			t = tail
		default:
			return elems, tail
		}
	}
}

func (e *encoder) pid(p Pid) {
	e.bytes(tagNewPid)
	e.atom(p.Node)
	e.uint32(p.ID)
	e.uint32(p.Serial)
	e.uint32(p.Creation)
}

func (e *encoder) port(p Port) {
	e.bytes(tagV4Port)
	e.atom(p.Node)
	e.uint64(p.ID)
	e.uint32(p.Creation)
}

func (e *encoder) ref(r Ref) {
	if r.N < 1 || r.N > MaxWords {
		e.failf("a reference of %d words, not 1 to %d", r.N, MaxWords)
	}
	e.bytes(tagNewerReference)
	e.uint16(uint16(r.N))
	e.atom(r.Node)
	e.uint32(r.Creation)
	for _, w := range r.Words[:r.N] {
		e.uint32(w)
	}
}

// fun looks through a fun once more: the limits are those of the whole term.
func (e *encoder) fun(f Fun) {
	if f.code == "" {
		e.failf("a Fun that was not decoded is no term")
	}
	e.enter(0)
	d := decoder{data: []byte(f.code), depth: e.depth, terms: e.terms}
	d.fun()
	e.terms = d.terms
	e.bytes(tagNewFun)
	e.data = append(e.data, f.code...)
	e.leave()
}
