package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bench/report"
)

// buildDaemon makes what users run.
func buildDaemon(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "interconnectd")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "interconnectd/daemon")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the daemon: %v\n%s", err, out)
	}
	return program
}

// need skips a test without a system's programs.
func need(t *testing.T, s System) {
	t.Helper()
	if err := s.Missing(); err != nil {
		required.Missing(t, err.Error())
	}
}

// Three nodes of each system are measured, and no figure is missing. Bounds are those of
// a machine that is busy with something else.
func TestMeasure(t *testing.T) {
	program := buildDaemon(t)
	for _, tt := range []struct {
		system             System
		hangs              int // Erlang's takes a minute
		full, ready        time.Duration
		killed, hung, left time.Duration
	}{
		{Embedded(program), 1, 20 * time.Second, 10 * time.Second, time.Second, 10 * time.Second, time.Second},
		{External(program), 1, 20 * time.Second, 10 * time.Second, 5 * time.Second, 10 * time.Second, time.Second},
		{Erlang(), 0, time.Minute, time.Minute, 10 * time.Second, 0, 20 * time.Second},
		{Serf(), 0, time.Minute, time.Minute, time.Minute, 0, 20 * time.Second},
	} {
		t.Run(tt.system.Name(), func(t *testing.T) {
			t.Parallel()
			need(t, tt.system)
			const nodes = 3
			plan := Plan{Runs: 1, Hangs: tt.hangs, Settle: time.Second, Idle: 500 * time.Millisecond, Alone: true}
			f, err := Measure(t.Context(), tt.system, nodes, plan, t.Logf)
			if err != nil {
				t.Fatal(err)
			}
			if f.System != tt.system.Name() || f.Nodes != nodes {
				t.Errorf("it is %d nodes of %q", f.Nodes, f.System)
			}
			checkTimes(t, "full view", f.FullView, 1, tt.full)
			checkTimes(t, "ready", f.Ready, 1, tt.ready)
			checkNotices(t, "kill", f.Kill, 1, tt.killed)
			checkNotices(t, "hang", f.Hang, tt.hangs, tt.hung)
			checkNotices(t, "stop", f.Stop, 1, tt.left)

			checkSample(t, "RSS", f.RSS, nodes, 4<<20, 1<<30)
			checkSample(t, "PSS", f.PSS, nodes, 1<<20, 1<<30)
			checkSample(t, "descriptors", f.Descriptors, nodes, 5, 1000)
			checkSample(t, "CPU", f.CPU, nodes, 0, 2)
			for i := range f.PSS {
				if f.PSS[i] > f.RSS[i] {
					t.Errorf("a PSS of %v is more than the RSS, %v", f.PSS[i], f.RSS[i])
				}
			}
			if s := f.Server; s == nil != (tt.system.Name() != report.External) {
				t.Errorf("its server is %v", s)
			} else if s != nil && (s.RSS < 4<<20 || s.PSS > s.RSS || s.Descriptors < 5 || s.CPU <= 0) {
				t.Errorf("its server takes %+v", *s)
			}
			if strings.HasPrefix(tt.system.Name(), report.Embedded) && (f.Packets <= 0 || f.Bytes < f.Packets) {
				t.Errorf("%v packets and %v bytes a second, want some", f.Packets, f.Bytes)
			}
		})
	}
}

func checkNotices(t *testing.T, what string, n report.Notices, count int, most time.Duration) {
	t.Helper()
	checkTimes(t, what+", median", n.Median, count, most)
	checkTimes(t, what+", last", n.Last, count, most)
	for i := range n.Median {
		if n.Median[i] > n.Last[i] {
			t.Errorf("%s: median %v, last %v", what, n.Median[i], n.Last[i])
		}
	}
}

func checkTimes(t *testing.T, what string, s report.Sample, count int, most time.Duration) {
	t.Helper()
	checkSample(t, what, s, count, 1e-5, most.Seconds())
}

func checkSample(t *testing.T, what string, s report.Sample, count int, least, most float64) {
	t.Helper()
	if len(s) != count {
		t.Errorf("%s has %d values, want %d", what, len(s), count)
	}
	for _, v := range s {
		if v < least || v > most {
			t.Errorf("%s: %v, want %v to %v", what, v, least, most)
		}
	}
}

// Whenever its context ends, Measure leaves no process and no folder.
func TestCancel(t *testing.T) {
	program := buildDaemon(t)
	for _, system := range []System{Embedded(program), External(program), Erlang(), Serf()} {
		for _, at := range []struct {
			name   string
			moment string // of progress; "" for a moment after the start
		}{{"while they start", ""}, {"while they are idle", "idle"}} {
			t.Run(system.Name()+" "+at.name, func(t *testing.T) {
				need(t, system)
				dir := t.TempDir()
				t.Setenv("TMPDIR", dir)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if at.moment == "" {
					defer time.AfterFunc(20*time.Millisecond, cancel).Stop()
				}
				_, err := Measure(ctx, system, 3, Plan{Runs: 1, Settle: time.Minute}, func(format string, args ...any) {
					if at.moment != "" && strings.Contains(fmt.Sprintf(format, args...), at.moment) {
						cancel()
					}
				})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%v, want one that wraps %v", err, context.Canceled)
				}
				checkNothingLeft(t, dir)
			})
		}
	}
}

// checkNothingLeft wants an empty folder, and no process that has its own in there.
func checkNothingLeft(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%v is left (%v)", entries, err)
	}
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil || len(links) == 0 {
		t.Errorf("no processes here: %v", err)
	}
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, dir) {
			name, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "comm"))
			t.Errorf("%s runs in %s", strings.TrimSpace(string(name)), cwd)
		}
	}
}

// A node that ends by itself is an error that has its last lines.
func TestNodeEnds(t *testing.T) {
	program := filepath.Join(t.TempDir(), "ends")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho this is why; exit 7\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Measure(t.Context(), Embedded(program), 2, Plan{Runs: 1}, t.Logf)
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "\n  this is why") {
		t.Errorf("%v, want one with the exit status and the last line", err)
	}
}

func TestTooFew(t *testing.T) {
	for _, tt := range []struct{ nodes, runs int }{{1, 1}, {2, 0}} {
		if _, err := Measure(t.Context(), Serf(), tt.nodes, Plan{Runs: tt.runs}, t.Logf); err == nil {
			t.Errorf("%d nodes are measured in %d runs", tt.nodes, tt.runs)
		}
	}
}

func TestMissing(t *testing.T) {
	err := Embedded("interconnectd-of-nowhere").Missing()
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "interconnectd-of-nowhere") {
		t.Errorf("%v, want one that names the program and wraps %v", err, exec.ErrNotFound)
	}
}

func TestVersions(t *testing.T) {
	program := buildDaemon(t)
	for system, want := range map[*System]string{
		new(Embedded(program)): "interconnectd ",
		new(External(program)): ", nats-server ",
		new(Erlang()):          "OTP ",
		new(Serf()):            ".",
	} {
		t.Run(system.Name(), func(t *testing.T) {
			t.Parallel()
			need(t, *system)
			got, err := system.Version(t.Context())
			if err != nil || !strings.Contains(got, want) || strings.Contains(got, "\n") {
				t.Errorf("%q (%v), want a line with %q", got, err, want)
			}
		})
	}
}
