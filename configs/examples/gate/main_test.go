package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"interconnectd/erlterm"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/logtest"
)

const (
	cookie   = "a cookie of more than twenty characters"
	patience = 30 * time.Second
)

// asGate makes the test binary the program.
const asGate = "INTERCONNECT_GATE"

func TestMain(m *testing.M) {
	if os.Getenv(asGate) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// site is a configuration that the programs of one test share.
type site struct {
	dir   string
	ports bus.PortRange
}

func newSite(t *testing.T, syncTimeout time.Duration) site {
	t.Helper()
	first := bustest.FreePorts(4)
	s := site{t.TempDir(), bus.PortRange{Min: first, Max: first + 3}}
	text := fmt.Sprintf(`[{kernel, [{sync_nodes_mandatory, ['a@127.0.0.1', 'b@127.0.0.1']}, {sync_nodes_timeout, %d},
		{inet_dist_listen_min, %d}, {inet_dist_listen_max, %d}]}].`, syncTimeout.Milliseconds(), s.ports.Min, s.ports.Max)
	if err := os.WriteFile(filepath.Join(s.dir, "sys.config"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// gate is the program in a process of its own.
type gate struct {
	cmd   *exec.Cmd
	lines chan string    // of its output; closed at its end
	said  logtest.Buffer // on standard error
}

func (s site) start(t *testing.T, name string) *gate {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{cmd: exec.Command(exe, "-name", name, "-setcookie", cookie, "-config", "sys.config"), lines: make(chan string, 64)}
	g.cmd.Dir, g.cmd.Stderr = s.dir, &g.said
	g.cmd.Env = append(os.Environ(), asGate+"=1", "HOME="+s.dir, "RELEASE_NODE=", "RELEASE_COOKIE=")
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(g.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			g.lines <- strings.TrimSpace(scanner.Text())
		}
	}()
	t.Cleanup(func() {
		_ = g.cmd.Process.Kill() // it may have ended
		_ = g.wait()
	})
	return g
}

// want reads its output as far as a line.
func (g *gate) want(t *testing.T, want string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-g.lines:
			if !ok {
				t.Fatalf("it ended before it said %q: %s", want, g.said.String())
			}
			if line == want {
				return
			}
		case <-deadline:
			t.Fatalf("it does not say %q", want)
		}
	}
}

// wait waits for its end.
func (g *gate) wait() error {
	for range g.lines {
		continue
	}
	return g.cmd.Wait()
}

func (g *gate) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := g.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// Two of them open when both are there; one that is killed is told to the other,
// as is its return; one that is ended says goodbye.
func TestGate(t *testing.T) {
	t.Parallel()
	s := newSite(t, patience)
	a, b := s.start(t, "a@127.0.0.1"), s.start(t, "b@127.0.0.1")
	a.want(t, "open")
	b.want(t, "open")

	node, err := syncnodes.Start(t.Context(), syncnodes.Options{Name: "test@127.0.0.1", Cookie: cookie, Bus: syncnodes.Bus{Ports: s.ports}})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if answer, err := node.Call(ctx, syncnodes.Address{Name: "gate", Node: "a@127.0.0.1"}, erlterm.Atom("x")); err != nil || answer.String() != "open" {
		t.Errorf("a answers %v, %v", answer, err)
	}

	b.signal(t, syscall.SIGKILL)
	a.want(t, "b@127.0.0.1 is down connection_closed")
	b = s.start(t, "b@127.0.0.1")
	b.want(t, "open")
	a.want(t, "b@127.0.0.1 is up")
	a.signal(t, syscall.SIGTERM)
	b.want(t, "a@127.0.0.1 is down shutdown")
	if err := a.wait(); err != nil || a.said.String() != "" {
		t.Errorf("a ends with %v and says %q", err, a.said.String())
	}
}

// Without its mandatory nodes it does not open, and says which are missing; a
// signal while it waits is no error.
func TestGateStaysClosed(t *testing.T) {
	t.Parallel()
	a := newSite(t, 300*time.Millisecond).start(t, "a@127.0.0.1")
	if err := a.wait(); err == nil || a.said.String() != "gate: mandatory nodes down: [b@127.0.0.1]\n" {
		t.Errorf("it ends with %v and says %q", err, a.said.String())
	}

	s := newSite(t, time.Hour)
	b := s.start(t, "b@127.0.0.1")
	node, err := syncnodes.Start(t.Context(), syncnodes.Options{Name: "test@127.0.0.1", Cookie: cookie, Bus: syncnodes.Bus{Ports: s.ports}})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	for { // until it is there
		ok, err := node.Connect(t.Context(), "b@127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			break
		}
	}
	b.signal(t, syscall.SIGINT)
	if err := b.wait(); err != nil || b.said.String() != "" {
		t.Errorf("it ends with %v and says %q", err, b.said.String())
	}
}

// It stays an example that is read in a minute.
func TestGateIsShort(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines >= 60 {
		t.Errorf("%d lines, want less than 60", lines)
	}
}
