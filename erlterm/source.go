package erlterm

import (
	"bytes"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"
)

// A source is a text in UTF-8 and the places in it. Offsets count its bytes.
type source struct {
	text   string
	latin1 bool     // the file was Latin-1: a character was one byte there
	base   Position // where the text starts in the stream it is from; zero: at the start
	maker  *maker   // what places are about instead; nil: the text itself

	once  sync.Once
	lines []uint32 // where each line starts; made by the first call of position
}

// newSource decodes src by its coding comment. A text in UTF-8 it borrows.
func newSource(src []byte) *source {
	if !isLatin1(src) {
		return &source{text: borrow(src)}
	}
	var b strings.Builder
	b.Grow(len(src) + len(src)/8)
	for _, c := range src {
		b.WriteRune(rune(c))
	}
	return &source{text: b.String(), latin1: true}
}

// position returns the place of an offset.
func (s *source) position(offset int) Position {
	s.once.Do(func() {
		s.lines = make([]uint32, 1, 1+strings.Count(s.text, "\n"))
		for i := range len(s.text) {
			if s.text[i] == '\n' {
				s.lines = append(s.lines, uint32(i+1))
			}
		}
	})
	line := sort.Search(len(s.lines), func(i int) bool { return int(s.lines[i]) > offset })
	start := int(s.lines[line-1])
	p := Position{Offset: offset, Line: line, Column: 1 + utf8.RuneCountInString(s.text[start:offset])}
	if s.latin1 {
		p.Offset = utf8.RuneCountInString(s.text[:offset])
	}
	if s.base.Line > 0 {
		p = s.base.plus(p)
	}
	if s.maker != nil {
		p = s.maker.position(p.Offset, s.latin1)
	}
	return p
}

// errorAt makes the error of the characters from start to end.
func (s *source) errorAt(file string, start, end int, msg, hint string) *Error {
	return &Error{File: file, Pos: s.position(start), End: s.position(max(start, end)), Msg: msg, Hint: hint}
}

// termEnd is the end of the word that starts a term: of a bracket, a name, or
// a number with its sign.
func (s *source) termEnd(start int) int {
	sc := scanner{src: s.text, pos: start}
	tok := sc.scan()
	if tok.kind == tokMinus || tok.kind == tokPlus {
		tok = sc.scan()
	}
	return int(tok.end)
}

// codingWindow is how far into a file epp looks for a coding comment.
const codingWindow = 512

// isLatin1 looks for a comment such as %% coding: latin-1 as epp:set_encoding/1
// does: on the first two lines, behind a %, the word coding, a : or =, and a
// name of which the first parts count. It stops at the first such name.
func isLatin1(src []byte) bool {
	window := src[:min(len(src), codingWindow)]
	if !bytes.Contains(window, []byte("coding")) {
		return false
	}
	text := string(window)
	for range 2 {
		line, rest, _ := strings.Cut(text, "\n")
		if _, comment, found := strings.Cut(line, "%"); found {
			if name, found := codingName(comment); found {
				complete := len(window) == len(src) || !strings.HasSuffix(text, name)
				parts := strings.SplitN(strings.ToLower(name), "-", 3)
				return complete && len(parts) >= 2 && parts[0] == "latin" && parts[1] == "1"
			}
		}
		text = rest
	}
	return false
}

// codingName finds the name in a comment that says coding: name.
func codingName(comment string) (string, bool) {
	for {
		_, rest, found := strings.Cut(comment, "coding")
		if !found {
			return "", false
		}
		comment = rest
		rest = strings.TrimLeft(rest, " ")
		if rest == "" || rest[0] != ':' && rest[0] != '=' {
			continue
		}
		rest = strings.TrimLeft(rest[1:], " ")
		end := strings.IndexFunc(rest, func(r rune) bool { return r != '-' && (r >= utf8.RuneSelf || !isAlnum(byte(r))) })
		if end < 0 {
			end = len(rest)
		}
		return rest[:end], true
	}
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
