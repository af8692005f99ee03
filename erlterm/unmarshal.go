package erlterm

import (
	"fmt"
	"iter"
	"math"
	"reflect"
	"strings"
	"time"
)

// Infinity is the [time.Duration] that stands for the atom infinity.
const Infinity time.Duration = math.MaxInt64

// An Unmarshaler reads itself from a term. It may use [Cursor.Unmarshal] for
// parts of the term, and [Cursor.Errorf] for its errors, whose paths begin at
// that term.
type Unmarshaler interface {
	UnmarshalErlang(c Cursor) error
}

// Unmarshal reads a text of one term and its dot, or with [AllTerms] of any
// number, into the value v points to. The package comment says what goes into
// what.
//
// What is wrong with the text, and then every value that does not fit v, is an
// error in an [ErrorList], with its place and its path, as in
//
//	sys.config:3:26: kernel.sync_nodes_timeout: expected an integer, found "5000"
//
// All that does fit is stored in v even then. Another error is about v itself: no
// pointer, or a struct with a wrong tag.
func Unmarshal(src []byte, v any, opts ...Option) error {
	o := newOptions(opts)
	f, err := ParseFile(o.name, src, opts...)
	if err != nil {
		return err
	}
	if o.allTerms {
		return unmarshal(f.List(), v, o)
	}
	c, err := f.one()
	if err != nil {
		return err
	}
	return unmarshal(c, v, o)
}

// UnmarshalTerm reads a term into the value v points to, as [Unmarshal] does. Its
// errors have no places.
func UnmarshalTerm(t Term, v any, opts ...Option) error { return CursorOf(t).Unmarshal(v, opts...) }

// Unmarshal reads the term at the cursor into the value v points to, as the
// function [Unmarshal] does.
func (c Cursor) Unmarshal(v any, opts ...Option) error { return unmarshal(c, v, newOptions(opts)) }

// one returns the only term of a file.
func (f *File) one() (Cursor, error) {
	switch n := len(f.Terms); n {
	case 0:
		end := len(f.src.text)
		return Cursor{}, ErrorList{f.src.errorAt(f.Name, end, end, "expected one term, found none", "")}
	case 1:
		return f.Cursor(0), nil
	default:
		return Cursor{}, ErrorList{f.Cursor(1).Errorf("", "expected one term, found %d", n)}
	}
}

func unmarshal(c Cursor, v any, o options) error {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("erlterm: unmarshal into a %T: it must be a pointer, and not nil", v)
	}
	if c.term == nil {
		return fmt.Errorf("erlterm: unmarshal of no term")
	}
	u := &unmarshaler{options: o}
	u.value(c, p.Elem(), format{})
	if u.misuse != nil {
		return u.misuse
	}
	return u.errs.byPlace().Err()
}

// An unmarshaler reads one term into one Go value, and collects what does not
// fit.
type unmarshaler struct {
	options
	errs   ErrorList
	misuse error // the Go type is wrong
	path   []step
}

// A step of a path is a key or, without one, an index.
type step struct {
	key   string
	index int
}

func (u *unmarshaler) errorf(c Cursor, hint, format string, args ...any) {
	if len(u.errs) >= maxErrors {
		return
	}
	e := c.Errorf(hint, format, args...)
	e.Path = u.pathTo("")
	u.errs = append(u.errs, e)
}

// mismatch reports a term of the wrong type. Hint may be empty.
func (u *unmarshaler) mismatch(c Cursor, hint, expected string) {
	u.errorf(c, hint, "expected %s, found %s", expected, describeTerm(c.term))
}

// pathTo is the path to where the unmarshaler is, and on from there.
func (u *unmarshaler) pathTo(rest string) string {
	var b strings.Builder
	for _, s := range u.path {
		switch {
		case s.key == "":
			fmt.Fprintf(&b, "[%d]", s.index)
		case b.Len() > 0:
			b.WriteByte('.')
			fallthrough
		default:
			b.WriteString(s.key)
		}
	}
	if rest != "" && rest[0] != '[' && b.Len() > 0 {
		b.WriteByte('.')
	}
	b.WriteString(rest)
	return b.String()
}

