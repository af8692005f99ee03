package child

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
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
	c := sh(`echo "$HOME"; echo "$INTERCONNECT_RUNTIME_DIR$STATE_DIRECTORY"; pwd -P; cat file; echo "$MORE"`)
	c.Files = map[string][]byte{"file": []byte("what lies there\n")}
	c.Env = []string{"MORE=more"}
	p := start(t, c)
	home := line(t, p)
	real, err := filepath.EvalSymlinks(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{home + home, real, "what lies there", "more"} {
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
	if err == nil || !strings.Contains(err.Error(), "exit status 3: some words") {
		t.Errorf("got %v", err)
	}
	if _, err := Start(t.Context(), Command{Path: "/nowhere/nothing"}); err == nil {
		t.Error("a program that is not there was started")
	}
}

// TestEndsAll: what a process started ends with it, by Close and by its context.
func TestEndsAll(t *testing.T) {
	ends := map[string]func(p *Process, cancel func()){
		"close":  func(p *Process, _ func()) { p.Close() },
		"cancel": func(_ *Process, cancel func()) { cancel() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			required.Programs(t, "sh", "sleep")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p, err := Start(ctx, sh(`sleep 1000 & echo $!; wait`))
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
			p.Close()
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

// TestUsage: a process that works uses time, and memory.
func TestUsage(t *testing.T) {
	p := start(t, sh(`i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done; echo done; read -r line`))
	line(t, p)
	used, err := p.CPU()
	if err != nil || used <= 0 || used > time.Minute {
		t.Errorf("processor time: %v, %v", used, err)
	}
	again, err := p.CPU()
	if err != nil || again < used {
		t.Errorf("processor time: %v after %v, %v", again, used, err)
	}
	memory, err := p.RSS()
	if err != nil || memory < 100<<10 || memory > 1<<30 {
		t.Errorf("memory: %d, %v", memory, err)
	}
}

func TestNATSServer(t *testing.T) {
	required.Programs(t, "nats-server")
	s, err := StartNATSServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Listens(t.Context(), strings.TrimPrefix(s.Monitor, "http://")); err != nil {
		t.Error(err)
	}
}
