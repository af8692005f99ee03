package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/erlterm"
	"interconnectd/observer/event"
	"interconnectd/observer/hooks"
	"interconnectd/observer/journal"
	"interconnectd/observer/journal/journaltest"
	"interconnectd/observer/metrics"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

var update = flag.Bool("update", false, "write golden files anew")

// stagedNode answers as a@127.0.0.1 would that knows some nodes.
type stagedNode struct{ done chan struct{} }

func (n *stagedNode) Self() nodeid.Name     { return "a@127.0.0.1" }
func (n *stagedNode) Done() <-chan struct{} { return n.done }

func (n *stagedNode) Nodes(context.Context) ([]nodeid.Name, error) {
	return []nodeid.Name{"b@127.0.0.1"}, nil
}

func (n *stagedNode) Names(context.Context, time.Duration) ([]nodeid.Name, error) {
	return []nodeid.Name{"a@127.0.0.1", "b@127.0.0.1"}, nil
}

func (n *stagedNode) Ping(_ context.Context, name nodeid.Name) (time.Duration, bool, error) {
	if !isB(name) {
		return 0, false, nil
	}
	return 1500 * time.Microsecond, true, nil
}

func (n *stagedNode) Connect(_ context.Context, name nodeid.Name) (bool, error) {
	return isB(name), nil
}

func (n *stagedNode) Disconnect(_ context.Context, name nodeid.Name) (bool, error) {
	return isB(name), nil
}

func (n *stagedNode) Forget(_ context.Context, name nodeid.Name) (bool, error) {
	if isB(name) {
		return false, syncnodes.ErrNodeUp
	}
	return name == "c@127.0.0.1", nil
}

func (n *stagedNode) Cookie(context.Context) (string, error) { return "1e234567890123456789", nil }

func (n *stagedNode) SetCookie(context.Context, nodeid.Name, string) error { return nil }

func (n *stagedNode) Call(_ context.Context, to syncnodes.Address, request erlterm.Term) (erlterm.Term, error) {
	switch to.Name {
	case "echo":
		return request, nil
	case "down":
		return nil, syncnodes.ErrNodeDown
	case "slow":
		return nil, fmt.Errorf("calling slow: %w", context.DeadlineExceeded)
	case "odd":
		return nil, &syncnodes.RemoteError{To: to, Text: "the process crashed: odd"}
	}
	return nil, syncnodes.ErrNoProc
}

func (n *stagedNode) Status(context.Context) (syncnodes.Status, error) {
	return syncnodes.Status{
		Node: "a@127.0.0.1", Incarnation: nodeid.Incarnation{9}, Fingerprint: "01234567", Bus: "embedded", Listen: "127.0.0.1:4370",
		Erlang:  syncnodes.ErlangStatus{Listen: "127.0.0.1:43211", Registered: true},
		Started: time.Unix(1_000_000, 0), Now: time.Minute, Version: "v0.2.0",
		Sync: syncnodes.Progress{Up: 1, Of: 2, Missing: []nodeid.Name{"c@127.0.0.1"}, Done: true},
		Peers: []syncnodes.Peer{
			{Node: "b@127.0.0.1", State: membership.Up, Incarnation: nodeid.Incarnation{1}, Since: time.Second, RoundTrip: time.Millisecond, Expected: true, Address: "127.0.0.1:4371", Version: "v0.2.0"},
			{Node: "c@127.0.0.1", State: membership.Down, Incarnation: nodeid.Incarnation{2}, Since: time.Second, Reason: membership.NetTickTimeout, Detail: "unresponsive for 3.0s", Expected: true},
			{Node: "e@127.0.0.1", State: membership.Up, Incarnation: nodeid.Incarnation{4}, Since: time.Second, Erlang: true, RoundTrip: time.Millisecond},
			{Node: "h@127.0.0.1", State: membership.Suspect, Incarnation: nodeid.Incarnation{3}, Since: time.Second, Hidden: true, Detail: "no answer", RoundTrip: time.Millisecond},
		},
		Dropped: map[string]uint64{"replayed": 2},
	}, nil
}

func isB(name nodeid.Name) bool { return name == "b@127.0.0.1" }

// stage runs a control server of a staged node, and gives the environment to ask it.
func stageDaemon(t *testing.T) func(string) string {
	t.Helper()
	dir := t.TempDir()
	env := map[string]string{"INTERCONNECT_RUNTIME_DIR": filepath.Join(dir, "run"), "HOME": dir}
	socket, err := control.Take(t.Context(), env["INTERCONNECT_RUNTIME_DIR"], "a@127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	j := journaltest.Run(t, journal.Options{Path: filepath.Join(dir, "a.db")})
	at := time.Date(2026, 11, 22, 22, 3, 41, 27e6, time.UTC)
	if err := j.Add(
		t.Context(),
		event.Event{Kind: event.NodeUp, Self: "a@127.0.0.1", Start: "0193", Node: "b@127.0.0.1", Incarnation: "0194", Type: event.Visible, Before: "idle", After: "up", Time: at, Monotonic: event.Duration(time.Hour)},
		event.Event{Kind: event.NodeDown, Self: "a@127.0.0.1", Start: "0193", Node: "b@127.0.0.1", Incarnation: "0194", Type: event.Visible, Before: "suspect", After: "down", Time: at.Add(time.Minute), Monotonic: event.Duration(61 * time.Minute), Reason: "connection_closed", Detail: "crashed", UpFor: event.Duration(time.Minute)},
		event.Event{Kind: event.NodeUp, Self: "a@127.0.0.1", Start: "0193", Node: "e@127.0.0.1", Incarnation: "6572", Type: event.Erlang, Before: "connecting", After: "up", Time: at.Add(2 * time.Minute), Monotonic: event.Duration(62 * time.Minute)},
	); err != nil {
		t.Fatal(err)
	}
	node := &stagedNode{done: make(chan struct{})}
	ran := time.Unix(1_000_000, 0)
	var stop sync.Once
	server := control.NewServer(node, control.Daemon{
		Stop: func() { stop.Do(func() { close(node.done) }) }, Dump: func(control.Status) {}, Journal: j,
		Reload: func(context.Context) (control.Reload, error) {
			return control.Reload{Differences: []control.Difference{{Name: "net_ticktime", Change: "undefined -> 4", Text: "net_ticktime: undefined -> 4"}}}, nil
		},
		Observed: func() metrics.Observed {
			return metrics.Observed{
				Journal: journal.Status{Path: "/var/lib/interconnect/a.db", Events: 2, Last: 2, Bytes: 32 << 10},
				Hooks:   []hooks.Status{{Name: "page", Delivered: 1, Waiting: 1, OK: 1, Failed: 1, Event: 2, Attempts: 1, Error: "exit status 1", LastRunAt: ran}},
			}
		},
	}, hclog.NewNullLogger())
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(socket) })
	t.Cleanup(func() {
		_ = server.Shutdown(context.Background())
		serving.Wait()
		_ = socket.Close()
	})
	return func(name string) string { return env[name] }
}

