package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/syncnodes/bus/bustest"
)

// command runs a subcommand on the trio's site, and gives what it prints.
func (tr *trio) command(args ...string) string {
	tr.t.Helper()
	cmd := exec.Command("interconnectd", args...)
	cmd.Env, cmd.Dir = append(tr.site.env, "PATH="+os.Getenv("PATH")), tr.dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		tr.t.Fatalf("interconnectd %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// follower runs a subcommand in the background; its output is the log.
func (tr *trio) follower(name string, args ...string) *process {
	tr.t.Helper()
	p, err := startProcess(append(tr.site.env, "PATH="+os.Getenv("PATH")), tr.dir, filepath.Join(tr.dir, name), args...)
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.t.Cleanup(p.kill)
	return p
}

// One who follows the events of a daemon that is killed and started again, time
// after time, misses none and gets none twice; and so do the journal and a hook.
func TestEventsThroughRestarts(t *testing.T) {
	tr := newTrio(t)
	hook := fmt.Sprintf("%shooks:\n  - {name: note, run: [/bin/sh, -c, 'echo $INTERCONNECT_SEQ >>%s/noted-$INTERCONNECT_SELF']}\n", tr.settings(), tr.dir)
	if err := os.WriteFile(tr.site.settings, []byte(hook), 0o600); err != nil {
		t.Fatal(err)
	}
	tr.start("a")
	tr.await("a", `syncing`, 1)
	follow := tr.follower("followed", "events", "-f", "-n", "0", "-o", "json", "-node", "a@127.0.0.1")
	seen := 0 // events in the log of a that runs
	restart := func() {
		tr.start("a")
		seen = 0
	}
	told := func(event string) {
		t.Helper()
		seen++
		if line := tr.await("a", `--- Node`, seen)[seen-1]; !strings.Contains(line, "--- Node "+event+": b@127.0.0.1") {
			t.Fatalf("event %d is %q, want b %s", seen, line, event)
		}
	}
	for round := range 3 {
		tr.start("b")
		told("up")
		if round == 1 {
			tr.running["b"].kill()
			told("down")
			tr.start("b")
			told("up")
		}
		tr.settle("a")
		tr.running["a"].kill()
		restart()
		told("up")
		tr.command("stop", "-node", "b@127.0.0.1")
		told("down")
		<-tr.running["b"].ended
	}
	// Orderly, this time.
	tr.command("stop", "-node", "a@127.0.0.1")
	<-tr.running["a"].ended
	restart()
	tr.start("b")
	told("up")
	tr.settle("a")

	var all []event.Event
	if err := json.Unmarshal([]byte(tr.command("events", "-n", "all", "-o", "json", "-node", "a@127.0.0.1")), &all); err != nil || len(all) != 12 {
		t.Fatalf("%d events, %v, want 12: %v", len(all), err, all)
	}
	lines, err := follow.await(regexp.MustCompile(`^\{`), len(all))
	if err != nil {
		t.Fatalf("%v; it has\n%s", err, follow.log())
	}
	starts := map[string]bool{}
	for i, e := range all {
		if e.Seq != uint64(i+1) {
			t.Errorf("event %d has the number %d", i+1, e.Seq)
		}
		starts[e.Start] = true
		var followed event.Event
		if err := json.Unmarshal([]byte(lines[i]), &followed); err != nil || followed != e {
			t.Errorf("followed %s, want %v, %v", lines[i], e, err)
		}
	}
	if len(lines) != len(all) || len(starts) != 5 {
		t.Errorf("%d events followed, of %d; %d starts, want 5", len(lines), len(all), len(starts))
	}
	if !strings.Contains(follow.log(), "the daemon of a@127.0.0.1 has ended: waiting for it to come back") {
		t.Errorf("nothing is said of the restarts:\n%s", follow.log())
	}
	checkNoted(t, filepath.Join(tr.dir, "noted-a@127.0.0.1"), len(all))

	// Ctrl-C ends it in order.
	if err := follow.signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if status, err := follow.wait(); err != nil || status != "exit status 0" {
		t.Errorf("it ends with %q, %v", status, err)
	}
}

// settle waits until the journal of a node has what its log tells: that comes some
// milliseconds later, and what a kill comes before is not kept.
func (tr *trio) settle(alive string) {
	tr.t.Helper()
	told := len(tr.running[alive].lines(regexp.MustCompile(`--- Node`)))
	status, err := tr.site.client(tr.t, nodeid.Name(alive+"@127.0.0.1")).Status(tr.t.Context())
	if err != nil {
		tr.t.Fatal(err)
	}
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // between two looks
		text := tr.command("events", "-n", "all", "-o", "json", "-node", alive+"@127.0.0.1")
		var all []event.Event
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			tr.t.Fatal(err)
		}
		own := 0
		for _, e := range all {
			if e.Start == status.Incarnation {
				own++
			}
		}
		if own >= told {
			return
		}
		if time.Now().After(until) {
			tr.t.Fatalf("%d events of %d are in the journal", own, told)
		}
	}
}

