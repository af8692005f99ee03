package erlterm

import "fmt"

// walk reports what is wrong between the brackets of a term, which match:
// commas, operators, and words that are no terms.
func (d *diagnosis) walk() {
	i := 0
	for {
		switch k := d.kindAt(i); {
		case k == tokDot || k == tokEOF && i >= len(d.words)-1:
			d.walkEnd(i)
			return
		case k == tokComma:
			d.errorf(i, i, "a ',' stands between the elements of a list or a tuple only; each term ends with a '.'", "unexpected ','")
			i++
		case k.closes(): // only where the text is cut
			i++
		default:
			if i > 0 && d.kindAt(i-1) != tokComma {
				i = d.walkBetweenTerms(i)
			}
			i = d.walkTerm(i)
		}
	}
}

// walkEnd reports a dot that is missing, or that ends nothing.
func (d *diagnosis) walkEnd(i int) {
	switch {
	case d.cut:
	case d.kindAt(i) == tokDot && i == 0:
		d.errorf(i, i, "a term stands before the '.'", "unexpected '.'")
	case d.kindAt(i) == tokEOF && i > 0 && !d.words[i-1].quiet:
		d.errorBehind(i-1, "a '.' is missing: each term ends with one", "missing '.' at the end")
	}
}

// walkBetweenTerms reports what is wrong between two terms that no bracket
// holds, and returns the word where the second starts.
func (d *diagnosis) walkBetweenTerms(i int) int {
	if text := d.textAt(i); (text == "=" || text == ":") && d.kindAt(i-1) == tokAtom {
		d.errorf(i, i, fmt.Sprintf("write {%s, ...} for a key and its value", d.textAt(i-1)), "unexpected '%s'", text)
		return i + 1
	}
	if next, ok := d.walkOperator(i); ok {
		return next
	}
	if d.textAt(i) == "." {
		d.errorf(i, i, "a blank or the end of the file follows a '.' that ends a term", "unexpected '.'")
		return i + 1
	}
	if !d.words[i].quiet && !d.words[i-1].quiet {
		d.words[i].quiet = true
		d.errorBehind(i-1, "a '.' is missing: each term ends with one", "expected '.', found %s", describe(d.src, d.words[i].token))
		d.words[i].quiet = false
	}
	return i
}

// walkTerm walks over the term that starts at word i, and returns the word
// behind it. It steps over at least one word, but for a comma, a closing
// bracket and the end.
func (d *diagnosis) walkTerm(i int) int {
	switch k := d.kindAt(i); k {
	case tokString:
		for d.kindAt(i) == tokString {
			i++
		}
		return i
	case tokAtom, tokInt, tokFloat, tokChar, tokSigil, tokBroken:
		return d.walkCall(i)
	case tokLBracket, tokLBrace, tokLBin, tokLParen:
		return d.walkBrackets(i, false)
	case tokHash:
		if d.kindAt(i+1) == tokLBrace {
			return d.walkBrackets(i+1, true)
		}
		d.errorf(i, i, "a map starts with #{", "unexpected '#'")
		return i + 1
	case tokPlus, tokMinus:
		if next := d.kindAt(i + 1); next != tokInt && next != tokFloat && next != tokChar && next != tokLParen {
			d.errorf(i, i, "a sign stands before a number only", "unexpected %s", k)
		}
		return d.walkTerm(i + 1)
	case tokVar:
		d.errorf(i, i, variableHint(d.textAt(i)), "unexpected variable %s", d.textAt(i))
		return d.walkCall(i)
	case tokReserved:
		return d.walkReserved(i)
	case tokOp, tokSlash, tokColon, tokArrow, tokBar:
		return d.walkStray(i)
	}
	return i
}

// walkCall walks over a word and reports the arguments of a call behind it.
func (d *diagnosis) walkCall(i int) int {
	if d.kindAt(i+1) != tokLParen {
		return i + 1
	}
	d.errorf(i, i+1, "a file of terms is read, not evaluated: write the result", "unexpected function call")
	d.words[i].quiet, d.words[i+1].quiet = true, true
	return d.skipBrackets(i + 1)
}

