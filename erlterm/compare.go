package erlterm

import (
	"bytes"
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"
)

// Equal reports whether two terms are the same in the sense of Erlang's =:=,
// as OTP 27 has it: 1 and 1.0 differ, and so do 0.0 and -0.0. The shape of a
// list does not count: String("a") equals List{Int('a')}.
func Equal(a, b Term) bool { return compare(a, b, true) == 0 }

// Compare orders two terms as Erlang's <, == and > do: number < atom < reference
// < fun < port < pid < tuple < map < list < bit string. It is negative when a
// comes first and 0 when a == b, which also holds for 1 and 1.0.
//
// Integers and floats compare by value. Atoms compare by code point, tuples
// and maps by size first. Maps of one size compare by their keys, where an
// integer comes before any float, then by their values.
func Compare(a, b Term) int { return compare(a, b, false) }

// compareKeys is the order in which a [Map] keeps its keys. It is 0 only for
// keys that are Equal.
func compareKeys(a, b Term) int {
	if x, ok := a.(Atom); ok { // most keys are
		if y, ok := b.(Atom); ok {
			return strings.Compare(string(x), string(y))
		}
	}
	if c := compare(a, b, false); c != 0 {
		return c
	}
	return compare(a, b, true)
}

// A rank is the place of a type in Erlang's order of types.
type rank uint8

const (
	rankNumber rank = iota
	rankAtom
	rankRef
	rankFun
	rankPort
	rankPid
	rankTuple
	rankMap
	rankNil
	rankList
	rankBits
)

func rankOf(t Term) rank {
	switch t := t.(type) {
	case Int, *BigInt, Float:
		return rankNumber
	case Atom:
		return rankAtom
	case Fun:
		return rankFun
	case Tuple:
		return rankTuple
	case *Map:
		return rankMap
	case Bits:
		return rankBits
	case String:
		if t == "" {
			return rankNil
		}
	case List:
		if len(t) == 0 {
			return rankNil
		}
	case *Improper:
	case Opaque:
		return rank(t.Class())
	}
	return rankList
}

// compare is the order of terms; with exact set, the one of map keys, which
// tells an integer from a float of the same value.
func compare(a, b Term, exact bool) int {
	r := rankOf(a)
	if c := cmp.Compare(r, rankOf(b)); c != 0 {
		return c
	}
	switch r {
	case rankNumber:
		return compareNumbers(a, b, exact)
	case rankAtom:
		return strings.Compare(string(a.(Atom)), string(b.(Atom)))
	case rankRef, rankFun, rankPort, rankPid:
		return compareOpaque(a, b)
	case rankTuple:
		t, u := a.(Tuple), b.(Tuple)
		if c := cmp.Compare(len(t), len(u)); c != 0 {
			return c
		}
		return slices.CompareFunc(t, u, func(x, y Term) int { return compare(x, y, exact) })
	case rankMap:
		return compareMaps(a.(*Map), b.(*Map), exact)
	case rankList:
		return compareLists(a, b, exact)
	case rankBits:
		x, y := a.(Bits), b.(Bits)
		return compareBits(x, y)
	}
	return 0
}

func compareFuns(f, g Fun) int {
	return cmp.Or(
		strings.Compare(string(f.Module), string(g.Module)),
		strings.Compare(string(f.Function), string(g.Function)),
		cmp.Compare(f.Arity, g.Arity))
}

func compareLists(a, b Term, exact bool) int {
	if s, ok := a.(String); ok {
		if t, ok := b.(String); ok {
			return strings.Compare(string(s), string(t))
		}
	}
	x, y := cellsOf(a), cellsOf(b)
	for {
		v, more := x.next()
		w, more2 := y.next()
		switch {
		case more && more2:
			if c := compare(v, w, exact); c != 0 {
				return c
			}
		case more:
			return -rankTail(y.tail)
		case more2:
			return rankTail(x.tail)
		case x.tail == nil && y.tail == nil:
			return 0
		case x.tail == nil:
			return cmp.Compare(rankNil, rankOf(y.tail))
		case y.tail == nil:
			return cmp.Compare(rankOf(x.tail), rankNil)
		default:
			return compare(x.tail, y.tail, exact)
		}
	}
}

