package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"interconnectd/syncnodes/bus/bustest"
)

// On servers of its own: a command that joins takes the place of a daemon, and leaves
// nothing behind, also where it is interrupted.
func TestJoinOverServers(t *testing.T) {
	server := bustest.NewServer(t)
	server.Start(t)
	tr := newTrio(t)
	tr.meetOn(server)
	tr.start("a")
	tr.start("b")
	tr.await("a", `Node up: b@`, 1)
	cookie := filepath.Join(tr.dir, "cookie")
	if err := os.WriteFile(cookie, []byte("a-cookie-of-some-length"), 0o600); err != nil {
		t.Fatal(err)
	}
	join := []string{"-bus", server.URL(), "-setcookie_file", cookie}
	for _, tt := range []struct{ args, want string }{
		{"names", "a@127.0.0.1\nb@127.0.0.1\n"},
		{"nodes", "a@127.0.0.1\nb@127.0.0.1\n"},
		{"ping b@127.0.0.1", "pong\n"},
		{"call PingPong a@127.0.0.1 ping", "pong\n"},
	} {
		began := time.Now()
		if got := tr.command(append(strings.Fields(tt.args), join...)...); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.args, got, tt.want)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s took %s", tt.args, took)
		}
	}
	cmd := tr.onSite(nil, append([]string{"ping", "-c", "1000", "-i", "1h", "b@127.0.0.1", "-name", "me@127.0.0.1"}, join...)...)
	s := onTerminal(t, 100, cmd)
	s.await(t, "pong")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.ended(t, cmd)
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %s, and on its terminal is\n%s", cmd.ProcessState, s)
	}
	if names := tr.command("names", "-node", "a@127.0.0.1"); strings.Contains(names, "me@") {
		t.Errorf("it is on the bus:\n%s", names)
	}
	for _, node := range []string{"a", "b"} {
		if log := tr.running[node].log(); strings.Contains(log, "interconnectd-") || strings.Contains(log, "me@") {
			t.Errorf("the log of %s tells of who joined:\n%s", node, log)
		}
	}
}
