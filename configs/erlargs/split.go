package erlargs

import "interconnectd/erlterm"

// File is an args file.
type File struct {
	Name  string // as problems show it
	Text  []byte
	Words []Word

	// Unclosed is where a quote begins that nothing closes: to erl it ends
	// with the file. The zero Position: there is none.
	Unclosed erlterm.Position
	// Zero is where a zero byte ends the text before the end of the file.
	Zero erlterm.Position
}

// Word is one word of a command line.
type Word struct {
	Text string           // without quotes and backslashes
	File *File            // nil for a "--" that stands in no file
	Pos  erlterm.Position // of its first character, quotes included
}

// Split cuts a file into words. Any text has some: what is doubtful stands in
// Unclosed and Zero.
func Split(name string, text []byte) *File {
	f := &File{Name: name, Text: text}
	at := cursor{text: text, pos: erlterm.Position{Line: 1, Column: 1}}
	for at.skipBlanks() {
		word := Word{File: f, Pos: at.pos}
		var buf []byte
		if unclosed := at.word(func(c byte) bool { buf = append(buf, c); return true }); unclosed.Line > 0 {
			f.Unclosed = unclosed
		}
		word.Text = string(buf)
		f.Words = append(f.Words, word)
	}
	if at.pos.Offset < len(text) {
		f.Zero = at.pos
	}
	return f
}

// At is the place in the file of the byte of Text that has this offset, or of
// the end of the word.
func (w Word) At(offset int) erlterm.Position {
	if w.File == nil {
		return erlterm.Position{}
	}
	at := cursor{text: w.File.Text, pos: w.Pos}
	here := w.Pos
	at.word(func(byte) bool {
		here = at.pos
		offset--
		return offset >= 0
	})
	if offset >= 0 {
		return at.pos
	}
	return here
}

// cursor is a place in a text, and moves on.
type cursor struct {
	text []byte
	pos  erlterm.Position
}

// peek is the byte here, 0 at the end: to erl a text is a C string.
func (c *cursor) peek() byte {
	if c.pos.Offset == len(c.text) {
		return 0
	}
	return c.text[c.pos.Offset]
}

func (c *cursor) next() {
	switch b := c.text[c.pos.Offset]; {
	case b == '\n':
		c.pos.Line++
		c.pos.Column = 1
	case b&0xC0 != 0x80: // not inside a character of UTF-8
		c.pos.Column++
	}
	c.pos.Offset++
}

// skipBlanks goes to the next word, and reports whether there is one.
func (c *cursor) skipBlanks() bool {
	for comment := false; ; c.next() {
		b := c.peek()
		switch {
		case b == 0:
			return false
		case b == '\n':
			comment = false
		case comment, isBlank(b):
		case b == '#':
			comment = true
		default:
			return true
		}
	}
}

// word goes to the end of a word and hands over its bytes; before each call of
// add the cursor stands at the byte. It stops where add says so. The place it
// returns is that of a quote that nothing closes.
func (c *cursor) word(add func(byte) bool) (unclosed erlterm.Position) {
	for {
		b := c.peek()
		switch {
		case b == 0, b == '#', isBlank(b):
			return unclosed
		case b == '"', b == '\'':
			quote := c.pos
			c.next()
			for c.peek() != b {
				if c.peek() == 0 {
					return quote
				}
				if !add(c.peek()) {
					return unclosed
				}
				c.next()
			}
		case b == '\\':
			c.next()
			if c.peek() == 0 {
				return unclosed
			}
			fallthrough
		default:
			if !add(c.peek()) {
				return unclosed
			}
		}
		c.next()
	}
}

func isBlank(b byte) bool {
	switch b {
	case ' ', '\t', '\n', '\v', '\f', '\r':
		return true
	default:
		return false
	}
}
