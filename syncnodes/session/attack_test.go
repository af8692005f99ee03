package session

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

// counter counts the ephemeral keys that are made: one for each msg1 sent and
// one for each Diffie-Hellman of an answer.
type counter struct {
	io.Reader
	keys int
}

func (c *counter) Read(b []byte) (int, error) {
	c.keys++
	return c.Reader.Read(b)
}

func countKeys(n *testNode) *counter {
	c := &counter{Reader: n.cfg.Rand}
	n.cfg.Rand = c
	return c
}

func (n *testNode) forge(id uint64, data []byte) {
	n.do(func() { n.HandleReply(id, data, n.w.now) })
}

func TestForgedRefusal(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(2 * ms)
	b.deaf = true
	a.forge(a.lastID, appendRefusal(nil))
	a.forge(a.lastID, []byte("nonsense"))
	w.run(50 * ms)
	b.deaf = false
	w.run(time.Second) // the second msg1 is answered 100 ms after the lie
	w.link(a, b)
	if got := a.Dropped()[DropOverruled]; got != 2 {
		t.Errorf("%d overruled, want 2", got)
	}
}

func TestRefusalIsBelievedAfterAWhile(t *testing.T) {
	tests := []struct {
		name    string
		answers [][]byte
		want    Reason
	}{
		{"refusal", [][]byte{appendRefusal(nil)}, CookiesDiffer},
		{"nonsense", [][]byte{{1, 2, 3}}, Unreadable},
		{"nothing", [][]byte{{}}, Unreadable},
		{"nonsense, then refusal", [][]byte{{1, 2, 3}, appendRefusal(nil)}, CookiesDiffer},
		{"refusal, then nonsense", [][]byte{appendRefusal(nil), {1, 2, 3}}, CookiesDiffer},
		{"a msg2 of somebody else", [][]byte{append([]byte{kindMsg2, version}, make([]byte, 100)...)}, Unreadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
			a.dial("b@h")
			w.run(2 * ms)
			b.deaf = true
			for _, answer := range tt.answers {
				a.forge(a.lastID, answer)
			}
			w.run(251 * ms)
			if len(a.failed) != 0 {
				t.Fatalf("failed %v before the 250 ms were over", a.failed)
			}
			w.run(252 * ms)
			if len(a.failed) != 1 || a.failed[0].Reason != tt.want {
				t.Errorf("failed %v, want %s", a.failed, tt.want)
			}
		})
	}
}

func TestForgedNoResponders(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	lie := func(for_ time.Duration) {
		for end := w.now + for_; w.now < end; w.run(w.now + 10*ms) {
			for id := range a.lastID {
				a.do(func() { a.HandleNoResponders(id+1, w.now) })
			}
		}
	}
	b.deaf = true
	a.dial("b@h")
	lie(240 * ms)
	b.deaf = false
	w.run(w.now + 100*ms) // a hello got through, and its answer
	b.deaf = true
	lie(3 * time.Second)
	if len(a.failed) != 0 {
		t.Fatalf("failed %v, though the hello was answered %v", a.failed, w.lines)
	}
	b.deaf = false
	lie(2 * time.Second)
	w.link(a, b)
	if a.Dropped()[DropOverruled] == 0 {
		t.Error("no lie was counted")
	}
}

// A msg2 whose ephemeral key is a point of low order fails inside the
// Diffie-Hellman; nothing of it may stay in the handshake.
func TestForgedMsg2(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	w.capture = true
	a.dial("b@h")
	w.run(3 * ms) // the genuine msg2 is on its way
	genuine := w.captured[len(w.captured)-1].data
	if genuine[0] != kindMsg2 {
		t.Fatalf("captured %s, want msg2", kindWord(genuine))
	}
	lowOrder := append([]byte{kindMsg2, version}, make([]byte, 80)...)
	a.forge(a.lastID, lowOrder)
	for i := range genuine {
		flipped := slices.Clone(genuine)
		flipped[i] ^= 1
		a.forge(a.lastID, flipped)
		a.forge(a.lastID, genuine[:i])
	}
	a.forge(a.lastID, append(slices.Clone(genuine), 0))
	if len(a.sessions) != 0 {
		t.Fatal("a forged msg2 made a session")
	}
	w.run(time.Second)
	w.link(a, b)
}

func TestRecordedMsg1(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	w.capture = true
	a.dial("b@h")
	w.run(3 * ms)
	recorded := w.captured[slices.IndexFunc(w.captured, func(p packet) bool { return p.data[0] == kindMsg1 })]
	keys := countKeys(b)
	w.lines = nil
	b.do(func() { b.HandleName(recorded.data, "elsewhere 1", w.now) })
	w.expect("   3 b answers msg2\n") // the dialler's repetition looks the same

	w.run(time.Second)
	w.link(a, b)
	w.lines = nil
	for range 100 {
		b.do(func() { b.HandleName(recorded.data, "elsewhere 1", w.now) })
	}
	w.expect("")
	if got := b.Dropped()[DropReplayed]; got != 100 || keys.keys != 0 {
		t.Errorf("%d dropped, want 100; %d keys made, want 0", got, keys.keys)
	}

	a.do(func() { a.HandleName(recorded.data, "elsewhere 1", w.now) })
	w.expect("")
	restarted := w.node("b2", "b@h", 3, cookieA)
	restarted.do(func() { restarted.HandleName(recorded.data, "elsewhere 1", w.now) })
	w.expect("1000 b2 answers stale\n")
	if len(restarted.rejected) != 0 {
		t.Errorf("rejected %v", restarted.rejected)
	}
}

