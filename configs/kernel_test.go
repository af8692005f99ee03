package configs

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
)

// checkFile runs Check on one file with the given content.
func checkFile(t *testing.T, name, content string, args ...string) (*Config, Problems) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	in := input(t, append([]string{"-config", path}, args...)...)
	in.Getenv = env(map[string]string{"HOME": "/nonexistent"})
	return Check(in)
}

// The module that each verdict is from stands first in the name.
func TestKernelValues(t *testing.T) {
	tests := []struct {
		name, params string
		change       func(*Config) // of the defaults
		warning      string        // part of the only one; "": none
	}{
		{"kernel_config: no timeout", "", nil, ""},
		{"kernel_config: milliseconds", "{sync_nodes_timeout, 5000}", func(c *Config) { c.SyncTimeout = 5 * time.Second }, ""},
		{"kernel_config: the most that receive waits", "{sync_nodes_timeout, 16#ffffffff}", func(c *Config) { c.SyncTimeout = 4294967295 * time.Millisecond }, ""},
		{"kernel_config: infinity", "{sync_nodes_timeout, infinity}", func(c *Config) { c.SyncTimeout = Infinity }, ""},
		{"kernel_config: both lists", "{sync_nodes_timeout, 1}, {sync_nodes_optional, ['a@h', 'c@h', 'c@h']}, {sync_nodes_mandatory, ['b@h', 'a@h']}", func(c *Config) {
			c.SyncTimeout = time.Millisecond
			c.SyncMandatory = []nodeid.Name{"b@h", "a@h"}
			c.SyncOptional = []nodeid.Name{"c@h"}
		}, "sync_nodes_optional: a@h is in sync_nodes_mandatory too: it is a mandatory node"},
		{"kernel_config: empty lists", `{sync_nodes_timeout, 1}, {sync_nodes_optional, []}, {sync_nodes_mandatory, ""}`, func(c *Config) { c.SyncTimeout = time.Millisecond }, ""},
		{"kernel_config: lists alone", "{sync_nodes_optional, ['a@h']}", func(c *Config) { c.SyncOptional = []nodeid.Name{"a@h"} }, "the lists do nothing without sync_nodes_timeout"},
		{"net_kernel: dist_auto_connect never", "{dist_auto_connect, never}", func(c *Config) { c.AutoConnect = "never" }, ""},
		{"net_kernel: dist_auto_connect once", "{dist_auto_connect, once}", func(c *Config) { c.AutoConnect = "once" }, ""},
		{"global: connect_all", "{connect_all, false}", func(c *Config) { c.ConnectAll = false }, ""},
		{"net_kernel: ticktime", "{net_ticktime, 10}", func(c *Config) { c.TickTime = 10 * time.Second }, ""},
		{"net_kernel: ticktime below 1", "{net_ticktime, 0}", func(c *Config) { c.TickTime = time.Second }, "1 is used"},
		{"net_kernel: setuptime", "{net_setuptime, 2}", func(c *Config) { c.SetupTime = 2 * time.Second }, ""},
		{"net_kernel: setuptime rounds to ms", "{net_setuptime, 0.2504}", func(c *Config) { c.SetupTime = 250 * time.Millisecond }, ""},
		{"net_kernel: setuptime below a ms", "{net_setuptime, 0.0001}", nil, "7 is used"},
		{"net_kernel: setuptime at most 120", "{net_setuptime, 121}", func(c *Config) { c.SetupTime = 120 * time.Second }, "120 is used"},
		{"net_kernel: setuptime is negative", "{net_setuptime, -1}", nil, "7 is used"},
		{"inet_tcp_dist: a range", "{inet_dist_listen_min, 5000}, {inet_dist_listen_max, 5009}", func(c *Config) { c.Ports = Ports{5000, 5009} }, ""},
		{"inet_tcp_dist: one port", "{inet_dist_listen_min, 5000}", func(c *Config) { c.Ports = Ports{5000, 5000} }, ""},
		{"inet_tcp_dist: any port", "{inet_dist_listen_min, 0}, {inet_dist_listen_max, 0}", nil, ""},
		{"inet_tcp_dist: a maximum alone", "{inet_dist_listen_max, 5000}", nil, "does nothing without inet_dist_listen_min"},
		{"inet_tcp_dist: an address", "{inet_dist_use_interface, {10,0,0,7}}", func(c *Config) { c.Interface = netip.MustParseAddr("10.0.0.7") }, ""},
		{"inet_tcp_dist: an address of IPv6", "{inet_dist_use_interface, {16#fd00,0,0,0,0,0,0,16#17}}", func(c *Config) { c.Interface = netip.MustParseAddr("fd00::17") }, ""},
		{"logger_server: notice is info", "{logger_level, notice}", nil, ""},
		{"logger_server: warning", "{logger_level, warning}", func(c *Config) { c.LogLevel = hclog.Warn }, ""},
		{"logger_server: all", "{logger_level, all}", func(c *Config) { c.LogLevel = hclog.Trace }, ""},
		{"logger_server: none", "{logger_level, none}", func(c *Config) { c.LogLevel = hclog.Off }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := checkFile(t, "x.config", "[{kernel, ["+tt.params+"]}].")
			want := Default()
			if tt.change != nil {
				tt.change(want)
			}
			if want.TickTime > 0 {
				want.Detector.Timeout = want.TickTime
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{}), cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.params, diff)
			}
			switch {
			case tt.warning == "" && len(problems) > 0:
				t.Errorf("%s: %v, want no problem", tt.params, problems)
			case tt.warning != "" && (len(problems) != 1 || problems.Err() != nil || !strings.Contains(problems.Error(), tt.warning)):
				t.Errorf("%s: %v, want one warning with %q", tt.params, problems, tt.warning)
			}
		})
	}
}

