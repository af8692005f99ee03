package erlterm

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// Parse reads a text of exactly one term and its dot. The error is an
// [ErrorList].
func Parse(src []byte, opts ...Option) (Term, error) {
	f, err := ParseFile("", src, opts...)
	if err != nil {
		return nil, err
	}
	c, err := f.one()
	return c.Term(), err
}

// ParseAll reads all terms of a text, each with its dot, as file:consult/1
// does. The error is an [ErrorList].
func ParseAll(src []byte, opts ...Option) ([]Term, error) {
	f, err := ParseFile("", src, opts...)
	if err != nil {
		return nil, err
	}
	return f.Terms, nil
}

// ParseFile reads all terms of a text, each with its dot, and their places. The
// name is for the error messages only. The error is an [ErrorList] of what is
// wrong with the text; the file is never nil, and has the terms that were right.
// The terms are independent of src, but their places are looked up in it when
// somebody asks: as long as the file is in use, nobody may change src.
func ParseFile(name string, src []byte, opts ...Option) (*File, error) {
	o := newOptions(opts)
	p := &parser{lim: o.limits, file: &File{Name: name}}
	if len(src) > p.lim.input {
		p.file.src = newSource(nil)
		p.errorAt(0, 0, fmt.Sprintf("the text has %d bytes, the limit is %d", len(src), p.lim.input), "")
		return p.file, p.errs
	}
	return p.parseSource(newSource(src).madeFrom(o.maker))
}

// parseSource parses all terms of a text of a length within the limit.
func (p *parser) parseSource(src *source) (*File, error) {
	p.file.src = src
	p.src = src.text
	p.report = p.errorAt
	p.open = -1
	p.storage = newStorage(len(src.text))
	p.binaryBytes = freeBinaryBytes + binaryBytesPerByte*len(src.text)
	p.checkCharacters()
	p.parseFile()
	p.storage.release()
	return p.file, p.errs.sorted().Err()
}

// maxErrors is how many errors a parse collects before it gives up.
const maxErrors = 100

// A parser builds the terms of one text. It goes on after an error that leaves
// the structure intact, such as a number out of range. An error of syntax ends
// the term, and diagnose looks at its tokens again.
type parser struct {
	scanner
	lim  limits
	file *File
	errs ErrorList

	// state
	tok, before token
	depth       int
	mark        int    // how many errors there were before the first token of the term
	failure     *Error // why the term was left
	firstBad    int    // the first character that no text may have: terms behind it do not count

	*storage
	binaryBytes int // how many more bytes binaries may take
}

// bailout is the panic that leaves a term after an error of syntax, or, when
// it is fatal, the whole text.
type bailout struct{ fatal bool }

func (p *parser) errorAt(off, end int, msg, hint string) {
	p.errs = append(p.errs, p.file.src.errorAt(p.file.Name, off, end, msg, hint))
	if len(p.errs) >= maxErrors {
		panic(bailout{fatal: true})
	}
}

// fail leaves the term: the current token may not stand where it stands.
func (p *parser) fail(expected string) {
	off, end := int(p.tok.off), int(p.tok.end)
	if p.tok.kind == tokEOF && p.open < 0 {
		start := int(p.before.off)
		off, end = int(p.before.end), int(p.before.end)
		if strings.Contains(p.src[start:end], "\n") {
			off = start // OTP names the line where the string starts
		}
	}
	p.failure = p.file.src.errorAt(p.file.Name, off, end,
		fmt.Sprintf("expected %s, found %s", expected, describe(p.src, p.tok)), "")
	panic(bailout{})
}

