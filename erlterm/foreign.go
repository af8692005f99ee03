package erlterm

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// window is how far skipForeign looks ahead.
const window = 1024

// skipForeign looks for what people write in files of terms though it is no
// Erlang, or none that a term may have. If a token starts such a thing, it is
// reported, the scanner steps over it, and either the token now stands for the
// whole of it, or it returns true: there is none.
func (d *diagnosis) skipForeign(tok *token) (skipped bool) {
	rest := d.src[tok.off:min(len(d.src), int(tok.off)+window)]
	switch tok.kind {
	case tokChar:
		d.skipShellVariable(tok, rest)
	case tokLBrace:
		d.skipMustache(tok, rest)
	case tokOp:
		d.skipMarked(tok, rest)
	case tokSlash:
		return d.skipSlash(tok, rest)
	case tokHash:
		return d.skipHash(tok, rest)
	case tokAtom, tokVar, tokInt, tokFloat, tokReserved:
		if !tok.quoted {
			d.skipUnquoted(tok, rest)
		}
	}
	return false
}

// broken makes the token stand for n bytes of text, and reports them.
func (d *diagnosis) broken(tok *token, n int, hint, format string, args ...any) {
	start := int(tok.off)
	d.pos = start + n
	tok.kind, tok.end = tokBroken, uint32(d.pos)
	d.scanner.errorf(start, d.pos, hint, format, args...)
}

// skipShellVariable knows ${PORT} and $PORT, which a release's start script
// should have replaced. ${ alone is the character {.
func (d *diagnosis) skipShellVariable(tok *token, rest string) {
	if strings.HasPrefix(rest, "${") {
		line, _, _ := strings.Cut(rest, "\n")
		end := strings.IndexByte(line, '}')
		if end < 0 || wordLen(line[2:]) == 0 {
			return
		}
		end++
		end += wordLen(line[end:])
		d.broken(tok, end, "whatever writes this file did not replace it: set the variable, or write the value",
			"%s was left unexpanded", line[:end])
		return
	}
	if n := wordLen(rest[1:]); n > 1 && 1+n > int(tok.end-tok.off) && 'A' <= rest[1] && rest[1] <= 'Z' {
		d.broken(tok, 1+n, "whatever writes this file did not replace it: set the variable, or write the value",
			"%s was left unexpanded", rest[:1+n])
	}
}

// wordLen is the length of the name or number that text starts with.
func wordLen(text string) int {
	n := 0
	for n < len(text) && isWordByte(text[n]) {
		n++
	}
	return n
}

// skipMustache knows {{name}} of a template, unless Erlang reads it as tuples.
func (d *diagnosis) skipMustache(tok *token, rest string) {
	line, _, _ := strings.Cut(rest, "\n")
	end := strings.Index(line, "}}")
	if !strings.HasPrefix(line, "{{") || end < 0 {
		return
	}
	end += 2
	name := strings.Trim(line[:end], "{} ")
	tag := strings.TrimLeft(name, "#/^&>! ")
	for _, c := range []byte(tag) {
		if !isWordByte(c) && c != '.' && c != '-' {
			return
		}
	}
	plain := tag == name && isPlainAtom(name)
	if tag == "" || plain {
		return
	}
	for end < len(line) && line[end] == '}' && strings.HasPrefix(line, "{{{") && end < strings.Index(line, "}}")+3 {
		end++
	}
	d.broken(tok, end, "the template was not filled in: render it first, or write the value", "%s was left unexpanded", line[:end])
}

// skipMarked knows what starts with a character that starts no term: pids,
// macros, template tags, and placeholders.
func (d *diagnosis) skipMarked(tok *token, rest string) {
	line, _, _ := strings.Cut(rest, "\n")
	switch {
	case strings.HasPrefix(line, "<%"):
		end := strings.Index(line, "%>")
		if end < 0 {
			return
		}
		d.broken(tok, end+2, "the template was not filled in: render it first, or write the value", "%s was left unexpanded", line[:end+2])
	case line[0] == '<' && len(line) > 1 && isDigit(line[1], 10):
		n := 1 + len(line[1:]) - len(strings.TrimLeft(line[1:], "0123456789."))
		if n < len(line) && line[n] == '>' {
			d.broken(tok, n+1, "a pid has no text that can be read back: register the process and write its name", "unexpected pid %s", line[:n+1])
		}
	case line[0] == '?':
		name := strings.TrimLeft(line, "?")
		n := len(line) - len(name) + wordLen(name)
		if wordLen(name) > 0 {
			d.broken(tok, n, "a file of terms has no macros: write the value", "unexpected macro %s", line[:n])
		}
	case line[0] == '@':
		if n := wordLen(line); n > 2 && line[n-1] == '@' {
			d.broken(tok, n, "whatever writes this file did not replace it: set the variable, or write the value",
				"%s was left unexpanded", line[:n])
		}
	}
}

// skipSlash knows comments of other languages, and paths without quotes.
func (d *diagnosis) skipSlash(tok *token, rest string) (skipped bool) {
	line, _, _ := strings.Cut(rest, "\n")
	switch {
	case d.inBinary():
	case strings.HasPrefix(line, "//"):
		d.skipComment(tok, "//", "\n")
		return true
	case strings.HasPrefix(line, "/*"):
		d.skipComment(tok, "/*", "*/")
		return true
	default:
		n := runLen(line)
		if n > 1 && (tok.off == 0 || !isWordByte(d.src[tok.off-1])) {
			d.broken(tok, n, fmt.Sprintf("a path is a string: write \"%s\"", line[:n]), "unexpected '/'")
		}
	}
	return false
}

