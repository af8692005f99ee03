package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/daemon/terminal"
)

// The table is for eyes and for awk: its columns stay as they are.
func TestNodesTable(t *testing.T) {
	want := `NODE         STATE    TYPE     SINCE                 RTT      ADDRESS         VERSION  REASON             DETAIL
b@127.0.0.1  up       visible  2026-11-24T22:03:41Z  0.312ms  127.0.0.1:4371  v0.2.0   -                  -
c@127.0.0.1  down     visible  2026-11-24T22:04:23Z  1.204ms  127.0.0.1:4372  v0.2.0   connection_closed  crashed
d@127.0.0.1  suspect  hidden   2026-11-24T22:03:46Z  0.450ms  -               -        -                  no answer
e@127.0.0.1  idle     -        -                     -        -               -        -                  -
x@127.0.0.1  up       erlang   2026-11-24T22:03:50Z  0.181ms  -               -        -                  -
`
	if diff := cmp.Diff(want, nodesTable(examplePeers, terminal.Style{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("NODE  STATE  TYPE  SINCE  RTT  ADDRESS  VERSION  REASON  DETAIL\n", nodesTable([]control.Peer{}, terminal.Style{})); diff != "" {
		t.Errorf("of none (-want +got):\n%s", diff)
	}
}

// On a terminal each line fits, however narrow it is, and the node and its state stay.
func TestNodesTableFits(t *testing.T) {
	for width, want := range map[int]string{
		108: `NODE         STATE    TYPE     SINCE                 RTT      ADDRESS         REASON             DETAIL
b@127.0.0.1  up       visible  2026-11-24T22:03:41Z  0.312ms  127.0.0.1:4371  -                  -
c@127.0.0.1  down     visible  2026-11-24T22:04:23Z  1.204ms  127.0.0.1:4372  connection_closed  crashed
d@127.0.0.1  suspect  hidden   2026-11-24T22:03:46Z  0.450ms  -               -                  no answer
e@127.0.0.1  idle     -        -                     -        -               -                  -
x@127.0.0.1  up       erlang   2026-11-24T22:03:50Z  0.181ms  -               -                  -
`,
		80: `NODE         STATE    SINCE                 REASON             DETAIL
b@127.0.0.1  up       2026-11-24T22:03:41Z  -                  -
c@127.0.0.1  down     2026-11-24T22:04:23Z  connection_closed  crashed
d@127.0.0.1  suspect  2026-11-24T22:03:46Z  -                  no answer
e@127.0.0.1  idle     -                     -                  -
x@127.0.0.1  up       2026-11-24T22:03:50Z  -                  -
`,
	} {
		if diff := cmp.Diff(want, nodesTable(examplePeers, terminal.Style{Width: width})); diff != "" {
			t.Errorf("at %d (-want +got):\n%s", width, diff)
		}
	}
	peers := append([]control.Peer{{Node: "f@127.0.0.1", State: "down", Reason: "net_tick_timeout", Detail: strings.Repeat("unresponsive ", 20)}}, examplePeers...)
	for width := 36; width < 200; width++ {
		for line := range strings.Lines(nodesTable(peers, terminal.Style{Width: width})) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Fatalf("at %d a line has %d: %s", width, n, line)
			}
		}
	}
}

func TestNodesTableColours(t *testing.T) {
	text := nodesTable(examplePeers, terminal.Style{Coloured: true})
	for _, want := range []string{"\x1b[1mNODE       \x1b[0m", "\x1b[32mup     \x1b[0m", "\x1b[31mdown   \x1b[0m", "\x1b[33msuspect\x1b[0m"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// What each flag lists, as erlang:nodes/1 does of its argument.
func TestChosenPeers(t *testing.T) {
	started := time.Date(2026, 11, 24, 22, 0, 0, 0, time.UTC)
	status := control.Status{Node: "a@127.0.0.1", Started: started, Peers: examplePeers}
	for flags, want := range map[string]string{
		"":                    "b x",
		"-visible":            "b x",
		"-hidden":             "d",
		"-connected":          "b d x",
		"-known":              "a b c d x",
		"-this":               "a",
		"-expected":           "b c e",
		"-this -hidden":       "a d",
		"-l":                  "b c d e x",
		"-l -connected -this": "a b d x",
	} {
		cmd, err := findCommand("nodes")
		if err != nil {
			t.Fatal(err)
		}
		args, err := cmd.flags.Parse(strings.Fields(flags))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range chosenPeers(status, args) {
			got = append(got, nodeid.Name(p.Node).Alive())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("nodes %s: %v, want %s", flags, got, want)
		}
	}
}
