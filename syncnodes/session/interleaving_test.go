package session

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

var interleavings = flag.Int("interleavings", 300, "how many seeds the tests of simultaneous dials try")

// Whoever dials, and whatever the bus does to the packets for two seconds:
// each pair gets one session, at once, and never a second one.
func TestOneSessionEachPair(t *testing.T) {
	for seed := range uint64(*interleavings) {
		w := newWorld(t, seed)
		w.quiet = *interleavings > 1
		w.loss, w.double, w.faultsTo = w.rng.Float64()*0.4, w.rng.Float64()*0.3, 2*time.Second
		w.fast, w.slow = 100*time.Microsecond, time.Duration(1+w.rng.IntN(150)*(1+w.rng.IntN(2)*3))*ms
		if w.rng.IntN(2) == 0 {
			w.unlucky = []byte{kindMsg1, kindMsg2, kindConfirm, kindWelcome}[w.rng.IntN(4)]
		}
		// Up to 600 ms a way: an own dial may go ahead while the other's is
		// still on its way.
		names := []nodeid.Name{"a@h", "b@h", "c@h"}[:2+w.rng.IntN(2)]
		for i, name := range names {
			n := w.node(string(name[:1]), name, byte(1+w.rng.IntN(2)*10+i), cookieA)
			if w.rng.IntN(2) == 0 {
				n.admitAfter(time.Duration(w.rng.IntN(500)) * ms)
			}
		}
		for i, n := range w.nodes {
			for _, peer := range w.nodes[i+1:] {
				who := w.rng.IntN(3)
				if who != 0 {
					w.at(time.Duration(w.rng.IntN(300))*ms, func() { n.dialMissing(peer.cfg.Self) })
				}
				if who != 1 {
					w.at(time.Duration(w.rng.IntN(300))*ms, func() { peer.dialMissing(n.cfg.Self) })
				}
			}
		}
		if w.rng.IntN(2) == 0 {
			w.hearsay = w.rumour
		}
		w.run(30 * time.Second)
		w.checkPairs(fmt.Sprintf("seed %d", seed))
		if t.Failed() {
			for _, line := range w.lines {
				t.Log(line)
			}
			return
		}
	}
}

// rumour says who holds a name: the truth, nothing, or one who never was.
func (w *world) rumour(name nodeid.Name) (inc nodeid.Incarnation) {
	switch w.rng.IntN(4) {
	case 0:
		return inc
	case 1:
		return incarnation(200)
	}
	for _, n := range w.nodes {
		if n.cfg.Self == name && !n.gone {
			inc = n.cfg.Incarnation
		}
	}
	return inc
}

// admitAfter has a node take its time over admissions.
func (n *testNode) admitAfter(pause time.Duration) {
	n.onAdmission = func(ad Admission) {
		n.w.at(n.w.now+pause, func() { n.do(func() { n.Admit(ad.Session, n.w.now) }) })
	}
}

func (w *world) checkPairs(where string) {
	for i, n := range w.nodes {
		if len(n.established) != len(w.nodes)-1 || len(n.closed)+len(n.failed) != 0 {
			w.t.Errorf("%s: %s established %v, closed %v, failed %v", where, n.label, n.established, n.closed, n.failed)
			return
		}
		for _, peer := range w.nodes[i+1:] {
			w.link(n, peer)
		}
		if len(n.dials)+len(n.requests)+len(n.accepted)+n.pending.Len()+n.dropped.Len() != 0 || len(n.sessions) != len(n.live) {
			w.t.Errorf("%s: %s has %d dials, %d requests, %d accepted, %d sessions left",
				where, n.label, len(n.dials), len(n.requests), len(n.accepted), len(n.sessions))
		}
	}
}

// For eight seconds everything goes wrong: faults, lies, attempts given up,
// sessions dropped, late starts. Then each pair finds back to one session.
func TestRecoversFromChaos(t *testing.T) {
	for seed := range uint64(max(1, *interleavings/10)) {
		w := newWorld(t, seed)
		w.quiet = true
		w.loss, w.double, w.faultsTo = 0.3, 0.2, 8*time.Second
		w.fast, w.slow = 100*time.Microsecond, time.Duration(1+w.rng.IntN(400))*ms
		for i, name := range []nodeid.Name{"a@h", "b@h", "c@h"} {
			n := w.node(string(name[:1]), name, byte(1+i), cookieA)
			n.redial = true
			if w.rng.IntN(3) == 0 { // dials that end while it does not look
				n.busy = time.Duration(1+w.rng.IntN(3000)) * ms
				n.SetTimes(time.Second, testKeep)
				w.at(w.faultsTo, func() { n.SetTimes(testSetup, testKeep) })
			}
			if w.rng.IntN(2) == 0 {
				n.admitAfter(time.Duration(w.rng.IntN(2000)) * ms)
			}
			n.watch()
		}
		for range 60 {
			w.at(time.Duration(w.rng.IntN(8000))*ms, w.mischief)
		}
		if w.rng.IntN(2) == 0 {
			w.hearsay = w.rumour
		}
		w.run(60 * time.Second)
		for i, n := range w.nodes {
			for _, peer := range w.nodes[i+1:] {
				w.link(n, peer)
			}
		}
	}
}

