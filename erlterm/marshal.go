package erlterm

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Marshaler writes itself as a term.
type Marshaler interface {
	MarshalErlang() (Term, error)
}

// Marshal returns the text of v as a term, with its dot, on one line: [Format]
// lays it out. The package comment says what becomes of what. Strings and binaries
// of text stand in quotes. What Marshal writes, [Unmarshal] reads.
//
// An error names the path to the value that is no term.
func Marshal(v any, opts ...Option) ([]byte, error) {
	t, err := MarshalTerm(v, opts...)
	if err != nil {
		return nil, err
	}
	text := readable.append(nil, t)
	return keepCoding(append(text, ".\n"...), false), nil
}

// MarshalTerm returns v as a term, as [Marshal] does.
func MarshalTerm(v any, opts ...Option) (Term, error) {
	m := marshaler{newOptions(opts).limits}
	t, err := m.value(reflect.ValueOf(v), format{}, 0)
	if err != nil {
		return nil, fmt.Errorf("erlterm: marshal %w", err)
	}
	return t, nil
}

type marshaler struct{ limits }

// A valueError is about a value inside another.
type valueError struct {
	path string
	err  error
}

func (e *valueError) Error() string { return e.path + ": " + e.err.Error() }
func (e *valueError) Unwrap() error { return e.err }

// A depthError is that a value nests deeper than the limit. Its path would be as
// long.
type depthError int

func (e depthError) Error() string {
	return fmt.Sprintf("the value nests deeper than the limit of %d", int(e))
}

// within puts a step before the path of an error.
func within(step string, err error) error {
	var inner *valueError
	if _, ok := err.(depthError); ok {
		return err
	}
	if !errors.As(err, &inner) {
		return &valueError{step, err}
	}
	if strings.HasPrefix(inner.path, "[") {
		return &valueError{step + inner.path, inner.err}
	}
	return &valueError{step + "." + inner.path, inner.err}
}

const undefined = Atom("undefined")

func (m *marshaler) value(v reflect.Value, f format, depth int) (Term, error) {
	if depth > m.depth {
		return nil, depthError(m.depth)
	}
	if !v.IsValid() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return undefined, nil
	}
	switch infoOf(v.Type()).write {
	case codecTerm:
		t := v.Interface().(Term)
		return t, m.check(t, depth)
	case codecAny:
		return m.value(v.Elem(), f, depth)
	case codecBigInt:
		return m.bigInt(addressable(v).Interface().(*big.Int))
	case codecDuration:
		return durationTerm(time.Duration(v.Int()), f)
	case codecBytes:
		b := make([]byte, v.Len())
		for i := range b {
			b[i] = byte(v.Index(i).Uint())
		}
		return Binary(b), nil
	case codecText:
		text, err := addressable(v).Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			return nil, err
		}
		return m.text(string(text), f.text)
	case codecCustom:
		t, err := addressable(v).Interface().(Marshaler).MarshalErlang()
		if err != nil {
			return nil, err
		}
		return t, m.check(t, depth)
	}
	return m.kind(v, f, depth)
}

func (m *marshaler) kind(v reflect.Value, f format, depth int) (Term, error) {
	switch k := v.Kind(); k {
	case reflect.Bool:
		return Atom(strconv.FormatBool(v.Bool())), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Int(v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return m.bigInt(new(big.Int).SetUint64(v.Uint()))
	case reflect.Float32, reflect.Float64:
		return floatTerm(v)
	case reflect.String:
		return m.text(v.String(), f.text)
	case reflect.Slice, reflect.Array:
		return m.list(v, f, depth)
	case reflect.Map:
		return m.goMap(v, f, depth)
	case reflect.Struct:
		return m.structure(v, f, depth)
	case reflect.Pointer, reflect.Interface:
		return m.value(v.Elem(), f, depth+1)
	}
	return nil, fmt.Errorf("a %s is no term", v.Type())
}

// addressable returns a pointer to v, or to a copy.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v.Addr()
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

func (m *marshaler) bigInt(n *big.Int) (Term, error) {
	if n.BitLen() > m.integer {
		return nil, fmt.Errorf("an integer of more than %d bits", m.integer)
	}
	return NewInt(n), nil
}

// floatTerm keeps the shortest text of a float32, which is that of another
// float64.
func floatTerm(v reflect.Value) (Term, error) {
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is no float in Erlang", f)
	}
	if v.Kind() == reflect.Float32 {
		f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	}
	return Float(f), nil
}

func durationTerm(d time.Duration, f format) (Term, error) {
	switch {
	case d == Infinity:
		return Atom("infinity"), nil
	case f.unit == 0:
		return nil, fmt.Errorf("a time.Duration needs a unit in its tag, as in erl:\",unit=ms\"")
	case d%f.unit != 0:
		return nil, fmt.Errorf("%v is no whole number of %s", d, unitNames[f.unit])
	}
	return Int(d / f.unit), nil
}

func (m *marshaler) text(text string, form textForm) (Term, error) {
	if form == textBinary {
		return Binary([]byte(text)), checkText(text)
	}
	if form == textAtom {
		return Atom(text), m.checkAtom(text)
	}
	return String(text), checkText(text)
}

func checkText(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%q is not UTF-8", text)
	}
	return nil
}

