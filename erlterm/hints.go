package erlterm

import (
	"fmt"
	"strings"
)

// illegalHint says what a character that no term contains is, and what to do
// about it. The offset is its place in the text.
func illegalHint(r rune, offset int) string {
	switch {
	case r == 0xfeff && offset == 0:
		return "the file starts with a byte-order mark: save it as UTF-8 without one"
	case r == 0xfeff:
		return "a byte-order mark in the middle of the text: remove it"
	case 0x2000 <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202f, r == 0x2060, r == 0x3000:
		return fmt.Sprintf("%U looks like a blank or like nothing: remove it", r)
	case 0x2010 <= r && r <= 0x2015, r == 0x2212:
		return "a typographic dash: write - instead"
	}
	return "it may stand in quotes only"
}

// variableHint says what to write instead of a variable.
func variableHint(name string) string {
	if strings.HasPrefix(name, "_") {
		return fmt.Sprintf("a file of terms has no variables: as an atom, write '%s'", name)
	}
	return fmt.Sprintf("a file of terms has no variables: write '%s' for an atom, \"%s\" for a string", name, name)
}

// describe says what a token is, as an error message does.
func describe(src string, tok token) string {
	text := src[tok.off:tok.end]
	const longest = 40
	if len(text) > longest || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
		return tok.kind.String()
	}
	switch tok.kind {
	case tokAtom, tokInt, tokFloat, tokChar, tokString, tokSigil:
		return text
	case tokVar:
		return "the variable " + text
	case tokReserved:
		return "the reserved word " + text
	case tokOp:
		return "'" + text + "'"
	case tokEOF:
		return "the end of the text"
	}
	return tok.kind.String()
}