// skipComment steps over a comment that starts with mark and ends behind end.
func (d *diagnosis) skipComment(tok *token, mark, end string) {
	start := int(tok.off)
	if n := strings.Index(d.src[start:], end); n >= 0 {
		d.pos = start + n + len(end)
	} else {
		d.pos = len(d.src)
	}
	d.scanner.errorf(start, start+len(mark), "a comment starts with %", "unexpected '%s'", mark)
}

func (d *diagnosis) inBinary() bool {
	return len(d.nesting) > 0 && d.nesting[len(d.nesting)-1] == tokLBin
}

// skipHash knows records, the texts of references, ports and funs, and
// comments of other languages.
func (d *diagnosis) skipHash(tok *token, rest string) (skipped bool) {
	line, _, _ := strings.Cut(rest, "\n")
	n := 1 + wordLen(line[1:])
	name := line[1:n]
	next := strings.TrimLeft(line[n:], " \t")
	switch {
	case name != "" && strings.HasPrefix(next, "<") && strings.Contains(next, ">"):
		end := strings.IndexByte(line, '>') + 1
		d.broken(tok, end, "it has no text that can be read back", "unexpected %s %s", hashNames[name], line[:end])
	case name != "" && (strings.HasPrefix(next, "{") || strings.HasPrefix(line[n:], ".")):
		d.broken(tok, n, fmt.Sprintf("a file of terms has no records: write the tuple {%s, ...}", name), "unexpected record #%s", name)
		if strings.HasPrefix(next, "{") {
			d.skipFields()
			tok.end = uint32(d.pos)
		}
	case name == "" && (strings.HasPrefix(next, "{") || next == ""):
	case d.newWord(*tok).first, name == "" && strings.HasPrefix(line[1:], " "):
		d.skipComment(tok, "#", "\n")
		return true
	}
	return false
}

var hashNames = map[string]string{"Ref": "reference", "Port": "port", "Fun": "fun"}

// skipFields steps over a pair of brackets and what is in it.
func (d *diagnosis) skipFields() {
	depth := 0
	for {
		before := d.pos
		switch k := d.scan().kind; {
		case k.opens():
			depth++
		case k.closes():
			if depth--; depth <= 0 {
				return
			}
		case k == tokDot || k == tokEOF:
			d.pos = before
			return
		}
	}
}

// runLen is the length of what a person would take for one name or number:
// words with . - @ : and / between them.
func runLen(text string) int {
	n := 0
	for n < len(text) && (isWordByte(text[n]) || strings.IndexByte(".-:/", text[n]) >= 0) {
		_, size := utf8.DecodeRuneInString(text[n:])
		n += size
	}
	return len(strings.TrimRight(text[:n], ".-:/"))
}

// skipUnquoted knows names, addresses and times that need quotes.
func (d *diagnosis) skipUnquoted(tok *token, rest string) {
	n := runLen(rest)
	length := int(tok.end - tok.off)
	if n <= length || d.inBinary() || d.inFun() {
		return
	}
	run := rest[:n]
	separators := strings.Map(func(r rune) rune {
		if strings.ContainsRune(".-:/", r) {
			return r
		}
		return -1
	}, run)
	digits := strings.Trim(run, "0123456789.-") == ""
	numbers := strings.Trim(run, "0123456789./-") == ""
	switch {
	case separators == ":" || numbers && len(separators) == 1:
		return // a wrong comma, or arithmetic
	case strings.Contains(run, "://"):
		d.broken(tok, n, fmt.Sprintf("write \"%s\"", run), "an address without quotes")
	case digits && strings.Count(run, ".") == 3:
		d.broken(tok, n, fmt.Sprintf("write {%s} for an address, \"%s\" for a string", strings.ReplaceAll(run, ".", ","), run),
			"an address without quotes")
	case digits:
		d.broken(tok, n, fmt.Sprintf("write \"%s\" for a string", run), "unexpected %s", run)
	case tok.kind == tokVar && strings.Trim(separators, ".") == "" && !strings.Contains(run, "@") && separators != "":
		d.broken(tok, n, fmt.Sprintf("write 'Elixir.%s' for an Elixir module, '%s' for an atom", run, run), "a name with a '.' without quotes")
	case separators == "" && tok.kind == tokInt:
		d.broken(tok, n, fmt.Sprintf("write %s for a number, '%s' for an atom, \"%s\" for a string", rest[:length], run, run),
			"a number and a name without a ',' between them")
	case separators == "":
		return
	default:
		d.broken(tok, n, fmt.Sprintf("write '%s'", run), "a name with a '%c' without quotes", separators[0])
	}
}

// inFun reports whether the next word belongs to a fun M:F/A.
func (d *diagnosis) inFun() bool {
	for n := 1; n <= 3 && n <= len(d.words); n++ {
		w := d.words[len(d.words)-n]
		if w.kind == tokReserved && d.src[w.off:w.end] == "fun" {
			return true
		}
	}
	return false
}