// skipBrackets returns the word behind the bracket that closes the one at i.
func (d *diagnosis) skipBrackets(i int) int {
	depth := 0
	for ; i < len(d.words)-1; i++ {
		switch k := d.words[i].kind; {
		case k.opens():
			depth++
		case k.closes():
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return i
}

// walkReserved walks over a fun, an expression that ends with end, or a
// reserved word that was meant to be an atom.
func (d *diagnosis) walkReserved(i int) int {
	text := d.textAt(i)
	switch text {
	case "fun":
		if next, ok := d.walkFun(i); ok {
			return next
		}
		fallthrough
	case "begin", "case", "if", "maybe", "receive", "try":
		if end := d.blockEnd(i); end > 0 {
			d.errorf(i, i, "a file of terms is read, not evaluated: write the result", "unexpected expression %s ... end", text)
			d.words[end].quiet = true
			return end + 1
		}
		if text == "fun" {
			d.errorf(i, i, "a fun in a file of terms is written fun Module:Function/Arity", "unexpected fun")
			return i + 1
		}
	case "not", "bnot", "catch":
		if d.kindAt(i + 1).startsTerm() {
			d.errorf(i, i, "a file of terms is read, not evaluated: write the result", "unexpected operator %s", text)
			return d.walkTerm(i + 1)
		}
	}
	d.errorf(i, i, fmt.Sprintf("%s is a reserved word: as an atom, write '%s'", text, text), "unexpected reserved word %s", text)
	return i + 1
}

// walkFun walks over fun Module:Function/Arity. It is not ok when that is not
// what stands there.
func (d *diagnosis) walkFun(i int) (next int, ok bool) {
	for n, k := range []kind{tokReserved, tokAtom, tokColon, tokAtom, tokSlash, tokInt} {
		if got := d.kindAt(i + n); got != k && !(k == tokAtom && (got == tokVar || got == tokReserved)) {
			return 0, false
		}
	}
	for _, n := range []int{1, 3} {
		if d.kindAt(i+n) != tokAtom {
			d.walkTerm(i + n)
		}
	}
	return i + 6, true
}

// blockEnd returns the word end that belongs to the expression at i, 0 when
// there is none between the same brackets.
func (d *diagnosis) blockEnd(i int) int {
	blocks, depth := 0, 0
	for ; i < len(d.words)-1; i++ {
		switch w := d.words[i]; {
		case w.kind.opens():
			depth++
		case w.kind.closes():
			if depth--; depth < 0 {
				return 0
			}
		case w.kind == tokReserved:
			switch d.textAt(i) {
			case "begin", "case", "if", "maybe", "receive", "try", "fun":
				blocks++
			case "end":
				if blocks--; blocks == 0 {
					return i
				}
			}
		}
	}
	return 0
}

// walkStray reports an operator where a term belongs.
func (d *diagnosis) walkStray(i int) int {
	text := d.textAt(i)
	if d.kindAt(i) == tokColon && d.kindAt(i+1) == tokAtom && d.adjacent(i+1) {
		d.errorf(i, i+1, fmt.Sprintf("an atom has no colon in Erlang: write %s", d.textAt(i+1)), "unexpected ':'")
		return i + 2
	}
	hint := "a term belongs here"
	switch text {
	case "`":
		hint = "write ' for an atom or \" for a string"
	case ";":
		hint = "write ',' between elements"
	case "<":
		hint = "a binary starts with << and ends with >>"
	case "*", "_":
		hint = fmt.Sprintf("as an atom, write '%s'", text)
	}
	d.errorf(i, i, hint, "unexpected '%s'", text)
	return i + 1
}

// walkBrackets walks over the bracket at i, of a map or not, and returns the
// word behind its partner.
func (d *diagnosis) walkBrackets(i int, isMap bool) int {
	w := brackets{diagnosis: d, open: i, kind: d.words[i].kind, isMap: isMap, last: -1}
	for i++; ; {
		k := d.kindAt(i)
		switch {
		case k == tokEOF && i >= len(d.words)-1, k == tokDot && i >= len(d.words)-1:
			return i
		case k.closes():
			w.walkClose(i)
			return i + 1
		case k == tokComma:
			w.walkComma(i)
			i++
		case w.expectsTerm():
			i = w.walkElement(i)
		default:
			i = w.walkSeparator(i)
		}
	}
}

// brackets is what is between two brackets.
type brackets struct {
	*diagnosis
	open  int // the opening bracket
	kind  kind
	isMap bool

	last  int  // the last word of the last element, -1 before the first
	comma int  // the comma behind it, 0: none
	tail  bool // behind the | of a list
	value bool // behind the => of a map
	after bool // an operator or separator is behind the last element: a term follows
}

func (w *brackets) expectsTerm() bool { return w.last < 0 || w.comma > 0 || w.after }

func (w *brackets) walkElement(i int) int {
	if w.kind == tokLBin && w.kindAt(i) == tokHash {
		w.errorf(i, i, "a binary holds numbers, strings and binaries", "unexpected map in a binary")
	}
	next := w.walkTerm(i)
	w.last, w.comma, w.after = next-1, 0, false
	return next
}

func (w *brackets) walkComma(i int) {
	switch {
	case w.expectsTerm():
		w.errorf(i, i, "the ',' is one too many, or a term is missing before it", "unexpected ','")
	case w.tail:
		w.errorf(i, i, "behind the '|' stands one term, the tail of the list", "expected ']', found ','")
	case w.isMap && !w.value:
		w.errorf(i, i, "in a map, write Key => Value", "expected '=>', found ','")
		w.value = true
	case w.kind == tokLParen:
		w.errorf(i, i, "parentheses hold one term: write {...} or [...] for several", "expected ')', found ','")
	default:
		w.value = false
	}
	w.comma, w.after = i, false
}

func (w *brackets) walkClose(i int) {
	k := w.words[i].kind
	switch {
	case w.comma > 0:
		w.errorf(w.comma, w.comma, fmt.Sprintf("no ',' stands before a %s: remove it", k), "unexpected ',' before %s", k)
	case w.after:
		w.errorf(i, i, "a term is missing before it", "unexpected %s", k)
	case w.last < 0 && w.kind == tokLParen:
		w.errorf(i, i, "parentheses hold one term", "unexpected ')'")
	case w.isMap && w.last >= 0 && !w.value:
		w.errorf(w.last, w.last, "in a map, write Key => Value", "a key without a value")
	}
}

// walkSeparator reports what stands behind an element in place of a comma or
// the closing bracket, and returns the word where the next element starts.
func (w *brackets) walkSeparator(i int) int {
	k := w.kindAt(i)
	switch {
	case w.isMap && !w.value:
		return w.walkArrow(i)
	case k == tokBar && w.kind == tokLBracket && !w.tail:
		w.tail, w.after = true, true
		return i + 1
	case k == tokColon && w.kind == tokLBin:
		if next := w.kindAt(i + 1); next == tokMinus || next == tokPlus {
			w.errorf(i+1, i+1, "a size is an integer from 0, without a sign", "expected a size, found %s", next)
		}
		return w.walkTerm(i + 1)
	case k == tokSlash && w.kind == tokLBin:
		return w.walkTypes(i + 1)
	}
	w.after = true
	if next, ok := w.walkWrongComma(i); ok {
		w.value = false
		return next
	}
	if next, ok := w.walkOperator(i); ok {
		return next
	}
	w.walkMissingComma(i)
	w.value = false
	return i
}

// walkArrow expects the => of a map.
func (w *brackets) walkArrow(i int) int {
	w.value = true
	w.after = true
	switch text := w.textAt(i); {
	case w.kindAt(i) == tokArrow:
		return i + 1
	case text == ":=" || text == "=" || text == ":" || text == "->":
		w.errorf(i, i, "in a map, write Key => Value", "expected '=>', found '%s'", text)
		return i + 1
	}
	w.errorBehind(w.last, "in a map, write Key => Value", "missing '=>'")
	return i
}

// walkTypes walks over the types of a segment of a binary.
func (w *brackets) walkTypes(i int) int {
	for {
		switch w.kindAt(i) {
		case tokAtom, tokMinus, tokColon, tokInt:
			if w.kindAt(i) == tokInt && w.kindAt(i-1) == tokMinus {
				w.errorf(i-2, i, "write utf8, utf16 or utf32 without a hyphen", "unexpected %s in the types of a segment", w.textAt(i))
			}
			i++
		default:
			return i
		}
	}
}

// walkWrongComma reports a word that people write for a comma.
func (w *brackets) walkWrongComma(i int) (next int, ok bool) {
	text := w.textAt(i)
	switch text {
	case "=", ":", ";", "=>", "->", ":=":
	case ".":
		if w.adjacent(i) {
			w.errorf(i, i, "a '.' ends the whole term; a name with a '.' stands in quotes", "unexpected '.'")
			return i + 1, true
		}
	default:
		return 0, false
	}
	hint := fmt.Sprintf("write ',' for '%s'", text)
	switch {
	case text == "=>":
		hint = "a map is written #{Key => Value}, a tuple {Key, Value}"
	case (text == ":" || text == "=") && w.kind == tokLBracket:
		hint = fmt.Sprintf("write {%s, ...} for a key and its value", w.textAt(w.last))
	}
	w.errorf(i, i, hint, "expected ',', found '%s'", text)
	return i + 1, true
}

// walkOperator reports an operator between two terms.
func (d *diagnosis) walkOperator(i int) (next int, ok bool) {
	text := d.textAt(i)
	hint := "a file of terms is read, not evaluated: write the result"
	switch text {
	case "++":
		hint += `; strings side by side are joined: "a" "b"`
	case "||":
		hint = "a file of terms has no list comprehensions"
	case "|":
		hint = "a '|' stands only before the tail of a list, which is one term"
	case "--", "+", "-", "*", "/", "!", "<", ">", "==", "/=", "=<", ">=", "=:=", "=/=", "<-", "<=",
		"and", "or", "xor", "andalso", "orelse", "div", "rem", "band", "bor", "bxor", "bsl", "bsr", "when", "of":
	case "=", ":", ";", "->", "::", "?=", ":=", "=>":
	case "#":
		if d.kindAt(i+1) == tokLBrace {
			hint = "a map cannot be updated in a file of terms"
		}
	default:
		return 0, false
	}
	d.errorf(i, i, hint, "unexpected operator '%s'", text)
	if text == "#" && d.kindAt(i+1) == tokLBrace {
		return i, true
	}
	return i + 1, true
}

// walkMissingComma reports that no comma stands before word i.
func (w *brackets) walkMissingComma(i int) {
	if w.words[i].quiet || w.words[w.last].quiet {
		return
	}
	found := describe(w.src, w.words[i].token)
	switch {
	case w.kindAt(w.last) == tokString && w.adjacent(i) || w.kindAt(i) == tokString && w.adjacent(i):
		w.errorf(i, i, `write \" for a quote inside a string`, "expected ',', found %s", found)
		return
	case w.kindAt(i) == tokAtom && w.kindAt(w.last) == tokAtom && w.words[i].quoted == w.words[w.last].quoted && w.adjacent(i):
		w.errorf(i, i, `write \' for a quote inside a quoted atom`, "expected ',', found %s", found)
		return
	}
	closing := w.kind.partner()
	hint := fmt.Sprintf("a ',' is missing before %s", found)
	switch {
	case w.tail:
		hint = "behind the '|' stands one term, the tail of the list"
	case w.kind == tokLParen:
		hint = "parentheses hold one term"
	case w.kindAt(i).startsTerm():
	default:
		hint = ""
	}
	w.errorBehind(w.last, hint, "expected ',' or %s, found %s", closing, found)
}
