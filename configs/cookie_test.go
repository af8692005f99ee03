package configs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"interconnectd/erlterm"
)

// auth:check_cookie/2.
func TestCookieFileContents(t *testing.T) {
	tests := []struct {
		name, content, want, err string
	}{
		{"as it is", "secret_token", "secret_token", ""},
		{"a final line end", "secret_token\n", "secret_token", ""},
		{"line ends and blanks after it", "secret_token\r\n \n", "secret_token", ""},
		{"blanks before the line end are its own", "secret token \n", "secret token ", ""},
		{"the whole alphabet", " !az~", " !az~", ""},
		{"the longest", strings.Repeat("x", 255), strings.Repeat("x", 255), ""},
		{"empty", "", "", "the cookie is empty"},
		{"a line end alone", "\n", "", "the cookie is empty"},
		{"two lines", "secret\ntoken\n", "", "bad character in the cookie"},
		{"a tab", "secret\ttoken", "", "bad character in the cookie"},
		{"beyond ASCII", "señor", "", "bad character in the cookie"},
		{"too long", strings.Repeat("x", 256), "", "more than 255 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), ".erlang.cookie")
			if err := os.WriteFile(path, []byte(tt.content), 0o400); err != nil {
				t.Fatal(err)
			}
			got, err := readCookieFile(path, true)
			switch {
			case tt.err == "" && (err != nil || got.Reveal() != tt.want):
				t.Errorf("%q gives %q, %v; want %q", tt.content, got.Reveal(), err, tt.want)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("%q gives the error %v, want %q", tt.content, err, tt.err)
			}
		})
	}
}

