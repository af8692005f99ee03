package erlargs

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// opener opens files of a map.
func opener(files map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, errors.New("no such file")
		}
		return []byte(text), nil
	}
}

// nested are the rules of erlexec's get_file_args. TestLive holds each against
// erl.
var nested = []struct {
	name        string
	files       map[string]string
	words, last []string
}{
	{
		"one file",
		map[string]string{"vm.args": "-a b"},
		[]string{"-a", "b", "--"},
		nil,
	},
	{
		"in its place",
		map[string]string{"vm.args": "-a b -args_file x c -d", "x": "-e"},
		[]string{"-a", "b", "-e", "--", "c", "-d", "--"},
		nil,
	},
	{
		"an empty file leaves nothing",
		map[string]string{"vm.args": "-a b -args_file x c", "x": "# nothing"},
		[]string{"-a", "b", "c", "--"},
		nil,
	},
	{
		"a file twice",
		map[string]string{"vm.args": "-args_file x -args_file x", "x": "-e"},
		[]string{"-e", "--", "-e", "--", "--"},
		nil,
	},
	{
		"three deep",
		map[string]string{"vm.args": "-a -args_file x", "x": "-b -args_file y", "y": "-c"},
		[]string{"-a", "-b", "-c", "--", "--", "--"},
		nil,
	},
	{
		"extra goes to the end",
		map[string]string{"vm.args": "-a -args_file x c -extra u -args_file nowhere", "x": "-z z -extra 1 -2"},
		[]string{"-a", "-z", "z", "c"},
		[]string{"1", "-2", "u", "-args_file", "nowhere"},
	},
	{
		"dashes behind extra",
		map[string]string{"vm.args": "-a -extra 'b --' c-- d -extra e"},
		[]string{"-a"},
		[]string{"b --", "c--", "d", "-extra", "e"},
	},
	{
		"a quoted name",
		map[string]string{"vm.args": "-args_file 'x y'", "x y": "-b"},
		[]string{"-b", "--", "--"},
		nil,
	},
}

func TestRead(t *testing.T) {
	for _, tt := range nested {
		t.Run(tt.name, func(t *testing.T) {
			words, extra, problems := Read("vm.args", opener(tt.files))
			if len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
			if diff := cmp.Diff(tt.words, texts(words)); diff != "" {
				t.Errorf("words (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.last, texts(extra)); diff != "" {
				t.Errorf("extra (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadProblems(t *testing.T) {
	many := strings.Repeat("-args_file x ", MaxFiles)
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"no file", nil, []string{"vm.args:-: reading the args file: no such file"}},
		{
			"no file inside",
			map[string]string{"vm.args": "-a\n -args_file x -args_file y", "y": "-b"},
			[]string{"vm.args:2:13: reading the args file x: no such file"},
		},
		{"no name", map[string]string{"vm.args": "-a\n -args_file"}, []string{"vm.args:2:2: -args_file needs the name of a file"}},
		{
			"a file in itself",
			map[string]string{"vm.args": "-a -args_file vm.args"},
			[]string{"vm.args:1:15: the args file vm.args includes itself: erl reads it for ever"},
		},
		{
			"a circle",
			map[string]string{"vm.args": "-args_file x", "x": "-b\n-args_file y", "y": "-args_file x"},
			[]string{"y:1:12: the args file x includes itself: erl reads it for ever"},
		},
		{
			"too many files",
			map[string]string{"vm.args": many, "x": "-args_file y", "y": ""},
			[]string{"x:1:12: more than 1000 args files are named from here"},
		},
		{
			"too many words",
			map[string]string{"vm.args": "-args_file x -args_file x -args_file x", "x": strings.Repeat("a ", MaxWords/2)},
			[]string{"x:1:262143: more than 262144 words: no command line of erl is as long"},
		},
		{
			"what looks otherwise",
			map[string]string{"vm.args": "\ufeff-a\n-b 'c\x00d"},
			[]string{
				"vm.args:1:1: warning: the file begins with a byte-order mark, which erl reads as part of the first word",
				"vm.args:2:4: warning: nothing closes the quote that begins here: erl reads up to the end of the file",
				"vm.args:2:6: warning: a zero byte: erl reads no further",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, problems := Read("vm.args", opener(tt.files))
			var got []string
			for _, p := range problems {
				warning := ""
				if p.Warning {
					warning = "warning: "
				}
				got = append(got, fmt.Sprintf("%s:%s: %s%s", p.Name, p.Pos, warning, p.Msg))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}
