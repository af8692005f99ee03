package machine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"interconnectd/erlterm/required"
	"interconnectd/systemd/machine"
)

// A machine is a systemd that works, on its own: it starts a unit, keeps its
// journal, has a network of its own, and changes of the host what it may.
func TestMachine(t *testing.T) {
	required.Programs(t, "ip", "ps", "sysctl", "hostname")
	kept := t.TempDir()
	m := machine.Boot(t, machine.Options{Keep: []string{kept}, Env: []string{"COLOUR=blue sky"}})

	m.Write(t, "/etc/systemd/system/probe.service", `[Service]
Type=oneshot
RemainAfterExit=yes
DynamicUser=yes
ExecStart=echo hello from a unit
`, 0o644)
	m.Run(t, "systemctl start probe")
	m.Await(t, "journalctl -u probe -o cat", `^hello from a unit$`)
	if got := m.Run(t, "systemctl is-active probe; ps -o comm= -p 1; hostname; echo $COLOUR"); got != "active\nsystemd\nmachine\nblue sky\n" {
		t.Errorf("got %q", got)
	}
	if got := m.Try(t, "echo before; false; echo after"); got.Code != 1 || got.Output != "before\n" {
		t.Errorf("a script that fails: %+v", got)
	}

	if got := m.Run(t, "ip -o -4 addr show"); strings.Count(got, "\n") != 1 || !strings.Contains(got, "127.0.0.1/8") {
		t.Errorf("it has another network than loopback:\n%s", got)
	}
	m.Run(t, "ip netns add far; ip link add near type veth peer far netns far; ip -n far link set far up; ip netns exec far sysctl -qw net.ipv4.ip_forward=1")

	m.Run(t, "echo 1 >"+kept+"/by-machine; echo 1 >/etc/by-machine; echo 1 >/tmp/by-machine; ! echo 1 2>&1 >/proc/sys/kernel/panic")
	if _, err := os.Stat(filepath.Join(kept, "by-machine")); err != nil {
		t.Error("a folder that is kept:", err)
	}
	for _, path := range []string{"/etc/by-machine", "/tmp/by-machine", "/run/netns/far", "/etc/systemd/system/probe.service"} {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("the host has %s", path)
		}
	}
}

// The machine is gone with the test that has booted it, and all that ran there.
func TestEnds(t *testing.T) {
	before := children(t)
	t.Run("machine", func(t *testing.T) {
		m := machine.Boot(t, machine.Options{})
		m.Run(t, "systemd-run --quiet sleep 1000; setsid sleep 1000 >/dev/null 2>&1 </dev/null &")
	})
	if after := children(t); after != before {
		t.Errorf("children were %q, and are %q", before, after)
	}
}

// children are the processes that this one has.
func children(t *testing.T) string {
	t.Helper()
	all, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	var list strings.Builder
	for _, path := range all {
		data, _ := os.ReadFile(path)
		list.Write(data)
	}
	return list.String()
}
