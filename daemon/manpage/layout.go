package manpage

import (
	"regexp"
	"slices"
	"strings"
)

// entry is one of a list.
type entry struct{ word, text string }

// entryLine is a line that begins an entry, set in by two blanks.
var entryLine = regexp.MustCompile(`^(  (\S+(?: \S+)*)  +)(\S.*)$`)

// listOf reads a block that is a list: each line begins an entry, or goes on with the
// text of the one before it, in its column.
func listOf(block string) ([]entry, bool) {
	var list []entry
	column := ""
	for line := range strings.Lines(block) {
		line = strings.TrimRight(line, "\n")
		rest, goesOn := strings.CutPrefix(line, column)
		switch m := entryLine.FindStringSubmatch(line); {
		case len(list) > 0 && goesOn && !strings.HasPrefix(rest, " "):
			last := &list[len(list)-1]
			last.text = strings.TrimSpace(last.text + " " + rest)
		case m != nil && (len(list) == 0 || len(m[1]) == len(column)):
			column = strings.Repeat(" ", len(m[1]))
			list = append(list, entry{m[2], m[3]})
		case m == nil && len(list) > 0 && strings.HasPrefix(line, "  ") && line[2] != ' ': // it is too long for a text beside it
			list = append(list, entry{word: line[2:]})
		default:
			return nil, false
		}
	}
	return list, !slices.ContainsFunc(list, func(e entry) bool { return e.text == "" })
}

// unindent takes as many blanks from each line as the first one has.
func unindent(block string) string {
	first := block[:len(block)-len(strings.TrimLeft(block, " "))]
	lines := strings.Split(block, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], first)
	}
	return strings.Join(lines, "\n")
}

// usageWord are the parts of a usage line: a flag, a word in capitals, which stands
// for something, another word, and what is between them.
var usageWord = regexp.MustCompile(`-?[A-Za-z_]+(-[a-z]+)*|[^A-Za-z_-]+|-`)

// usage is markup for a line of words as the help shows them: "[-o FORMAT] FILE...".
// Within brackets it is not broken.
func usage(text string) string {
	var b strings.Builder
	depth := 0
	for _, part := range usageWord.FindAllString(text, -1) {
		switch first := part[0]; {
		case first >= 'A' && first <= 'Z':
			b.WriteString(italic(part))
		case first == '-' || first >= 'a' && first <= 'z':
			b.WriteString(bold(part))
		default:
			for _, c := range part {
				switch c {
				case '[':
					depth++
				case ']':
					depth--
				}
				if c == ' ' && depth > 0 {
					b.WriteString(`\ `)
				} else {
					b.WriteString(escape(string(c)))
				}
			}
		}
	}
	return b.String()
}
