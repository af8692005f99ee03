package hooks

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/observer/journal"
	"interconnectd/observer/journal/journaltest"
)

var manyEvents = flag.Int("events", 300, "how many events TestFailsEveryThirdTime has")

const patience = 30 * time.Second

// stage is a runner with a journal, in a folder of their own.
type stage struct {
	*Runner
	t       *testing.T
	dir     string
	journal *journaltest.Running
	stop    func()
}

// open starts a runner on the journal in dir. Hooks are tried again after retry.
func open(t *testing.T, dir string, retry time.Duration, hooks ...configs.Hook) *stage {
	t.Helper()
	names := make([]string, len(hooks))
	for i, h := range hooks {
		names[i] = h.Name
	}
	s := &stage{t: t, dir: dir, journal: journaltest.Run(t, journal.Options{Path: filepath.Join(dir, "a.db"), Hooks: names})}
	s.Runner = New(Options{Journal: s.journal, Log: s.journal.Logger, RetryFirst: retry, RetryMost: 60 * retry})
	if err := s.Set(t.Context(), hooks); err != nil {
		t.Fatal(err)
	}
	s.stop = func() {
		ended, end := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer end()
		s.Close(ended)
		s.journal.Stop()
	}
	t.Cleanup(s.stop)
	return s
}

// hookIn is a hook that a shell reads; $DIR is the folder.
func hookIn(dir, name, script string) configs.Hook {
	return configs.Hook{
		Name: name, On: []string{"nodeup", "nodedown"}, Nodes: []nodeid.Pattern{"*"},
		Run: []string{"/bin/sh", "-c", "DIR=" + dir + "\n" + script}, Timeout: 10 * time.Second,
	}
}

func (s *stage) add(events ...event.Event) {
	for _, e := range events {
		s.journal.Append(e)
	}
}

func up(node nodeid.Name) event.Event {
	return event.Event{Kind: event.NodeUp, Node: node, Self: "a@127.0.0.1", Type: "visible", Time: time.Date(2026, 11, 22, 22, 3, 41, 27e6, time.UTC)}
}

func down(node nodeid.Name) event.Event {
	e := up(node)
	e.Kind, e.Reason, e.Detail, e.UpFor = event.NodeDown, "net_tick_timeout", "unresponsive for 3.1s", event.Duration(62*time.Second)
	return e
}

func ups(count int) []event.Event {
	events := make([]event.Event, count)
	for i := range events {
		events[i] = up("b@127.0.0.1")
	}
	return events
}

func (s *stage) await(what string, so func() bool) {
	s.t.Helper()
	for until := time.Now().Add(patience); !so(); time.Sleep(time.Millisecond) { // between two looks
		if time.Now().After(until) {
			s.t.Fatalf("waiting until %s; status %+v; the log is\n%s", what, s.Status(), s.journal.Logged())
		}
	}
}

// delivered waits until the hook at that place is done with an event.
func (s *stage) delivered(hook int, seq uint64) {
	s.t.Helper()
	s.await(fmt.Sprintf("hook %d is done with %d", hook, seq), func() bool { return s.Status()[hook].Delivered >= seq })
}

func (s *stage) read(file string) string {
	text, err := os.ReadFile(filepath.Join(s.dir, file))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return string(text)
}

// counting is 1 to n, a line each.
func counting(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintln(&b, i)
	}
	return b.String()
}