// in reads a part of a value, one step further.
func (u *unmarshaler) in(s step, c Cursor, v reflect.Value, f format) {
	u.path = append(u.path, s)
	u.value(c, v, f)
	u.path = u.path[:len(u.path)-1]
}

// value reads a term into v, which can be set.
func (u *unmarshaler) value(c Cursor, v reflect.Value, f format) {
	switch infoOf(v.Type()).read {
	case codecAny:
		v.Set(reflect.ValueOf(c.term))
	case codecTerm:
		u.term(c, v)
	case codecBigInt:
		u.bigInt(c, v)
	case codecDuration:
		u.duration(c, v, f)
	case codecBytes:
		u.bytes(c, v, f)
	case codecText:
		u.text(c, v)
	case codecCustom:
		u.foreign(c, v.Addr().Interface().(Unmarshaler).UnmarshalErlang(c))
	default:
		u.kind(c, v, f)
	}
}

func (u *unmarshaler) kind(c Cursor, v reflect.Value, f format) {
	switch k := v.Kind(); k {
	case reflect.Bool:
		u.bool(c, v)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		u.int(c, v)
	case reflect.Float32, reflect.Float64:
		u.float(c, v)
	case reflect.String:
		if text, ok := textOf(c.term); ok {
			v.SetString(text)
		} else {
			u.mismatch(c, "", "an atom, a string or a binary")
		}
	case reflect.Slice:
		u.slice(c, v, f)
	case reflect.Array:
		u.array(c, v, f)
	case reflect.Map:
		u.goMap(c, v, f)
	case reflect.Struct:
		u.structure(c, v, f)
	case reflect.Pointer:
		if c.term == Atom("undefined") {
			v.SetZero()
			return
		}
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		u.value(c, v.Elem(), f)
	default:
		u.misuse = fmt.Errorf("erlterm: unmarshal into a %s: it cannot hold a term", v.Type())
	}
}