func (m *marshaler) checkAtom(name string) error {
	switch {
	case utf8.RuneCountInString(name) > m.atom:
		return fmt.Errorf("an atom has at most %d characters", m.atom)
	case strings.ContainsFunc(name, isNonCharacter):
		return fmt.Errorf("no atom contains U+FFFE or U+FFFF")
	}
	return checkText(name)
}

func (m *marshaler) list(v reflect.Value, f format, depth int) (Term, error) {
	var elems []Term
	for i := range v.Len() {
		e, err := m.value(v.Index(i), f.elem(), depth+1)
		if err != nil {
			return nil, within(fmt.Sprintf("[%d]", i), err)
		}
		elems = append(elems, e)
	}
	if f.shape == shapeTuple {
		return Tuple(elems), nil
	}
	return List(elems), nil
}

func (m *marshaler) goMap(v reflect.Value, f format, depth int) (Term, error) {
	var pairs []Pair
	for k, e := range v.Seq2() {
		key, err := m.value(k, format{text: textAtom}, depth+1)
		if err != nil {
			return nil, within(fmt.Sprint(k), err)
		}
		value, err := m.value(e, f.elem(), depth+1)
		if err != nil {
			return nil, within(pathKey(key), err)
		}
		pairs = append(pairs, Pair{key, value})
	}
	slices.SortFunc(pairs, func(a, b Pair) int { return compareKeys(a.Key, b.Key) })
	for i := range pairs {
		if i > 0 && Equal(pairs[i-1].Key, pairs[i].Key) {
			return nil, fmt.Errorf("two keys are %s", pathKey(pairs[i].Key))
		}
	}
	return members(pairs, f.shape), nil
}

func (m *marshaler) structure(v reflect.Value, f format, depth int) (Term, error) {
	info := structOf(v.Type())
	if info.err != nil {
		return nil, info.err
	}
	form := f.shape
	if form == shapeDefault {
		form = info.shape
	}
	var pairs []Pair
	for _, field := range info.fields {
		fv, err := v.FieldByIndexErr(field.index)
		switch {
		case err != nil && form == shapeTuple: // in an embedded nil
			fv = reflect.Value{}
		case err != nil || field.omitZero && form != shapeTuple && isZero(fv):
			continue
		}
		t, err := m.value(fv, field.format, depth+1)
		if err != nil {
			return nil, within(atomText(field.name), err)
		}
		pairs = append(pairs, Pair{Atom(field.name), t})
	}
	if form != shapeTuple {
		return members(pairs, form), nil
	}
	var elems Tuple
	if info.record != "" {
		elems = append(elems, info.record)
	}
	for _, p := range pairs {
		elems = append(elems, p.Value)
	}
	return elems, nil
}

// isZero asks a method IsZero first.
func isZero(v reflect.Value) bool {
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		return z.IsZero()
	}
	return v.IsZero()
}

// members is the list of {Key, Value}, or the map.
func members(pairs []Pair, form shape) Term {
	if form == shapeMap {
		return NewMap(pairs...)
	}
	var list List
	for _, p := range pairs {
		list = append(list, Tuple{p.Key, p.Value})
	}
	return list
}

// check refuses a term that has no text: a parser never returns such a one.
func (m *marshaler) check(t Term, depth int) error {
	if depth > m.depth {
		return depthError(m.depth)
	}
	switch t := t.(type) {
	case Int:
		return nil
	case Atom:
		return m.checkAtom(string(t))
	case Float:
		if math.IsNaN(float64(t)) || math.IsInf(float64(t), 0) {
			return fmt.Errorf("%v is no float in Erlang", float64(t))
		}
	case String:
		return checkText(string(t))
	case Bits:
		if t.Len < 0 || len(t.Bytes) != (t.Len+7)/8 {
			return fmt.Errorf("%d bits in %d bytes", t.Len, len(t.Bytes))
		}
	case Fun:
		return errors.Join(m.checkAtom(string(t.Module)), m.checkAtom(string(t.Function)))
	case Tuple:
		return m.checkAll(t, depth)
	case List:
		return m.checkAll(t, depth)
	default:
		return m.checkPointer(t, depth)
	}
	return nil
}

func (m *marshaler) checkPointer(t Term, depth int) error {
	if v := reflect.ValueOf(t); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return errors.New("a nil Term is no term")
	}
	switch t := t.(type) {
	case *BigInt:
		_, err := m.bigInt(&t.v)
		return err
	case *Improper:
		if len(t.Elems) == 0 {
			return errors.New("an improper list without elements is no term")
		}
		return m.checkAll(append(slices.Clip(t.Elems), t.Tail), depth)
	case *Map:
		for key, value := range t.All() {
			if err := m.checkAll([]Term{key, value}, depth); err != nil {
				return err
			}
		}
		return nil
	case Opaque:
		return fmt.Errorf("no text stands for %s", t)
	}
	return fmt.Errorf("a %T is no term", t)
}

func (m *marshaler) checkAll(terms []Term, depth int) error {
	for _, t := range terms {
		if err := m.check(t, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// keepCoding puts a comment before a text whose own comments, or what looks like
// one, would have it read in the wrong encoding.
func keepCoding(text []byte, latin1 bool) []byte {
	switch {
	case isLatin1(text) == latin1:
		return text
	case latin1:
		return append([]byte("%% coding: latin-1\n"), text...)
	}
	return append([]byte("%% coding: utf-8\n"), text...)
}
