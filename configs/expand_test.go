package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// checkTemplate checks a template of this name and text, in an environment.
func checkTemplate(t *testing.T, name, text string, vars map[string]string) (*Config, Problems) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cookie"), []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 0o400); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	in := input(t, "-config", name, "-expand_env", "-setcookie_file", "cookie")
	in.Getenv = env(vars)
	return Check(in)
}

// A value is from where its variable stands, whatever the line ends and the
// encoding, and whatever stands before it.
func TestOriginsInTemplates(t *testing.T) {
	vars := map[string]string{"T": "1,\n0", "L": "\xe9\xe9\xe9", "LONG": "'a name that is longer than its variable'", "U": "é"}
	const kernel = "[{kernel, [{sync_nodes_timeout, 1000}, {a, ${LONG}}, {net_setuptime, 5}, {net_ticktime, ${S:-8}}"
	tests := []struct{ name, text, want string }{
		{"on one line", kernel + "]}].", "x.config.src:1:75"},
		{"CRLF", strings.ReplaceAll(kernel, " {", "\r\n  {") + "]}].", "x.config.src:4:4"},
		{"behind a value of two lines", "[{a, [{b, [${T}]}]}, {kernel, [{net_ticktime, 8}]}].", "x.config.src:1:33"},
		{"UTF-8", "[{a, [{b, \"${U}é\"}]}, {kernel, [{net_ticktime, 8}]}].", "x.config.src:1:34"},
		{"Latin-1", "%% coding: latin-1\n[{a, [{b, \"${L}\xe9\"}]}, {kernel, [{net_ticktime, 8}]}].", "x.config.src:2:34"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, problems := checkTemplate(t, "x.config.src", tt.text, vars)
			if problems.Err() != nil {
				t.Fatalf("problems:\n%s", problems.Render())
			}
			if got := cfg.Origin("net_ticktime").String(); got != tt.want {
				t.Errorf("net_ticktime is from %s, want %s", got, tt.want)
			}
		})
	}
}

// Only in a file called sys.config may an application stand twice
// (application_controller:check_conf_sys/1); a template is called what it becomes.
func TestDuplicatesInTemplates(t *testing.T) {
	const text = "[{kernel, [{net_ticktime, 8}]}, {kernel, [{net_ticktime, ${T:-9}}]}]."
	for name, want := range map[string]Severity{"sys.config.src": Warning, "other.config.src": Error, "other.src": Error} {
		t.Run(name, func(t *testing.T) {
			_, problems := checkTemplate(t, name, text, nil)
			if len(problems) != 1 || problems[0].Severity != want || !strings.Contains(problems[0].Msg, "stands here") {
				t.Errorf("got\n%swant one problem, an application twice: %s", problems.Render(), want)
			}
		})
	}
}

func TestTemplatesNeedTheFlag(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("sys.config.src", []byte("[{kernel, [{net_ticktime, ${T:-8}}]}].\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, problems := Load(input(t, "-config", "sys.config.src", "-setcookie", "x", "-name", "a@127.0.0.1"))
	var got []string
	for _, p := range problems.Errors() {
		got = append(got, p.Error()+" ("+p.Hint+")")
	}
	want := []string{"sys.config.src:1:27: ${T:-8} is unexpanded: the file is a template (add -expand_env to replace ${VAR} by what the environment has)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

// A syntax error does not tell what a variable has, however it breaks the file.
func TestSyntaxErrorsHideValues(t *testing.T) {
	places := []string{
		"[{a, [{b, ${S}}]}].", "[{a, [{b, '${S}'}]}].", "[{a, [{b, \"${S}\"}]}].", "[{a, [${S}]}", "${S}", "[{${S}, [{b, 1}}].",
		"[{a, [{b, <<${S}>>}]}].", "[{a, [{b, x${S}-y}]}].",
	}
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[QZqzé]{4,9}`), 1, 4).Draw(rt, "words")
		value := ""
		for _, w := range words {
			value += w + rapid.SampledFrom([]string{"", "-", ".", " ", ",", "'", "\"", "/", "://", "@", "$", "#", "{", "]", "\n", "%", "<", "~", "(", "\\x"}).Draw(rt, "between")
		}
		r := newReader(Input{Args: &Args{values: map[string][]string{"expand_env": {""}}}, Host: altair, Getenv: func(string) string { return value }})
		src := &source{name: "sys.config.src", text: []byte(rapid.SampledFrom(places).Draw(rt, "template"))}
		if !r.expand(src, 0) {
			rt.Skip()
		}
		if _, ok := r.parseOne(src, ""); ok {
			return // what is said of terms may show them
		}
		for _, w := range words {
			if got := r.problems.Render(); strings.Contains(got, w) {
				rt.Fatalf("%q is told:\n%s", w, got)
			}
		}
	})
}
