package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"interconnectd/configs/nodeid"
)

// hubEventRoom is the room for events of a Member: each of some hundred others
// may join at once, and no goroutine holds events back.
const hubEventRoom = 1024

// Hub is a bus in memory, for tests: it has the semantics of the embedded mesh
// without its server, and can be told to fail. It starts no goroutine and keeps
// no timer running while nothing is under way, so that it may be used inside a
// testing/synctest bubble. All methods may be called concurrently.
type Hub struct {
	subj subjects

	mu      sync.Mutex
	members []*Member // who is there, in the order of joining
	ports   int
	refuses map[string]bool // by RouteAddr: whoever listened there is gone
	latency time.Duration
	waiting []delivery // under way, the next due first
	drop    func(from, to nodeid.Name, data []byte) bool
	tapped  bool
	tap     []Tapped
}

// Tapped is a packet as somebody sees it who subscribes to everything.
type Tapped struct {
	From             nodeid.Name
	Subject, ReplyTo string
	Data             []byte
}

// delivery is something on its way to a member.
type delivery struct {
	due time.Time
	to  *Member
	put func()
}

// NewHub makes an empty bus.
func NewHub() *Hub {
	return &Hub{subj: newSubjects("hub"), refuses: map[string]bool{}}
}

// SetLatency makes each packet take d, which is 0 at first. It is called
// before anything is sent.
func (h *Hub) SetLatency(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latency = d
}

// SetDrop loses each packet for which drop is true, silently; nil loses none.
// drop must not call the hub.
func (h *Hub) SetDrop(drop func(from, to nodeid.Name, data []byte) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop = drop
}

// Tap subscribes to everything: from now on all packets are recorded, and no
// request is answered with `no responders` any more.
func (h *Hub) Tap() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tapped = true
}

// Tapped gives what was recorded since the last call.
func (h *Hub) Tapped() []Tapped {
	h.mu.Lock()
	defer h.mu.Unlock()
	tap := h.tap
	h.tap = nil
	return tap
}

// Join brings a node onto the bus. It is connected and settled at once, and
// has a route to each other member.
func (h *Hub) Join(node nodeid.Name, inc nodeid.Incarnation) *Member {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ports++
	m := &Member{inbox: newInbox(), hub: h, node: node, inc: inc, addr: fmt.Sprintf("hub:%d", h.ports)}
	m.inbox.events = make(chan Event, hubEventRoom)
	close(m.settled)
	m.putEvent(Event{Kind: Connected})
	for _, other := range h.members {
		m.putEvent(Event{Kind: RouteUp, Node: other.node, Incarnation: other.inc})
		other.putEvent(Event{Kind: RouteUp, Node: node, Incarnation: inc})
	}
	h.members = append(h.members, m)
	return m
}

// Member is a node's place on a Hub. Beside the methods of Conn it has those
// that make things go wrong.
type Member struct {
	inbox

	// immutable
	hub  *Hub
	node nodeid.Name
	inc  nodeid.Incarnation
	addr string

	// guarded by hub.mu
	gone, frozen, lost bool
	held               []func() // what came while frozen
}

// Kill ends the node as kill -9 does: its subjects are gone, its listener
// refuses, the others get RouteDown.
func (m *Member) Kill() {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	if m.gone {
		return
	}
	m.gone = true
	m.held = nil
	m.hub.refuses[m.addr] = true
	m.hub.members = slices.DeleteFunc(m.hub.members, func(other *Member) bool { return other == m })
	for _, other := range m.hub.members {
		other.putEvent(Event{Kind: RouteDown, Node: m.node, Incarnation: m.inc})
	}
}

// Freeze stops the node as SIGSTOP does: it is subscribed and its listener
// accepts, but what comes is held back, events too, and what it sends is lost,
// without an error.
func (m *Member) Freeze() {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	m.frozen = true
}

// Thaw ends Freeze: what was held back is received now, as far as the channels
// have room.
func (m *Member) Thaw() {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	m.frozen = false
	held := m.held
	m.held = nil
	for _, put := range held {
		put()
	}
}

// Lose cuts the node off its bus, which it is told: err is in the Lost event.
// Its subscriptions are gone until Restore, and what it sends fails.
func (m *Member) Lose(err error) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	if m.gone || m.lost {
		return
	}
	m.lost = true
	m.putEvent(Event{Kind: Lost, Err: err})
}

