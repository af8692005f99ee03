package erlterm

import (
	"encoding"
	"fmt"
	"iter"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// This file reads terms into Go values that are no collections, and looks at
// terms as Go values.

// term reads into a variable of one of the types of terms.
func (u *unmarshaler) term(c Cursor, v reflect.Value) {
	t := c.term
	switch v.Interface().(type) {
	case List:
		if l, ok := listOf(t); ok {
			t = l
		}
	case String:
		if text, ok := textOf(t); ok && isList(t) {
			t = String(text)
		}
	}
	if v.Type().Implements(opaqueType) {
		u.errorf(c, "", "no text stands for a %s", v.Type())
		return
	}
	if reflect.TypeOf(t) != v.Type() {
		u.mismatch(c, "", termNames[v.Type()])
		return
	}
	v.Set(reflect.ValueOf(t))
}

var termNames = map[reflect.Type]string{
	reflect.TypeFor[Atom](): "an atom", reflect.TypeFor[Int](): "an integer of 64 bits",
	reflect.TypeFor[*BigInt](): "an integer of more than 64 bits", reflect.TypeFor[Float](): "a float",
	reflect.TypeFor[String](): "a string", reflect.TypeFor[List](): "a list",
	reflect.TypeFor[*Improper](): "an improper list", reflect.TypeFor[Tuple](): "a tuple",
	reflect.TypeFor[*Map](): "a map", reflect.TypeFor[Bits](): "a binary", reflect.TypeFor[Fun](): "a fun",
}

func (u *unmarshaler) bool(c Cursor, v reflect.Value) {
	switch c.term {
	case Atom("true"), Atom("false"):
		v.SetBool(c.term == Atom("true"))
	default:
		u.mismatch(c, unquoted(c.term, "true", "false"), "true or false")
	}
}

func (u *unmarshaler) int(c Cursor, v reflect.Value) {
	n, ok := intOf(c.term)
	if !ok {
		u.mismatch(c, unquotedInt(c.term), "an integer")
		return
	}
	if v.CanInt() && n.IsInt64() && !v.OverflowInt(n.Int64()) {
		v.SetInt(n.Int64())
		return
	}
	if v.CanUint() && n.IsUint64() && !v.OverflowUint(n.Uint64()) {
		v.SetUint(n.Uint64())
		return
	}
	bits := v.Type().Bits()
	low, high := "0", new(big.Int).Lsh(big.NewInt(1), uint(bits))
	if v.CanInt() {
		high.Rsh(high, 1)
		low = "-" + high.String()
	}
	u.errorf(c, "", "expected an integer from %s to %s, found %s", low, high.Sub(high, big.NewInt(1)), describeTerm(c.term))
}

func (u *unmarshaler) bigInt(c Cursor, v reflect.Value) {
	n, ok := intOf(c.term)
	if !ok {
		u.mismatch(c, unquotedInt(c.term), "an integer")
		return
	}
	v.Addr().Interface().(*big.Int).Set(n)
}

func (u *unmarshaler) float(c Cursor, v reflect.Value) {
	var f float64
	switch t := c.term.(type) {
	case Float:
		f = float64(t)
	case Int:
		f = float64(t)
	case *BigInt:
		f, _ = new(big.Float).SetInt(&t.v).Float64()
	default:
		u.mismatch(c, "", "a number")
		return
	}
	if math.IsInf(f, 0) || v.OverflowFloat(f) {
		u.errorf(c, "", "the number is too large for a %s", v.Type())
		return
	}
	v.SetFloat(f)
}

// duration reads an integer in the unit of the tag, or infinity.
func (u *unmarshaler) duration(c Cursor, v reflect.Value, f format) {
	if f.unit == 0 {
		u.misuse = fmt.Errorf("erlterm: %s: a time.Duration needs a unit in its tag, as in erl:\",unit=ms\"", u.pathTo(""))
		return
	}
	if c.term == Atom("infinity") {
		v.SetInt(int64(Infinity))
		return
	}
	n, ok := intOf(c.term)
	if !ok {
		u.mismatch(c, unquotedInt(c.term), fmt.Sprintf("an integer in %s, or infinity", unitNames[f.unit]))
		return
	}
	n.Mul(n, big.NewInt(int64(f.unit)))
	if !n.IsInt64() {
		u.errorf(c, "write infinity for no end", "%s are more than 292 years: too many %s", describeTerm(c.term), unitNames[f.unit])
		return
	}
	v.SetInt(n.Int64())
}

var unitNames = map[time.Duration]string{
	time.Nanosecond: "nanoseconds", time.Microsecond: "microseconds", time.Millisecond: "milliseconds",
	time.Second: "seconds", time.Minute: "minutes", time.Hour: "hours", 24 * time.Hour: "days",
}

// bytes reads a binary, or a list of bytes.
func (u *unmarshaler) bytes(c Cursor, v reflect.Value, f format) {
	b, ok := c.term.(Bits)
	switch {
	case !ok && v.Kind() == reflect.Array:
		u.array(c, v, f)
	case !ok:
		u.slice(c, v, f)
	case b.Len%8 != 0:
		u.errorf(c, "", "expected a binary of whole bytes, found one of %d bits", b.Len)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), len(b.Bytes), len(b.Bytes)))
		reflect.Copy(v, reflect.ValueOf(b.Bytes).Convert(reflect.SliceOf(v.Type().Elem())))
	case len(b.Bytes) != v.Len():
		u.errorf(c, "", "expected a binary of %d bytes, found one of %d", v.Len(), len(b.Bytes))
	default:
		for i, x := range b.Bytes {
			v.Index(i).SetUint(uint64(x))
		}
	}
}

