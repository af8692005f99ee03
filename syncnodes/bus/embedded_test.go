package bus

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats-server/v2/server"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus/bustest"
)

// pair opens two nodes that have a route to each other.
func pair(t *testing.T) (a, b Conn, aCfg, bCfg Config) {
	t.Helper()
	ports := freePorts(2)
	aCfg, bCfg = testConfig(t, "a@127.0.0.1", ports), testConfig(t, "b@127.0.0.1", ports)
	a, b = open(t, aCfg), open(t, bCfg)
	routesUp(t, a, bCfg.Node)
	routesUp(t, b, aCfg.Node)
	return a, b, aCfg, bCfg
}

func TestEmbeddedTraffic(t *testing.T) {
	t.Parallel()
	a, b, aCfg, bCfg := pair(t)
	testTraffic(t, a, b, aCfg, bCfg)
	if got, want := a.RouteAddr(), "127.0.0.1:"+strconv.Itoa(aCfg.Ports.Min); got != want {
		t.Errorf("RouteAddr() = %q, want the first port of the range, %q", got, want)
	}
	if s := a.Stats(); s.Kind != Embedded || s.Listen != a.RouteAddr() || s.Dropped != 0 || s.Malformed != 0 || s.Reconnects != 0 {
		t.Errorf("Stats() = %+v", s)
	}
	receiveClosed(t, a.Settled())
	receiveClosed(t, b.Settled())
}

