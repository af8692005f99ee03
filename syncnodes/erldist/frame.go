package erldist

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

const (
	// maxFrame is the longest frame that is taken, and sent, in bytes.
	maxFrame = 8 << 20
	// headSize is how much is kept of a longer one: enough for its control message,
	// in which there are three atoms of 255 characters at most.
	headSize = 4 << 10
	// chunk is how much is read at once, and how much room is made for a frame before
	// its bytes have come. A larger buffer is not kept.
	chunk = 64 << 10

	// passThrough is the type of all frames where neither fragments nor an atom
	// cache are offered.
	passThrough = 112
)

// errBadFrame is of a frame that makes no sense. It ends the connection, as in Erlang.
var errBadFrame = errors.New("a frame makes no sense")

// frame is a message, or a tick where it has no bytes.
type frame struct {
	body []byte // the first bytes alone where it is too long
	size uint32 // as announced
}

func (f frame) isTick() bool  { return f.size == 0 }
func (f frame) tooLong() bool { return f.size > maxFrame }

// split gives the control message and what comes with it, which holds as long as the
// body does. Its error is an errBadFrame.
func (f frame) split() (control message, p payload, err error) {
	if f.body[0] != passThrough {
		return message{}, payload{}, fmt.Errorf("%w: it is of type %d", errBadFrame, f.body[0])
	}
	term, rest, err := etf.Decode(f.body[1:])
	if err != nil {
		return message{}, payload{}, fmt.Errorf("%w: its control message: %w", errBadFrame, err)
	}
	control, err = parseControl(term)
	return control, payload{data: rest, frame: f}, err
}

// payload is the term behind a control message, where there is one.
type payload struct {
	data  []byte // the first bytes alone where the frame is too long
	frame frame
}

// term reads it. The error wraps ErrTooLong, or says why it cannot be read.
func (p payload) term() (erlterm.Term, error) {
	if p.frame.tooLong() {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are taken", ErrTooLong, p.frame.size, maxFrame)
	}
	t, rest, err := etf.Decode(p.data)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes follow it", len(rest))
	}
	if err != nil {
		return nil, fmt.Errorf("the term cannot be read: %w", err)
	}
	return t, nil
}

// first reads the first element of a pair, also where the pair cannot be read.
func (p payload) first() (erlterm.Term, bool) {
	elems, isPair := bytes.CutPrefix(p.data, []byte{131, 104, 2})
	if !isPair {
		return nil, false
	}
	t, _, err := etf.Decode(append([]byte{131}, elems...))
	return t, err == nil
}

// frameReader cuts what a node sends into frames.
type frameReader struct {
	in  *bufio.Reader
	buf []byte // of the last frame
}

func newFrameReader(in io.Reader) *frameReader {
	return &frameReader{in: bufio.NewReaderSize(in, chunk)}
}

// next reads a frame, whose body holds until the next is read. Of one that is too long
// all but the head is read and dropped.
func (r *frameReader) next() (frame, error) {
	header, err := r.in.Peek(4)
	if err != nil {
		if len(header) > 0 {
			err = unexpected(err)
		}
		return frame{}, err
	}
	f := frame{size: binary.BigEndian.Uint32(header)}
	if _, err := r.in.Discard(len(header)); err != nil {
		return frame{}, err
	}
	kept := f.size
	if f.tooLong() {
		kept = headSize
	}
	if err := r.read(int(kept)); err != nil {
		return frame{}, err
	}
	f.body = r.buf
	return f, r.skip(f.size - kept)
}

// read fills buf with n bytes. Room is made as they come, since a length is but a claim.
func (r *frameReader) read(n int) error {
	if r.buf = r.buf[:0]; cap(r.buf) > chunk {
		r.buf = nil
	}
	for len(r.buf) < n {
		begin := len(r.buf)
		room := min(n-begin, max(begin, chunk))
		r.buf = slices.Grow(r.buf, room)[:begin+room]
		if _, err := io.ReadFull(r.in, r.buf[begin:]); err != nil {
			return unexpected(err)
		}
	}
	return nil
}

func (r *frameReader) skip(n uint32) error {
	for n > 0 {
		skipped, err := r.in.Discard(int(min(n, chunk)))
		if err != nil {
			return unexpected(err)
		}
		n -= uint32(skipped)
	}
	return nil
}

// unexpected is the error of an end inside of a frame.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendFrame appends a message to dst; a nil payload is none. Where the error is not
// nil dst is returned as it was: it wraps ErrTooLong, or says what is no term of Erlang's.
func appendFrame(dst []byte, control erlterm.Tuple, payload erlterm.Term) ([]byte, error) {
	begin := len(dst)
	buf, err := etf.AppendTerm(append(dst, 0, 0, 0, 0, passThrough), control)
	if err == nil && payload != nil {
		buf, err = etf.AppendTerm(buf, payload)
	}
	if err != nil {
		return dst, err
	}
	size := len(buf) - begin - 4
	if size > maxFrame {
		return dst, fmt.Errorf("%w: it has %d bytes, at most %d are sent", ErrTooLong, size, maxFrame)
	}
	binary.BigEndian.PutUint32(buf[begin:], uint32(size))
	return buf, nil
}
