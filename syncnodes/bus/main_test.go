package bus

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

// childEnv makes the test binary a node: "<name> <incarnation> <min> <max>".
const childEnv = "INTERCONNECT_BUS_CHILD"

func TestMain(m *testing.M) {
	if args := os.Getenv(childEnv); args != "" {
		if err := runChild(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runChild opens a Conn, tells where it listens and what it costs, and stays
// until its standard input ends.
func runChild(args string) error {
	var cfg Config
	var inc string
	if _, err := fmt.Sscan(args, &cfg.Node, &inc, &cfg.Ports.Min, &cfg.Ports.Max); err != nil {
		return err
	}
	cfg.Cluster = "test"
	var err error
	if cfg.Incarnation, err = nodeid.ParseIncarnation(inc); err != nil {
		return err
	}
	start := time.Now()
	c, err := Open(context.Background(), cfg)
	if err != nil {
		return err
	}
	opened := time.Since(start)
	select {
	case <-c.Settled():
	case <-time.After(patience):
	}
	settled := time.Since(start)
	fmt.Println(c.RouteAddr(), opened, settled, runtime.NumGoroutine(), resident())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return c.Close()
}

// resident is the process's resident memory in kB, 0 where it is not known.
func resident() int {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb
		}
	}
	return 0
}

// child is another process with a Conn.
type child struct {
	cmd  *exec.Cmd
	addr string // where it listens for routes
	said string // the rest of its line
	cfg  Config
}

// startChild starts a node in a process of its own, which is killed at the end
// of the test.
func startChild(t *testing.T, cfg Config) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d %d", childEnv, cfg.Node, cfg.Incarnation, cfg.Ports.Min, cfg.Ports.Max))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the child said nothing: %v", err)
	}
	addr, said, _ := strings.Cut(strings.TrimSpace(line), " ")
	return &child{cmd: cmd, addr: addr, said: said, cfg: cfg}
}

func (c *child) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