// rankTail compares the tail of a list that has ended, nil for the empty list,
// with what is left of one that has not.
func rankTail(tail Term) int {
	if tail == nil {
		return -1
	}
	return cmp.Compare(rankOf(tail), rankList)
}

func compareMaps(a, b *Map, exact bool) int {
	if c := cmp.Compare(a.Len(), b.Len()); c != 0 {
		return c
	}
	x, y := a.byExactKey(), b.byExactKey()
	for i := range x {
		if c := compare(x[i].Key, y[i].Key, true); c != 0 {
			return c
		}
	}
	for i := range x {
		if c := compare(x[i].Value, y[i].Value, exact); c != 0 {
			return c
		}
	}
	return 0
}

// byExactKey returns the pairs with the integers among the keys before the floats.
func (t *Map) byExactKey() []Pair {
	if t.exact != nil {
		return t.exact
	}
	return t.pairs
}

// exactOrder returns the pairs of a map in the order of [Map.byExactKey], nil when
// they are in it. A map keeps it: sought at each comparison it made the time of maps
// whose keys are maps grow with a power of their depth.
func exactOrder(pairs []Pair) []Pair {
	for i := 1; i < len(pairs); i++ {
		a, b := pairs[i-1].Key, pairs[i].Key
		if _, ok := a.(Atom); ok { // as most are; what follows is no number
			continue
		}
		if compare(a, b, true) > 0 {
			sorted := slices.Clone(pairs)
			slices.SortFunc(sorted, func(p, q Pair) int { return compare(p.Key, q.Key, true) })
			return sorted
		}
	}
	return nil
}

func compareBits(a, b Bits) int {
	whole := min(a.Len, b.Len) / 8
	if c := bytes.Compare(a.Bytes[:whole], b.Bytes[:whole]); c != 0 {
		return c
	}
	if rest := min(a.Len, b.Len) % 8; rest != 0 {
		mask := byte(0xff) << (8 - rest)
		if c := cmp.Compare(a.Bytes[whole]&mask, b.Bytes[whole]&mask); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.Len, b.Len)
}

func compareNumbers(a, b Term, exact bool) int {
	x, aIsFloat := a.(Float)
	y, bIsFloat := b.(Float)
	switch {
	case aIsFloat && bIsFloat:
		c := cmp.Compare(x, y)
		if c == 0 && exact {
			return cmp.Compare(sign(x), sign(y))
		}
		return c
	case aIsFloat && exact:
		return 1
	case bIsFloat && exact:
		return -1
	case aIsFloat:
		return -compareIntFloat(b, x)
	case bIsFloat:
		return compareIntFloat(a, y)
	}
	i, aSmall := a.(Int)
	j, bSmall := b.(Int)
	if aSmall && bSmall {
		return cmp.Compare(i, j)
	}
	return bigOf(a).Cmp(bigOf(b))
}

// sign tells 0.0 from -0.0.
func sign(f Float) int {
	if math.Signbit(float64(f)) {
		return -1
	}
	return 1
}

// compareIntFloat compares by exact value, as OTP does for numbers of any size.
func compareIntFloat(i Term, f Float) int {
	const exactInFloat = 1 << 53
	if n, ok := i.(Int); ok && -exactInFloat <= n && n <= exactInFloat {
		return cmp.Compare(Float(n), f)
	}
	if math.IsInf(float64(f), 0) || math.IsNaN(float64(f)) {
		return cmp.Compare(0, f)
	}
	return new(big.Float).SetInt(bigOf(i)).Cmp(big.NewFloat(float64(f)))
}

func bigOf(t Term) *big.Int {
	if n, ok := t.(Int); ok {
		return big.NewInt(int64(n))
	}
	return &t.(*BigInt).v
}
