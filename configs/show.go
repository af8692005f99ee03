package configs

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"interconnectd/erlterm"
)

// maxShown bounds a term in a message, in bytes.
const maxShown = 72

// show is a term for a message: strings as strings, and the beginning only of
// what is long.
func show(t erlterm.Term) string {
	text := appendShown(nil, t)
	if len(text) <= maxShown {
		return string(text)
	}
	text = text[:maxShown]
	for !utf8.Valid(text) {
		text = text[:len(text)-1]
	}
	return string(text) + "..."
}

// appendShown stops when dst is longer than what is shown.
func appendShown(dst []byte, t erlterm.Term) []byte {
	if len(dst) > maxShown {
		return dst
	}
	switch t := t.(type) {
	case erlterm.String:
		return strconv.AppendQuote(dst, string(t))
	case erlterm.Bits:
		if text, ok := printable(t); ok {
			return append(strconv.AppendQuote(append(dst, "<<"...), text), ">>"...)
		}
	case erlterm.List:
		return append(appendAllShown(append(dst, '['), t), ']')
	case *erlterm.Improper:
		dst = append(appendAllShown(append(dst, '['), t.Elems), '|')
		return append(appendShown(dst, t.Tail), ']')
	case erlterm.Tuple:
		return append(appendAllShown(append(dst, '{'), t), '}')
	case *erlterm.Map:
		if t.Len() > 0 {
			return append(dst, "#{...}"...)
		}
	}
	return erlterm.AppendTerm(dst, t)
}

func appendAllShown(dst []byte, terms []erlterm.Term) []byte {
	for i, t := range terms {
		if len(dst) > maxShown {
			break
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendShown(dst, t)
	}
	return dst
}

// printable is the text of a binary that holds one.
func printable(b erlterm.Bits) (string, bool) {
	if b.Len%8 != 0 || b.Len == 0 || !utf8.Valid(b.Bytes) {
		return "", false
	}
	for _, r := range string(b.Bytes) {
		if !unicode.IsPrint(r) {
			return "", false
		}
	}
	return string(b.Bytes), true
}