// What differs from run to run.
var (
	goldenTime = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	goldenPID  = regexp.MustCompile(`(pid"?: ?)\d+`)
	goldenGo   = regexp.MustCompile(`go1\.\d+(\.\d+)?`)
	goldenOwn  = regexp.MustCompile(`(interconnectd |"?version"?: ?"?)(\(devel\)|v[0-9][^ ",}\n]*)`)
)

// TestOutput compares all that commands print, as text, JSON and YAML, and how they exit,
// with testdata/output.golden.
func TestOutput(t *testing.T) {
	getenv := stageDaemon(t)
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"sys.config": "[{kernel, [{sync_nodes_timeout, 5000}, {net_ticktime, 4}]}].\n", "wrong.config": "[{kernel, [{net_ticktime, four}]}].\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got strings.Builder
	for line := range strings.Lines(goldenCommands) {
		words := strings.Fields(line)
		for _, format := range []string{"", "json", "yaml"} {
			all := slices.Clone(words)
			if format != "" {
				all = append(all, "-o", format)
			}
			text := goldenRun(t, getenv, all)
			fmt.Fprintf(&got, "$ interconnectd %s\n%s", strings.Join(all, " "), text)
			if format == "json" {
				checkDocumented(t, words, text)
			}
		}
	}
	const golden = "testdata/output.golden"
	path := filepath.Join(packageDir, golden)
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
}

// packageDir is where tests begin.
var packageDir, _ = os.Getwd()

// The commands of TestOutput; stop comes last.
const goldenCommands = `self
nodes
nodes -l
nodes -l -this -hidden
nodes -known
names
ping b@127.0.0.1
ping x@127.0.0.1
ping -c 2 -i 0s b@127.0.0.1
ping -c 1 x@127.0.0.1
connect b@127.0.0.1
connect x@127.0.0.1
disconnect b@127.0.0.1
forget b@127.0.0.1
forget c@127.0.0.1
forget x@127.0.0.1
events
wait -nodes 1
wait -of x@127.0.0.1 -timeout 200ms
cookie
cookie -fingerprint
set-cookie another-cookie
call echo b@127.0.0.1 {'A',"b",<<"c">>,#{d=>1.5}}
call none b@127.0.0.1 x
call down b@127.0.0.1 x
call slow b@127.0.0.1 x
call odd b@127.0.0.1 x
status
reload
dump
check -config sys.config
check -config wrong.config
terms sys.config
version
stop
`

// goldenRun is what a command prints, with its exit code where that is not 0.
func goldenRun(t *testing.T, getenv func(string) string, words []string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), words, &world{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: getenv})
	text := out.String()
	for line := range strings.Lines(errs.String()) {
		text += "! " + line
	}
	if code != 0 {
		text += fmt.Sprintf("exit %d\n", code)
	}
	text = goldenTime.ReplaceAllString(text, "2026-11-24T22:03:41Z")
	text = goldenPID.ReplaceAllString(text, "${1}4242")
	text = goldenGo.ReplaceAllString(text, "go1.26")
	return goldenOwn.ReplaceAllString(text, "${1}v0.2.0")
}

// checkDocumented checks that the help of a command names each key of its JSON.
func checkDocumented(t *testing.T, words []string, text string) {
	t.Helper()
	first, _, _ := strings.Cut(text, "\n")
	var value any
	if err := json.Unmarshal([]byte(first), &value); err != nil {
		return // terms of a file, or an error
	}
	cmd, err := findCommand(words[0])
	if err != nil {
		t.Fatal(err)
	}
	help := cmd.about
	if words[0] == "reload" { // whose problems are those of check
		help += checkAbout
	}
	for _, key := range keysOf(value) {
		if !regexp.MustCompile(`\b` + regexp.QuoteMeta(key) + `\b`).MatchString(help) {
			t.Errorf("the help of %s does not tell of %q in its JSON", words[0], key)
		}
	}
}

// keysOf are the keys of all objects in a value; those of dropped are data.
func keysOf(value any) []string {
	keys := map[string]bool{}
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, element := range v {
				walk(element)
			}
		case map[string]any:
			for key, element := range v {
				keys[key] = true
				if key != "dropped" && key != "value" {
					walk(element)
				}
			}
		}
	}
	walk(value)
	return slices.Sorted(maps.Keys(keys))
}
