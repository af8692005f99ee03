package session

import (
	"testing"
	"time"
)

func TestClaimWithoutHolder(t *testing.T) {
	w := newWorld(t, 1)
	a := w.node("a", "a@h", 1, cookieA)
	w.node("b", "b@h", 2, cookieA)
	a.dial("a@h")
	w.run(time.Second)
	w.expect(`
   0 a hello to name a@h
 100 a hello to name a@h
 250 a DIAL FAILED to a@h: nobody has the name
`)
	if drops := a.Dropped(); len(drops) != 0 {
		t.Errorf("the own hello was counted: %v", drops)
	}
}

func TestClaimWithHolder(t *testing.T) {
	w := newWorld(t, 1)
	holder := w.node("a1", "a@h", 1, cookieA)
	var asked []Admission
	holder.onAdmission = func(ad Admission) {
		asked = append(asked, ad)
		holder.Refuse(ad.Session, InUse, w.now)
	}
	late := w.node("a2", "a@h", 2, cookieA)
	late.dial("a@h")
	w.run(time.Second)
	w.expect(`
   0 a2 hello to name a@h
   1 a1 answers hello-answer
   2 a2 msg1 to name a@h
   3 a1 answers msg2
   4 a2 confirm to process a@h
   5 a1 ADMISSION of a@h with "info of a2"
   5 a1 answers refused
   6 a2 DIAL FAILED to a@h: in use
`)
	if len(asked) != 1 || asked[0].Peer != holder.cfg.Self || asked[0].Incarnation != incarnation(2) {
		t.Errorf("admissions %v, want one of the own name", asked)
	}
	if got := late.failed[0]; got.Incarnation != incarnation(1) || string(got.Info) != "info of a1" {
		t.Errorf("failed %+v, want the holder's incarnation and info", got)
	}
}

func TestClaimWithOtherCookie(t *testing.T) {
	w := newWorld(t, 1)
	holder, late := w.node("a1", "a@h", 1, cookieA), w.node("a2", "a@h", 2, cookieB)
	late.dial("a@h")
	w.run(time.Second)
	if len(late.failed) != 1 || late.failed[0].Reason != CookiesDiffer {
		t.Errorf("failed %v, want %s", late.failed, CookiesDiffer)
	}
	if len(holder.rejected) != 1 || holder.rejected[0].Line != "Connection attempt from node a@h rejected. Invalid challenge reply." {
		t.Errorf("rejected %v", holder.rejected)
	}
}

func TestBothClaim(t *testing.T) {
	w := newWorld(t, 1)
	refuse := func(n *testNode) { n.onAdmission = func(ad Admission) { n.Refuse(ad.Session, InUse, w.now) } }
	a1, a2 := w.node("a1", "a@h", 1, cookieA), w.node("a2", "a@h", 2, cookieA)
	refuse(a1)
	refuse(a2)
	a1.dial("a@h")
	a2.dial("a@h")
	w.run(5 * time.Second)
	for _, n := range w.nodes {
		if len(n.failed) != 1 || n.failed[0].Reason != InUse || n.failed[0].Incarnation == n.cfg.Incarnation {
			t.Errorf("%s failed %v, want in use by the other", n.label, n.failed)
		}
	}
}
