package erlterm

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

// A Decoder reads terms, each ended by a dot, one after the other from a stream.
// It holds one term and what a single read brought behind it, and asks for no
// byte behind the one that follows the dot: a term is there as soon as its line
// is. Make one with [NewDecoder]. It is not for several goroutines at once.
//
// Places are those in the whole stream. A comment that says coding: latin-1 on
// the first two lines counts as in a file; to see it, the Decoder reads as far
// as 512 bytes ahead of the first character that is not ASCII.
type Decoder struct {
	r       io.Reader
	lim     options
	chunk   []byte // what one read brings
	err     error  // of the reader, or a limit: the end of the stream
	isEOF   bool
	head    []byte // the first bytes of the stream, until the coding is known; nil then
	waiting int    // where in head the bytes start that cannot be decoded yet
	latin1  bool

	buf   []byte // in UTF-8; what is before start is done with
	start int
	split splitter
	base  Position // of buf[start]
}

// NewDecoder returns a Decoder that reads from r. [MaxInput] limits the length
// of each term, comments within it included; the stream may be endless.
func NewDecoder(r io.Reader, opts ...Option) *Decoder {
	const readSize = 4096
	return &Decoder{
		r: r, lim: newOptions(opts), chunk: make([]byte, readSize), head: []byte{}, base: Position{Offset: 0, Line: 1, Column: 1},
	}
}

// Term returns the next term, or [io.EOF] when there is no other.
//
// What is wrong with a term is an [ErrorList], after which the next call reads
// the term behind it. An error of the reader, or a term over [MaxInput], is the
// end: every later call returns it.
func (d *Decoder) Term() (Term, error) {
	c, err := d.Cursor()
	return c.Term(), err
}

// Cursor is [Decoder.Term] for a term with its places.
func (d *Decoder) Cursor() (Cursor, error) {
	src, err := d.next()
	if err != nil {
		return Cursor{}, err
	}
	f, err := d.parser().parseSource(src)
	if err != nil {
		return Cursor{}, err
	}
	return f.one()
}

// Decode reads the next term into v, as [Unmarshal] does. Its errors are those
// of [Decoder.Term] and of Unmarshal; the next call reads the term behind.
func (d *Decoder) Decode(v any) error {
	c, err := d.Cursor()
	if err != nil {
		return err
	}
	return unmarshal(c, v, d.lim)
}

// next returns the text of the next term with its dot.
func (d *Decoder) next() (*source, error) {
	for {
		end, found := d.split.find(d.buf[d.start:], d.isEOF)
		blank := d.blank()
		err := d.checkBlank(d.buf[d.start : d.start+blank])
		d.drop(blank)
		end -= blank
		switch {
		case err != nil:
			return nil, err
		case found && end <= d.lim.input:
			src := &source{text: string(d.buf[d.start : d.start+end]), latin1: d.latin1, base: d.base}
			d.drop(end)
			d.split.reset()
			return src, nil
		case len(d.buf)-d.start > d.lim.input:
			if d.err == nil || d.isEOF {
				d.err = ErrorList{&Error{
					File: d.lim.name, Pos: d.base, End: d.base, Msg: fmt.Sprintf("a term of more than the limit of %d bytes", d.lim.input),
				}}
			}
			return nil, d.err
		case d.err != nil:
			return nil, d.err
		}
		d.read()
	}
}

// blank is how many bytes at the start are blanks and comments. It ends with a
// whole character.
func (d *Decoder) blank() int {
	if d.split.started {
		return d.split.begin
	}
	n := d.split.next
	text := d.buf[d.start : d.start+n]
	for back := 1; back < utf8.UTFMax && back <= n && !d.isEOF; back++ {
		if tail := text[n-back:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return n - back
			}
			break
		}
	}
	return n
}

// checkBlank refuses what a text may not even have in its comments.
func (d *Decoder) checkBlank(text []byte) error {
	if !bytes.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return nil
	}
	p := d.parser()
	p.file.src = &source{text: string(text), latin1: d.latin1, base: d.base}
	p.src = p.file.src.text
	p.checkCharacters()
	return p.errs.sorted().Err()
}

func (d *Decoder) parser() *parser {
	return &parser{lim: d.lim.limits, file: &File{Name: d.lim.name}}
}

// drop forgets the first n bytes of the text that is left.
func (d *Decoder) drop(n int) {
	gone := d.buf[d.start : d.start+n]
	d.start += n
	d.split.drop(n)
	if i := bytes.LastIndexByte(gone, '\n'); i >= 0 {
		d.base.Line += bytes.Count(gone, []byte("\n"))
		d.base.Column = 1
		d.base.Offset += d.width(gone[:i+1])
		gone = gone[i+1:]
	}
	d.base.Column += countStarts(gone)
	d.base.Offset += d.width(gone)
}

// width is how many bytes of the stream a text was.
func (d *Decoder) width(text []byte) int {
	if d.latin1 {
		return countStarts(text)
	}
	return len(text)
}

// countStarts counts the characters that start in a text, which may be cut in
// the middle of one.
func countStarts(text []byte) int {
	n := 0
	for _, c := range text {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

// maxEmptyReads is how often a reader may return nothing before it is given up.
const maxEmptyReads = 100

// read takes what the reader has.
func (d *Decoder) read() {
	if d.start > 0 {
		d.buf = append(d.buf[:0], d.buf[d.start:]...)
		d.start = 0
	}
	for range maxEmptyReads {
		n, err := d.r.Read(d.chunk)
		switch {
		case err == io.EOF:
			d.isEOF, d.err = true, err
		case err != nil:
			d.err = fmt.Errorf("reading terms: %w", err)
		}
		d.decode(d.chunk[:n])
		if n > 0 || err != nil {
			return
		}
	}
	d.err = fmt.Errorf("reading terms: %w", io.ErrNoProgress)
}

// decode appends bytes of the stream to the text. Those from the first one that
// is not ASCII wait until the coding is known.
func (d *Decoder) decode(data []byte) {
	if d.head == nil {
		d.append(data)
		return
	}
	d.head = append(d.head, data...)
	data = d.head[d.waiting:]
	if len(d.head) > codingWindow || d.isEOF || bytes.Count(d.head, []byte("\n")) >= 2 {
		d.latin1 = isLatin1(d.head)
		d.head = nil
		d.append(data)
		return
	}
	ascii := 0
	for ascii < len(data) && data[ascii] < utf8.RuneSelf {
		ascii++
	}
	d.append(data[:ascii])
	d.waiting += ascii
}

func (d *Decoder) append(data []byte) {
	if !d.latin1 {
		d.buf = append(d.buf, data...)
		return
	}
	for _, c := range data {
		d.buf = utf8.AppendRune(d.buf, rune(c))
	}
}
