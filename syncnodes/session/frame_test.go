package session

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// pair is two nodes with a session.
func pair(t *testing.T) (w *world, a, b *testNode, id SessionID) {
	t.Helper()
	w = newWorld(t, 1)
	w.quiet = true
	a, b = w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(10 * ms)
	return w, a, b, w.link(a, b)
}

func TestSeal(t *testing.T) {
	w, a, b, id := pair(t)
	if _, err := a.Seal(id, make([]byte, MaxPayload+1), w.now); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v, want %v", err, ErrTooLong)
	}
	if _, err := a.Seal(SessionID{1}, nil, w.now); !errors.Is(err, ErrNotLive) {
		t.Errorf("unknown: %v, want %v", err, ErrNotLive)
	}
	for _, payload := range [][]byte{nil, {0}, make([]byte, MaxPayload)} {
		data, err := a.Seal(id, payload, w.now)
		if err != nil || len(data) != headerLen+len(payload)+tagLen {
			t.Fatalf("%d bytes: a frame of %d, %v", len(payload), len(data), err)
		}
		frame, ok := b.HandleFrame(data, "x 1", w.now)
		if !ok || !bytes.Equal(frame.Payload, payload) || frame.Session != id || frame.Peer != "a@h" || frame.ReplyTo != "x 1" {
			t.Errorf("%d bytes: got %d, %v, %+v", len(payload), len(frame.Payload), ok, frame.Session)
		}
	}
}

func TestHandleFrameDrops(t *testing.T) {
	w, a, b, id := pair(t)
	genuine := a.sealed(id, "payload")
	drops := func(name string, n *testNode, data []byte, want DropCause) {
		t.Helper()
		before := n.Dropped()
		if frame, ok := n.HandleFrame(data, "x 1", w.now); ok {
			t.Errorf("%s: accepted as %q", name, frame.Payload)
		}
		after := n.Dropped()
		before[want]++
		if !maps.Equal(before, after) || len(n.Outputs()) != 0 {
			t.Errorf("%s: dropped %v, want %v and no output", name, after, before)
		}
	}
	for i := range genuine {
		flipped := slices.Clone(genuine)
		flipped[i] ^= 0x10
		want := DropForged
		switch {
		case i == 0:
			want = DropMalformed // kinds end before 0x10 more
		case i < 1+sessionIDLen:
			want = DropUnknownSession
		case i < 1+sessionIDLen+4:
			want = DropWrongEpoch
		}
		drops(fmt.Sprintf("byte %d flipped", i), b, flipped, want)
		want = DropForged
		if i < headerLen+tagLen {
			want = DropMalformed
		}
		drops(fmt.Sprintf("%d bytes of it", i), b, genuine[:i], want)
	}
	drops("too long", b, make([]byte, MaxFrame+1), DropMalformed)
	drops("sent back", a, genuine, DropForged)
	for _, kind := range []byte{kindConfirm, kindWelcome, kindRefused, kindClosed} {
		changed := slices.Clone(genuine)
		changed[0] = kind
		drops("as "+kindWord(changed), b, changed, DropForged)
	}
	nextEpoch := slices.Clone(genuine)
	nextEpoch[1+sessionIDLen+3]++
	drops("next epoch", b, nextEpoch, DropForged)
	nextEpoch[1+sessionIDLen+3]++
	drops("epoch after it", b, nextEpoch, DropWrongEpoch)
	last := header{kindData, id, 0, 1<<64 - 1}
	drops("last counter", b, append(last.append(nil), make([]byte, tagLen)...), DropReplayed)

	if _, ok := b.HandleFrame(genuine, "", w.now); !ok {
		t.Fatal("the genuine frame was dropped")
	}
	drops("again", b, genuine, DropReplayed)
}

