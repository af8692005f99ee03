package configs

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var daemonFlags = FlagSet{Flags: Flags(), Params: true}

var nodesFlags = FlagSet{Flags: []Flag{
	{Name: "node", Value: "NAME", Help: "ask this daemon"},
	{Name: "o", Value: "FORMAT", Choice: []string{"text", "json", "yaml"}, Help: "print in this format"},
	{Name: "hidden", Help: "list hidden nodes too"},
}}

// Flags are those of erl: init:get_argument/1 and, for parameters,
// application_controller:get_cmd_env/1.
func TestParse(t *testing.T) {
	tests := []struct {
		name string
		set  FlagSet
		line string
		want Args
	}{
		{"nothing", daemonFlags, "", Args{}},
		{
			"values", daemonFlags, "-config a -config b.config -name n@127.0.0.1",
			Args{values: map[string][]string{"config": {"a", "b.config"}, "name": {"n@127.0.0.1"}}},
		},
		{
			"a switch takes no value", nodesFlags, "-hidden x",
			Args{Operands: []string{"x"}, values: map[string][]string{"hidden": {""}}},
		},
		{
			"operands on both sides", nodesFlags, "x -o json y",
			Args{Operands: []string{"x", "y"}, values: map[string][]string{"o": {"json"}}},
		},
		{
			"after two dashes", nodesFlags, "-o text -- -o -5",
			Args{Operands: []string{"-o", "-5"}, values: map[string][]string{"o": {"text"}}},
		},
		{
			"a negative number and a dash are operands", nodesFlags, "-5 - -1.5",
			Args{Operands: []string{"-5", "-", "-1.5"}},
		},
		{
			"a negative number is a value", nodesFlags, "-node -5",
			Args{values: map[string][]string{"node": {"-5"}}},
		},
		{
			"several pairs", daemonFlags, "-kernel sync_nodes_timeout 5000 net_ticktime (-4) -hidden",
			Args{Params: []Param{{"kernel", "sync_nodes_timeout", "5000"}, {"kernel", "net_ticktime", "(-4)"}}, values: map[string][]string{"hidden": {""}}},
		},
		{
			"a repeated application", daemonFlags, "-kernel a 1 -kernel a 2",
			Args{Params: []Param{{"kernel", "a", "1"}, {"kernel", "a", "2"}}},
		},
		{
			"an application that looks like a flag", daemonFlags, "-settigs x y",
			Args{Params: []Param{{"settigs", "x", "y"}}, Warnings: []string{"-settigs is taken for the name of an application: did you mean '-settings'"}},
		},
		{
			"a misspelt kernel", daemonFlags, "-kernal x y",
			Args{Params: []Param{{"kernal", "x", "y"}}, Warnings: []string{"-kernal is taken for the name of an application: did you mean '-kernel'"}},
		},
		{
			"a cookie, and cookies of nodes", daemonFlags, "-setcookie a -setcookie b@h c -setcookie d@h e -hidden",
			Args{
				values: map[string][]string{"setcookie": {"a"}, "hidden": {""}},
				pairs:  map[string][][2]string{"setcookie": {{"b@h", "c"}, {"d@h", "e"}}},
			},
		},
		{
			"what stands before an args file", daemonFlags, "-config a -kernel b 1 c 2 -args_file f -config d -args_file g",
			Args{
				Params: []Param{{"kernel", "b", "1"}, {"kernel", "c", "2"}},
				values: map[string][]string{"config": {"a", "d"}, "args_file": {"f", "g"}},
				files:  []argsFile{{"f", 1, 2}, {"g", 2, 2}},
			},
		},
		{"help", daemonFlags, "-bogus -h", Args{Help: true}},
		{"help in iex's way", nodesFlags, "x --help", Args{Help: true}},
		{"no help after two dashes", nodesFlags, "-- -h", Args{Operands: []string{"-h"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.set.Parse(strings.Fields(tt.line))
			if err != nil {
				t.Fatalf("Parse(%q): %v", tt.line, err)
			}
			if tt.want.values == nil {
				tt.want.values = map[string][]string{}
			}
			if diff := cmp.Diff(&tt.want, got, cmp.AllowUnexported(Args{}, argsFile{})); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.line, diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		set        FlagSet
		line, want string
	}{
		{daemonFlags, "-config", "-config needs a value: write '-config FILE'"},
		{daemonFlags, "-config -hidden", "-config needs a value: write '-config FILE'"},
		{daemonFlags, "-config --", "-config needs a value: write '-config FILE'"},
		{daemonFlags, "-name a -name b", "-name is given twice"},
		{daemonFlags, "-setcookie a -setcookie b", "-setcookie is given twice"},
		{daemonFlags, "-setcookie a b c", "-setcookie takes one value or two: write '-setcookie COOKIE' or '-setcookie NODE COOKIE'"},
		{daemonFlags, "-args_file -hidden", "-args_file needs a value: write '-args_file FILE'"},
		{daemonFlags, "-hiden", "unknown flag -hiden: did you mean '-hidden'"},
		{daemonFlags, "--name a@h", "unknown flag --name: did you mean '-name'"},
		{daemonFlags, "-config=sys", "unknown flag -config=sys: write '-config sys'"},
		{daemonFlags, "-sync_nodes_timeout 5000", "unknown flag -sync_nodes_timeout: did you mean '-kernel sync_nodes_timeout'"},
		{daemonFlags, "-kernel sync_nodes_timeout", `-kernel takes pairs of a parameter and a term, and "sync_nodes_timeout" has no term`},
		{daemonFlags, "-kernel a 1 b -hidden", `-kernel takes pairs of a parameter and a term, and "b" has no term`},
		{daemonFlags, "-kernel net_ticktime -4", `-kernel takes pairs of a parameter and a term, and "net_ticktime" has no term: write '(-4)', since a word that begins with '-' is a flag`},
		{daemonFlags, "-kernel a 1 b +1.5", `-kernel takes pairs of a parameter and a term, and "b" has no term: write '(+1.5)', since a word that begins with '+' is a flag`},
		{daemonFlags, "-kernel a - b", `-kernel takes pairs of a parameter and a term, and "a" has no term`},
		{daemonFlags, "-kernel a 1 -4", "unknown flag -4"},
		{daemonFlags, "-kernel a 1 -", "unknown flag -"},
		{daemonFlags, "-myapp x -4", `-myapp takes pairs of a parameter and a term, and "x" has no term: write '(-4)', since a word that begins with '-' is a flag`},
		{daemonFlags, "-setcookie -4", "-setcookie needs a value: write '-setcookie COOKIE'"},
		{daemonFlags, "-config -", "-config needs a value: write '-config FILE'"},
		{daemonFlags, "-myapp x", "unknown flag -myapp"},
		{daemonFlags, "-Upper x y", "unknown flag -Upper"},
		{nodesFlags, "-kernel a 1", "unknown flag -kernel"},
		{nodesFlags, "-nose x", "unknown flag -nose: did you mean '-node'"},
		{nodesFlags, "-o jsn", `-o takes text, json or yaml, not "jsn": did you mean 'json'`},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			_, err := tt.set.Parse(strings.Fields(tt.line))
			var usage *UsageError
			if !errors.As(err, &usage) || err.Error() != tt.want {
				t.Errorf("Parse(%q) error = %v, want %s", tt.line, err, tt.want)
			}
		})
	}
}

func TestArgsWithoutFlags(t *testing.T) {
	var none *Args
	if none.Has("config") || none.Value("config") != "" || none.Values("config") != nil {
		t.Error("nil Args have a flag")
	}
}

func TestHelp(t *testing.T) {
	want := `  -node NAME         ask this daemon
  -o FORMAT          print in this format
  -hidden            list hidden nodes too
  -h, -help, --help  print this
`
	if got := nodesFlags.Help(); got != want {
		t.Errorf("Help() =\n%s\nwant\n%s", got, want)
	}
	if got := daemonFlags.Help(); !strings.Contains(got, "  -APP PAR TERM ... ") {
		t.Errorf("the daemon's help does not tell of parameters:\n%s", got)
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"sync_nodes_optional", "net_ticktime", "o", "node", "nodes"}
	tests := []struct{ word, want string }{
		{"sync_node_optional", "sync_nodes_optional"},
		{"net_tikctime", "net_ticktime"}, // swapped letters are one slip
		{"net_ticktme_", "net_ticktime"}, // two slips in a long word
		{"nde", "node"},
		{"noded", "node"}, // the first of two that are as near
		{"nxxe", ""},
		{"xyz", ""},
		{"x", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := Suggest(tt.word, names); got != tt.want {
			t.Errorf("Suggest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

// An empty value is what a variable leaves that is not set: no value of a flag.
func TestEmptyValues(t *testing.T) {
	for _, flag := range []string{"-name", "-config", "-settings", "-setcookie_file", "-args_file"} {
		_, err := daemonFlags.Parse([]string{flag, ""})
		if want := flag + " has an empty value"; err == nil || err.Error() != want {
			t.Errorf("%s '': %v, want %q", flag, err, want)
		}
	}
}
