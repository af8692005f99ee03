package configs

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"interconnectd/configs/epmd"
	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/erldist/beamtest"
)

// loadName runs Load with a cookie, so that only the name is in question.
func loadName(t *testing.T, host Host, vars map[string]string, sync, settings string, args ...string) (*Config, Problems) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"x.config":  "[{kernel, [{sync_nodes_timeout, 1}, {sync_nodes_optional, [" + sync + "]}]}].",
		"x.yaml":    settings,
		"the.cooky": "secret-of-some-length",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args = append([]string{"-config", filepath.Join(dir, "x"), "-settings", filepath.Join(dir, "x.yaml"), "-setcookie_file", filepath.Join(dir, "the.cooky")}, args...)
	in := input(t, args...)
	in.Host = host
	in.Getenv = env(vars)
	return Load(in)
}

// net_kernel:create_name/3, and the order of the places.
func TestName(t *testing.T) {
	domainless := fakeHost{short: "altair", full: "altair", addrs: altair.addrs}
	registered := altair
	registered.registered = []string{"x", "b"}
	yaml := "node: {name: y@10.0.0.9}"
	release := map[string]string{"RELEASE_NODE": "r@10.0.0.8"}
	tests := []struct {
		name           string
		host           Host
		vars           map[string]string
		sync, settings string
		args           string
		want           nodeid.Name
		origin         string
	}{
		{"full long", altair, nil, "", "", "-name a@127.0.0.1", "a@127.0.0.1", "-name"},
		{"bare long", altair, nil, "", "", "-name a", "a@altair.example.org", "-name"},
		{"full short", altair, nil, "", "", "-sname a@other", "a@other", "-sname"},
		{"bare short", altair, nil, "", "", "-sname a", "a@altair", "-sname"},
		{"the flag before the release", altair, release, "", yaml, "-name a@127.0.0.1", "a@127.0.0.1", "-name"},
		{"the release before the settings", altair, release, "", yaml, "", "r@10.0.0.8", "RELEASE_NODE"},
		{"a bare release", altair, map[string]string{"RELEASE_NODE": "r"}, "", "", "", "r@altair", "RELEASE_NODE"},
		{"a bare release with long names", altair, map[string]string{"RELEASE_NODE": "r", "RELEASE_DISTRIBUTION": "name"}, "", "", "", "r@altair.example.org", "RELEASE_NODE"},
		{"the settings before the lists", altair, nil, "'b@10.0.0.7'", yaml, "", "y@10.0.0.9", "x.yaml:1:14"},
		{"in the lists by address", altair, nil, "'b@10.0.0.7', 'b@10.0.0.8'", "", "", "b@10.0.0.7", "x.config:1:38"},
		{"in the lists by short name", altair, nil, "'b@altair', 'b@vega'", "", "", "b@altair", "x.config:1:38"},
		{"in the lists by full name", altair, nil, "'b@Altair.example.org'", "", "", "b@Altair.example.org", "x.config:1:38"},
		{"two in the lists", altair, nil, "'b@10.0.0.7', 'c@10.0.0.7'", "", "", "interconnectd@altair.example.org", "this host's name"},
		{"a loopback name is nobody's", altair, nil, "'b@127.0.0.1'", "", "", "interconnectd@altair.example.org", "this host's name"},
		{"EPMD has the one in the lists", registered, nil, "'b@10.0.0.7'", "", "", "interconnectd@altair.example.org", "this host's name"},
		{"a host without a domain", domainless, nil, "", "", "", "interconnectd@altair", "this host's name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, problems := loadName(t, tt.host, tt.vars, tt.sync, tt.settings, strings.Fields(tt.args)...)
			if problems.Err() != nil {
				t.Fatalf("problems:\n%s", problems.Render())
			}
			if origin := cfg.Origin("name").String(); cfg.Name != tt.want || !strings.HasSuffix(origin, tt.origin) {
				t.Errorf("name = %s of %s, want %s of %s", cfg.Name, origin, tt.want, tt.origin)
			}
		})
	}
}