// checkCharacters reports the first byte that is not UTF-8 and the first
// character that OTP refuses everywhere.
func (p *parser) checkCharacters() {
	p.firstBad = len(p.src)
	if !utf8.ValidString(p.src) {
		for i, r := range p.src {
			if _, size := utf8.DecodeRuneInString(p.src[i:]); r == utf8.RuneError && size == 1 {
				p.firstBad = i
				p.errorAt(i, i+1, fmt.Sprintf("byte 16#%02X is not UTF-8", p.src[i]),
					`if the file is Latin-1, save it as UTF-8, or write "%% coding: latin-1" in its first line`)
				break
			}
		}
	}
	for _, r := range []rune{0xfffe, 0xffff} {
		if i := strings.Index(p.src, string(r)); i >= 0 {
			p.firstBad = min(i, p.firstBad)
			p.errorAt(i, i+utf8.RuneLen(r), fmt.Sprintf("illegal character %U", r), "no Erlang text contains it")
		}
	}
}

// parseFile parses up to the end of the text, or to a limit.
func (p *parser) parseFile() {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(bailout); !ok {
				panic(r)
			}
		}
		p.file.spans = p.spans
	}()
	p.mark = len(p.errs)
	p.next()
	for p.tok.kind != tokEOF || p.open >= 0 {
		p.parseForm()
	}
}

// parseForm parses a term and its dot, and keeps the term if it had no error.
func (p *parser) parseForm() {
	start, spans, repeated := int(p.tok.off), len(p.spans), len(p.file.Repeated)
	t, failure := p.tryForm()
	if failure != nil {
		p.errs = p.errs[:p.mark] // diagnose finds those again
		p.pos = p.diagnose(start, failure)
		p.open = -1
	}
	if len(p.errs) > p.mark || p.firstBad < p.pos {
		p.spans = p.spans[:spans]
		p.file.Repeated = p.file.Repeated[:repeated]
	} else {
		if len(p.file.Terms) == cap(p.file.Terms) {
			p.file.Terms = slices.Grow(p.file.Terms, p.rest(len(p.file.Terms)))
		}
		p.file.roots = append(p.file.roots, uint32(spans))
		p.file.Terms = append(p.file.Terms, t)
		p.file.end = p.tok.end
	}
	p.mark = len(p.errs)
	p.next()
}

// tryForm parses a term up to its dot.
func (p *parser) tryForm() (t Term, failure *Error) {
	defer func() {
		if r := recover(); r != nil {
			if b, ok := r.(bailout); !ok || b.fatal {
				panic(r)
			}
			failure = p.failure
			p.depth = 0
			p.storage.abandon()
		}
	}()
	t = p.parseTerm()
	if p.tok.kind != tokDot {
		p.fail("'.'")
	}
	return t, nil
}

func (p *parser) next() {
	p.before = p.tok
	p.tok = p.scan()
}

// expect returns the text of the current token and goes on, if it is of kind k.
func (p *parser) expect(k kind) string {
	if p.tok.kind != k {
		p.fail(k.String())
	}
	text := p.src[p.tok.off:p.tok.end]
	p.next()
	return text
}

// begin notes the place of a term that starts at the current token.
func (p *parser) begin() int {
	if len(p.spans) == cap(p.spans) {
		p.spans = slices.Grow(p.spans, p.rest(len(p.spans)))
	}
	p.spans = append(p.spans, span{p.tok.off, 1})
	return len(p.spans) - 1
}

// end notes that what was parsed since begin belongs to the term.
func (p *parser) end(n int) { p.spans[n].size = uint32(len(p.spans) - n) }

// enter steps over an opening bracket.
func (p *parser) enter() {
	if p.depth++; p.depth > p.lim.depth {
		p.errorAt(int(p.tok.off), int(p.tok.end), fmt.Sprintf("brackets nest deeper than the limit of %d", p.lim.depth), "")
		panic(bailout{fatal: true})
	}
	p.next()
}

// leave steps over the closing bracket k; expected says what else could stand
// there.
func (p *parser) leave(k kind, expected string) {
	if p.tok.kind != k {
		p.fail(expected)
	}
	p.depth--
	p.next()
}

