package bus

import (
	"crypto/rand"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/logtest"
)

// patience bounds every wait of these tests: long, for a machine under load.
const patience = 20 * time.Second

// freePorts is a range of n free ports.
func freePorts(n int) PortRange {
	first := bustest.FreePorts(n)
	return PortRange{Min: first, Max: first + n - 1}
}

func newIncarnation(t *testing.T) nodeid.Incarnation {
	t.Helper()
	inc, err := nodeid.NewIncarnation(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return inc
}

// testConfig is the config of a node of one cluster.
func testConfig(t *testing.T, name nodeid.Name, ports PortRange) Config {
	t.Helper()
	return Config{
		Cluster:     "test",
		Node:        name,
		Incarnation: newIncarnation(t),
		Ports:       ports,
		Interval:    100 * time.Millisecond,
		Logger:      hclog.NewNullLogger(),
	}
}

// open opens a Conn that is closed at the end of the test.
func open(t *testing.T, cfg Config) Conn {
	t.Helper()
	c, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// receive takes the next value, or ends the test.
func receive[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// event takes events until one of the kind comes.
func event(t *testing.T, c Conn, kind EventKind) Event {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case ev := <-c.Events():
			if ev.Kind == kind {
				return ev
			}
		case <-deadline:
			t.Fatalf("no event %s", kind)
		}
	}
}

// routesUp waits until c has told routes to all the nodes.
func routesUp(t *testing.T, c Conn, nodes ...nodeid.Name) {
	t.Helper()
	missing := map[nodeid.Name]bool{}
	for _, n := range nodes {
		missing[n] = true
	}
	for len(missing) > 0 {
		delete(missing, event(t, c, RouteUp).Node)
	}
}

// noNewGoroutines fails the test where goroutines of ours or of NATS outlive
// what f did.
func noNewGoroutines(t *testing.T, f func()) {
	t.Helper()
	before := runtime.NumGoroutine()
	f()
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

// logTo gives a logger whose lines can be read back.
func logTo(level hclog.Level) (hclog.Logger, *logtest.Buffer) {
	buf := &logtest.Buffer{}
	return hclog.New(&hclog.LoggerOptions{Level: level, Output: buf}), buf
}

// names a to f, on loopback.
func name(i int) nodeid.Name { return nodeid.Name(fmt.Sprintf("%c@127.0.0.1", 'a'+i)) }

func contains(s string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}
