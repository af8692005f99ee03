package metrics

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm/required"
	"interconnectd/observer/event"
	"interconnectd/observer/hooks"
	"interconnectd/observer/journal"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fake is a node that answers what is set.
type fake struct {
	status syncnodes.Status
	stats  syncnodes.Stats
	err    error
	hangs  bool
}

func (f *fake) Status(ctx context.Context) (syncnodes.Status, error) {
	if f.hangs {
		<-ctx.Done()
		return syncnodes.Status{}, ctx.Err()
	}
	return f.status, f.err
}

func (f *fake) Stats(context.Context) (syncnodes.Stats, error) { return f.stats, f.err }

// someNode has something of everything.
func someNode() *fake {
	f := &fake{
		status: syncnodes.Status{
			Peers: []syncnodes.Peer{
				{Node: "b@h", State: membership.Up, Expected: true},
				{Node: "c@h", State: membership.Up},
				{Node: "d@h", State: membership.Suspect},
				{Node: "e@h", State: membership.Down, Expected: true},
			},
			Sync: syncnodes.Progress{Up: 3, Of: 4, Missing: []nodeid.Name{"e@h"}, Done: true},
		},
		stats: syncnodes.Stats{
			Handshakes: map[syncnodes.Handshake]uint64{
				{Side: syncnodes.Dialled, Result: "ok"}: 2, {Side: syncnodes.Dialled, Result: "no_holder"}: 7,
				{Side: syncnodes.Accepted, Result: "ok"}: 2, {Side: syncnodes.Accepted, Result: "cookies_differ"}: 1,
			},
			Dropped:  map[string]uint64{"wrong cookie": 3, "bus full": 0},
			SyncTook: 1500 * time.Millisecond, BusReconnects: 1,
		},
	}
	for _, trip := range []time.Duration{80 * time.Microsecond, 400 * time.Microsecond, 420 * time.Microsecond, 3 * time.Second} {
		f.stats.RoundTrips.Add(trip)
	}
	return f
}

func someObserved() Observed {
	return Observed{
		Journal: journal.Status{Path: "/var/lib/interconnectd/a@h/events", Events: 1000, First: 201, Last: 1200, Memory: 2, Bytes: 262144, Lost: 5},
		Hooks: []hooks.Status{
			{Name: "page", OK: 3, Failed: 1, Took: 4200 * time.Millisecond, Waiting: 1, Error: "exit status 1"},
			{Name: "mail", OK: 40, TimedOut: 2, Took: time.Minute, Missed: 6},
		},
	}
}

func newMetrics(node Node) *Metrics { return New("(devel)", node, someObserved) }

// scrapeAll is what a Prometheus reads.
func scrapeAll(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		t.Errorf("code %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

var versions = regexp.MustCompile(`version="[^"]*"`)

// own is the part of a scrape that is ours, and the same everywhere.
func own(text string) string {
	var lines strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE "), prefix) {
			lines.WriteString(versions.ReplaceAllString(line, `version="…"`))
		}
	}
	return lines.String()
}

// wantGolden compares with a file in testdata; -update writes it anew.
func wantGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestScrape(t *testing.T) {
	m := newMetrics(someNode())
	m.Count(event.Event{Kind: event.NodeUp, Node: "e@h"})
	m.Count(event.Event{Kind: event.NodeDown, Node: "e@h", Reason: "net_tick_timeout"})
	text := scrapeAll(t, m)
	wantGolden(t, "metrics.golden", own(text))
	for _, name := range []string{"go_goroutines", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"} {
		if !strings.Contains(text, "\n"+name+" ") {
			t.Errorf("no %s", name)
		}
	}
}

// At the start nothing was done, no journal's file is wanted, and there are no hooks.
func TestScrapeAtTheStart(t *testing.T) {
	m := New("(devel)", &fake{status: syncnodes.Status{BusLost: true}}, func() Observed { return Observed{} })
	wantGolden(t, "start.golden", own(scrapeAll(t, m)))
}

func TestScrapeOfANodeThatIsNotThere(t *testing.T) {
	for _, tt := range []struct {
		name string
		node *fake
	}{
		{"ended", &fake{err: syncnodes.ErrClosed}},
		{"silent", &fake{hangs: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := New("(devel)", tt.node, func() Observed {
					t.Error("the observer was asked")
					return Observed{}
				})
				began := time.Now()
				wantGolden(t, "ended.golden", own(scrapeAll(t, m)))
				if took := time.Since(began); took > askWithin {
					t.Errorf("the scrape took %s", took)
				}
			})
		})
	}
}

// A value that cannot be told costs no other.
func TestScrapeWithALabelThatIsNone(t *testing.T) {
	m := New("(devel)", someNode(), func() Observed {
		return Observed{Hooks: []hooks.Status{{Name: "b\xffd", OK: 1}, {Name: "good", OK: 1}}}
	})
	text := scrapeAll(t, m)
	if !strings.Contains(text, `interconnect_hook_runs_total{hook="good",result="ok"} 1`) || strings.Contains(text, "b\xffd") {
		t.Errorf("the scrape:\n%s", own(text))
	}
	if text = scrapeAll(t, m); !strings.Contains(text, `promhttp_metric_handler_errors_total{cause="gathering"} 1`) {
		t.Error("the error is not counted")
	}
}

func TestLint(t *testing.T) {
	problems, err := testutil.GatherAndLint(newMetrics(someNode()).registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("problems: %v, %v", problems, err)
	}
}

func TestPromtoolCheck(t *testing.T) {
	required.Programs(t, "promtool")
	cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	cmd.Stdin = strings.NewReader(own(scrapeAll(t, newMetrics(someNode()))))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// Scrapes and changes come at the same time; those that are too many are told so.
func TestScrapesAtOnce(t *testing.T) {
	m := newMetrics(someNode())
	var all sync.WaitGroup
	for range 2 * scrapesMost {
		all.Go(func() {
			for range 20 {
				w := httptest.NewRecorder()
				m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
				if w.Code != http.StatusOK && w.Code != http.StatusServiceUnavailable {
					t.Errorf("code %d: %s", w.Code, w.Body)
				}
			}
		})
	}
	for range 1000 {
		m.Count(event.Event{Kind: event.NodeUp})
	}
	all.Wait()
	if text := scrapeAll(t, m); !strings.Contains(text, `interconnect_node_transitions_total{event="nodeup",reason=""} 1000`) {
		t.Errorf("the scrape:\n%s", own(text))
	}
}
