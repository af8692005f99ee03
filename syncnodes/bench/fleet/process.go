package fleet

import (
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// pipesWithin is how long the output of a process may stay open after its end, in the
// hands of a child that ends a moment later.
const pipesWithin = 5 * time.Second

// process is one that was started.
type process struct {
	cmd   *exec.Cmd
	says  *lines
	ended chan struct{} // closed when it was waited for
}

// start starts a process. It tells of its lines, and, after the last of them, that it
// has ended; either may be nil. The thread of the caller must live as long as the
// process may, which the kernel ends with it.
func start(cmd *exec.Cmd, tell func(at time.Time, line string), gone func()) (*process, error) {
	p := &process{cmd: cmd, says: &lines{tell: tell}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = p.says, p.says, pipesWithin
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		Setpgid:   true, // the Ctrl-C of a terminal is for who started it, and who ends it then
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	go func() {
		_ = cmd.Wait() // its state says all
		close(p.ended)
		if gone != nil {
			gone()
		}
	}()
	return p, nil
}

// pid is its number, also of one that has ended.
func (p *process) pid() int { return p.cmd.Process.Pid }

// signal sends a signal, which is an error where the process has ended.
func (p *process) signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// kill ends the process as kill -9 does, also one that is stopped, and waits for it. It
// may have ended.
func (p *process) kill() {
	_ = p.signal(syscall.SIGKILL)
	<-p.ended
}

// epitaph is how it ended, once it has, and what it said.
func (p *process) epitaph() string {
	return fmt.Sprintf("%s ended (%v), %v", p.cmd.Path, p.cmd.ProcessState, p.says)
}
