package syncnodes

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/logtest"
)

// freePorts is a range of n free ports.
func freePorts(n int) bus.PortRange {
	first := bustest.FreePorts(n)
	return bus.PortRange{Min: first, Max: first + n - 1}
}

// world is a group of nodes that are to meet, and nobody else.
type world struct {
	name   string
	cookie string
	bus    Bus
	nodes  []*Node
	log    logtest.Buffer
}

// start starts two nodes; their names are the same in each world.
func (w *world) start(t *testing.T) {
	t.Helper()
	for _, alive := range []string{"a", "b"} {
		n, err := Start(t.Context(), Options{
			Name: full(alive), Cookie: w.cookie, Bus: w.bus,
			Sync:   Sync{Mandatory: fulls("a", "b"), Timeout: patience},
			Logger: hclog.New(&hclog.LoggerOptions{Output: &w.log, Level: hclog.Info}),
		})
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		t.Cleanup(func() { n.Close() })
		n.Register("where", func(context.Context, erlterm.Term) (erlterm.Term, error) { return erlterm.Atom(w.name), nil })
		w.nodes = append(w.nodes, n)
	}
}

// Several nodes of one process, embedded and external, of clusters and cookies of
// their own and of the same names, know nothing of each other: no event, no line,
// no answer crosses, and when one world ends the others stay. Nothing is left of
// them when all have ended.
func TestSeveralWorldsInOneProcess(t *testing.T) {
	server := bustest.NewServer(t)
	server.Start(t)
	nc := lend(t, server)
	before := runtime.NumGoroutine()
	worlds := []*world{
		{name: "embedded", cookie: testCookie, bus: Bus{Ports: freePorts(2)}},
		{name: "embedded_elsewhere", cookie: testCookie, bus: Bus{Ports: freePorts(2)}},
		{name: "embedded_other_cluster", cookie: otherCookie, bus: Bus{Cluster: "other", Ports: freePorts(2)}},
		{name: "external", cookie: testCookie, bus: Bus{URLs: []string{server.URL()}}},
		{name: "external_other_cluster", cookie: otherCookie, bus: Bus{Cluster: "other", URLs: []string{server.URL()}}},
		{name: "lent", cookie: testCookie, bus: Bus{Cluster: "lent", Conn: nc}},
	}
	var monitors []*Monitor
	for _, w := range worlds {
		w.start(t)
	}
	for _, w := range worlds {
		for _, n := range w.nodes {
			if err := n.Sync(t.Context()); err != nil {
				t.Fatalf("%s: %v", w.name, err)
			}
			monitors = append(monitors, watch(t, n, 1))
			for _, to := range []string{"a", "b"} {
				if answer, err := n.Call(t.Context(), Address{"where", full(to)}, erlterm.Atom("x")); err != nil || answer.String() != w.name {
					t.Errorf("%s: a call of %s is answered by %v, %v", w.name, to, answer, err)
				}
			}
			names, err := n.Names(t.Context(), 50*time.Millisecond)
			if err != nil || !slices.Equal(names, fulls("a", "b")) {
				t.Errorf("%s: names %v, %v", w.name, names, err)
			}
		}
	}
	for i, ended := range worlds {
		for _, n := range ended.nodes {
			n.Close()
		}
		if text := ended.log.String(); strings.Contains(text, "[WARN]") || strings.Contains(text, "[ERROR]") {
			t.Errorf("%s logged:\n%s", ended.name, text)
		}
		for j, w := range worlds[i+1:] {
			if _, ok, err := w.nodes[0].Ping(t.Context(), full("b")); !ok || err != nil {
				t.Errorf("%s does not live without %s: %v, %v", w.name, ended.name, ok, err)
			}
			quiet(t, monitors[2*(i+1+j)], 0)
			quiet(t, monitors[2*(i+1+j)+1], 0)
		}
	}
	if n := nc.NumSubscriptions(); n != 0 {
		t.Errorf("%d subscriptions are left", n)
	}
	bustest.Eventually(t, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}

// silentEnv makes TestSilent's child of the test binary.
const silentEnv = "INTERCONNECT_SILENT_CHILD"

// A program that embeds nodes without a logger finds nothing on its standard
// error and output, and nothing in the logs of the libraries beneath, whatever
// goes wrong.
func TestSilent(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestSilentChild$")
	cmd.Env = append(os.Environ(), silentEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if line != "PASS\n" && !strings.HasPrefix(line, "coverage: ") { // what testing says
			t.Errorf("a program with nodes says %q", line)
		}
	}
}

// TestSilentChild is what TestSilent runs in a process of its own: strangers,
// crashes, servers that are not there, an outage, names in use.
func TestSilentChild(t *testing.T) {
	if os.Getenv(silentEnv) == "" {
		return // it has nothing to say by itself
	}
	ports := freePorts(4)
	start := func(name nodeid.Name, cookie string, b Bus) (*Node, error) {
		n, err := Start(t.Context(), Options{Name: name, Cookie: cookie, Bus: b, Sync: Sync{Mandatory: fulls("a", "b"), Timeout: time.Second}})
		if err == nil {
			t.Cleanup(func() { n.Close() })
		}
		return n, err
	}
	var nodes []*Node
	for _, node := range []struct {
		name   nodeid.Name
		cookie string
		bus    Bus
	}{
		{full("a"), testCookie, Bus{Ports: ports}},
		{full("b"), testCookie, Bus{Ports: ports}},
		{full("stranger"), otherCookie, Bus{Ports: ports}},
		{full("nowhere"), testCookie, Bus{URLs: []string{"nats://127.0.0.1:1"}}},
		{nodeid.Name("a@" + thisHost(t)), testCookie, Bus{Ports: ports}},
	} {
		n, err := start(node.name, node.cookie, node.bus)
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	var inUse *NameInUseError
	if _, err := start(full("a"), testCookie, Bus{Ports: ports}); !errors.As(err, &inUse) {
		t.Errorf("a second a: %v", err)
	}
	for _, n := range nodes {
		_ = n.Sync(t.Context()) // those who are alone miss the others
	}
	nodes[1].Register("crashes", func(context.Context, erlterm.Term) (erlterm.Term, error) { panic("at the disco") })
	if _, err := nodes[0].Call(t.Context(), Address{"crashes", full("b")}, erlterm.Atom("x")); err == nil {
		t.Error("no crash")
	}
	for _, n := range nodes {
		n.Close()
	}
}

// TestSecondOfANameDoesNotStart: on a mesh of which one server is dialled, whose route
// is told just before the bus is settled.
func TestSecondOfANameDoesNotStart(t *testing.T) {
	ports := freePorts(4)
	var log *logtest.Buffer // of the node that was started last
	start := func(alive string) error {
		log = &logtest.Buffer{}
		n, err := Start(t.Context(), Options{
			Name: full(alive), Cookie: testCookie, Bus: Bus{Ports: ports},
			Logger: hclog.New(&hclog.LoggerOptions{Output: log, Level: hclog.Debug}),
		})
		if err == nil {
			t.Cleanup(func() { n.Close() })
		}
		return err
	}
	for _, alive := range []string{"a", "b"} {
		if err := start(alive); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		began := time.Now()
		var inUse *NameInUseError
		if err := start("b"); !errors.As(err, &inUse) {
			t.Fatalf("attempt %d: the second b, begun at %s, has started after %s: %v\n%s", i, began.UTC().Format("05.000"), time.Since(began), err, log)
		}
	}
}

func thisHost(t *testing.T) string {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	return host
}