// Restore ends Lose, with a Back event.
func (m *Member) Restore() {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	if m.gone || !m.lost {
		return
	}
	m.lost = false
	m.reconnects.Add(1)
	m.putEvent(Event{Kind: Back})
}

// Channel is one of the channels of packets of a Conn.
type Channel int

// The channels of packets.
const (
	Names Channel = iota + 1
	Frames
	Hellos
	Whos
)

func (ch Channel) String() string {
	switch ch {
	case Names:
		return "names"
	case Frames:
		return "frames"
	case Hellos:
		return "hellos"
	case Whos:
		return "whos"
	}
	return fmt.Sprintf("Channel(%d)", int(ch))
}

// Inject puts a packet before the node as if a stranger had sent it.
func (m *Member) Inject(ch Channel, p Packet) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	p.Data = bytes.Clone(p.Data)
	m.hub.post(m, func() { m.receive(ch, p) })
}

// InjectReply puts an answer before the node as if a stranger had sent it.
func (m *Member) InjectReply(r Reply) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	r.Data = bytes.Clone(r.Data)
	m.hub.post(m, func() { m.receiveReply(r) })
}

func (m *Member) SendName(to nodeid.Name, replyID uint64, data []byte) error {
	if err := checkSend(to, replyID, data); err != nil {
		return fmt.Errorf("sending to a name: %w", err)
	}
	return m.publish(Names, m.hub.subj.name(to), replyID, data, func(other *Member) bool {
		return other.node == to
	})
}

func (m *Member) SendFrame(to nodeid.Name, inc nodeid.Incarnation, replyID uint64, data []byte) error {
	if err := checkSend(to, replyID, data); err != nil {
		return fmt.Errorf("sending a frame: %w", err)
	}
	return m.publish(Frames, m.hub.subj.frame(to, inc), replyID, data, func(other *Member) bool {
		return other.node == to && other.inc == inc
	})
}

func (m *Member) Hello(data []byte) error {
	if err := checkSend(m.node, 0, data); err != nil {
		return fmt.Errorf("sending a hello: %w", err)
	}
	return m.publish(Hellos, m.hub.subj.hellos, 0, data, func(*Member) bool { return true })
}

func (m *Member) Who(replyID uint64, data []byte) error {
	if err := checkSend(m.node, replyID, data); err != nil {
		return fmt.Errorf("asking who is there: %w", err)
	}
	return m.publish(Whos, m.hub.subj.whos, replyID, data, func(*Member) bool { return true })
}

func (m *Member) Publish(data []byte) error {
	if err := checkSend(m.node, 0, data); err != nil {
		return fmt.Errorf("publishing an event: %w", err)
	}
	return m.publish(Names, m.hub.subj.event(m.node), 0, data, func(*Member) bool { return false })
}

func (m *Member) Answer(replyTo string, data []byte) error {
	inc, id, ok := m.hub.subj.parseReply(replyTo)
	if !ok {
		return errors.New("answering: not the subject of a reply")
	}
	if len(data) > MaxPacket {
		return fmt.Errorf("answering: %w", ErrTooLong)
	}
	h := m.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if ok, err := m.maySend(); !ok {
		return err
	}
	h.record(m.node, replyTo, "", data)
	for _, other := range h.members {
		if other.inc == inc && !other.lost && !h.drops(m, other, data) {
			r := Reply{ID: id, Data: bytes.Clone(data)}
			h.post(other, func() { other.receiveReply(r) })
		}
	}
	return nil
}

// publish sends to all members that match, to the sender too.
func (m *Member) publish(ch Channel, subject string, replyID uint64, data []byte, match func(*Member) bool) error {
	h := m.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if ok, err := m.maySend(); !ok {
		return err
	}
	replyTo := h.subj.reply(m.inc, replyID)
	h.record(m.node, subject, replyTo, data)
	subscribed := h.tapped
	for _, other := range h.members {
		if other.lost || !match(other) {
			continue
		}
		subscribed = true
		if !h.drops(m, other, data) {
			p := Packet{Data: bytes.Clone(data), ReplyTo: replyTo}
			h.post(other, func() { other.receive(ch, p) })
		}
	}
	if !subscribed && replyTo != "" {
		h.post(m, func() { m.receiveReply(Reply{ID: replyID, NoResponders: true}) })
	}
	return nil
}

