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

// lend makes a connection as a program has one, to be lent; it reconnects soon.
func lend(t *testing.T, url string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, append([]nats.Option{
		nats.ReconnectWait(20 * time.Millisecond), nats.ReconnectJitter(0, 0), nats.MaxReconnects(-1), nats.Timeout(time.Second),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// configLent is the config of a node on a connection of the program's.
func configLent(t *testing.T, nc *nats.Conn, node int) Config {
	t.Helper()
	cfg := testConfig(t, name(node), PortRange{})
	cfg.Conn = nc
	return cfg
}

func TestLentTraffic(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	one := lend(t, s.URL())
	tests := []struct {
		name string
		b    func(t *testing.T) Config
	}{
		{"two connections", func(t *testing.T) Config { return configLent(t, lend(t, s.URL()), 1) }},
		{"one connection for both", func(t *testing.T) Config { return configLent(t, one, 1) }},
		{"the other has a connection of its own", func(t *testing.T) Config { return configOn(t, s, 1) }},
	}
	for _, tt := range tests { // in turn: they share a cluster
		t.Run(tt.name, func(t *testing.T) {
			aCfg, bCfg := configLent(t, one, 0), tt.b(t)
			a, b := open(t, aCfg), open(t, bCfg)
			for _, c := range []Conn{a, b} {
				if ev := receive(t, c.Events(), "event"); ev.Kind != Connected {
					t.Fatalf("first event %s, want %s", ev.Kind, Connected)
				}
				receiveClosed(t, c.Settled())
			}
			testTraffic(t, a, b, aCfg, bCfg)
			if s := a.Stats(); s.Kind != External || a.RouteAddr() != "" || s.Dropped != 0 {
				t.Errorf("Stats() = %+v, RouteAddr() = %q", s, a.RouteAddr())
			}
			a.Close()
			b.Close()
			if n := one.NumSubscriptions(); n != 0 {
				t.Errorf("%d subscriptions are left", n)
			}
		})
	}
}

// With the client's default buffer, what is sent while the server is away fails,
// and nothing of it comes later.
func TestLentServerKilledAndBack(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	nc := lend(t, s.URL())
	cfg := configLent(t, nc, 0)
	c := open(t, cfg)
	event(t, c, Connected)
	for range 2 {
		s.Kill(t)
		if ev := event(t, c, Lost); !errors.Is(ev.Err, errNotConnected) {
			t.Errorf("Lost: %v, want %v", ev.Err, errNotConnected)
		}
		before, err := nc.Buffered() // the bus may have sent before it knew
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if err := c.SendName(cfg.Node, 0, []byte("stale")); !errors.Is(err, ErrLost) {
				t.Fatalf("a send on a lost bus: %v, want ErrLost", err)
			}
		}
		if after, err := nc.Buffered(); err != nil || after != before {
			t.Errorf("%d bytes wait for the server, %d after the sends, %v", before, after, err)
		}
		s.Start(t)
		event(t, c, Back)
		if err := c.SendName(cfg.Node, 0, []byte("fresh")); err != nil {
			t.Fatal(err)
		}
		if p := receive(t, c.Names(), "packet after the reconnect"); string(p.Data) != "fresh" {
			t.Errorf("received %q, want %q", p.Data, "fresh")
		}
	}
	if got := c.Stats().Reconnects; got != 2 {
		t.Errorf("%d reconnects, want 2", got)
	}
}

// A connection that was lost and is back is both, however soon: what was under
// way on it is gone.
func TestLentReconnectAtOnce(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	nc := lend(t, s.URL())
	c := open(t, configLent(t, nc, 0))
	event(t, c, Connected)
	for range 20 { // more than the listener's channel has room for
		if err := nc.ForceReconnect(); err != nil {
			t.Fatal(err)
		}
	}
	event(t, c, Lost)
	event(t, c, Back)
	bustest.Eventually(t, "it is up", func() bool { return c.Hello(nil) == nil })
}

// The echo notices a frozen server, whatever the program's pings.
func TestLentServerStopped(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	cfg := configLent(t, lend(t, s.URL()), 0)
	c := open(t, cfg)
	event(t, c, Connected)
	s.Signal(t, syscall.SIGSTOP)
	if ev := event(t, c, Lost); !errors.Is(ev.Err, errSilent) {
		t.Errorf("Lost: %v, want %v", ev.Err, errSilent)
	}
	s.Signal(t, syscall.SIGCONT)
	event(t, c, Back)
}

func TestLentServerNotThereAtStart(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	c := open(t, configLent(t, lend(t, s.URL(), nats.RetryOnFailedConnect(true)), 0))
	if err := c.Hello(nil); !errors.Is(err, ErrLost) {
		t.Errorf("a send before the first connection: %v, want ErrLost", err)
	}
	s.Start(t)
	if ev := receive(t, c.Events(), "event"); ev.Kind != Connected {
		t.Errorf("first event %s, want %s", ev.Kind, Connected)
	}
}

// What ends the connection ends the bus, which says so once, and why.
func TestLentGone(t *testing.T) {
	tests := []struct {
		name string
		opts []nats.Option
		end  func(t *testing.T, nc *nats.Conn, s *bustest.Server)
		want string
	}{
		{"closed", nil, func(_ *testing.T, nc *nats.Conn, _ *bustest.Server) { nc.Close() }, "the program's NATS connection is closed"},
		{"drained", nil, func(t *testing.T, nc *nats.Conn, _ *bustest.Server) {
			if err := nc.Drain(); err != nil {
				t.Error(err)
			}
		}, "the program's NATS connection is closed"},
		{
			"no reconnects",
			[]nats.Option{nats.NoReconnect()},
			func(t *testing.T, _ *nats.Conn, s *bustest.Server) { s.Kill(t) }, "the program's NATS connection is closed",
		},
		{
			"reconnects used up",
			[]nats.Option{nats.MaxReconnects(2)},
			func(t *testing.T, _ *nats.Conn, s *bustest.Server) { s.Kill(t) },
			"the program's NATS connection is closed: nats: no servers available for connection",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startNATS(t)
			nc := lend(t, s.URL(), tt.opts...)
			c := open(t, configLent(t, nc, 0))
			event(t, c, Connected)
			tt.end(t, nc, s)
			event(t, c, Lost)
			ev := receive(t, c.Events(), "event")
			if ev.Kind != Gone || !errors.Is(ev.Err, ErrConnClosed) || ev.Err.Error() != tt.want {
				t.Errorf("event %+v, want gone: %s", ev, tt.want)
			}
			if err := c.Hello(nil); !errors.Is(err, ErrLost) {
				t.Errorf("a send: %v, want ErrLost", err)
			}
			bustest.Eventually(t, "the connection is closed", nc.IsClosed)
			if n := len(c.Events()); n != 0 {
				t.Errorf("event %+v after that, want none", <-c.Events())
			}
		})
	}
}

// What no node can live on is refused at the start, and has nothing of ours
// then.
func TestLentRefused(t *testing.T) {
	t.Parallel()
	s := startNATS(t)
	tests := []struct {
		name   string
		opts   []nats.Option
		change func(*Config)
		want   string
	}{
		{"closed", nil, func(cfg *Config) { cfg.Conn.Close() }, "the program's NATS connection is closed"},
		{"no echo", []nats.Option{nats.NoEcho()}, func(*Config) {}, "nats.NoEcho"},
		{"servers besides", nil, func(cfg *Config) { cfg.URLs = []string{s.URL()} }, "one of the two"},
		{"credentials besides", nil, func(cfg *Config) { cfg.Auth.User = "me" }, "one of the two"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := configLent(t, lend(t, s.URL(), tt.opts...), 0)
			tt.change(&cfg)
			c, err := Open(t.Context(), cfg)
			if err == nil {
				c.Close()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open() = %v, want %q", err, tt.want)
			}
			if n := cfg.Conn.NumSubscriptions(); n != 0 {
				t.Errorf("%d subscriptions", n)
			}
		})
	}
}