// foreign takes the errors of a type that reads itself.
func (u *unmarshaler) foreign(c Cursor, err error) {
	switch e := err.(type) {
	case nil:
	case *Error:
		one := *e
		one.Path = u.pathTo(e.Path)
		u.errs = append(u.errs, &one)
	case ErrorList:
		for _, e := range e {
			u.foreign(c, e)
		}
	default:
		u.errorf(c, "", "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
}

// sequence returns the elements that a slice or an array takes.
func (u *unmarshaler) sequence(c Cursor, f format) (elems iter.Seq[Cursor], n int, ok bool) {
	if f.shape == shapeTuple {
		if _, ok := c.term.(Tuple); !ok {
			u.mismatch(c, "", "a tuple")
			return nil, 0, false
		}
		return c.Elems(), c.Len(), true
	}
	if elems, n, ok = elemsOf(c); !ok {
		hint := ""
		if _, isTuple := c.term.(Tuple); isTuple {
			hint = "write [...] around it for a list of one"
		}
		u.mismatch(c, hint, "a list")
	}
	return elems, n, ok
}

func (u *unmarshaler) slice(c Cursor, v reflect.Value, f format) {
	elems, n, ok := u.sequence(c, f)
	if !ok {
		return
	}
	slice := reflect.MakeSlice(v.Type(), n, n)
	i := 0
	for e := range elems {
		u.in(step{index: i}, e, slice.Index(i), f.elem())
		i++
	}
	v.Set(slice)
}

func (u *unmarshaler) array(c Cursor, v reflect.Value, f format) {
	elems, n, ok := u.sequence(c, f)
	if !ok {
		return
	}
	if n != v.Len() {
		u.errorf(c, "", "expected %d elements, found %d", v.Len(), n)
		return
	}
	i := 0
	for e := range elems {
		u.in(step{index: i}, e, v.Index(i), f.elem())
		i++
	}
}

// members calls each for every key and its value in a map, or in a list of
// {Key, Value} and of atoms, which stand for {Atom, true}.
func (u *unmarshaler) members(c Cursor, each func(key, value Cursor)) {
	if _, ok := c.term.(*Map); ok {
		for key, value := range c.Pairs() {
			each(key, value)
		}
		return
	}
	elems, _, ok := elemsOf(c)
	if s, isString := c.term.(String); !ok || isString && s != "" {
		hint := ""
		if t, isTuple := c.term.(Tuple); isTuple && len(t) == 2 {
			hint = "write [...] around it for a list of one"
		}
		u.mismatch(c, hint, "a list of {Key, Value} or a map")
		return
	}
	i := 0
	for e := range elems {
		switch t := e.term.(type) {
		case Atom:
			each(e, Cursor{e.file, e.span, Atom("true")})
		case Tuple:
			if len(t) == 2 {
				each(e.Elem(0), e.Elem(1))
				break
			}
			u.badMember(e, i)
		default:
			u.badMember(e, i)
		}
		i++
	}
}

func (u *unmarshaler) badMember(e Cursor, i int) {
	u.path = append(u.path, step{index: i})
	u.mismatch(e, "", "{Key, Value} or an atom")
	u.path = u.path[:len(u.path)-1]
}

func (u *unmarshaler) goMap(c Cursor, v reflect.Value, f format) {
	t := v.Type()
	m := reflect.MakeMap(t)
	u.members(c, func(key, value Cursor) {
		s := step{key: pathKey(key.term)}
		k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		before := len(u.errs)
		u.in(s, key, k, format{})
		if len(u.errs) > before || u.misuse != nil {
			return
		}
		switch {
		case !k.Comparable():
			u.errorf(key, "", "%s cannot be a key of a Go map", describeTerm(key.term))
			return
		case m.MapIndex(k).IsValid():
			if !u.allowRepeated {
				u.errorf(key, "", "the key %s is here again", s.key)
			}
			return
		}
		u.in(s, value, e, f.elem())
		m.SetMapIndex(k, e)
	})
	if v.IsNil() {
		v.Set(m)
		return
	}
	for k, e := range m.Seq2() {
		v.SetMapIndex(k, e)
	}
}

func (u *unmarshaler) structure(c Cursor, v reflect.Value, f format) {
	info := structOf(v.Type())
	if info.err != nil {
		u.misuse = info.err
		return
	}
	if f.shape == shapeTuple || f.shape == shapeDefault && info.shape == shapeTuple {
		u.record(c, v, info)
		return
	}
	seen := make([]bool, len(info.fields))
	u.members(c, func(key, value Cursor) {
		name, ok := textOf(key.term)
		i, known := info.byName[name]
		switch {
		case !ok || !known || isList(key.term) && name == "":
			if u.rejectUnknown {
				u.errorf(key, knownHint(info), "unknown key %s", describeTerm(key.term))
			}
		case seen[i]:
			if !u.allowRepeated {
				u.errorf(key, "", "the key %s is here again", pathKey(key.term))
			}
		default:
			seen[i] = true
			u.in(step{key: atomText(name)}, value, fieldOf(v, info.fields[i].index), info.fields[i].format)
		}
	})
	for i, f := range info.fields {
		if f.required && !seen[i] {
			u.errorf(c, "", "the key %s is missing", atomText(f.name))
		}
	}
}

// record reads a tuple into the fields of a struct in their order.
func (u *unmarshaler) record(c Cursor, v reflect.Value, info *structInfo) {
	n := len(info.fields)
	first := 0
	if info.record != "" {
		first = 1
	}
	t, ok := c.term.(Tuple)
	if !ok || len(t) != n+first {
		what := fmt.Sprintf("a tuple of %d", n+first)
		if first > 0 {
			what = fmt.Sprintf("a tuple of %s and %d more", info.record, n)
		}
		u.mismatch(c, "", what)
		return
	}
	i := -first
	for e := range c.Elems() {
		switch {
		case i >= 0:
			u.in(step{key: atomText(info.fields[i].name)}, e, fieldOf(v, info.fields[i].index), info.fields[i].format)
		case e.term != Term(info.record):
			u.mismatch(e, "", info.record.String())
			return
		}
		i++
	}
}

// fieldOf returns a field, and makes the embedded structs on the way.
func fieldOf(v reflect.Value, index []int) reflect.Value {
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v
}

// knownHint lists the keys of a struct, when they are few.
func knownHint(info *structInfo) string {
	const few = 12
	if len(info.fields) == 0 || len(info.fields) > few {
		return ""
	}
	names := make([]string, len(info.fields))
	for i, f := range info.fields {
		names[i] = atomText(f.name)
	}
	return "known are " + strings.Join(names, ", ")
}
