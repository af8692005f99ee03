package erlargs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// splits are the rules of erlexec's build_args_from_string, comments allowed.
// TestLive holds each against erl.
var splits = []struct {
	name, text string
	want       []string
}{
	{"words", "-node a@127.0.0.1 -hidden\n", []string{"-node", "a@127.0.0.1", "-hidden"}},
	{"all blanks", " a\tb\vc\fd\re\r\nf\n\n", []string{"a", "b", "c", "d", "e", "f"}},
	{"no line end at the end", "a\nb", []string{"a", "b"}},
	{"nothing", " \n\t", nil},
	{"comment lines", "# -a\n  # -b 'c\n-d\n#", []string{"-d"}},
	{"a comment behind a word", "-a b#c 'd\n e", []string{"-a", "b", "e"}},
	{"a comment lasts over carriage returns", "#a\rb\nc", []string{"c"}},
	{"a comment cannot be continued", "#a \\\nb", []string{"b"}},
	{"quoted and escaped hashes", `a\#b "c # d" 'e#'`, []string{"a#b", "c # d", "e#"}},
	{"double quotes", `"a b" "c  d" "e	f"`, []string{"a b", "c  d", "e\tf"}},
	{"single quotes", `'a b' '"c"' "'d'"`, []string{"a b", `"c"`, "'d'"}},
	{"no escape inside quotes", `"a\" 'b\'`, []string{`a\`, `b\`}},
	{"quotes over lines", "'a\n# b' c", []string{"a\n# b", "c"}},
	{"pieces", `a"b c"'d e'f -g""h`, []string{"ab cd ef", "-gh"}},
	{"empty words", `"" '' a ''""`, []string{"", "", "a", ""}},
	{"escapes", `a\ b \"c\" \'d \\ \n`, []string{"a b", `"c"`, "'d", `\`, "n"}},
	{"an escaped line end stays", "a\\\nb c\\\r\nd", []string{"a\nb", "c\r", "d"}},
	{"an escape at the end", `a\`, []string{"a"}},
	{"an escape alone", `a \`, []string{"a", ""}},
	{"an open double quote", "a \"b c\nd # e", []string{"a", "b c\nd # e"}},
	{"an open single quote", "a '", []string{"a", ""}},
	{"a term", `-kern sync_nodes_optional "['a@127.0.0.1', 'b@127.0.0.1']"`, []string{"-kern", "sync_nodes_optional", "['a@127.0.0.1', 'b@127.0.0.1']"}},
	{"a term with quotes lost", `-kern x ['a@h']`, []string{"-kern", "x", "[a@h]"}},
	{"a string", `-base dir '"/var/lib"'`, []string{"-base", "dir", `"/var/lib"`}},
	{"variables are words", `-node ${NODE_NAME} $HOME`, []string{"-node", "${NODE_NAME}", "$HOME"}},
	{"not ASCII", "ä\u00a0ö 'é ü'", []string{"ä\u00a0ö", "é ü"}},
	{"a byte-order mark", "\ufeff-a b", []string{"\ufeff-a", "b"}},
	{"a zero byte", "a b\x00c d", []string{"a", "b"}},
}

func texts(words []Word) []string {
	var list []string
	for _, w := range words {
		list = append(list, w.Text)
	}
	return list
}

func TestSplit(t *testing.T) {
	for _, tt := range splits {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, texts(Split("vm.args", []byte(tt.text)).Words)); diff != "" {
				t.Errorf("Split(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	f := Split("vm.args", []byte("# ä\n-a\t'ö b'\n  \\\"c\"d\ne\" x"))
	var got []string
	for _, w := range f.Words {
		places := make([]string, 0, len(w.Text)+1)
		for i := range w.Text {
			places = append(places, w.At(i).String())
		}
		got = append(got, fmt.Sprintf("%s %q %s end %s", w.Pos, w.Text, strings.Join(places, " "), w.At(len(w.Text))))
	}
	want := []string{
		`2:1 "-a" 2:1 2:2 end 2:3`,
		`2:4 "ö b" 2:5 2:6 2:7 end 2:9`,
		`3:3 "\"cd\ne" 3:4 3:5 3:7 3:8 4:1 end 4:3`,
		`4:4 "x" 4:4 end 4:5`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestDoubtfulFiles(t *testing.T) {
	tests := []struct{ text, unclosed, zero string }{
		{"-a 'b\nc\n", "1:4", "-"},
		{"-a b\n  \"", "2:3", "-"},
		{"-a 'b' \"c'd\"", "-", "-"},
		{"-a\n\x00b", "-", "2:1"},
		{"-a 'b\x00", "1:4", "1:6"},
	}
	for _, tt := range tests {
		f := Split("vm.args", []byte(tt.text))
		if f.Unclosed.String() != tt.unclosed || f.Zero.String() != tt.zero {
			t.Errorf("Split(%q): unclosed %s, zero %s; want %s, %s", tt.text, f.Unclosed, f.Zero, tt.unclosed, tt.zero)
		}
	}
}