// A subject that the server denies is told, though the error handler is the
// program's; it hears it too.
func TestLentDeniedSubjects(t *testing.T) {
	t.Parallel()
	conf := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(conf, []byte(`authorization { users [ { user: u, password: p, permissions { subscribe: "elsewhere.>" } } ] }`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startNATS(t, "-c", conf)
	denied := make(chan error, 64)
	cfg := configLent(t, lend(t, "nats://u:p@"+s.Addr(), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		select {
		case denied <- err:
		default:
		}
	})), 0)
	log, lines := logTo(hclog.Info)
	cfg.Logger = log
	c := open(t, cfg)
	bustest.Eventually(t, "the denial is told", func() bool {
		return contains(lines.String(), "does not let us use a subject that we need", `"interconnect.1.test.`)
	})
	if err := receive(t, denied, "error for the program"); !errors.Is(err, nats.ErrPermissionViolation) {
		t.Errorf("the program is told %v", err)
	}
	if n := len(c.Events()); n != 0 {
		t.Errorf("event %+v, want none: the echo cannot come back", <-c.Events())
	}
}

// After Close the connection is as it was before, in each state of it: usable,
// with the program's subscriptions and handlers, and no others.
func TestLentClose(t *testing.T) {
	var mute net.Listener // in the place of the server
	tests := []struct {
		name   string
		before func(t *testing.T, c Conn, s *bustest.Server)
		after  func(t *testing.T, s *bustest.Server)
	}{
		{"connected", func(t *testing.T, c Conn, _ *bustest.Server) { event(t, c, Connected) }, func(*testing.T, *bustest.Server) {}},
		{"at once", func(*testing.T, Conn, *bustest.Server) {}, func(*testing.T, *bustest.Server) {}},
		{"frozen", func(t *testing.T, c Conn, s *bustest.Server) {
			event(t, c, Connected)
			s.Signal(t, syscall.SIGSTOP)
			event(t, c, Lost)
		}, func(t *testing.T, s *bustest.Server) { s.Signal(t, syscall.SIGCONT) }},
		{"killed", func(t *testing.T, c Conn, s *bustest.Server) {
			event(t, c, Connected)
			s.Kill(t)
			event(t, c, Lost)
		}, func(t *testing.T, s *bustest.Server) { s.Start(t) }},
		// The client waits for the server's first word then, with its lock held.
		{"reconnecting", func(t *testing.T, c Conn, s *bustest.Server) {
			event(t, c, Connected)
			s.Kill(t)
			event(t, c, Lost)
			var err error
			if mute, err = net.Listen("tcp", s.Addr()); err != nil {
				t.Fatal(err)
			}
			client, err := mute.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { client.Close() })
		}, func(t *testing.T, s *bustest.Server) {
			mute.Close()
			s.Start(t)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startNATS(t)
			back := make(chan struct{}, 16)
			nc := lend(t, s.URL(), nats.ReconnectHandler(func(*nats.Conn) { back <- struct{}{} }))
			heard := make(chan *nats.Msg, 16)
			if _, err := nc.ChanSubscribe("program", heard); err != nil {
				t.Fatal(err)
			}
			if err := nc.Flush(); err != nil {
				t.Fatal(err)
			}
			noNewGoroutines(t, func() {
				c := open(t, configLent(t, nc, 0))
				tt.before(t, c, s)
				start := time.Now()
				for range 2 {
					if err := c.Close(); err != nil {
						t.Errorf("Close() = %v", err)
					}
				}
				if took := time.Since(start); took > 2500*time.Millisecond {
					t.Errorf("Close() took %s", took)
				}
				if err := c.Hello(nil); !errors.Is(err, ErrClosed) {
					t.Errorf("a send after Close: %v, want ErrClosed", err)
				}
				if n := nc.NumSubscriptions(); n != 1 {
					t.Errorf("%d subscriptions, want the program's alone", n)
				}
				tt.after(t, s)
				if tt.name == "killed" || tt.name == "reconnecting" {
					receive(t, back, "call of the program's handler")
				}
				if err := nc.Publish("program", []byte("hello")); err != nil {
					t.Errorf("the program publishes: %v", err)
				}
				if msg := receive(t, heard, "message of the program"); string(msg.Data) != "hello" {
					t.Errorf("the program hears %q", msg.Data)
				}
			})
		})
	}
}