func TestKernelErrors(t *testing.T) {
	tests := []struct{ name, param, want, hint string }{
		{"kernel_config: a string", `{sync_nodes_timeout, "5"}`, `sync_nodes_timeout: want an integer above 0 (milliseconds) or infinity, got "5"`, ""},
		{"kernel_config: 0", "{sync_nodes_timeout, 0}", "sync_nodes_timeout: want an integer above 0 (milliseconds) or infinity, got 0", ""},
		{"kernel_config: negative", "{sync_nodes_timeout, -5}", "sync_nodes_timeout: want an integer above 0 (milliseconds) or infinity, got -5", ""},
		{"kernel_config: a float", "{sync_nodes_timeout, 5.0}", "sync_nodes_timeout: want an integer above 0 (milliseconds) or infinity, got 5.0", ""},
		{"kernel_config: another atom", "{sync_nodes_timeout, forever}", "sync_nodes_timeout: want an integer above 0 (milliseconds) or infinity, got forever", ""},
		{"kernel_config: more than receive waits", "{sync_nodes_timeout, 4294967296}", "sync_nodes_timeout: want at most 4294967295 milliseconds, got 4294967296", "write infinity"},
		{"kernel_config: an atom for a list", "{sync_nodes_optional, 'a@h'}", "sync_nodes_optional: want a list of node names, got a@h", "write [a@h]"},
		{"kernel_config: a string for a list", `{sync_nodes_optional, "b@127.0.0.1"}`, `sync_nodes_optional: want a list of node names, got "b@127.0.0.1"`, "write ['b@127.0.0.1']"},
		{"a string in the list", `{sync_nodes_optional, ["b@127.0.0.1"]}`, `sync_nodes_optional: want a node name, an atom, got "b@127.0.0.1"`, "write 'b@127.0.0.1'"},
		{"a binary in the list", `{sync_nodes_optional, [<<"b@127.0.0.1">>]}`, `sync_nodes_optional: want a node name, an atom, got <<"b@127.0.0.1">>`, "write 'b@127.0.0.1'"},
		{"a name without host", "{sync_nodes_mandatory, [b]}", "sync_nodes_mandatory: b is no node name: a node name needs a host, as in b@127.0.0.1", ""},
		{"net_kernel: dist_auto_connect", "{dist_auto_connect, always}", "dist_auto_connect: want never or once, got always", ""},
		{"net_kernel: dist_auto_connect misspelt", "{dist_auto_connect, onec}", "dist_auto_connect: want never or once, got onec", "did you mean 'once'"},
		{"global: connect_all", "{connect_all, 1}", "connect_all: want true or false, got 1", ""},
		{"net_kernel: ticktime is no integer", "{net_ticktime, 2.5}", "net_ticktime: want seconds as an integer above 0, got 2.5", ""},
		{"net_kernel: a ticktime beyond time", "{net_ticktime, 99999999999999999999}", "net_ticktime: want seconds as an integer above 0, got 99999999999999999999", ""},
		{"net_kernel: setuptime is no number", "{net_setuptime, foo}", "net_setuptime: want seconds above 0, got foo", ""},
		{"inet_tcp_dist: a minimum of no integer", "{inet_dist_listen_min, any}", "inet_dist_listen_min: want a port (1 to 65535), got any", ""},
		{"inet_tcp_dist: a maximum of no integer", "{inet_dist_listen_min, 5000}, {inet_dist_listen_max, any}", "inet_dist_listen_max: want a port (1 to 65535), got any", ""},
		{"inet_tcp_dist: no port", "{inet_dist_listen_min, 70000}", "inet_dist_listen_min: want a port (1 to 65535), got 70000", ""},
		{"inet_tcp_dist: an empty range", "{inet_dist_listen_min, 5000}, {inet_dist_listen_max, 4000}", "inet_dist_listen_min: 5000 is above inet_dist_listen_max, 4000", ""},
		{"logger_server: a level of hclog", "{logger_level, inf}", "logger_level: want emergency, alert, critical, error, warning, notice, info, debug, all or none, got inf", "did you mean 'info'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := checkFile(t, "x.config", "[{kernel, ["+tt.param+"]}].")
			errs := problems.Errors()
			if len(errs) != 1 || errs[0].Msg != tt.want || errs[0].Hint != tt.hint {
				t.Errorf("%s: %+v, want one error %q with the hint %q", tt.param, errs, tt.want, tt.hint)
			}
		})
	}
}

