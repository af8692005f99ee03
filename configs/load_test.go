package configs

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

// fakeHost is a host of chosen facts.
type fakeHost struct {
	short, full string
	addrs       []netip.Addr
	registered  []string
	unresolved  []string
}

func (h fakeHost) ShortName() (string, error)   { return h.short, nil }
func (h fakeHost) FullName() (string, error)    { return h.full, nil }
func (h fakeHost) Addrs() ([]netip.Addr, error) { return h.addrs, nil }
func (h fakeHost) ErlangHas(_, alive string) bool {
	return slices.Contains(h.registered, alive)
}

func (h fakeHost) Unresolved(hosts []string) (found []string) {
	for _, host := range hosts {
		if slices.Contains(h.unresolved, host) {
			found = append(found, host)
		}
	}
	return found
}

var altair = fakeHost{
	short: "altair", full: "altair.example.org", addrs: []netip.Addr{netip.MustParseAddr("10.0.0.7")},
	unresolved: []string{"nowhere.example.org"},
}

// input is what a process in an empty environment gets, with a home directory
// that is not there.
func input(t *testing.T, args ...string) Input {
	t.Helper()
	parsed, err := FlagSet{Flags: Flags(), Params: true}.Parse(args)
	if err != nil {
		t.Fatalf("Parse(%q): %v", args, err)
	}
	return Input{Args: parsed, Getenv: env(nil), Host: altair}
}

func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func fingerprint(string) string { return "0123abcd" }

// TestGolden runs Check on the files of each archive in testdata, with the
// words of the archive's first line as flags, those before the first flag as
// variables of the environment, and compares all that is shown with the
// archive's last file.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			golden, err := filepath.Abs(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			given, want, _ := strings.Cut(string(text), "-- want --\n")
			words, files, _ := strings.Cut(given, "\n")
			unpack(t, files)
			vars, flags := map[string]string{"HOME": "/nonexistent"}, strings.Fields(words)
			for len(flags) > 0 && flags[0][0] != '-' {
				name, value, _ := strings.Cut(flags[0], "=")
				vars[name], flags = value, flags[1:]
			}
			in := input(t, flags...)
			in.Getenv = env(vars)
			got := transcript(Check(in))
			if *update {
				if err := os.WriteFile(golden, []byte(given+"-- want --\n"+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Check (-want +got):\n%s", diff)
			}
		})
	}
}