func TestReordering(t *testing.T) {
	w, a, b, id := pair(t)
	var frames [][]byte
	for i := range 2 * windowSize {
		frames = append(frames, a.sealed(id, fmt.Sprint(i)))
	}
	w.rng.Shuffle(windowSize, func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
	for i, data := range frames[:windowSize] {
		if _, ok := b.HandleFrame(data, "", w.now); !ok {
			t.Fatalf("frame %d was dropped", i)
		}
	}
	if _, ok := b.HandleFrame(frames[2*windowSize-1], "", w.now); !ok {
		t.Fatal("the last frame was dropped")
	}
	for i, data := range frames[:windowSize] {
		if _, ok := b.HandleFrame(data, "", w.now); ok {
			t.Fatalf("frame %d came twice", i)
		}
	}
}

func TestRekeyByCount(t *testing.T) {
	w, a, b, id := pair(t)
	const every = 7
	a.rekeyFrames, b.rekeyFrames = every, every
	for round := range 50 {
		// Both send at once; frames cross the change of keys, reordered.
		fromA, fromB := a.burst(id, every-1), b.burst(id, every-1)
		for i := range fromA {
			for _, way := range []struct {
				to   *testNode
				data []byte
			}{{b, fromA[i]}, {a, fromB[i]}} {
				if _, ok := way.to.HandleFrame(way.data, "", w.now); !ok {
					t.Fatalf("round %d: frame %d to %s was dropped: %v", round, i, way.to.label, way.to.Dropped())
				}
			}
		}
	}
	for _, n := range []*testNode{a, b} {
		if s := n.sessions[id]; s.seal.epoch < 40 || s.open.epoch < 40 {
			t.Errorf("%s is in epoch %d and %d", n.label, s.seal.epoch, s.open.epoch)
		}
		if len(n.Outputs()) != 0 {
			t.Error("a rekey reports something")
		}
	}
}

// burst seals n frames and shuffles them.
func (n *testNode) burst(id SessionID, count int) [][]byte {
	frames := make([][]byte, count)
	for i := range frames {
		frames[i] = n.sealed(id, fmt.Sprint(i))
	}
	n.w.rng.Shuffle(count, func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
	return frames
}

func TestRekeyByAge(t *testing.T) {
	w, a, b, id := pair(t)
	late, lost := a.sealed(id, "late"), a.sealed(id, "lost")
	w.run(a.sessions[id].seal.since + rekeyAge - ms)
	a.transmit(id, "former", b)
	if got := b.sessions[id].open.epoch; got != 0 {
		t.Fatalf("epoch %d before its time", got)
	}
	w.run(w.now + ms)
	a.transmit(id, "next", b)
	b.transmit(id, "the other way too", a)
	for _, n := range []*testNode{a, b} {
		if s := n.sessions[id]; s.seal.epoch != 1 || s.open.epoch != 1 {
			t.Errorf("%s is in epoch %d and %d, want 1", n.label, s.seal.epoch, s.open.epoch)
		}
	}
	w.run(w.now + testKeep - ms)
	b.receive(late, "")
	if got := b.frames[len(b.frames)-1]; got != "late" {
		t.Errorf("the last frame is %q, want the late one", got)
	}
	w.run(w.now + ms)
	if b.sessions[id].open.former != nil {
		t.Error("the former key is still there")
	}
	b.receive(lost, "")
	if got := b.Dropped()[DropWrongEpoch]; got != 1 {
		t.Errorf("%d dropped, want the frame whose key is gone", got)
	}
}

// The keys of an epoch say nothing of the one before.
func TestChain(t *testing.T) {
	c := chain{1}
	seen := map[chain]bool{c: true}
	var last []byte
	for range 100 {
		frame := c.step().Seal(nil, make([]byte, 12), []byte("same"), nil)
		if seen[c] || bytes.Equal(frame, last) {
			t.Fatal("an epoch repeats another")
		}
		seen[c], last = true, frame
	}
}

// A frame that somebody sends on to the subject of a confirm's answer still
// counts when it comes by its own.
func TestFrameSentOn(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	w.answers = func(s sent) bool { return s.kind != kindWelcome }
	a.dial("b@h")
	w.run(10 * ms)
	data := b.sealed(b.established[0].Session, "probe")
	a.forge(a.lastID, data)
	if len(a.established) != 0 {
		t.Error("established by an answer that is none")
	}
	w.run(50*ms + time.Millisecond)
	a.receive(data, "")
	if len(a.frames) != 1 || len(a.established) != 1 {
		t.Errorf("frames %v, established %v", a.frames, a.established)
	}
}
