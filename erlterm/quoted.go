package erlterm

import (
	"strings"
	"unicode/utf8"
)

// This file scans and decodes what stands in quotes: atoms, strings,
// triple-quoted strings, sigils, and characters after a $.

// scanQuoted scans up to the closing quote q and leaves the body of the text.
// The scanner stands on the opening quote; start is where the token starts.
func (s *scanner) scanQuoted(k kind, start int, q byte) kind {
	s.pos++
	body := s.pos
	s.raw = true
	for {
		for s.pos < len(s.src) && s.src[s.pos] != q && s.src[s.pos] != '\\' {
			s.pos++
		}
		switch {
		case s.pos == len(s.src):
			return s.unterminated(start)
		case s.src[s.pos] == q:
			s.body = s.src[body:s.pos]
			s.pos++
			return k
		}
		s.raw = false
		s.scanEscape()
	}
}

// scanVerbatim is scanQuoted for a text without escapes.
func (s *scanner) scanVerbatim(k kind, start int, q byte) kind {
	s.pos++
	s.raw = true
	end := strings.IndexByte(s.src[s.pos:], q)
	if end < 0 {
		return s.unterminated(start)
	}
	s.body = s.src[s.pos : s.pos+end]
	s.pos += end + 1
	return k
}

// unterminated ends the text at a quote that is never closed. It is the user
// of the scanner who reports it.
func (s *scanner) unterminated(start int) kind {
	s.open = start
	s.pos = len(s.src)
	return tokEOF
}

// scanString scans a string, triple-quoted or not. It stands on the opening
// quote; sigil is the letter of the sigil it belongs to, or 0.
func (s *scanner) scanString(start int, sigil byte) kind {
	var k kind
	if strings.HasPrefix(s.src[s.pos:], `"""`) {
		k = s.scanTripleQuoted(start, sigil != 'b' && sigil != 's')
	} else {
		k = s.scanQuoted(tokString, start, '"')
	}
	s.checkAdjacent(k)
	return k
}

// checkAdjacent refuses a string right behind another, which OTP 27 does since
// "" inside a string once read as nothing.
func (s *scanner) checkAdjacent(k kind) {
	if k != tokEOF && s.at(s.pos) == '"' {
		s.errorf(s.pos, s.pos+1, `write \" for a quote inside a string, or a blank between two strings to join them`,
			"two strings without a blank between them")
	}
}

// scanChar scans a character after a $.
func (s *scanner) scanChar() kind {
	start := s.pos
	s.pos++
	if s.pos >= len(s.src) {
		s.errorf(start, s.pos, "a character follows the $, as in $a", "unterminated character")
		return tokBroken
	}
	if s.src[s.pos] == '\\' {
		s.scanEscape()
		return tokChar
	}
	_, size := utf8.DecodeRuneInString(s.src[s.pos:])
	s.pos += size
	return tokChar
}

// scanEscape scans an escape sequence. At the end of the text it stops there,
// and the quote before it is unterminated.
func (s *scanner) scanEscape() {
	start := s.pos
	_, size, ok := decodeEscape(s.src[start:])
	s.pos += size
	if !ok {
		s.errorf(start, s.pos, `an escape is one of \n \r \t \v \b \f \e \s \d, \7 to \777, \xHH, \x{HHHH} or \^A`,
			"illegal escape %s", s.src[start:s.pos])
	}
}

// decodeEscape decodes the escape sequence that text starts with, and returns
// its length. It is not ok when OTP refuses it.
func decodeEscape(text string) (r rune, size int, ok bool) {
	if len(text) < 2 {
		return 0, len(text), false
	}
	switch c := text[1]; {
	case '0' <= c && c <= '7':
		size = 1
		for size < 4 && size < len(text) && '0' <= text[size] && text[size] <= '7' {
			r = r*8 + rune(text[size]-'0')
			size++
		}
		return r, size, true
	case c == 'x':
		return decodeHexEscape(text)
	case c == '^':
		if len(text) > 2 {
			switch c := text[2]; {
			case c == '?':
				return 0x7f, 3, true
			case '@' <= c && c <= '_' || 'a' <= c && c <= 'z':
				return rune(c & 0x1f), 3, true
			}
		}
		return 0, 2, false
	case c < utf8.RuneSelf:
		return namedEscape(c), 2, true
	}
	r, size = utf8.DecodeRuneInString(text[1:])
	return r, 1 + size, true
}

func decodeHexEscape(text string) (r rune, size int, ok bool) {
	if len(text) > 2 && text[2] == '{' {
		size = 3
		for size < len(text) && isDigit(text[size], 16) {
			r = min(r*16+digitValue(text[size]), utf8.MaxRune+1)
			size++
		}
		if size == len(text) || text[size] != '}' {
			return 0, size, false
		}
		return r, size + 1, size > 3 && utf8.ValidRune(r) && !isNonCharacter(r)
	}
	if len(text) > 3 && isDigit(text[2], 16) && isDigit(text[3], 16) {
		return digitValue(text[2])*16 + digitValue(text[3]), 4, true
	}
	return 0, 2, false
}

func digitValue(c byte) rune {
	if c <= '9' {
		return rune(c - '0')
	}
	return rune(c|0x20-'a') + 10
}

// namedEscape is the character of \c. One without a meaning is itself.
func namedEscape(c byte) rune {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'v':
		return '\v'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'e':
		return 0x1b
	case 's':
		return ' '
	case 'd':
		return 0x7f
	}
	return rune(c)
}

// isNonCharacter reports whether r is one of the two characters that OTP
// refuses everywhere, U+FFFE and U+FFFF.
func isNonCharacter(r rune) bool { return r == 0xfffe || r == 0xffff }

