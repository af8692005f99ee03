package syncnodes

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/logtest"
)

// lend makes a connection as a program has one, to be lent to nodes.
func lend(t *testing.T, server *bustest.Server, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(server.URL(), append([]nats.Option{nats.ReconnectWait(50 * time.Millisecond), nats.MaxReconnects(-1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// startOn starts one of nodes a and b, c on that bus, which expect each other.
func startOn(t *testing.T, alive string, b Bus, log hclog.Logger) *Node {
	t.Helper()
	b.Cluster = "test"
	n, err := Start(t.Context(), Options{
		Name: full(alive), Cookie: testCookie, Bus: b, Logger: log,
		Sync: Sync{Mandatory: fulls("a", "b", "c"), Timeout: patience},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// Nodes on a connection of the program's, on another node's connection, and on
// servers of their own are nodes like any other: they see each other, and an
// outage of the server is the death of none.
func TestConnOfTheProgram(t *testing.T) {
	t.Parallel()
	server := bustest.NewServer(t)
	server.Start(t)
	shared := lend(t, server)
	nodes := []*Node{
		startOn(t, "a", Bus{Conn: shared}, nil),
		startOn(t, "b", Bus{Conn: shared}, nil),
		startOn(t, "c", Bus{URLs: []string{server.URL()}}, nil),
	}
	for _, n := range nodes {
		if err := n.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, to := range []string{"a", "b", "c"} {
			if answer, err := n.Call(t.Context(), Address{PingPong, full(to)}, erlterm.Atom("ping")); err != nil || answer.String() != "pong" {
				t.Errorf("call from %s to %s: %v, %v", n.Self(), to, answer, err)
			}
		}
	}
	m := watch(t, nodes[0], 2)
	var inUse *NameInUseError
	if _, err := Start(t.Context(), Options{Name: full("b"), Cookie: testCookie, Bus: Bus{Cluster: "test", Conn: shared}}); !errors.As(err, &inUse) {
		t.Errorf("a second b on the same connection: %v", err)
	}

	server.Kill(t)
	bustest.Eventually(t, "the peers are suspect", func() bool {
		s, err := nodes[0].Status(t.Context())
		return err == nil && s.BusLost && s.Peers[0].Detail == "bus lost"
	})
	server.Start(t)
	for _, n := range nodes {
		if _, ok, err := n.Ping(t.Context(), full("c")); !ok || err != nil {
			t.Errorf("ping from %s after the return: %v, %v", n.Self(), ok, err)
		}
	}
	quiet(t, m, 100*time.Millisecond)

	// A goodbye goes out; b, on the same connection, goes on.
	nodes[0].Close()
	if _, ok, err := nodes[1].Ping(t.Context(), full("c")); !ok || err != nil {
		t.Errorf("ping from b without a: %v, %v", ok, err)
	}
	mb := watch(t, nodes[1], 1)
	nodes[2].Close()
	if e := next(t, mb); e.Up || e.Node != full("c") || e.Reason != "shutdown" {
		t.Errorf("event %+v, want the goodbye of c", e)
	}
	nodes[1].Close()
	if n := shared.NumSubscriptions(); n != 0 {
		t.Errorf("%d subscriptions are left", n)
	}
	if err := shared.Flush(); err != nil {
		t.Errorf("the connection is not usable: %v", err)
	}
}

// A node whose connection its program closes has no bus any more: it says so and
// ends, so that nobody waits for what cannot come. The others see it dead.
func TestConnClosedUnderTheNode(t *testing.T) {
	t.Parallel()
	server := bustest.NewServer(t)
	server.Start(t)
	var lines logtest.Buffer
	conns := []*nats.Conn{lend(t, server), lend(t, server)}
	a := startOn(t, "a", Bus{Conn: conns[0]}, hclog.New(&hclog.LoggerOptions{Output: &lines}))
	b := startOn(t, "b", Bus{Conn: conns[1]}, nil)
	for _, n := range []*Node{a, b} {
		if ok, err := n.Connect(t.Context(), full("b")); !ok || err != nil {
			t.Fatalf("connect: %v, %v", ok, err)
		}
	}
	m := watch(t, b, 1)
	waiting := make(chan error, 1)
	go func() { waiting <- a.Sync(t.Context()) }() // for c, which does not come

	conns[0].Close()
	select {
	case <-a.Done():
	case <-time.After(patience):
		t.Fatal("the node goes on")
	}
	if err := a.Err(); !errors.Is(err, bus.ErrConnClosed) || err.Error() != "the bus is gone for good: the program's NATS connection is closed" {
		t.Errorf("Err() = %v", err)
	}
	if err := a.Close(); !errors.Is(err, bus.ErrConnClosed) {
		t.Errorf("Close() = %v", err)
	}
	if err := <-waiting; !errors.Is(err, ErrClosed) {
		t.Errorf("who waited for the sync is told %v", err)
	}
	if text := lines.String(); !strings.Contains(text, "[ERROR] the bus is gone for good, the node ends: error=\"the program's NATS connection is closed\"") {
		t.Errorf("the log does not say it:\n%s", text)
	}
	if e := next(t, m); e.Up || e.Node != full("a") || e.Reason != "connection_closed" {
		t.Errorf("b is told %+v, want a dead", e)
	}
}

// A connection that no node can live on is refused with the option to change.
func TestConnRefused(t *testing.T) {
	t.Parallel()
	server := bustest.NewServer(t)
	server.Start(t)
	for want, b := range map[string]Bus{
		"nats.NoEcho":    {Conn: lend(t, server, nats.NoEcho())},
		"one of the two": {Conn: lend(t, server), URLs: []string{server.URL()}},
	} {
		n, err := Start(t.Context(), Options{Name: full("a"), Cookie: testCookie, Bus: b})
		if err == nil {
			n.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start() = %v, want %q", err, want)
		}
		if left := b.Conn.NumSubscriptions(); left != 0 {
			t.Errorf("%d subscriptions after a start that failed", left)
		}
	}
}