// maySend reports whether a packet leaves; the error may be nil even so.
func (m *Member) maySend() (bool, error) {
	switch {
	case m.gone:
		return false, ErrClosed
	case m.frozen:
		return false, nil
	case m.lost:
		return false, ErrLost
	}
	m.sent.Add(1)
	return true, nil
}

func (h *Hub) record(from nodeid.Name, subject, replyTo string, data []byte) {
	if h.tapped {
		h.tap = append(h.tap, Tapped{From: from, Subject: subject, ReplyTo: replyTo, Data: bytes.Clone(data)})
	}
}

func (h *Hub) drops(from, to *Member, data []byte) bool {
	return h.drop != nil && h.drop(from.node, to.node, data)
}

// post lets put happen to a member, after the latency.
func (h *Hub) post(to *Member, put func()) {
	if h.latency == 0 {
		to.take(put)
		return
	}
	h.waiting = append(h.waiting, delivery{due: time.Now().Add(h.latency), to: to, put: put})
	if len(h.waiting) == 1 {
		time.AfterFunc(h.latency, h.deliver)
	}
}

// deliver hands over what is due, in the order of sending.
func (h *Hub) deliver() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for len(h.waiting) > 0 {
		next := h.waiting[0]
		if wait := next.due.Sub(now); wait > 0 {
			time.AfterFunc(wait, h.deliver)
			return
		}
		h.waiting = h.waiting[1:]
		next.to.take(next.put)
	}
	h.waiting = nil
}

// take lets put happen, or keeps it while the member is frozen.
func (m *Member) take(put func()) {
	switch {
	case m.gone:
	case m.frozen:
		m.held = append(m.held, put)
	default:
		put()
	}
}

func (m *Member) receive(ch Channel, p Packet) {
	if m.gone || m.lost {
		return
	}
	m.received.Add(1)
	if p.ReplyTo != "" {
		if _, _, ok := m.hub.subj.parseReply(p.ReplyTo); !ok {
			m.malformed.Add(1)
			return
		}
	}
	if len(p.Data) > MaxPacket {
		m.malformed.Add(1)
		return
	}
	switch ch {
	case Names:
		m.putPacket(m.names, p)
	case Frames:
		m.putPacket(m.frames, p)
	case Hellos:
		m.putPacket(m.hellos, p)
	case Whos:
		m.putPacket(m.whos, p)
	}
}

func (m *Member) receiveReply(r Reply) {
	if m.gone || m.lost {
		return
	}
	m.received.Add(1)
	if len(r.Data) > MaxPacket {
		m.malformed.Add(1)
		return
	}
	m.putReply(r)
}

// putEvent tells ev, after what is held back.
func (m *Member) putEvent(ev Event) {
	m.take(func() {
		select {
		case m.events <- ev:
		default:
			m.dropped.Add(1)
		}
	})
}

// RouteAddr is an address that [Hub.ListenerRefuses] knows.
func (m *Member) RouteAddr() string { return m.addr }

// SetInterval does nothing: there are no echoes here.
func (m *Member) SetInterval(time.Duration) {}

// SetHosts does nothing: all members are found.
func (m *Member) SetHosts([]string) {}

// SetRouteSecrets does nothing: everybody may join a hub.
func (m *Member) SetRouteSecrets([]RouteSecret) {}

// Doubt does nothing: there is one host.
func (m *Member) Doubt() {}

// ListenerRefuses knows the addresses of this hub's members; all are here.
func (m *Member) ListenerRefuses(_ context.Context, _ nodeid.Name, _ nodeid.Incarnation, addr string) (refused, here bool) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	return m.hub.refuses[addr], true
}

// Stats are the counters of the member.
func (m *Member) Stats() Stats {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	s := m.stats()
	s.Kind = Memory
	s.Listen = m.addr
	s.NoVerdicts = m.hub.tapped
	return s
}

// Close leaves the hub. For the others it is the same as Kill.
func (m *Member) Close() error {
	m.Kill()
	return nil
}
