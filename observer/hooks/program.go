package hooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"interconnectd/configs"
	"interconnectd/observer/event"
)

const (
	// killAfter is what a program has from TERM to KILL.
	killAfter = time.Second
	// leftOpen is how long the output is read of a program that has ended: what it
	// left running may hold that for ever.
	leftOpen = 100 * time.Millisecond
	// outputMost is how much of the end of the output is kept, in bytes.
	outputMost = 4 << 10
)

// result is what became of a run.
type result struct {
	err      error // nil: exit status 0
	timedOut bool
}

// hidden are variables that are secret, or the daemon's alone.
var hidden = []string{"RELEASE_COOKIE", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"}

// environment is the daemon's without what is not for others.
func environment(daemons []string) []string {
	return slices.DeleteFunc(slices.Clone(daemons), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(hidden, name)
	})
}

// variables are those of an event.
func variables(e event.Event) []string {
	return []string{
		"INTERCONNECT_EVENT=" + string(e.Kind),
		"INTERCONNECT_NODE=" + string(e.Node),
		"INTERCONNECT_SELF=" + string(e.Self),
		"INTERCONNECT_TYPE=" + e.Type,
		"INTERCONNECT_REASON=" + e.Reason,
		"INTERCONNECT_DETAIL=" + e.Detail,
		"INTERCONNECT_TIME=" + e.Time.UTC().Format(event.TimeFormat),
		"INTERCONNECT_SEQ=" + strconv.FormatUint(e.Seq, 10),
	}
}

// runProgram runs a hook's program for an event, and waits for its end, which comes
// when the hook's time is over, or ctx has ended, at the latest.
func runProgram(ctx context.Context, h configs.Hook, environ []string, e event.Event) result {
	input, err := json.Marshal(e)
	if err != nil {
		return result{err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	var output tail
	cmd := exec.Command(h.Run[0], h.Run[1:]...)
	cmd.Env = slices.Concat(environ, variables(e))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(append(input, '\n')), &output, &output
	cmd.WaitDelay = leftOpen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return result{err: err}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		endGroup(cmd.Process.Pid, ended)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return result{output.explain(fmt.Errorf("not done within %s", h.Timeout)), true}
		}
		return result{err: errors.New("ended with the daemon")}
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // the program itself was well
	}
	if err != nil {
		err = output.explain(err)
	}
	return result{err: err}
}

// endGroup ends a process group, whose leader's end is told by ended.
func endGroup(leader int, ended <-chan error) {
	_ = syscall.Kill(-leader, syscall.SIGTERM) // it may have ended just now
	select {
	case <-ended:
		_ = syscall.Kill(-leader, syscall.SIGKILL) // who is left of it
	case <-time.After(killAfter):
		_ = syscall.Kill(-leader, syscall.SIGKILL)
		<-ended
	}
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if more := len(t.text) - outputMost; more > 0 {
		t.text = append(t.text[:0], t.text[more:]...)
	}
	return len(p), nil
}

// explain adds the last line of the output, where there is one, to an error.
func (t *tail) explain(err error) error {
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(t.text), "")), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if last == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, last)
}