// testTraffic sends each kind of packet from a to b and back.
func testTraffic(t *testing.T, a, b Conn, aCfg, bCfg Config) {
	t.Helper()
	stranger := newIncarnation(t)
	sends := []struct {
		name string
		send func(id uint64) error
		ch   <-chan Packet // where it arrives; nil: nobody is there
	}{
		{"name", func(id uint64) error { return a.SendName(bCfg.Node, id, []byte("name")) }, b.Names()},
		{"own name", func(id uint64) error { return a.SendName(aCfg.Node, id, []byte("own name")) }, a.Names()},
		{"frame", func(id uint64) error { return a.SendFrame(bCfg.Node, bCfg.Incarnation, id, []byte("frame")) }, b.Frames()},
		{"who", func(id uint64) error { return a.Who(id, []byte("who")) }, b.Whos()},
		{"nobody's name", func(id uint64) error { return a.SendName("nobody@127.0.0.1", id, []byte("x")) }, nil},
		{"another incarnation", func(id uint64) error { return a.SendFrame(bCfg.Node, stranger, id, []byte("x")) }, nil},
	}
	for i, s := range sends {
		t.Run(s.name, func(t *testing.T) {
			id := uint64(i + 1)
			if err := s.send(id); err != nil {
				t.Fatal(err)
			}
			if s.ch == nil {
				if r := receive(t, a.Replies(), "reply"); !r.NoResponders || r.ID != id || len(r.Data) != 0 {
					t.Errorf("reply %+v, want no responders for %d", r, id)
				}
				return
			}
			p := receive(t, s.ch, "packet")
			if string(p.Data) != s.name {
				t.Errorf("received %q, want %q", p.Data, s.name)
			}
			if err := b.Answer(p.ReplyTo, []byte("answer")); err != nil {
				t.Fatal(err)
			}
			if r := receive(t, a.Replies(), "reply"); r.NoResponders || r.ID != id || string(r.Data) != "answer" {
				t.Errorf("reply %+v, want an answer to %d", r, id)
			}
		})
	}
	t.Run("hello", func(t *testing.T) {
		if err := a.Hello([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		for _, c := range []Conn{a, b} {
			if p := receive(t, c.Hellos(), "hello"); string(p.Data) != "hello" || p.ReplyTo != "" {
				t.Errorf("received %+v, want a hello", p)
			}
		}
	})
	t.Run("no reply wanted", func(t *testing.T) {
		if err := a.SendName(bCfg.Node, 0, bytes.Repeat([]byte("x"), MaxPacket)); err != nil {
			t.Fatal(err)
		}
		if p := receive(t, b.Names(), "packet"); len(p.Data) != MaxPacket || p.ReplyTo != "" {
			t.Errorf("received %d bytes, reply to %q; want %d and none", len(p.Data), p.ReplyTo, MaxPacket)
		}
	})
}

func receiveClosed(t *testing.T, ch <-chan struct{}) {
	t.Helper()
	receive(t, ch, "end of the first round")
}

func TestSendRejects(t *testing.T) {
	t.Parallel()
	a, _, _, bCfg := pair(t)
	member := NewHub().Join("a@h", newIncarnation(t))
	long := make([]byte, MaxPacket+1)
	for _, c := range []Conn{a, member} {
		tests := []struct {
			name string
			err  error
			want string
		}{
			{"no name", c.SendName("", 0, nil), "sending to a name: no node"},
			{"long", c.SendFrame(bCfg.Node, bCfg.Incarnation, 0, long), "longer than"},
			{"long hello", c.Hello(long), "longer than"},
			{"long answer", c.Answer("interconnect.1.test.r."+bCfg.Incarnation.String()+".1", long), ""},
			{"reserved id", c.Who(MaxReplyID+1, nil), "reply id"},
			{"free subject", c.Answer("interconnect.1.test.hello", nil), "not the subject of a reply"},
			{"no subject", c.Answer("", nil), "not the subject of a reply"},
		}
		for _, tt := range tests {
			if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
				t.Errorf("%T: %s: error %v, want one with %q", c, tt.name, tt.err, tt.want)
			}
		}
	}
}

// TestForeignPackets publishes what no node of ours does.
func TestForeignPackets(t *testing.T) {
	t.Parallel()
	a, _, aCfg, _ := pair(t)
	c := a.(*client)
	subj := newSubjects(aCfg.Cluster)
	me := aCfg.Incarnation.String()
	tests := []struct {
		name, subject, reply string
		size                 int
	}{
		{"free reply subject", subj.name(aCfg.Node), "interconnect.1.test.hello", 1},
		{"reply of another cluster", subj.name(aCfg.Node), "interconnect.1.other.r." + me + ".1", 1},
		{"upper-case incarnation", subj.frame(aCfg.Node, aCfg.Incarnation), subj.prefix + "r." + strings.ToUpper(me) + ".1", 1},
		{"leading zero", subj.frame(aCfg.Node, aCfg.Incarnation), subj.prefix + "r." + me + ".01", 1},
		{"reply zero", subj.whos, subj.prefix + "r." + me + ".0", 1},
		{"not a number", subj.prefix + "r." + me + ".x", "", 1},
	}
	for i, tt := range tests {
		if err := c.publishAnyhow(tt.subject, tt.reply, make([]byte, tt.size)); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		bustest.Eventually(t, tt.name+" counted as malformed", func() bool { return a.Stats().Malformed == uint64(i+1) })
	}
	if n := len(a.Names()) + len(a.Frames()) + len(a.Whos()) + len(a.Replies()); n != 0 {
		t.Errorf("%d malformed packets were passed on", n)
	}
}

func TestFullChannelDrops(t *testing.T) {
	t.Parallel()
	a, b, _, bCfg := pair(t)
	const flood = whoRoom + 500
	for range flood {
		if err := a.Who(0, []byte("flood")); err != nil {
			t.Fatal(err)
		}
	}
	bustest.Eventually(t, "drops counted", func() bool { return b.Stats().Dropped >= flood-whoRoom })
	// The flood of one kind delays no other.
	if err := a.SendName(bCfg.Node, 0, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	receive(t, b.Names(), "packet beside a flood")
}

// TestPortRace starts six nodes at once where four ports are.
func TestPortRace(t *testing.T) {
	t.Parallel()
	const nodes = 6
	ports := freePorts(4)
	conns := make([]Conn, nodes)
	cfgs := make([]Config, nodes)
	for i := range nodes {
		cfgs[i] = testConfig(t, name(i), ports)
	}
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() {
			c, err := Open(t.Context(), cfgs[i])
			if err != nil {
				t.Errorf("node %d: %v", i, err)
				return
			}
			conns[i] = c
		})
	}
	wg.Wait()
	holders := map[int]int{}
	for i, c := range conns {
		if c == nil {
			t.FailNow()
		}
		t.Cleanup(func() { c.Close() })
		_, port, err := net.SplitHostPort(c.RouteAddr())
		if err != nil {
			t.Fatalf("node %d: %v", i, err)
		}
		n, _ := strconv.Atoi(port)
		holders[n]++
	}
	for port := ports.Min; port <= ports.Max; port++ {
		if holders[port] != 1 {
			t.Errorf("port %d of the range has %d holders, want 1 (%v)", port, holders[port], holders)
		}
	}
	if len(holders) != nodes {
		t.Errorf("%d ports for %d nodes: %v", len(holders), nodes, holders)
	}
	for i, c := range conns {
		var others []nodeid.Name
		for j := range nodes {
			if j != i {
				others = append(others, name(j))
			}
		}
		routesUp(t, c, others...)
		receiveClosed(t, c.Settled())
	}
}

