package erlterm

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A scanner splits a text into tokens as erl_scan of OTP 27 does. It always
// makes progress. An error is reported and the scan goes on behind it.
type scanner struct {
	// immutable
	src    string
	report func(off, end int, msg, hint string) // nil: errors are not wanted

	// state
	pos  int
	open int // where the quote that is never closed was opened; only after tokEOF, else -1

	// of the last string, sigil or quoted atom
	body  string // the text between the quotes
	raw   bool   // body has no escapes to decode
	sigil byte   // the letter of the sigil, 0 for ~ alone
}

func newScanner(src string, pos int, report func(off, end int, msg, hint string)) scanner {
	return scanner{src: src, pos: pos, report: report, open: -1}
}

func (s *scanner) errorf(off, end int, hint, format string, args ...any) {
	if s.report != nil {
		s.report(off, end, fmt.Sprintf(format, args...), hint)
	}
}

// at is the byte at offset i, 0 behind the end.
func (s *scanner) at(i int) byte {
	if i < len(s.src) {
		return s.src[i]
	}
	return 0
}

// scan returns the next token. At the end of the text, and at a quote that is
// never closed, it is tokEOF. All control characters but DEL are blanks.
func (s *scanner) scan() token {
	for {
		for s.pos < len(s.src) && s.src[s.pos] <= ' ' {
			s.pos++
		}
		tok := token{off: uint32(s.pos)}
		if s.pos < len(s.src) {
			if k := single[s.src[s.pos]]; k != tokEOF { // two thirds of all tokens
				s.pos++
				return token{kind: k, off: tok.off, end: tok.off + 1}
			}
			tok = s.scanToken(tok)
		}
		tok.end = uint32(s.pos)
		if tok.kind != tokSkipped {
			return tok
		}
	}
}

func (s *scanner) scanToken(tok token) token {
	start := s.pos
	c := s.src[start]
	switch byteClasses[c] {
	case classLower:
		tok.kind = s.scanName(tokAtom)
	case classDigit:
		tok.kind = s.scanNumber()
	case classQuote:
		tok.kind, tok.quoted = s.scanQuoted(tokAtom, start, '\''), true
	case classDoubleQuote:
		tok.kind = s.scanString(start, 0)
	case classOperator:
		tok.kind = s.scanOperator()
	case classUpper:
		tok.kind = s.scanName(tokVar)
	case classDot:
		tok.kind = s.scanDot()
	case classPercent:
		tok.kind = s.scanComment()
	case classDollar:
		tok.kind = s.scanChar()
	case classTilde:
		tok.kind = s.scanSigil()
	default:
		tok.kind = s.scanNonASCII()
	}
	return tok
}

// A byteClass is what a byte starts.
type byteClass uint8

const (
	classNonASCII    byteClass = iota
	classPunctuation           // an ASCII character that is a token whatever follows it: see single
	classOperator              // an ASCII character that is one, or starts one of several
	classLower
	classUpper // and _
	classDigit
	classQuote
	classDoubleQuote
	classDollar
	classTilde
	classDot
	classPercent
)

var byteClasses = func() (byteClasses [256]byteClass) {
	for c := range utf8.RuneSelf {
		byteClasses[c] = byteClassOf(byte(c))
	}
	return byteClasses
}()

func byteClassOf(c byte) byteClass {
	switch {
	case 'a' <= c && c <= 'z':
		return classLower
	case 'A' <= c && c <= 'Z' || c == '_':
		return classUpper
	case '0' <= c && c <= '9':
		return classDigit
	case c == '\'':
		return classQuote
	case c == '"':
		return classDoubleQuote
	case c == '$':
		return classDollar
	case c == '~':
		return classTilde
	case c == '.':
		return classDot
	case c == '%':
		return classPercent
	}
	for _, op := range operators {
		if op.text[0] == c {
			return classOperator
		}
	}
	return classPunctuation
}

// single is the kind of each character of classPunctuation, tokEOF for others.
var single = func() (kinds [256]kind) {
	for c := range utf8.RuneSelf {
		if byteClasses[c] == classPunctuation {
			kinds[c] = punctuation[c]
		}
	}
	return kinds
}()

// scanComment steps over a comment.
func (s *scanner) scanComment() kind {
	end := strings.IndexByte(s.src[s.pos:], '\n')
	if end < 0 {
		end = len(s.src) - s.pos
	}
	s.pos += end
	return tokSkipped
}

