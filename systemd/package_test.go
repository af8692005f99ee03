package systemd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"interconnectd/erlterm/required"
)

// packages are what packaging/build makes, as it is and as its next version.
type packages struct{ deb, next, rpm string }

const debVersion, nextVersion = "0.1.0~test1", "0.1.0~test2"

// built builds the packages once for all tests.
var built = sync.OnceValues(func() (packages, error) {
	first, err := build(debVersion, "deb", "rpm")
	if err != nil {
		return packages{}, err
	}
	second, err := build(nextVersion, "deb")
	if err != nil {
		return packages{}, err
	}
	return packages{deb: first[0], next: second[0], rpm: first[1]}, nil
})

var buildDir string // TestMain removes it

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "interconnectd-packages-")
	if err != nil {
		panic(err)
	}
	buildDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

type buildError struct{ output []byte }

func (e *buildError) Error() string { return string(e.output) }

// build gives the paths of packages of that version.
func build(version string, kinds ...string) ([]string, error) {
	command := exec.Command("packaging/build", kinds...)
	command.Env = append(os.Environ(), "VERSION="+version, "SOURCE_DATE_EPOCH=1700000000", "DIST="+filepath.Join(buildDir, version))
	var problems strings.Builder
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		return nil, &buildError{[]byte(err.Error() + "\n" + problems.String())}
	}
	return strings.Fields(string(out)), nil
}

// mustBuild skips where there is no nfpm to be had.
func mustBuild(t *testing.T) packages {
	t.Helper()
	required.Programs(t, "bash", "go", "gzip")
	p, err := built()
	if err != nil && strings.Contains(err.Error(), "github.com/goreleaser/nfpm") {
		required.Missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Debian's own check finds nothing.
func TestLintian(t *testing.T) {
	required.Programs(t, "lintian")
	p := mustBuild(t)
	out, err := exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", p.deb).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("lintian: %v\n%s", err, out)
	}
}

// The rpm has what the Debian package has, but for places that differ.
func TestRPM(t *testing.T) {
	required.Programs(t, "rpm", "dpkg-deb")
	p := mustBuild(t)
	out, err := exec.Command("rpm", "-qlp", p.rpm).Output()
	if err != nil {
		t.Fatal(err)
	}
	inRPM := make(map[string]bool)
	for path := range strings.Lines(string(out)) {
		inRPM[strings.TrimSpace(path)] = true
	}
	elsewhere := strings.NewReplacer("/lib/systemd/", "/usr/lib/systemd/", "/zsh/vendor-completions/", "/zsh/site-functions/")
	for _, path := range debFiles(t, p.deb) {
		if strings.HasPrefix(path, "/usr/share/lintian/") {
			continue
		}
		if path = elsewhere.Replace(path); !inRPM[path] {
			t.Errorf("the rpm has no %s", path)
		}
		delete(inRPM, path)
	}
	for path := range inRPM {
		t.Errorf("the rpm has %s, which the Debian package has not", path)
	}
}

// debFiles are the files of a Debian package, without folders.
func debFiles(t *testing.T, deb string) []string {
	t.Helper()
	out, err := exec.Command("dpkg-deb", "--contents", deb).Output()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); !strings.HasPrefix(line, "d") {
			files = append(files, strings.TrimPrefix(fields[5], "."))
		}
	}
	return files
}

// The same source gives the same bytes.
func TestSameBytes(t *testing.T) {
	p := mustBuild(t)
	first, err := os.ReadFile(p.deb)
	if err != nil {
		t.Fatal(err)
	}
	again, err := build(debVersion, "deb")
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(again[0])
	if err != nil || string(first) != string(second) {
		t.Errorf("another build is another package (%v)", err)
	}
}

// The settings that are installed are those that are documented, and set nothing.
func TestShippedSettings(t *testing.T) {
	required.Programs(t, "dpkg-deb")
	p := mustBuild(t)
	dir := t.TempDir()
	if out, err := exec.Command("dpkg-deb", "-x", p.deb, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	etc := filepath.Join(dir, "etc/interconnectd")
	settings, err := os.ReadFile(filepath.Join(etc, "interconnectd.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(settings)) {
		if line != "\n" && !strings.HasPrefix(line, "#") {
			t.Errorf("it sets %q", line)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "usr/share/interconnectd/interconnectd.schema.json")); err != nil || !strings.Contains(string(settings), "=/usr/share/interconnectd/interconnectd.schema.json\n") {
		t.Errorf("its schema is not where it says: %v", err)
	}
	if _, err := os.Stat(filepath.Join(etc, "cookie")); err == nil {
		t.Error("a cookie is in the package")
	}
	cookie := filepath.Join(dir, "cookie")
	if err := os.WriteFile(cookie, []byte("a-cookie-of-some-length"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := exec.Command(filepath.Join(dir, "usr/bin/interconnectd"), "check", "-o", "json", "-config", filepath.Join(etc, "sys.config"),
		"-settings", filepath.Join(etc, "interconnectd.yaml"), "-setcookie_file", cookie, "-name", "a@127.0.0.1")
	var answer struct {
		OK       bool
		Problems []any
	}
	out, err := check.CombinedOutput()
	if json.Unmarshal(out, &answer) != nil || err != nil || !answer.OK || len(answer.Problems) > 0 {
		t.Errorf("check: %v\n%s", err, out)
	}
}
