package erldist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

// lengthOf is a frame's length before it.
func lengthOf(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// filled is a frame of n bytes.
func filled(n uint32) []byte {
	return append(lengthOf(n), bytes.Repeat([]byte{byte(n)}, int(n))...)
}

// cut gives the frames of a stream, and the error that it ends in.
func cut(stream io.Reader) (frames []frame, err error) {
	for r := newFrameReader(stream); ; {
		f, err := r.next()
		if err != nil {
			return frames, err
		}
		f.body = bytes.Clone(f.body)
		frames = append(frames, f)
	}
}

func TestFrames(t *testing.T) {
	sizes := []uint32{0, 1, 0, 5, headSize, chunk - 4, chunk, chunk + 1, 3, 5 * chunk, maxFrame, maxFrame + 1, 0, 20 << 20, 7}
	var stream []byte
	for _, n := range sizes {
		stream = append(stream, filled(n)...)
	}
	for _, tt := range []struct {
		name   string
		reader io.Reader
	}{
		{"at once", bytes.NewReader(stream)},
		{"in halves", iotest.HalfReader(bytes.NewReader(stream))},
		{"with the end", iotest.DataErrReader(bytes.NewReader(stream))},
		{"byte by byte", iotest.OneByteReader(bytes.NewReader(stream))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frames, err := cut(tt.reader)
			if err != io.EOF || len(frames) != len(sizes) {
				t.Fatalf("got %d frames, %v, want %d, EOF", len(frames), err, len(sizes))
			}
			for i, f := range frames {
				want := filled(sizes[i])[4:]
				if sizes[i] > maxFrame {
					want = want[:headSize]
				}
				if f.size != sizes[i] || !bytes.Equal(f.body, want) {
					t.Errorf("frame %d of %d bytes has %d, and %d of them are there, want %d", i, sizes[i], f.size, len(f.body), len(want))
				}
				if f.tooLong() != (f.size > maxFrame) || f.isTick() != (f.size == 0) {
					t.Errorf("a frame of %d bytes is too long: %t, a tick: %t", f.size, f.tooLong(), f.isTick())
				}
			}
		})
	}
}

// TestFramesCutOff ends a stream at each byte of it.
func TestFramesCutOff(t *testing.T) {
	stream := append(filled(3), filled(0)...)
	whole := map[int]bool{0: true, 7: true, 11: true}
	for n := range len(stream) + 1 {
		_, err := cut(bytes.NewReader(stream[:n]))
		want := io.ErrUnexpectedEOF
		if whole[n] {
			want = io.EOF
		}
		if err != want {
			t.Errorf("after %d bytes: got %v, want %v", n, err, want)
		}
	}
	broken := errors.New("broken")
	if _, err := cut(io.MultiReader(bytes.NewReader(stream[:5]), iotest.ErrReader(broken))); err != broken {
		t.Errorf("got %v, want %v", err, broken)
	}
	skipped := append(lengthOf(maxFrame+1), make([]byte, 2*headSize)...)
	if _, err := cut(bytes.NewReader(skipped)); err != io.ErrUnexpectedEOF {
		t.Errorf("in what is dropped: got %v", err)
	}
}

// TestFramesTakeMemoryAsTheyCome has a length alone, a long frame and one that is too long.
func TestFramesTakeMemoryAsTheyCome(t *testing.T) {
	r := newFrameReader(bytes.NewReader(append(lengthOf(maxFrame), 1, 2, 3)))
	if _, err := r.next(); err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	if cap(r.buf) > 2*chunk {
		t.Errorf("room for %d bytes is made for 3", cap(r.buf))
	}
	r = newFrameReader(bytes.NewReader(slices.Concat(filled(maxFrame), filled(maxFrame*4), filled(9))))
	if _, err := r.next(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 2 {
		if _, err := r.next(); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 2*chunk {
		t.Errorf("%d bytes are allocated for a frame that is too long", got)
	}
	if cap(r.buf) > chunk {
		t.Errorf("%d bytes are kept after long frames", cap(r.buf))
	}
}

func TestAppendFrame(t *testing.T) {
	before := []byte("before")
	ctl := newControl(opSend, noCookie, theirPid(1))
	data, err := appendFrame(before, ctl, yes)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := cut(bytes.NewReader(bytes.TrimPrefix(data, before)))
	if err != io.EOF || len(frames) != 1 {
		t.Fatalf("got %d frames, %v", len(frames), err)
	}
	gotControl, gotPayload := decodeFrame(t, frames[0])
	if !erlterm.Equal(gotControl, ctl) || gotPayload != erlterm.Term(yes) {
		t.Errorf("got %v, %v", gotControl, gotPayload)
	}
	empty := mustFrame(t, ctl, erlterm.Binary(nil))
	fits := maxFrame - (len(empty) - 4)
	if _, err := appendFrame(before, ctl, erlterm.Binary(make([]byte, fits))); err != nil {
		t.Errorf("a frame of the greatest length: %v", err)
	}
	data, err = appendFrame(before, ctl, erlterm.Binary(make([]byte, fits+1)))
	if !errors.Is(err, ErrTooLong) || !bytes.Equal(data, before) {
		t.Errorf("got %d bytes, %v, want those before", len(data), err)
	}
	data, err = appendFrame(before, ctl, deep(etf.MaxDepth+1))
	if err == nil || !bytes.Equal(data, before) {
		t.Errorf("got %d bytes, %v, want those before", len(data), err)
	}
}

// someFrames are of all that a node sends.
func someFrames(t testing.TB) (all [][]byte) {
	for o, shape := range shapes {
		all = append(all, mustFrame(t, exampleOf(o, shape), genCallOf(1, yes)))
	}
	return append(all, filled(0), filled(3), mustFrame(t, newControl(opRegSend, theirPid(1), noCookie, netKernel), genCallOf(2, erlterm.Tuple{isAuth, yes})))
}

// FuzzFrame has a node send anything. Frames do not depend on how the stream comes,
// and what is answered is messages that a node can read.
func FuzzFrame(f *testing.F) {
	for _, data := range someFrames(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		frames, err := cut(bytes.NewReader(stream))
		again, err2 := cut(iotest.OneByteReader(bytes.NewReader(stream)))
		if err != err2 || len(frames) != len(again) {
			t.Fatalf("%d frames, %v, or byte by byte %d, %v", len(frames), err, len(again), err2)
		}
		c := &Conn{
			peer: Peer{Name: theirName}, pid: theirPid(3), closing: make(chan struct{}), out: newOutbox(),
			monitors: newMonitors(), calls: newCalls(ourName, 9, 1),
			env: connEnv{
				registered: func(process string) bool { return process == "echo" },
				deliver: func(_ string, request erlterm.Term, answer func(erlterm.Term, error)) error {
					answer(request, nil)
					return nil
				},
				emit: func(Event) {}, drops: new(drops),
			},
		}
		for i, f := range frames {
			if f.size != again[i].size || !bytes.Equal(f.body, again[i].body) {
				t.Fatalf("frame %d is another when it comes byte by byte", i)
			}
			if !f.isTick() {
				if err := c.take(f); err != nil && !errors.Is(err, errBadFrame) {
					t.Errorf("the error %v", err)
				}
			}
		}
		answers, _ := cut(bytes.NewReader(c.out.buf))
		for _, f := range answers {
			if _, _, err := f.split(); err != nil {
				t.Errorf("an answer: %v", err)
			}
		}
	})
}
