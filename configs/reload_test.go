package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reloadSite is a folder with the files that a reload reads again.
type reloadSite struct {
	t    *testing.T
	dir  string
	args []string
	vars map[string]string
}

func newReloadSite(t *testing.T, args ...string) *reloadSite {
	s := &reloadSite{t: t, dir: t.TempDir(), vars: map[string]string{}}
	s.write("kernel", "")
	s.write("yaml", "")
	s.write("cookie", "secret")
	s.write("one", "one")
	s.write("four", "four")
	s.args = append([]string{
		"-config", filepath.Join(s.dir, "kernel"), "-settings", filepath.Join(s.dir, "yaml"),
	}, args...)
	return s
}

// write gives a file another content: of kernel, the parameters of that
// application.
func (s *reloadSite) write(name, content string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if name == "kernel" {
		path += ".config"
		content = "[{kernel, [" + content + "]}]."
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *reloadSite) read(f func(Input) (*Config, Problems)) *Config {
	s.t.Helper()
	in := input(s.t, s.args...)
	in.Getenv = env(s.vars)
	cfg, problems := f(in)
	if problems.Err() != nil {
		s.t.Fatal(problems.Render())
	}
	return cfg
}

func lines(differences []Difference) string {
	var b strings.Builder
	for _, d := range differences {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}

func TestCompare(t *testing.T) {
	const lists = "{sync_nodes_timeout, 5000}, {sync_nodes_mandatory, ['a@127.0.0.1']}, {sync_nodes_optional, ['b@127.0.0.1', 'c@127.0.0.1']}"
	for _, tt := range []struct {
		name       string
		kernel     [2]string // before and after
		yaml       [2]string
		vm         [2]string // args file
		cookie     [2]string
		args       string
		differs    string
		afterwards string // what a second reload of the same says
	}{
		{name: "nothing"},
		{name: "nothing but comments and places", kernel: [2]string{lists, "% moved\n\n " + lists}},
		{name: "the order of a list", kernel: [2]string{lists, strings.Replace(lists, "'b@127.0.0.1', 'c@127.0.0.1'", "'c@127.0.0.1', 'b@127.0.0.1'", 1)}},
		{
			name:    "names come and go",
			kernel:  [2]string{lists, strings.NewReplacer("'a@127.0.0.1'", "'a@127.0.0.1', 'e@127.0.0.1'", "'b@127.0.0.1'", "'d@127.0.0.1'").Replace(lists)},
			differs: "sync_nodes_mandatory: +e@127.0.0.1\nsync_nodes_optional: +d@127.0.0.1, -b@127.0.0.1\n",
		},
		{
			name:    "from one list to the other",
			kernel:  [2]string{lists, "{sync_nodes_timeout, 5000}, {sync_nodes_mandatory, ['a@127.0.0.1', 'b@127.0.0.1', 'c@127.0.0.1']}"},
			differs: "sync_nodes_mandatory: +b@127.0.0.1, +c@127.0.0.1\nsync_nodes_optional: -b@127.0.0.1, -c@127.0.0.1\n",
		},
		{
			name:   "times and the level",
			kernel: [2]string{"{net_setuptime, 3}, {sync_nodes_timeout, infinity}", "{net_ticktime, 4}, {dist_auto_connect, once}, {logger_level, debug}"},
			differs: "sync_nodes_timeout: infinity -> undefined\ndist_auto_connect: undefined -> once\nnet_ticktime: undefined -> 4\n" +
				"net_setuptime: 3 -> 7\nlogger_level: info -> debug\ndetector.timeout: 3s -> 4s\n",
		},
		{
			name:    "what needs a restart does so until then",
			kernel:  [2]string{"", "{connect_all, false}, {inet_dist_listen_min, 5000}, {net_ticktime, 4}"},
			yaml:    [2]string{"", "bus:\n  cluster: other\n  urls: [nats://10.0.0.1:4222]\n"},
			differs: "connect_all: needs a restart (true -> false)\nnet_ticktime: undefined -> 4\ninet_dist_listen_min: needs a restart (4370 -> 5000)\ninet_dist_listen_max: needs a restart (4373 -> 5000)\nbus.cluster: needs a restart (default -> other)\nbus.urls: needs a restart ([] -> [nats://10.0.0.1:4222])\ndetector.timeout: 3s -> 4s\ndetector.gone_after: 250ms -> 1s\n",
			afterwards: "connect_all: needs a restart (true -> false)\ninet_dist_listen_min: needs a restart (4370 -> 5000)\ninet_dist_listen_max: needs a restart (4373 -> 5000)\n" +
				"bus.cluster: needs a restart (default -> other)\nbus.urls: needs a restart ([] -> [nats://10.0.0.1:4222])\n",
		},
		{
			name: "the settings' own", yaml: [2]string{"", "log: {level: debug}\ndetector: {interval: 500ms, timeout: 5s, gone_after: 1s}\n"},
			differs: "logger_level: info -> debug\ndetector.interval: 250ms -> 500ms\ndetector.timeout: 3s -> 5s\ndetector.gone_after: 250ms -> 1s\n",
		},
		{
			name:    "the cookies of other nodes",
			yaml:    [2]string{"cookie: {per_node: [{node: b@127.0.0.1, file: DIR/one}, {node: c@127.0.0.1, file: DIR/one}]}", "cookie: {per_node: [{node: b@127.0.0.1, file: DIR/four}, {node: d@127.0.0.1, file: DIR/one}]}"},
			differs: "cookie b@127.0.0.1: fp3 -> fp4\ncookie c@127.0.0.1: fp3 -> undefined\ncookie d@127.0.0.1: undefined -> fp3\n",
		},
		{
			name:    "the log and the journal",
			yaml:    [2]string{"log: {file: one.log}\njournal: {keep: 1000}", "log: {format: json, file: two.log}\njournal: {path: a.db, keep: 0}"},
			differs: "log.format: auto -> json\nlog.file: one.log -> two.log\njournal.keep: 1000 -> 0\njournal.path: undefined -> a.db\n",
		},
		{
			name:    "to standard error and to the usual file",
			yaml:    [2]string{"log: {format: text, file: one.log}\njournal: {path: a.db}", ""},
			differs: "log.format: text -> auto\nlog.file: one.log -> undefined\njournal.path: a.db -> undefined\n",
		},
		{
			name: "hooks come, go and change",
			yaml: [2]string{
				"hooks: [{name: one, run: [sh]}, {name: two, run: [sh]}, {name: three, run: [sh, 'a, b']}]",
				"hooks: [{name: four, run: [sh], on: [nodedown]}, {name: three, run: [sh, a, b]}, {name: one, run: [sh], timeout: 10s, nodes: ['*']}]",
			},
			differs: "hook two: [sh] on nodeup, nodedown of * within 10s -> undefined\n" +
				"hook three: [sh, \"a, b\"] on nodeup, nodedown of * within 10s -> [sh, a, b] on nodeup, nodedown of * within 10s\n" +
				"hook four: undefined -> [sh] on nodedown of * within 10s\n",
		},
		{
			name:    "the only hook goes",
			yaml:    [2]string{"hooks: [{name: one, run: [sh]}]", "hooks: []"},
			differs: "hook one: [sh] on nodeup, nodedown of * within 10s -> undefined\n",
		},
		{
			name: "the order of hooks, and of what one is run on",
			yaml: [2]string{"hooks: [{name: one, run: [sh]}, {name: two, run: [sh]}]", "hooks: [{name: two, run: [sh]}, {name: one, run: [sh], on: [nodedown, nodeup]}]"},
		},
		{
			name:    "events that are published",
			yaml:    [2]string{"", "bus: {publish_events: true}"},
			differs: "bus.publish_events: needs a restart (false -> true)\n", afterwards: "bus.publish_events: needs a restart (false -> true)\n",
		},
		{
			name: "nodes of Erlang",
			yaml: [2]string{"erlang: {distribution: true, listen: 127.0.0.1}", "erlang: {listen: '127.0.0.1:4444', epmd: '127.0.0.1:5000', allow: ['app@*', b@h]}"},
			differs: "erlang.distribution: needs a restart (true -> false)\nerlang.listen: needs a restart (127.0.0.1 -> 127.0.0.1:4444)\n" +
				"erlang.epmd: needs a restart (127.0.0.1:4369 -> 127.0.0.1:5000)\nerlang.allow: needs a restart ([*] -> [app@*, b@h])\n",
			afterwards: "erlang.distribution: needs a restart (true -> false)\nerlang.listen: needs a restart (127.0.0.1 -> 127.0.0.1:4444)\n" +
				"erlang.epmd: needs a restart (127.0.0.1:4369 -> 127.0.0.1:5000)\nerlang.allow: needs a restart ([*] -> [app@*, b@h])\n",
		},
		{
			name: "a port of free choice, written out",
			yaml: [2]string{"erlang: {listen: 127.0.0.1, allow: ['*']}", "erlang: {listen: '127.0.0.1:0'}"},
		},
		{
			name:    "an args file",
			vm:      [2]string{"-setcookie b@127.0.0.1 one\n", "-kernel net_ticktime 5 # more\n-setcookie b@127.0.0.1 four\n-hidden\n"},
			differs: "hidden: needs a restart (false -> true)\ncookie b@127.0.0.1: fp3 -> fp4\nnet_ticktime: undefined -> 5\ndetector.timeout: 3s -> 5s\n", afterwards: "hidden: needs a restart (false -> true)\n",
		},
		{name: "the cookie, by its fingerprint", cookie: [2]string{"secret", "hushhush"}, differs: "cookie: fp6 -> fp8\n"},
		{
			name:       "a name that nobody chose",
			kernel:     [2]string{"{sync_nodes_timeout, 1}, {sync_nodes_optional, ['b@altair']}", "{sync_nodes_timeout, 1}"},
			differs:    "name: needs a restart (b@altair -> interconnectd@altair.example.org)\nsync_nodes_optional: -b@altair\n",
			afterwards: "name: needs a restart (b@altair -> interconnectd@altair.example.org)\n",
		},
		{name: "a name that was chosen", kernel: [2]string{"{sync_nodes_timeout, 1}, {sync_nodes_optional, ['b@altair']}", ""}, args: "-sname b", differs: "sync_nodes_optional: -b@altair\nsync_nodes_timeout: 1 -> undefined\n"},
		{
			name: "a flag wins over the file", args: "-kernel net_ticktime 8",
			kernel: [2]string{"{net_ticktime, 4}", "{net_ticktime, 5}"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newReloadSite(t, strings.Fields(tt.args)...)
			s.args = append(s.args, "-setcookie_file", filepath.Join(s.dir, "cookie"), "-args_file", filepath.Join(s.dir, "vm"))
			write := func(i int) {
				s.write("kernel", tt.kernel[i])
				s.write("vm", tt.vm[i])
				s.write("yaml", strings.ReplaceAll(tt.yaml[i], "DIR", s.dir))
				if tt.cookie[i] != "" {
					s.write("cookie", tt.cookie[i])
				}
			}
			print := func(cookie string) string { return "fp" + string(rune('0'+len(cookie))) }
			write(0)
			running := s.read(Load)
			before := settingsOf(running)
			write(1)
			again := func(in Input) (*Config, Problems) { return Reload(in, running.Name) }
			read := s.read(again)
			next, differences := Compare(running, read, print)
			if diff := cmp.Diff(tt.differs, lines(differences)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			if after := settingsOf(running); after != before {
				t.Errorf("Compare has changed its argument: %s", cmp.Diff(before, after))
			}
			_, differences = Compare(next, s.read(again), print)
			if diff := cmp.Diff(tt.afterwards, lines(differences)); diff != "" {
				t.Errorf("differences that are left (-want +got):\n%s", diff)
			}
			if _, differences = Compare(read, next, print); len(differences) > 0 && tt.afterwards == "" {
				t.Errorf("what runs next differs from what was read: %s", lines(differences))
			}
			if !next.Cookie.Equal(read.Cookie) || !cmp.Equal(next.SyncOptional, read.SyncOptional) {
				t.Errorf("the next configuration has not all that was read: %v", next)
			}
			if diff := cmp.Diff(read.Hooks, next.Hooks); diff != "" {
				t.Errorf("Hooks (-read +next):\n%s", diff)
			}
			if next.LogFormat != read.LogFormat || next.LogFile != read.LogFile || next.Journal != read.Journal {
				t.Errorf("the next log or journal is not what was read: %v", next)
			}
			if got, want := next.Origin("net_ticktime"), read.Origin("net_ticktime"); got != want {
				t.Errorf("the origin of net_ticktime is %s, want %s", got, want)
			}
		})
	}
}

// settingsOf is all of a configuration as text.
func settingsOf(cfg *Config) string {
	var b strings.Builder
	for _, s := range cfg.Effective(fingerprint) {
		b.WriteString(s.String() + "\n")
	}
	return b.String()
}

// A start makes a cookie where there is none; a reload must not take another.
func TestReloadMakesNoCookie(t *testing.T) {
	s := newReloadSite(t, "-name", "a@127.0.0.1")
	s.vars["HOME"] = s.dir
	s.read(Load)
	made := filepath.Join(s.dir, ".erlang.cookie")
	if err := os.Remove(made); err != nil {
		t.Fatal(err)
	}
	in := input(t, s.args...)
	in.Getenv = env(s.vars)
	_, problems := Reload(in, "a@127.0.0.1")
	if got, want := problems.Error(), "cookie: no cookie"; got != want {
		t.Errorf("problems are %q, want %q", got, want)
	}
	if _, err := os.Stat(made); !os.IsNotExist(err) {
		t.Errorf("the reload made a cookie: %v", err)
	}
}

// Each setting that needs no restart is one that Effective lists.
func TestReloadableNames(t *testing.T) {
	cfg := Default()
	cfg.Cookie, _ = NewCookie("x")
	cfg.AlsoAccept = cfg.Cookie
	cfg.LogFile, cfg.Journal.Path = "x", "x"
	cfg.Hooks = []Hook{{Name: "x"}}
	var known []string
	for _, s := range cfg.Effective(fingerprint) {
		known = append(known, settingKind(s.Name))
	}
	for name := range reloadable {
		if !strings.Contains(" "+strings.Join(known, " ")+" ", " "+name+" ") {
			t.Errorf("nothing is called %s", name)
		}
	}
}

// The lists are compared with the name that the node has, not with the one that
// it would choose now.
func TestReloadKeepsTheName(t *testing.T) {
	s := newReloadSite(t, "-config", "x")
	s.vars["HOME"] = s.dir
	t.Chdir(s.dir)
	if err := os.WriteFile("x.config", []byte("[{kernel, [{sync_nodes_timeout, 1}, {sync_nodes_optional, ['b@10.0.0.7']}]}]."), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(".erlang.cookie", []byte("a-cookie-of-some-length"), 0o400); err != nil {
		t.Fatal(err)
	}
	in := input(t, s.args...)
	in.Getenv = env(s.vars)
	_, problems := Reload(in, "interconnectd@altair") // 10.0.0.7 is this host
	if !strings.Contains(problems.Error(), "long and short names never connect, and this node is interconnectd@altair") || problems.Err() != nil {
		t.Errorf("problems are %v, want one warning of the short name", problems)
	}
}