// A hook that fails every third time gets all events, in order.
func TestFailsEveryThirdTime(t *testing.T) {
	dir := t.TempDir()
	h := hookIn(dir, "third", `
		read n <$DIR/count
		echo $((n + 1)) >$DIR/count
		[ $((n % 3)) -ne 2 ] || exit 1
		echo $INTERCONNECT_SEQ >>$DIR/done`)
	if err := os.WriteFile(filepath.Join(dir, "count"), []byte("0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, time.Millisecond, h)
	began := time.Now()
	s.add(ups(*manyEvents)...)
	for until := time.Now().Add(10 * time.Minute); s.Status()[0].Delivered < uint64(*manyEvents); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%+v", s.Status())
		}
	}
	if got := s.read("done"); got != counting(*manyEvents) {
		t.Errorf("delivered %d events of %d, or not in order", strings.Count(got, "\n"), *manyEvents)
	}
	st := s.Status()[0]
	if runs, _ := strconv.ParseUint(strings.TrimSpace(s.read("count")), 10, 64); st.OK != uint64(*manyEvents) || st.Failed != runs-st.OK || st.Failed < st.OK/3 {
		t.Errorf("%d runs, and %+v", runs, st)
	}
	t.Logf("%d events, %d runs in %s", *manyEvents, st.OK+st.Failed, time.Since(began).Round(time.Millisecond))
}

// The pauses between attempts double, as they are without a test's own.
func TestRealPauses(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 0, hookIn(dir, "fails", `[ $INTERCONNECT_SEQ -ne 7 ] || [ -e $DIR/mended ] || exit 3
		echo $INTERCONNECT_SEQ >>$DIR/done`))
	began := time.Now()
	s.add(ups(20)...)
	s.await("three attempts are over", func() bool { return s.Status()[0].Failed >= 3 })
	if took := time.Since(began); took < 600*time.Millisecond {
		t.Errorf("the third attempt came after %s, want 200 + 400 ms between them", took)
	}
	if st := s.Status()[0]; st.Delivered != 6 || st.Waiting != 14 || st.Attempts < 3 || st.Error != "exit status 3" {
		t.Errorf("status %+v", st)
	}
	if err := os.WriteFile(filepath.Join(dir, "mended"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.delivered(0, 20)
	if got := s.read("done"); got != counting(20) {
		t.Errorf("delivered %q", got)
	}
	for _, want := range []string{
		`[WARN]  hook failed: hook=fails event=nodeup node=b@127.0.0.1 seq=7 attempt=1 error="exit status 3" again_in=200ms`,
		`attempt=2 error="exit status 3" again_in=400ms`,
		`[DEBUG] hook failed: hook=fails event=nodeup node=b@127.0.0.1 seq=7 attempt=3`,
		`[INFO]  hook is done at last: hook=fails`,
	} {
		if !strings.Contains(s.journal.Logged(), want) {
			t.Errorf("the log has no %q:\n%s", want, s.journal.Logged())
		}
	}
}

// What a program is told, and what it is not.
func TestProgramInput(t *testing.T) {
	t.Setenv("RELEASE_COOKIE", "secret")
	t.Setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
	t.Setenv("NOTIFY_SOCKET", "/run/notify")
	t.Setenv("INTERCONNECT_NODE", "of the daemon's own")
	t.Setenv("OF_THE_DAEMON", "it")
	dir := t.TempDir()
	s := open(t, dir, time.Millisecond, hookIn(dir, "env", `env >$DIR/env; cat >$DIR/input; ps -o pgid= -p $$ >$DIR/group; echo $$ >$DIR/pid`))
	sent := down("b@127.0.0.1")
	sent.Type = event.Erlang
	s.add(sent)
	s.delivered(0, 1)
	got := map[string]string{}
	for line := range strings.Lines(s.read("env")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if strings.HasPrefix(name, "INTERCONNECT_") && !strings.HasPrefix(name, "INTERCONNECT_REQUIRE") && name != "INTERCONNECT_CORPUS" ||
			name == "OF_THE_DAEMON" || strings.Contains(name, "COOKIE") || strings.Contains(name, "CREDENTIALS") || name == "NOTIFY_SOCKET" {
			got[name] = value
		}
	}
	want := map[string]string{
		"INTERCONNECT_EVENT": "nodedown", "INTERCONNECT_NODE": "b@127.0.0.1", "INTERCONNECT_SELF": "a@127.0.0.1",
		"INTERCONNECT_TYPE": "erlang", "INTERCONNECT_REASON": "net_tick_timeout", "INTERCONNECT_DETAIL": "unresponsive for 3.1s",
		"INTERCONNECT_TIME": "2026-11-22T22:03:41.027Z", "INTERCONNECT_SEQ": "1", "OF_THE_DAEMON": "it",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the environment (-want +got):\n%s", diff)
	}
	var e event.Event
	if err := json.Unmarshal([]byte(s.read("input")), &e); err != nil || strings.Count(s.read("input"), "\n") != 1 {
		t.Errorf("%v in %q, want one line of JSON", err, s.read("input"))
	}
	sent.Seq = 1
	if diff := cmp.Diff(sent, e); diff != "" {
		t.Errorf("the input (-want +got):\n%s", diff)
	}
	if group := strings.TrimSpace(s.read("group")); group != "" && group != strings.TrimSpace(s.read("pid")) {
		t.Errorf("the process group is %s, want its own", group)
	}
}

// A hook gets what it is for, in the order of the journal.
func TestFilters(t *testing.T) {
	dir := t.TempDir()
	h := hookIn(dir, "db", `echo $INTERCONNECT_EVENT $INTERCONNECT_NODE >>$DIR/done`)
	h.On, h.Nodes = []string{"nodedown"}, []nodeid.Pattern{"db-*@*", "x@h"}
	s := open(t, dir, time.Millisecond, h)
	s.add(up("db-1@h"), down("db-1@h"), down("web@h"), up("x@h"), down("x@h"), down("db-2@127.0.0.1"), down("y@h"))
	s.delivered(0, 7)
	if got, want := s.read("done"), "nodedown db-1@h\nnodedown x@h\nnodedown db-2@127.0.0.1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A hook's time ends it, and all that it started, whatever they do with TERM.
func TestTimeout(t *testing.T) {
	dir := t.TempDir()
	h := hookIn(dir, "hangs", `
		[ ! -e $DIR/child ] || exit 0
		trap '' TERM
		sh -c 'trap "" TERM; while :; do sleep 1; done' & echo $! >$DIR/child
		while :; do sleep 1; done`)
	h.Timeout = 300 * time.Millisecond
	s := open(t, dir, time.Millisecond, h)
	s.add(up("b@h"))
	s.delivered(0, 1)
	if st := s.Status()[0]; st.TimedOut != 1 || st.OK != 1 {
		t.Errorf("status %+v", st)
	}
	if !strings.Contains(s.journal.Logged(), "error=\"not done within 300ms\"") {
		t.Errorf("the log is\n%s", s.journal.Logged())
	}
	child, err := strconv.Atoi(strings.TrimSpace(s.read("child")))
	if err != nil {
		t.Fatal(err)
	}
	s.await("the child has ended", func() bool { return ended(child) })
}

// ended reports whether a process is gone, or dead and not waited for by its parent.
func ended(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}

// What a program leaves running is left alone, and not waited for.
func TestLeftRunning(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, time.Millisecond, hookIn(dir, "starts", `sleep 20 & echo $! >$DIR/child`))
	began := time.Now()
	s.add(up("b@h"))
	s.delivered(0, 1)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("done after %s: it was waited for", took)
	}
	child, err := strconv.Atoi(strings.TrimSpace(s.read("child")))
	if err != nil || ended(child) {
		t.Errorf("the child %d, %v, has ended", child, err)
	}
	_ = syscall.Kill(child, syscall.SIGKILL)
}

