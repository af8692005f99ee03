package child

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bus/bustest"
)

// sh is a shell that runs a script.
func sh(script string) Command { return Command{Path: "sh", Args: []string{"-c", script}} }

func start(t *testing.T, c Command) *Process {
	t.Helper()
	required.Programs(t, "sh", "sleep")
	p, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func line(t *testing.T, p *Process) string {
	t.Helper()
	line, err := p.Line()
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// TestHome: a process has a home with its files, works in it, and leaves none.
func TestHome(t *testing.T) {
	t.Setenv("OURS", "not theirs")
	c := sh(`echo "$HOME"; cd "$INTERCONNECT_RUNTIME_DIR/.." && cd "$STATE_DIRECTORY/.." && cd "$TMPDIR/.." && pwd -P; cat file; echo "$MORE$OURS"`)
	c.Files = map[string][]byte{"file": []byte("what lies there\n")}
	c.Env = []string{"MORE=more"}
	p := start(t, c)
	home := line(t, p)
	real, err := filepath.EvalSymlinks(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{real, "what lies there", "more"} {
		if got := line(t, p); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if _, err := p.Line(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v of a process that ended well", err)
	}
	p.Close()
	if _, err := os.Stat(home); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its home after it: %v", err)
	}
}

// TestSpokenWith: lines go to a process and come from it.
func TestSpokenWith(t *testing.T) {
	p := start(t, sh(`while read -r line; do echo "got $line"; done`))
	for _, word := range []string{"a", "b"} {
		if err := p.Tell(word); err != nil {
			t.Fatal(err)
		}
		if err := p.Expect("got " + word); err != nil {
			t.Error(err)
		}
	}
	if err := p.Tell("c"); err != nil {
		t.Fatal(err)
	}
	if err := p.Expect("nothing"); err == nil || !strings.Contains(err.Error(), "got c") {
		t.Errorf("got %v, want an error with what it said", err)
	}
}

// TestFails: the error of a process that fails has what it said of it.
func TestFails(t *testing.T) {
	p := start(t, sh(`echo some words >&2; exit 3`))
	_, err := p.Line()
	if want := "sh: exit status 3; its last lines:\n  some words"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if _, err := Start(t.Context(), Command{Path: "/nowhere/nothing"}); err == nil {
		t.Error("a program that is not there was started")
	}
}

// TestListenedTo: lines are handed over as they come, those of errors too, and all of
// them before the end is told.
func TestListenedTo(t *testing.T) {
	home, err := NewHome(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	c := sh(`echo a; echo b >&2; read -r line || exit 4`)
	c.Home = home
	c.OnLine = func(_ time.Time, line string) { told = append(told, line) }
	p := start(t, c)
	<-p.Ended()
	slices.Sort(told)
	if want := []string{"a", "b"}; !slices.Equal(told, want) {
		t.Errorf("it told %q, want %q", told, want)
	}
	if err := p.Err(); err == nil || !strings.HasPrefix(err.Error(), "sh: exit status 4; ") {
		t.Errorf("it ended with %v", err)
	}
	p.Close()
	if _, err := os.Stat(home); err != nil {
		t.Errorf("its home, which stays: %v", err)
	}
}

// TestEndsAll: what a process started ends with it: by Close, by its context, by itself.
func TestEndsAll(t *testing.T) {
	ends := map[string]func(p *Process, cancel func()){
		"close":  func(p *Process, _ func()) { p.Close() },
		"itself": func(p *Process, _ func()) { _ = p.Tell("end") },
		"cancel": func(_ *Process, cancel func()) { cancel() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			required.Programs(t, "sh", "sleep")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p, err := Start(ctx, sh(`sleep 1000 & echo $!; read -r line; exit 1`))
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			inner, err := strconv.Atoi(line(t, p))
			if err != nil {
				t.Fatal(err)
			}
			end(p, cancel)
			if _, err := p.Line(); err == nil {
				t.Error("it goes on")
			}
			<-p.Ended()
			bustest.Eventually(t, "the end of what it started", func() bool { return over(inner) })
		})
	}
}

// over is true of a process that has ended, also where nobody has asked how.
func over(pid int) bool {
	proc, err := procfs.NewProc(pid)
	if err != nil {
		return true
	}
	stat, err := proc.Stat()
	return err != nil || stat.State == "Z"
}

func TestNATSServer(t *testing.T) {
	required.Programs(t, "nats-server")
	s, err := StartNATSServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.Monitor, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// TestNoServer: a server that ends instead of listening is not waited for.
func TestNoServer(t *testing.T) {
	required.Programs(t, "sh")
	began := time.Now()
	_, err := startServer(t.Context(), "1", "sh", "-c", "echo why >&2; exit 5")
	if err == nil || !strings.Contains(err.Error(), "exit status 5") || !strings.Contains(err.Error(), "why") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > listenWithin/2 {
		t.Errorf("it took %v", took)
	}
}
