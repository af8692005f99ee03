package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whoever reads the log goes away: the daemon lives on, and leaves in order.
func TestReaderOfTheLogGoesAway(t *testing.T) {
	dir := t.TempDir()
	s, err := makeSite(dir)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("interconnectd", append(s.flags(), "-name", "a@127.0.0.1", "-setcookie", "a-cookie-of-some-length")...)
	cmd.Env, cmd.Dir = append(s.env, "PATH="+os.Getenv("PATH")), dir
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	for lines := bufio.NewScanner(log); ; {
		if !lines.Scan() {
			t.Fatal("it ended before it was ready")
		}
		if strings.Contains(lines.Text(), "ready") {
			break
		}
	}
	log.Close()
	client := s.client(t, "a@127.0.0.1")
	for range 3 { // each a line in the log
		if _, err := client.Reload(t.Context()); err != nil {
			t.Fatalf("a reload without a reader: %v", err)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	hung := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer hung.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v, want exit status 0", err)
	}
}
