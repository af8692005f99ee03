package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

const ms = time.Millisecond

func TestEitherSideDials(t *testing.T) {
	t.Run("the greater", func(t *testing.T) {
		w := newWorld(t, 1)
		a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
		b.dial("a@h")
		w.run(time.Second)
		w.expect(`
   0 b hello to name a@h
   1 a answers hello-answer
   2 b msg1 to name a@h
   3 a answers msg2
   4 b confirm to process a@h
   5 a ADMISSION of b@h with "info of b"
   5 a answers welcome
   5 a ESTABLISHED with b@h, accepted, "info of b"
   6 b ESTABLISHED with a@h, dialled, "info of a"
`)
		id := w.link(a, b)
		a.transmit(id, "from a", b)
		b.transmit(id, "from b", a)
	})
	t.Run("the lesser", func(t *testing.T) {
		w := newWorld(t, 1)
		a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
		a.dial("b@h")
		w.run(time.Second)
		w.expect(`
   0 a hello to name b@h
   1 b answers hello-answer
   2 a msg1 to name b@h
   3 b answers msg2
   4 a confirm to process b@h
   5 b ADMISSION of a@h with "info of a"
   5 b answers welcome
   5 b ESTABLISHED with a@h, accepted, "info of a"
   6 a ESTABLISHED with b@h, dialled, "info of b"
`)
		w.link(a, b)
		if want := (Found{"b@h", incarnation(2)}); len(a.found) != 1 || a.found[0] != want {
			t.Errorf("found %v, want %v", a.found, want)
		}
		if a.Dialling("b@h") {
			t.Error("still dialling")
		}
	})
}

func TestBothDial(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	b.dial("a@h")
	w.run(time.Second)
	w.expect(`
   0 a hello to name b@h
   0 b hello to name a@h
   1 b answers hello-answer
   1 a answers hello-answer
   2 b msg1 to name a@h
   3 a answers msg2
   4 b confirm to process a@h
   5 a ADMISSION of b@h with "info of b"
   5 a answers welcome
   5 a ESTABLISHED with b@h, accepted, "info of b"
   6 b ESTABLISHED with a@h, dialled, "info of a"
`)
	w.link(a, b)
}

// The greater dials with a cookie that the lesser refuses, then sets the right
// one: the lesser's msg1 is parked meanwhile, and answered when the greater's
// dial has failed.
func TestParkedUntilOwnDialFails(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	b.SetNodeKey("a@h", cookieB, 0)
	b.dial("a@h")
	w.run(2 * ms)            // msg1 is out
	b.keys.set("a@h", Key{}) // which SetNodeKey would let the dial take
	a.dial("b@h")
	w.run(time.Second)
	w.expect(`
   0 b hello to name a@h
   1 a answers hello-answer
   2 b msg1 to name a@h
   2 a hello to name b@h
   3 a answers refusal
   3 a REJECTED Connection attempt from node b@h rejected. Invalid challenge reply.
   3 b answers hello-answer
 102 b msg1 to name a@h
 103 a answers refusal
 104 a msg1 to name b@h
 204 a msg1 to name b@h
 254 b DIAL FAILED to a@h: our cookies differ
 254 b answers msg2
 255 a confirm to process b@h
 256 b ADMISSION of a@h with "info of a"
 256 b answers welcome
 256 b ESTABLISHED with a@h, accepted, "info of a"
 257 a ESTABLISHED with b@h, dialled, "info of b"
`)
	w.link(a, b)
}

// The greater has answered the lesser's msg1 and holds its own dial back.
func TestHeldBack(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(3 * ms)
	w.lines = nil
	b.dial("a@h")
	a.deaf = true // msg2 is lost
	w.run(50 * ms)
	w.expect("")
	w.run(1100 * ms) // 1 s after msg2 the dial goes ahead
	w.expect(`
 102 a msg1 to name b@h
 103 b answers msg2
 302 a msg1 to name b@h
 303 b answers msg2
 702 a msg1 to name b@h
 703 b answers msg2
1003 b hello to name a@h
`)
	a.deaf = false
	w.run(3 * time.Second)
	w.expect(`
1103 b hello to name a@h
1104 a answers hello-answer
1105 b msg1 to name a@h
1106 a answers msg2
1107 b confirm to process a@h
1108 a ADMISSION of b@h with "info of b"
1108 a answers welcome
1108 a ESTABLISHED with b@h, accepted, "info of b"
1109 b ESTABLISHED with a@h, dialled, "info of a"
`)
	w.link(a, b)
}