func TestNameErrors(t *testing.T) {
	domainless := fakeHost{short: "altair", full: "altair"}
	nameless := fakeHost{short: "", full: ""}
	tests := []struct {
		name     string
		host     Host
		settings string
		args     string
		want     string
		hint     string
	}{
		{"a long name without a dot", altair, "", "-name a@altair", "-name: a@altair is a short name: the host of a long name has a dot", "write '-sname a@altair'"},
		{"a short name with a dot", altair, "", "-sname a@127.0.0.1", "-sname: a@127.0.0.1 is a long name: the host of a short name has no dot", "write '-name a@127.0.0.1'"},
		{"no domain for a long name", domainless, "", "-name a", `-name: "a" wants a long name, and this host's full name, altair, has no dot`, "write '-name a@127.0.0.1' or '-sname a'"},
		{"a bad name", altair, "", "-sname a.b", `-sname: "a.b" is no node name: '.' may not stand before the '@': letters, digits, '_' and '-' may`, ""},
		{"both flags", altair, "", "-name a@127.0.0.1 -sname a", "-sname: -name and -sname exclude each other", ""},
		{"a host without a name", nameless, "", "", "this host's name: it makes no node name: no host after the '@'", "write '-name a@127.0.0.1'"},
		{"bare in the settings", altair, "node: {name: a}", "", "x.yaml:1:14: node.name: a node name needs a host, as in a@127.0.0.1", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := loadName(t, tt.host, nil, "", tt.settings, strings.Fields(tt.args)...)
			errs := problems.Errors()
			if len(errs) != 1 || !strings.HasSuffix(errs[0].Error(), tt.want) || errs[0].Hint != tt.hint {
				t.Errorf("%+v, want one error %q with the hint %q", errs, tt.want, tt.hint)
			}
		})
	}
}

// Long and short names never connect; who chose no name starts all the same.
func TestKindsOfNames(t *testing.T) {
	domainless := fakeHost{short: "altair", full: "altair"}
	tests := []struct {
		name string
		host Host
		sync string
		args string
		want string
	}{
		{"short among long", altair, "'b@127.0.0.1'", "-sname a", "'b@127.0.0.1': a long name where the host has none: long and short names never connect, and this node is a@altair"},
		{"long among short", altair, "'b@altair'", "-name a", "'b@altair': a short name: long and short names never connect, and this node is a@altair.example.org"},
		{"nobody chose", domainless, "'b@127.0.0.1', 'c@127.0.0.1'", "", "warning: 'b@127.0.0.1': a long name where the host has none: long and short names never connect, and this node is interconnectd@altair, and 1 more of the lists have names of the other kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := loadName(t, tt.host, nil, tt.sync, "", strings.Fields(tt.args)...)
			if len(problems) != 1 || !strings.HasSuffix(problems.Error(), ": "+tt.want) {
				t.Errorf("%v, want one problem %q", problems, tt.want)
			}
			if warned := strings.HasPrefix(tt.want, "warning"); warned == (problems.Err() != nil) {
				t.Errorf("Err() = %v", problems.Err())
			}
		})
	}
}

// A host is asked for its full name once, and not at all for nothing.
func TestHostIsAskedOnce(t *testing.T) {
	asked := 0
	host := countingHost{altair, &asked}
	loadName(t, host, nil, "'a@x.example.org', 'b@y.example.org'", "")
	if asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
	asked = 0
	loadName(t, host, nil, "'a@x.example.org'", "", "-name", "a@127.0.0.1")
	if asked != 0 {
		t.Errorf("asked %d times for a name that was given", asked)
	}
}

type countingHost struct {
	fakeHost
	asked *int
}

func (h countingHost) FullName() (string, error) { *h.asked++; return h.full, nil }

// TestErlangHas asks a real port mapper, and none.
func TestErlangHas(t *testing.T) {
	w := beamtest.NewWorld(t)
	register := func(name, extra string) {
		r, err := epmd.Register(t.Context(), w.EPMD(), epmd.Node{Name: name, Port: 4370, Type: epmd.Hidden, Highest: 6, Lowest: 6, Extra: extra})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
	}
	register("erlang", "")
	register("ours", epmd.Interconnectd)
	for name, want := range map[string]bool{"erlang": true, "ours": false, "nobody": false} {
		if got := ThisHost().ErlangHas(w.EPMD(), name); got != want {
			t.Errorf("ErlangHas(%s) = %v, want %v", name, got, want)
		}
	}
	w.StopEPMD()
	if ThisHost().ErlangHas(w.EPMD(), "erlang") {
		t.Error("ErlangHas without a port mapper")
	}
}

func TestThisHost(t *testing.T) {
	host := ThisHost()
	short, err := host.ShortName()
	if err != nil || short == "" || strings.Contains(short, ".") {
		t.Errorf("ShortName() = %q, %v", short, err)
	}
	if full, err := host.FullName(); err != nil || full == "" || strings.HasSuffix(full, ".") {
		t.Errorf("FullName() = %q, %v", full, err)
	}
	addrs, err := host.Addrs()
	if err != nil || slices.ContainsFunc(addrs, netip.Addr.IsLoopback) {
		t.Errorf("Addrs() = %v, %v", addrs, err)
	}
}
