package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/observer/event"
)

// logs is where the daemon's lines go: what the root logger, which others hold, hands
// over, it writes. A reload may change in what form, and to which file.
type logs struct {
	root    hclog.InterceptLogger
	stderr  io.Writer
	journal bool // standard error is systemd's journal

	// mu is held by who writes a line, for writing by who changes this
	mu   sync.RWMutex
	sink logSink
	json bool     // it writes JSON
	file *logFile // nil: standard error
}

// logSink is what writes the lines.
type logSink interface {
	hclog.SinkAdapter
	SetLevel(hclog.Level)
}

// openLogs begins to log as the configuration says. In text lines are such as
//
//	2026-11-22T22:03:41.027Z [INFO]  interconnectd.observer: --- Node up: b@127.0.0.1: type=visible
func openLogs(stderr io.Writer, getenv func(string) string, cfg *configs.Config) (*logs, error) {
	l := &logs{
		// It writes nothing itself: all goes to the sink.
		root: hclog.NewInterceptLogger(&hclog.LoggerOptions{
			Name: "interconnectd", Level: cfg.LogLevel, Output: io.Discard,
			Exclude: func(hclog.Level, string, ...any) bool { return true },
		}),
		stderr: stderr, journal: isJournal(stderr, getenv("JOURNAL_STREAM")),
	}
	change, err := l.prepare(cfg)
	if err != nil {
		return nil, err
	}
	change.apply()
	l.root.RegisterSink(l)
	return l, nil
}

// Accept writes a line.
func (l *logs) Accept(name string, level hclog.Level, msg string, args ...any) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.json {
		// For programs, which should not have to take a message apart.
		if kind, node, ok := event.ParseMessage(msg); ok {
			args = slices.Concat(args, []any{"event", string(kind), "node", string(node)})
		}
	}
	l.sink.Accept(name, level, msg, args...)
}

// logChange is what a configuration wants of the log, made and not in use.
type logChange struct {
	logs  *logs
	sink  logSink
	json  bool
	file  *logFile // nil: standard error
	level hclog.Level
}

// prepare makes what the configuration wants of the log: apply or drop follows, and
// nothing changes before. One goroutine at a time does this.
func (l *logs) prepare(cfg *configs.Config) (*logChange, error) {
	l.mu.RLock()
	file := l.file
	l.mu.RUnlock()
	switch {
	case cfg.LogFile == "":
		file = nil
	case file == nil || file.path != cfg.LogFile:
		var err error
		if file, err = openLogFile(cfg.LogFile, l.stderr); err != nil {
			return nil, err
		}
	}
	sink := hclog.NewSinkAdapter(l.optionsOf(cfg, file)).(logSink) // what hclog gives has a level
	return &logChange{logs: l, sink: sink, json: cfg.LogFormat == "json", file: file, level: cfg.LogLevel}, nil
}

func (c *logChange) apply() {
	l := c.logs
	l.mu.Lock()
	former := l.file
	l.sink, l.json, l.file = c.sink, c.json, c.file
	l.mu.Unlock()
	if former != nil && former != c.file {
		former.close()
	}
	l.setLevel(c.level)
}

func (c *logChange) drop() {
	c.logs.mu.RLock()
	defer c.logs.mu.RUnlock()
	if c.file != nil && c.file != c.logs.file {
		c.file.drop()
	}
}

// optionsOf says how lines are written.
func (l *logs) optionsOf(cfg *configs.Config, file *logFile) *hclog.LoggerOptions {
	opts := &hclog.LoggerOptions{
		Level: cfg.LogLevel, Output: l.stderr,
		TimeFormat: event.TimeFormat,
		TimeFn:     func() time.Time { return time.Now().UTC() },
	}
	format := cfg.LogFormat
	if file != nil {
		opts.Output = file
	} else if format == "auto" && l.journal {
		format = "journal"
	}
	switch format {
	case "json":
		opts.JSONFormat = true
	case "journal":
		opts.Output = journalWriter{l.stderr}
		opts.DisableTime = true // the journal has its own
	}
	return opts
}

// setLevel changes the level of all loggers.
func (l *logs) setLevel(level hclog.Level) {
	l.root.SetLevel(level)
	l.sink.SetLevel(level)
}

// reopen opens the file anew, after who rotates logs has moved it away.
func (l *logs) reopen() {
	l.mu.RLock()
	file := l.file
	l.mu.RUnlock()
	if file == nil {
		l.root.Debug("there is no log file to reopen")
		return
	}
	if err := file.reopen(); err != nil {
		l.root.Warn("the log file cannot be reopened: going on with the one before", "error", err)
		fmt.Fprintln(l.stderr, "interconnectd: the log file cannot be reopened:", err) // the one before may be gone
		return
	}
	l.root.Debug("log file reopened", "file", file.path)
}

// isJournal reports whether systemd reads standard error: JOURNAL_STREAM has the device and inode of
// what it gave its service, which a shell may have sent elsewhere since.
func isJournal(stderr io.Writer, stream string) bool {
	f, ok := stderr.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stream == fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// journalWriter writes lines as sd-daemon(3) wants them: each with its priority.
type journalWriter struct{ out io.Writer }

func (w journalWriter) Write(p []byte) (int, error) { return w.LevelWrite(hclog.Info, p) }

// LevelWrite makes hclog tell the level of what it writes, which may be several lines.
func (w journalWriter) LevelWrite(level hclog.Level, p []byte) (int, error) {
	var text bytes.Buffer
	for line := range strings.Lines(string(p)) {
		fmt.Fprintf(&text, "<%d>%s", priorityOf(level), line)
	}
	_, err := w.out.Write(text.Bytes())
	return len(p), err
}

// priorityOf is the level as syslog(3) has it.
func priorityOf(level hclog.Level) int {
	switch level {
	case hclog.Error:
		return 3
	case hclog.Warn:
		return 4
	case hclog.Info:
		return 6
	default:
		return 7
	}
}

// logProblems is one line for each, without excerpts.
func logProblems(log hclog.Logger, problems configs.Problems) {
	for _, p := range problems {
		level := hclog.Warn
		if p.Severity == configs.Error {
			level = hclog.Error
		}
		fields := []any{"at", p.Origin.String()}
		if p.Hint != "" {
			fields = append(fields, "hint", p.Hint)
		}
		log.Log(level, p.Msg, fields...)
	}
}

// logConfig tells what is doubtful, who this node is and why, and what was
// accepted without an effect.
func logConfig(log hclog.Logger, cfg *configs.Config, warnings configs.Problems) {
	logProblems(log, warnings)
	log.Info("starting "+string(cfg.Name), "name_from", cfg.Origin("name").String())
	if cfg.CookieMade != "" {
		log.Info("there was no cookie: one was made", "file", cfg.CookieMade)
	}
	for _, f := range cfg.Unused {
		log.Debug("flag without a meaning here", "flag", f.Flag, "at", f.Origin.String())
	}
	for _, p := range cfg.Params {
		log.Debug("parameter without a meaning here", "parameter", p.App+"."+p.Name, "why", p.Why)
	}
}
