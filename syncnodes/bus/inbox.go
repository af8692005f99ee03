package bus

import "sync/atomic"

// Room in the channels. A frame or a reply may come from each of some hundred
// peers at once; the others are rare, and a flood of them may be dropped.
const (
	nameRoom  = 256
	frameRoom = 1024
	helloRoom = 256
	whoRoom   = 64
	replyRoom = 1024
	eventRoom = 64
)

// inbox is the receiving half that all implementations share.
type inbox struct {
	names, frames, hellos, whos chan Packet
	replies                     chan Reply
	events                      chan Event
	settled                     chan struct{}

	sent, received, malformed, dropped, reconnects atomic.Uint64
	noVerdicts                                     atomic.Bool
}

func newInbox() inbox {
	return inbox{
		names:   make(chan Packet, nameRoom),
		frames:  make(chan Packet, frameRoom),
		hellos:  make(chan Packet, helloRoom),
		whos:    make(chan Packet, whoRoom),
		replies: make(chan Reply, replyRoom),
		events:  make(chan Event, eventRoom),
		settled: make(chan struct{}),
	}
}

func (b *inbox) Names() <-chan Packet     { return b.names }
func (b *inbox) Frames() <-chan Packet    { return b.frames }
func (b *inbox) Hellos() <-chan Packet    { return b.hellos }
func (b *inbox) Whos() <-chan Packet      { return b.whos }
func (b *inbox) Replies() <-chan Reply    { return b.replies }
func (b *inbox) Events() <-chan Event     { return b.events }
func (b *inbox) Settled() <-chan struct{} { return b.settled }

// putPacket hands p to ch, or drops and counts it.
func (b *inbox) putPacket(ch chan<- Packet, p Packet) {
	select {
	case ch <- p:
	default:
		b.dropped.Add(1)
	}
}

// putReply hands r over, or drops and counts it.
func (b *inbox) putReply(r Reply) {
	select {
	case b.replies <- r:
	default:
		b.dropped.Add(1)
	}
}

func (b *inbox) stats() Stats {
	return Stats{
		Sent:       b.sent.Load(),
		Received:   b.received.Load(),
		Malformed:  b.malformed.Load(),
		Dropped:    b.dropped.Load(),
		Reconnects: b.reconnects.Load(),
		NoVerdicts: b.noVerdicts.Load(),
	}
}
