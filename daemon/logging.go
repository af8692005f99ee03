package main

import (
	"io"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
)

// newLogger logs lines such as
//
//	2026-11-22T22:03:41.027Z [INFO]  interconnectd.observer: --- Node up: b@127.0.0.1: type=visible
func newLogger(out io.Writer, level hclog.Level) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name:       "interconnectd",
		Level:      level,
		Output:     out,
		TimeFormat: "2006-01-02T15:04:05.000Z07:00",
		TimeFn:     func() time.Time { return time.Now().UTC() },
	})
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
	for _, f := range cfg.Unused {
		log.Debug("flag without a meaning here", "flag", f.Flag, "at", f.Origin.String())
	}
	for _, p := range cfg.Params {
		log.Debug("parameter without a meaning here", "parameter", p.App+"."+p.Name, "why", p.Why)
	}
}
