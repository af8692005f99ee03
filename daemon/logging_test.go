package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/erlterm/required"
	"interconnectd/observer/event"
)

// logAll logs what the observer logs, and lines of other levels.
func logAll(log hclog.Logger) {
	observer := log.Named("observer")
	for _, e := range []event.Event{
		{Kind: event.NodeUp, Node: "b@127.0.0.1", Type: "visible"},
		{
			Kind: event.NodeDown, Node: "b@127.0.0.1", Type: "visible", Reason: "net_tick_timeout",
			Detail: "unresponsive for 3.1s", UpFor: event.Duration(62 * time.Second),
		},
	} {
		observer.Info(e.Message(), e.Fields()...)
	}
	observer.Info("9 nodes went down within 11ms", "connection_closed", 7, "net_tick_timeout", 2)
	observer.Warn("b@127.0.0.1 is flapping: 4 changes within 1m")
	log.Error("a reason of two lines", "text", "one\ntwo")
	log.Debug("detail")
	log.Trace("not to be seen")
}

var stamp = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)

// What is logged in each form, to the letter.
func TestLogForms(t *testing.T) {
	for format, want := range map[string]string{
		"text": `TIME [INFO]  interconnectd.observer: --- Node up: b@127.0.0.1: type=visible
TIME [INFO]  interconnectd.observer: --- Node down: b@127.0.0.1: type=visible reason=net_tick_timeout detail="unresponsive for 3.1s" up_for=1m2s
TIME [INFO]  interconnectd.observer: 9 nodes went down within 11ms: connection_closed=7 net_tick_timeout=2
TIME [WARN]  interconnectd.observer: b@127.0.0.1 is flapping: 4 changes within 1m
TIME [ERROR] interconnectd: a reason of two lines:
  text=
  | one
  | two
  
TIME [DEBUG] interconnectd: detail
`,
		"json": `{"@level":"info","@message":"--- Node up: b@127.0.0.1","@module":"interconnectd.observer","@timestamp":"TIME","event":"nodeup","node":"b@127.0.0.1","type":"visible"}
{"@level":"info","@message":"--- Node down: b@127.0.0.1","@module":"interconnectd.observer","@timestamp":"TIME","detail":"unresponsive for 3.1s","event":"nodedown","node":"b@127.0.0.1","reason":"net_tick_timeout","type":"visible","up_for":"1m2s"}
{"@level":"info","@message":"9 nodes went down within 11ms","@module":"interconnectd.observer","@timestamp":"TIME","connection_closed":7,"net_tick_timeout":2}
{"@level":"warn","@message":"b@127.0.0.1 is flapping: 4 changes within 1m","@module":"interconnectd.observer","@timestamp":"TIME"}
{"@level":"error","@message":"a reason of two lines","@module":"interconnectd","@timestamp":"TIME","text":"one\ntwo"}
{"@level":"debug","@message":"detail","@module":"interconnectd","@timestamp":"TIME"}
`,
		"journal": `<6>[INFO]  interconnectd.observer: --- Node up: b@127.0.0.1: type=visible
<6>[INFO]  interconnectd.observer: --- Node down: b@127.0.0.1: type=visible reason=net_tick_timeout detail="unresponsive for 3.1s" up_for=1m2s
<6>[INFO]  interconnectd.observer: 9 nodes went down within 11ms: connection_closed=7 net_tick_timeout=2
<4>[WARN]  interconnectd.observer: b@127.0.0.1 is flapping: 4 changes within 1m
<3>[ERROR] interconnectd: a reason of two lines:
<3>  text=
<3>  | one
<3>  | two
<3>  
<7>[DEBUG] interconnectd: detail
`,
	} {
		t.Run(format, func(t *testing.T) {
			cfg := configs.Default()
			cfg.LogFormat, cfg.LogLevel = format, hclog.Debug
			var out strings.Builder
			logs, err := openLogs(&out, func(string) string { return "" }, cfg)
			if err != nil {
				t.Fatal(err)
			}
			logAll(logs.root)
			got := stamp.ReplaceAllString(out.String(), "TIME")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if format == "json" {
				for line := range strings.Lines(out.String()) {
					if err := json.Unmarshal([]byte(line), new(map[string]any)); err != nil {
						t.Errorf("%s: %v", line, err)
					}
				}
			}
		})
	}
}

// The journal's form is for the journal alone: standard error may go elsewhere.
func TestJournalIsKnown(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for stream, want := range map[string]bool{"": false, "1:2": false, deviceAndInode(t, file): true} {
		if got := isJournal(file, stream); got != want {
			t.Errorf("JOURNAL_STREAM=%q: %v, want %v", stream, got, want)
		}
	}
	cfg := configs.Default()
	logs, err := openLogs(file, func(string) string { return deviceAndInode(t, file) }, cfg)
	if err != nil {
		t.Fatal(err)
	}
	logs.root.Info("well")
	if text, _ := os.ReadFile(file.Name()); string(text) != "<6>[INFO]  interconnectd: well\n" {
		t.Errorf("logged %q", text)
	}
}

