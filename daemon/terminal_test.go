package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"interconnectd/daemon/terminal"
)

// screen is what a command has written to a terminal of its own.
type screen struct {
	master *os.File
	gone   chan struct{} // closed when the command has closed it

	mu   sync.Mutex
	text strings.Builder
}

// onTerminal starts a command on a terminal that is so many columns wide.
func onTerminal(t *testing.T, columns int, cmd *exec.Cmd) *screen {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &screen{master: master, gone: make(chan struct{})}
	go func() {
		defer close(s.gone)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			s.mu.Lock()
			s.text.Write(buf[:n])
			s.mu.Unlock()
			if err != nil { // EIO, when the other side is closed
				return
			}
		}
	}()
	return s
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the screen has something that matches.
func (s *screen) await(t *testing.T, pattern string) {
	t.Helper()
	match := regexp.MustCompile(pattern)
	for until := time.Now().Add(patience); !match.MatchString(s.String()); time.Sleep(5 * time.Millisecond) { // between two looks
		if time.Now().After(until) {
			t.Fatalf("the screen has nothing that matches %q:\n%q", pattern, s)
		}
	}
}

// onSite is a command on the trio's site, with a terminal's environment.
func (tr *trio) onSite(extra []string, args ...string) *exec.Cmd {
	cmd := exec.Command("interconnectd", args...)
	cmd.Env, cmd.Dir = append(append(tr.site.env, "PATH="+os.Getenv("PATH"), "TERM=xterm", "NO_COLOR=", "COLUMNS="), extra...), tr.dir
	return cmd
}

// ended waits until a command has, and gives what there was on its terminal.
func (s *screen) ended(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	select {
	case <-s.gone:
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		t.Errorf("it does not end; the screen:\n%q", s)
	}
	_ = cmd.Wait() // its state says all
	return s.String()
}

// shown is what is left of what was written: the lines that were taken away are.
func shown(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if i := strings.LastIndex(line, terminal.EraseLine); i >= 0 {
			line = line[i+len(terminal.EraseLine):]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// While the sync waits a terminal shows for whom, and how long; what is logged stands
// above, and Ctrl-C leaves nothing behind.
func TestSyncOnATerminal(t *testing.T) {
	tr := newTrio(t)
	config := "[{kernel, [{sync_nodes_optional, ['b@127.0.0.1']}, {sync_nodes_timeout, 60000}]}]."
	if err := os.WriteFile(tr.dir+"/wait.config", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := tr.onSite(nil, append(tr.site.flags(), "-name", "a@127.0.0.1", "-setcookie", "a-cookie-of-some-length", "-config", "wait")...)
	s := onTerminal(t, 100, cmd)
	s.await(t, `0 of 1 up, waiting for b@127\.0\.0\.1, 59\.\d s left`)
	tr.command("dump", "-node", "a@127.0.0.1")
	s.await(t, `interconnectd.dump: node: a@127.0.0.1`)
	s.await(t, `interconnectd.dump: (.|\n)*0 of 1 up, waiting for`)
	if _, err := s.master.WriteString("\x03"); err != nil { // Ctrl-C
		t.Fatal(err)
	}
	text := shown(s.ended(t, cmd))
	if cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("it ended with %s", cmd.ProcessState)
	}
	if strings.Contains(text, " left") || !strings.HasSuffix(text, "\n") || !strings.Contains(text, `leaving: cause="interrupt signal received"`) {
		t.Errorf("on the screen is\n%s", text)
	}
}

// So does wait, whose end by Ctrl-C is that of any program.
func TestWaitOnATerminal(t *testing.T) {
	tr := newTrio(t)
	tr.start("a")
	tr.await("a", `syncing`, 1)
	cmd := tr.onSite(nil, "wait", "-nodes", "3", "-timeout", "1m", "-node", "a@127.0.0.1")
	s := onTerminal(t, 100, cmd)
	s.await(t, `0 of 3 nodes up, 59\.\d s left`)
	if _, err := s.master.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	text := shown(s.ended(t, cmd))
	if strings.Contains(text, " left") {
		t.Errorf("on the screen is\n%s", text)
	}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with %s", cmd.ProcessState)
	}
	narrow := tr.onSite(nil, "wait", "-timeout", "700ms", "-node", "a@127.0.0.1")
	for line := range strings.SplitSeq(onTerminal(t, 20, narrow).ended(t, narrow), terminal.EraseLine) {
		if plain := strings.NewReplacer("\x1b[2m", "", "\x1b[0m", "").Replace(line); strings.Contains(plain, "syncing") && !strings.Contains(plain, "\n") && len([]rune(plain)) > 19 {
			t.Errorf("a line of progress is %q", plain)
		}
	}
}

// Colours are for terminals, and for nobody who minds.
func TestColours(t *testing.T) {
	tr := newTrio(t)
	tr.start("a")
	tr.start("b")
	tr.await("a", `Node up: b@`, 1)
	follow := tr.follower("followed", "events", "-f", "-node", "a@127.0.0.1")
	follow.mustAwait(t, "a", `Node up: b@`, 1) // it is in the journal
	for _, command := range [][]string{{"nodes", "-l"}, {"events"}} {
		args := append(command, "-node", "a@127.0.0.1")
		for _, tt := range []struct {
			env      []string
			coloured bool
		}{{nil, true}, {[]string{"NO_COLOR=1"}, false}, {[]string{"TERM=dumb"}, false}} {
			cmd := tr.onSite(tt.env, args...)
			text := onTerminal(t, 200, cmd).ended(t, cmd)
			if strings.Contains(text, "\x1b[") != tt.coloured || !strings.Contains(text, "b@127.0.0.1") {
				t.Errorf("%v with %v: %q", command, tt.env, text)
			}
		}
		if text := tr.command(args...); strings.Contains(text, "\x1b[") {
			t.Errorf("%v into a pipe: %q", command, text)
		}
		cmd := tr.onSite([]string{"COLUMNS=50"}, args...)
		if text := onTerminal(t, 200, cmd).ended(t, cmd); command[0] == "nodes" && strings.Contains(text, "VERSION") {
			t.Errorf("%v at 50 columns: %q", command, text)
		}
	}
}
