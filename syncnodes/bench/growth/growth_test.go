package growth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bench/report"
)

// TestMain is a crowd where it is started as one.
func TestMain(m *testing.M) {
	if run, ok := Role(os.Args[1:]); ok {
		if err := run(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	m.Run()
}

// TestCrowds: a crowd forms and is measured, all of it.
func TestCrowds(t *testing.T) {
	required.Programs(t, "nats-server")
	plan := CrowdPlan{Sizes: []int{5}, Idle: time.Second, Patience: 3 * time.Minute}
	crowds, missed, err := Crowds(t.Context(), plan, t.Logf)
	if err != nil || len(missed) > 0 || len(crowds) != 1 {
		t.Fatalf("got %+v, missed %q, %v; want one crowd", crowds, missed, err)
	}
	c := crowds[0]
	t.Logf("%+v", c)
	if c.Nodes != 5 || c.FullView <= 0 || c.FormCPU <= 0 || c.ServerFormCPU <= 0 || c.CPU <= 0 || c.ServerCPU <= 0 || c.Memory <= 0 || c.ServerRSS <= 0 {
		t.Errorf("got %+v, want five nodes and no figure of nothing", c)
	}
	// Eight probes of neighbours and one of somebody a second, their answers, echoes:
	// half of them at least, where the machine is busy, and not many more.
	if c.Messages < 9 || c.Messages > 40 {
		t.Errorf("%.1f messages a node and second, want some 22", c.Messages)
	}
	if c.Bytes < 20*c.Messages {
		t.Errorf("%.0f bytes in %.1f messages", c.Bytes, c.Messages)
	}
}

// TestImpatient: a crowd that takes too long is missed, which is no error.
func TestImpatient(t *testing.T) {
	required.Programs(t, "nats-server")
	plan := CrowdPlan{Sizes: []int{3}, Patience: time.Microsecond}
	crowds, missed, err := Crowds(t.Context(), plan, t.Logf)
	if err != nil || len(crowds) > 0 || len(missed) != 1 || !strings.Contains(missed[0], "a crowd of 3") {
		t.Errorf("got %v, missed %q, %v; want a crowd of 3 missed", crowds, missed, err)
	}
}

// TestCancelled: a cancelled context ends a crowd in the middle.
func TestCancelled(t *testing.T) {
	required.Programs(t, "nats-server")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, _, err := Crowds(ctx, CrowdPlan{Sizes: []int{2}, Idle: time.Hour, Patience: time.Hour}, t.Logf)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want its deadline exceeded", err)
	}
}

// TestSwarms: the test of package membership tells what a report has.
func TestSwarms(t *testing.T) {
	required.Programs(t, "go")
	var told []string
	swarms, err := Swarms(t.Context(), []int{10, 12}, func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) })
	if err != nil {
		t.Fatal(err)
	}
	if len(swarms) != 2 || swarms[0].Nodes != 10 || swarms[1].Nodes != 12 {
		t.Fatalf("got %+v, want swarms of 10 and 12", swarms)
	}
	for _, s := range swarms {
		if s.FullView <= 0 || s.Messages <= 0 || s.Bytes <= s.Messages || s.Entry <= 0 ||
			s.KillMedian <= 0 || s.KillLast < s.KillMedian || s.HangMedian <= s.KillMedian || s.HangLast < s.HangMedian {
			t.Errorf("got %+v, want no figure of nothing, and medians before lasts", s)
		}
	}
	if !slices.ContainsFunc(told, func(line string) bool { return strings.HasPrefix(line, "swarm: 12 nodes: full view at ") }) {
		t.Errorf("progress was %q", told)
	}
}

func TestReadSwarms(t *testing.T) {
	path := filepath.Join(t.TempDir(), "swarms.json")
	for _, c := range []struct {
		name, data string
		want       int // swarms
		bad        bool
	}{
		{"none", "", 0, false},
		{"two", `{"nodes":10,"kill_last":0.5}` + "\n" + `{"nodes":100}` + "\n", 2, false},
		{"one, and a part of another", `{"nodes":10}` + "\n" + `{"no`, 1, true},
		{"another field", `{"knots":10}`, 0, true},
	} {
		if err := os.WriteFile(path, []byte(c.data), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readSwarms(path)
		if len(got) != c.want || (err != nil) != c.bad {
			t.Errorf("%s: got %+v, %v", c.name, got, err)
		}
		if c.name == "two" && (got[0] != report.Swarm{Nodes: 10, KillLast: 0.5}) {
			t.Errorf("%s: got %+v", c.name, got[0])
		}
	}
}
