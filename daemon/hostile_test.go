package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/membership"
)

var (
	hostileFor  = flag.Duration("hostile", 4*time.Second, "how long TestHostileBus floods the bus")
	hostileRate = flag.Int("hostile-rate", 2000, "how many packets a second it sends")
)

// TestHostileBus has somebody on the bus who hears all and has no cookie. He
// replays, reorders, truncates and changes what he hears, forges names and
// incarnations, floods hellos, handshakes and frames, and answers each request
// first, with `no responders` and with garbage. No event comes of it, calls are
// answered, and a daemon that is killed meanwhile is told down in time. By its words
// for a minute, with figures:
//
//	go test ./daemon -run TestHostileBus -v -args -alone -hostile 1m -hostile-rate 5000
func TestHostileBus(t *testing.T) {
	if !*alone {
		t.Parallel()
	}
	server := bustest.NewServer(t)
	server.Start(t)
	tr := newTrio(t)
	tr.meetOn(server)
	nodes := []string{"a", "b", "c"}
	for _, node := range nodes {
		tr.start(node)
	}
	for _, node := range nodes {
		tr.await(node, `--- Node up`, 2)
	}
	a := tr.site.client(t, "a@127.0.0.1")
	before, pid := statusOf(t, a), tr.running["a"].cmd.Process.Pid
	// What the start needed has gone back by then.
	time.Sleep(settleAfter + time.Second)
	size, used, began := residentKiB(t, pid), processorTime(t, pid), time.Now()

	h := newHostile(t, server.URL())
	h.attack(*hostileFor, *hostileRate, func() {
		if answer, err := a.Call(t.Context(), control.Call{Process: "PingPong", Node: "b@127.0.0.1", Request: "ping", Timeout: control.Duration(patience)}); err != nil || answer != "pong" {
			t.Errorf("a call in the midst of it: %v, %v", answer, err)
		}
	}, nil)
	after, grown := statusOf(t, a), residentKiB(t, pid)-size
	took, spent := time.Since(began), processorTime(t, pid)-used
	bad := dropped(after) - dropped(before)
	t.Logf("%d packets sent and %d answers forged in %v; a dropped %d: %v", h.sent, h.forged.Load(), took.Round(time.Millisecond), bad, after.Dropped)
	t.Logf("a used %.1f %% of a core, %.1f µs for each that it dropped; it grew by %d KiB", 100*spent.Seconds()/took.Seconds(), float64(spent.Microseconds())/float64(max(1, bad)), grown)
	if bad == 0 {
		t.Error("nothing bad has arrived")
	}
	if grown > 16<<10 && !raceEnabled {
		t.Errorf("a grew by %d KiB, want less than 16 MiB", grown)
	}
	for _, node := range nodes {
		if lines := tr.await(node, `--- Node`, 2); len(lines) != 2 {
			t.Errorf("%s tells of events that nothing but the flood can be the cause of:\n%s", node, strings.Join(lines, "\n"))
		}
	}

	killed := time.Now()
	told, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		h.attack(patience, *hostileRate, func() {}, told)
	}()
	defer func() {
		close(told)
		<-ended
	}()
	if err := tr.running["c"].signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	most := 4 * time.Second
	if !*alone {
		most += bounds().down
	}
	for _, node := range []string{"a", "b"} {
		checkEvent(t, tr, node, "down", "c", 3, killed, most)
	}
}

func statusOf(t *testing.T, c *control.Client) control.Status {
	t.Helper()
	s, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dropped is how many packets had no effect.
func dropped(s control.Status) (sum uint64) {
	for _, n := range s.Dropped {
		sum += n
	}
	return sum
}

// processorTime is what a process has used so far.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may have blanks
	fields := strings.Fields(rest)
	ticks := 0
	for _, field := range fields[11:13] { // utime and stime, in hundredths
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// hostile is somebody on the bus who has no cookie.
type hostile struct {
	nc     *nats.Conn
	sent   int // owned by attack
	forged atomic.Int64

	mu    sync.Mutex
	heard []*nats.Msg // some of what he heard
}

// remembered is how much he keeps.
const remembered = 2000

func newHostile(t *testing.T, url string) *hostile {
	t.Helper()
	h := &hostile{}
	var err error
	h.nc, err = nats.Connect(url, nats.NoEcho(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.nc.Close)
	if _, err := h.nc.Subscribe(">", h.hear); err != nil {
		t.Fatal(err)
	}
	if err := h.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return h
}

// hear answers each request before its addressee can, and remembers it.
func (h *hostile) hear(msg *nats.Msg) {
	if msg.Reply != "" {
		_ = h.nc.PublishMsg(&nats.Msg{Subject: msg.Reply, Header: nats.Header{"Status": {"503"}}})
		_ = h.nc.Publish(msg.Reply, changed(msg.Data))
		h.forged.Add(2)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.heard) < remembered {
		h.heard = append(h.heard, msg)
	} else {
		h.heard[rand.IntN(remembered)] = msg // old ones among them, for replays
	}
}

func (h *hostile) any() *nats.Msg {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.heard) == 0 {
		return nil
	}
	return h.heard[rand.IntN(len(h.heard))]
}

// attack sends so many packets a second, for a time or until stop is closed, and
// calls meanwhile once a second.
func (h *hostile) attack(d time.Duration, rate int, meanwhile func(), stop <-chan struct{}) {
	const beat = 10 * time.Millisecond
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	until, next := time.Now().Add(d), time.Now().Add(time.Second)
	for {
		var now time.Time
		select {
		case now = <-ticker.C:
		case <-stop:
			return
		}
		for range rate * int(beat) / int(time.Second) {
			h.strike()
		}
		if now.After(next) {
			next = now.Add(time.Second)
			meanwhile()
		}
		if now.After(until) {
			return
		}
	}
}

// strike sends one bad packet.
func (h *hostile) strike() {
	msg := h.any()
	if msg == nil {
		return
	}
	h.sent++
	subject, reply, data := msg.Subject, msg.Reply, msg.Data
	switch rand.IntN(6) {
	case 0: // again, and out of its order
	case 1:
		data = data[:rand.IntN(len(data)+1)]
	case 2:
		data = changed(data)
	case 3: // to another
		if other := h.any(); other != nil {
			subject = other.Subject
		}
	case 4: // a hello of somebody, or of nobody
		name := nodeid.Name([]string{"a@127.0.0.1", "b@127.0.0.1", "x@127.0.0.1", fmt.Sprintf("n%d@127.0.0.1", rand.IntN(1e6))}[rand.IntN(4)])
		var inc nodeid.Incarnation
		for i := range inc {
			inc[i] = byte(rand.IntN(256))
		}
		subject, reply, data = "interconnect.1.default.hello", "", membership.AppendRef(nil, membership.NodeRef{Node: name, Incarnation: inc})
	default: // noise of a plausible kind and length
		data = make([]byte, 1+rand.IntN(300))
		for i := range data {
			data[i] = byte(rand.IntN(256))
		}
		if len(msg.Data) > 0 {
			data[0] = msg.Data[0]
		}
	}
	if reply == "" {
		_ = h.nc.Publish(subject, data)
	} else {
		_ = h.nc.PublishRequest(subject, reply, data)
	}
}

// changed is data with one bit flipped.
func changed(data []byte) []byte {
	if len(data) == 0 {
		return []byte{byte(rand.IntN(256))}
	}
	other := append([]byte(nil), data...)
	other[rand.IntN(len(other))] ^= 1 << rand.IntN(8)
	return other
}