func (p *parser) parseTerm() Term {
	switch p.tok.kind {
	case tokAtom:
		p.begin()
		return p.parseAtom()
	case tokInt, tokFloat, tokChar:
		p.begin()
		return p.parseNumber()
	case tokString:
		p.begin()
		return p.parseStrings()
	case tokSigil:
		p.begin()
		return p.parseSigil()
	case tokLBracket:
		return p.parseList()
	case tokLBrace:
		return p.parseTuple()
	case tokHash:
		return p.parseMap()
	case tokLBin:
		return p.parseBinary()
	case tokMinus, tokPlus:
		return p.parseSigned()
	case tokLParen:
		p.enter()
		t := p.parseTerm()
		p.leave(tokRParen, "')'")
		return t
	case tokReserved:
		if p.src[p.tok.off:p.tok.end] == "fun" {
			return p.parseFun()
		}
	case tokBroken: // reported
		p.begin()
		p.next()
		return Atom("")
	}
	p.fail("a term")
	return nil
}

// parseAtom returns the atom at the current token.
func (p *parser) parseAtom() Term {
	name := p.src[p.tok.off:p.tok.end]
	if p.tok.quoted {
		name = p.body
		if !p.raw {
			name = unescape(name)
		}
	}
	if len(name) > p.lim.atom && utf8.RuneCountInString(name) > p.lim.atom {
		p.errorAt(int(p.tok.off), int(p.tok.end), fmt.Sprintf("an atom has at most %d characters", p.lim.atom), "write a string")
	}
	p.next()
	return p.recent.atom(p, name)
}

// parseNumber returns the integer, float or character at the current token.
func (p *parser) parseNumber() Term {
	text := p.src[p.tok.off:p.tok.end]
	var t Term
	var ok bool
	switch p.tok.kind {
	case tokInt:
		if t, ok = p.parseInt(text); !ok {
			p.errorAt(int(p.tok.off), int(p.tok.end), fmt.Sprintf("an integer of more than %d bits", p.lim.integer), "")
			t = Int(0)
		}
	case tokFloat:
		f, ok := parseFloat(text)
		if !ok {
			p.errorAt(int(p.tok.off), int(p.tok.end), "the number is too large for a float", "")
		}
		t = p.floats.put(p, f)
	default:
		r, _ := utf8.DecodeRuneInString(text[1:])
		if r == '\\' {
			r, _, _ = decodeEscape(text[1:])
		}
		t = Int(r)
	}
	p.next()
	return t
}

// parseInt converts the text of a tokInt. Most integers are small.
func (p *parser) parseInt(text string) (t Term, ok bool) {
	if len(text) > smallDigits {
		return parseInteger(text, p.lim.integer)
	}
	n, ok := parseSmall(text)
	switch {
	case !ok || bits.Len64(uint64(n)) > p.lim.integer:
		return parseInteger(text, p.lim.integer)
	case n <= math.MaxUint8: // the runtime has those
		return Int(n), true
	}
	return p.ints.put(p, Int(n)), true
}

// parseSigned parses a sign and a number, which may be in parentheses. OTP
// allows no second sign.
func (p *parser) parseSigned() Term {
	minus := p.tok.kind == tokMinus
	p.begin()
	p.next()
	parens := 0
	for ; p.tok.kind == tokLParen; parens++ {
		p.enter()
	}
	if k := p.tok.kind; k != tokInt && k != tokFloat && k != tokChar {
		p.fail("a number after the sign")
	}
	t := p.parseNumber()
	for range parens {
		p.leave(tokRParen, "')'")
	}
	if minus {
		return negate(t)
	}
	return t
}

// parseStrings parses a string, and those behind it, which join it.
func (p *parser) parseStrings() Term {
	text := p.parseText()
	if p.tok.kind != tokString {
		return p.newString(text)
	}
	var b strings.Builder
	b.WriteString(text)
	for p.tok.kind == tokString {
		b.WriteString(p.parseText())
	}
	return p.newString(b.String())
}

// parseText returns what is in the quotes of the current token, in storage of
// its own.
func (p *parser) parseText() string {
	text := p.body
	if p.raw {
		text = p.texts.clone(text)
	} else {
		text = unescape(text)
	}
	p.next()
	return text
}

