package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"interconnectd/syncnodes/logtest"
)

// terminal is a program that believes somebody sits before it.
type terminal struct {
	t      *testing.T
	keys   *os.File
	screen logtest.Buffer
	past   int // how much of it is over
}

// openTerminal starts cmd on a terminal of its own. It is killed when the test ends.
func openTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	ours, theirs := openPTY(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err := cmd.Start()
	theirs.Close()
	if err != nil {
		ours.Close()
		t.Fatal(err)
	}
	term := &terminal{t: t, keys: ours}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&term.screen, ours) // to the end of the program
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // its state says nothing
		<-read
		ours.Close()
	})
	return term
}

// openPTY is both ends of a terminal, wide enough for any line of a test.
func openPTY(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(ours.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 200})
	}
	if err == nil {
		theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		ours.Close()
		t.Fatal(err)
	}
	return ours, theirs
}

func (term *terminal) press(keys string) {
	term.t.Helper()
	if _, err := io.WriteString(term.keys, keys); err != nil {
		term.t.Fatal(err)
	}
}

// next presses keys, and what the screen had before is over.
func (term *terminal) next(keys string) {
	term.t.Helper()
	term.past = len(term.screen.String())
	term.press(keys)
}

// await waits until the screen had what matches. Keys that are not "" are pressed
// again each second.
func (term *terminal) await(pattern, keys string) {
	term.t.Helper()
	re := regexp.MustCompile(pattern)
	again := time.Now().Add(time.Second)
	for until := time.Now().Add(patience); !re.MatchString(term.screen.String()[term.past:]); time.Sleep(5 * time.Millisecond) { // between two looks
		switch now := time.Now(); {
		case now.After(until):
			term.t.Fatalf("the screen has nothing that matches %q: %q", pattern, term.screen.String())
		case now.After(again) && keys != "":
			term.press(keys)
			again = now.Add(time.Second)
		}
	}
}