// unpack makes the files of an archive: each follows a line "-- name --", and
// ends without a line end where its last line ends in <no newline>.
func unpack(t *testing.T, archive string) {
	t.Helper()
	for archive != "" {
		head, rest, _ := strings.Cut(archive, "\n")
		name := strings.TrimSuffix(strings.TrimPrefix(head, "-- "), " --")
		content := rest
		if next := strings.Index("\n"+rest, "\n-- "); next >= 0 {
			content = rest[:next]
		}
		archive = rest[len(content):]
		content, _ = strings.CutSuffix(content, "<no newline>\n")
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// transcript is the problems and, where there is no error, what is not a default.
func transcript(cfg *Config, problems Problems) string {
	var b strings.Builder
	b.WriteString(problems.Render())
	if problems.Err() == nil {
		for _, s := range cfg.Effective(fingerprint) {
			if s.Origin != defaultOrigin {
				b.WriteString(s.String() + "\n")
			}
		}
	}
	return b.String()
}

// What a syntax error says is erlterm's; here it keeps its place, its hint and
// the line it is about, and nothing else is said of the file.
func TestSyntaxErrors(t *testing.T) {
	tests := []struct {
		name, content, args string
		origin, hint        string
	}{
		{"the walk-through's missing bracket", `[{kernel,
  
    {sync_nodes_optional, ['a@127.0.0.1', 'b@127.0.0.1']},
    {sync_nodes_timeout, 5000}
  ]}
].
`, "", "x.config:3:5", "a '[' is missing: kernel's parameters are a list"},
		{"no dot", "[{kernel, [{sync_nodes_timeout, 0}]}]\n", "", "x.config:1:38", "a '.' is missing"},
		{"a byte-order mark", "\ufeff[].", "", "x.config:1:1", "byte-order mark"},
		{"a node name without quotes", "[{kernel, [{sync_nodes_optional, [b@127.0.0.1]}]}].", "", "x.config:1:35", "write 'b@127.0.0.1'"},
		{"on the command line", "[].", "-kernel net_ticktime Foo", "-kernel net_ticktime", "Foo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := checkFile(t, "x.config", tt.content, strings.Fields(tt.args)...)
			if len(problems) != 1 {
				t.Fatalf("problems, want one:\n%s", problems.Render())
			}
			p := problems[0]
			if !strings.HasSuffix(p.Origin.String(), tt.origin) || !strings.Contains(p.Hint+p.Msg, tt.hint) || p.Excerpt == "" {
				t.Errorf("got\n%swant the place %s and the advice %q", p.Render(), tt.origin, tt.hint)
			}
		})
	}
}

func TestProblemsAreSplitBySeverity(t *testing.T) {
	ps := Problems{
		{Severity: Warning, Origin: Origin{Source: "sys.config", Line: 3, Column: 6}, Msg: "kernel has no parameter x", Hint: "did you mean 'y'"},
		{Severity: Error, Origin: Origin{Source: "-name"}, Msg: "no"},
	}
	if got, want := ps.Err().Error(), "-name: no"; got != want {
		t.Errorf("Err() = %q, want %q", got, want)
	}
	if got, want := ps.Warnings().Render(), "sys.config:3:6: warning: kernel has no parameter x\nhint: did you mean 'y'\n"; got != want {
		t.Errorf("Warnings().Render() = %q, want %q", got, want)
	}
	if err := ps.Warnings().Err(); err != nil {
		t.Errorf("warnings alone are the error %v", err)
	}
}

func TestSeverityString(t *testing.T) {
	for severity, want := range map[Severity]string{Warning: "warning", Error: "error", 7: "Severity(7)"} {
		if got := severity.String(); got != want {
			t.Errorf("Severity(%d).String() = %q, want %q", int(severity), got, want)
		}
	}
}

func TestOriginKind(t *testing.T) {
	for _, tt := range []struct {
		origin Origin
		want   string
	}{
		{Origin{}, ""},
		{defaultOrigin, "default"},
		{hostOrigin, "host"},
		{Origin{Source: "RELEASE_NODE"}, "environment"},
		{Origin{Source: "RELEASE_COOKIE"}, "environment"},
		{Origin{Source: "-kernel net_ticktime"}, "flag"},
		{Origin{Source: "/root/.erlang.cookie"}, "file"},
		{Origin{Source: "default", Line: 1, Column: 2}, "file"},
	} {
		if got := tt.origin.Kind(); got != tt.want {
			t.Errorf("Origin{%s}.Kind() = %q, want %q", tt.origin, got, tt.want)
		}
	}
}

// The file that the project ships is the walk-through's, with its bracket.
func TestShippedSysConfig(t *testing.T) {
	cfg, problems := Check(input(t, "-config", "sys", "-name", "a@127.0.0.1"))
	if problems.Err() != nil {
		t.Fatalf("problems:\n%s", problems.Render())
	}
	var got []string
	for _, s := range cfg.Effective(fingerprint) {
		got = append(got, s.String())
	}
	want := []string{
		"name = a@127.0.0.1   -name",
		"hidden = false   default",
		"sync_nodes_mandatory = []   default",
		"sync_nodes_optional = ['a@127.0.0.1','b@127.0.0.1']   sys.config:4:6",
		"sync_nodes_timeout = 5000   sys.config:5:6",
		"connect_all = true   default",
		"dist_auto_connect = undefined   default",
		"net_ticktime = undefined   default",
		"net_setuptime = 7   default",
		"inet_dist_listen_min = 4370   default",
		"inet_dist_listen_max = 4373   default",
		"inet_dist_use_interface = undefined   default",
		"logger_level = info   default",
		"bus.cluster = default   default",
		"bus.urls = []   default",
		"bus.publish_events = false   default",
		"erlang.distribution = false   default",
		"erlang.listen = 127.0.0.1   default",
		"erlang.epmd = 127.0.0.1:4369   default",
		"erlang.allow = [*]   default",
		"detector.interval = 250ms   default",
		"detector.timeout = 3s   default",
		"detector.gone_after = 250ms   default",
		"log.level = info   default",
		"log.format = auto   default",
		"journal.keep = 100000   default",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Effective (-want +got):\n%s", diff)
	}
}

func TestCheckMakesNothing(t *testing.T) {
	home := t.TempDir()
	in := input(t)
	in.Getenv = env(map[string]string{"HOME": home})
	if _, problems := Check(in); len(problems) > 0 {
		t.Errorf("problems:\n%s", problems.Render())
	}
	files, err := os.ReadDir(home)
	if err != nil || len(files) > 0 {
		t.Errorf("Check made %v (%v)", files, err)
	}
}

func TestLoadMakesNoCookieWhenSomethingIsWrong(t *testing.T) {
	home := t.TempDir()
	in := input(t, "-config", filepath.Join(home, "missing"))
	in.Getenv = env(map[string]string{"HOME": home})
	if _, problems := Load(in); problems.Err() == nil {
		t.Error("a missing file is no error")
	}
	if files, err := os.ReadDir(home); err != nil || len(files) > 0 {
		t.Errorf("Load made %v (%v)", files, err)
	}
}

// A pipe that nobody writes to holds nothing up.
func TestPipesAreNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.config")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	_, problems := Check(input(t, "-config", path))
	if !strings.Contains(problems.Error(), "the file is empty") {
		t.Errorf("problems are %v", problems)
	}
}
