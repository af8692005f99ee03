package session

import (
	"slices"
	"testing"
)

// recorded is the packets of a handshake and its first frame.
func recorded(f *testing.F) (all [][]byte) {
	w := newWorld(nil, 1)
	w.capture, w.quiet = true, true
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(10 * ms)
	frame, err := b.Seal(b.established[0].Session, []byte("payload"), w.now)
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range w.captured {
		all = append(all, p.data)
	}
	return append(all, frame, appendRefusal(nil), appendStale(nil, incarnation(9)), nil)
}

// target is a node with a session, an accepted handshake and a dial at msg1.
func target() (w *world, a *testNode) {
	w = newWorld(nil, 2)
	w.quiet = true
	a = w.node("a", "a@h", 1, cookieA)
	w.node("b", "b@h", 2, cookieA).dial("a@h")
	w.run(10 * ms)
	c := w.node("c", "c@h", 3, cookieA)
	c.dial("a@h")
	w.run(12 * ms)
	c.deaf = true // for msg2
	w.node("d", "d@h", 4, cookieA)
	a.dial("d@h")
	w.run(16 * ms)
	return w, a
}

// unmoved checks that nothing but answers came of a packet, and those not
// longer than it was; a line about it is allowed.
func unmoved(t *testing.T, a *testNode, length int) {
	t.Helper()
	for _, o := range a.Outputs() {
		switch o := o.(type) {
		case Answer:
			if len(o.Data) > length {
				t.Errorf("%d bytes are answered with %d", length, len(o.Data))
			}
		case Rejected:
		default:
			t.Errorf("output %#v", o)
		}
	}
}

func FuzzHandleName(f *testing.F) {
	for _, data := range recorded(f) {
		f.Add(data)
	}
	w, a := target()
	f.Fuzz(func(t *testing.T, data []byte) {
		sessions := len(a.sessions)
		a.HandleName(data, "x 1", w.now)
		if len(a.sessions) > sessions {
			t.Error("a session of a packet without the cookie")
		}
		unmoved(t, a, len(data))
	})
}

func FuzzHandleReply(f *testing.F) {
	for _, data := range recorded(f) {
		f.Add(data, true)
		f.Add(data, false)
	}
	f.Fuzz(func(t *testing.T, data []byte, known bool) {
		w, a := target()
		sessions := len(a.sessions)
		id := uint64(1 << 40)
		if known {
			id = a.lastID
		}
		if got := a.HandleReply(id, data, w.now); got != known {
			t.Errorf("HandleReply = %v, want %v", got, known)
		}
		if len(a.sessions) != sessions || len(a.established) != 1 {
			t.Error("a reply without the cookie changed a session")
		}
		// What may come of it is one more msg1, to whom stale points.
		outputs := slices.DeleteFunc(a.Outputs(), func(o Output) bool { _, ok := o.(SendName); return ok })
		if len(outputs) != 0 {
			t.Errorf("outputs %#v", outputs)
		}
	})
}

func FuzzHandleFrame(f *testing.F) {
	w, a := target()
	for _, data := range recorded(f) {
		f.Add(data)
	}
	for id := range a.sessions { // aimed at the sessions there are
		for kind := kindData; kind <= kindClosed; kind++ {
			f.Add(append(header{kind, id, 0, 9}.append(nil), make([]byte, 40)...))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dropped := total(a)
		if frame, ok := a.HandleFrame(data, "x 1", w.now); ok {
			t.Errorf("accepted %q", frame.Payload)
		}
		if outputs := a.Outputs(); len(outputs) != 0 || total(a) != dropped+1 {
			t.Errorf("outputs %v, %d drops, want none and 1", outputs, total(a)-dropped)
		}
	})
}

func total(n *testNode) (sum uint64) {
	for _, count := range n.Dropped() {
		sum += count
	}
	return sum
}

func FuzzWire(f *testing.F) {
	for _, data := range recorded(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		same := func(what string, again []byte) {
			if string(again) != string(data[:len(again)]) {
				t.Errorf("%s %x becomes %x", what, data, again)
			}
		}
		if h, ok := parseHello(data); ok {
			h2, ok2 := parseHello(h.append(nil))
			if !ok2 || h2 != h {
				t.Errorf("hello %+v becomes %+v", h, h2)
			}
		}
		if a, ok := parseHelloAnswer(data); ok {
			same("hello answer", a.append(nil))
		}
		if h, noiseAt, ok := parseMsg1(data); ok {
			same("msg1", h.append(nil))
			if noiseAt != len(h.append(nil)) {
				t.Errorf("the Noise message begins at %d, want %d", noiseAt, len(h.append(nil)))
			}
		}
		if inc, ok := parseStale(data); ok {
			same("stale", appendStale(nil, inc))
		}
		if h, ok := parseHeader(data); ok {
			same("frame", h.append(nil))
		}
	})
}