// unescape decodes the escape sequences of a body.
func unescape(body string) string {
	var b strings.Builder
	b.Grow(len(body))
	for {
		i := strings.IndexByte(body, '\\')
		if i < 0 {
			b.WriteString(body)
			return b.String()
		}
		b.WriteString(body[:i])
		r, size, _ := decodeEscape(body[i:])
		b.WriteRune(r)
		body = body[i+size:]
	}
}

// scanSigil scans a ~, the letter of a sigil, and its string.
func (s *scanner) scanSigil() kind {
	start := s.pos
	s.pos++
	s.skipName()
	name := s.src[start+1 : s.pos]
	s.sigil = 0
	if len(name) == 1 {
		s.sigil = name[0]
	}
	closing := sigilClosing(s.at(s.pos))
	if closing == 0 {
		s.errorf(start, s.pos, `a string follows the ~, as in ~"abc"`, "illegal sigil %s", s.src[start:s.pos])
		return tokBroken
	}
	k := s.scanSigilBody(start, name, closing)
	if k == tokEOF {
		return k
	}
	end := s.pos
	switch s.skipName(); {
	case s.pos > end:
		s.errorf(end, s.pos, "", "a sigil has no suffix: %s", s.src[end:s.pos])
	case name != "" && !strings.Contains("bBsS", name) || len(name) > 1:
		s.errorf(start, start+1+len(name), "the sigils are ~ ~b ~B ~s ~S", "unknown sigil ~%s", name)
	default:
		s.checkAdjacent(k)
	}
	return tokSigil
}

func (s *scanner) scanSigilBody(start int, name string, closing byte) kind {
	switch {
	case strings.HasPrefix(s.src[s.pos:], `"""`):
		return s.scanTripleQuoted(start, name != "b" && name != "s")
	case name == "" || name == "b" || name == "s":
		return s.scanQuoted(tokSigil, start, closing)
	}
	return s.scanVerbatim(tokSigil, start, closing)
}

// sigilClosing is the delimiter that closes a sigil opened with c, 0 when none
// can be.
func sigilClosing(c byte) byte {
	switch c {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	case '<':
		return '>'
	case '/', '|', '#', '`', '\'', '"':
		return c
	}
	return 0
}

// scanTripleQuoted scans a string between lines of three or more quotes. What
// stands before the closing quotes is stripped from every line; the body is
// decoded.
func (s *scanner) scanTripleQuoted(start int, verbatim bool) kind {
	rest := s.src[s.pos:]
	quotes := rest[:len(rest)-len(strings.TrimLeft(rest, `"`))]
	s.pos += len(quotes)
	opening := s.pos
	s.skipQuotedLine(verbatim)
	first := s.pos
	last := first // where the line of the closing quotes starts
	for s.skipIndentation(); !strings.HasPrefix(s.src[s.pos:], quotes); s.skipIndentation() {
		if s.pos >= len(s.src) {
			return s.unterminated(start)
		}
		s.skipQuotedLine(verbatim)
		last = s.pos
	}
	indent := s.src[last:s.pos]
	s.pos += len(quotes)
	s.raw, s.body = true, ""
	if line := strings.TrimRight(s.src[opening:first], "\r\n"); strings.ContainsFunc(decodeLine(line, verbatim), isNoBlank) {
		s.errorf(opening, opening+len(line), "the string starts on the next line", "text behind the opening %s", quotes)
		return tokString
	}
	s.body = s.stripIndentation(first, last, indent, verbatim)
	return tokString
}

// skipIndentation steps over blanks on a line of a triple-quoted string.
func (s *scanner) skipIndentation() {
	for s.pos < len(s.src) && s.src[s.pos] != '\n' {
		switch c := s.src[s.pos]; {
		case c <= ' ':
			s.pos++
		case isWideBlank(c, s.at(s.pos+1)):
			s.pos += 2
		default:
			return
		}
	}
}

// skipQuotedLine steps over the rest of a line of a triple-quoted string and
// its end.
func (s *scanner) skipQuotedLine(verbatim bool) {
	for s.pos < len(s.src) {
		if s.src[s.pos] == '\\' && !verbatim {
			s.scanEscape()
		} else {
			s.pos++
		}
		if s.src[s.pos-1] == '\n' {
			return
		}
	}
}

// stripIndentation returns the decoded lines from first to last without their
// indentation and without the last line end.
func (s *scanner) stripIndentation(first, last int, indent string, verbatim bool) string {
	lines := scanner{src: s.src[:last], pos: first} // reports nothing: the escapes were seen
	var b strings.Builder
	b.Grow(last - first)
	for lines.pos < last {
		at := lines.pos
		lines.skipQuotedLine(verbatim)
		text := decodeLine(s.src[at:lines.pos], verbatim)
		if lines.pos == last {
			text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
		}
		stripped, ok := strings.CutPrefix(text, indent)
		if !ok && text != "" && !strings.HasPrefix(text, "\n") && !strings.HasPrefix(text, "\r\n") {
			s.errorf(at, at+1, "indent it as far as the closing quotes",
				"a line of a triple-quoted string has too little indentation")
			return ""
		}
		b.WriteString(stripped)
	}
	return b.String()
}

func decodeLine(line string, verbatim bool) string {
	if verbatim || strings.IndexByte(line, '\\') < 0 {
		return line
	}
	return unescape(line)
}

// isNoBlank reports whether OTP does not take r for a blank.
func isNoBlank(r rune) bool { return ' ' < r && r < 0x80 || r > 0xa0 }
