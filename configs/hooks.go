package configs

import (
	"errors"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"interconnectd/configs/nodeid"
)

// Hook is a program that is run when another node comes up or goes down. Its
// origin is that of "hook NAME".
type Hook struct {
	Name    string           // letters, digits, '_', '-' and '.'; no other hook has it
	On      []string         // nodeup, nodedown or both, in this order
	Nodes   []nodeid.Pattern // whom it is run for: a name that one of them matches
	Run     []string         // the program and its arguments, as they are: no shell reads them
	Timeout time.Duration    // until a run is ended
}

// hookKinds are the words of hooks.on, in the order of Hook.On.
var hookKinds = []string{"nodeup", "nodedown"}

const hookTimeout = 10 * time.Second // where the settings have none

var hookBounds = bounds{
	100 * time.Millisecond, time.Hour,
	"on a busy host a program takes as long to start",
	"a program that hangs would hold up all later events for longer",
}

// hookEntry is an entry of hooks.
type hookEntry struct {
	Hook
	name given[string]
	run  given[[]string]
}

// hookField is the key of all hooks.
func hookField() field[reader] {
	return key("hooks", "Programs that are run when another node comes up or goes down, each with the event as JSON on its standard input.",
		listOf("hooks", "write [{name: page, run: [/usr/local/bin/page]}]", entry(
			key("name", "What it is called: letters, digits, '_', '-' and '.', at most 64. No other hook has the name.",
				text("letters, digits, '_', '-' and '.', at most 64", `^[A-Za-z0-9_.-]{1,64}$`, nil).example("page"), (*hookEntry).takeName).must(),
			key("on", "What it is run for.",
				distinct(some(listOf("words", "write [nodeup, nodedown]", choice(hookKinds...)))).standard(hookKinds), (*hookEntry).takeOn),
			key("nodes", "The nodes that it is run for, by their names: '*' is any number of characters, '?' is one, [a-c] one of several.",
				some(listOf("patterns", "write ['db-*@*']", patternText.example("db-*@*"))).standard([]any{"*"}), (*hookEntry).takeNodes),
			key("run", "The program and its arguments, as they are: no shell reads them. Without a '/' it is looked for in PATH.",
				some(listOf("texts", "write [/usr/local/bin/page, --quiet]: no shell reads it", wordText)).example([]any{"/usr/local/bin/page", "--quiet"}),
				(*hookEntry).takeRun).must(),
			key("timeout", "How long a run may take until it is ended.",
				duration(hookBounds).standard(shortDuration(hookTimeout)), (*hookEntry).takeTimeout),
		)).standard([]any{}), takeHooks)
}

var (
	patternText = text("a pattern without blanks", `^[^\x00-\x20]+$`, func(pattern string) error { return nodeid.Pattern(pattern).Check() })
	wordText    = text("a text without a NUL", `^[^\x00]*$`, nil)
)

func (h *hookEntry) takeName(v given[string]) { h.name, h.Name = v, v.value }

// takeOn keeps the order of hookKinds: another one is no other hook.
func (h *hookEntry) takeOn(v given[[]string]) {
	for _, kind := range hookKinds {
		if slices.Contains(v.value, kind) {
			h.On = append(h.On, kind)
		}
	}
}

func (h *hookEntry) takeNodes(v given[[]string]) {
	for _, pattern := range v.value {
		h.Nodes = append(h.Nodes, nodeid.Pattern(pattern))
	}
}

func (h *hookEntry) takeRun(v given[[]string])          { h.run, h.Run = v, v.value }
func (h *hookEntry) takeTimeout(v given[time.Duration]) { h.Timeout = v.value }

// orDefaults is the hook with what was not given.
func (h hookEntry) orDefaults() Hook {
	hook := h.Hook
	if hook.On == nil {
		hook.On = slices.Clone(hookKinds)
	}
	if hook.Nodes == nil {
		hook.Nodes = []nodeid.Pattern{"*"}
	}
	if hook.Timeout == 0 {
		hook.Timeout = hookTimeout
	}
	return hook
}

func takeHooks(r *reader, v given[[]hookEntry]) {
	seen := map[string]Origin{}
	for _, h := range v.value {
		if first, again := seen[h.Name]; again {
			r.atSpot(Error, h.name.spot, "", "%s: %s stands here a second time, after %s", v.path, h.Name, first)
			continue
		}
		seen[h.Name] = h.name.origin
		if h.Run[0] == "" {
			r.atSpot(Error, h.run.spot, "", "%s: want a program, got \"\"", h.run.path)
			continue
		}
		r.settings.hooks = append(r.settings.hooks, h)
		r.cfg.Hooks = append(r.cfg.Hooks, h.orDefaults())
		r.set("hook "+h.Name, h.name.origin)
	}
}

// checkHooks looks whether the programs are there. One that is not may be there
// by the time that it is needed.
func (r *reader) checkHooks() {
	for _, h := range r.settings.hooks {
		if _, err := exec.LookPath(h.Run[0]); err != nil {
			var reason *exec.Error
			if errors.As(err, &reason) {
				err = reason.Err
			}
			r.atSpot(Warning, h.run.spot, "", "%s: %s: %v", h.run.path, shownWord(h.Run[0]), bare(err))
		}
	}
}

// hookData is a hook for programs.
type hookData struct {
	On      []string `json:"on"`
	Nodes   []string `json:"nodes"`
	Run     []string `json:"run"`
	Timeout string   `json:"timeout"`
}

func (h Hook) data() hookData {
	return hookData{words(h.On), words(h.Nodes), words(h.Run), shortDuration(h.Timeout)}
}

// String is all of a hook but its name: no two that differ have the same.
func (h Hook) String() string {
	run := make([]string, len(h.Run))
	for i, word := range h.Run {
		run[i] = shownWord(word)
	}
	return "[" + strings.Join(run, ", ") + "] on " + strings.Join(h.On, ", ") +
		" of " + strings.Join(words(h.Nodes), ", ") + " within " + shortDuration(h.Timeout)
}

// shownWord is a word that may hold anything, on one line and with its ends to be
// seen.
func shownWord(word string) string {
	quoted := strconv.Quote(word)
	if word == "" || strings.Contains(word, " ") || quoted != `"`+word+`"` {
		return quoted
	}
	return word
}
