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

const installed = "/usr/bin/interconnectd" // ExecStart's path in the units

// units are the services, and what is to take the place of %i in them.
var units = map[string]string{
	"interconnectd.service":  "",
	"interconnectd@.service": "interconnectd@b@10.0.0.7.service",
}

// TestUnitsVerify has systemd-analyze read the units, with the path of a binary
// that exists in place of the installed one. They reload by the subcommand, which
// fails where the configuration is wrong.
func TestUnitsVerify(t *testing.T) {
	required.Programs(t, "systemd-analyze", "man")
	dir := t.TempDir()
	binary := filepath.Join(dir, "interconnectd")
	if out, err := exec.Command("go", "build", "-o", binary, "../daemon").CombinedOutput(); err != nil {
		t.Fatalf("building the daemon: %v\n%s", err, out)
	}
	t.Setenv("MANPATH", filepath.Join(dir, "man")) // for Documentation=
	if out, err := exec.Command(binary, "man", "-d", filepath.Join(dir, "man")).CombinedOutput(); err != nil {
		t.Fatalf("writing the manual: %v\n%s", err, out)
	}
	verify := func(name string, unit []byte) (string, error) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, unit, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("systemd-analyze", "verify", "--recursive-errors=no", path).CombinedOutput()
		return string(out), err
	}
	target, err := os.ReadFile("interconnectd-sync.target")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := verify("interconnectd-sync.target", target); err != nil || out != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	for name, instance := range units {
		unit, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"\nExecStart=" + installed + " ", "\nExecReload=" + installed + " reload\n"} {
			if n := bytes.Count(unit, []byte(line)); n != 1 {
				t.Fatalf("%q stands %d times in %s, want once", line, n, name)
			}
		}
		unit = bytes.ReplaceAll(unit, []byte(installed), []byte(binary))
		if instance == "" {
			instance = name
		}
		if out, err := verify(instance, unit); err != nil || out != "" {
			t.Errorf("systemd-analyze verify %s: %v\n%s", instance, err, out)
		}
		// The check can fail.
		broken := bytes.Replace(unit, []byte("ProtectSystem=strict"), []byte("ProtectSystem=sturdy"), 1)
		if out, _ := verify("broken.service", broken); !strings.Contains(out, "sturdy") {
			t.Errorf("a wrong value passed: %q", out)
		}
	}

	// What they reload by is a command that asks a daemon.
	if out, err := exec.Command(binary, "help", "reload").CombinedOutput(); err != nil {
		t.Errorf("help reload: %v\n%s", err, out)
	}
}

// TestUnitsAreSandboxed has systemd-analyze find no more exposure than 1.5 of 10.
func TestUnitsAreSandboxed(t *testing.T) {
	required.Programs(t, "systemd-analyze")
	for name := range units {
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", name).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestUnitsAgree holds the template against the service: they differ by the node's
// name and by the comments.
func TestUnitsAgree(t *testing.T) {
	plain, template := settings(t, "interconnectd.service"), settings(t, "interconnectd@.service")
	template = strings.NewReplacer(", node %i", "", "-name %i ", "", "interconnect/%i", "interconnect/default").Replace(template)
	if plain != template {
		t.Errorf("interconnectd.service has\n%s\nand the template\n%s", plain, template)
	}
}

// settings are the lines of a unit that are no comments.
func settings(t *testing.T, name string) string {
	t.Helper()
	unit, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(unit)) {
		if line != "\n" && !strings.HasPrefix(line, "#") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
