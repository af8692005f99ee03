package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds what is waited for: many times of what it takes on a machine
// that has other things to do.
const patience = time.Minute

// Options say what a machine has beside a copy of the host's root. The zero value
// is a machine with nothing else.
type Options struct {
	// Keep are folders of the host that are the host's own inside too, at the same
	// path: what is written there stays. Folders of other file systems than the
	// root's are inside only when they stand here. The host's /tmp, /run and /dev are
	// not there; folders in them may be kept.
	Keep []string
	// Env is added to the environment of what Run and Command start, as KEY=VALUE.
	Env []string
}

// Machine is a booted machine. Its methods may be called concurrently, and until
// the test that has booted it ends.
type Machine struct {
	pid int // of its systemd, as the host counts
	env []string
}

// Result is what became of a script.
type Result struct {
	Output string // standard output and standard error, as they came
	Code   int
}

// Command is a command to be started inside, by root, in the folder / with a
// plain environment. It dies with the machine; ctx ends nothing that it has
// started itself. A Dir or Env of the command are those of the helper that enters
// the machine: use a shell's cd, and Options.Env.
func (m *Machine) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	enter := []string{"--target", strconv.Itoa(m.pid), "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--", "env", "-i"}
	enter = append(enter, environment...)
	enter = append(enter, m.env...)
	return exec.CommandContext(ctx, "nsenter", append(append(enter, name), args...)...)
}

// environment is what a root shell has.
var environment = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash", "LANG=C.UTF-8", "TERM=dumb", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0",
}

// Try runs a script of bash inside, with -eu and pipefail, and tells what became
// of it.
func (m *Machine) Try(t testing.TB, script string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience)
	defer cancel()
	var out bytes.Buffer
	command := m.Command(ctx, "bash", "-euo", "pipefail", "-c", script)
	command.Stdout, command.Stderr = &out, &out
	command.WaitDelay = time.Second // what it left running may hold the pipe
	err := command.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("%s\ndid not end:\n%s", script, out.String())
	case err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay):
		t.Fatal(err)
	}
	return Result{Output: out.String(), Code: command.ProcessState.ExitCode()}
}

// Run is Try where the script has to succeed; it gives the output.
func (m *Machine) Run(t testing.TB, script string) string {
	t.Helper()
	result := m.Try(t, script)
	if result.Code != 0 {
		t.Fatalf("%s\nexited with %d:\n%s", script, result.Code, result.Output)
	}
	return result.Output
}

// Await runs a script again and again until its output matches a regular
// expression, in which ^ and $ are a line's ends, and gives that output. The exit
// code does not count.
func (m *Machine) Await(t testing.TB, script, pattern string) string {
	t.Helper()
	matches := regexp.MustCompile("(?m)" + pattern).MatchString
	for until := time.Now().Add(patience); ; {
		result := m.Try(t, script)
		if matches(result.Output) {
			return result.Output
		}
		if time.Now().After(until) {
			t.Fatalf("%s\nnever printed %s, but at last:\n%s", script, pattern, result.Output)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Put copies a file of the host to a path inside, and makes the folders to it.
func (m *Machine) Put(t testing.TB, file, path string, mode os.FileMode) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m.Write(t, path, string(data), mode)
}

// Write makes a file inside, in place of one that is there, and the folders to it.
func (m *Machine) Write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	root, err := os.OpenRoot(m.root()) // links inside lead inside
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	path = strings.TrimPrefix(path, "/")
	err = root.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		_ = root.Remove(path) // a program that runs can be replaced, not written
		err = root.WriteFile(path, []byte(text), mode)
	}
	if err == nil {
		err = root.Chmod(path, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// root is the host's path to the machine's root.
func (m *Machine) root() string { return fmt.Sprintf("/proc/%d/root", m.pid) }