// documentedValues has a value as documented for each parameter that means
// nothing here, and one that is of another type.
var documentedValues = []struct{ name, good, bad string }{
	{"boot_server_slaves", "[{127,0,0,1}]", "{127,0,0,1}"},
	{"distributed", "[{app, ['a@h', {'b@h', 'c@h'}]}, {app2, 5000, ['a@h']}, {app3, infinity, []}]", "[{app, 'a@h'}]"},
	{"epmd_module", "my_epmd", `"my_epmd"`},
	{"erl_epmd_node_listen_port", "4370", "any"},
	{"error_logger", "tty", ""},
	{"error_logger_format_depth", "20", "deep"},
	{"global_groups", "[{g, ['a@h']}, {h, hidden, ['b@h']}]", "g"},
	{"inet_backend", "socket", "sockets"},
	{"inet_default_connect_options", "[{delay_send, true}]", "{delay_send, true}"},
	{"inet_default_listen_options", "[]", "none"},
	{"inet_dist_connect_options", "[{nodelay, true}]", "nodelay"},
	{"inet_dist_listen_options", "[{nodelay, true}]", "nodelay"},
	{"inet_parse_error_log", "silent", "0"},
	{"inetrc", `"./erl_inetrc"`, "1"},
	{"logger", "[{handler, default, undefined}]", "default"},
	{"logger_metadata", "#{domain => [my]}", "[{domain, my}]"},
	{"logger_sasl_compatible", "true", "yes"},
	{"net_ticker_spawn_options", "[link, {priority, max}]", "link"},
	{"net_tickintensity", "10", "4.0"},
	{"os_cmd_shell", `"/bin/sh"`, "sh"},
	{"permissions", "[{app, false}]", "{app, false}"},
	{"prevent_overlapping_partitions", "false", "0"},
	{"shell_docs_ansi", "auto", "yes"},
	{"shell_history", "enabled", "1"},
	{"shell_history_drop", `["q()."]`, "all"},
	{"shell_history_file_bytes", "524288", "-1"},
	{"shell_history_path", `"/var/cache/history"`, "7"},
	{"shutdown_func", "{my_app, stop}", "stop"},
	{"shutdown_timeout", "infinity", "never"},
	{"source_search_rules", `[{"ebin", "src"}]`, "src"},
	{"standard_io_encoding", "unicode", `"utf8"`},
	{"start_boot_server", "false", "no"},
	{"start_disk_log", "true", "1"},
	{"start_dist_ac", "true", "1"},
	{"start_distribution", "true", "1"},
	{"start_pg", "true", "1"},
	{"start_timer", "true", "1"},
}

