package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Table is text in columns. The last column is not padded.
type Table struct {
	Head []string
	Rows [][]Cell
	// Spare are columns that may be left out where there is no room, the least needed
	// first.
	Spare []int
}

// Cell is one word of a table, or words where it is in the last column.
type Cell struct {
	Text string
	Mark func(string) string // how it looks on a terminal; nil: as it is
}

// columnGap is what stands between two columns.
const columnGap = 2

// detailLeast is how much of the last column is worth its place.
const detailLeast = 12

// Render is the table for a style: where it is too wide, spare columns are left out,
// and then the last one is cut.
func (t Table) Render(s Style) string {
	shown := make([]bool, len(t.Head))
	for i := range shown {
		shown[i] = true
	}
	widths := t.widths()
	last := len(t.Head) - 1
	need := func() int { // with as much of the last column as must be
		total := min(widths[last], detailLeast)
		for i, w := range widths[:last] {
			if shown[i] {
				total += w + columnGap
			}
		}
		return total
	}
	for _, column := range t.Spare {
		if s.Width == 0 || need() <= s.Width {
			break
		}
		shown[column] = false
	}
	room := 0 // for the last column; 0: any
	if s.Width > 0 {
		room = max(s.Width-need()+min(widths[last], detailLeast), detailLeast)
	}
	var b strings.Builder
	line := func(cells []Cell) {
		for i, c := range cells {
			switch {
			case !shown[i]:
				continue
			case i == last:
				b.WriteString(c.shown(Style{Width: room}.Fit(c.Text)))
			default:
				b.WriteString(c.shown(fmt.Sprintf("%-*s", widths[i], c.Text)) + strings.Repeat(" ", columnGap))
			}
		}
		b.WriteString("\n")
	}
	head := make([]Cell, len(t.Head))
	for i, name := range t.Head {
		head[i] = Cell{Text: name, Mark: s.Strong}
	}
	line(head)
	for _, row := range t.Rows {
		line(row)
	}
	return b.String()
}

func (c Cell) shown(text string) string {
	if c.Mark == nil {
		return text
	}
	return c.Mark(text)
}

// widths are those that the columns need.
func (t Table) widths() []int {
	widths := make([]int, len(t.Head))
	for i, name := range t.Head {
		widths[i] = utf8.RuneCountInString(name)
	}
	for _, row := range t.Rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.Text))
		}
	}
	return widths
}
