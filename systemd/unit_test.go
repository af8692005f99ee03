package systemd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"interconnectd/erlterm/required"
)

const installed = "/usr/bin/interconnectd" // ExecStart's path in the unit

// TestUnitVerifies has systemd-analyze read the unit, with the path of a
// binary that exists in place of the installed one. The unit reloads by the
// subcommand, which fails where the configuration is wrong.
func TestUnitVerifies(t *testing.T) {
	required.Programs(t, "systemd-analyze")
	unit, err := os.ReadFile("interconnectd.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"\nExecStart=" + installed + " -config ", "\nExecReload=" + installed + " reload\n"} {
		if n := bytes.Count(unit, []byte(line)); n != 1 {
			t.Fatalf("%q stands %d times in the unit, want once", line, n)
		}
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "interconnectd")
	if out, err := exec.Command("go", "build", "-o", binary, "../daemon").CombinedOutput(); err != nil {
		t.Fatalf("building the daemon: %v\n%s", err, out)
	}
	verify := func(name string, unit []byte) (string, error) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, unit, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "verify", "--recursive-errors=no", path).CombinedOutput()
		return string(out), err
	}
	unit = bytes.ReplaceAll(unit, []byte(installed), []byte(binary))
	if out, err := verify("interconnectd.service", unit); err != nil || out != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}

	// What it reloads by is a command that asks a daemon.
	if out, err := exec.Command(binary, "help", "reload").CombinedOutput(); err != nil {
		t.Errorf("help reload: %v\n%s", err, out)
	}

	// The check can fail.
	broken := bytes.Replace(unit, []byte("ProtectSystem=strict"), []byte("ProtectSystem=sturdy"), 1)
	if out, _ := verify("broken.service", broken); !strings.Contains(out, "sturdy") {
		t.Errorf("a wrong value passed: %q", out)
	}
}