// What is authentic but has no place in a session's state.
func TestUntimely(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	w.answers = func(s sent) bool { return s.kind != kindWelcome }
	b.onAdmission = func(Admission) {}
	a.dial("b@h")
	untimely := func(to, from *testNode, kind byte) {
		t.Helper()
		before := to.Dropped()[DropUntimely]
		for _, s := range from.sessions {
			to.HandleFrame(from.seal(s, kind, nil, w.now), "x 1", w.now)
		}
		if got := to.Dropped()[DropUntimely] - before; got != 1 || len(to.Outputs()) != 0 {
			t.Errorf("%d drops, want 1 and no output", got)
		}
	}
	w.run(4 * ms) // b is half-open, a confirming
	untimely(b, a, kindData)
	untimely(b, a, kindWelcome)
	untimely(a, b, kindConfirm)
	w.run(10 * ms) // b is awaiting admission
	untimely(b, a, kindData)
	untimely(b, a, kindWelcome)
}

// A refusal in clear means nothing beside a msg2 from another candidate.
func TestRefusalBesideMsg2(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	b.onAdmission = func(Admission) {}
	a.dial("b@h")
	w.run(10 * ms)
	a.forge(1, helloAnswer{inc: incarnation(77)}.append(nil))
	a.forge(a.lastID, appendRefusal(nil))
	w.run(5 * time.Second)
	if len(a.failed) != 0 {
		t.Errorf("failed %v", a.failed)
	}
}

func TestInfoTooLong(t *testing.T) {
	w := newWorld(t, 1)
	b := w.node("b", "b@h", 2, cookieA)
	h := msg1Header{1, incarnation(3), incarnation(2), "a@h", "b@h"}
	_, data, err := initiate(w.source, cookieA, h.append(nil), make([]byte, MaxInfo+1))
	if err != nil {
		t.Fatal(err)
	}
	b.do(func() { b.HandleName(data, "elsewhere 1", w.now) })
	if b.Dropped()[DropMalformed] != 1 || len(b.sessions) != 0 {
		t.Errorf("dropped %v, %d sessions", b.Dropped(), len(b.sessions))
	}
}

// A header that was changed is no header of that Noise message.
func TestMsg1HeaderIsBound(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	w.capture = true
	a.dial("b@h")
	w.run(2 * ms)
	genuine := w.captured[slices.IndexFunc(w.captured, func(p packet) bool { return p.data[0] == kindMsg1 })].data
	for i := range genuine {
		flipped := slices.Clone(genuine)
		flipped[i] ^= 1
		b.HandleName(flipped, "elsewhere 1", w.now)
		b.HandleName(genuine[:i], "elsewhere 1", w.now)
	}
	b.Outputs()
	if len(b.sessions) != 0 || len(b.attempts.known) != 0 {
		t.Errorf("%d sessions, %d attempts of forgeries", len(b.sessions), len(b.attempts.known))
	}
	w.run(time.Second)
	w.link(a, b)
}

func TestManyFalseHolders(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 200, cookieA)
	keys := countKeys(a)
	b.deaf = true
	a.dial("b@h")
	hello := a.lastID
	a.forge(hello, append(helloAnswer{inc: incarnation(9)}.append(nil), make([]byte, 500)...))
	a.forge(hello, nil)
	for i := range byte(100) {
		a.forge(hello, helloAnswer{inc: incarnation(i + 1)}.append(nil))
	}
	if d := a.dials["b@h"]; len(d.candidates) != maxCandidates || keys.keys != maxCandidates {
		t.Errorf("%d candidates with %d keys, want %d", len(d.candidates), keys.keys, maxCandidates)
	}
	b.deaf = false
	w.run(2 * time.Second) // stale comes each time a msg1 is repeated
	w.link(a, b)
}

func TestTwoHoldersOfAName(t *testing.T) {
	w := newWorld(t, 1)
	a := w.node("a", "a@h", 1, cookieA)
	b, twin := w.node("b", "b@h", 2, cookieA), w.node("twin", "b@h", 3, cookieA)
	a.dial("b@h")
	w.run(20 * time.Second)
	if len(a.live) != 1 || len(b.live)+len(twin.live) != 1 {
		t.Errorf("live: a %v, b %v, twin %v; want one pair", a.live, b.live, twin.live)
	}
}

