package configs

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"interconnectd/configs/template"
	"interconnectd/erlterm"
)

// isTemplate reports whether a file is one that relx would expand: sys.config.src.
func isTemplate(name string) bool { return strings.HasSuffix(name, ".src") }

// withoutSrc is the name of what a template becomes, and any other name as it is.
func withoutSrc(name string) string { return strings.TrimSuffix(name, ".src") }

// expands reports whether templates are wanted expanded: by -expand_env, or by
// -expand, which only `check` has.
func (r *reader) expands() bool {
	return r.in.Args.Has("expand_env") || r.in.Args.Has("expand")
}

// expand replaces the variables of a template, and reports what stands in the
// way. From then on the text of src is for showing only: the template's own.
func (r *reader) expand(src *source, comments template.Comments) bool {
	if !r.expands() {
		r.reportUnexpanded(src, comments)
		return false
	}
	expanded, errs := template.Expand(src.text, comments, r.in.Getenv)
	for _, e := range errs {
		r.addTermError(Error, src, src.errorAt(e))
	}
	src.expanded = expanded
	return len(errs) == 0
}

// reportUnexpanded is about the template as a whole; it points to its first
// variable.
func (r *reader) reportUnexpanded(src *source, comments template.Comments) {
	const what = "the file is a template"
	hint := "add " + r.expandFlag + " to replace ${VAR} by what the environment has"
	if e := template.Unexpanded(src.text, comments); e != nil {
		e.Msg, e.Hint = e.Msg+": "+what, hint
		r.addTermError(Error, src, src.errorAt(e))
		return
	}
	r.report(Error, Origin{Source: src.name}, &hintError{errors.New(what), hint})
}

// errorAt gives an error of a template its places.
func (s *source) errorAt(e *template.Error) *erlterm.Error {
	return &erlterm.Error{Pos: positionAt(s.text, e.Start), End: positionAt(s.text, e.End), Msg: e.Msg, Hint: e.Hint}
}

// positionAt is the place of a byte.
func positionAt(text []byte, offset int) erlterm.Position {
	before := text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return erlterm.Position{
		Offset: offset,
		Line:   1 + bytes.Count(before, []byte("\n")),
		Column: 1 + utf8.RuneCount(before[start:]),
	}
}

// parse reads the terms of a source; places are those in its text.
func (s *source) parse() (*erlterm.File, error) {
	if s.expanded == nil {
		return erlterm.ParseFile(s.name, s.text)
	}
	return erlterm.ParseFile(s.name, s.expanded.Bytes, erlterm.PlacesIn(s.text, s.expanded.Offset))
}

// variableOf is the variable that the place of an error is about, if any. The
// end of an error that begins at a variable is the variable's.
func (s *source) variableOf(e *erlterm.Error) (template.Var, bool) {
	if s.expanded == nil {
		return template.Var{}, false
	}
	v, ok := s.expanded.Touched(e.Pos.Offset, e.End.Offset)
	if ok && v.Start == e.Pos.Offset {
		e.End = positionAt(s.text, v.End)
	}
	return v, ok
}

// syntaxError is an error of the parser as people are told it: with advice on
// variables that were not replaced, and without what it repeats of the values of
// those that were. These may be secrets: ${VAR} stands in their place.
func (r *reader) syntaxError(src *source, e *erlterm.Error) *erlterm.Error {
	told := *e
	if left, ok := strings.CutSuffix(e.Msg, " was left unexpanded"); ok && left[0] == '$' {
		switch {
		case src.expanded != nil:
			told.Hint = "only ${VAR} and ${VAR:-DEFAULT} are replaced"
		case r.expands():
			told.Hint = "variables are replaced in a file whose name ends in .src: call it " + src.name + ".src"
		}
	}
	if src.expanded != nil {
		src.variableOf(&told)
		conceal(&told, src.expanded.Values)
	}
	return &told
}

// conceal takes the values of variables out of an error.
func conceal(e *erlterm.Error, values map[string]string) {
	// The longest first, since one may be a part of another.
	names := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(values[b]), len(values[a])), cmp.Compare(a, b))
	})
	for _, name := range names {
		if value := values[name]; len(value) > minSecret {
			e.Msg = strings.ReplaceAll(e.Msg, value, "${"+name+"}")
			e.Hint = strings.ReplaceAll(e.Hint, value, "${"+name+"}")
		}
	}
	for _, name := range names {
		if repeats(e.Msg, values[name]) {
			e.Msg = "with the value of " + name + " this is no Erlang term"
		}
		if repeats(e.Hint, values[name]) {
			e.Hint = ""
		}
	}
}

// minSecret is the length up to which a word is in a message by chance.
const minSecret = 3

var wordPattern = lazily(`[\pL\pN_]+`)

// repeats reports whether a message has a word of a value.
func repeats(msg, value string) bool {
	for _, word := range wordPattern().FindAllString(value, -1) {
		if len(word) > minSecret && strings.Contains(msg, word) {
			return true
		}
	}
	return false
}

// missingHint is what may be meant by a sys.config that is not there.
func (r *reader) missingHint(given, path string) string {
	info, err := os.Stat(given)
	switch {
	case err == nil && given != path && info.IsDir():
		return given + " is a directory"
	case err == nil && given != path:
		return "the name of a configuration file ends in .config"
	}
	if _, err := os.Stat(path + ".src"); err == nil {
		return "write '-config " + path + ".src " + r.expandFlag + "' to read the template"
	}
	return ""
}
