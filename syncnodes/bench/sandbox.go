package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the program tells itself when it starts itself once more, in the sandbox: the
// daemon that was built, and whether the network is its own.
const (
	daemonVar = "INTERCONNECT_BENCH_DAEMON"
	aloneVar  = "INTERCONNECT_BENCH_ALONE"
)

const exitGoals = 1

func inSandbox() bool { return os.Getenv(daemonVar) != "" }

// enterSandbox builds what is measured, and goes on in a network namespace, where
// nothing but loopback is, and nothing but the nodes on that. Where no namespace may be
// made it goes on in this one, and packets are not counted. It gives the exit code.
func enterSandbox(ctx context.Context, opts *options, progress io.Writer) (code int, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, fmt.Errorf("preparing: %w", err)
	}
	defer os.RemoveAll(dir)
	program, err := build(ctx, dir, opts, progress)
	if err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("preparing: %w", err)
	}
	start := func(attr *syscall.SysProcAttr, alone string) (*exec.Cmd, error) {
		cmd := exec.CommandContext(ctx, self, opts.words...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.Env = append(os.Environ(), daemonVar+"="+program, aloneVar+"="+alone)
		cmd.SysProcAttr = attr
		// It ends what it has started, and then itself.
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		return cmd, cmd.Start()
	}
	cmd, err := start(namespace(), "yes")
	if err != nil {
		fmt.Fprintln(progress, "packets are not counted: no network namespace:", err)
		if cmd, err = start(&syscall.SysProcAttr{Setpgid: true}, ""); err != nil {
			return 0, fmt.Errorf("starting: %w", err)
		}
	}
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if exit.ExitCode() == exitGoals {
			return exitGoals, nil
		}
		return 0, errors.New("the benchmark failed, as it said")
	}
	return 0, err
}

// namespace is a network of one's own. Who is not root needs to be it there, for
// loopback to be up. Setpgid keeps Ctrl-C from everyone but the first of us, who tells
// the others to end.
func namespace() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Setpgid: true}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	}
	return attr
}

// raiseLoopback makes the loopback of a new namespace work.
func raiseLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("raising loopback: %w", err)
	}
	defer unix.Close(fd)
	request := struct {
		name  [unix.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: unix.IFF_UP | unix.IFF_RUNNING}
	copy(request.name[:], "lo")
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("raising loopback: %w", errno)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("raising loopback: %w", err)
	}
	return l.Close()
}

// build makes the daemon, as the Makefile does, and what go needs for the tests that
// tell figures, while the network is there to get modules from.
func build(ctx context.Context, dir string, opts *options, progress io.Writer) (program string, err error) {
	fmt.Fprintln(progress, "building interconnectd")
	program = filepath.Join(dir, "interconnectd")
	commands := [][]string{{"build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./daemon"}}
	if opts.only.has(partReads) || opts.only.has(partSwarms) {
		commands = append(commands, []string{"test", "-c", "-o", dir, "./erlterm", "./syncnodes/session", "./syncnodes/membership"})
	}
	for _, words := range commands {
		cmd := exec.CommandContext(ctx, "go", words...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("building: go %s: %w\n%s", words[0], err, out)
		}
	}
	return program, nil
}
