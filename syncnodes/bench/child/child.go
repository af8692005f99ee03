// Package child runs the processes that are measured, and measures what they take. Each
// has a home of its own, and ends with the context that it was started with, with a
// Close, or with the program that started it; what it started itself ends with it. It is
// spoken with in lines, on its standard input and output, or it is only listened to.
//
// Line and Tell are for one goroutine; any may call the rest.
package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Command is a process to start. Of this program's environment it has the PATH.
type Command struct {
	Path string
	Args []string
	Env  []string // beside the PATH and what tells of its home, over which it goes
	Dir  string   // where it works; "": its home

	// Home is one of NewHome, which stays; "": one that is made, and that ends with Close.
	Home  string
	Files map[string][]byte // that lie in a home that is made

	// OnLine is handed each line of its output and of its errors, and the time at which it
	// was read, by a goroutine that reads on when it returns. Such a process has nothing
	// to read, and is not spoken with.
	OnLine func(at time.Time, line string)
}

// Self is this program once more, with other arguments.
func Self(args ...string) (Command, error) {
	path, err := os.Executable()
	if err != nil {
		return Command{}, fmt.Errorf("finding this program: %w", err)
	}
	return Command{Path: path, Args: args}, nil
}

// The folders of a home.
const (
	runFolder   = "run"
	stateFolder = "state"
	tempFolder  = "tmp"
)

// NewHome makes a home in a folder, or where temporary files are where that is "". It has
// its folders, and files by their names.
func NewHome(dir string, files map[string][]byte) (home string, err error) {
	home, err = os.MkdirTemp(dir, "bench-")
	if err == nil {
		err = fill(home, files)
	}
	if err != nil {
		os.RemoveAll(home)
		return "", fmt.Errorf("making a home: %w", err)
	}
	return home, nil
}

func fill(home string, files map[string][]byte) error {
	for _, folder := range []string{runFolder, stateFolder, tempFolder} {
		if err := os.Mkdir(filepath.Join(home, folder), 0o700); err != nil {
			return err
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(home, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Process is one that was started.
type Process struct {
	// immutable
	name string
	temp string // its home where that ends with it, or ""
	cmd  *exec.Cmd
	in   io.Writer
	pipe *os.File // its output, which out reads; nil where OnLine is handed it
	out  *bufio.Reader
	said *lines // its errors, and what was read of its output

	ended chan struct{} // closed when it was waited for
	err   error         // how it ended, once it has; nil: well
}

// drainWithin is how long the output of a process may stay open after its end, in the
// hands of a child that left its group.
const drainWithin = 5 * time.Second

// Start starts a process, which ends with ctx at the latest.
func Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{name: filepath.Base(c.Path), said: &lines{tell: c.OnLine}, ended: make(chan struct{})}
	if c.Home == "" {
		home, err := NewHome("", c.Files)
		if err != nil {
			return nil, fmt.Errorf("starting %s: %w", p.name, err)
		}
		c.Home, p.temp = home, home
	}
	if err := p.start(ctx, c); err != nil {
		p.clean()
		return nil, fmt.Errorf("starting %s: %w", p.name, err)
	}
	return p, nil
}

func (p *Process) start(ctx context.Context, c Command) error {
	p.cmd = exec.CommandContext(ctx, c.Path, c.Args...)
	p.cmd.Dir = c.Dir
	if c.Dir == "" {
		p.cmd.Dir = c.Home
	}
	p.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + c.Home, "TMPDIR=" + filepath.Join(c.Home, tempFolder),
		"INTERCONNECT_RUNTIME_DIR=" + filepath.Join(c.Home, runFolder), "STATE_DIRECTORY=" + filepath.Join(c.Home, stateFolder),
	}, c.Env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{
		// It comes when the thread ends that has started the process. Threads of a Go
		// program last as long as it does, but for those that are locked.
		Pdeathsig: syscall.SIGKILL,
		// The Ctrl-C of a terminal is for who started it; and what it starts is known by it.
		Setpgid: true,
	}
	p.cmd.WaitDelay = drainWithin
	p.cmd.Stderr = p.said
	if c.OnLine != nil {
		p.cmd.Stdout = p.said
		if err := p.cmd.Start(); err != nil {
			return err
		}
	} else if err := p.startSpoken(); err != nil {
		return err
	}
	go p.await(ctx)
	return nil
}

// startSpoken starts a process that is spoken with. Its output is a pipe that stays when
// it has ended, until all is read.
func (p *Process) startSpoken() (err error) {
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer write.Close()
	p.cmd.Stdout, p.pipe, p.out = write, read, bufio.NewReader(read)
	return p.cmd.Start()
}

// await waits for the end of the process, and ends what it has left. Its number is that
// of the group for as long as it was not waited for, and nobody else's.
func (p *Process) await(ctx context.Context) {
	defer close(p.ended)
	for unix.Waitid(unix.P_PID, p.PID(), nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // there is the process at least, which has ended
	err := p.cmd.Wait()
	switch {
	case err == nil:
	case ctx.Err() != nil: // it was killed for that
		p.err = fmt.Errorf("%s: %w", p.name, context.Cause(ctx))
	default:
		p.err = p.failed(err)
	}
}

// PID is the process's, also of one that has ended.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process has ended, and OnLine was handed its last line.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err is how the process ended: nil where it did well, or has not ended yet.
func (p *Process) Err() error {
	select {
	case <-p.ended:
		return p.err
	default:
		return nil
	}
}

// Said is what the process said last, for an error.
func (p *Process) Said() string { return p.said.String() }

// Line is the next line that it prints, without the line's end. The error of a process
// that has ended well is io.EOF; of another one it says how it ended.
func (p *Process) Line() (string, error) {
	line, err := p.out.ReadString('\n')
	switch {
	case err == nil:
		line = strings.TrimSuffix(line, "\n")
		p.said.keep(line)
		return line, nil
	case !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed):
		return "", fmt.Errorf("reading what %s prints: %w", p.name, err)
	}
	<-p.ended
	if p.err != nil {
		return "", p.err
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

// Signal sends a signal to the process, which is an error where it has ended.
func (p *Process) Signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// Close kills the process, also one that is stopped, waits for its end, and takes its
// home away. It may be called again.
func (p *Process) Close() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
	p.clean()
}

// clean takes away what is left of a process that does not run.
func (p *Process) clean() {
	if p.pipe != nil {
		p.pipe.Close()
	}
	if p.temp != "" {
		os.RemoveAll(p.temp)
	}
}

// failed is an error of the process with what it last said.
func (p *Process) failed(err error) error { return fmt.Errorf("%s: %w; %s", p.name, err, p.Said()) }
