package report

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// table is one of Markdown, that is readable in a terminal too. Its first column is what
// the rows are called.
type table struct {
	heads []string
	rows  [][]string // an empty cell is a figure that is missing
	words []int      // the columns beside the first that have words, and no figures
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// String is the table without the columns in which all figures are missing; nothing
// without rows.
func (t table) String() string {
	if len(t.rows) == 0 {
		return ""
	}
	var lines [2][]string
	body := make([][]string, len(t.rows))
	for i, head := range t.heads {
		column, found := []string{head}, i == 0
		for _, row := range t.rows {
			found = found || row[i] != ""
			column = append(column, cell(row[i]))
		}
		if !found {
			continue
		}
		width := 0
		for _, c := range column {
			width = max(width, utf8.RuneCountInString(c))
		}
		right := i > 0 && !slices.Contains(t.words, i)
		rule := strings.Repeat("-", width)
		if right {
			rule = rule[1:] + ":"
		}
		lines[0] = append(lines[0], pad(head, width, right))
		lines[1] = append(lines[1], rule)
		for j, c := range column[1:] {
			body[j] = append(body[j], pad(c, width, right))
		}
	}
	var out strings.Builder
	for _, line := range append(lines[:], body...) {
		out.WriteString("| " + strings.Join(line, " | ") + " |\n")
	}
	return out.String()
}

// cell is a text as it may stand in a table.
func cell(text string) string {
	if text == "" {
		return "–"
	}
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

func pad(text string, width int, right bool) string {
	space := strings.Repeat(" ", width-utf8.RuneCountInString(text))
	if right {
		return space + text
	}
	return text + space
}

// lineWidth is that of prose, in runes.
const lineWidth = 120

// together are words that no line begins with: units, and what Markdown would take for the
// mark of a list or a heading.
var together = []string{"%", "ns", "µs", "ms", "s", "B", "kB", "MB", "GB", "=", "+", "-", "×", "/", "*", ">", "#"}

// wrap breaks a paragraph into lines; those after the first begin with indent.
func wrap(indent, text string) string {
	var out strings.Builder
	width := utf8.RuneCountInString(indent)
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		bare := strings.TrimRight(word, ".,;:)")
		switch {
		case i == 0:
		case width+1+n > lineWidth && !slices.Contains(together, bare):
			out.WriteString("\n" + indent)
			width = utf8.RuneCountInString(indent)
		default:
			out.WriteByte(' ')
			width++
		}
		out.WriteString(word)
		width += n
	}
	return out.String()
}
