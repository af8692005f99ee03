package statuspage

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

const self = nodeid.Name("a@127.0.0.1")

// fakeNode is one whose status and views are given.
type fakeNode struct {
	mu     sync.Mutex
	status *syncnodes.Status // nil: it does not answer
	asked  int               // for its status
	views  map[nodeid.Name]view
	viewed int  // questions for views
	hold   bool // until the question is given up, and then there is no answer
}

func (n *fakeNode) Self() nodeid.Name { return self }

func (n *fakeNode) Status(context.Context) (syncnodes.Status, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	if n.status == nil {
		return syncnodes.Status{}, errors.New("ended")
	}
	return *n.status, nil
}

func (n *fakeNode) View(ctx context.Context, of nodeid.Name) ([]syncnodes.PeerView, error) {
	n.mu.Lock()
	n.viewed++
	told, ok := n.views[of]
	hold := n.hold
	n.mu.Unlock()
	if hold {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if !ok {
		return nil, syncnodes.ErrNoProc
	}
	return told, nil
}

func (n *fakeNode) set(change func(*syncnodes.Status)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var s syncnodes.Status
	if n.status != nil {
		s = *n.status
	}
	s.Peers = append([]syncnodes.Peer(nil), s.Peers...)
	change(&s)
	n.status = &s
}

func (n *fakeNode) counts() (statuses, views int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked, n.viewed
}

// fakeEvents is a journal in memory.
type fakeEvents struct {
	mu      sync.Mutex
	all     []event.Event
	changed chan struct{}
	waiting int
	tails   int
	err     error
}

func newFakeEvents(all ...event.Event) *fakeEvents {
	f := &fakeEvents{changed: make(chan struct{})}
	for _, e := range all {
		f.append(e)
	}
	return f
}

func (f *fakeEvents) append(e event.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.Seq = uint64(len(f.all) + 1)
	f.all = append(f.all, e)
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fakeEvents) Tail(_ context.Context, most int, since time.Time, keep func(event.Event) bool) ([]event.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tails++
	var list []event.Event
	for _, e := range f.all {
		if !e.Time.Before(since) && (keep == nil || keep(e)) {
			list = append(list, e)
		}
	}
	if most > 0 {
		list = list[max(0, len(list)-most):]
	}
	return list, f.err
}

func (f *fakeEvents) Wait(ctx context.Context, after uint64) error {
	f.mu.Lock()
	f.waiting++
	changed, there := f.changed, uint64(len(f.all)) > after
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.waiting--
		f.mu.Unlock()
	}()
	if there {
		return nil
	}
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *fakeEvents) waits() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting
}

