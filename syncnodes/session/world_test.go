package session

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

const (
	testSetup = 7 * time.Second
	testKeep  = 6 * time.Second
)

// Cookies long enough not to be stretched, so that tests are fast.
var (
	cookieA = Derive("a cookie that is long enough")
	cookieB = Derive("another cookie, as long")
)

// world joins endpoints by a bus in virtual time. All that happens in it
// follows from its seed.
type world struct {
	t      *testing.T
	seed   uint64
	rng    *rand.Rand
	source *rand.ChaCha8
	now    time.Duration
	order  int
	events eventHeap
	nodes  []*testNode

	loss, double float64       // of a packet, until faultsTo
	unlucky      byte          // a kind that is nearly always lost, likewise
	faultsTo     time.Duration // 0: for ever
	fast, slow   time.Duration // bounds of a packet's way

	quiet    bool // keep no lines
	lines    []string
	capture  bool // keep packets
	captured []packet
	answers  func(sent) bool                      // false: lose this answer; nil: none is lost
	hearsay  func(nodeid.Name) nodeid.Incarnation // who is said to hold a name; nil: nobody says so
}

// packet is what somebody who listens on the bus has.
type packet struct {
	byName  bool
	to      nodeid.Name
	replyTo string
	data    []byte
}

type sent struct {
	to   *testNode
	kind byte
}

type testNode struct {
	*Endpoint
	w      *world
	label  string
	gone   bool
	deaf   bool          // gets nothing, as when stopped
	busy   time.Duration // until faultsTo its loop comes to its alarms so much later, at most
	lastID uint64

	onAdmission func(Admission) // nil: admit at once
	redial      bool            // after each failure
	established []Established
	closed      []Closed
	failed      []DialFailed
	rejected    []Rejected
	found       []Found
	frames      []string
	live        map[SessionID]nodeid.Name
}

func newWorld(t *testing.T, seed uint64) *world {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	return &world{
		t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), source: rand.NewChaCha8(key),
		fast: time.Millisecond, slow: time.Millisecond,
	}
}

// incarnation makes an incarnation that is the older the smaller n is.
func incarnation(n byte) (inc nodeid.Incarnation) {
	inc[5], inc[15] = n, 1
	return inc
}

// node starts a node; label is its name in the lines.
func (w *world) node(label string, name nodeid.Name, start byte, key Key) *testNode {
	n := &testNode{w: w, label: label, live: make(map[SessionID]nodeid.Name)}
	n.Endpoint = NewEndpoint(Config{
		Self: name, Incarnation: incarnation(start), Key: key,
		Info:      []byte("info of " + label),
		SetupTime: testSetup, KeepKeys: testKeep, Rand: w.source,
		NextID: func() uint64 { n.lastID++; return n.lastID },
	})
	w.nodes = append(w.nodes, n)
	return n
}

// do runs f, which calls the endpoint, and deals with what comes of it.
func (n *testNode) do(f func()) {
	f()
	n.settleOutputs()
}

func (n *testNode) dial(to nodeid.Name) { n.do(func() { n.Dial(to, n.w.now) }) }

// dialHolder dials who is said to be there.
func (n *testNode) dialHolder(to nodeid.Name, inc nodeid.Incarnation) {
	n.do(func() { n.DialHolder(to, inc, n.w.now) })
}

func (n *testNode) settleOutputs() {
	for outputs := n.Outputs(); len(outputs) > 0; outputs = n.Outputs() {
		for _, o := range outputs {
			n.take(o)
		}
	}
	if due, ok := n.Deadline(); ok {
		if n.busy > 0 && n.w.now < n.w.faultsTo {
			due += time.Duration(n.w.rng.Int64N(int64(n.busy)))
		}
		n.w.at(max(due, n.w.now), func() {
			if due, ok := n.Deadline(); ok && due <= n.w.now && !n.gone {
				n.do(func() { n.Tick(n.w.now) })
			}
		})
	}
}

