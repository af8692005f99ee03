package syncnodes

import (
	"context"
	"maps"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/session"
)

// Status is what a node tells of itself.
type Status struct {
	Node        nodeid.Name
	Incarnation nodeid.Incarnation
	Hidden      bool
	Started     time.Time
	Version     string // Options.Version
	Fingerprint string // of the own cookie
	Bus         string // embedded or external
	BusLost     bool
	Settled     bool   // the bus was looked through once: who is there can be reached
	Listen      string // embedded: where routes are taken
	Erlang      ErlangStatus
	Sync        Progress
	Peers       []Peer            // sorted by name; Since is on Now's clock
	Now         time.Duration     // of the core's clock
	Dropped     map[string]uint64 // packets without effect, by cause
}

// ErlangStatus is that of Erlang's distribution; the zero value where it is off.
type ErlangStatus struct {
	Listen     string // where nodes of Erlang's dial
	Registered bool   // at the port mapper, so that they find it
}

// Status tells all at one moment.
func (n *Node) Status(ctx context.Context) (Status, error) {
	var s Status
	err := n.do(ctx, func(l *loop) {
		bus := l.conn.Stats()
		s = Status{
			Node: n.name, Incarnation: n.inc, Hidden: n.hidden, Started: n.inc.Started(), Version: l.opts.Version,
			Fingerprint: l.printed,
			Bus:         bus.Kind.String(), BusLost: l.busLost, Settled: l.claim.settling == nil, Listen: bus.Listen, Erlang: l.erlang.status(),
			Sync: l.progress(), Peers: l.core.Peers(), Now: l.now(),
			Dropped: occurred(l.dropped()),
		}
	})
	return s, err
}

// occurred leaves out what has not occurred.
func occurred(counts map[string]uint64) map[string]uint64 {
	maps.DeleteFunc(counts, func(_ string, count uint64) bool { return count == 0 })
	return counts
}

// dropped counts what was received and had no effect, by all causes.
func (l *loop) dropped() map[string]uint64 {
	bus := l.conn.Stats()
	counts := map[string]uint64{
		"senseless":     l.garbage,
		"bus malformed": bus.Malformed,
		"bus full":      bus.Dropped,
		"bus strangers": bus.Strangers,
	}
	for cause, count := range l.erlang.dropped() {
		counts["erlang "+cause] = count
	}
	endpoint := l.endpoint.Dropped()
	for cause := session.DropMalformed; cause <= session.DropFailed; cause++ {
		counts[cause.String()] = endpoint[cause]
	}
	return counts
}