// serve serves until the test ends.
func serve(t *testing.T, opts Options) *Server {
	t.Helper()
	opts.Addr, opts.Log = "127.0.0.1:0", hclog.NewNullLogger()
	s, err := Listen(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	return s
}

func run(t *testing.T, s *Server) {
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
}

// without is a client that holds no connection.
func without(t *testing.T) *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

// noon is when the examples are looked at.
var noon = time.Date(2026, 11, 24, 12, 3, 41, 0, time.UTC)

// runOf is the incarnation of a node that was started then.
func runOf(at time.Time, number byte) nodeid.Incarnation {
	inc, err := nodeid.NewIncarnation(at, zeros{})
	if err != nil {
		panic(err)
	}
	inc[15] = number
	return inc
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// example is a cluster with something of everything: nine other nodes, of which one
// is down, one suspect, one hidden, one an Erlang node, and one was never seen.
type example struct {
	now    time.Time
	status syncnodes.Status
	views  map[nodeid.Name]view
	events []event.Event
}

// iex is the Erlang node.
const iex nodeid.Name = "iex@127.0.0.1"

func newExample(now time.Time) *example {
	started := now.Add(-3*time.Hour - 20*time.Minute)
	x := &example{now: now, status: syncnodes.Status{
		Node: self, Incarnation: runOf(started, 2), Started: started, Bus: "embedded", Listen: "127.0.0.1:4370",
		Sync: syncnodes.Progress{Up: 5, Of: 7, Missing: []nodeid.Name{"d@127.0.0.1", "h@127.0.0.1"}, Done: true},
		Now:  time.Hour * 100,
	}}
	b, c, d := nodeid.Name("b@127.0.0.1"), nodeid.Name("c@127.0.0.1"), nodeid.Name("d@127.0.0.1")
	e, f, g := nodeid.Name("e@127.0.0.1"), nodeid.Name("f@127.0.0.1"), nodeid.Name("g@127.0.0.1")
	for _, node := range []nodeid.Name{b, c, d, e} {
		x.up(1, -5*time.Hour-10*time.Minute, node)
	}
	x.down(1, -4*time.Hour-30*time.Minute, c, "net_tick_timeout", "unresponsive for 3.1s", 40*time.Minute)
	x.up(1, -4*time.Hour-10*time.Minute, c)
	x.up(1, -3*time.Hour-50*time.Minute, f)
	for _, node := range []nodeid.Name{b, c, d, e} {
		x.up(2, started.Sub(now)+2*time.Second, node)
	}
	x.up(2, -3*time.Hour, f)
	x.up(2, -2*time.Hour-30*time.Minute, g)
	for i := range 4 {
		at := -100*time.Minute + time.Duration(i)*3*time.Minute
		x.down(2, at, e, "connection_closed", "crashed", 2*time.Minute+10*time.Second)
		x.up(2, at+50*time.Second, e)
	}
	x.down(2, -75*time.Minute, f, "shutdown", "left", 105*time.Minute)
	x.up(2, -74*time.Minute, f)
	x.up(2, -40*time.Minute, iex)
	x.down(2, -12*time.Minute-8*time.Second, d, "connection_closed", "crashed", 188*time.Minute)

	x.peer(b, membership.Up, false, true, started.Sub(now)+2*time.Second, 312*time.Microsecond)
	x.peer(c, membership.Suspect, false, true, started.Sub(now)+2*time.Second, 1204*time.Microsecond).Detail = "no answer for 1.2s"
	x.peer(d, membership.Down, false, true, -12*time.Minute-8*time.Second, 0).Detail = "crashed"
	x.peer(e, membership.Up, false, true, -91*time.Minute+50*time.Second, 288*time.Microsecond)
	x.peer(f, membership.Up, false, true, -74*time.Minute, 450*time.Microsecond)
	x.peer(g, membership.Up, true, false, -150*time.Minute, 371*time.Microsecond)
	never := x.peer("h@127.0.0.1", membership.Idle, false, true, 0, 0)
	never.Incarnation, never.Since = nodeid.Incarnation{}, 0
	x.peer(iex, membership.Up, false, false, -40*time.Minute, 181*time.Microsecond).Erlang = true
	worker := nodeid.Name("worker-17@eu-central-1.compute.internal")
	x.peer(worker, membership.Up, false, false, -42*time.Second, 9731*time.Microsecond)
	x.up(2, -42*time.Second, worker)

	x.views = map[nodeid.Name]view{
		b:      x.viewOf(map[nodeid.Name]membership.State{c: membership.Suspect, d: membership.Down}, b, g),
		e:      x.viewOf(map[nodeid.Name]membership.State{d: membership.Down}, e, g),
		f:      x.viewOf(map[nodeid.Name]membership.State{d: membership.Down}, f, g),
		g:      {{Node: self, State: membership.Up, Hidden: true}},
		worker: x.viewOf(nil, worker, d, g),
	}
	return x
}

// viewOf is what somebody sees who knows all others but these, and that they are up
// but for those whose state is given.
func (x *example) viewOf(states map[nodeid.Name]membership.State, but ...nodeid.Name) view {
	v := view{{Node: self, State: membership.Up}}
	for _, p := range x.status.Peers {
		if slices.Contains(but, p.Node) || p.Incarnation.IsZero() {
			continue
		}
		state, ok := states[p.Node]
		if !ok {
			state = membership.Up
		}
		v = append(v, syncnodes.PeerView{Node: p.Node, State: state})
	}
	return v
}

func (x *example) peer(name nodeid.Name, state membership.State, hidden, expected bool, since, trip time.Duration) *syncnodes.Peer {
	x.status.Peers = append(x.status.Peers, syncnodes.Peer{
		Node: name, State: state, Hidden: hidden, Expected: expected, Since: x.status.Now + since, RoundTrip: trip,
		Incarnation: runOf(x.now.Add(since), 7),
	})
	return &x.status.Peers[len(x.status.Peers)-1]
}

// start is the incarnation of the run 1 or 2.
func (x *example) start(run byte) string {
	if run == 2 {
		return x.status.Incarnation.String()
	}
	return runOf(x.now.Add(-5*time.Hour-11*time.Minute), run).String()
}

func (x *example) up(run byte, at time.Duration, node nodeid.Name) {
	kind := "visible"
	switch node {
	case "g@127.0.0.1":
		kind = "hidden"
	case iex:
		kind = "erlang"
	}
	x.events = append(x.events, event.Event{Time: x.now.Add(at), Self: self, Start: x.start(run), Kind: event.NodeUp, Node: node, Type: kind})
}

func (x *example) down(run byte, at time.Duration, node nodeid.Name, reason, detail string, upFor time.Duration) {
	x.events = append(x.events, event.Event{
		Time: x.now.Add(at), Self: self, Start: x.start(run), Kind: event.NodeDown, Node: node, Type: "visible",
		Reason: reason, Detail: detail, UpFor: event.Duration(upFor),
	})
}

func (x *example) node() *fakeNode {
	status := x.status
	return &fakeNode{status: &status, views: maps.Clone(x.views)}
}
