package bus

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"

	"interconnectd/syncnodes/bus/bustest"
)

// serverWith runs a nats-server with a configuration.
func serverWith(t *testing.T, conf string) *bustest.Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return startNATS(t, "-c", file)
}

// TestDisconnectAdvisory: a node hears at once that another's connection ended,
// where its account imports that.
func TestDisconnectAdvisory(t *testing.T) {
	t.Parallel()
	s := serverWith(t, bustest.AdvisoryConfig)
	aCfg, bCfg := configOn(t, s, 0), configOn(t, s, 1)
	log, lines := logTo(hclog.Info)
	aCfg.Logger = log
	a, b := open(t, aCfg), open(t, bCfg)
	event(t, a, Connected)
	event(t, b, Connected)
	stranger, err := nats.Connect(s.URL(), nats.Name("somebody else"))
	if err != nil {
		t.Fatal(err)
	}
	stranger.Close()
	b.Close()
	if ev := event(t, a, Advised); ev.Node != bCfg.Node {
		t.Errorf("advised of %s, want %s", ev.Node, bCfg.Node)
	}
	if got := lines.String(); got != "" {
		t.Errorf("want no line, got:\n%s", got)
	}
}

// TestNoAdvisories: without the right to read them all else works, and nothing
// is told above debug.
func TestNoAdvisories(t *testing.T) {
	t.Parallel()
	for name, conf := range map[string]string{
		"not imported": "",
		"denied":       `authorization { users [ { user: u, password: p, permissions { subscribe: {deny: "$SYS.>"} } } ] }`,
	} {
		t.Run(name, func(t *testing.T) {
			s := serverWith(t, conf)
			aCfg, bCfg := configOn(t, s, 0), configOn(t, s, 1)
			aCfg.URLs[0], bCfg.URLs[0] = "nats://u:p@"+s.Addr(), "nats://u:p@"+s.Addr()
			log, lines := logTo(hclog.Info)
			aCfg.Logger = log
			a, b := open(t, aCfg), open(t, bCfg)
			event(t, a, Connected)
			event(t, b, Connected)
			b.Close()
			// The server answers what comes after the end of b.
			if err := a.SendName(aCfg.Node, 0, nil); err != nil {
				t.Fatal(err)
			}
			receive(t, a.Names(), "packet to oneself")
			if n := len(a.Events()); n != 0 {
				t.Errorf("event %+v, want none", <-a.Events())
			}
			// A server that goes is told in its own words.
			s.Kill(t)
			event(t, a, Lost)
			bustest.Eventually(t, "a complaint", func() bool { return lines.String() != "" })
			if got := lines.String(); contains(got, "does not let us") {
				t.Errorf("the want of advisories is told:\n%s", got)
			}
		})
	}
}

func TestParseAdvisory(t *testing.T) {
	for text, want := range map[string]string{
		`{"client":{"name":"interconnectd b@h"},"reason":"Client Closed"}`: "b@h",
		`{"client":{"name":"b@h"}}`:                                        "",
		`{"client":{"name":"interconnectd b"}}`:                            "",
		`{"client":7}`:                                                     "",
		`nonsense`:                                                         "",
	} {
		if got, ok := parseAdvisory([]byte(text)); string(got) != want && ok || ok != (want != "") {
			t.Errorf("parseAdvisory(%s) = %q, %v; want %q", text, got, ok, want)
		}
	}
}

func FuzzParseAdvisory(f *testing.F) {
	f.Add([]byte(`{"client":{"name":"interconnectd b@h"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if node, ok := parseAdvisory(data); ok && node == "" {
			t.Errorf("parseAdvisory(%q) is ok and empty", data)
		}
	})
}