// A slow hook, and one that fails, delay no other.
func TestSlowHookDelaysNobody(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, time.Hour,
		hookIn(dir, "slow", `echo $$ >$DIR/slow; exec sleep 60`),
		hookIn(dir, "fails", `echo why not >&2; exit 1`),
		hookIn(dir, "quick", `echo $INTERCONNECT_SEQ >>$DIR/done`))
	s.add(ups(50)...)
	s.delivered(2, 50)
	if got := s.read("done"); got != counting(50) {
		t.Errorf("the quick one has %q", got)
	}
	s.await("the one that fails has failed", func() bool { return s.Status()[1].Error == "exit status 1: why not" })
	if st := s.Status(); st[0].Delivered != 0 || st[1].Delivered != 0 || st[1].Failed != 1 {
		t.Errorf("status %+v", st)
	}
	// The end does not wait for it either.
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("closed after %s", took)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(s.read("slow")))
	if err != nil {
		t.Fatal(err)
	}
	s.await("the slow one has ended", func() bool { return ended(pid) })
}

// After a restart of the daemon each hook goes on behind what it was done with.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	h := hookIn(dir, "page", `[ $INTERCONNECT_SEQ -lt 8 ] || [ -e $DIR/mended ] || exit 1; echo $INTERCONNECT_SEQ >>$DIR/done`)
	first := open(t, dir, time.Millisecond, h)
	first.add(ups(10)...)
	first.await("it fails", func() bool { return first.Status()[0].Failed > 0 })
	first.stop()
	if err := os.WriteFile(filepath.Join(dir, "mended"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir, time.Millisecond, h, hookIn(dir, "new", `echo $INTERCONNECT_SEQ >>$DIR/new`))
	second.add(ups(2)...)
	second.delivered(0, 12)
	second.delivered(1, 12)
	if got := second.read("done"); got != counting(12) {
		t.Errorf("delivered %q, want 1 to 12", got)
	}
	if got := second.read("new"); got != "11\n12\n" {
		t.Errorf("the new hook has %q, want what came after it", got)
	}
}

