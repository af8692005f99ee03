package statuspage

import (
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

var update = flag.Bool("update", false, "write the golden files anew")

// get is the page of a server whose time stands still.
func get(t *testing.T, opts Options, now time.Time, path string) (string, http.Header) {
	t.Helper()
	opts.Log = hclog.NewNullLogger()
	s := newServer(opts)
	defer s.Close()
	s.now = func() time.Time { return now }
	answer := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	if answer.Code != 200 {
		t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
	}
	return strings.ReplaceAll(answer.Body.String(), version, "VERSION"), answer.Result().Header
}

func TestPage(t *testing.T) {
	x := newExample(noon)
	alone := &fakeNode{status: &syncnodes.Status{
		Node: self, Started: noon.Add(-time.Minute), Bus: "external", BusLost: true, Hidden: true,
	}}
	for _, tt := range []struct {
		golden string
		opts   Options
	}{
		{"page.golden.html", Options{Node: x.node(), Events: newFakeEvents(x.events...), Metrics: http.NotFoundHandler(), Observed: someActs}},
		{"alone.golden.html", Options{Node: alone, Events: newFakeEvents()}},
		{"noevents.golden.html", Options{Node: x.node()}},
	} {
		t.Run(tt.golden, func(t *testing.T) {
			got, header := get(t, tt.opts, noon, "/")
			if kind, cache := header.Get("Content-Type"), header.Get("Cache-Control"); kind != "text/html; charset=utf-8" || cache != "no-store" {
				t.Errorf("%s, %s", kind, cache)
			}
			path := "testdata/" + tt.golden
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || got != string(want) {
				t.Errorf("the page differs from %s (%v): go test ./daemon/statuspage -update writes it anew", path, err)
			}
			// What the policy would not let a browser do must not be there.
			for _, bad := range []string{"style=", "<style", "onclick", "://", "<script>", "ZgotmplZ"} {
				if strings.Contains(got, bad) {
					t.Errorf("the page has %q", bad)
				}
			}
		})
	}
}

// Names and words come from others.
func TestEscaping(t *testing.T) {
	const evil = `<script>alert("x")</script>`
	name := nodeid.Name("b@" + `"><img/src=x/onerror=y>`)
	now := noon
	status := syncnodes.Status{
		Node: name, Incarnation: runOf(now.Add(-time.Hour), 1), Started: now.Add(-time.Hour), Bus: evil,
		Sync: syncnodes.Progress{Of: 1, Missing: []nodeid.Name{name}, Done: true},
		Peers: []syncnodes.Peer{{
			Node: name, State: membership.Down, Detail: evil, Expected: true, Incarnation: runOf(now, 2),
		}},
	}
	n := &fakeNode{status: &status}
	happened := event.Event{
		Time: now.Add(-time.Minute), Start: status.Incarnation.String(), Kind: event.NodeDown, Node: name,
		Type: evil, Reason: evil, Detail: evil,
	}
	got, _ := get(t, Options{Node: n, Events: newFakeEvents(happened)}, now, "/")
	for _, bad := range []string{"<img", "<script>", `alert("`} {
		if strings.Contains(got, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if !strings.Contains(got, "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;") {
		t.Error("the words are not there at all")
	}
}

func TestTroubleWithEvents(t *testing.T) {
	x := newExample(noon)
	events := newFakeEvents(x.events...)
	events.err = errors.New("reading the journal: the disk is gone")
	got, _ := get(t, Options{Node: x.node(), Events: events}, noon, "/")
	if !strings.Contains(got, "The events cannot be read: reading the journal: the disk is gone") || !strings.Contains(got, "worker-17@") {
		t.Error("the page does not say so, or has no nodes")
	}
}

func TestHours(t *testing.T) {
	x := newExample(noon)
	for path, want := range map[string]string{
		"/": "6 hours", "/?hours=1": "1 hour", "/?hours=24": "24 hours", "/?hours=168": "7 days", "/?hours=5": "6 hours", "/?hours=x": "6 hours",
	} {
		got, _ := get(t, Options{Node: x.node(), Events: newFakeEvents(x.events...)}, noon, path)
		if !strings.Contains(got, `aria-current="true">`+want+"</a>") || strings.Count(got, "aria-current") != 1 {
			t.Errorf("%s: not %s", path, want)
		}
	}
}

func TestTitle(t *testing.T) {
	up := syncnodes.Peer{Node: "b@h", State: membership.Up}
	for want, s := range map[string]syncnodes.Status{
		"0 up – a@h":            {Node: "a@h"},
		"1 up – a@h":            {Node: "a@h", Peers: []syncnodes.Peer{up, {Node: "c@h", State: membership.Down}}},
		"1 up, 1 missing – a@h": {Node: "a@h", Peers: []syncnodes.Peer{up}, Sync: syncnodes.Progress{Missing: []nodeid.Name{"c@h"}}},
		"bus lost – a@h":        {Node: "a@h", BusLost: true},
	} {
		if got := title(s); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestLasting(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 s": -time.Second, "59 s": 59*time.Second + 999*time.Millisecond, "1 min 0 s": time.Minute,
		"59 min 59 s": time.Hour - time.Second, "1 h 0 min": time.Hour, "23 h 59 min": 24*time.Hour - time.Second, "8 d 3 h": 195 * time.Hour,
	} {
		if got := lasting(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

// A history is made once for all who look, until there is another event.
func TestPast(t *testing.T) {
	x := newExample(noon)
	events := newFakeEvents(x.events...)
	var p past
	seq := uint64(len(x.events))
	at := noon
	for _, step := range []struct {
		name  string
		hours int
		seq   uint64
		after time.Duration
		reads int
	}{
		{"first", 6, seq, 0, 1},
		{"again", 6, seq, time.Second, 1},
		{"another event", 6, seq + 1, 0, 2},
		{"other hours", 1, seq + 1, 0, 3},
		{"later", 1, seq + 1, keepPast, 4},
	} {
		at = at.Add(step.after)
		if _, err := p.of(t.Context(), events, step.hours, step.seq, at); err != nil || events.tails != step.reads {
			t.Errorf("%s: read %d times, %v; want %d", step.name, events.tails, err, step.reads)
		}
	}
	many := newFakeEvents()
	for range readMost + 1 {
		many.all = append(many.all, event.Event{Time: noon, Kind: event.NodeUp, Node: "b@h"})
	}
	if h, err := p.of(t.Context(), many, 6, 0, noon); err != nil || !h.cut || !h.known.Equal(noon) {
		t.Errorf("more events than are read: %+v, %v", h, err)
	}
}