// settings are the site's own.
func (tr *trio) settings() string {
	text, err := os.ReadFile(tr.site.settings)
	if err != nil {
		tr.t.Fatal(err)
	}
	return string(text)
}

// checkNoted wants a hook to have had all events, in order, each at least once: after
// a kill of the daemon it may begin again with some that it had.
func checkNoted(t *testing.T, file string, count int) {
	t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // between two looks
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for _, word := range strings.Fields(string(text)) {
			var seq int
			if _, err := fmt.Sscan(word, &seq); err != nil || seq < 1 || seq > last+1 {
				t.Fatalf("%s comes after %d in %q", word, last, text)
			}
			last = seq
		}
		if last == count {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("the hook has %d events of %d", last, count)
		}
	}
}

// With bus.publish_events events are on the bus, for whoever may read it.
func TestPublishedEvents(t *testing.T) {
	server := bustest.NewServer(t)
	server.Start(t)
	tr := newTrio(t)
	tr.meetOn(server)
	published := strings.Replace(tr.settings(), "bus: {", "bus: {publish_events: true, ", 1)
	if published == tr.settings() {
		t.Fatalf("the settings are %q", published)
	}
	if err := os.WriteFile(tr.site.settings, []byte(published), 0o600); err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	heard, err := nc.SubscribeSync("interconnect.1.default.e.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	tr.start("a")
	tr.await("a", `syncing`, 1)
	tr.start("b")
	tr.await("a", `--- Node up: b@`, 1)
	tr.command("stop", "-node", "b@127.0.0.1")
	want := []event.Event{{Seq: 1, Kind: event.NodeUp, Node: "b@127.0.0.1"}, {Seq: 2, Kind: event.NodeDown, Node: "b@127.0.0.1", Reason: "shutdown"}}
	for len(want) > 0 {
		msg, err := heard.NextMsg(patience)
		if err != nil {
			t.Fatal(err)
		}
		var e event.Event
		if err := json.Unmarshal(msg.Data, &e); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(msg.Subject, ".e.a@127%2E0%2E0%2E1") {
			continue // what b saw
		}
		if e.Seq != want[0].Seq || e.Kind != want[0].Kind || e.Node != want[0].Node || e.Reason != want[0].Reason || e.Self != "a@127.0.0.1" {
			t.Errorf("heard %s, want %v", msg.Data, want[0])
		}
		want = want[1:]
	}
}

// The flags become a query, or an error that says what to write.
func TestEventQuery(t *testing.T) {
	now := time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC)
	var flags configs.FlagSet
	for _, c := range eventCommands() {
		if c.name == "events" {
			flags = c.flags
		}
	}
	for _, tt := range []struct {
		args string
		want string // last, since, of, follow; or an error
	}{
		{"", "20 - '' false"},
		{"-f -n 0", "0 - '' true"},
		{"-n all -of db-*@*", "-1 - 'db-*@*' false"},
		{"-since 90m", "-1 20:30:00 '' false"},
		{"-since 2026-11-22T21:59:00Z -n 3", "3 21:59:00 '' false"},
		{"-since 2026-11-22", "-1 00:00:00 '' false"},
		{"-since yesterday", "-since \"yesterday\" is no time: write '-since 1h', '-since 2026-11-22' or '-since 2026-11-22T22:03:41Z'"},
		{"-n some", "-n takes a number of events, not \"some\": write '-n 20' or '-n all'"},
		{"-of [", "-of \"[\": a '[' or a '\\' at the end of the pattern is not complete"},
	} {
		args, err := flags.Parse(strings.Fields(tt.args))
		if err != nil {
			t.Fatal(err)
		}
		q, err := eventQuery(args, now)
		got := fmt.Sprintf("%d - '%s' %v", q.Last, q.Of, q.Follow)
		if !q.Since.IsZero() {
			got = fmt.Sprintf("%d %s '%s' %v", q.Last, q.Since.Format(time.TimeOnly), q.Of, q.Follow)
		}
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.args, got, tt.want)
		}
	}
}
