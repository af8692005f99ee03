package session

import (
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

func TestDialHolder(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dialHolder("b@h", incarnation(2))
	w.run(time.Second)
	w.expect(`
   0 a msg1 to name b@h
   1 b answers msg2
   2 a confirm to process b@h
   3 b ADMISSION of a@h with "info of a"
   3 b answers welcome
   3 b ESTABLISHED with a@h, accepted, "info of a"
   4 a ESTABLISHED with b@h, dialled, "info of b"
`)
	w.link(a, b)
}

// TestBothDialHolders: of two msg1 that cross the greater's is answered.
func TestBothDialHolders(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dialHolder("b@h", incarnation(2))
	b.dialHolder("a@h", incarnation(1))
	w.run(time.Second)
	w.expect(`
   0 a msg1 to name b@h
   0 b msg1 to name a@h
   1 a answers msg2
   2 b confirm to process a@h
   3 a ADMISSION of b@h with "info of b"
   3 a answers welcome
   3 a ESTABLISHED with b@h, accepted, "info of b"
   4 b ESTABLISHED with a@h, dialled, "info of a"
`)
	w.link(a, b)
}

// TestFalseHearsay: it costs a round trip, and no more.
func TestFalseHearsay(t *testing.T) {
	t.Run("another holds the name", func(t *testing.T) {
		w := newWorld(t, 1)
		a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
		a.dialHolder("b@h", incarnation(9))
		w.run(time.Second)
		w.expect(`
   0 a msg1 to name b@h
   1 b answers stale
   2 a msg1 to name b@h
   3 b answers msg2
   4 a confirm to process b@h
   5 b ADMISSION of a@h with "info of a"
   5 b answers welcome
   5 b ESTABLISHED with a@h, accepted, "info of a"
   6 a ESTABLISHED with b@h, dialled, "info of b"
`)
		w.link(a, b)
	})
	t.Run("nobody holds the name", func(t *testing.T) {
		w := newWorld(t, 1)
		a := w.node("a", "a@h", 1, cookieA)
		a.dialHolder("b@h", incarnation(9))
		w.run(time.Second)
		if len(a.failed) != 1 || a.failed[0].Reason != NoHolder {
			t.Errorf("failed %v, want %s", a.failed, NoHolder)
		}
		if len(a.dials)+len(a.requests) != 0 {
			t.Errorf("%d dials and %d requests are left", len(a.dials), len(a.requests))
		}
	})
	t.Run("a forged answer names nobody", func(t *testing.T) {
		w := newWorld(t, 1)
		w.quiet = true
		a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
		a.dialHolder("b@h", incarnation(2))
		for id, r := range a.requests {
			if r.candidate != nil {
				a.do(func() { a.HandleReply(id, appendStale(nil, nodeid.Incarnation{}), w.now) })
			}
		}
		w.run(time.Second)
		w.link(a, b)
	})
	t.Run("about the own name", func(t *testing.T) {
		w := newWorld(t, 1)
		a := w.node("a", "a@h", 1, cookieA)
		a.dialHolder("a@h", incarnation(9))
		w.run(time.Second)
		w.expect(`
   0 a hello to name a@h
 100 a hello to name a@h
 250 a DIAL FAILED to a@h: nobody has the name
`)
	})
}

// TestHearsayFlood: whoever says time and again that another holds a name makes a node
// do a little work, ten times a second, and keeps it from the true holder for no longer.
func TestHearsayFlood(t *testing.T) {
	w := newWorld(t, 1)
	w.quiet = true
	a := w.node("a", "a@h", 1, cookieA)
	var b *testNode
	for i := range 100 {
		w.at(time.Duration(i)*10*ms, func() {
			if len(a.live) == 0 {
				a.dialHolder("b@h", incarnation(byte(100+i)))
			}
		})
	}
	w.at(500*ms, func() { b = w.node("b", "b@h", 2, cookieA) })
	before := a.lastAttempt
	w.run(3 * time.Second)
	if made := a.lastAttempt - before; made > 20 {
		t.Errorf("%d msg1 were made, each with a key of its own", made)
	}
	w.link(a, b)
}
