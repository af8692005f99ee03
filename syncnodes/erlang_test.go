package syncnodes

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/beamtest"
	"interconnectd/syncnodes/logtest"
)

// mixed are nodes of ours, on a bus in memory, beside real nodes of Erlang's.
type mixed struct {
	*beamtest.World
	hub *bus.Hub
}

// soon is how long what comes in a moment may take on a machine that does much else.
const soon = 5 * time.Second

// ourNode is a node of ours, and what is to be seen of it.
type ourNode struct {
	*Node
	member *bus.Member
	log    *logtest.Buffer
	events *Monitor
}

func newMixed(t *testing.T) *mixed {
	return &mixed{World: beamtest.NewWorld(t), hub: bus.NewHub()}
}

// options are those of a node that takes Erlang's, and waits for those of that name.
func (m *mixed) options(alive string, sync ...string) Options {
	return Options{
		Name: full(alive), Cookie: testCookie, Erlang: Erlang{Distribution: true, EPMD: m.EPMD()},
		Sync: Sync{Optional: fulls(sync...), Timeout: 10 * time.Second},
	}
}

func (m *mixed) tryStart(t *testing.T, opts Options) (ourNode, error) {
	n := ourNode{log: &logtest.Buffer{}}
	opts.Logger = hclog.New(&hclog.LoggerOptions{Name: "interconnectd", Output: n.log, DisableTime: true})
	opts.open = func(cfg bus.Config) (bus.Conn, error) {
		n.member = m.hub.Join(cfg.Node, cfg.Incarnation)
		return n.member, nil
	}
	var err error
	if n.Node, err = Start(t.Context(), opts); err != nil {
		return n, err
	}
	t.Cleanup(func() {
		n.Close()
		if t.Failed() {
			t.Logf("%s logged:\n%s", n.Self(), n.log)
		}
	})
	n.events, err = n.Monitor(t.Context(), MonitorOptions{NodeType: AllNodes, NodedownReason: true})
	return n, err
}

func (m *mixed) ours(t *testing.T, opts Options) ourNode {
	t.Helper()
	n, err := m.tryStart(t, opts)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (m *mixed) erlangs(t *testing.T, alive string) *beamtest.Running {
	t.Helper()
	return m.Start(t, beamtest.Node{Name: full(alive), Cookie: testCookie})
}

// next is the next event, which is to come within so long.
func (n ourNode) next(t *testing.T, within time.Duration) Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	e, err := n.events.Next(ctx)
	if err != nil {
		t.Fatalf("no event within %s: %v", within, err)
	}
	return e
}

func (n ourNode) wantUp(t *testing.T, alive string, within time.Duration) Event {
	t.Helper()
	e := n.next(t, within)
	if !e.Up || e.Node != full(alive) || !e.Erlang {
		t.Fatalf("event %+v, want %s of Erlang's up", e, alive)
	}
	return e
}

func (n ourNode) wantDown(t *testing.T, alive, reason string, within time.Duration) Event {
	t.Helper()
	e := n.next(t, within)
	if e.Up || e.Node != full(alive) || !e.Erlang || e.Reason != reason {
		t.Fatalf("event %+v, want %s of Erlang's down for %s", e, alive, reason)
	}
	return e
}

func (n ourNode) quiet(t *testing.T, during time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	if e, err := n.events.Next(ctx); err == nil {
		t.Errorf("event %+v, want none", e)
	}
}

