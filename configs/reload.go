package configs

import (
	"slices"
	"strings"

	"interconnectd/configs/nodeid"
)

// Reload reads the same as Load for a node that runs already. Unlike Load it
// makes no cookie where there is none any more: that is an error, since a fresh
// one would part the node from its cluster. The lists are compared with the name
// that the node has, whatever it would be called after a restart.
func Reload(in Input, running nodeid.Name) (*Config, Problems) {
	r := newReader(in)
	r.running = running
	r.readForNode()
	r.findCookie(false)
	r.warnOfGuessableErlang()
	if r.problems.Err() == nil && r.cfg.Cookie.IsZero() {
		r.report(Error, Origin{Source: "cookie"}, &hintError{errNoCookie, cookieAdvice})
	}
	return r.done()
}

// reloadable are the settings that a running node takes, by the name that
// Effective gives them, up to a blank. All others need a restart.
var reloadable = map[string]func(running, read *Config){
	"cookie":               func(running, read *Config) { running.Cookie, running.NodeCookies = read.Cookie, read.NodeCookies },
	alsoAcceptName:         func(running, read *Config) { running.AlsoAccept = read.AlsoAccept },
	"sync_nodes_mandatory": func(running, read *Config) { running.SyncMandatory = read.SyncMandatory },
	"sync_nodes_optional":  func(running, read *Config) { running.SyncOptional = read.SyncOptional },
	"sync_nodes_timeout":   func(running, read *Config) { running.SyncTimeout = read.SyncTimeout },
	"dist_auto_connect":    func(running, read *Config) { running.AutoConnect = read.AutoConnect },
	"net_ticktime":         func(running, read *Config) { running.TickTime = read.TickTime },
	"net_setuptime":        func(running, read *Config) { running.SetupTime = read.SetupTime },
	"logger_level":         func(running, read *Config) { running.LogLevel = read.LogLevel },
	"log.level":            func(running, read *Config) { running.LogLevel = read.LogLevel },
	"log.format":           func(running, read *Config) { running.LogFormat = read.LogFormat },
	"log.file":             func(running, read *Config) { running.LogFile = read.LogFile },
	"journal.path":         func(running, read *Config) { running.Journal.Path = read.Journal.Path },
	"journal.keep":         func(running, read *Config) { running.Journal.Keep = read.Journal.Keep },
	"hook":                 func(running, read *Config) { running.Hooks = read.Hooks },
	"detector.interval":    func(running, read *Config) { running.Detector.Interval = read.Detector.Interval },
	"detector.timeout":     func(running, read *Config) { running.Detector.Timeout = read.Detector.Timeout },
	"detector.gone_after":  func(running, read *Config) { running.Detector.GoneAfter = read.Detector.GoneAfter },
}

// Difference is a setting that was read with another value than the running
// node has.
type Difference struct {
	Name    string // as Effective gives it
	Change  string // in words: "+c@127.0.0.1, -b@127.0.0.1" of a list, else "undefined -> 4"
	Restart bool   // the running node keeps its value
}

// String is one line: `sync_nodes_optional: +c@127.0.0.1`, or
// `bus.urls: needs a restart ([] -> [nats://10.0.0.1:4222])`.
func (d Difference) String() string {
	if d.Restart {
		return d.Name + ": needs a restart (" + d.Change + ")"
	}
	return d.Name + ": " + d.Change
}

// Compare says how read differs from what is running, in the order of
// Effective, and what will be running when all is applied that can be: running
// with the values of read that need no restart. Neither argument is changed.
//
// What needs a restart differs until then, and is named by each Compare. The
// order of a sync list is no difference, nor is another origin of the same value.
// Cookies are shown by fingerprint, which is called for those that differ only.
func Compare(running, read *Config, fingerprint func(cookie string) string) (*Config, []Difference) {
	var differences []Difference
	now, then := running.byName(), read.byName()
	for _, name := range namesOfBoth(running, read) {
		if now[name] == then[name] || name == "log.level" { // which is logger_level again
			continue
		}
		if change := running.change(read, name, now[name], then[name], fingerprint); change != "" {
			differences = append(differences, Difference{name, change, reloadable[settingKind(name)] == nil})
		}
	}
	next := *running
	next.origins = make(map[string]Origin)
	for _, name := range namesOfBoth(running, read) {
		from := running
		if apply := reloadable[settingKind(name)]; apply != nil {
			apply(&next, read)
			from = read
		}
		if origin, ok := from.origins[name]; ok {
			next.origins[name] = origin
		}
	}
	return &next, differences
}

// settingKind is the setting's name without what it is about, as in "cookie
// b@127.0.0.1".
func settingKind(name string) string {
	kind, _, _ := strings.Cut(name, " ")
	return kind
}

// inTheClear is for values that are compared and not shown.
func inTheClear(cookie string) string { return cookie }

// byName are the values of Effective. Cookies are in the clear: not to be shown.
func (c *Config) byName() map[string]string {
	values := make(map[string]string)
	for _, s := range c.Effective(inTheClear) {
		values[s.Name] = s.Value
	}
	return values
}

// namesOfBoth are the names of Effective of one or the other.
func namesOfBoth(a, b *Config) []string {
	var names []string
	for _, s := range slices.Concat(a.Effective(inTheClear), b.Effective(inTheClear)) {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}

// change says in words how the setting called name differs, "" where it does not.
func (c *Config) change(read *Config, name, from, to string, fingerprint func(string) string) string {
	switch settingKind(name) {
	case "sync_nodes_mandatory":
		return listChange(c.SyncMandatory, read.SyncMandatory)
	case "sync_nodes_optional":
		return listChange(c.SyncOptional, read.SyncOptional)
	case "cookie", alsoAcceptName, routesSecretName:
		return orUndefined(from, fingerprint) + " -> " + orUndefined(to, fingerprint)
	}
	return orUndefined(from, inTheClear) + " -> " + orUndefined(to, inTheClear)
}

func orUndefined(value string, shown func(string) string) string {
	if value == "" {
		return undefined
	}
	return shown(value)
}

// listChange is what came into a list and what left it, each in its order.
func listChange(from, to []nodeid.Name) string {
	var words []string
	for _, name := range to {
		if !slices.Contains(from, name) {
			words = append(words, "+"+string(name))
		}
	}
	for _, name := range from {
		if !slices.Contains(to, name) {
			words = append(words, "-"+string(name))
		}
	}
	return strings.Join(words, ", ")
}
