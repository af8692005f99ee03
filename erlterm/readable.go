package erlterm

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// readable prints terms as people write them.
var readable = printer{appendFunName: appendAtom, appendString: appendString, appendBits: appendReadableBits}

// appendString appends a string literal. Not every list of characters can be
// one.
func appendString(dst []byte, t String) []byte {
	if strings.ContainsFunc(string(t), isNonCharacter) || !utf8.ValidString(string(t)) {
		return printer{appendFunName: appendAtom}.appendList(dst, t)
	}
	return appendQuoted(dst, string(t))
}

func appendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for _, r := range text {
		switch {
		case r == '"':
			dst = append(dst, `\"`...)
		case r == '\'':
			dst = append(dst, '\'')
		case r > 0xa0 && !unicode.IsPrint(r):
			dst = fmt.Appendf(dst, `\x{%X}`, r)
		default:
			dst = appendQuotedRune(dst, r)
		}
	}
	return append(dst, '"')
}

// appendReadableBits appends a binary of text as <<"text">>.
func appendReadableBits(dst []byte, t Bits) []byte {
	text := string(t.Bytes)
	isText := func(r rune) bool { return unicode.IsPrint(r) || r == '\n' || r == '\t' }
	if t.Len == 0 || t.Len%8 != 0 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !isText(r) }) {
		return appendBits(dst, t)
	}
	dst = appendQuoted(append(dst, "<<"...), text)
	if strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		dst = append(dst, "/utf8"...)
	}
	return append(dst, ">>"...)
}