// isWideBlank reports whether the two bytes are U+0080 to U+00A0.
func isWideBlank(c, next byte) bool { return c == 0xc2 && 0x80 <= next && next <= 0xa0 }

// scanName scans a name; a reserved word is no atom.
func (s *scanner) scanName(k kind) kind {
	start := s.pos
	s.skipName()
	if k == tokAtom && isReserved(s.src[start:s.pos]) {
		return tokReserved
	}
	return k
}

// skipName skips the characters of a name: ASCII and Latin-1 letters, digits,
// _ and @.
func (s *scanner) skipName() {
	for {
		for s.pos < len(s.src) && nameBytes[s.src[s.pos]] {
			s.pos++
		}
		if !isLatin1Letter(s.at(s.pos), s.at(s.pos+1)) {
			return
		}
		s.pos += 2
	}
}

// nameBytes are the ASCII characters of a name.
var nameBytes = func() (in [256]bool) {
	for c := range utf8.RuneSelf {
		in[c] = isAlnum(byte(c)) || c == '_' || c == '@'
	}
	return in
}()

// isLatin1Letter reports whether the two bytes are a letter from À to ÿ.
func isLatin1Letter(c, next byte) bool {
	return c == 0xc3 && 0x80 <= next && next <= 0xbf && next != 0x97 && next != 0xb7
}

// isLower reports whether an atom without quotes may start with r.
func isLower(r rune) bool { return 'a' <= r && r <= 'z' || 'ß' <= r && r <= 'ÿ' && r != '÷' }

// isNameRune reports whether an atom without quotes may contain r.
func isNameRune(r rune) bool {
	return r < utf8.RuneSelf && (isAlnum(byte(r)) || r == '_' || r == '@') ||
		'À' <= r && r <= 'ÿ' && r != '×' && r != '÷'
}

// scanNonASCII scans a name that starts with a Latin-1 letter, a blank, or a
// character that can stand in quotes only.
func (s *scanner) scanNonASCII() kind {
	start := s.pos
	r, size := utf8.DecodeRuneInString(s.src[start:])
	switch {
	case isLatin1Letter(s.src[start], s.at(start+1)):
		if isLower(r) {
			return s.scanName(tokAtom)
		}
		return s.scanName(tokVar)
	case isWideBlank(s.src[start], s.at(start+1)):
		s.pos += size
		return tokSkipped
	case r == utf8.RuneError || isNonCharacter(r):
		s.pos += size // reported for the whole text
		return tokSkipped
	case r <= unicode.MaxLatin1:
		s.pos += size
		return tokOp
	case unicode.IsLetter(r):
		s.skipLetters()
		word := s.src[start:s.pos]
		s.errorf(start, s.pos, fmt.Sprintf("letters outside Latin-1 stand in quotes only: write '%s'", word), "illegal character %q", r)
		return tokBroken
	}
	if closing, ok := smartQuotes[r]; ok {
		return s.scanSmartQuoted(r, closing)
	}
	s.pos += size
	s.errorf(start, s.pos, illegalHint(r, start), "illegal character %U", r)
	return tokSkipped
}

// skipLetters skips a word that a person would call a name.
func (s *scanner) skipLetters() {
	for i, r := range s.src[s.pos:] {
		if !isNameRune(r) && !unicode.IsLetter(r) && !unicode.IsMark(r) {
			s.pos += i
			return
		}
	}
	s.pos = len(s.src)
}

// smartQuotes maps the quotes that word processors write to those that close
// them.
var smartQuotes = map[rune]rune{'“': '”', '”': '”', '„': '“', '«': '»', '‘': '’', '’': '’', '‚': '‘'}

// scanSmartQuoted scans a text between typographic quotes, which stands for a
// term when it is closed on its line.
func (s *scanner) scanSmartQuoted(opening, closing rune) kind {
	start := s.pos
	s.pos += utf8.RuneLen(opening)
	line, _, _ := strings.Cut(s.src[s.pos:], "\n")
	k := tokSkipped
	if i := strings.IndexRune(line, closing); i >= 0 {
		s.pos += i + utf8.RuneLen(closing)
		k = tokBroken
	}
	quote := '"'
	if strings.ContainsRune("‘’‚", opening) {
		quote = '\''
	}
	s.errorf(start, start+utf8.RuneLen(opening), fmt.Sprintf("a typographic quote: write %c instead", quote), "illegal character %q", opening)
	return k
}

