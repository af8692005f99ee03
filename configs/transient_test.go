package configs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"interconnectd/configs/nodeid"
)

// A command that joins for a moment can connect to whom it is for, and is nobody else.
func TestTransientNames(t *testing.T) {
	cookie := filepath.Join(t.TempDir(), "cookie")
	if err := os.WriteFile(cookie, []byte("secret-of-some-length"), 0o600); err != nil {
		t.Fatal(err)
	}
	domainless := fakeHost{short: "altair", full: "altair", addrs: altair.addrs}
	release := map[string]string{"RELEASE_NODE": "r@10.0.0.8"}
	for _, tt := range []struct {
		name string
		host Host
		peer nodeid.Name
		args string
		want string // a pattern
	}{
		{"whoever is there", altair, "", "", `interconnectd-[0-9a-f]{8}@127\.0\.0\.1`},
		{"a loopback peer", altair, "b@127.0.0.2", "", `interconnectd-[0-9a-f]{8}@127\.0\.0\.2`},
		{"a short peer", altair, "b@vega", "", `interconnectd-[0-9a-f]{8}@altair`},
		{"a long peer", altair, "b@10.0.0.8", "", `interconnectd-[0-9a-f]{8}@altair\.example\.org`},
		{"a long peer, from a host without a domain", domainless, "b@10.0.0.8", "", `interconnectd-[0-9a-f]{8}@10\.0\.0\.7`},
		{"a name of one's own", altair, "b@10.0.0.8", "-name x@10.0.0.9", `x@10\.0\.0\.9`},
		{"a short one", altair, "b@vega", "-sname x", `x@altair`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t, strings.Fields("-setcookie_file "+cookie+" "+tt.args)...)
			in.Host, in.Getenv = tt.host, env(release)
			cfg, problems := LoadTransient(in, tt.peer)
			if problems.Err() != nil {
				t.Fatalf("problems:\n%s", problems.Render())
			}
			if !regexp.MustCompile("^" + tt.want + "$").MatchString(string(cfg.Name)) {
				t.Errorf("name %s, want %s", cfg.Name, tt.want)
			}
		})
	}
}

func TestTransientMakesNoCookie(t *testing.T) {
	home := t.TempDir()
	in := input(t)
	in.Getenv = env(map[string]string{"HOME": home})
	_, problems := LoadTransient(in, "")
	if problems.Err() == nil || !strings.Contains(problems.Render(), "no cookie\nhint: write '-setcookie_file FILE'") {
		t.Errorf("problems:\n%s", problems.Render())
	}
	if files, err := os.ReadDir(home); err != nil || len(files) > 0 {
		t.Errorf("in the home directory: %v, %v", files, err)
	}
}

// Who wrote a flag that only others know is told what there is in its place.
func TestNoSuchCookieFlag(t *testing.T) {
	for want, flags := range map[string][]Flag{
		"unknown flag -setcookie...: write '-setcookie_file FILE'": {{Name: "setcookie_file", Value: "FILE"}},
		"unknown flag -setcookie...":                               {{Name: "node", Value: "NAME"}},
	} {
		if _, err := (FlagSet{Flags: flags}).Parse([]string{"-setcookie", "secret"}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// -bus takes the place of bus.urls, for daemons too.
func TestBusFlag(t *testing.T) {
	settings := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(settings, []byte("bus:\n  urls: [nats://10.0.0.1:4222]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for bus, want := range map[string]string{
		"embedded": "[]",
		"nats://127.0.0.1:4222,tls://127.0.0.1:4223": "[nats://127.0.0.1:4222, tls://127.0.0.1:4223]",
	} {
		cfg, problems := Check(input(t, "-settings", settings, "-bus", bus))
		if problems.Err() != nil {
			t.Fatalf("-bus %s:\n%s", bus, problems.Render())
		}
		if got := urlsOf(cfg); got != want+"   -bus" {
			t.Errorf("-bus %s: bus.urls = %s, want %s", bus, got, want)
		}
	}
	_, problems := Check(input(t, "-bus", "nats://me:secret@127.0.0.1:4222"))
	if text := problems.Render(); problems.Err() == nil || strings.Contains(text, "secret@") || !strings.Contains(text, "may not hold a user or a password") {
		t.Errorf("a password: %s", text)
	}
}

// urlsOf is bus.urls as check shows it.
func urlsOf(cfg *Config) string {
	for _, s := range cfg.Effective(fingerprint) {
		if rest, ok := strings.CutPrefix(s.String(), "bus.urls = "); ok {
			return rest
		}
	}
	return ""
}
