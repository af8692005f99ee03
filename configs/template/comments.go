package template

import (
	"bytes"
	"slices"
)

// Comments says what is a comment in the text of a template, and so is left as
// it is.
type Comments int

const (
	// Erlang is a text of terms: a comment is from a % to the end of the line.
	Erlang Comments = iota
	// Args is a vm.args: a comment is from a # to the end of the line, as erl's
	// own reader (erlexec) has it, in which a # may end a word.
	Args
)

// lexer finds each "${" of a text and knows whether it is in a comment. For
// that it follows quotes, as far as they have no variable in them: the value of
// one is taken not to open or close any.
type lexer struct {
	src      []byte
	comments Comments
	pos      int

	commented bool
	opener    byte   // the quote that is open, 0 for none
	closer    []byte // what closes it
	escapes   bool   // \ has a meaning in it
}

// next is the place of the next "${", or -1, and whether it is in a comment.
func (l *lexer) next() (at int, commented bool) {
	for l.pos < len(l.src) {
		at := l.pos
		c := l.src[at]
		if c == '$' && bytes.HasPrefix(l.src[at:], []byte("${")) {
			l.pos += 2
			return at, l.commented
		}
		l.pos++
		switch {
		case l.commented:
			l.commented = c != '\n'
		case c == '\\' && (l.opener == 0 || l.escapes):
			l.skipCharacter()
		case l.opener != 0:
			l.inQuotes(at)
		default:
			l.outside(c)
		}
	}
	return -1, false
}

// skip goes on at a place, behind a variable.
func (l *lexer) skip(to int) { l.pos = to }

// skipCharacter steps over what stands behind a \ or a $, unless it is a
// variable.
func (l *lexer) skipCharacter() {
	if l.pos < len(l.src) && !bytes.HasPrefix(l.src[l.pos:], []byte("${")) {
		l.pos++
	}
}

// inQuotes looks whether the byte at a place closes what is open.
func (l *lexer) inQuotes(at int) {
	if len(l.closer) > 1 && !startsLine(l.src, at) || !bytes.HasPrefix(l.src[at:], l.closer) {
		return
	}
	l.pos = at + len(l.closer)
	l.opener = 0
}

// outside looks at a byte outside of quotes and comments.
func (l *lexer) outside(c byte) {
	switch {
	case l.comments == Args:
		switch c {
		case '#':
			l.commented = true
		case '"', '\'':
			l.open(c, []byte{c}, false)
		}
	case c == '%':
		l.commented = true
	case c == '$':
		// A character such as $" or $%; one behind a \ comes by itself.
		if l.pos < len(l.src) && l.src[l.pos] != '\\' {
			l.skipCharacter()
		}
	case c == '\'':
		l.open(c, []byte{c}, true)
	case c == '"':
		l.openString(true)
	case c == '~':
		l.sigil()
	}
}

func (l *lexer) open(opener byte, closer []byte, escapes bool) {
	l.opener, l.closer, l.escapes = opener, closer, escapes
}

// openString follows a " that was read: three or more at the end of a line open
// a string that ends at a line of as many. Others are empty strings, and the
// odd one is open.
func (l *lexer) openString(escapes bool) {
	start := l.pos - 1
	for l.pos < len(l.src) && l.src[l.pos] == '"' {
		l.pos++
	}
	quotes := l.src[start:l.pos]
	behind := bytes.TrimLeft(l.src[l.pos:], " \t\r")
	switch {
	case len(quotes) >= 3 && len(behind) > 0 && behind[0] == '\n':
		l.open('"', quotes, false)
	case len(quotes)%2 == 1:
		l.open('"', quotes[:1], escapes)
	}
}

// sigil follows a ~ that was read: letters and a delimiter.
func (l *lexer) sigil() {
	escapes := true
	for ; l.pos < len(l.src) && isLetter(l.src[l.pos]); l.pos++ {
		escapes = escapes && l.src[l.pos] >= 'a'
	}
	if l.pos == len(l.src) {
		return
	}
	c := l.src[l.pos]
	switch pairs := []byte("()[]{}<>"); {
	case c == '"':
		l.pos++
		l.openString(escapes)
	case bytes.IndexByte([]byte("/|'`#"), c) >= 0:
		l.pos++
		l.open(c, []byte{c}, escapes)
	default:
		if i := slices.Index(pairs, c); i >= 0 && i%2 == 0 {
			l.pos++
			l.open(c, pairs[i+1:i+2], escapes)
		}
	}
}

// startsLine reports whether nothing but blanks stands before a place on its
// line.
func startsLine(src []byte, at int) bool {
	before := bytes.TrimRight(src[:at], " \t\r")
	return len(before) == 0 || before[len(before)-1] == '\n'
}