// auth:check_attributes/4.
func TestCookieFileAttributes(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("secret"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(write("target", 0o400), link); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path string
		private    bool
		want       string
	}{
		{"the owner's", write("own", 0o600), true, ""},
		{"a link to the owner's", link, true, ""},
		{"the group may read", write("group", 0o440), true, "the cookie file must be accessible by owner only"},
		{"others may run", write("others", 0o401), true, "the cookie file must be accessible by owner only"},
		{"a credential the group may read", write("credential", 0o440), false, ""},
		{"a directory", dir, true, "the cookie file is not a regular file"},
		{"a pipe", fifo, true, "the cookie file is not a regular file"},
		{"nothing", filepath.Join(dir, "nothing"), true, "reading the cookie file: no such file or directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readCookieFile(tt.path, tt.private)
			if got := fmt.Sprint(err); tt.want == "" && err != nil || tt.want != "" && got != tt.want {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}

// auth:init_cookie/0 and read_cookie/0, with the places of a release and of
// systemd between.
func TestCookieOrder(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("of-"+filepath.Base(name)), 0o400); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file, settings, credential := write("given"), write("settings"), write("credentials/cookie")
	home, config := write("home/.erlang.cookie"), write("xdg/erlang/.erlang.cookie")
	yaml := filepath.Join(dir, "s.yaml")
	if err := os.WriteFile(yaml, []byte("cookie: {file: "+settings+"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Each place is tried with all later ones there too.
	flags := []string{"-sname", "a", "-setcookie", "of-flag", "-setcookie_file", file, "-settings", yaml}
	vars := map[string]string{
		"CREDENTIALS_DIRECTORY": filepath.Join(dir, "credentials"), "RELEASE_COOKIE": "of-release",
		"HOME": filepath.Join(dir, "home"), "XDG_CONFIG_HOME": filepath.Join(dir, "xdg"),
	}
	steps := []struct {
		name         string
		drop         func()
		want, origin string
	}{
		{"-setcookie", func() {}, "of-flag", "-setcookie"},
		{"-setcookie_file", func() { flags = append(flags[:2], flags[4:]...) }, "of-given", file},
		{"the credential", func() { flags = append(flags[:2], flags[4:]...) }, "of-cookie", credential},
		{"RELEASE_COOKIE", func() { vars["CREDENTIALS_DIRECTORY"] = dir }, "of-release", "RELEASE_COOKIE"},
		{"cookie.file", func() { delete(vars, "RELEASE_COOKIE") }, "of-settings", settings},
		{"the home directory", func() { flags = flags[:2] }, "of-.erlang.cookie", home},
		{"the XDG directory", func() { vars["HOME"] = "/nonexistent" }, "of-.erlang.cookie", config},
	}
	for _, step := range steps {
		step.drop()
		in := input(t, flags...)
		in.Getenv = env(vars)
		cfg, problems := Load(in)
		if problems.Err() != nil {
			t.Fatalf("%s: %s", step.name, problems.Render())
		}
		if got, origin := cfg.Cookie.Reveal(), cfg.Origin("cookie").String(); got != step.want || origin != step.origin {
			t.Errorf("%s: cookie %s of %s, want %s of %s", step.name, got, origin, step.want, step.origin)
		}
	}
}

func TestSetcookieWarns(t *testing.T) {
	_, problems := Load(input(t, "-sname", "a", "-setcookie", "secret_token"))
	if got := problems.Render(); problems.Err() != nil || !strings.HasPrefix(got, "-setcookie: warning: everyone on this host can see the cookie") || strings.Contains(got, "secret_token") {
		t.Errorf("problems:\n%s", got)
	}
}

func TestNoCookieAndNoHome(t *testing.T) {
	for name, home := range map[string]string{"no home": "", "a home that is not there": "/nonexistent"} {
		in := input(t, "-sname", "a")
		in.Getenv = env(map[string]string{"HOME": home})
		_, problems := Load(in)
		got := problems.Render()
		for _, want := range []string{"no cookie", "-setcookie_file FILE", "systemd credential 'cookie'", "RELEASE_COOKIE", "cookie.file"} {
			if problems.Err() == nil || !strings.Contains(got, want) {
				t.Errorf("%s: problems without %q:\n%s", name, want, got)
			}
		}
	}
}

// Daemons that start at once in a home directory without a cookie end with the
// same one.
func TestCookieIsMadeOnce(t *testing.T) {
	home := t.TempDir()
	const starts = 16
	cookies := make([]Cookie, starts)
	var wg sync.WaitGroup
	for i := range starts {
		in := input(t, "-sname", "a")
		in.Getenv = env(map[string]string{"HOME": home})
		wg.Go(func() {
			cfg, problems := Load(in)
			if problems.Err() != nil {
				t.Errorf("problems:\n%s", problems.Render())
			}
			cookies[i] = cfg.Cookie
		})
	}
	wg.Wait()
	if !regexp.MustCompile(`^[A-Z]{20}$`).MatchString(cookies[0].Reveal()) {
		t.Errorf("the cookie made is %q, want 20 upper case letters", cookies[0].Reveal())
	}
	for i, c := range cookies {
		if !c.Equal(cookies[0]) {
			t.Errorf("start %d has another cookie", i)
		}
	}
	files, err := os.ReadDir(home)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v in the home directory (%v), want one file", files, err)
	}
	if info, err := files[0].Info(); err != nil || info.Name() != ".erlang.cookie" || info.Mode() != 0o400 {
		t.Errorf("the file is %v (%v), want .erlang.cookie with mode 0400", info, err)
	}
}

func TestCookieErrorsDoNotTellIt(t *testing.T) {
	for _, text := range []string{"hunter2\t", "hunter2\nhunter2", strings.Repeat("hunter2", 40)} {
		if _, err := NewCookie(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("NewCookie(%q) = %v", text, err)
		}
	}
}

func TestCookieIsNeverShown(t *testing.T) {
	cookie, err := NewCookie("secret_token")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Cookie = cookie
	hidden := struct{ cfg Config }{*cfg}
	var shown strings.Builder
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{cookie, &cookie, cfg, *cfg, hidden} {
			fmt.Fprintf(&shown, format+"\n", v)
		}
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(text)
	for _, secret := range []string{"secret", fmt.Sprintf("%x", "secret")} {
		if strings.Contains(shown.String(), secret) {
			t.Errorf("the cookie shows in\n%s", shown.String())
		}
	}
	if got := cookie.String(); got != "[cookie]" {
		t.Errorf("String() = %q", got)
	}
	if got := fmt.Sprintf("<%v>", Cookie{}); got != "<>" {
		t.Errorf("no cookie shows as %s", got)
	}
}

func TestCookieEqual(t *testing.T) {
	a, errA := NewCookie("a")
	again, errAgain := NewCookie("a")
	b, errB := NewCookie("b")
	if errA != nil || errAgain != nil || errB != nil {
		t.Fatal(errA, errAgain, errB)
	}
	if !a.Equal(again) || a.Equal(b) || a.Equal(Cookie{}) || !(Cookie{}).Equal(Cookie{}) {
		t.Error("Equal does not compare the characters")
	}
}

func TestGenerateCookie(t *testing.T) {
	one, err := GenerateCookie()
	if err != nil {
		t.Fatal(err)
	}
	other, err := GenerateCookie()
	if err != nil {
		t.Fatal(err)
	}
	if text := one.Reveal(); len(text) != len(generatedPrefix)+43 || !strings.HasPrefix(text, generatedPrefix) {
		t.Errorf("the cookie has %d characters, want the prefix and 43", len(text))
	}
	if one.Equal(other) {
		t.Error("two cookies are the same")
	}
	if _, err := erlterm.Parse([]byte("['" + one.Reveal() + "'].")); err != nil {
		t.Errorf("as an atom: %v", err)
	}
}
