package membership

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

var (
	swarmSizes = flag.String("swarm", "10,60", "numbers of nodes of TestSwarm, with commas")
	swarmJSON  = flag.String("swarm-json", "", "a file that TestSwarm appends its figures to, a line of JSON for each number of nodes")
	external   = flag.Bool("external", false, "TestSwarm's nodes meet on an external bus: no route, no listener")
)

const (
	wholeMost = 3000 // nodes of a mesh that forms by itself: 9 million entries
	wholeOf   = 200  // of a larger one, those that are whole
	tipsMost  = 8    // reach a node for one death
)

// TestSwarm lets meshes of several sizes form, idle, and lose nodes, one at a
// time. What a node sends while nothing happens is the same in all of them, and
// so is how long a death stays unseen. Larger ones by command:
//
//	go test ./syncnodes/membership -run TestSwarm -timeout 1h -v -args -swarm 10,100,1000,10000
//
// A mesh of more than 3,000 nodes is injected as it is when it has formed, and
// 200 of its nodes are whole; the others answer from one table.
func TestSwarm(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	var least, most float64
	for size := range strings.SplitSeq(*swarmSizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			t.Fatal(err)
		}
		found := newSwarm(t, n).run()
		found.write(t)
		idle := found.Messages
		if least == 0 {
			least, most = idle, idle
		}
		least, most = min(least, idle), max(most, idle)
		runtime.GC()
	}
	if most > 1.2*least {
		t.Errorf("an idle node sends %.2f to %.2f messages a second, by the number of nodes: more than 20 %% apart", least, most)
	}
}

// swarmFigures are what was seen of a swarm: times in seconds of virtual time.
type swarmFigures struct {
	Nodes      int     `json:"nodes"`
	FullView   float64 `json:"full_view"` // 0 where the mesh was injected
	Messages   float64 `json:"messages"`  // that an idle node sends in a second
	Bytes      float64 `json:"bytes"`
	Entry      float64 `json:"entry"` // bytes of memory for each peer of each node
	KillMedian float64 `json:"kill_median"`
	KillLast   float64 `json:"kill_last"`
	HangMedian float64 `json:"hang_median"`
	HangLast   float64 `json:"hang_last"`
}