// scanOperator scans an operator of several characters, or of one that others
// start with.
func (s *scanner) scanOperator() kind {
	c, next := s.src[s.pos], s.at(s.pos+1)
	for _, op := range operators {
		if op.text[0] == c && op.text[1] == next && strings.HasPrefix(s.src[s.pos:], op.text) {
			s.pos += len(op.text)
			return op.kind
		}
	}
	s.pos++
	return punctuation[c]
}

// operators are those of several characters. None starts with another.
var operators = [...]struct {
	text string
	kind kind
}{
	{"<<", tokLBin},
	{">>", tokRBin},
	{"=>", tokArrow},
	{"=:=", tokOp},
	{"=/=", tokOp},
	{"<-", tokOp},
	{"<=", tokOp},
	{">=", tokOp},
	{"->", tokOp},
	{"--", tokOp},
	{"++", tokOp},
	{"=<", tokOp},
	{"==", tokOp},
	{"/=", tokOp},
	{"||", tokOp},
	{":=", tokOp},
	{"::", tokOp},
	{"?=", tokOp},
}

// punctuation is the kind of each ASCII character that is a token by itself.
var punctuation = func() (kinds [utf8.RuneSelf]kind) {
	for i := range kinds {
		kinds[i] = tokOp
	}
	for c, k := range map[byte]kind{
		',': tokComma, '|': tokBar, ':': tokColon, '/': tokSlash, '#': tokHash, '+': tokPlus, '-': tokMinus,
		'(': tokLParen, ')': tokRParen, '[': tokLBracket, ']': tokRBracket, '{': tokLBrace, '}': tokRBrace,
	} {
		kinds[c] = k
	}
	return kinds
}()

// scanDot scans a dot, which ends a term when a blank, a comment or the end of
// the text follows, and runs of dots.
func (s *scanner) scanDot() kind {
	if s.at(s.pos+1) == '.' {
		s.pos += 2
		if s.at(s.pos) == '.' {
			s.pos++
		}
		return tokOp
	}
	s.pos++
	if c := s.at(s.pos); s.pos >= len(s.src) || c <= ' ' || c == '%' || isWideBlank(c, s.at(s.pos+1)) {
		return tokDot
	}
	return tokOp
}

// scanNumber scans an integer, an integer with a base, or a float. Digits may
// have single underscores between them.
func (s *scanner) scanNumber() kind {
	start := s.pos
	s.skipDigits(10)
	switch c := s.at(s.pos); {
	case c == '#':
		base := baseOf(s.src[start:s.pos])
		if base < 2 || base > 36 {
			s.pos++
			s.skipName()
			s.errorf(start, s.pos, "a base is 2 to 36, as in 16#ff", "illegal base in %s", s.src[start:s.pos])
			return tokBroken
		}
		s.pos++
		if digits := s.pos; s.skipDigits(base) == digits {
			s.skipName()
			s.errorf(start, s.pos, fmt.Sprintf("after %d# stand the digits of base %d", base, base), "illegal integer %s", s.src[start:s.pos])
			return tokBroken
		}
	case c == '.' && isDigit(s.at(s.pos+1), 10):
		s.pos++
		s.skipDigits(10)
		if c := s.at(s.pos); c == 'e' || c == 'E' {
			s.pos++
			if c := s.at(s.pos); c == '+' || c == '-' {
				s.pos++
			}
			if digits := s.pos; s.skipDigits(10) == digits {
				s.errorf(start, s.pos, "digits are missing after the e", "illegal float %s", s.src[start:s.pos])
				return tokBroken
			}
		}
		return tokFloat
	}
	return tokInt
}

// skipDigits skips digits with single underscores between them and returns the
// new place.
func (s *scanner) skipDigits(base int) int {
	start := s.pos
	for isDigit(s.at(s.pos), base) || s.pos > start && s.at(s.pos) == '_' && isDigit(s.at(s.pos+1), base) {
		s.pos++
	}
	return s.pos
}

// isDigit reports whether c is a digit of a base from 2 to 36.
func isDigit(c byte, base int) bool {
	switch {
	case '0' <= c && c <= '9':
		return int(c-'0') < base
	case 'a' <= c && c <= 'z':
		return int(c-'a')+10 < base
	case 'A' <= c && c <= 'Z':
		return int(c-'A')+10 < base
	}
	return false
}

// baseOf reads the digits before a #. It is 37 for anything too large.
func baseOf(digits string) int {
	base := 0
	for i := range len(digits) {
		if digits[i] != '_' {
			base = min(37, 10*base+int(digits[i]-'0'))
		}
	}
	return base
}