// An offer comes when the own dial, which it would have to wait for, has just run
// out of its time: the offer is answered then.
func TestOfferAsOwnDialEnds(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("z", "z@h", 2, cookieA)
	w.answers = func(s sent) bool { return s.kind != kindMsg2 }
	a.dial("z@h")
	w.run(10 * ms) // z has half a session, which holds its own dial back
	a.do(func() { a.Abandon("z@h", w.now) })
	a.deaf = true
	b.dial("a@h")
	w.run(6 * time.Second)

	h := msg1Header{a.lastAttempt + 1, a.cfg.Incarnation, b.cfg.Incarnation, "a@h", "z@h"}
	_, msg1, err := initiate(w.source, cookieA, h.append(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.now = 20 * time.Second // and no tick since: the loop was busy
	w.lines = nil
	b.do(func() { b.HandleName(msg1, a.replySubject(99), w.now) })
	w.expect(`
20000 z DIAL FAILED to a@h: timed out
20000 z answers msg2
`)
}

func TestNobodyHasTheName(t *testing.T) {
	w := newWorld(t, 1)
	a := w.node("a", "a@h", 1, cookieA)
	a.dial("b@h")
	w.run(200 * ms)
	if !a.Dialling("b@h") {
		t.Error("gave up before 250 ms")
	}
	w.run(time.Second)
	want := DialFailed{Name: "b@h", Reason: NoHolder}
	if len(a.failed) != 1 || a.failed[0].Reason != want.Reason || a.Dialling("b@h") {
		t.Errorf("failed %v, dialling %v, want %v", a.failed, a.Dialling("b@h"), want)
	}
}

func TestAppearsWithinTheRetries(t *testing.T) {
	w := newWorld(t, 1)
	a := w.node("a", "a@h", 1, cookieA)
	a.dial("b@h")
	w.run(120 * ms)
	b := w.node("b", "b@h", 2, cookieA)
	w.run(time.Second)
	w.link(a, b)
}

func TestSilenceTimesOut(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	b.deaf = true
	a.dial("b@h")
	w.run(testSetup - ms)
	if len(a.failed) != 0 {
		t.Fatalf("failed %v before the setup time", a.failed)
	}
	w.run(testSetup)
	if len(a.failed) != 1 || a.failed[0].Reason != TimedOut {
		t.Errorf("failed %v, want %s", a.failed, TimedOut)
	}
	if len(a.requests) != 0 || len(a.dials) != 0 {
		t.Errorf("%d requests and %d dials left", len(a.requests), len(a.dials))
	}
}

// A dial whose repetitions have become rare asks again at once when it is wanted
// again, before and after it knows a candidate, and ten times a second at most.
func TestDialAgain(t *testing.T) {
	for _, tt := range []struct {
		name   string
		unheld string // the answers that are lost until b can be heard
	}{
		{"no answer to the hello", "hello-answer"},
		{"no answer to the msg1", "msg2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			a, _ := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
			w.answers = func(s sent) bool { return kindWord([]byte{s.kind}) != tt.unheld }
			a.dial("b@h")
			// Repeated after 100 ms doubling: the fifth is sent after 1.5 s, the
			// sixth after 2.5 s.
			w.run(1600 * ms)
			w.answers = nil
			asked := len(w.lines)
			for range 100 {
				a.dial("b@h")
			}
			if got := len(w.lines) - asked; got != 1 {
				t.Errorf("%d packets for a hundred dials, want 1:\n%s", got, strings.Join(w.lines[asked:], "\n"))
			}
			w.run(1700 * ms)
			if len(a.established) != 1 {
				t.Errorf("established %v, want one session at once", a.established)
			}
		})
	}
}

// The setup time ends while the welcome is on its way, and the other side is up
// already: whoever has answered with the cookie is waited for as long again.
func TestAnswerAtTheEndOfTheSetupTime(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	b.deaf = true
	a.dial("b@h")
	w.run(testSetup - 5*ms)
	b.deaf = false
	w.lines = nil
	a.dial("b@h")
	w.run(testSetup + time.Second)
	w.expect(`
6995 a hello to name b@h
6996 b answers hello-answer
6997 a msg1 to name b@h
6998 b answers msg2
6999 a confirm to process b@h
7000 b ADMISSION of a@h with "info of a"
7000 b answers welcome
7000 b ESTABLISHED with a@h, accepted, "info of a"
7001 a ESTABLISHED with b@h, dialled, "info of b"
`)
	w.link(a, b)
}

// Another setup time bounds the dials that begin after the change.
func TestSetTimes(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	w.node("c", "c@h", 3, cookieA).deaf = true
	b.deaf = true
	a.dial("b@h")
	a.SetTimes(time.Second, testKeep)
	a.dial("c@h")
	w.run(2 * time.Second)
	if len(a.failed) != 1 || a.failed[0].Name != "c@h" || a.failed[0].Reason != TimedOut {
		t.Fatalf("failed %v after 2 s, want c alone", a.failed)
	}
	w.run(testSetup)
	if len(a.failed) != 2 || a.failed[1].Name != "b@h" {
		t.Errorf("failed %v, want b after the former setup time", a.failed)
	}
}

func TestCookiesDiffer(t *testing.T) {
	w := newWorld(t, 1)
	a, c := w.node("a", "a@h", 1, cookieA), w.node("c", "c@host", 3, cookieB)
	c.dial("a@h")
	w.run(time.Second)
	w.expect(`
   0 c hello to name a@h
   1 a answers hello-answer
   2 c msg1 to name a@h
   3 a answers refusal
   3 a REJECTED Connection attempt from node c@host rejected. Invalid challenge reply.
 102 c msg1 to name a@h
 103 a answers refusal
 254 c DIAL FAILED to a@h: our cookies differ
`)
	if want := (DialFailed{Name: "a@h", Reason: CookiesDiffer}); len(c.failed) != 1 || c.failed[0].Reason != want.Reason {
		t.Errorf("failed %v, want %v", c.failed, want)
	}
	if got := a.Dropped()[DropWrongCookie]; got != 2 {
		t.Errorf("%d dropped for a wrong cookie, want 2", got)
	}
}

func TestNodeKeys(t *testing.T) {
	tests := []struct {
		name       string
		set        func(a, b *testNode)
		dialler    string
		wantFailed bool
	}{
		{"both have the same for each other", func(a, b *testNode) {
			a.SetNodeKey("b@h", cookieB, 0)
			b.SetNodeKey("a@h", cookieB, 0)
		}, "a", false},
		{"one has the other's own", func(a, b *testNode) {
			a.SetNodeKey("b@h", cookieB, 0)
			b.SetKey(cookieB, 0)
		}, "a", false},
		{"and accepts with it too", func(a, b *testNode) {
			a.SetNodeKey("b@h", cookieB, 0)
			b.SetKey(cookieB, 0)
		}, "b", false},
		{"the own does not do where one is set", func(a, b *testNode) {
			a.SetNodeKey("b@h", cookieB, 0)
		}, "b", true},
		{"nor for the dial", func(a, b *testNode) {
			a.SetNodeKey("b@h", cookieB, 0)
		}, "a", true},
		{"b has another, which a accepts too", func(a, b *testNode) {
			a.SetAlsoAccept(cookieB)
			b.SetKey(cookieB, 0)
		}, "b", false},
		{"and does not dial with", func(a, b *testNode) {
			a.SetAlsoAccept(cookieB)
			b.SetKey(cookieB, 0)
		}, "a", true},
		{"each accepts the other's, as in the midst of a rotation", func(a, b *testNode) {
			a.SetAlsoAccept(cookieB)
			b.SetKey(cookieB, 0)
			b.SetAlsoAccept(cookieA)
		}, "a", false},
		{"not from a node that has one of its own", func(a, b *testNode) {
			a.SetAlsoAccept(cookieB)
			a.SetNodeKey("b@h", cookieA, 0)
			b.SetKey(cookieB, 0)
		}, "b", true},
		{"accepted no more", func(a, b *testNode) {
			a.SetAlsoAccept(cookieB)
			a.SetAlsoAccept(Key{})
			b.SetKey(cookieB, 0)
		}, "b", true},
		{"another node's does not matter", func(a, b *testNode) {
			a.SetNodeKey("c@h", cookieB, 0)
		}, "b", false},
		{"removed", func(a, b *testNode) {
			a.SetNodeKey("b@h", cookieB, 0)
			a.SetNodeKey("b@h", Key{}, 0)
		}, "b", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
			tt.set(a, b)
			dialler, to := a, nodeid.Name("b@h")
			if tt.dialler == "b" {
				dialler, to = b, "a@h"
			}
			dialler.dial(to)
			w.run(time.Second)
			if got := len(dialler.failed) == 1 && dialler.failed[0].Reason == CookiesDiffer; got != tt.wantFailed {
				t.Errorf("failed %v, want cookies differ %v", dialler.failed, tt.wantFailed)
			}
			if !tt.wantFailed {
				w.link(a, b)
			}
		})
	}
}

