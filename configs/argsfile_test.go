package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Files in the forms that releases and servers document are all read without
// an error; want.txt says what is taken from each.
func TestVMArgs(t *testing.T) {
	files, err := filepath.Glob("testdata/vmargs/*.args")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, want forty: %v", len(files), err)
	}
	golden, err := filepath.Abs("testdata/vmargs/want.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("testdata/vmargs")
	var all strings.Builder
	for _, path := range files {
		name := filepath.Base(path)
		fmt.Fprintf(&all, "== %s\n", name)
		r := newReader(input(t, "-args_file", name))
		r.in.Getenv = env(map[string]string{"HOME": "/nonexistent"})
		r.readArgs()
		r.readParams()
		r.readKernel()
		r.readHidden()
		r.readConnectAll()
		if given, _, _ := r.givenName(); given != "" {
			r.identify()
		}
		r.readNodeCookies(Error)
		r.findCookie(false)
		cfg, problems := r.done()
		if problems.Err() != nil {
			t.Errorf("%s: errors\n%s", name, problems.Errors().Render())
		}
		all.WriteString(transcript(cfg, problems))
		for _, name := range r.configs {
			fmt.Fprintf(&all, "config %s\n", name)
		}
		for _, p := range cfg.Params {
			fmt.Fprintf(&all, "%s %s = %s\n", p.App, p.Name, show(p.Value))
		}
		for _, f := range cfg.Unused {
			fmt.Fprintf(&all, "unused %s   %s\n", f.Flag, f.Origin)
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Errorf("what is taken (-want +got):\n%s", diff)
	}
}

// An args file goes behind the command line, the credentials and a cookie file,
// and before the environment of a release.
func TestArgsFilePrecedence(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
		return path
	}
	vmArgs := write("vm.args", "-name file@10.0.0.1\n-setcookie of_the_file\n")
	nothing := write("nothing.args", "-name 'two' words -setcookie a -setcookie b")
	basedir := write("basedir.args", "-env XDG_CONFIG_HOME "+dir+"/xdg")
	cookie := write("cookie", "of_a_file_of_its_own")
	if err := os.MkdirAll(filepath.Join(dir, "xdg", "erlang"), 0o700); err != nil {
		t.Fatal(err)
	}
	xdg := write("xdg/erlang/.erlang.cookie", "of_the_base_directory")
	tests := []struct {
		name, line   string
		env          map[string]string
		node, cookie string // their origins
	}{
		{"the file alone", "-args_file " + vmArgs, nil, vmArgs + ":1:7", vmArgs + ":2:12"},
		{
			"before the release", "-args_file " + vmArgs,
			map[string]string{"RELEASE_NODE": "x@y", "RELEASE_COOKIE": "x"},
			vmArgs + ":1:7", vmArgs + ":2:12",
		},
		{"behind the command line", "-sname b -setcookie c -args_file " + vmArgs, nil, "-sname", "-setcookie"},
		{"behind a cookie file", "-args_file " + vmArgs + " -setcookie_file " + cookie, nil, vmArgs + ":1:7", cookie},
		{"behind the credentials", "-args_file " + vmArgs, map[string]string{"CREDENTIALS_DIRECTORY": dir}, vmArgs + ":1:7", cookie},
		{
			"a file that has none", "-args_file " + nothing,
			map[string]string{"RELEASE_NODE": "x@y", "RELEASE_COOKIE": "x"},
			"RELEASE_NODE", "RELEASE_COOKIE",
		},
		{"the first of two files", "-args_file " + vmArgs + " -args_file " + nothing, nil, vmArgs + ":1:7", "default"},
		{"-env and auth's second place", "-sname a -args_file " + basedir, nil, "-sname", xdg},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t, strings.Fields(tt.line)...)
			in.Getenv = env(tt.env)
			cfg, problems := Check(in)
			if problems.Err() != nil {
				t.Errorf("problems:\n%s", problems.Render())
			}
			if node, cookie := cfg.Origin("name").String(), cfg.Origin("cookie").String(); node != tt.node || cookie != tt.cookie {
				t.Errorf("name of %s, cookie of %s; want %s, %s\n%s", node, cookie, tt.node, tt.cookie, problems.Render())
			}
		})
	}
}

// No problem shows a cookie, whatever is wrong around it.
func TestArgsFileSecrets(t *testing.T) {
	const secret = "Hush7Hush"
	path := filepath.Join(t.TempDir(), "vm.args")
	for _, text := range []string{
		"-setcookie " + secret + "\u00e9",
		"-setcookie " + secret + "${X}",
		"-setcookie " + secret + " cookie_for_nobody",
		"-setcookie b@h " + secret + "\u00e9 -kernel net_ticktime {",
		"-setcookie b@h " + secret + " -setcookie b@h " + secret + "2",
		"-setcookie " + secret + " a b c",
		"-setcookie " + secret + " -setcookie " + secret,
		"-kernel net_ticktime {5, \"x\" -setcookie " + secret,
		"-kernel net_ticktime '{5 -setcookie " + secret,
		"-kernel '{5 -setcookie " + secret,
		"-kernel 'net_ticktime -setcookie " + secret + "' 5",
		"-setcookie '" + secret,
		"-setcokie " + secret,
		"-setcokie hush " + secret,
		"-sname a -setcookie " + secret + "\x00",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, problems := Check(input(t, "-args_file", path))
		shown := problems.Render() + fmt.Sprint(cfg.Effective(fingerprint), cfg.Unused, cfg.Params)
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown: %s", text, shown)
		}
	}
}

// For one node the command line goes before the args file, and that before the
// settings.
func TestNodeCookiePrecedence(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"s.yaml": "cookie:\n  per_node:\n  - {node: b@10.0.0.1, file: c}\n  - {node: c@10.0.0.1, file: c}\n  - {node: d@10.0.0.1, file: c}\n",
		"c":      "a_cookie_of_the_settings",
		"f.args": "-setcookie b@10.0.0.1 one_cookie_of_the_file -setcookie c@10.0.0.1 one_cookie_of_the_file",
	} {
		if err := os.WriteFile(name, []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	cfg, problems := Check(input(t, "-settings", "s.yaml", "-args_file", "f.args", "-setcookie", "b@10.0.0.1", "one_cookie_of_the_line"))
	if problems.Err() != nil {
		t.Fatalf("problems:\n%s", problems.Render())
	}
	var got []string
	for _, c := range cfg.NodeCookies {
		got = append(got, fmt.Sprintf("%s %s %s", c.Node, c.Cookie.Reveal(), cfg.Origin("cookie "+string(c.Node))))
	}
	want := []string{
		"b@10.0.0.1 one_cookie_of_the_line -setcookie",
		"c@10.0.0.1 one_cookie_of_the_file f.args:1:57",
		"d@10.0.0.1 a_cookie_of_the_settings c",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
}
