package syncnodes

import (
	"context"
	"maps"
	"time"

	"interconnectd/syncnodes/erldist"
	"interconnectd/syncnodes/membership"
	"interconnectd/syncnodes/session"
)

// Stats are counters since the node's start. What can be told apart is there from
// the start on, with 0, so that whoever compares two moments misses no first time.
type Stats struct {
	RoundTrips    RoundTrips           // of the probes of other nodes
	Handshakes    map[Handshake]uint64 // by how they ended
	Dropped       map[string]uint64    // packets without effect, by cause
	SyncTook      time.Duration        // the start-up sync; 0 while it is under way
	BusReconnects uint64               // how often the bus came back
}

// RoundTrips are those of probes, by how long they took.
type RoundTrips = membership.RoundTrips

// Handshake is how handshakes with other nodes ended. Claims of the own name, by
// this node or another, are none.
type Handshake struct {
	Side   Side
	Result string // ok, or why there is no connection, in words_like_these
}

// Side is which end of a handshake this node was.
type Side string

// The sides of a handshake.
const (
	Dialled  Side = "dialled"  // this node began it
	Accepted Side = "accepted" // the other one did
)

// Results of a handshake beside those of outcomeOf.
const (
	resultOK        = "ok"
	resultSenseless = "senseless" // the other node is of another make
	// resultNotAllowed is of Erlang's distribution: one of the two has a list of names
	resultNotAllowed = "not_allowed"
)

// Stats tells all at one moment.
func (n *Node) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := n.do(ctx, func(l *loop) {
		s = Stats{
			RoundTrips: l.core.RoundTrips(), Handshakes: maps.Clone(l.handshakes.ended), Dropped: l.dropped(),
			SyncTook: l.sync.took, BusReconnects: l.conn.Stats().Reconnects,
		}
	})
	return s, err
}

// handshakes counts how they end.
type handshakes struct {
	ended map[Handshake]uint64
	asked map[session.SessionID]struct{} // dials of others that wait for the core's word
}

func newHandshakes() handshakes {
	h := handshakes{ended: make(map[Handshake]uint64), asked: make(map[session.SessionID]struct{})}
	both := []string{resultOK, resultSenseless}
	for _, r := range []session.Reason{
		session.CookiesDiffer, session.InUse, session.OtherNames, session.Shutdown, session.TimedOut, session.Withdrawn, session.ConnectionClosed,
	} {
		both = append(both, outcomeOf(r))
	}
	for _, result := range both {
		h.count(Dialled, result, 0)
		h.count(Accepted, result, 0)
	}
	h.count(Dialled, outcomeOf(session.NoHolder), 0)
	h.count(Dialled, outcomeOf(session.Unreadable), 0)
	return h
}

func (h *handshakes) count(side Side, result string, times int) {
	h.ended[Handshake{side, result}] += uint64(times)
}

// ask notes that another node has proved itself and waits for an answer.
func (h *handshakes) ask(id session.SessionID) { h.asked[id] = struct{}{} }

// decide counts what became of one that waited. Of a session that did not, because
// it was dialled here, is long established, or is a claim, it counts nothing.
func (h *handshakes) decide(id session.SessionID, result string) {
	if _, asked := h.asked[id]; asked {
		delete(h.asked, id)
		h.count(Accepted, result, 1)
	}
}

// establish counts a handshake that came to its end; sense tells whether what the
// peer says of itself can be read.
func (h *handshakes) establish(o session.Established, sense bool) {
	result := resultOK
	if !sense {
		result = resultSenseless
	}
	if o.Dialled {
		h.count(Dialled, result, 1)
		return
	}
	h.decide(o.Session, result)
}

// reject counts nodes that have another cookie. Those that the log keeps back are
// counted with its next line.
func (h *handshakes) reject(o session.Rejected) {
	times := o.Suppressed
	if o.Name != "" {
		times++
	}
	h.count(Accepted, outcomeOf(session.CookiesDiffer), times)
}

// outcomeOf is a reason as a result. One that an unknown version of a peer sends
// means that it refused, as do those of connections that there were.
func outcomeOf(r session.Reason) string {
	switch r {
	case session.CookiesDiffer:
		return "cookies_differ"
	case session.InUse:
		return "in_use"
	case session.NoHolder:
		return "no_holder"
	case session.OtherNames:
		return "other_names"
	case session.Shutdown:
		return "leaving"
	case session.TimedOut:
		return "timed_out"
	case session.Unreadable:
		return "unreadable"
	case session.Withdrawn:
		return "withdrawn"
	}
	return "refused"
}

// erlangOutcome is a reason as a result of a handshake.
func erlangOutcome(r erldist.Reason) string {
	switch r {
	case erldist.CookiesDiffer:
		return "cookies_differ"
	case erldist.TimedOut:
		return "timed_out"
	case erldist.Unfit:
		return resultSenseless
	}
	return resultNotAllowed
}