// A dial that the old cookie was refused for goes on with the new one.
func TestNewKeyForADial(t *testing.T) {
	for name, set := range map[string]func(a *testNode){
		"own":      func(a *testNode) { a.SetKey(cookieB, a.w.now) },
		"for node": func(a *testNode) { a.SetNodeKey("b@h", cookieB, a.w.now) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieB)
			a.dial("b@h")
			w.run(100 * ms) // refused, and waiting for a better answer
			a.do(func() { set(a) })
			w.run(time.Second)
			w.link(a, b)
			if len(a.failed) != 0 {
				t.Errorf("failed %v", a.failed)
			}
		})
	}
}

func TestSetKeyLeavesSessionsAlone(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	c := w.node("c", "c@h", 3, cookieA)
	a.dial("b@h")
	c.dial("a@h")
	w.run(4 * ms) // b's msg2 has come, and c's confirm is on its way
	a.SetKey(cookieB, 0)
	a.SetNodeKey("b@h", cookieB, 0)
	w.run(time.Second)
	id := w.link(a, b)
	a.transmit(id, "still here", b)
	b.transmit(id, "so am I", a)
	a.SetKey(Key{}, 0)
	d := w.node("d", "d@h", 4, cookieB)
	d.dial("a@h")
	w.run(2 * time.Second)
	w.link(a, d)
}

