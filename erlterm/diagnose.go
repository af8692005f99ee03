package erlterm

import (
	"fmt"
	"slices"
	"strings"
)

// This file finds out what is wrong with a term that the parser gave up. It
// looks at the tokens of the term in three passes, each of which mends what it
// reports, so that the next one does not stumble over it again:
//
//   - collect takes the tokens, with what is no Erlang (foreign.go) left out;
//   - repair balances the brackets (brackets.go);
//   - walk looks at commas, operators and words (walk.go).
//
// What they report is a guess at the cause. It need not be complete: the
// parser's own error stands when there is no better one.

// A word is a token under diagnosis.
type word struct {
	token
	quiet bool   // an error was reported here: no other one about this word
	first bool   // on its line
	line  uint32 // where its line starts
}

type diagnosis struct {
	p       *parser
	scanner // of the tokens
	words   []word
	cut     bool // a quote is never closed: what follows is unknown
	nesting []kind
}

// maxWords is how many tokens of a broken term are looked at.
const maxWords = 200_000

// diagnose reports what is wrong with the term that starts at an offset, where
// the parser found a failure. It returns the offset behind the term.
func (p *parser) diagnose(start int, failure *Error) int {
	before := len(p.errs)
	d := &diagnosis{p: p, scanner: newScanner(p.src, start, p.errorAt)}
	if d.collect() {
		d.joinAtStrayDots()
		if d.repair() {
			d.walk()
		}
	}
	for _, e := range p.errs[before:] {
		if e.Pos.Line <= failure.Pos.Line {
			return d.pos
		}
	}
	p.errs = append(p.errs, failure)
	return d.pos
}

// collect scans up to the dot of the term, or to the end of the text, which is
// the last word. It returns false when that is too much to look at.
func (d *diagnosis) collect() bool {
	for {
		tok := d.scan()
		if d.skipForeign(&tok) {
			continue
		}
		d.words = append(d.words, d.newWord(tok))
		switch {
		case tok.kind == tokEOF && d.open >= 0:
			d.closeQuote()
			return true
		case tok.kind == tokEOF || tok.kind == tokDot:
			return true
		case tok.kind.opens():
			d.nesting = append(d.nesting, tok.kind)
		case tok.kind.closes() && len(d.nesting) > 0:
			d.nesting = d.nesting[:len(d.nesting)-1]
		}
		if len(d.words) >= maxWords {
			for k := tok.kind; k != tokDot && k != tokEOF; k = d.scan().kind {
			}
			return false
		}
	}
}

// newWord notes where on its line a token stands.
func (d *diagnosis) newWord(tok token) word {
	w := word{token: tok}
	between := 0 // from here on a line may have started
	if n := len(d.words); n > 0 {
		before := d.words[n-1]
		w.line = before.line
		between = int(before.off)
	}
	if i := strings.LastIndexByte(d.src[between:tok.off], '\n'); i >= 0 {
		w.line = uint32(between + i + 1)
	}
	w.first = strings.TrimLeft(d.src[max(between, int(w.line)):tok.off], " \t") == ""
	return w
}

// errorf reports an error at some words, unless one was reported there.
func (d *diagnosis) errorf(first, last int, hint, format string, args ...any) {
	for i := first; i <= last; i++ {
		if d.words[i].quiet {
			return
		}
	}
	d.words[first].quiet, d.words[last].quiet = true, true
	d.p.errorAt(int(d.words[first].off), int(d.words[last].end), fmt.Sprintf(format, args...), hint)
}

// errorBehind reports what is missing behind word i.
func (d *diagnosis) errorBehind(i int, hint, format string, args ...any) {
	end := int(d.words[i].end)
	if strings.ContainsRune(d.textAt(i), '\n') { // OTP names the line where the string starts
		end = int(d.words[i].off)
	}
	d.p.errorAt(end, end, fmt.Sprintf(format, args...), hint)
}

func (d *diagnosis) textAt(i int) string { return d.src[d.words[i].off:d.words[i].end] }

func (d *diagnosis) kindAt(i int) kind {
	if i < 0 || i >= len(d.words) {
		return tokEOF
	}
	return d.words[i].kind
}

// place is where word i stands, for a hint.
func (d *diagnosis) place(i int) Position { return d.p.file.src.position(int(d.words[i].off)) }

// adjacent reports whether word i stands right behind the word before it.
func (d *diagnosis) adjacent(i int) bool {
	return i > 0 && d.words[i].off == d.words[i-1].end
}