// TestNewcomerIsMetAtOnce: a newcomer on a port of the range is met by those
// who listen elsewhere through gossip, not at their next redial a second later.
func TestNewcomerIsMetAtOnce(t *testing.T) {
	t.Parallel()
	var took time.Duration
	for range 3 {
		ports := freePorts(2)
		conns := make([]Conn, 4)
		for i := range conns {
			conns[i] = open(t, testConfig(t, name(i), ports))
		}
		for i, c := range conns[1:] {
			routesUp(t, c, name(0), name((i+1)%3+1))
		}
		conns[0].Close()
		for _, c := range conns[1:] {
			if ev := event(t, c, RouteDown); ev.Node != name(0) {
				t.Fatalf("route down: %s, want %s", ev.Node, name(0))
			}
		}
		start := time.Now()
		newcomer := open(t, testConfig(t, "new@127.0.0.1", ports))
		if got, want := newcomer.RouteAddr(), fmt.Sprintf("127.0.0.1:%d", ports.Min); got != want {
			t.Fatalf("the newcomer listens on %s, want %s", got, want)
		}
		for _, c := range conns[1:] {
			routesUp(t, c, "new@127.0.0.1")
		}
		if took = time.Since(start); took < 500*time.Millisecond {
			t.Logf("met after %s", took)
			return
		}
		for _, c := range append(conns, newcomer) {
			c.Close()
		}
	}
	t.Errorf("met after %s, want less than a redial", took)
}

// TestStrangerHoldsThePort: who listens outside the range finds the mesh even
// where the lowest port leads nowhere.
func TestStrangerHoldsThePort(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		serve func(net.Conn)
	}{
		{"hangs up", func(conn net.Conn) { conn.Close() }},
		{"says nothing", func(net.Conn) {}},
		{"speaks otherwise", func(conn net.Conn) { fmt.Fprint(conn, "220 mail.example ESMTP\r\n") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ports := freePorts(2)
			stranger, err := net.Listen("tcp", hostPort(loopback, ports.Min))
			if err != nil {
				t.Skip("somebody took the port")
			}
			defer stranger.Close()
			var served sync.WaitGroup
			served.Go(func() {
				for {
					conn, err := stranger.Accept()
					if err != nil {
						return
					}
					defer conn.Close()
					tt.serve(conn)
				}
			})
			defer served.Wait()
			defer stranger.Close()
			a := open(t, testConfig(t, "a@127.0.0.1", ports))
			b := open(t, testConfig(t, "b@127.0.0.1", ports))
			routesUp(t, a, "b@127.0.0.1")
			routesUp(t, b, "a@127.0.0.1")
		})
	}
}

// TestStrangerHoldsTheSecondPort: who has got the lowest port, and finds a stranger on
// the next, meets the others at once, not at their next redial.
func TestStrangerHoldsTheSecondPort(t *testing.T) {
	t.Parallel()
	var took time.Duration
	for range 3 {
		ports := freePorts(4)
		other := testConfig(t, "stranger@127.0.0.1", PortRange{Min: ports.Min + 1, Max: ports.Min + 1})
		other.Cluster = "other"
		stranger := open(t, other)
		first := open(t, testConfig(t, name(0), ports))
		second := open(t, testConfig(t, name(1), ports))
		routesUp(t, second, name(0))
		first.Close()
		event(t, second, RouteDown)
		start := time.Now()
		newcomer := open(t, testConfig(t, name(2), ports))
		routesUp(t, newcomer, name(1))
		if took = time.Since(start); took < 200*time.Millisecond {
			t.Logf("met after %s", took)
			return
		}
		for _, c := range []Conn{stranger, second, newcomer} {
			c.Close()
		}
	}
	t.Errorf("met after %s, want less than a redial", took)
}

// TestRouteUpMeansReachable: what is sent on RouteUp arrives.
func TestRouteUpMeansReachable(t *testing.T) {
	t.Parallel()
	ports := freePorts(2)
	a := open(t, testConfig(t, "a@127.0.0.1", ports))
	for i := range 10 {
		bCfg := testConfig(t, nodeid.Name(fmt.Sprintf("b%d@127.0.0.1", i)), ports)
		b := open(t, bCfg)
		ev := event(t, a, RouteUp)
		if ev.Node != bCfg.Node || ev.Incarnation != bCfg.Incarnation {
			t.Fatalf("route up: %s %s, want %s %s", ev.Node, ev.Incarnation, bCfg.Node, bCfg.Incarnation)
		}
		if err := a.SendFrame(ev.Node, ev.Incarnation, 1, []byte("at once")); err != nil {
			t.Fatal(err)
		}
		receive(t, b.Frames(), "frame sent on RouteUp")
		b.Close()
		event(t, a, RouteDown)
	}
}

func TestClientPortLetsNobodyIn(t *testing.T) {
	t.Parallel()
	a, _, _, _ := pair(t)
	addr := a.(*client).mesh.srv.Addr().(*net.TCPAddr)
	if !addr.IP.IsLoopback() {
		t.Errorf("the client port is bound to %s, want loopback", addr.IP)
	}
	for _, login := range []string{`{}`, `{"user":"interconnect","pass":"loopback"}`} {
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprintf(conn, "CONNECT %s\r\nSUB > 1\r\nPING\r\n", login)
		lines := bufio.NewScanner(conn)
		var last string
		for lines.Scan() {
			last = lines.Text()
			if last == "PONG" {
				t.Fatalf("login %s: let in", login)
			}
		}
		if !strings.Contains(last, "Authorization Violation") {
			t.Errorf("login %s: last line %q, want an authorisation violation", login, last)
		}
	}
}

// TestStrangersServer: a nats-server without our pair of words does not join.
func TestStrangersServer(t *testing.T) {
	t.Parallel()
	a, _, aCfg, _ := pair(t)
	urls := routeURLs([]string{hostPort(loopback, aCfg.Ports.Min)})
	urls[0].User = nil
	stranger, err := server.NewServer(&server.Options{
		Host: loopback, Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		Cluster: server.ClusterOpts{Name: aCfg.Cluster, Host: loopback, Port: server.RANDOM_PORT},
		Routes:  urls,
	})
	if err != nil {
		t.Fatal(err)
	}
	log := newServerLog(hclog.NewNullLogger(), &ownHost{}, nil)
	stranger.SetLoggerV2(log, true, false, false)
	stranger.Start()
	defer stranger.WaitForShutdown()
	defer stranger.Shutdown()
	bustest.Eventually(t, "the stranger's route is closed", func() bool {
		return log.stillThere(func(string) bool { return true })
	})
	if n := a.(*client).mesh.srv.NumRoutes(); n != 1 {
		t.Errorf("%d routes, want none but the one to b", n)
	}
}

// TestEmbeddedClientComesBack: the server may close the pipe after a standstill.
func TestEmbeddedClientComesBack(t *testing.T) {
	t.Parallel()
	a, b, aCfg, _ := pair(t)
	srv := a.(*client).mesh.srv
	conns, err := srv.Connz(nil)
	if err != nil || len(conns.Conns) != 1 {
		t.Fatalf("connections of the server: %+v, %v; want one", conns, err)
	}
	if err := srv.DisconnectClientByID(conns.Conns[0].Cid); err != nil {
		t.Fatal(err)
	}
	if ev := event(t, a, Lost); ev.Err == nil {
		t.Error("Lost without an error")
	}
	event(t, a, Back)
	if got := a.Stats().Reconnects; got != 1 {
		t.Errorf("%d reconnects, want 1", got)
	}
	// b's server learns of the new subscriptions some milliseconds later.
	bustest.Eventually(t, "a packet after the reconnect", func() bool {
		if err := b.SendName(aCfg.Node, 0, []byte("again")); err != nil {
			t.Fatal(err)
		}
		return len(a.Names()) > 0
	})
}

func TestEmbeddedClose(t *testing.T) {
	ports := freePorts(2)
	noNewGoroutines(t, func() {
		a, b := open(t, testConfig(t, "a@127.0.0.1", ports)), open(t, testConfig(t, "b@127.0.0.1", ports))
		routesUp(t, a, "b@127.0.0.1")
		for range 2 {
			if err := b.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
		}
		if ev := event(t, a, RouteDown); ev.Node != "b@127.0.0.1" {
			t.Errorf("route down: %s, want b", ev.Node)
		}
		if err := b.Hello(nil); !errors.Is(err, ErrClosed) {
			t.Errorf("a send after Close: %v, want ErrClosed", err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
		a.Stats()
	})
	if !free(loopback, ports.Min) || !free(loopback, ports.Max) {
		t.Error("a port is still held after Close")
	}
}

func TestEmbeddedLog(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		node  nodeid.Name
		taken bool // all ports of the range
		want  []string
	}{
		{"loopback", "a@127.0.0.1", false, nil},
		{"no free port", "a@127.0.0.1", true, []string{"all ports of the range are taken"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(t, tt.node, freePorts(2))
			if tt.taken {
				for port := cfg.Ports.Min; port <= cfg.Ports.Max; port++ {
					l, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
					if err != nil {
						t.Skip("somebody took the port")
					}
					defer l.Close()
				}
			}
			log, lines := logTo(hclog.Info)
			cfg.Logger = log
			c := open(t, cfg)
			event(t, c, Connected)
			c.Close()
			got := lines.String()
			if !contains(got, tt.want...) || strings.Count(got, "\n") != len(tt.want) {
				t.Errorf("at info and above:\n%swant lines with %q and no more", got, tt.want)
			}
		})
	}
}

// TestSettledHasTheRoute: a look between the end of a dial and the word of it does not
// take the bus for settled without the route, nor the node for alone.
func TestSettledHasTheRoute(t *testing.T) {
	t.Parallel()
	ports := freePorts(2)
	open(t, testConfig(t, "a@127.0.0.1", ports))
	m, err := startMesh(t.Context(), testConfig(t, "b@127.0.0.1", ports))
	if err != nil {
		t.Fatal(err)
	}
	defer m.stop()
	bustest.Eventually(t, "the dial ends", m.log.firstRoundOver)
	if _, _, settled := m.look(time.Now(), false); settled && m.alone() {
		t.Error("settled without the route that was dialled")
	}
}
