package syncnodes

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"interconnectd/syncnodes/bus/bustest"
)

// patience bounds every wait in real time: long, for a machine under load.
const patience = 30 * time.Second

// onServer starts nodes that meet on a real nats-server.
func onServer(t *testing.T, server *bustest.Server, alive ...string) []*Node {
	t.Helper()
	return startAll(t, Options{Bus: Bus{Cluster: "test", URLs: []string{server.URL()}}}, alive...)
}

// startAll starts nodes that have those options, and waits until all see each
// other.
func startAll(t *testing.T, opts Options, alive ...string) []*Node {
	t.Helper()
	var nodes []*Node
	for _, a := range alive {
		opts.Name, opts.Cookie = full(a), testCookie
		opts.Sync = Sync{Optional: fulls(alive...), Timeout: patience}
		n, err := Start(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		if err := n.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return nodes
}

// watch monitors n beyond those that are up already.
func watch(t *testing.T, n *Node, up int) *Monitor {
	t.Helper()
	m, err := n.Monitor(t.Context(), MonitorOptions{NodedownReason: true})
	if err != nil {
		t.Fatal(err)
	}
	for range up {
		next(t, m)
	}
	return m
}

func next(t *testing.T, m *Monitor) Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	e, err := m.Next(ctx)
	if err != nil {
		t.Fatalf("no event: %v", err)
	}
	return e
}

// quiet wants no event for a while.
func quiet(t *testing.T, m *Monitor, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if e, err := m.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("event %+v, %v; want none", e, err)
	}
}

// The loss of the bus is not the death of the nodes, and its return neither.
func TestServerKilledAndBack(t *testing.T) {
	t.Parallel()
	server := bustest.NewServer(t)
	server.Start(t)
	nodes := onServer(t, server, "a", "b", "c")
	m := watch(t, nodes[0], 2)

	server.Kill(t)
	quiet(t, m, 4*time.Second) // longer than the timeout
	s, err := nodes[0].Status(t.Context())
	if err != nil || !s.BusLost || s.Peers[0].Detail != "bus lost" {
		t.Errorf("status without a bus: %+v, %v", s, err)
	}
	server.Start(t)
	quiet(t, m, 4*time.Second)
	trip, ok, err := nodes[0].Ping(t.Context(), nodes[1].Self())
	if !ok || err != nil {
		t.Errorf("ping after the return: %s, %v, %v", trip, ok, err)
	}
	nodes[2].Close()
	if e := next(t, m); e.Up || e.Node != full("c") || e.Reason != "shutdown" {
		t.Errorf("event %+v, want the end of c", e)
	}
}

// A server that is not there at first is found when it comes.
func TestServerComesLate(t *testing.T) {
	t.Parallel()
	server := bustest.NewServer(t)
	opts := Options{
		Name: full("a"), Cookie: testCookie,
		Sync: Sync{Mandatory: fulls("b"), Timeout: 300 * time.Millisecond},
		Bus:  Bus{Cluster: "test", URLs: []string{server.URL()}},
	}
	a, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Sync(t.Context()); err == nil || !strings.Contains(err.Error(), "mandatory nodes down: [b@127.0.0.1]") {
		t.Errorf("sync without a server: %v", err)
	}
	m := watch(t, a, 0)
	server.Start(t)
	opts.Name, opts.Sync = full("b"), Sync{}
	b, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if e := next(t, m); !e.Up || e.Node != full("b") {
		t.Errorf("event %+v, want b up", e)
	}
}

// A stranger on the bus hears everything, sends garbage everywhere, and answers
// every request first with `no responders`: no event comes of it, and a node
// that ends is told all the same.
func TestStrangerOnTheBus(t *testing.T) {
	t.Parallel()
	server := bustest.NewServer(t)
	server.Start(t)
	nodes := onServer(t, server, "a", "b", "c")
	m := watch(t, nodes[0], 2)

	stranger, err := nats.Connect(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	heard := make(chan *nats.Msg, 4096)
	if _, err := stranger.ChanSubscribe(">", heard); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go annoy(stranger, heard, done)
	quiet(t, m, 4*time.Second)
	close(done)

	s, err := nodes[0].Status(t.Context())
	if err != nil || len(s.Dropped) == 0 {
		t.Errorf("nothing was dropped: %+v, %v", s, err)
	}
	t.Logf("dropped: %v", s.Dropped)
	nodes[1].Close()
	// The stranger's flood may drown the goodbye; silence tells it then.
	if e := next(t, m); e.Up || e.Node != full("b") {
		t.Errorf("event %+v, want the end of b", e)
	}
}

// annoy answers every request that is heard with a forged `no responders`, and
// sends what was heard again, changed.
func annoy(nc *nats.Conn, heard <-chan *nats.Msg, done <-chan struct{}) {
	for {
		select {
		case msg := <-heard:
			if msg.Reply != "" {
				_ = nc.PublishMsg(&nats.Msg{Subject: msg.Reply, Header: nats.Header{"Status": {"503"}}})
			}
			if len(msg.Data) == 0 || msg.Header != nil {
				continue
			}
			again := append([]byte(nil), msg.Data...)
			again[rand.IntN(len(again))] ^= 1 << rand.IntN(8)
			_ = nc.PublishRequest(msg.Subject, msg.Reply, again)
			if len(heard) > 1000 {
				for len(heard) > 0 { // our own echoes feed on themselves
					<-heard
				}
			}
		case <-done:
			return
		}
	}
}
