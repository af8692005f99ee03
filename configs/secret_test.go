package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A cookie that somebody wrote in the wrong place is not shown: by no problem,
// excerpt or hint, and by no flag that is kept.
func TestMisplacedCookies(t *testing.T) {
	const marker = "SEKRETMARKERCOOKIE99"
	tests := []struct{ name, file, text string }{
		{"a scalar", "s.yaml", "cookie: MARK"},
		{"a scalar on a line of its own", "s.yaml", "cookie:\n  MARK"},
		{"an unknown key", "s.yaml", "cookie: {cookie: MARK}"},
		{"an unknown key of the bus", "s.yaml", "bus: {password: MARK}"},
		{"a quote that is not closed", "s.yaml", "cookie: {file: \"MARK\n"},
		{"an entry without a file", "s.yaml", "cookie:\n  per_node:\n    - {node: a@b.c, cookie: MARK}"},
		{"a template", "vm.args.src", "-setcookie MARK -name shop@${NOT_SET}"},
		{"a template with a default", "vm.args.src", "-name shop@${NOT_SET} -setcookie ${RC:-MARK}"},
		{"a template with an open default", "vm.args.src", "-setcookie ${RC:-MARK"},
		{"an open quote before it", "vm.args", "-name \"a@b\n-setcookie MARK"},
		{"an open quote of a file", "vm.args", "-config \"a\n-setcookie MARK"},
		{"an open quote of an args file", "vm.args", "-args_file \"a\n-setcookie MARK"},
		{"an open quote of a parameter", "vm.args", "-kernel net_ticktime \"a\n-setcookie MARK"},
		{"an open quote of a flag", "vm.args", "-foo\"a\n-setcookie MARK"},
		{"no dash", "vm.args", "-kernel net_ticktime 5\nsetcookie MARK"},
		{"a typographic dash", "vm.args", "-kernel net_ticktime 5\n–setcookie MARK"},
		{"no dash behind a file", "vm.args", "-config foo\nsetcookie MARK"},
		{"an equals sign", "vm.args", "-setcookie=MARK"},
		{"no blank", "vm.args", "-setcookieMARK"},
		{"misspelt", "vm.args", "-set_cookie MARK x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(tt.text, "MARK", marker)), 0o600); err != nil {
				t.Fatal(err)
			}
			flag := "-args_file"
			if strings.HasSuffix(tt.file, ".yaml") {
				flag = "-settings"
			}
			in := input(t, flag, path, "-expand_env")
			in.Getenv = env(map[string]string{"HOME": "/nonexistent"})
			cfg, problems := Check(in)
			shown := problems.Render() + fmt.Sprintf("%+v %+v", cfg.Params, cfg.Unused)
			if strings.Contains(shown, marker) {
				t.Errorf("it is shown:\n%s", shown)
			}
		})
	}
	for _, line := range []string{"-setcookie=MARK", "--setcookie=MARK", "-setcookieMARK", "-set_cookie MARK x", "-setcooki MARK"} {
		_, err := FlagSet{Flags: Flags(), Params: true}.Parse(strings.Fields(strings.ReplaceAll(line, "MARK", marker)))
		if err == nil || strings.Contains(err.Error(), marker) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// However much is wrong, a page of it is told, and fast.
func TestManyProblems(t *testing.T) {
	tests := []struct{ name, text string }{
		{"on one line", "[{kernel, [" + strings.Repeat("{sync_node_optional_, [a]}, ", 20000) + "{x, 1}]}]."},
		{"strings on one line", "[{kernel, [{sync_nodes_optional, [" + strings.Repeat(`"b@127.0.0.1", `, 1000) + "'a@h']}]}]."},
		{"on lines", "[{kernel, [\n" + strings.Repeat("{x, 1},\n", 20000) + "{y, 1}]}]."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := checkFile(t, "x.config", tt.text)
			if size := len(problems.Render()); size > 200_000 {
				t.Errorf("%d bytes are shown", size)
			}
			last := problems[len(problems)-1]
			if !strings.HasSuffix(last.Msg, " more of the same severity are not shown") {
				t.Errorf("the last problem is %v", last)
			}
		})
	}
}