// write appends the figures to the file that the flag names, if any.
func (f swarmFigures) write(t *testing.T) {
	if *swarmJSON == "" {
		return
	}
	line, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(*swarmJSON, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

// swarm is a large mesh, and those of its nodes that are whole.
type swarm struct {
	*world
	t       *testing.T
	size    int
	names   []nodeid.Name
	options simOptions
	whole   []*simNode
	started time.Time
}

func newSwarm(t *testing.T, size int) *swarm {
	s := &swarm{world: newWorld(t, 1), t: t, size: size, started: time.Now()}
	s.noLog, s.jitter = true, 2*time.Millisecond
	for i := range size {
		s.names = append(s.names, full(fmt.Sprintf("n%05d", i)))
	}
	s.options = simOptions{sync: s.names, external: *external}
	return s
}

// run gives what it saw of the swarm.
func (s *swarm) run() swarmFigures {
	found := swarmFigures{Nodes: s.size}
	if s.size <= wholeMost {
		found.FullView = s.form().Seconds()
	} else {
		s.inject()
	}
	found.Entry = s.checkMemory()
	found.Messages, found.Bytes = s.idle(30 * time.Second)
	s.t.Logf("%d nodes, idle: %.2f messages and %.0f bytes a node and second, each way", s.size, found.Messages, found.Bytes)
	promise := 250 * time.Millisecond
	if *external {
		promise = 1600 * time.Millisecond
	}
	found.KillMedian, found.KillLast = s.die("kill -9", promise, func(n *simNode) { s.kill(n) })
	found.HangMedian, found.HangLast = s.die("SIGSTOP", 4*time.Second, func(n *simNode) { s.pause(n) })
	s.storm(10 * time.Second)
	if s.falseDowns > 0 {
		s.t.Errorf("%d nodes: %d false verdicts", s.size, s.falseDowns)
	}
	for _, n := range s.whole[:min(10, len(s.whole))] {
		checkState(s.t, n.core)
	}
	s.t.Logf("%d nodes: %d false verdicts; %.0f s of virtual time in %.1f s", s.size, s.falseDowns, s.now.Seconds(), time.Since(s.started).Seconds())
	return found
}

// form starts all nodes within a second, waits for the full view, and tells when it was
// there.
func (s *swarm) form() time.Duration {
	for i, name := range s.names {
		s.at(time.Duration(i)*time.Second/time.Duration(s.size), func() {
			s.whole = append(s.whole, s.start(name, s.options))
		})
	}
	for !s.complete() && s.now < time.Minute {
		s.world.run(250 * time.Millisecond)
	}
	sent := 0
	for _, n := range s.sent {
		sent += n
	}
	s.t.Logf("%d nodes: full view at %s, %.0f messages a node; %.1f s of real time",
		s.size, s.now, float64(sent)/float64(s.size), time.Since(s.started).Seconds())
	if !s.complete() {
		s.t.Fatalf("%d nodes: no full view after %s", s.size, s.now)
	}
	full := s.now
	s.world.run(5 * time.Second)
	return full
}

func (s *swarm) complete() bool {
	return len(s.whole) == s.size && !slices.ContainsFunc(s.whole, func(n *simNode) bool { return len(n.core.byLink) < s.size-1 })
}

// idle counts what a node sends while nothing happens.
func (s *swarm) idle(d time.Duration) (messages, bytes float64) {
	s.sent, s.bytes = [KindsEnd]int{}, 0
	s.world.run(d)
	total := 0
	for kind, n := range s.sent {
		total += n
		if n > 0 && byte(kind) != kindProbe && byte(kind) != kindAnswer {
			s.t.Errorf("%d nodes: %d messages of kind %d while nothing happens", s.size, n, kind)
		}
	}
	nodeSeconds := d.Seconds() * float64(len(s.whole))
	return float64(total) / nodeSeconds, float64(s.bytes) / nodeSeconds
}

// die ends five nodes, one after the other, and tells when the others saw it, in seconds.
func (s *swarm) die(how string, promise time.Duration, end func(*simNode)) (median, last float64) {
	var seen []time.Duration
	s.sent, s.tipped = [KindsEnd]int{}, 0
	deaths := min(5, s.size/4)
	for range deaths {
		alive := slices.DeleteFunc(slices.Clone(s.whole), func(n *simNode) bool { return n.over() || n.paused })
		victim := alive[2+s.rand.IntN(len(alive)-2)] // in a part of the mesh, two neighbours are whole
		s.detections = nil
		end(victim)
		s.world.run(promise + time.Second)
		if s.stubs != nil {
			s.stubs.forget(victim.ref)
		}
		if len(s.detections) != len(alive)-1 {
			s.t.Errorf("%d nodes, %s: %d of %d saw it within %s", s.size, how, len(s.detections), len(alive)-1, promise+time.Second)
		}
		seen = append(seen, s.detections...)
	}
	slices.Sort(seen)
	at := func(part float64) time.Duration { return seen[int(part*float64(len(seen)-1))] }
	tips := float64(s.tipped) / float64(deaths*len(s.whole))
	s.t.Logf("%d nodes, %s: seen after %s (median), %s (p99), %s (last); %.1f tips to a node, and %.1f probes by it, for each",
		s.size, how, at(0.5), at(0.99), at(1), tips, float64(s.sent[kindProbe])/float64(deaths*len(s.whole)))
	if tips > tipsMost {
		s.t.Errorf("%d nodes, %s: %.1f tips to a node for each; whatever their number, %d are enough", s.size, how, tips, tipsMost)
	}
	if at(1) > promise {
		s.t.Errorf("%d nodes, %s: the last saw it after %s, promised are %s", s.size, how, at(1), promise)
	}
	return at(0.5).Seconds(), at(1).Seconds()
}

// storm loses, doubles and delays packets for a while, with one node in ten stalled
// again and again: nobody goes down by it.
func (s *swarm) storm(d time.Duration) {
	s.sent, s.tipped = [KindsEnd]int{}, 0
	latency, jitter := s.latency, s.jitter
	s.setLoss(0.01)
	s.dup, s.latency, s.jitter, s.tail = 0.05, 10*time.Millisecond, 20*time.Millisecond, 300*time.Millisecond
	for i, n := range s.whole {
		if i%10 == 0 && !n.over() && !n.paused {
			s.slowDown(n, 300*time.Millisecond)
		}
	}
	s.world.run(d)
	total := 0
	for _, n := range s.sent {
		total += n
	}
	nodeSeconds := d.Seconds() * float64(len(s.whole))
	s.t.Logf("%d nodes, 1 %% lost, 5 %% twice, up to 330 ms late, a tenth of them stalled: %.1f messages a node and second, %.2f tips to it",
		s.size, float64(total)/nodeSeconds, float64(s.tipped)/nodeSeconds)
	for _, n := range s.whole {
		s.slowDown(n, 0)
	}
	s.setLoss(0)
	s.dup, s.latency, s.jitter, s.tail = 0, latency, jitter, 0
	s.world.run(5 * time.Second)
}

// checkMemory holds what a peer costs against what a machine has, and gives its bytes.
func (s *swarm) checkMemory() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	entries := len(s.whole) * (s.size - 1)
	s.t.Logf("%d nodes: %d MiB, %d bytes for each of %d entries", s.size, m.HeapAlloc>>20, m.HeapAlloc/uint64(entries), entries)
	if s.size >= 1000 && m.HeapAlloc/uint64(entries) > 2000 {
		s.t.Errorf("%d nodes: %d bytes for each entry of a peer, the simulation's own included", s.size, m.HeapAlloc/uint64(entries))
	}
	return float64(m.HeapAlloc) / float64(entries)
}

// table is what all stubs know, and answer from.
type table struct {
	refs   []NodeRef // sorted
	digest uint64
}

func (b *table) forget(ref NodeRef) {
	b.refs = slices.DeleteFunc(b.refs, func(r NodeRef) bool { return r == ref })
	b.digest ^= digestOf(ref)
}

// answer is what a stub does with a message.
func (b *table) answer(w *world, s Send, from *simNode) {
	var m Message
	switch asked := s.Message.(type) {
	case Probe:
		m = Answer{Seq: asked.Seq, Digest: b.digest}
	case Pull:
		m = b.page(asked)
	default:
		return
	}
	w.sent[m.messageKind()]++
	w.bytes += len(AppendMessage(nil, m))
	w.at(w.now+w.delay(), func() { from.do(func() { from.core.Receive(s.Link, m, "", from.now()) }) })
}

func (b *table) page(pull Pull) Names {
	page := Names{Seq: pull.Seq}
	size := 0
	for _, ref := range b.refs {
		if ref.Node <= pull.After {
			continue
		}
		if size += refBytes(ref); size > PageBytes {
			page.More = true
			break
		}
		page.Nodes = append(page.Nodes, ref)
	}
	return page
}

// inject makes a mesh as it is when it has formed. The whole nodes are
// neighbours of each other.
func (s *swarm) inject() {
	s.stubs = &table{}
	nodes := make([]*simNode, s.size)
	for i, name := range s.names {
		if i < wholeOf {
			nodes[i] = s.add(name, s.options)
			s.whole = append(s.whole, nodes[i])
		} else {
			nodes[i] = s.addStub(name)
		}
		s.stubs.refs = append(s.stubs.refs, nodes[i].ref)
		s.stubs.digest ^= digestOf(nodes[i].ref)
	}
	for i, n := range s.whole {
		for _, o := range s.whole[i+1:] {
			id := s.link(n, o)
			n.core.Established(id, o.ref, o.info, true, s.now)
			o.core.Established(id, n.ref, n.info, false, s.now)
		}
	}
	for i, n := range s.whole { // in turn, so that their probes are not all under way at once
		s.at(time.Duration(i)*5*time.Millisecond, func() {
			n.do(func() {
				for _, o := range nodes[wholeOf:] {
					n.core.Established(s.link(n, o), o.ref, o.info, true, s.now)
				}
				n.core.Join(s.now)
			})
		})
	}
	s.world.run(10 * time.Second)
	s.t.Logf("%d nodes: injected, %d of them whole; %.1f s of real time", s.size, len(s.whole), time.Since(s.started).Seconds())
}

// addStub makes a node that is a name and an answer.
func (s *swarm) addStub(name nodeid.Name) *simNode {
	s.nextID++
	n := &simNode{w: s.world, stub: true, ref: NodeRef{Node: name}, info: Info{ConnectAll: true}}
	n.ref.Incarnation[15], n.ref.Incarnation[14], n.ref.Incarnation[13] = byte(s.nextID), byte(s.nextID>>8), byte(s.nextID>>16)
	s.byRef[n.ref] = n
	s.byName[name] = []*simNode{n}
	return n
}
