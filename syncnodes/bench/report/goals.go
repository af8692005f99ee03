package report

import "fmt"

// GoalNodes is the number of nodes at which systems are held against each other.
const GoalNodes = 30

// Goal is a bound on one of our figures: a part, or a multiple, of what another system
// needs for the same in the same run.
type Goal struct {
	Name    string
	Against string  // whose figure Peer is
	Ours    float64 // 0 where it was not measured, as Peer is
	Peer    float64
	Part    float64 // of Peer that Ours may be
	Bound   float64 // Part of Peer

	Measured bool // both sides
	Met      bool // false where it was not measured

	unit unit
}

// String is a line for people: what is wanted, and what was measured.
func (g Goal) String() string {
	if !g.Measured {
		return g.Name + ", beside " + g.Against + ": not measured"
	}
	return fmt.Sprintf("%s: %s, %s of the %s of %s, %s at most", g.Name, g.unit.text(g.Ours), ratio(g.Ours, g.Peer), g.unit.text(g.Peer), g.Against, fraction(g.Part))
}

// Goals are those of the project, in the order of the report.
func (r *Report) Goals() []Goal {
	full := func(f Fleet) Sample { return f.FullView }
	kill := func(f Fleet) Sample { return f.Kill.Last }
	rss := func(f Fleet) Sample { return f.RSS }
	ready := func(f Fleet) Sample { return f.Ready }
	ping := func(p Pair) Sample { return p.Ping.P50 }
	call := func(p Pair) Sample { return p.Call.P50 }
	return []Goal{
		r.fleetGoal("full view of 30 nodes, embedded", seconds, full, Embedded, OTP, 1./4),
		r.fleetGoal("full view of 30 nodes, embedded", seconds, full, Embedded, Serf, 1),
		r.fleetGoal("kill -9 of one of 30, last survivor, embedded", seconds, kill, Embedded, OTP, 1),
		r.fleetGoal("resident memory of one of 30, embedded", size, rss, Embedded, OTP, 2./3),
		r.fleetGoal("resident memory of one of 30, external", size, rss, External, Serf, 1),
		r.callGoal("call, p50, embedded", CallEmbedded, BareEmbedded),
		r.callGoal("call, p50, external", CallExternal, BareExternal),
		r.fleetGoal("start to ready beside 29, embedded", seconds, ready, Embedded, OTP, 1./3),
		r.mixedGoal("ping, p50, Erlang to ours", PairToOurs, ping),
		r.mixedGoal("ping, p50, ours to Erlang", PairOurs, ping),
		r.mixedGoal("gen_server:call, p50, Erlang to ours", PairToOurs, call),
		r.mixedGoal("gen_server:call, p50, ours to Erlang", PairOurs, call),
		r.toldGoal(),
	}
}

func (r *Report) fleetGoal(name string, unit unit, pick func(Fleet) Sample, ours, peer string, part float64) Goal {
	a, _ := r.Fleet(ours, GoalNodes) // the samples of a fleet that is missing are empty
	b, _ := r.Fleet(peer, GoalNodes)
	return newGoal(name, peer, unit, pick(a), pick(b), part)
}

// callPart is what a call may take of a bare request's time: it is that request, sealed and
// opened twice, and passes two loops.
const callPart = 1.5

func (r *Report) callGoal(name, ours, bare string) Goal {
	return newGoal(name, "a bare NATS request", seconds, r.call(ours).P50, r.call(bare).P50, callPart)
}

// mixedPart is what a request and its answer may take of the time between two nodes of
// Erlang where one of them is ours.
const mixedPart = 2

func (r *Report) mixedGoal(name, ours string, pick func(Pair) Sample) Goal {
	return newGoal(name, "two of Erlang", seconds, pick(r.pair(ours)), pick(r.pair(PairOTP)), mixedPart)
}

// toldWithin is how long after the kill -9 of a node of Erlang ours may tell it, every time.
const toldWithin = 0.020

func (r *Report) toldGoal() Goal {
	var slowest, bound Sample
	if told := r.pair(PairOurs).Told; len(told) > 0 {
		_, most := told.Spread()
		slowest, bound = one(most), one(toldWithin)
	}
	return newGoal("kill -9 of Erlang, the slowest word of ours", "a fixed bound", seconds, slowest, bound, 1)
}

func newGoal(name, against string, unit unit, ours, peer Sample, part float64) Goal {
	g := Goal{Name: name, Against: against, Ours: ours.Median(), Peer: peer.Median(), Part: part, unit: unit}
	g.Bound = part * g.Peer
	g.Measured = len(ours) > 0 && len(peer) > 0
	g.Met = g.Measured && g.Ours <= g.Bound
	return g
}

// call finds a call by its name; that of one that is missing is empty.
func (r *Report) call(name string) Call {
	for _, c := range r.Calls {
		if c.Name == name {
			return c
		}
	}
	return Call{}
}
