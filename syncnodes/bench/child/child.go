// Package child runs the processes that are measured. Each has a home of its own, and
// ends with the context that it was started with, with a Close, or with the program
// that started it. It is spoken with in lines, on its standard input and output.
//
// A Process is for one goroutine, but for its Close, which any may call.
package child

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Command is a process to start.
type Command struct {
	Path  string
	Args  []string
	Env   []string          // beside this program's own
	Dir   string            // where it works; "": its home
	Files map[string][]byte // that lie in its home
}

// Self is this program once more, with other arguments.
func Self(args ...string) (Command, error) {
	path, err := os.Executable()
	if err != nil {
		return Command{}, fmt.Errorf("finding this program: %w", err)
	}
	return Command{Path: path, Args: args}, nil
}

// Process is one that was started, and not closed yet.
type Process struct {
	name string
	home string
	cmd  *exec.Cmd
	in   io.Writer
	out  *bufio.Reader
	said *tail // on its standard error
	wait func() error
	over func() error // whether its time is over, and why
}

// drainWithin is how long a process of its own may keep a process's output open.
const drainWithin = time.Second

// Start starts a process, which ends with ctx at the latest.
func Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{name: filepath.Base(c.Path), said: new(tail), over: ctx.Err}
	if err := p.start(ctx, c); err != nil {
		os.RemoveAll(p.home)
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	return p, nil
}

func (p *Process) start(ctx context.Context, c Command) (err error) {
	if p.home, err = os.MkdirTemp("", "bench-"); err != nil {
		return err
	}
	for name, data := range c.Files {
		if err := os.WriteFile(filepath.Join(p.home, name), data, 0o600); err != nil {
			return err
		}
	}
	p.cmd = exec.CommandContext(ctx, c.Path, c.Args...)
	p.cmd.Dir = c.Dir
	if c.Dir == "" {
		p.cmd.Dir = p.home
	}
	p.cmd.Env = append(os.Environ(), "HOME="+p.home, "INTERCONNECT_RUNTIME_DIR="+p.home, "STATE_DIRECTORY="+p.home)
	p.cmd.Env = append(p.cmd.Env, c.Env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{
		// It comes when the thread ends that has started the process. Threads of a Go
		// program last as long as it does, but for those that are locked.
		Pdeathsig: syscall.SIGKILL,
		Setpgid:   true, // what it starts itself ends with it
	}
	p.cmd.Cancel = p.kill
	p.cmd.WaitDelay = drainWithin
	p.cmd.Stderr = p.said
	p.wait = sync.OnceValue(p.cmd.Wait)
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.out = bufio.NewReader(out)
	return p.cmd.Start()
}

func (p *Process) kill() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// PID is the process's.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Line is the next line that it prints, without the line's end. The error of a process
// that has ended well is io.EOF; of another one it says how it ended.
func (p *Process) Line() (string, error) {
	line, err := p.out.ReadString('\n')
	switch {
	case err == nil:
		return strings.TrimSuffix(line, "\n"), nil
	case !errors.Is(err, io.EOF):
		return "", fmt.Errorf("reading what %s prints: %w", p.name, err)
	}
	err = p.wait()
	switch {
	case p.over() != nil: // it was killed for that
		return "", fmt.Errorf("%s: %w", p.name, p.over())
	case err != nil:
		return "", p.failed(err)
	}
	return "", io.EOF
}

// Expect reads a line that must be want.
func (p *Process) Expect(want string) error {
	got, err := p.Line()
	switch {
	case err != nil:
		return fmt.Errorf("waiting for %s to say %q: %w", p.name, want, err)
	case got != want:
		return fmt.Errorf("%s says %q, want %q", p.name, got, want)
	}
	return nil
}

// Tell gives it a line to read.
func (p *Process) Tell(line string) error {
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		return fmt.Errorf("telling %s %q: %w", p.name, line, err)
	}
	return nil
}

// Close kills the process, whatever it started, and takes its home away. It may be
// called again.
func (p *Process) Close() {
	_ = p.kill() // it may have ended
	_ = p.wait() // by the signal
	os.RemoveAll(p.home)
}

// failed is an error of the process with what it last said of it.
func (p *Process) failed(err error) error {
	if said := p.said.String(); said != "" {
		return fmt.Errorf("%s: %w: %s", p.name, err, said)
	}
	return fmt.Errorf("%s: %w", p.name, err)
}

// tailMost is how much is kept of what a process says on its standard error.
const tailMost = 4 << 10

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	last []byte
}

func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, data...)
	t.last = t.last[max(0, len(t.last)-tailMost):]
	return len(data), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.last))
}