// A reload changes form, file and level while lines are written: each is there once.
func TestLogChanges(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	cfg := configs.Default()
	logs, err := openLogs(&out, func(string) string { return "" }, cfg)
	if err != nil {
		t.Fatal(err)
	}
	log := logs.root.Named("node")
	change := func(file, format string, level hclog.Level) {
		next := *cfg
		next.LogFile, next.LogFormat, next.LogLevel = file, format, level
		c, err := logs.prepare(&next)
		if err != nil {
			t.Fatal(err)
		}
		c.apply()
	}
	first, second := filepath.Join(dir, "first.log"), filepath.Join(dir, "second.log")
	log.Info("1")
	change(first, "auto", hclog.Info)
	log.Info("2")
	if err := os.Rename(first, first+".1"); err != nil {
		t.Fatal(err)
	}
	log.Info("3")
	logs.reopen()
	log.Info("4")
	change(first, "json", hclog.Warn)
	log.Info("not to be seen")
	log.Warn("5")
	change(second, "text", hclog.Debug)
	log.Debug("6")
	if log.IsTrace() || !log.IsDebug() {
		t.Error("the level that others ask for is not the sink's")
	}
	change("", "text", hclog.Info)
	log.Info("7")
	for file, want := range map[string]string{first + ".1": "2 3", first: "4 5", second: "6"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := digits(string(text)); got != want {
			t.Errorf("%s has the lines %s, want %s:\n%s", filepath.Base(file), got, want, text)
		}
	}
	if got := digits(out.String()); got != "1 7" {
		t.Errorf("standard error has the lines %s, want 1 7", got)
	}

	// What cannot be opened changes nothing.
	next := *cfg
	next.LogFile = filepath.Join(dir, "none", "x.log")
	if _, err := logs.prepare(&next); err == nil || exitCode(err) != exitIO {
		t.Errorf("got %v, want an error of the system", err)
	}
	log.Info("8")
	if got := digits(out.String()); got != "1 7 8" {
		t.Errorf("standard error has the lines %s", got)
	}
}

var line = regexp.MustCompile(`(?m)interconnectd\.node: (\d)$|"@message":"(\d)"`)

// digits are the messages of a log that are one.
func digits(text string) string {
	var all []string
	for _, m := range line.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1]+m[2])
	}
	return strings.Join(all, " ")
}

func deviceAndInode(t *testing.T, f *os.File) string {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// Whoever rotates logs may ask for a new file while a reload changes where it is.
func TestReopenWhileReloading(t *testing.T) {
	dir := t.TempDir()
	logs, err := openLogs(io.Discard, func(string) string { return "" }, configs.Default())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 300 {
			logs.reopen()
		}
	}()
	for i := range 100 {
		cfg := configs.Default()
		if i%3 > 0 {
			cfg.LogFile = filepath.Join(dir, fmt.Sprint(i%3, ".log"))
		}
		c, err := logs.prepare(cfg)
		if err != nil {
			t.Fatal(err)
		}
		c.apply()
		logs.root.Info("well")
	}
	<-ended
}

// A file that takes no line: the lines are on standard error, with a word why.
func TestLogFileIsFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		required.Missing(t, err.Error())
	}
	var out strings.Builder
	cfg := configs.Default()
	cfg.LogFile = "/dev/full"
	logs, err := openLogs(&out, func(string) string { return "" }, cfg)
	if err != nil {
		t.Fatal(err)
	}
	logs.root.Named("node").Info("1")
	logs.root.Named("node").Info("2")
	want := "interconnectd: the log is here while the log file cannot be written: write /dev/full: no space left on device\n"
	if got := out.String(); !strings.HasPrefix(got, want) || digits(got) != "1 2" || strings.Count(got, "cannot be written") != 1 {
		t.Errorf("standard error has %q", got)
	}
}

// A log file that a refused reload opened is not left behind; a pipe that nobody
// reads is an error, and nobody waits for it.
func TestLogFileInVain(t *testing.T) {
	dir := t.TempDir()
	logs, err := openLogs(io.Discard, func(string) string { return "" }, configs.Default())
	if err != nil {
		t.Fatal(err)
	}
	cfg := configs.Default()
	cfg.LogFile = filepath.Join(dir, "new.log")
	c, err := logs.prepare(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c.drop()
	if _, err := os.Lstat(cfg.LogFile); err == nil {
		t.Error("the file was left")
	}
	cfg.LogFile = filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(cfg.LogFile, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := logs.prepare(cfg); err == nil {
		t.Error("a pipe without a reader was opened")
	}
}
