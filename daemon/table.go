package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// table is text in columns. The last column is not padded.
type table struct {
	head []string
	rows [][]cell
	// spare are columns that may be left out where there is no room, the least needed
	// first.
	spare []int
}

// cell is one word of a table, or words where it is in the last column.
type cell struct {
	text string
	mark func(string) string // how it looks on a terminal; nil: as it is
}

// columnGap is what stands between two columns.
const columnGap = 2

// detailLeast is how much of the last column is worth its place.
const detailLeast = 12

// render is the table for a style: where it is too wide, spare columns are left out,
// and then the last one is cut.
func (t table) render(s style) string {
	shown := make([]bool, len(t.head))
	for i := range shown {
		shown[i] = true
	}
	widths := t.widths()
	last := len(t.head) - 1
	need := func() int { // with as much of the last column as must be
		total := min(widths[last], detailLeast)
		for i, w := range widths[:last] {
			if shown[i] {
				total += w + columnGap
			}
		}
		return total
	}
	for _, column := range t.spare {
		if s.width == 0 || need() <= s.width {
			break
		}
		shown[column] = false
	}
	room := 0 // for the last column; 0: any
	if s.width > 0 {
		room = max(s.width-need()+min(widths[last], detailLeast), detailLeast)
	}
	var b strings.Builder
	line := func(cells []cell) {
		for i, c := range cells {
			switch {
			case !shown[i]:
				continue
			case i == last:
				b.WriteString(c.shown(style{width: room}.fit(c.text)))
			default:
				b.WriteString(c.shown(fmt.Sprintf("%-*s", widths[i], c.text)) + strings.Repeat(" ", columnGap))
			}
		}
		b.WriteString("\n")
	}
	head := make([]cell, len(t.head))
	for i, name := range t.head {
		head[i] = cell{text: name, mark: s.strong}
	}
	line(head)
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

func (c cell) shown(text string) string {
	if c.mark == nil {
		return text
	}
	return c.mark(text)
}

// widths are those that the columns need.
func (t table) widths() []int {
	widths := make([]int, len(t.head))
	for i, name := range t.head {
		widths[i] = utf8.RuneCountInString(name)
	}
	for _, row := range t.rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	return widths
}
