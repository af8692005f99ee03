package membership

import "interconnectd/configs/nodeid"

// Message is what two cores say to each other over a link. [AppendMessage]
// and [ParseMessage] give it its form in bytes.
type Message interface {
	messageKind() byte
}

// The kinds of messages, the first byte of their form in bytes. Kinds from
// 0x80 on belong to the layer above.
const (
	kindProbe byte = iota + 1
	kindAnswer
	kindTip
	kindGoodbye
	kindDisconnect
	kindDone
	kindPull
	kindNames
	// KindsEnd is the first kind that is not the core's.
	KindsEnd byte = 0x80
)

// NodeRef names one start of one node.
type NodeRef struct {
	Node        nodeid.Name
	Incarnation nodeid.Incarnation
}

type (
	// Probe asks for an Answer. Digest is of the prober's visible mesh.
	Probe struct{ Seq, Digest uint64 }
	// Answer is the answer to the probe with its Seq.
	Answer struct{ Seq, Digest uint64 }
	// Tip names peers that do not answer the sender.
	Tip struct{ Suspects []NodeRef }
	// Goodbye says that the sender leaves; Done answers it.
	Goodbye struct{ Seq uint64 }
	// Disconnect ends the link by request; Done answers it.
	Disconnect struct{ Seq uint64 }
	// Done answers Goodbye and Disconnect.
	Done struct{ Seq uint64 }
	// Pull asks for the visible names after After, in name order.
	Pull struct {
		Seq   uint64
		After nodeid.Name
	}
	// Names answers Pull with one page; More says that others follow.
	Names struct {
		Seq   uint64
		More  bool
		Nodes []NodeRef
	}
)

func (Probe) messageKind() byte      { return kindProbe }
func (Answer) messageKind() byte     { return kindAnswer }
func (Tip) messageKind() byte        { return kindTip }
func (Goodbye) messageKind() byte    { return kindGoodbye }
func (Disconnect) messageKind() byte { return kindDisconnect }
func (Done) messageKind() byte       { return kindDone }
func (Pull) messageKind() byte       { return kindPull }
func (Names) messageKind() byte      { return kindNames }
