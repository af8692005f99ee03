package configs

import (
	"fmt"
	"iter"

	"interconnectd/configs/erlargs"
	"interconnectd/configs/template"
	"interconnectd/erlterm"
)

// source is a text with Erlang terms: a file, or one word of the command line
// or of an args file.
type source struct {
	name string // as problems and origins show it
	text []byte
	flag bool // a command line, whose lines and columns say nothing to people

	at func(offset int) Origin // of a byte, for a word of an args file; else nil

	expanded *template.Text // of a template, which text is; else nil
	secret   bool           // a cookie may stand in any line: none is shown
}

// place is a term and where it stands.
type place struct {
	src *source
	cur erlterm.Cursor
}

func (p place) term() erlterm.Term { return p.cur.Term() }

func (p place) elem(i int) place { return place{p.src, p.cur.Elem(i)} }

func (p place) elems() iter.Seq[place] {
	return func(yield func(place) bool) {
		for cur := range p.cur.Elems() {
			if !yield(place{p.src, cur}) {
				return
			}
		}
	}
}

func (p place) origin() Origin { return p.src.origin(p.cur.Pos()) }

func (s *source) origin(pos erlterm.Position) Origin {
	switch {
	case s.at != nil:
		return s.at(pos.Offset)
	case s.flag:
		return Origin{Source: s.name}
	}
	return Origin{Source: s.name, Line: pos.Line, Column: pos.Column}
}

// wordOrigin is where the byte at an offset of a word stands in its file.
func (r *reader) wordOrigin(w erlargs.Word, offset int) Origin {
	return r.argsOrigin(w.File.Name, w.At(offset))
}

// argsOrigin is a place in an args file, in its template if it has one.
func (r *reader) argsOrigin(name string, pos erlterm.Position) Origin {
	if src := r.argsTemplates[name]; src != nil && pos.Line > 0 {
		pos = positionAt(src.text, src.expanded.Offset(pos.Offset))
	}
	return Origin{Source: name, Line: pos.Line, Column: pos.Column}
}

// at reports a problem with the term at p.
func (r *reader) at(severity Severity, p place, hint, format string, args ...any) {
	if r.full(severity, p.src.name) {
		return
	}
	e := p.cur.Errorf(hint, format, args...)
	if v, ok := p.src.variableOf(e); ok {
		e.Msg += " (from ${" + v.Name + "})"
	}
	r.addTermError(severity, p.src, e)
}

// addTermError turns an error of a source into a problem with an excerpt.
func (r *reader) addTermError(severity Severity, src *source, e *erlterm.Error) {
	problem := Problem{Severity: severity, Origin: src.origin(e.Pos), Msg: e.Msg, Hint: e.Hint}
	bare := *e
	bare.Hint = "" // which a snippet would have at its end
	if !src.secret {
		problem.Excerpt = bare.Snippet(src.text)
	}
	r.add(problem)
}

// quoted is a name as an Erlang atom.
func quoted(name fmt.Stringer) string { return erlterm.Atom(name.String()).String() }
