package syncnodes

import (
	"context"
	"time"

	"interconnectd/configs/nodeid"
)

// Status is what a node tells of itself.
type Status struct {
	Node        nodeid.Name
	Incarnation nodeid.Incarnation
	Hidden      bool
	Started     time.Time
	Fingerprint string // of the own cookie
	Bus         string // embedded or external
	BusLost     bool
	Listen      string // embedded: where routes are taken
	Sync        Progress
	Peers       []Peer            // sorted by name; Since is on Now's clock
	Now         time.Duration     // of the core's clock
	Dropped     map[string]uint64 // packets without effect, by cause
}

// Status tells all at one moment.
func (n *Node) Status(ctx context.Context) (Status, error) {
	var s Status
	err := n.do(ctx, func(l *loop) {
		bus := l.conn.Stats()
		s = Status{
			Node: n.name, Incarnation: n.inc, Hidden: n.hidden, Started: n.inc.Started(),
			Fingerprint: l.printed,
			Bus:         bus.Kind.String(), BusLost: l.busLost, Listen: bus.Listen,
			Sync: l.sync.progress(), Peers: l.core.Peers(), Now: l.clock(),
			Dropped: l.dropped(),
		}
	})
	return s, err
}

// dropped counts what was received and had no effect.
func (l *loop) dropped() map[string]uint64 {
	bus := l.conn.Stats()
	counts := map[string]uint64{
		"senseless":     l.garbage,
		"bus malformed": bus.Malformed,
		"bus full":      bus.Dropped,
		"bus strangers": bus.Strangers,
	}
	for cause, count := range l.endpoint.Dropped() {
		counts[cause.String()] = count
	}
	for cause, count := range counts {
		if count == 0 {
			delete(counts, cause)
		}
	}
	return counts
}