func (n *testNode) take(o Output) {
	if line := n.describe(o); line != "" {
		n.w.say(n, line)
	}
	switch o := o.(type) {
	case SendName:
		n.w.send(packet{true, o.To, n.replySubject(o.ReplyID), o.Data}, n, o.ReplyID)
	case SendFrame:
		n.w.sendFrame(n, o)
	case Answer:
		n.w.answer(o.ReplyTo, o.Data)
	case Found:
		n.found = append(n.found, o)
	case Admission:
		if n.onAdmission != nil {
			n.onAdmission(o)
		} else {
			n.Admit(o.Session, n.w.now)
		}
	case Established:
		n.established = append(n.established, o)
		n.live[o.Session] = o.Peer
	case Closed:
		n.closed = append(n.closed, o)
		delete(n.live, o.Session)
	case DialFailed:
		n.failed = append(n.failed, o)
		if n.redial {
			pause := time.Duration(50+n.w.rng.IntN(200)) * time.Millisecond
			n.w.at(n.w.now+pause, func() { n.dialMissing(o.Name) })
		}
	case Rejected:
		n.rejected = append(n.rejected, o)
	}
}

func (n *testNode) dialMissing(to nodeid.Name) {
	for _, peer := range n.live {
		if peer == to {
			return
		}
	}
	if n.w.hearsay == nil {
		n.dial(to)
		return
	}
	n.dialHolder(to, n.w.hearsay(to))
}

func (n *testNode) describe(o Output) string {
	switch o := o.(type) {
	case SendName:
		return fmt.Sprintf("%s to name %s", kindWord(o.Data), o.To)
	case SendFrame:
		return fmt.Sprintf("%s to process %s", kindWord(o.Data), o.To)
	case Answer:
		return "answers " + kindWord(o.Data)
	case Found:
		return "" // the hello answer before it says as much
	case Admission:
		return fmt.Sprintf("ADMISSION of %s with %q", o.Peer, o.Info)
	case Established:
		how := "accepted"
		if o.Dialled {
			how = "dialled"
		}
		return fmt.Sprintf("ESTABLISHED with %s, %s, %q", o.Peer, how, o.Info)
	case DialFailed:
		return fmt.Sprintf("DIAL FAILED to %s: %s", o.Name, o.Reason)
	case Closed:
		return fmt.Sprintf("CLOSED with %s: %s", o.Peer, o.Reason)
	case Rejected:
		return "REJECTED " + o.Line
	}
	return fmt.Sprintf("%T", o)
}

func kindWord(data []byte) string {
	words := map[byte]string{
		kindHello: "hello", kindHelloAnswer: "hello-answer", kindMsg1: "msg1", kindMsg2: "msg2",
		kindStale: "stale", kindRefusal: "refusal", kindData: "data", kindConfirm: "confirm",
		kindWelcome: "welcome", kindRefused: "refused", kindClosed: "closed",
	}
	return words[data[0]]
}

func (n *testNode) replySubject(id uint64) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("%s %d", n.cfg.Incarnation, id)
}

// receive takes a sealed packet as a loop around an Endpoint does.
func (n *testNode) receive(data []byte, replyTo string) {
	n.do(func() {
		frame, ok := n.HandleFrame(data, replyTo, n.w.now)
		n.settleOutputs()
		if ok {
			n.frames = append(n.frames, string(frame.Payload))
			n.w.say(n, fmt.Sprintf("gets %q from %s", frame.Payload, frame.Peer))
		}
	})
}

// say records a line. Times are in milliseconds.
func (w *world) say(n *testNode, line string) {
	if !w.quiet {
		w.lines = append(w.lines, fmt.Sprintf("%4d %s %s", w.now.Milliseconds(), n.label, line))
	}
}

// send delivers to every holder of a name, or says that there is none.
func (w *world) send(p packet, from *testNode, id uint64) {
	if w.capture {
		w.captured = append(w.captured, p)
	}
	holders := 0
	for _, n := range w.nodes {
		if n.cfg.Self != p.to || n.gone {
			continue
		}
		holders++
		w.travel(p.data, func() {
			if !n.gone && !n.deaf {
				n.do(func() { n.HandleName(p.data, p.replyTo, w.now) })
			}
		})
	}
	if holders == 0 {
		w.noResponders(from, id)
	}
}

func (w *world) noResponders(to *testNode, id uint64) {
	w.travel([]byte{0}, func() { to.do(func() { to.HandleNoResponders(id, w.now) }) })
}

