package machine

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"interconnectd/erlterm/required"
)

//go:embed boot.sh
var bootScript string

// Boot boots a machine, which ends with the test. Where one cannot be had here the
// test skips.
func Boot(t testing.TB, opts Options) *Machine {
	t.Helper()
	if os.Geteuid() != 0 {
		required.Missing(t, "a machine needs root")
	}
	required.Programs(t, "bash", "mount", "pivot_root", "unshare", "nsenter", "systemctl", "/lib/systemd/systemd")
	base, err := cgroupHere()
	if err != nil {
		required.Missing(t, err.Error())
	}
	cgroup, err := os.MkdirTemp(base, "machine-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeCgroup(t, cgroup) })

	process, log := startInit(t, cgroup, opts.Keep)
	m := &Machine{pid: process.pid, env: opts.Env}
	if err := m.awaitBoot(process); err != nil {
		text, _ := os.ReadFile(log)
		t.Fatalf("the machine did not boot: %v\n%s", err, text)
	}
	return m
}

// initProcess is a started machine's PID 1.
type initProcess struct {
	pid  int
	done chan struct{} // closed when it has ended
}

// startInit starts what becomes the machine's systemd, and ends it with the test.
// The log is what it prints.
func startInit(t testing.TB, cgroup string, keep []string) (process initProcess, log string) {
	t.Helper()
	dir := t.TempDir() // a mount point for the machine's root, in its namespace only
	log = filepath.Join(t.TempDir(), "log")
	output, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	group, err := os.Open(cgroup)
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	command := exec.Command("bash", append([]string{"-euc", bootScript, "boot", dir}, keep...)...)
	command.Stdout, command.Stderr = output, output
	command.Env = environment
	command.SysProcAttr = &syscall.SysProcAttr{
		// The cgroup namespace comes later: its root is where the process is that makes it.
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		UseCgroupFD: true, CgroupFD: int(group.Fd()),
		Pdeathsig: syscall.SIGKILL, // a test that dies takes its machine with it
	}
	started := make(chan error)
	process.done = make(chan struct{})
	go func() {
		defer close(process.done)
		runtime.LockOSThread() // Pdeathsig comes when the thread ends that has started the process
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // killed
		}
	}()
	if err := <-started; err != nil {
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
			required.Missing(t, "private namespaces: "+err.Error())
		}
		t.Fatal(err)
	}
	process.pid = command.Process.Pid
	t.Cleanup(func() {
		_ = command.Process.Kill() // and the kernel kills all that is in its namespace
		<-process.done
	})
	return process, log
}

// awaitBoot waits until all is started that a machine starts with.
func (m *Machine) awaitBoot(process initProcess) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		// Before it is systemd, its namespaces are not the machine's yet.
		comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", process.pid))
		if string(comm) == "systemd\n" {
			out, _ := m.Command(ctx, "systemctl", "is-system-running", "--wait").Output()
			switch state := strings.TrimSpace(string(out)); state {
			case "running", "degraded":
				return nil
			}
		}
		select {
		case <-process.done:
			return errors.New("its init has ended")
		case <-ctx.Done():
			return fmt.Errorf("waiting for its systemd: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
