package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"interconnectd/erlterm/required"
)

// For tests of networks, RFC 2544; they exist only in our namespaces.
const (
	lanNet    = "198.18.0."
	secondNet = "198.18.1."
)

// lan is some namespaces and the bridge between them.
type lan struct {
	t     *testing.T
	name  string // of the namespace with the bridge, and what all names begin with
	nodes int
}

// lans counts them, for their names.
var lans atomic.Int64

// newLAN makes the namespaces. The test skips without the rights or the tools.
func newLAN(t *testing.T, nodes int) *lan {
	t.Helper()
	required.Programs(t, "ip")
	if os.Getuid() != 0 {
		required.Missing(t, "not root: no network namespaces")
	}
	l := &lan{t: t, name: fmt.Sprintf("interconnectd-%d-%d", os.Getpid(), lans.Add(1)), nodes: nodes}
	l.addNamespace(l.name)
	l.ip("-n", l.name, "link", "set", "lo", "up")
	l.ip("-n", l.name, "link", "add", "lan", "type", "bridge")
	l.ip("-n", l.name, "addr", "add", lanNet+"1/24", "dev", "lan")
	l.ip("-n", l.name, "link", "set", "lan", "up")
	for i := range nodes {
		ns, port := l.host(i), l.port(i)
		l.addNamespace(ns)
		l.ip("-n", l.name, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", ns)
		l.ip("-n", l.name, "link", "set", port, "master", "lan", "up")
		l.ip("-n", ns, "addr", "add", l.addr(i)+"/24", "dev", "eth0")
		l.ip("-n", ns, "addr", "add", l.secondAddr(i)+"/24", "dev", "eth0")
		l.ip("-n", ns, "link", "set", "eth0", "up")
		l.ip("-n", ns, "link", "set", "lo", "up")
	}
	return l
}

func (l *lan) host(i int) string       { return fmt.Sprintf("%s-%d", l.name, i) }
func (l *lan) port(i int) string       { return fmt.Sprintf("port%d", i) }
func (l *lan) addr(i int) string       { return fmt.Sprintf("%s%d", lanNet, 10+i) }
func (l *lan) secondAddr(i int) string { return fmt.Sprintf("%s%d", secondNet, 10+i) }

// addNamespace makes a namespace; the end of the test takes it away, with all
// that is in it.
func (l *lan) addNamespace(ns string) {
	l.t.Helper()
	l.ip("netns", "add", ns)
	l.t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "del", ns).CombinedOutput(); err != nil {
			l.t.Errorf("ip netns del %s: %v: %s", ns, err, out)
		}
	})
}

func (l *lan) ip(args ...string) { l.t.Helper(); l.do("ip", args...) }

func (l *lan) do(name string, args ...string) {
	l.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		l.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// inside runs a command beside the bridge until the end of the test.
func (l *lan) inside(ready string, args ...string) {
	l.t.Helper()
	cmd := exec.Command("ip", append([]string{"netns", "exec", l.name}, args...)...)
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone
		_ = cmd.Wait()
	})
	for until := time.Now().Add(patience); ; {
		out, _ := exec.Command("ip", "netns", "exec", l.name, "dial", lanNet+"1:"+ready).CombinedOutput()
		if strings.TrimSpace(string(out)) == "connected" {
			return
		}
		if time.Now().After(until) {
			l.t.Fatalf("%s does not listen: %s", args[0], out)
		}
		time.Sleep(20 * time.Millisecond) // between two dials
	}
}