func (w *world) sendFrame(from *testNode, o SendFrame) {
	replyTo := from.replySubject(o.ReplyID)
	if w.capture {
		w.captured = append(w.captured, packet{false, o.To, replyTo, o.Data})
	}
	for _, n := range w.nodes {
		if n.cfg.Self == o.To && n.cfg.Incarnation == o.Incarnation && !n.gone {
			w.travel(o.Data, func() {
				if !n.gone && !n.deaf {
					n.receive(o.Data, replyTo)
				}
			})
			return
		}
	}
	if o.ReplyID != 0 {
		w.noResponders(from, o.ReplyID)
	}
}

func (w *world) answer(subject string, data []byte) {
	if w.capture {
		w.captured = append(w.captured, packet{replyTo: subject, data: data})
	}
	inc, number, _ := strings.Cut(subject, " ")
	var id uint64
	fmt.Sscan(number, &id)
	for _, n := range w.nodes {
		if n.cfg.Incarnation.String() != inc || n.gone {
			continue
		}
		if w.answers != nil && !w.answers(sent{n, data[0]}) {
			return
		}
		w.travel(data, func() {
			if n.gone || n.deaf {
				return
			}
			n.do(func() {
				if !n.HandleReply(id, data, w.now) {
					n.receive(data, "")
				}
			})
		})
	}
}

// travel is a packet's way: deliver runs later, or never, or twice.
func (w *world) travel(data []byte, deliver func()) {
	copies := 1
	if w.faultsTo == 0 || w.now < w.faultsTo {
		loss := w.loss
		if data[0] == w.unlucky && w.unlucky != 0 {
			loss = 0.9
		}
		switch p := w.rng.Float64(); {
		case p < loss:
			copies = 0
		case p < loss+w.double:
			copies = 2
		}
	}
	for range copies {
		way := w.fast
		if w.slow > w.fast {
			way += time.Duration(w.rng.Int64N(int64(w.slow - w.fast)))
		}
		w.at(w.now+way, deliver)
	}
}

func (w *world) at(when time.Duration, f func()) {
	w.order++
	heap.Push(&w.events, event{when, w.order, f})
}

// run lets the world go on until a time.
func (w *world) run(until time.Duration) {
	for len(w.events) > 0 && w.events[0].at <= until {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	w.now = until
}

// expect compares the lines since the last time.
func (w *world) expect(want string) {
	w.t.Helper()
	var b strings.Builder
	for _, line := range w.lines {
		b.WriteString(line + "\n")
	}
	w.lines = nil
	want = strings.TrimLeft(want, "\n")
	if got := b.String(); got != want {
		w.t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// link checks that two nodes have one session, the same, and returns its id.
func (w *world) link(a, b *testNode) SessionID {
	w.t.Helper()
	var shared []SessionID
	for id, peer := range a.live {
		if peer == b.cfg.Self {
			if _, ok := b.live[id]; !ok {
				w.t.Fatalf("%s has session %s with %s, which does not; seed %d", a.label, id, b.label, w.seed)
			}
			shared = append(shared, id)
		}
	}
	for id, peer := range b.live {
		if _, ok := a.live[id]; peer == a.cfg.Self && !ok {
			w.t.Fatalf("%s has session %s with %s, which does not; seed %d", b.label, id, a.label, w.seed)
		}
	}
	if len(shared) != 1 {
		w.t.Fatalf("%s and %s share %d sessions, want 1; seed %d", a.label, b.label, len(shared), w.seed)
	}
	return shared[0]
}

// transmit seals a payload at one node and has the other open it.
func (n *testNode) transmit(id SessionID, payload string, to *testNode) {
	n.w.t.Helper()
	data := n.sealed(id, payload)
	before := len(to.frames)
	to.receive(data, "")
	if len(to.frames) != before+1 || to.frames[before] != payload {
		n.w.t.Fatalf("%s did not get %q from %s", to.label, payload, n.label)
	}
}

func (n *testNode) sealed(id SessionID, payload string) []byte {
	n.w.t.Helper()
	data, err := n.Seal(id, []byte(payload), n.w.now)
	if err != nil {
		n.w.t.Fatal(err)
	}
	return data
}

type event struct {
	at    time.Duration
	order int
	do    func()
}

type eventHeap []event

func (h eventHeap) Len() int      { return len(h) }
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h eventHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h *eventHeap) Push(x any) { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
