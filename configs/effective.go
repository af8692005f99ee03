package configs

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
)

// Setting is one value of a configuration, under the name that the command
// line, sys.config or interconnectd.yaml has for it.
type Setting struct {
	Name   string
	Value  string // for people: kernel's parameters as Erlang writes them
	Data   any    // for programs: a bool, int, float64, string or []string, of a hook an object of such; nil where nothing is set
	Origin Origin
}

// String is NAME = VALUE and, after three blanks, the origin.
func (s Setting) String() string {
	return fmt.Sprintf("%s = %s   %s", s.Name, s.Value, s.Origin)
}

// Effective lists the values that a start with c would have, always in the
// same order: who the node is, kernel's parameters, the settings in the order
// of their documentation. A name or a cookie that is not known is left out;
// fingerprint gives what is shown for a cookie.
//
// Data has times of kernel's parameters as numbers of kernel's units, and those
// of the settings as texts such as 250ms.
func (c *Config) Effective(fingerprint func(cookie string) string) []Setting {
	var list []Setting
	add := func(name, value string, data any) {
		list = append(list, Setting{name, value, data, c.Origin(name)})
	}
	word := func(name, value string) { add(name, value, value) }
	if c.Name != "" {
		word("name", string(c.Name))
	}
	add("hidden", strconv.FormatBool(c.Hidden), c.Hidden)
	if !c.Cookie.IsZero() {
		word("cookie", fingerprint(c.Cookie.Reveal()))
	}
	if !c.AlsoAccept.IsZero() {
		word(alsoAcceptName, fingerprint(c.AlsoAccept.Reveal()))
	}
	for _, other := range c.NodeCookies {
		word("cookie "+string(other.Node), fingerprint(other.Cookie.Reveal()))
	}
	add("sync_nodes_mandatory", atoms(c.SyncMandatory), words(c.SyncMandatory))
	add("sync_nodes_optional", atoms(c.SyncOptional), words(c.SyncOptional))
	add("sync_nodes_timeout", timeout(c.SyncTimeout), number(timeout(c.SyncTimeout)))
	add("connect_all", strconv.FormatBool(c.ConnectAll), c.ConnectAll)
	add("dist_auto_connect", cmp.Or(c.AutoConnect, undefined), wordOrNil(c.AutoConnect))
	add("net_ticktime", seconds(c.TickTime), number(seconds(c.TickTime)))
	add("net_setuptime", seconds(c.SetupTime), number(seconds(c.SetupTime)))
	add("inet_dist_listen_min", strconv.Itoa(c.Ports.Min), c.Ports.Min)
	add("inet_dist_listen_max", strconv.Itoa(c.Ports.Max), c.Ports.Max)
	add("inet_dist_use_interface", c.interfaceText(), wordOrNil(interfaceWord(c.Interface)))
	word("logger_level", levelName(c.LogLevel))
	word("bus.cluster", c.Bus.Cluster)
	add("bus.urls", "["+strings.Join(c.Bus.URLs, ", ")+"]", words(c.Bus.URLs))
	for _, s := range authSettings {
		if value := *s.field(&c.Bus.Auth); value != "" {
			word(s.path, value)
		}
	}
	add("bus.publish_events", strconv.FormatBool(c.Bus.PublishEvents), c.Bus.PublishEvents)
	if len(c.Bus.Routes) > 0 {
		add("bus.routes", "["+strings.Join(c.Bus.Routes, ", ")+"]", words(c.Bus.Routes))
	}
	if !c.Bus.RoutesSecret.IsZero() {
		word(routesSecretName, fingerprint(c.Bus.RoutesSecret.Reveal()))
	}
	add("erlang.distribution", strconv.FormatBool(c.Erlang.Distribution), c.Erlang.Distribution)
	word("erlang.listen", c.Erlang.listenText())
	word("erlang.epmd", c.Erlang.EPMD)
	add("erlang.allow", "["+strings.Join(c.Erlang.Allow, ", ")+"]", words(c.Erlang.Allow))
	word("detector.interval", shortDuration(c.Detector.Interval))
	word("detector.timeout", shortDuration(c.Detector.Timeout))
	word("detector.gone_after", shortDuration(c.Detector.GoneAfter))
	word("log.level", levelName(c.LogLevel))
	word("log.format", c.LogFormat)
	if c.LogFile != "" {
		word("log.file", c.LogFile)
	}
	if c.Journal.Path != "" {
		word("journal.path", c.Journal.Path)
	}
	add("journal.keep", strconv.Itoa(c.Journal.Keep), c.Journal.Keep)
	for _, h := range c.Hooks {
		add("hook "+h.Name, h.String(), h.data())
	}
	if c.HTTP != "" {
		word("http.listen", c.HTTP)
	}
	return list
}

// interfaceText is the address as a parameter of kernel.
func (c *Config) interfaceText() string {
	if !c.Interface.IsValid() {
		return undefined
	}
	return tupleOf(c.Interface)
}

func interfaceWord(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// wordOrNil is nil for a parameter that was not set.
func wordOrNil(word string) any {
	if word == "" {
		return nil
	}
	return word
}

// words are names for programs, never nil.
func words[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// number is what a program gets for the text of a number, of infinity or of
// undefined.
func number(text string) any {
	switch text {
	case undefined:
		return nil
	case infinity:
		return text
	}
	n, _ := strconv.ParseFloat(text, 64) // it is one
	return n
}

const (
	undefined = "undefined" // what Erlang says of a parameter that was not set
	infinity  = "infinity"
)

func atoms(names []nodeid.Name) string {
	list := make(erlterm.List, len(names))
	for i, n := range names {
		list[i] = erlterm.Atom(n)
	}
	return list.String()
}

func timeout(d time.Duration) string {
	switch d {
	case 0:
		return undefined
	case Infinity:
		return infinity
	default:
		return strconv.FormatInt(d.Milliseconds(), 10)
	}
}

func seconds(d time.Duration) string {
	if d == 0 {
		return undefined
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

// levelName is logger's name of a level.
func levelName(level hclog.Level) string {
	switch level {
	case hclog.Warn:
		return "warning"
	case hclog.Trace:
		return "all"
	case hclog.Off:
		return "none"
	default:
		return level.String()
	}
}