// Somebody says that the holder of b@h is a process of long ago.
func TestStaleIncarnation(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 7, cookieA)
	a.dial("b@h")
	forged := helloAnswer{inc: incarnation(2)}
	a.do(func() { a.HandleReply(1, forged.append(nil), w.now) })
	w.run(time.Second)
	w.expect(`
   0 a hello to name b@h
   0 a msg1 to name b@h
   1 b answers hello-answer
   1 b answers stale
   2 a msg1 to name b@h
   3 b answers msg2
   4 a confirm to process b@h
   5 b ADMISSION of a@h with "info of a"
   5 b answers welcome
   5 b ESTABLISHED with a@h, accepted, "info of a"
   6 a ESTABLISHED with b@h, dialled, "info of b"
`)
	if len(b.rejected) != 0 {
		t.Errorf("a stale incarnation was logged: %v", b.rejected)
	}
	w.link(a, b)
}

// The peer is killed and comes back while it is dialled.
func TestPeerRestartsDuringDial(t *testing.T) {
	w := newWorld(t, 1)
	a, old := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(4 * ms) // msg2 has come, the confirm is out
	old.gone = true
	w.run(100 * ms)
	b := w.node("b2", "b@h", 3, cookieA)
	w.run(time.Second)
	w.link(a, b)
	if len(a.established) != 1 || a.established[0].Incarnation != incarnation(3) {
		t.Errorf("established %v, want the new incarnation only", a.established)
	}
}