// column is the column of word i, counted in bytes from 0.
func (d *diagnosis) column(i int) int { return int(d.words[i].off - d.words[i].line) }

// indentation is the column of the first character on the line of word i.
func (d *diagnosis) indentation(i int) int {
	line := d.src[d.words[i].line:d.words[i].off]
	return len(line) - len(strings.TrimLeft(line, " \t"))
}

// closeQuote reports a quote that is never closed. Where one is missing, all
// quotes behind it are taken for the other one of their pair, and the last is
// left over: the first string that looks like it is the one to blame.
func (d *diagnosis) closeQuote() {
	last := len(d.words) - 1
	d.words[last] = word{token: token{kind: tokEOF, off: uint32(d.open), end: uint32(d.open)}}
	blame := d.open
	quote := d.src[d.open]
	for i, w := range d.words[:last] {
		if d.src[w.off] == quote && d.looksUnclosed(w.token) {
			blame = int(w.off)
			d.words = append(d.words[:i], word{token: token{kind: tokEOF, off: w.off, end: w.off}})
			break
		}
	}
	what, hint := d.unclosed(blame)
	d.scanner.errorf(blame, blame+1, hint, "the %s that starts here is never closed", what)
	d.cut = true
	d.pos = len(d.src)
}

// unclosed says what the quote at an offset opens, and how to close it.
func (d *diagnosis) unclosed(blame int) (what, hint string) {
	rest := d.src[blame:]
	mark := rest[:1]
	switch {
	case mark == "~":
		for _, c := range []byte(rest) {
			if closing := sigilClosing(c); closing != 0 {
				return "sigil", fmt.Sprintf("a closing %c is missing", closing)
			}
		}
		return "sigil", "its closing delimiter is missing"
	case strings.HasPrefix(rest, `"""`):
		return "triple-quoted string", `a line with a closing """ is missing`
	case mark == "'":
		what = "quoted atom"
	default:
		what = "string"
	}
	content, _, _ := strings.Cut(rest[1:], "\n")
	end := strings.IndexAny(content, ",{}[]"+mark)
	if end >= 0 && content[end:end+1] == mark {
		return what, fmt.Sprintf(`write \%s for a quote inside a %s`, mark, what)
	}
	if end >= 0 {
		content = content[:end]
	}
	return what, fmt.Sprintf("a closing %s is missing: write %s%s%s", mark, mark, strings.TrimRight(content, " \t\r."), mark)
}

// looksUnclosed reports whether a string or quoted atom probably ends with the
// quote that opens another: a word follows it directly, or its first line ends
// as a line of terms does.
func (d *diagnosis) looksUnclosed(tok token) bool {
	if int(tok.end) < len(d.src) && isWordByte(d.src[tok.end]) {
		return true
	}
	line, _, several := strings.Cut(d.src[tok.off:tok.end], "\n")
	line = strings.TrimRight(line, " \t\r")
	return several && strings.HasSuffix(line, ",") || strings.HasSuffix(line, "}") || strings.HasSuffix(line, "]")
}

// isWordByte reports whether c can be part of a name or a number.
func isWordByte(c byte) bool { return isAlnum(c) || c == '_' || c == '@' || c >= 0x80 }

// joinAtStrayDots looks for a dot where a comma was meant: inside brackets that
// the next term, taken by itself, closes.
func (d *diagnosis) joinAtStrayDots() {
	for range 3 {
		dot := len(d.words) - 1
		if d.words[dot].kind != tokDot || len(d.nesting) == 0 {
			return
		}
		trial := *d
		trial.report = nil
		trial.words = slices.Clone(d.words)
		trial.nesting = slices.Clone(d.nesting)
		trial.words[dot].kind = tokComma
		if !trial.collect() || trial.cut || !balanced(trial.words) {
			return
		}
		d.words[dot].kind = tokComma
		d.errorf(dot, dot, "a '.' ends the whole term: write ',' between its elements", "expected ',', found '.'")
		d.collect()
	}
}

// balanced reports whether every bracket has its partner.
func balanced(words []word) bool {
	var open []kind
	for _, w := range words {
		switch {
		case w.kind.opens():
			open = append(open, w.kind)
		case w.kind.closes():
			if len(open) == 0 || open[len(open)-1].partner() != w.kind {
				return false
			}
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0
}