func TestHandleNameDrops(t *testing.T) {
	from := hello{from: "a@h", inc: incarnation(1), to: "b@h"}
	msg1 := msg1Header{1, incarnation(1), incarnation(2), "a@h", "b@h"}
	noise := make([]byte, noiseLen)
	change := func(b []byte, at int, to byte) []byte { b[at] = to; return b }
	tests := []struct {
		name    string
		data    []byte
		replyTo string
		want    DropCause
	}{
		{"nothing", nil, "x 1", DropMalformed},
		{"a reply", appendRefusal(nil), "x 1", DropMalformed},
		{"no reply subject", from.append(nil), "", DropNoReply},
		{"msg1 without", append(msg1.append(nil), noise...), "", DropNoReply},
		{"short hello", from.append(nil)[:len(from.append(nil))-1], "x 1", DropMalformed},
		{"long hello", append(from.append(nil), make([]byte, 2000)...), "x 1", DropMalformed},
		{"version", change(from.append(nil), 1, 2), "x 1", DropMalformed},
		{"name", hello{from: "a b@h", inc: incarnation(1), to: "b@h"}.append(nil), "x 1", DropMalformed},
		{"no incarnation", hello{from: "a@h", to: "b@h"}.append(nil), "x 1", DropMalformed},
		{"other name", hello{from: "a@h", inc: incarnation(1), to: "c@h"}.append(nil), "x 1", DropMisaddressed},
		{"msg1 other name", append(msg1Header{1, incarnation(1), incarnation(2), "a@h", "c@h"}.append(nil), noise...), "x 1", DropMisaddressed},
		{"msg1 short", append(msg1.append(nil), noise[1:]...), "x 1", DropMalformed},
		{"msg1 long", append(msg1.append(nil), make([]byte, maxMsg1)...), "x 1", DropMalformed},
		{"msg1 log injection", append(msg1Header{1, incarnation(1), incarnation(2), "a\n@h", "b@h"}.append(nil), noise...), "x 1", DropMalformed},
		{"msg1 garbage", append(msg1.append(nil), noise...), "x 1", DropWrongCookie},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newWorld(t, 1).node("b", "b@h", 2, cookieA)
			b.HandleName(tt.data, tt.replyTo, 0)
			if got := b.Dropped(); len(got) != 1 || got[tt.want] != 1 {
				t.Errorf("dropped %v, want %s", got, tt.want)
			}
			if outputs := b.Outputs(); tt.want != DropWrongCookie && len(outputs) != 0 {
				t.Errorf("outputs %v", outputs)
			}
		})
	}
}

// An insider's flood: everything of it has the right cookie.
func TestFloodOfMsg1(t *testing.T) {
	w := newWorld(t, 1)
	w.quiet = true
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	for i := range maxPending + 50 {
		h := msg1Header{1, incarnation(3), incarnation(2), nodeid.Name(fmt.Sprintf("n%d@h", i)), "b@h"}
		_, data, err := initiate(w.source, cookieA, h.append(nil), nil)
		if err != nil {
			t.Fatal(err)
		}
		b.HandleName(data, "elsewhere 1", w.now)
		b.Outputs()
	}
	if len(b.sessions) != maxPending || b.pending.Len() != maxPending || len(b.accepted) != maxPending {
		t.Errorf("%d sessions, %d pending, %d accepted, want %d", len(b.sessions), b.pending.Len(), len(b.accepted), maxPending)
	}
	if got := b.Dropped()[DropFlooded]; got != 50 {
		t.Errorf("%d flooded, want 50", got)
	}
	a.dial("b@h")
	w.run(testSetup + time.Second)
	w.link(a, b)
	if len(b.sessions) != 1 || b.pending.Len() != 0 || len(b.accepted) != 0 {
		t.Errorf("%d sessions, %d pending, %d accepted left", len(b.sessions), b.pending.Len(), len(b.accepted))
	}
}

// A wrong cookie with ever new names.
func TestFloodOfNames(t *testing.T) {
	w := newWorld(t, 1)
	w.quiet = true
	b := w.node("b", "b@h", 2, cookieA)
	noise := make([]byte, noiseLen)
	for i := range 3000 {
		h := msg1Header{1, incarnation(3), incarnation(2), nodeid.Name(fmt.Sprintf("n%d@h", i)), "b@h"}
		b.do(func() { b.HandleName(append(h.append(nil), noise...), "elsewhere 1", w.now) })
	}
	w.run(2 * time.Minute)
	if len(b.rejected) != rejectionLines+1 {
		t.Fatalf("%d lines, want %d", len(b.rejected), rejectionLines+1)
	}
	last := b.rejected[rejectionLines]
	if last.Name != "" || last.Suppressed != 2990 || last.Line != "2990 more connection attempts rejected within a minute." {
		t.Errorf("the last line is %+v", last)
	}
	if len(b.sessions)+len(b.attempts.known)+b.pending.Len() != 0 {
		t.Error("rejected attempts left something")
	}
}
