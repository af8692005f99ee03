package erlterm

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Render shows err to a person: each [Error] in it as its line, the line of src
// it is about, a caret under the place, and `hint: ...` where there is a hint.
// Another error is its message alone. The text ends with a newline, and is
// empty for a nil error.
func Render(src []byte, err error) string {
	var b strings.Builder
	render(&b, src, err)
	return b.String()
}

func render(b *strings.Builder, src []byte, err error) {
	var one *Error
	switch e := err.(type) {
	case nil:
	case *Error:
		b.WriteString(e.Error())
		b.WriteByte('\n')
		b.WriteString(e.Snippet(src))
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			render(b, src, err)
		}
	default:
		if errors.As(err, &one) {
			render(b, src, errors.Unwrap(err))
			return
		}
		b.WriteString(err.Error())
		b.WriteByte('\n')
	}
}

// Snippet is the line of src that the error is about, a line with a caret, and
// the hint, each ended by a newline. It is empty when src has no such line and
// there is no hint. Of a long line the part around the caret is shown. A line that
// is not UTF-8 is shown as Latin-1; what cannot be
// seen, but for tabs, is shown as a space.
func (e *Error) Snippet(src []byte) string {
	var b strings.Builder
	if line, ok := lineOf(src, e.Pos.Line); ok {
		line, column := clip(line, e.Pos.Column)
		writeCaret(&b, line, column, e.width())
	}
	if e.Hint != "" {
		b.WriteString("hint: ")
		b.WriteString(e.Hint)
		b.WriteByte('\n')
	}
	return b.String()
}

// longestLine is how many characters of a line are shown, and before those of
// the place how many at least, where there are as many.
const (
	longestLine = 160
	leadIn      = 60
)

// clip returns what is shown of a line, and the column of the place in it. An
// ellipsis stands for what is left out.
func clip(line []rune, column int) ([]rune, int) {
	if len(line) <= longestLine {
		return line, column
	}
	start := max(0, min(column-1-leadIn, len(line)-longestLine))
	end := min(len(line), start+longestLine)
	shown := slices.Clone(line[start:end])
	if start > 0 {
		shown[0] = '…'
	}
	if end < len(line) {
		shown[len(shown)-1] = '…'
	}
	return shown, column - start
}

// width is the number of characters to underline.
func (e *Error) width() int {
	if e.End.Line != e.Pos.Line {
		return 1
	}
	return max(1, e.End.Column-e.Pos.Column)
}

// writeCaret writes a line, and another whose caret stands under the given
// column, from 1, and underlines the given number of characters, or those up to
// a tab. What stands before the caret is as wide as what stands above it: tabs
// are kept, and every other character is as many spaces as a terminal has
// columns for it.
func writeCaret(b *strings.Builder, line []rune, column, width int) {
	const indent = "  "
	b.WriteString(indent)
	for i, r := range line {
		if r != '\t' && !unicode.IsGraphic(r) {
			line[i] = ' '
		}
		b.WriteRune(line[i])
	}
	b.WriteString("\n" + indent)
	at := min(column-1, len(line))
	for at > 0 && at < len(line) && displayWidth(line[at]) == 0 {
		at, width = at-1, width+1 // a mark is drawn over the character before it
	}
	for _, r := range line[:at] {
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteString(strings.Repeat(" ", displayWidth(r)))
		}
	}
	columns := 0
	for _, r := range line[at:min(at+width, len(line))] {
		if r == '\t' {
			break
		}
		columns += displayWidth(r)
	}
	b.WriteByte('^')
	b.WriteString(strings.Repeat("~", max(0, columns-1)))
	b.WriteByte('\n')
}

// lineOf returns the n-th line of src, from 1, without its line end.
func lineOf(src []byte, n int) ([]rune, bool) {
	if n < 1 {
		return nil, false
	}
	for range n - 1 {
		i := bytes.IndexByte(src, '\n')
		if i < 0 {
			return nil, false
		}
		src = src[i+1:]
	}
	line, _, _ := bytes.Cut(src, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if utf8.Valid(line) {
		return []rune(string(line)), true
	}
	runes := make([]rune, len(line))
	for i, c := range line {
		runes[i] = rune(c)
	}
	return runes, true
}
