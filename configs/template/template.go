package template

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// MaxText bounds an expanded text, in bytes.
const MaxText = 16 << 20

// Text is an expanded template. It may be read by several goroutines.
type Text struct {
	Bytes  []byte
	Vars   []Var             // those that were replaced, in order
	Values map[string]string // of the variables that were set and stand in the template, by name
}

// Var is a variable in a template.
type Var struct {
	Name       string
	Start, End int // from its $ to behind its }, in bytes of the template
	from, to   int // its value in the expanded text
}

// Error is something in a template that cannot be expanded.
type Error struct {
	Start, End int    // the bytes of the template that it is about
	Msg        string // one line, lower-case; repeats no value of a variable
	Hint       string // what to write instead, or empty
}

func (e *Error) Error() string { return e.Msg }

// maxErrors is how many errors are told of one template.
const maxErrors = 100

// Expand replaces the variables of a text by what getenv has for their names.
// The errors, by position, are all that is wrong, up to a hundred; a variable
// that is not set is told once, where it first stands. With errors there is no
// Text.
func Expand(text []byte, comments Comments, getenv func(name string) string) (*Text, []*Error) {
	x := expansion{
		src: text, comments: comments, getenv: getenv,
		out: &Text{Values: map[string]string{}}, unset: map[string]*unset{},
	}
	x.run()
	x.reportUnset()
	if len(x.errs) > 0 {
		slices.SortStableFunc(x.errs, func(a, b *Error) int { return cmp.Compare(a.Start, b.Start) })
		return nil, x.errs[:min(len(x.errs), maxErrors)]
	}
	return x.out, nil
}

// Unexpanded is the error that a text is to be expanded before it is read: about
// its first variable outside of comments, well-formed or not; nil without any.
func Unexpanded(text []byte, comments Comments) *Error {
	lex := lexer{src: text, comments: comments}
	braces := braces{src: text}
	for {
		start, commented := lex.next()
		if start < 0 {
			return nil
		}
		if commented {
			continue
		}
		if end := braces.after(start); end > 0 {
			return &Error{Start: start, End: end, Msg: shown(string(text[start:end])) + " is unexpanded"}
		}
	}
}

// Offset says which byte of the template a byte of the expanded text is from.
// One in a value is from the variable's $. The end is from the template's end.
func (t *Text) Offset(at int) int {
	// The last variable whose value starts at or before the place.
	i := sort.Search(len(t.Vars), func(i int) bool { return t.Vars[i].from > at }) - 1
	switch {
	case i < 0:
		return at
	case at < t.Vars[i].to:
		return t.Vars[i].Start
	default:
		return t.Vars[i].End + at - t.Vars[i].to
	}
}

// Touched is the first variable that has a byte from start on and before end,
// or that stands at start, in bytes of the template.
func (t *Text) Touched(start, end int) (Var, bool) {
	i := sort.Search(len(t.Vars), func(i int) bool { return t.Vars[i].End > start })
	if i < len(t.Vars) && t.Vars[i].Start < max(end, start+1) {
		return t.Vars[i], true
	}
	return Var{}, false
}

// expansion is one run of Expand.
type expansion struct {
	src      []byte
	comments Comments
	getenv   func(string) string

	out   *Text
	errs  []*Error
	unset map[string]*unset
}

// unset is a variable that is not set and has no default.
type unset struct {
	start, end int // where it first stands
	places     int
}

// run goes from one "${" to the next.
func (x *expansion) run() {
	lex := lexer{src: x.src, comments: x.comments}
	braces := braces{src: x.src}
	kept := 0 // what of the template is in the expanded text, or left out of it
	for {
		start, commented := lex.next()
		if start < 0 {
			break
		}
		if commented {
			continue
		}
		end := braces.after(start)
		if end < 0 {
			x.unclosed(start)
			continue
		}
		lex.skip(end)
		x.out.Bytes = append(x.out.Bytes, x.src[kept:start]...)
		x.variable(start, end)
		kept = end
		if len(x.out.Bytes) > MaxText {
			x.fail(start, end, "", "the expanded text has more than %d bytes", MaxText)
			return
		}
	}
	x.out.Bytes = append(x.out.Bytes, x.src[kept:]...)
}

// braces finds the } of each "${" of a text, asked for in their order. All
// answers together take time in proportion to the text.
type braces struct {
	src   []byte
	found int // the first } from the last place that was asked for
	none  int // up to here no line has a }
}

// after is the place behind the } that closes the "${" at start, or -1 when
// there is none on the line.
func (b *braces) after(start int) int {
	if start < b.none {
		return -1
	}
	if b.found <= start {
		b.found = len(b.src)
		if n := bytes.IndexByte(b.src[start:], '}'); n >= 0 {
			b.found = start + n
		}
	}
	if n := bytes.IndexByte(b.src[start:b.found], '\n'); n >= 0 {
		b.none = start + n
		return -1
	}
	if b.found == len(b.src) {
		b.none = b.found
		return -1
	}
	return b.found + 1
}

// variable appends the value of the variable from start to end.
func (x *expansion) variable(start, end int) {
	inner := string(x.src[start+2 : end-1])
	name, fallback, hasDefault := strings.Cut(inner, ":-")
	if !isName(name) || strings.Contains(inner, "${") {
		x.malformed(start, end, inner)
		return
	}
	value := x.getenv(name)
	switch {
	case value != "":
		if hasVariable(value) {
			x.fail(start, end, "write the value that is meant into "+name,
				"the value of %s has a ${...} in it, which relx would replace too", name)
			return
		}
		x.out.Values[name] = value
	case hasDefault:
		value = fallback
	default:
		x.note(name, start, end)
		return
	}
	from := len(x.out.Bytes)
	x.out.Bytes = append(x.out.Bytes, value...)
	x.out.Vars = append(x.out.Vars, Var{Name: name, Start: start, End: end, from: from, to: len(x.out.Bytes)})
}

func (x *expansion) note(name string, start, end int) {
	u := x.unset[name]
	if u == nil {
		u = &unset{start: start, end: end}
		x.unset[name] = u
	}
	u.places++
}

func (x *expansion) reportUnset() {
	for name, u := range x.unset {
		msg := "the variable " + name + " is not set"
		if u.places > 1 {
			msg += fmt.Sprintf(": it stands at %d places", u.places)
		}
		x.errs = append(x.errs, &Error{u.start, u.end, msg, "set it, or write ${" + name + ":-DEFAULT}"})
	}
}

func (x *expansion) fail(start, end int, hint, format string, args ...any) {
	if len(x.errs) < maxErrors {
		x.errs = append(x.errs, &Error{start, end, fmt.Sprintf(format, args...), hint})
	}
}

// hasVariable reports whether relx's script would find a variable in a value.
func hasVariable(value string) bool {
	for line := range strings.Lines(value) {
		if _, rest, found := strings.Cut(line, "${"); found && strings.Contains(rest, "}") {
			return true
		}
	}
	return false
}

func isName(s string) bool { return s != "" && nameLen(s) == len(s) }

// nameLen is the length of the name that s begins with.
func nameLen(s string) int {
	n := 0
	for n < len(s) && (isLetter(s[n]) || n > 0 && '0' <= s[n] && s[n] <= '9') {
		n++
	}
	return n
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }
