package bus

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"

	"interconnectd/syncnodes/bus/bustest"
)

// startNATS runs a nats-server for the test.
func startNATS(t *testing.T, args ...string) *bustest.Server {
	t.Helper()
	s := bustest.NewServer(t, args...)
	s.Start(t)
	return s
}

// configOn is the config of a node that meets others on s.
func configOn(t *testing.T, s *bustest.Server, node int) Config {
	t.Helper()
	cfg := testConfig(t, name(node), PortRange{})
	cfg.URLs = []string{s.URL()}
	return cfg
}

func TestExternalTraffic(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	aCfg, bCfg := configOn(t, s, 0), configOn(t, s, 1)
	a, b := open(t, aCfg), open(t, bCfg)
	for _, c := range []Conn{a, b} {
		if ev := receive(t, c.Events(), "event"); ev.Kind != Connected {
			t.Fatalf("first event %s, want %s", ev.Kind, Connected)
		}
		receiveClosed(t, c.Settled())
	}
	testTraffic(t, a, b, aCfg, bCfg)
	if s := a.Stats(); s.Kind != External || a.RouteAddr() != "" || s.Dropped != 0 || s.NoVerdicts {
		t.Errorf("Stats() = %+v, RouteAddr() = %q", s, a.RouteAddr())
	}
	t.Run("packets too long for us", func(t *testing.T) {
		stranger, err := nats.Connect(aCfg.URLs[0])
		if err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		subj := newSubjects(aCfg.Cluster)
		for i, subject := range []string{subj.name(aCfg.Node), subj.reply(aCfg.Incarnation, 1)} {
			if err := stranger.Publish(subject, make([]byte, MaxPacket+1)); err != nil {
				t.Fatal(err)
			}
			bustest.Eventually(t, "long packet counted", func() bool { return a.Stats().Malformed == uint64(i+1) })
		}
	})
}

// TestServerKilledAndBack: what was sent meanwhile was an error, and does not
// come later.
func TestServerKilledAndBack(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	aCfg, bCfg := configOn(t, s, 0), configOn(t, s, 1)
	a, b := open(t, aCfg), open(t, bCfg)
	event(t, a, Connected)
	event(t, b, Connected)
	s.Kill(t)
	if ev := event(t, a, Lost); ev.Err == nil {
		t.Error("Lost without an error")
	}
	event(t, b, Lost)
	for range 10 {
		if err := a.SendName(bCfg.Node, 1, []byte("stale")); !errors.Is(err, ErrLost) {
			t.Fatalf("a send on a lost bus: %v, want ErrLost", err)
		}
	}
	s.Start(t)
	start := time.Now()
	event(t, a, Back)
	event(t, b, Back)
	t.Logf("back %s after the server", time.Since(start))
	if err := a.SendName(bCfg.Node, 2, []byte("fresh")); err != nil {
		t.Fatal(err)
	}
	if p := receive(t, b.Names(), "packet after the reconnect"); string(p.Data) != "fresh" {
		t.Errorf("received %q, want %q", p.Data, "fresh")
	}
	if got := a.Stats().Reconnects; got != 1 {
		t.Errorf("%d reconnects, want 1", got)
	}
}

func TestServerNotThereAtStart(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	cfg := configOn(t, s, 0)
	log, lines := logTo(hclog.Info)
	cfg.Logger = log
	cfg.URLs = append(cfg.URLs, "nats://someone:secret@"+s.Addr())
	start := time.Now()
	c := open(t, cfg)
	if took := time.Since(start); took > time.Second {
		t.Errorf("Open() took %s without a server", took)
	}
	if err := c.Hello(nil); !errors.Is(err, ErrLost) {
		t.Errorf("a send before the first connection: %v, want ErrLost", err)
	}
	bustest.Eventually(t, "some attempts", func() bool { return contains(lines.String(), "no connection to a NATS server", s.Addr()) })
	s.Start(t)
	if ev := receive(t, c.Events(), "event"); ev.Kind != Connected {
		t.Errorf("first event %s, want %s", ev.Kind, Connected)
	}
	receiveClosed(t, c.Settled())
	if err := c.SendName(cfg.Node, 0, nil); err != nil {
		t.Fatal(err)
	}
	receive(t, c.Names(), "packet to oneself")
	if got := lines.String(); strings.Count(got, "[WARN]") != 1 || !contains(got, "connected to a NATS server") || contains(got, "secret") {
		t.Errorf("want one warning, one line when connected, no password; got:\n%s", got)
	}
}

// TestServerStopped: a frozen server is noticed by the echo, and what is sent
// meanwhile does not wait in its socket.
func TestServerStopped(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	cfg := configOn(t, s, 0)
	c := open(t, cfg)
	event(t, c, Connected)
	s.Signal(t, syscall.SIGSTOP)
	start := time.Now()
	ev := event(t, c, Lost)
	t.Logf("lost after %s, interval %s", time.Since(start), cfg.Interval)
	if !errors.Is(ev.Err, errSilent) {
		t.Errorf("Lost: %v, want %v", ev.Err, errSilent)
	}
	if err := c.SendName(cfg.Node, 0, []byte("stale")); !errors.Is(err, ErrLost) {
		t.Errorf("a send to a frozen server: %v, want ErrLost", err)
	}
	s.Signal(t, syscall.SIGCONT)
	event(t, c, Back)
	if err := c.SendName(cfg.Node, 0, []byte("fresh")); err != nil {
		t.Fatal(err)
	}
	if p := receive(t, c.Names(), "packet"); string(p.Data) != "fresh" {
		t.Errorf("received %q, want %q", p.Data, "fresh")
	}
}

// A shorter interval holds at once, however long the one under way is.
func TestShorterInterval(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	cfg := configOn(t, s, 0)
	interval := cfg.Interval
	cfg.Interval = time.Hour
	c := open(t, cfg)
	event(t, c, Connected)
	c.SetInterval(interval)
	s.Signal(t, syscall.SIGSTOP)
	if ev := event(t, c, Lost); !errors.Is(ev.Err, errSilent) {
		t.Errorf("Lost: %v, want %v", ev.Err, errSilent)
	}
	s.Signal(t, syscall.SIGCONT)
	event(t, c, Back)
}

func TestServerRefusesCredentials(t *testing.T) {
	t.Parallel()
	s := startNATS(t, "--user", "someone", "--pass", "secret")
	cfg := configOn(t, s, 0)
	log, lines := logTo(hclog.Info)
	cfg.Logger = log
	c := open(t, cfg)
	bustest.Eventually(t, "the refusal is told", func() bool { return contains(lines.String(), "lets nobody in without credentials") })
	// More attempts follow: one refusal is not the end.
	bustest.Eventually(t, "attempts go on", func() bool { return c.(*client).nc.Stats().Reconnects > 3 })
	if n := len(c.Events()); n != 0 {
		t.Errorf("event %+v, want none", <-c.Events())
	}
	if got := lines.String(); strings.Count(got, "\n") != 1 {
		t.Errorf("want one line, got:\n%s", got)
	}
}

func TestServerDeniesSubjects(t *testing.T) {
	t.Parallel()
	conf := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(conf, []byte(`authorization { users [ { user: u, password: p, permissions { subscribe: "elsewhere.>" } } ] }`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startNATS(t, "-c", conf)
	cfg := configOn(t, s, 0)
	cfg.URLs[0] = "nats://u:p@" + s.Addr()
	log, lines := logTo(hclog.Info)
	cfg.Logger = log
	c := open(t, cfg)
	bustest.Eventually(t, "the denial is told", func() bool {
		return contains(lines.String(), "does not let us use a subject that we need", `"interconnect.1.test.`)
	})
	if n := len(c.Events()); n != 0 {
		t.Errorf("event %+v, want none: the echo cannot come back", <-c.Events())
	}
}

// TestWildcardSubscriber: with somebody who subscribes to everything there is
// no `no responders`, and that is told once.
func TestWildcardSubscriber(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	cfg := configOn(t, s, 0)
	log, lines := logTo(hclog.Info)
	cfg.Logger = log
	reader, err := nats.Connect(cfg.URLs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := reader.Subscribe(">", func(*nats.Msg) {}); err != nil {
		t.Fatal(err)
	}
	if err := reader.Flush(); err != nil {
		t.Fatal(err)
	}
	c := open(t, cfg)
	bustest.Eventually(t, "NoVerdicts", func() bool { return c.Stats().NoVerdicts })
	bustest.Eventually(t, "the warning", func() bool { return strings.Count(lines.String(), "[WARN]") == 1 })
}

// TestExternalClose closes in each state of the connection.
func TestExternalClose(t *testing.T) {
	running := func(t *testing.T, s *bustest.Server) { s.Start(t) }
	tests := []struct {
		name    string
		prepare func(t *testing.T, s *bustest.Server)
		before  func(t *testing.T, c Conn, s *bustest.Server)
	}{
		{"connected", running, func(t *testing.T, c Conn, _ *bustest.Server) { event(t, c, Connected) }},
		{"no server", func(*testing.T, *bustest.Server) {}, func(*testing.T, Conn, *bustest.Server) {}},
		{"frozen from the start", func(t *testing.T, s *bustest.Server) { s.Start(t); s.Signal(t, syscall.SIGSTOP) }, func(*testing.T, Conn, *bustest.Server) {}},
		{"frozen", running, func(t *testing.T, c Conn, s *bustest.Server) {
			event(t, c, Connected)
			s.Signal(t, syscall.SIGSTOP)
			event(t, c, Lost)
		}},
		{"killed", running, func(t *testing.T, c Conn, s *bustest.Server) {
			event(t, c, Connected)
			s.Kill(t)
			event(t, c, Lost)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := bustest.NewServer(t)
			tt.prepare(t, s)
			noNewGoroutines(t, func() {
				c := open(t, configOn(t, s, 0))
				tt.before(t, c, s)
				start := time.Now()
				for range 2 {
					if err := c.Close(); err != nil {
						t.Errorf("Close() = %v", err)
					}
				}
				if took := time.Since(start); took > 1500*time.Millisecond {
					t.Errorf("Close() took %s", took)
				}
				if err := c.Hello(nil); !errors.Is(err, ErrClosed) {
					t.Errorf("a send after Close: %v, want ErrClosed", err)
				}
			})
		})
	}
}

// TestReasonsAreCountedWithoutPorts: a server that breaks connections off, each on
// another port of ours, is one reason, and leaves room for the one that matters.
func TestReasonsAreCountedWithoutPorts(t *testing.T) {
	log, lines := logTo(hclog.Info)
	w := worries{log: log, servers: "nats://h:4222"}
	for port := range 10 * reasonsMost {
		w.complain(&net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 40000 + port}, Err: syscall.ECONNRESET})
	}
	w.complain(errors.New("remote error: tls: certificate required"))
	if got := lines.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "wants a certificate of us") {
		t.Errorf("told:\n%s\nwant one line about the resets, and one about the certificate", got)
	}
}