func (u *unmarshaler) text(c Cursor, v reflect.Value) {
	text, ok := textOf(c.term)
	if !ok {
		u.mismatch(c, "", "an atom, a string or a binary")
		return
	}
	u.foreign(c, v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)))
}

// intOf returns an integer of any size, as a copy.
func intOf(t Term) (*big.Int, bool) {
	switch t := t.(type) {
	case Int:
		return big.NewInt(int64(t)), true
	case *BigInt:
		return t.Big(), true
	}
	return nil, false
}

// textOf returns the text of an atom, a string, a list of characters or a
// binary in UTF-8.
func textOf(t Term) (string, bool) {
	switch t := t.(type) {
	case Atom:
		return string(t), true
	case String:
		return string(t), true
	case Bits:
		return string(t.Bytes), t.Len%8 == 0 && utf8.Valid(t.Bytes)
	case List, *Improper:
		var b strings.Builder
		for c := cellsOf(t); ; {
			e, more := c.next()
			if !more {
				return b.String(), c.tail == nil
			}
			r, ok := e.(Int)
			if !ok || r < 0 || r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
				return "", false
			}
			b.WriteRune(rune(r))
		}
	}
	return "", false
}

// listOf returns a list of any shape as a List. It is not ok when t is none, or
// an improper one.
func listOf(t Term) (List, bool) {
	if l, ok := t.(List); ok || !isList(t) {
		return l, ok
	}
	c := cellsOf(t)
	var l List
	for {
		e, more := c.next()
		if !more {
			return l, c.tail == nil
		}
		l = append(l, e)
	}
}

// elemsOf ranges over the elements of a proper list of any shape. The characters
// of a string are where the string is.
func elemsOf(c Cursor) (elems iter.Seq[Cursor], n int, ok bool) {
	switch t := c.term.(type) {
	case List:
		return c.Elems(), len(t), true
	case String, *Improper:
		l, ok := listOf(t)
		return func(yield func(Cursor) bool) {
			for _, e := range l {
				if !yield(Cursor{c.file, c.span, e}) {
					return
				}
			}
		}, len(l), ok
	}
	return nil, 0, false
}

// pathKey is a key as a path shows it.
func pathKey(t Term) string {
	if text, ok := textOf(t); ok && text != "" {
		return atomText(text)
	}
	return describeTerm(t)
}

// describeTerm says what a term is, for an error message.
func describeTerm(t Term) string {
	const longest = 40
	switch t := t.(type) {
	case Tuple:
		return fmt.Sprintf("a tuple of %d", len(t))
	case *Map:
		return fmt.Sprintf("a map of %d", t.Len())
	case List:
		if len(t) == 0 {
			return "[]"
		}
		return fmt.Sprintf("a list of %d", len(t))
	case *Improper:
		return "an improper list"
	case String:
		if len(t) > longest {
			return "a string"
		}
	case Bits:
		if len(t.Bytes) > longest {
			return "a binary"
		}
	}
	text := string(readable.append(nil, t))
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return termNames[reflect.TypeOf(t)]
}

// unquotedInt is the hint for an integer in quotes.
func unquotedInt(t Term) string {
	text, ok := textOf(t)
	if _, err := strconv.ParseInt(text, 10, 64); ok && err == nil {
		return "write " + text + " without quotes"
	}
	return ""
}

// unquoted is the hint for one of some atoms in the wrong quotes.
func unquoted(t Term, atoms ...string) string {
	text, ok := textOf(t)
	for _, a := range atoms {
		if ok && text == a {
			return "write " + text + " without quotes"
		}
	}
	return ""
}