// TestErlangComesAndGoes: the sync waits for a node of Erlang's, which is pinged, called,
// killed, and connected again when it is back.
func TestErlangComesAndGoes(t *testing.T) {
	m := newMixed(t)
	opts := m.options("a")
	opts.Sync.Mandatory = fulls("b")
	a := m.ours(t, opts)
	a.quiet(t, 300*time.Millisecond)
	if s, err := a.Status(t.Context()); err != nil || !s.Erlang.Registered || !strings.HasPrefix(s.Erlang.Listen, "127.0.0.1:") {
		t.Errorf("status tells %+v, %v", s.Erlang, err)
	}
	b := m.erlangs(t, "b")
	up := a.wantUp(t, "b", soon)
	if err := a.Sync(t.Context()); err != nil {
		t.Errorf("Sync: %v", err)
	}
	if nodes, err := a.Nodes(t.Context()); err != nil || !slices.Equal(nodes, fulls("b")) {
		t.Errorf("Nodes = %v, %v; want b", nodes, err)
	}
	if trip, ok, err := a.Ping(t.Context(), full("b")); !ok || err != nil || trip <= 0 {
		t.Errorf("Ping = %s, %v, %v; want pong", trip, ok, err)
	}
	b.Eval(t, `register(echo, spawn(fun Loop() -> receive {'$gen_call', From, Term} -> gen_server:reply(From, {got, Term}), Loop() end end))`)
	term, err := a.Call(t.Context(), Address{"echo", full("b")}, erlterm.Tuple{erlterm.Atom("x"), erlterm.Int(7)})
	if err != nil || term.String() != "{got,{x,7}}" {
		t.Errorf("Call = %v, %v; want {got,{x,7}}", term, err)
	}
	// Elixir's Echo.Loud is an atom with a prefix.
	b.Eval(t, `register('Elixir.Echo.Loud', spawn(fun Loop() -> receive {'$gen_call', From, Term} -> gen_server:reply(From, {loud, Term}), Loop() end end))`)
	for _, name := range []string{"Echo.Loud", "Elixir.Echo.Loud"} {
		term, err := a.Call(t.Context(), Address{name, full("b")}, erlterm.Atom("x"))
		if err != nil || term.String() != "{loud,x}" {
			t.Errorf("a call of %s = %v, %v; want {loud,x}", name, term, err)
		}
	}
	for _, name := range []string{"nobody", "Nobody", "Elixir.Nobody"} {
		if _, err := a.Call(t.Context(), Address{name, full("b")}, erlterm.Atom("x")); !errors.Is(err, ErrNoProc) {
			t.Errorf("a call of %s: %v, want noproc", name, err)
		}
	}

	b.Kill()
	a.wantDown(t, "b", "connection_closed", soon)
	if _, err := a.Call(t.Context(), Address{"echo", full("b")}, erlterm.Atom("x")); !errors.Is(err, ErrNodeDown) {
		t.Errorf("a call of a node that is down: %v, want nodedown", err)
	}
	m.erlangs(t, "b")
	if again := a.wantUp(t, "b", soon); again.Incarnation == up.Incarnation {
		t.Errorf("both starts of b have the incarnation %s", up.Incarnation)
	}
}

// TestErlangCalls: what a node of Erlang's asks of ours, which never heard of it.
func TestErlangCalls(t *testing.T) {
	m := newMixed(t)
	a := m.ours(t, m.options("a"))
	a.Register("adder", func(_ context.Context, request erlterm.Term) (erlterm.Term, error) {
		return erlterm.Tuple{erlterm.Atom("sum"), request}, nil
	})
	a.Register("crasher", func(context.Context, erlterm.Term) (erlterm.Term, error) { panic("as it must") })
	b := m.erlangs(t, "b")
	for _, tt := range []struct{ expr, want string }{
		{`net_adm:ping('a@127.0.0.1')`, `pong`},
		{`net_kernel:connect_node('a@127.0.0.1')`, `true`},
		{`gen_server:call({'PingPong', 'a@127.0.0.1'}, ping)`, `pong`},
		{`gen_server:call({'Elixir.PingPong', 'a@127.0.0.1'}, ping)`, `pong`},
		{`gen_server:call({adder, 'a@127.0.0.1'}, #{a => [1, 2.5, <<"b">>]})`, `{sum,#{a => [1,2.5,<<"b">>]}}`},
		{`catch gen_server:call({nobody, 'a@127.0.0.1'}, ping)`, `{'EXIT',{noproc,{gen_server,call,[{nobody,'a@127.0.0.1'},ping]}}}`},
		{`element(1, element(2, catch gen_server:call({'Elixir.Nobody', 'a@127.0.0.1'}, ping)))`, `noproc`},
		{`element(1, element(2, catch gen_server:call({crasher, 'a@127.0.0.1'}, x)))`, `{error,<<"the process crashed: as it must">>}`},
		{`nodes(hidden)`, `['a@127.0.0.1']`},
		{`nodes()`, `[]`},
	} {
		if got := b.Eval(t, tt.expr); got != tt.want {
			t.Errorf("%s gives %s, want %s", tt.expr, got, tt.want)
		}
	}
	a.wantUp(t, "b", soon)
	if got := b.Eval(t, `erlang:disconnect_node('a@127.0.0.1')`); got != "true" {
		t.Errorf("disconnect_node gives %s", got)
	}
	a.wantDown(t, "b", "connection_closed", soon)
	a.quiet(t, time.Second) // nothing names it here
}

