package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"interconnectd/syncnodes/bench/gotest"
)

// What the program tells itself when it starts itself once more, in the sandbox: the
// daemon that was built, and whether the network is its own.
const (
	daemonVar = "INTERCONNECT_BENCH_DAEMON"
	aloneVar  = "INTERCONNECT_BENCH_ALONE"
)

func inSandbox() bool { return os.Getenv(daemonVar) != "" }

// endWithin is how long the program in the sandbox may take to end what it started.
const endWithin = 30 * time.Second

// enterSandbox builds what is measured, and goes on in a network namespace, where
// nothing but loopback is, and nothing but the nodes on that. Where no namespace may be
// made it goes on in this one, and packets are not counted. All temporary files are in
// a folder that goes in the end, however the program in there does. The error may be
// an exitCode.
func enterSandbox(ctx context.Context, opts *options, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	defer os.RemoveAll(dir)
	fmt.Fprintln(stderr, "preparing")
	program, err := build(ctx, dir, opts)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	start := func(attr *syscall.SysProcAttr, alone string) (*exec.Cmd, error) {
		cmd := exec.CommandContext(ctx, self, opts.words...)
		cmd.Stdout, cmd.Stderr = stdout, stderr
		cmd.Env = append(os.Environ(), daemonVar+"="+program, aloneVar+"="+alone, "TMPDIR="+dir)
		cmd.SysProcAttr = attr
		// It ends what it has started, and then itself. Ctrl-C comes to the first of us
		// alone, who tells the others, also where he ends without a word.
		attr.Setpgid, attr.Pdeathsig = true, syscall.SIGTERM
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = endWithin
		return cmd, cmd.Start()
	}
	cmd, err := start(namespace(), "yes")
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "packets are not counted: no network namespace:", err)
		cmd, err = start(new(syscall.SysProcAttr), "")
	}
	if err != nil {
		return fmt.Errorf("starting the benchmark: %w", err)
	}
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() {
		return exitCode(exit.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("waiting for the benchmark: %w", err)
	}
	return nil
}

// namespace is a network of one's own. Who is not root needs to be it there, for
// loopback to be up.
func namespace() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	}
	return attr
}

// raiseLoopback makes the loopback of a new namespace work.
func raiseLoopback() error {
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("raising loopback: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("raising loopback: %w", err)
	}
	defer unix.Close(fd)
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("raising loopback: %w", err)
	}
	return nil
}

// build makes the daemon, as the Makefile does, and what go needs for the tests that
// tell figures, while the network is there to get modules from.
func build(ctx context.Context, dir string, opts *options) (program string, err error) {
	var commands [][]string
	if opts.daemon != "" {
		if program, err = filepath.Abs(opts.daemon); err != nil {
			return "", fmt.Errorf("preparing: %w", err)
		}
		if _, err := exec.LookPath(program); err != nil {
			return "", usageError{fmt.Errorf("-daemon: %w", err)}
		}
	} else {
		program = filepath.Join(dir, "interconnectd")
		commands = append(commands, []string{"build", "-trimpath", "-ldflags", "-s -w", "-o", program, "interconnectd/daemon"})
	}
	if opts.only.has(partReads) || opts.only.has(partSwarms) {
		commands = append(commands, []string{"test", "-c", "-o", dir, "interconnectd/erlterm", "interconnectd/syncnodes/session", "interconnectd/syncnodes/membership"})
	}
	for _, words := range commands {
		if _, err := gotest.Go(ctx, words...); err != nil {
			return "", fmt.Errorf("building: %w", err)
		}
	}
	return program, nil
}