// Every parameter that OTP documents and that means nothing here takes a value
// as documented, and no other.
func TestDocumentedKernelParameters(t *testing.T) {
	if len(documentedValues) != len(accepted) {
		t.Errorf("%d parameters are tested of %d", len(documentedValues), len(accepted))
	}
	for _, tt := range documentedValues {
		cfg, problems := checkFile(t, "x.config", "[{kernel, [{"+tt.name+", "+tt.good+"}]}].")
		if len(problems) > 0 {
			t.Errorf("%s: %s: %v", tt.name, tt.good, problems)
		}
		if len(cfg.Params) != 1 || cfg.Params[0].Name != tt.name || cfg.Params[0].Why == "" || cfg.Params[0].Why != accepted[tt.name].why {
			t.Errorf("%s: kept as %+v", tt.name, cfg.Params)
		}
		if tt.bad == "" {
			continue
		}
		_, problems = checkFile(t, "x.config", "[{kernel, [{"+tt.name+", "+tt.bad+"}]}].")
		want := tt.name + ": want " + accepted[tt.name].want + ", got "
		if errs := problems.Errors(); len(errs) != 1 || !strings.HasPrefix(errs[0].Msg, want) || errs[0].Origin.Column == 0 {
			t.Errorf("%s: %s: %v, want one error %q", tt.name, tt.bad, errs, want)
		}
	}
}

// What nobody here reads is kept, with the reason.
func TestUnusedParameters(t *testing.T) {
	cfg, problems := checkFile(t, "x.config", "[{kernel, [{frobnicate, 1}]}, {my_app, [{key, \"value\"}]}].")
	if len(problems) != 1 || problems.Err() != nil {
		t.Errorf("%v, want one warning", problems)
	}
	want := []Parameter{
		{"kernel", "frobnicate", erlterm.Int(1), "kernel has no such parameter"},
		{"my_app", "key", erlterm.String("value"), "no Erlang applications run here"},
	}
	if diff := cmp.Diff(want, cfg.Params); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestShow(t *testing.T) {
	tests := []struct{ in, want string }{
		{`"text"`, `"text"`},
		{`[{a,"b"}|c]`, `[{a,"b"}|c]`},
		{`#{a => "b"}`, `#{...}`},
		{`<<1,2>>`, `<<1,2>>`},
		{`"` + strings.Repeat("ж", 40) + `"`, `"` + strings.Repeat("ж", 35) + "..."},
		{"[" + strings.Repeat("{a,b},", 100) + "z]", "[" + strings.Repeat("{a,b},", 11) + "{a,b}..."},
	}
	for _, tt := range tests {
		r := newReader(Input{})
		p, ok := r.parseOne(&source{text: []byte(tt.in + ".")}, "")
		if !ok {
			t.Fatalf("%s: %v", tt.in, r.problems)
		}
		if got := show(p.term()); got != tt.want {
			t.Errorf("show(%s) = %s, want %s", tt.in, got, tt.want)
		}
	}
}
