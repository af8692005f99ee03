package syncnodes

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"interconnectd/syncnodes/bus/bustest"
)

var crowdSize = flag.Int("crowd", 20, "how many nodes TestCrowd starts in one process")

// idleFor is how long the idle crowd is measured.
const idleFor = 5 * time.Second

// TestCrowd starts many nodes at once, all in this process and on one external
// server: the time until each sees all others, and what they cost when idle. Its
// words, for figures that mean something:
//
//	go test ./syncnodes -run TestCrowd -v -args -crowd 200
func TestCrowd(t *testing.T) {
	if *crowdSize < 100 {
		t.Parallel()
	}
	server := bustest.NewServer(t)
	server.Start(t)
	size := *crowdSize
	var request time.Duration
	if size >= 100 {
		request = bareRequest(t, server.URL(), time.Second/time.Duration(idleRequests*size)) // while nobody else is in this process
	}
	var names []string
	for i := range size {
		names = append(names, fmt.Sprintf("n%03d", i))
	}
	began, before := time.Now(), cpuTime(t)
	nodes := make([]*Node, size)
	var group sync.WaitGroup
	for i := range nodes {
		group.Go(func() {
			n, err := Start(t.Context(), Options{
				Name: full(names[i]), Cookie: testCookie,
				Sync: Sync{Optional: fulls(names...), Timeout: Infinity},
				Bus:  Bus{Cluster: "test", URLs: []string{server.URL()}},
			})
			if err != nil {
				t.Error(err)
				return
			}
			nodes[i] = n
		})
	}
	group.Wait()
	t.Cleanup(func() {
		var group sync.WaitGroup
		for _, n := range nodes {
			if n != nil {
				group.Go(func() { n.Close() })
			}
		}
		group.Wait()
	})
	if t.Failed() {
		return
	}
	started := time.Since(began)
	for _, n := range nodes {
		if err := n.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	full := time.Since(began)
	t.Logf("%d nodes: all started after %v, full view after %v and %v of processor time, %d goroutines",
		size, started.Round(time.Millisecond), full.Round(time.Millisecond), (cpuTime(t) - before).Round(time.Millisecond), runtime.NumGoroutine())

	idle := cpuTime(t)
	time.Sleep(idleFor) // what is measured
	perNode := float64(cpuTime(t)-idle) / float64(idleFor) / float64(size) * 100
	t.Logf("%d nodes, idle: %.3f %% of a core each", size, perNode)
	if size >= 100 {
		// Beside what NATS itself takes here for as many requests: machines differ.
		bare := request.Seconds() * idleRequests * 100
		t.Logf("%d nodes, idle: %.1f times what bare requests cost, %.3f %%", size, perNode/bare, bare)
		if full > fullWithin || perNode > idleMost*bare {
			t.Errorf("want a full view within %s, and %.1f times the bare requests at most", fullWithin, idleMost)
		}
	}
	for _, n := range nodes {
		s, err := n.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range s.Peers {
			if !p.State.Linked() {
				t.Errorf("%s has %s %s %s", n.Self(), p.Node, p.State, p.Detail)
			}
		}
	}
}

// fullWithin is how long all may take to see each other. Where processors are slow they take
// ten times as long as where they are not: who is late is asked again.
const fullWithin = time.Minute

// idleRequests are those of an idle node in a second: two neighbours and itself each
// interval, and one further peer.
const idleRequests = 13

// idleMost is what an idle node may cost, in bare requests: each probe is sealed and opened
// twice, watched, and answered by a loop that has other things to do.
const idleMost = 1.5

// bareRequest is what a request and its answer take of this process's time, both ends in
// it, where one is sent each interval: one right after the other they take less, since
// nobody has to be woken.
func bareRequest(t *testing.T, url string, interval time.Duration) time.Duration {
	t.Helper()
	asks, answers := dial(t, url), dial(t, url)
	if _, err := answers.Subscribe("bare", func(m *nats.Msg) { _ = m.Respond(m.Data) }); err != nil {
		t.Fatal(err)
	}
	if err := answers.Flush(); err != nil {
		t.Fatal(err)
	}
	const count = 2000
	data := make([]byte, 100)
	each := time.NewTicker(interval)
	defer each.Stop()
	before := cpuTime(t)
	for range count {
		<-each.C
		if _, err := asks.Request("bare", data, patience); err != nil {
			t.Fatal(err)
		}
	}
	return (cpuTime(t) - before) / count
}

func dial(t *testing.T, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// cpuTime is what this process has used so far.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