func TestRefuse(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	var asked []Admission
	b.onAdmission = func(ad Admission) { asked = append(asked, ad) }
	lost := 0
	w.answers = func(s sent) bool {
		if s.kind == kindRefused && lost == 0 {
			lost++
			return false
		}
		return true
	}
	a.dial("b@h")
	w.run(250 * ms) // the confirm was repeated at 104 ms: no second question
	if len(asked) != 1 || asked[0].Peer != "a@h" || asked[0].Incarnation != incarnation(1) {
		t.Fatalf("admissions %v, want one of a@h", asked)
	}
	b.do(func() { b.Refuse(asked[0].Session, InUse, w.now) })
	w.run(time.Second) // the first refused is lost, the next confirm gets another
	if len(a.failed) != 1 || a.failed[0].Reason != InUse || a.failed[0].Incarnation != incarnation(2) || string(a.failed[0].Info) != "info of b" {
		t.Errorf("failed %v, want in use by %s", a.failed, incarnation(2))
	}
	if len(b.closed)+len(b.established) != 0 {
		t.Errorf("the refuser has closed %v, established %v", b.closed, b.established)
	}
	w.run(10 * time.Second)
	if len(b.sessions) != 0 || len(a.sessions) != 0 {
		t.Errorf("%d and %d sessions left", len(a.sessions), len(b.sessions))
	}
}

func TestAdmissionLater(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	var asked Admission
	b.onAdmission = func(ad Admission) { asked = ad }
	a.dial("b@h")
	w.run(3 * time.Second)
	b.do(func() { b.Admit(asked.Session, w.now) })
	w.run(3*time.Second + 2*ms)
	w.link(a, b)

	b.do(func() { b.Admit(asked.Session, w.now); b.Refuse(asked.Session, InUse, w.now) })
	w.run(4 * time.Second)
	w.link(a, b)
	if len(b.established) != 1 {
		t.Errorf("established %d times", len(b.established))
	}
}

func TestAdmissionNeverAnswered(t *testing.T) {
	for _, tt := range []struct {
		name     string
		dies     bool // the dialler, while it waits
		want     Reason
		failures int
	}{{"the dialler gives up first", false, Withdrawn, 1}, {"the dialler is gone", true, TimedOut, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
			var asked Admission
			b.onAdmission = func(ad Admission) { asked = ad }
			a.SetTimes(testSetup-time.Second, testKeep)
			a.dial("b@h")
			w.run(time.Second)
			a.gone = tt.dies
			w.run(20 * time.Second)
			if len(a.failed) != tt.failures || tt.failures > 0 && a.failed[0].Reason != TimedOut {
				t.Errorf("failed %v, want %d times %s", a.failed, tt.failures, TimedOut)
			}
			if want := (Closed{asked.Session, "a@h", tt.want}); len(b.closed) != 1 || b.closed[0] != want {
				t.Errorf("closed %v, want %v", b.closed, want)
			}
			if len(b.sessions)+b.pending.Len()+b.dropped.Len() != 0 {
				t.Errorf("%d sessions left", len(b.sessions))
			}
		})
	}
}

func TestDropWhileAwaiting(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	b.onAdmission = func(ad Admission) { b.Drop(ad.Session, OtherNames, w.now) }
	a.dial("b@h")
	w.run(time.Second)
	if len(a.failed) != 1 || a.failed[0].Reason != OtherNames {
		t.Errorf("failed %v, want %s", a.failed, OtherNames)
	}
}

// A node is killed with its handshake half done, and its next start dials.
func TestTwoIncarnationsDial(t *testing.T) {
	w := newWorld(t, 1)
	a, old := w.node("a", "a@h", 1, cookieA), w.node("b1", "b@h", 2, cookieA)
	old.dial("a@h")
	w.run(3 * ms)
	old.gone = true
	b := w.node("b2", "b@h", 3, cookieA)
	b.dial("a@h")
	w.run(20 * time.Second)
	w.link(a, b)
	if len(a.established) != 1 || len(a.accepted) != 0 {
		t.Errorf("established %v, accepted %v", a.established, a.accepted)
	}
}

func TestWelcomeLost(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	lost := 0
	w.answers = func(s sent) bool {
		if s.kind != kindWelcome {
			return true
		}
		lost++
		return lost > 3
	}
	a.dial("b@h")
	w.run(2 * time.Second)
	w.link(a, b)
	if len(b.established) != 1 || lost != 4 {
		t.Errorf("established %d times with %d welcomes", len(b.established), lost)
	}
}

// The welcome and the first data come by different subjects.
func TestDataOvertakesWelcome(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	w.answers = func(s sent) bool { return s.kind != kindWelcome }
	a.dial("b@h")
	w.run(50 * ms)
	b.transmit(b.established[0].Session, "first", a)
	w.link(a, b)
}