// TestErlangHangs: a node that is stopped goes down for its silence, and is back by
// itself when it goes on.
func TestErlangHangs(t *testing.T) {
	m := newMixed(t)
	b := m.erlangs(t, "b")
	a := m.ours(t, m.options("a", "b"))
	a.wantUp(t, "b", soon)
	b.Stop(t)
	stopped := time.Now()
	a.wantDown(t, "b", "net_tick_timeout", 6*time.Second)
	if took := time.Since(stopped); took < defaultTimeout-50*time.Millisecond || took > defaultTimeout+2*time.Second {
		t.Errorf("down after %s, want %s and little more", took, defaultTimeout)
	}
	b.Cont(t)
	a.wantUp(t, "b", 15*time.Second) // a dial of a stopped node ends by net_setuptime
}

// TestErlangOutlivesTheBus: the loss of the bus is no matter of Erlang's nodes.
func TestErlangOutlivesTheBus(t *testing.T) {
	m := newMixed(t)
	b := m.erlangs(t, "b")
	a := m.ours(t, m.options("a", "b", "late"))
	a.wantUp(t, "b", soon)
	a.member.Lose(errors.New("as it must"))
	a.quiet(t, defaultTimeout+time.Second)
	for _, p := range peersOf(t, a) {
		if p.Node == full("b") && p.State.String() != "up" {
			t.Errorf("on a lost bus b is %s", p.State)
		}
	}
	m.erlangs(t, "late")
	a.wantUp(t, "late", soon)
	b.Kill()
	a.wantDown(t, "b", "connection_closed", soon)
}

func peersOf(t *testing.T, n ourNode) []Peer {
	t.Helper()
	s, err := n.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.Peers
}

// TestErlangIsNamed: without Options.Erlang a node of Erlang's in a list is told once.
func TestErlangIsNamed(t *testing.T) {
	m := newMixed(t)
	m.erlangs(t, "b")
	opts := m.options("a", "b")
	opts.Erlang.Distribution = false
	opts.Sync.Timeout = time.Second
	a := m.ours(t, opts)
	const line = "b@127.0.0.1 is an Erlang node; set erlang.distribution to join it"
	bustest.Eventually(t, "the line", func() bool { return strings.Contains(a.log.String(), line) })
	a.quiet(t, scoutSeldom+time.Second)
	if times := strings.Count(a.log.String(), line); times != 1 {
		t.Errorf("the line is there %d times, want once", times)
	}
}

// TestErlangIsNoneOfOurs: two nodes of ours that have lost their bus do not go over to
// Erlang's distribution.
func TestErlangIsNoneOfOurs(t *testing.T) {
	m := newMixed(t)
	a := m.ours(t, m.options("a", "b"))
	m.hub = bus.NewHub() // another bus
	b := m.ours(t, m.options("b", "a"))
	if up, err := a.Connect(t.Context(), full("b")); up || err != nil {
		t.Errorf("Connect = %v, %v", up, err)
	}
	a.quiet(t, 2*time.Second)
	b.quiet(t, 100*time.Millisecond)
}

// TestErlangNameInUse: the port mapper has the name for another.
func TestErlangNameInUse(t *testing.T) {
	m := newMixed(t)
	m.erlangs(t, "a")
	_, err := m.tryStart(t, m.options("a"))
	var inUse *NameInUseError
	if !errors.As(err, &inUse) || inUse.Name != full("a") {
		t.Errorf("Start: %v, want that the name is in use", err)
	}
}

// TestErlangIsSought: a name that somebody waits for is sought at the port mapper and on
// the bus at once, where a member that never answers has it too.
func TestErlangIsSought(t *testing.T) {
	m := newMixed(t)
	a := m.ours(t, m.options("a"))
	m.erlangs(t, "b")
	m.hub.Join(full("b"), nodeid.Incarnation{1}).Freeze()
	if _, ok, err := a.Ping(t.Context(), full("b")); !ok || err != nil {
		t.Errorf("Ping = %v, %v; want pong", ok, err)
	}
	a.wantUp(t, "b", soon)
}