// Hooks that change, come and go while others run.
func TestSet(t *testing.T) {
	dir := t.TempDir()
	stays := hookIn(dir, "stays", `echo $INTERCONNECT_SEQ >>$DIR/stays`)
	s := open(t, dir, time.Hour, stays, hookIn(dir, "changes", `exit 1`), hookIn(dir, "goes", `echo $INTERCONNECT_SEQ >>$DIR/goes`))
	s.add(ups(3)...)
	s.delivered(0, 3)
	s.delivered(2, 3)
	s.await("it fails", func() bool { return s.Status()[1].Failed == 1 })
	changed := hookIn(dir, "changes", `echo $INTERCONNECT_SEQ >>$DIR/changes`)
	if err := s.Set(t.Context(), []configs.Hook{changed, stays, hookIn(dir, "comes", `echo $INTERCONNECT_SEQ >>$DIR/comes`)}); err != nil {
		t.Fatal(err)
	}
	s.add(ups(2)...)
	for hook := range 3 {
		s.delivered(hook, 5)
	}
	for file, want := range map[string]string{"stays": counting(5), "changes": counting(5), "goes": counting(3), "comes": "4\n5\n"} {
		if got := s.read(file); got != want {
			t.Errorf("%s has %q, want %q", file, got, want)
		}
	}
	if st := s.Status(); st[0].Name != "changes" || st[0].Failed != 1 || st[0].OK != 5 || st[0].Attempts != 0 || st[0].Error != "" {
		t.Errorf("status %+v", st)
	}
	// One that was gone for a while begins anew.
	if err := s.Set(t.Context(), []configs.Hook{hookIn(dir, "goes", `echo $INTERCONNECT_SEQ >>$DIR/back`)}); err != nil {
		t.Fatal(err)
	}
	s.add(up("b@h"))
	s.delivered(0, 6)
	if got := s.read("back"); got != "6\n" {
		t.Errorf("the one that came back has %q", got)
	}
}

// What leaves the journal before its turn comes is told.
func TestMissed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, time.Millisecond, hookIn(dir, "slow", `[ -e $DIR/mended ] || exit 1; echo $INTERCONNECT_SEQ >>$DIR/done`))
	s.journal.SetKeep(5)
	s.add(up("b@h"))
	s.await("it fails", func() bool { return s.Status()[0].Failed > 0 })
	for _, events := range [][]event.Event{ups(99), ups(1)} { // the latter is one more write, which drops
		if err := s.journal.Add(t.Context(), events...); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "mended"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.delivered(0, 101)
	if got := s.read("done"); got != "1\n97\n98\n99\n100\n101\n" {
		t.Errorf("delivered %q", got)
	}
	if st := s.Status()[0]; st.Missed != 95 || !strings.Contains(s.journal.Logged(), "hook=slow missed=95") {
		t.Errorf("status %+v, log\n%s", st, s.journal.Logged())
	}
}