func TestAbandon(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   time.Duration
	}{{"hello", 0}, {"msg1", 2 * ms}, {"confirm", 4 * ms}, {"admitted", 5 * ms}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
			a.dial("b@h")
			w.run(tt.at)
			a.do(func() { a.Abandon("b@h", w.now) })
			a.do(func() { a.Abandon("b@h", w.now) })
			w.run(20 * time.Second)
			if len(a.live)+len(b.live)+len(a.established)+len(a.failed) != 0 {
				t.Errorf("a has %v %v %v, b has %v", a.live, a.established, a.failed, b.live)
			}
			if len(b.established) != len(b.closed) {
				t.Errorf("b established %v, closed %v", b.established, b.closed)
			}
			if n := len(a.sessions) + len(b.sessions) + len(a.requests) + len(b.accepted); n != 0 {
				t.Errorf("%d things left", n)
			}
		})
	}
}

func TestDroppedSessionAnswersClosed(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(time.Second)
	id := w.link(a, b)
	late := b.sealed(id, "late")
	w.lines = nil
	b.do(func() { b.Drop(id, NetTickTimeout, w.now) })
	if _, err := b.Seal(id, nil, w.now); err == nil {
		t.Error("a dropped session seals")
	}
	b.receive(a.sealed(id, "probe"), a.replySubject(99))
	w.run(2 * time.Second)
	w.expect(`
1000 b answers closed
1001 a CLOSED with b@h: net_tick_timeout
`)
	if _, err := a.Seal(id, nil, w.now); err == nil {
		t.Error("a closed session seals")
	}
	a.receive(late, "")
	if len(a.frames)+len(b.frames) != 0 {
		t.Errorf("frames %v, %v after the end", a.frames, b.frames)
	}
	w.run(w.now + farewellTime)
	if len(a.sessions)+len(b.sessions) != 0 {
		t.Errorf("%d and %d sessions left", len(a.sessions), len(b.sessions))
	}
}

// A peer that comes back after long is told, though its link was given up long
// ago, and by whatever epoch it goes on.
func TestFarewellAfterLong(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(time.Second)
	id := w.link(a, b)
	b.do(func() { b.Drop(id, NetTickTimeout, w.now) })
	w.run(w.now + farewellTime - time.Second)
	a.sessions[id].seal.rekey(w.now)
	w.lines = nil
	now := w.now.Milliseconds()
	b.receive(a.sealed(id, "probe"), a.replySubject(99))
	w.run(w.now + 2*ms)
	w.expect(fmt.Sprintf("\n%d b answers closed\n%d a CLOSED with b@h: net_tick_timeout\n", now, now+1))
}

func TestFarewellEnds(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(time.Second)
	id := w.link(a, b)
	probe := a.sealed(id, "probe")
	b.do(func() { b.Drop(id, Disconnect, w.now) })
	w.run(time.Second + farewellTime)
	w.lines = nil
	b.receive(probe, a.replySubject(99))
	w.run(w.now + 20*time.Second)
	w.expect("")
	if b.Dropped()[DropUnknownSession] != 1 {
		t.Errorf("dropped %v, want an unknown session", b.Dropped())
	}
}

// Both ends drop: farewells are not answered by farewells.
func TestBothDrop(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(time.Second)
	id := w.link(a, b)
	fromA, fromB := a.sealed(id, "x"), b.sealed(id, "y")
	a.do(func() { a.Drop(id, Shutdown, w.now) })
	b.do(func() { b.Drop(id, Shutdown, w.now) })
	w.lines = nil
	b.receive(fromA, "")
	a.receive(fromB, "")
	w.run(5 * time.Second)
	w.expect(`
1000 b closed to process a@h
1000 a closed to process b@h
`)
}

// A new handshake of the same process leaves the older session as it is.
func TestNewSessionBesideOld(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.dial("b@h")
	w.run(time.Second)
	old := w.link(a, b)
	a.do(func() { a.Drop(old, ConnectionClosed, w.now) })
	delete(a.live, old)
	a.dial("b@h")
	w.run(2 * time.Second)
	if len(b.established) != 2 || b.established[1].Session == old || b.established[1].Incarnation != incarnation(1) {
		t.Fatalf("established %v", b.established)
	}
	if _, err := b.Seal(old, nil, w.now); err != nil {
		t.Errorf("the older session went: %v", err)
	}
}