// TestErlangCookies: who has another cookie is rejected by us and rejects us, until it
// is set.
func TestErlangCookies(t *testing.T) {
	m := newMixed(t)
	a := m.ours(t, m.options("a"))
	b := m.Start(t, beamtest.Node{Name: full("b"), Cookie: "another"})
	if got := b.Eval(t, `net_adm:ping('a@127.0.0.1')`); got != "pang" {
		t.Errorf("ping with another cookie gives %s", got)
	}
	bustest.Eventually(t, "the rejection", func() bool {
		return strings.Contains(a.log.String(), "Connection attempt from node b@127.0.0.1 rejected. Invalid challenge reply.")
	})
	if _, ok, err := a.Ping(t.Context(), full("b")); ok || err != nil {
		t.Errorf("our ping with another cookie: %v, %v", ok, err)
	}
	bustest.Eventually(t, "why", func() bool {
		return strings.Contains(a.log.String(), "b@127.0.0.1 refused us: our cookies differ")
	})
	b.AwaitLog(t, "Connection attempt from node 'a@127.0.0.1' rejected")
	if err := a.SetCookie(t.Context(), full("b"), "another"); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := a.Ping(t.Context(), full("b")); !ok || err != nil {
		t.Errorf("our ping with its cookie: %v, %v", ok, err)
	}
	a.wantUp(t, "b", soon)
}

// TestErlangAllow: erlang.allow keeps out whom it does not name.
func TestErlangAllow(t *testing.T) {
	m := newMixed(t)
	opts := m.options("a", "other")
	opts.Erlang.Allow = []string{"app@*"}
	a := m.ours(t, opts)
	app, other := m.erlangs(t, "app"), m.erlangs(t, "other")
	if got := other.Eval(t, `net_adm:ping('a@127.0.0.1')`); got != "pang" {
		t.Errorf("who is not allowed pings: %s", got)
	}
	if up, err := a.Connect(t.Context(), full("other")); up || err != nil {
		t.Errorf("Connect to who is not allowed: %v, %v", up, err)
	}
	if got := app.Eval(t, `net_adm:ping('a@127.0.0.1')`); got != "pong" {
		t.Errorf("who is allowed pings: %s", got)
	}
	a.wantUp(t, "app", soon)
}

// TestErlangDisconnect: we do not dial who was disconnected, until it is named.
func TestErlangDisconnect(t *testing.T) {
	m := newMixed(t)
	b := m.erlangs(t, "b")
	a := m.ours(t, m.options("a", "b"))
	a.wantUp(t, "b", soon)
	b.Eval(t, `net_kernel:monitor_nodes(true, [{node_type, hidden}])`)
	if ok, err := a.Disconnect(t.Context(), full("b")); !ok || err != nil {
		t.Errorf("Disconnect = %v, %v", ok, err)
	}
	a.wantDown(t, "b", "disconnect", soon)
	a.quiet(t, 2500*time.Millisecond)
	if up, err := a.Connect(t.Context(), full("b")); !up || err != nil {
		t.Errorf("Connect = %v, %v", up, err)
	}
	a.wantUp(t, "b", soon)
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if got := b.Eval(t, `nodes(hidden)`); got != "[]" {
		bustest.Eventually(t, "b sees that a has left", func() bool { return b.Eval(t, `nodes(hidden)`) == "[]" })
	}
}

// TestErlangRefusalIsNoFlood: a node that refuses us logs each attempt, and so is left in
// peace for a while, until another cookie is set.
func TestErlangRefusalIsNoFlood(t *testing.T) {
	m := newMixed(t)
	b := m.Start(t, beamtest.Node{Name: full("b"), Cookie: "another"})
	a := m.ours(t, m.options("a", "b"))
	const refusal = "Connection attempt from node 'a@127.0.0.1' rejected"
	b.AwaitLog(t, refusal)
	a.quiet(t, 4*time.Second)
	if times := strings.Count(b.Log(), refusal); times != 1 {
		t.Errorf("b logs %d attempts, want one", times)
	}
	if err := a.SetCookie(t.Context(), full("b"), "another"); err != nil {
		t.Fatal(err)
	}
	a.wantUp(t, "b", soon)
}