// watch is a small stand-in for the membership: every half second it probes
// its sessions, drops those that have a successor, and dials who is missing.
func (n *testNode) watch() {
	var round func()
	round = func() {
		newest := make(map[nodeid.Name]SessionID)
		for _, s := range n.established {
			if _, ok := n.live[s.Session]; !ok {
				continue
			}
			if old, ok := newest[s.Peer]; ok {
				n.end(old)
			}
			newest[s.Peer] = s.Session
		}
		for _, peer := range n.w.nodes {
			id, ok := newest[peer.cfg.Self]
			switch {
			case peer == n:
			case !ok:
				n.dial(peer.cfg.Self)
			default:
				if data, err := n.Seal(id, []byte("probe"), n.w.now); err == nil {
					n.w.sendFrame(n, SendFrame{To: peer.cfg.Self, Incarnation: peer.cfg.Incarnation, Data: data})
				}
			}
		}
		n.w.at(n.w.now+500*ms, round)
	}
	n.w.at(time.Duration(n.w.rng.IntN(500))*ms, round)
}

func (n *testNode) end(id SessionID) {
	delete(n.live, id)
	n.do(func() { n.Drop(id, ConnectionClosed, n.w.now) })
}

// mischief does one bad thing.
func (w *world) mischief() {
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	peer := w.nodes[w.rng.IntN(len(w.nodes))]
	switch w.rng.IntN(6) {
	case 0:
		n.do(func() { n.Abandon(peer.cfg.Self, w.now) })
	case 1:
		for _, s := range n.established {
			if _, ok := n.live[s.Session]; ok {
				n.end(s.Session)
				return
			}
		}
	case 2:
		n.do(func() { n.HandleNoResponders(n.lastID, w.now) })
	case 3:
		n.do(func() { n.HandleReply(n.lastID, appendRefusal(nil), w.now) })
	case 4:
		n.do(func() { n.HandleReply(n.lastID, appendStale(nil, incarnation(byte(w.rng.IntN(256)))), w.now) })
	case 5:
		a := helloAnswer{inc: incarnation(byte(w.rng.IntN(256))), dialling: true}
		n.do(func() { n.HandleReply(n.lastID, a.append(nil), w.now) })
	}
}

// The greater's confirm is out when the lesser's comes: were both heeded, both
// might admit, and each give up what the other has admitted.
func TestConfirmsCross(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	hello := func(from, to *testNode) {
		from.Dial(to.cfg.Self, w.now)
		to.HandleName(from.only(kindHello), "x 1", w.now)
		from.HandleReply(from.lastID, to.only(kindHelloAnswer), w.now)
		to.HandleName(from.only(kindMsg1), "x 2", w.now)
	}
	hello(a, b)
	late := b.only(kindMsg2)
	w.now += holdTime
	a.Tick(w.now)
	a.Outputs() // its msg1 again, lost
	request := a.lastID

	hello(b, a)
	b.HandleReply(b.lastID, a.only(kindMsg2), w.now)
	fromB := b.only(kindConfirm)
	a.HandleReply(request, late, w.now)
	if outputs := a.Outputs(); len(outputs) != 0 {
		t.Fatalf("the lesser's dial is not held back: %v", outputs)
	}
	w.now += holdTime
	a.Tick(w.now)
	fromA := a.only(kindConfirm)

	b.HandleFrame(fromA, "x 3", w.now)
	if outputs := b.Outputs(); len(outputs) != 0 {
		t.Fatalf("the greater heeds the other's confirm: %v", outputs)
	}
	a.do(func() { a.HandleFrame(fromB, b.replySubject(b.lastID), w.now) })
	w.run(w.now + 5*time.Second)
	w.link(a, b)
	if len(a.established)+len(b.established) != 2 || len(a.closed)+len(b.closed) != 0 {
		t.Errorf("established %v, %v, closed %v, %v", a.established, b.established, a.closed, b.closed)
	}
}

// only takes the outputs and returns the one packet of a kind among them.
func (n *testNode) only(kind byte) []byte {
	n.w.t.Helper()
	var found [][]byte
	for _, o := range n.Outputs() {
		var data []byte
		switch o := o.(type) {
		case SendName:
			data = o.Data
		case SendFrame:
			data = o.Data
		case Answer:
			data = o.Data
		default:
			continue
		}
		if data[0] == kind {
			found = append(found, data)
		}
	}
	if len(found) != 1 {
		n.w.t.Fatalf("%s sends %d packets of kind %s, want 1", n.label, len(found), kindWord([]byte{kind}))
	}
	return found[0]
}
