package bus

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"
)

// TestKilledProcess: kill -9 shows as RouteDown within 100 ms, and the
// listener refuses. A busy machine gets three attempts.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	ports := freePorts(2)
	c := open(t, testConfig(t, "a@127.0.0.1", ports))
	var down, refused time.Duration
	for range 3 {
		dead := startChild(t, testConfig(t, "b@127.0.0.1", ports))
		t.Logf("child: listens, opened, settled, goroutines, kB: %s %s", dead.addr, dead.said)
		routesUp(t, c, dead.cfg.Node)
		start := time.Now()
		dead.signal(t, syscall.SIGKILL)
		ev := event(t, c, RouteDown)
		down = time.Since(start)
		if ev.Node != dead.cfg.Node || ev.Incarnation != dead.cfg.Incarnation {
			t.Fatalf("route down: %s %s, want %s %s", ev.Node, ev.Incarnation, dead.cfg.Node, dead.cfg.Incarnation)
		}
		start = time.Now()
		if refused, here := c.ListenerRefuses(t.Context(), dead.cfg.Node, dead.cfg.Incarnation, dead.addr); !refused || !here {
			t.Fatalf("ListenerRefuses() = %v, %v for a killed process of this host", refused, here)
		}
		refused = time.Since(start)
		t.Logf("route down after %s, refused after %s more", down, refused)
		if down < 100*time.Millisecond {
			return
		}
	}
	t.Errorf("route down after %s, want less than 100 ms", down)
}

// TestStoppedProcess: SIGSTOP refuses nothing, and after SIGCONT the process
// is there as before.
func TestStoppedProcess(t *testing.T) {
	t.Parallel()
	ports := freePorts(2)
	c := open(t, testConfig(t, "a@127.0.0.1", ports))
	stopped := startChild(t, testConfig(t, "b@127.0.0.1", ports))
	routesUp(t, c, stopped.cfg.Node)
	stopped.signal(t, syscall.SIGSTOP)
	if refuses(t.Context(), stopped.addr, false) {
		t.Error("a stopped process refuses")
	}
	stopped.signal(t, syscall.SIGCONT)
	if refuses(t.Context(), stopped.addr, false) {
		t.Error("a process that goes on refuses")
	}
	if n := len(c.Events()); n != 0 {
		t.Errorf("%d events, want none: %+v", n, <-c.Events())
	}
	if err := c.SendFrame(stopped.cfg.Node, stopped.cfg.Incarnation, 0, []byte("still there")); err != nil {
		t.Error(err)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		addr string
		want bool
	}{
		{"listens", t.Context(), l.Addr().String(), false},
		{"gone", t.Context(), gone.Addr().String(), true},
		{"no time", ended, gone.Addr().String(), false},
		{"not an address", t.Context(), "nonsense", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, far := range []bool{false, true} {
				if got := refuses(tt.ctx, tt.addr, far); got != tt.want {
					t.Errorf("refuses(%q, far %v) = %v, want %v", tt.addr, far, got, tt.want)
				}
			}
		})
	}
	t.Run("closes between the dials", func(t *testing.T) {
		dying, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if conn, err := dying.Accept(); err == nil {
				conn.Close()
			}
			dying.Close()
		}()
		if !refuses(t.Context(), dying.Addr().String(), false) {
			t.Error("refuses() = false for a listener that closes after the first dial")
		}
	})
}