func (p *parser) parseSigil() Term {
	letter := p.sigil
	text := p.parseText()
	if letter == 's' || letter == 'S' {
		return p.newString(text)
	}
	return p.newBits(Binary([]byte(text)))
}

// parseFun parses fun Module:Function/Arity.
func (p *parser) parseFun() Term {
	p.begin()
	p.next()
	var f Fun
	f.Module = p.parseName()
	p.expect(tokColon)
	f.Function = p.parseName()
	p.expect(tokSlash)
	off, end := int(p.tok.off), int(p.tok.end)
	arity, _ := parseInteger(p.expect(tokInt), p.lim.integer)
	if n, ok := arity.(Int); ok && n <= math.MaxUint8 {
		f.Arity = uint8(n)
	} else {
		p.errorAt(off, end, "a fun has at most 255 arguments", "")
	}
	return f
}

func (p *parser) parseName() Atom {
	if p.tok.kind != tokAtom {
		p.fail("an atom")
	}
	return p.parseAtom().(Atom)
}

func (p *parser) parseTuple() Term {
	n, base := p.begin(), len(p.elems)
	p.enter()
	for p.tok.kind != tokRBrace || len(p.elems) > base {
		p.push(p.parseTerm())
		if p.tok.kind != tokComma {
			break
		}
		p.next()
	}
	p.leave(tokRBrace, "',' or '}'")
	p.end(n)
	return p.tuples.put(p, p.finishElems(base))
}

// parseList parses a list. A tail that is written as a list is no term of its
// own: [a|[b]] is parsed as [a,b] is.
func (p *parser) parseList() Term {
	n, base := p.begin(), len(p.elems)
	var tail Term
	var closers []kind // of the tails that are open
	p.enter()
elements:
	for p.tok.kind != tokRBracket || len(p.elems) > base {
		p.push(p.parseTerm())
		switch p.tok.kind {
		case tokComma:
			p.next()
		case tokBar:
			p.next()
			for p.tok.kind == tokLParen {
				closers = append(closers, tokRParen)
				p.enter()
			}
			if p.tok.kind != tokLBracket {
				tail = p.parseTail()
				break elements
			}
			closers = append(closers, tokRBracket)
			p.enter()
			if p.tok.kind == tokRBracket {
				break elements
			}
		default:
			break elements
		}
	}
	for i := len(closers) - 1; i >= 0; i-- {
		p.leave(closers[i], "',' or "+closers[i].String())
	}
	p.leave(tokRBracket, "',', '|' or ']'")
	p.end(n)
	elems := p.finishElems(base)
	if tail != nil {
		return &Improper{elems, tail}
	}
	return p.lists.put(p, elems)
}

// parseTail parses the tail of a list. The characters of a string become
// elements, and the tail is nil.
func (p *parser) parseTail() Term {
	off, spans := p.tok.off, len(p.spans)
	tail := p.parseTerm()
	s, ok := tail.(String)
	if !ok {
		return tail
	}
	n := utf8.RuneCountInString(string(s))
	p.spans = slices.Grow(p.spans[:spans], n)
	p.elems = slices.Grow(p.elems, n)
	for _, r := range s {
		p.spans = append(p.spans, span{off, 1})
		p.elems = append(p.elems, Int(r))
	}
	return nil
}

func (p *parser) parseMap() Term {
	n, base := p.begin(), len(p.pairs)
	p.next()
	if p.tok.kind != tokLBrace {
		p.fail("'{'")
	}
	p.enter()
	for p.tok.kind != tokRBrace || len(p.pairs) > base {
		at := uint32(len(p.spans))
		key := p.parseTerm()
		p.expect(tokArrow)
		value := p.parseTerm()
		if len(p.pairs) == cap(p.pairs) {
			p.pairs = slices.Grow(p.pairs, p.rest(len(p.pairs)))
		}
		p.pairs, p.keys = append(p.pairs, Pair{key, value}), append(p.keys, at)
		if p.tok.kind != tokComma {
			break
		}
		p.next()
	}
	p.leave(tokRBrace, "',' or '}'")
	m := p.newMap(n, base)
	p.end(n)
	return m
}
