package erlterm

import (
	"sort"
	"sync"
	"unicode/utf8"
)

// PlacesIn makes [ParseFile] give all places as places in original, a text that
// the parsed one was made from, such as a template. For a byte of the parsed
// text, or its end, offset is the byte of original that it is from; it never
// decreases. Lines and columns are those of original, in the encoding that the
// parsed text has, and it is original that [Render] is to be given. Nobody may
// change it as long as the file is in use.
func PlacesIn(original []byte, offset func(at int) int) Option {
	return func(o *options) { o.maker = &maker{text: original, offset: offset} }
}

// A maker is what a text was made from.
type maker struct {
	text   []byte
	offset func(at int) int

	once  sync.Once
	lines []int // where each line starts; made by the first call of position
}

// position is the place that a byte of the made text is from.
func (m *maker) position(at int, latin1 bool) Position {
	m.once.Do(func() {
		m.lines = []int{0}
		for i, c := range m.text {
			if c == '\n' {
				m.lines = append(m.lines, i+1)
			}
		}
	})
	offset := m.offset(at)
	line := sort.SearchInts(m.lines, offset+1)
	before := m.text[m.lines[line-1]:offset]
	column := 1 + utf8.RuneCount(before)
	if latin1 {
		column = 1 + len(before)
	}
	return Position{Offset: offset, Line: line, Column: column}
}

// madeFrom notes what the text was made from, nil for nothing, before anyone
// asks for a place.
func (s *source) madeFrom(m *maker) *source {
	s.maker = m
	return s
}