// Programs that cannot be started are failures like others.
func TestNoProgram(t *testing.T) {
	dir := t.TempDir()
	h := hookIn(dir, "none", "")
	h.Run = []string{filepath.Join(dir, "program")}
	s := open(t, dir, 20*time.Millisecond, h)
	s.add(up("b@h"))
	s.await("it fails", func() bool { return s.Status()[0].Failed > 0 })
	if st := s.Status()[0]; !strings.Contains(st.Error, "no such file or directory") {
		t.Errorf("status %+v", st)
	}
	if err := os.WriteFile(h.Run[0], []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.delivered(0, 1)
}

func TestTail(t *testing.T) {
	var out tail
	for range 1000 {
		_, _ = out.Write([]byte("some words\n"))
	}
	_, _ = out.Write([]byte("the last\xff line \n\n"))
	if len(out.text) > outputMost {
		t.Errorf("%d bytes are kept", len(out.text))
	}
	if err := out.explain(context.Canceled); err.Error() != "context canceled: the last line" {
		t.Errorf("got %q", err)
	}
}

// A hook that is gone while a former program of it runs is forgotten all the same.
func TestGoneIsForgotten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, time.Millisecond, hookIn(dir, "page", `touch $DIR/runs; while [ ! -e $DIR/go ]; do sleep 0.01; done`))
	s.add(up("b@h"))
	s.await("it runs", func() bool {
		return s.read("runs") == "" && s.Status()[0].Attempts == 1 && !s.Status()[0].RunningSince.IsZero()
	})
	second := hookIn(dir, "page", `echo $INTERCONNECT_SEQ >>$DIR/done`)
	for _, hooks := range [][]configs.Hook{{second}, nil} {
		if err := s.Set(t.Context(), hooks); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.journal.Add(t.Context(), ups(3)...); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.await("the former have ended", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.live) == 0
	})
	if err := s.Set(t.Context(), []configs.Hook{second}); err != nil {
		t.Fatal(err)
	}
	s.add(up("b@h"))
	s.delivered(0, 5)
	if got := s.read("done"); got != "5\n" {
		t.Errorf("it has %q, want what came after it", got)
	}
}

// What a program that runs through a change of its hook comes to is counted, and what
// the former hook failed at is told no more.
func TestCountersOfAChangedHook(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, time.Hour, hookIn(dir, "runs", `touch $DIR/runs; while [ ! -e $DIR/go ]; do sleep 0.01; done`), hookIn(dir, "fails", `exit 1`))
	s.add(up("b@h"))
	s.await("both have begun", func() bool { return s.Status()[1].Failed == 1 && !s.Status()[0].RunningSince.IsZero() })
	other := hookIn(dir, "fails", `exit 1`)
	other.On = []string{"nodedown"}
	if err := s.Set(t.Context(), []configs.Hook{hookIn(dir, "runs", `true`), other}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.delivered(0, 1)
	s.delivered(1, 1)
	if st := s.Status(); st[0].OK != 1 || st[1].Failed != 1 || st[1].Attempts != 0 || st[1].Error != "" {
		t.Errorf("status %+v", st)
	}
}

// A journal that had to be made anew holds no hook up.
func TestJournalMadeAnew(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, time.Millisecond, hookIn(dir, "slow", `[ -e $DIR/mended ] || exit 1; echo $INTERCONNECT_SEQ >>$DIR/done`))
	s.add(ups(100)...)
	s.await("it fails", func() bool { return s.Status()[0].Failed > 0 && s.Status()[0].Waiting == 100 })
	if err := os.Truncate(filepath.Join(dir, "a.db"), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.journal.Add(t.Context(), up("b@h")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mended"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.delivered(0, 101)
	// It had read some of them before.
	if got := s.read("done"); !strings.HasSuffix(got, "\n101\n") || s.Status()[0].Missed == 0 {
		t.Errorf("delivered %q, %+v", got, s.Status()[0])
	}
}
