package template

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unclosed reports a "${" and a name that nothing closes on its line. Without a
// name it is what it is, such as Erlang's character {.
func (x *expansion) unclosed(start int) {
	rest := x.src[start+2:]
	name := string(rest[:min(len(rest), maxShown)])
	if n := nameLen(name); n > 0 {
		x.fail(start, start+2+n, "a '}' is missing", "${%s is not closed on its line", name[:n])
	}
}

// malformed reports ${inner}, which is no variable.
func (x *expansion) malformed(start, end int, inner string) {
	if strings.Contains(inner, "${") {
		x.fail(start, end, "a variable ends at the first '}': write a default without variables", "variables do not nest")
		return
	}
	x.fail(start, end, x.advice(inner), "%s is no variable", shown("${"+inner+"}"))
}

// advice is what to write instead of ${inner}: shells have more forms than
// relx, and in Erlang ${ is a character.
func (x *expansion) advice(inner string) string {
	trimmed := strings.TrimSpace(inner)
	n := nameLen(trimmed)
	name, rest := trimmed[:n], trimmed[n:]
	digits := trimmed != "" && '0' <= trimmed[0] && trimmed[0] <= '9'
	switch {
	case n > 0 && rest == "":
		return "write ${" + name + "}"
	case n > 0 && strings.ContainsRune(":-=", rune(rest[0])):
		return shown("write ${" + name + ":-" + strings.TrimLeft(rest, ":-=") + "}")
	case n > 0 || digits || x.comments != Erlang:
		return "write ${NAME} or ${NAME:-DEFAULT}: a name has letters, digits and '_', and begins with no digit"
	default:
		return "write 123 where the character '{' is meant"
	}
}

// maxShown bounds what a message repeats of a template, in bytes.
const maxShown = 60

// shown is a part of a template for a message of one line.
func shown(s string) string {
	if len(s) > maxShown {
		s = strings.ToValidUTF8(s[:maxShown], "") + "..."
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
