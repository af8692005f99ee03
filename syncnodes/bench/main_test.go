package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bench/report"
)

// TestMain is the program where the arguments are its own and not those of go test: as
// the tests start it, and as it starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
	}
	m.Run()
}

// program is the program with other arguments, and with a folder for temporary files
// that is its own. Of what it measures only interconnectd is there: the others take
// their time. What it starts ends with it.
func program(t *testing.T, args ...string) (cmd *exec.Cmd, temp string) {
	t.Helper()
	required.Programs(t, "go", "true")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	for _, name := range []string{"go", "true"} {
		real, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(real, filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
	}
	// Sockets lie in there, whose paths must be short.
	if temp, err = os.MkdirTemp("", "b"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	cmd = exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), "PATH="+path, "TMPDIR="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return cmd, temp
}

// outcome runs it to its end.
func outcome(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd, temp := program(t, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its state says all
	if cmd.ProcessState == nil {
		t.Fatal("it did not start")
	}
	checkNothingLeft(t, temp)
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// checkNothingLeft wants an empty folder, and no process whose environment names it.
func checkNothingLeft(t *testing.T, temp string) {
	t.Helper()
	if entries, err := os.ReadDir(temp); err != nil || len(entries) > 0 {
		t.Errorf("%v is left (%v)", entries, err)
	}
	for _, pid := range in(t, temp) {
		t.Errorf("process %s is left", pid)
	}
}

// in are the processes whose environment names a folder.
func in(t *testing.T, folder string) (pids []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(all) == 0 {
		t.Errorf("no processes here: %v", err)
	}
	for _, proc := range all {
		if env, err := os.ReadFile(filepath.Join(proc, "environ")); err == nil && bytes.Contains(env, []byte(folder)) {
			pids = append(pids, filepath.Base(proc))
		}
	}
	return pids
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestBench: a run writes a report of what is here and says what is not; and the report
// is written anew of its figures, as it was.
func TestBench(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "report")
	code, stdout, stderr := outcome(t, "-nodes", "2", "-runs", "1", "-hangs", "0", "-settle", "1s", "-idle", "1s",
		"-only", "fleets,calls,mixed,crowds", "-calls", "100", "-crowds", "2", "-o", dir)
	if code != 0 {
		t.Fatalf("it exits with %d: %s", code, stderr)
	}
	if !strings.Contains(stdout, "the report is "+filepath.Join(dir, "REPORT.md")) || !strings.Contains(stderr, "4 of 4: crowds") {
		t.Errorf("it prints %s, and as progress %s", stdout, stderr)
	}
	if plots, err := filepath.Glob(filepath.Join(dir, "plots", "*.svg")); err != nil || len(plots) == 0 {
		t.Errorf("no plots (%v)", err)
	}
	r, err := report.Load(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	f, found := r.Fleet(report.Embedded, 2)
	if !found || len(r.Fleets) != 1 || len(f.FullView) != 1 || len(f.Stop.Last) != 1 || len(f.Hang.Last) != 0 || len(f.RSS) != 2 {
		t.Errorf("fleets %+v, want one of two nodes", r.Fleets)
	}
	if len(r.Calls) != 2 || len(r.Limits.Exec) == 0 || len(r.Limits.RoundTrip) != 1 {
		t.Errorf("calls %+v, limits %+v", r.Calls, r.Limits)
	}
	for _, what := range []string{report.External + ": ", report.OTP + ": ", report.Serf + ": ", "calls, " + report.CallOTP, "crowds: ", "mixed: "} {
		if !slices.ContainsFunc(r.Missed, func(m string) bool { return strings.HasPrefix(m, what) }) {
			t.Errorf("missed %q, not %q", r.Missed, what)
		}
	}

	again := filepath.Join(t.TempDir(), "again")
	if code, _, stderr := outcome(t, "-render", filepath.Join(dir, "report.json"), "-o", again); code != 0 {
		t.Fatalf("-render exits with %d: %s", code, stderr)
	}
	for _, name := range []string{"REPORT.md", "report.json"} {
		if read(t, filepath.Join(dir, name)) != read(t, filepath.Join(again, name)) {
			t.Errorf("%s is another one when it is written anew", name)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"goals are met", []string{"-check", "-render", "testdata/met.json"}, 0, "met     full view of 30 nodes", ""},
		{"a goal is missed", []string{"-check", "-render", "testdata/missed.json"}, exitGoals, "missed  full view of 30 nodes", "bench: a goal was missed\n"},
		{"nobody asks", []string{"-render", "testdata/missed.json"}, 0, "missed  full view of 30 nodes", ""},
		{"with a later one", []string{"-check", "-render", "testdata/missed.json,testdata/met.json"}, 0, "met     full view of 30 nodes", ""},
		{"no later report", []string{"-render", "testdata/met.json,testdata/nowhere.json"}, exitFailed, "", "nowhere.json"},
		{"a wrong flag", []string{"-knots"}, exitUsage, "", "-knots"},
		{"no report", []string{"-render", "testdata/nowhere.json"}, exitFailed, "", "nowhere.json"},
		{"help", []string{"-h"}, 0, "usage: ", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := outcome(t, append([]string{"-o", t.TempDir()}, tt.args...)...)
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) || tt.stderr == "" && stderr != "" {
				t.Errorf("it exits with %d, prints %q and %q; want %d, %q and %q", code, stdout, stderr, tt.code, tt.stdout, tt.stderr)
			}
		})
	}
}

// TestSandboxExit: the exit code of the sandbox is the program's, which says once what
// went wrong.
func TestSandboxExit(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := outcome(t, "-runs", "1", "-calls", "1", "-only", "calls", "-o", file)
	if code != exitFailed || strings.Count(stderr, "bench: ") != 1 || !strings.Contains(stderr, "bench: writing the report: ") {
		t.Errorf("it exits with %d: %s", code, stderr)
	}
}

// TestSignal: a program that is told to end in the midst of it all says so, and leaves
// nothing.
func TestSignal(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			cmd, temp := program(t, "-nodes", "2", "-runs", "1", "-idle", "1h", "-only", "fleets", "-o", t.TempDir())
			read, write := io.Pipe()
			cmd.Stderr = write
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			go func() {
				_ = cmd.Wait() // its state says all
				write.Close()
			}()
			var told []string
			for lines := bufio.NewScanner(read); lines.Scan(); {
				told = append(told, lines.Text())
				if !strings.Contains(lines.Text(), "idle, for ") {
					continue
				}
				if running := in(t, temp); len(running) < 4 {
					t.Errorf("processes %v, want the program twice and two nodes", running)
				}
				if err := cmd.Process.Signal(sig); err != nil {
					t.Error(err)
				}
			}
			if code := cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(told[len(told)-1], "all that was started has ended") {
				t.Errorf("it exits with %d, and tells %q", code, told)
			}
			checkNothingLeft(t, temp)
		})
	}
}
