package syncnodes

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

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
	if size >= 100 && (full > 20*time.Second || perNode > 0.2) {
		t.Error("want a full view within 20 s, and 0.2 % of a core at most")
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

// cpuTime is what this process has used so far.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
