package configs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"interconnectd/configs/nodeid"
)

func TestHooks(t *testing.T) {
	cfg, problems := checkSettings(t, `
hooks:
  - {name: all, run: [sh]}
  - name: some
    on: [nodedown]
    nodes: ['db-*@*', 'a@h']
    run: [/bin/sh, -c, 'exit 1']
    timeout: 100ms
`)
	if len(problems) > 0 {
		t.Errorf("problems:\n%s", problems.Render())
	}
	want := []Hook{
		{Name: "all", On: []string{"nodeup", "nodedown"}, Nodes: []nodeid.Pattern{"*"}, Run: []string{"sh"}, Timeout: 10 * time.Second},
		{Name: "some", On: []string{"nodedown"}, Nodes: []nodeid.Pattern{"db-*@*", "a@h"}, Run: []string{"/bin/sh", "-c", "exit 1"}, Timeout: 100 * time.Millisecond},
	}
	if diff := cmp.Diff(want, cfg.Hooks); diff != "" {
		t.Errorf("Hooks (-want +got):\n%s", diff)
	}
}

// Load and Reload tell of a program that is not there as Check does, and go on.
func TestHooksThatAreNotThere(t *testing.T) {
	s := newReloadSite(t, "-name", "a@127.0.0.1", "-setcookie_file")
	s.args = append(s.args, s.dir+"/cookie")
	s.write("yaml", "hooks: [{name: page, run: [/nonexistent/page]}]")
	for name, read := range map[string]func(Input) (*Config, Problems){
		"Load": Load, "Check": Check, "Reload": func(in Input) (*Config, Problems) { return Reload(in, "a@127.0.0.1") },
	} {
		in := input(t, s.args...)
		in.Getenv = env(s.vars)
		cfg, problems := read(in)
		if len(cfg.Hooks) != 1 || problems.Err() != nil || !strings.Contains(problems.Error(), "warning: hooks.run: /nonexistent/page: no such file or directory") {
			t.Errorf("%s: %d hooks, problems\n%s", name, len(cfg.Hooks), problems.Render())
		}
	}
}

// No two hooks that differ are shown alike: Compare goes by what is shown.
func TestHookString(t *testing.T) {
	runs := [][]string{
		{"a", "b"},
		{"a, b"},
		{"a", "b] on nodeup of * within 10s"},
		{"a,", "b"},
		{"a", ",b"},
		{"a", "b", ""},
		{`"a"`, "b"},
		{"a\nb"},
		{`a\nb`},
		{"ä", "b"},
	}
	seen := map[string][]string{}
	for _, run := range runs {
		text := Hook{On: hookKinds, Nodes: []nodeid.Pattern{"*"}, Run: run, Timeout: time.Second}.String()
		if other, again := seen[text]; again || strings.Contains(text, "\n") {
			t.Errorf("%q is %s, and so is %q", run, text, other)
		}
		seen[text] = run
	}
}

// What programs get of a hook is an object.
func TestHookData(t *testing.T) {
	cfg, _ := checkSettings(t, "hooks: [{name: page, run: [sh, -c, 'a, b']}]")
	for _, s := range cfg.Effective(fingerprint) {
		if s.Name != "hook page" {
			continue
		}
		got, err := json.Marshal(s.Data)
		if want := `{"on":["nodeup","nodedown"],"nodes":["*"],"run":["sh","-c","a, b"],"timeout":"10s"}`; err != nil || string(got) != want {
			t.Errorf("it is %s (%v), want %s", got, err, want)
		}
		return
	}
	t.Error("the hook is not listed")
}

// An entry that is wrong is not taken, however much was told before it.
func TestHooksAfterManyProblems(t *testing.T) {
	var text strings.Builder
	for i := range 2 * maxProblems {
		fmt.Fprintf(&text, "x%d: 1\n", i)
	}
	text.WriteString("hooks: [{name: page}, {name: other, run: [3]}]\n")
	cfg, problems := checkSettings(t, text.String())
	if problems.Err() == nil || len(cfg.Hooks) > 0 {
		t.Errorf("hooks %v, problems %v", cfg.Hooks, problems.Err() != nil)
	}
}
