package erlterm

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// walkThrough is the configuration of the walk-through that the project began
// from: a bracket is missing behind {kernel, and Erlang says "(5): syntax error
// before: ']'".
const walkThrough = `[{kernel,
  
    {sync_nodes_optional, ['a@127.0.0.1', 'b@127.0.0.1']},
    {sync_nodes_timeout, 5000}
  ]}
].
`

// broken are texts that are refused. What is said of them is in
// testdata/broken.golden.
var broken = []struct{ name, text string }{
	{"walk-through", walkThrough},

	// Brackets.
	{"no bracket before a value", "[{kernel, [\n  {sync_nodes_optional, 'a@127.0.0.1', 'b@127.0.0.1']},\n  {sync_nodes_timeout, 5000}\n]}].\n"},
	{"no bracket on one line", "[{kernel, [{a, 1}]}, {sasl, {b, 2}, {c, 3}]}].\n"},
	{"no brace before a key", "[{kernel, [\n  {sync_nodes_optional, [a]},\n  sync_nodes_timeout, 5000}\n]}].\n"},
	{"no bracket at the start", "{kernel, [\n  {a, 1}\n]},\n{stdlib, []}\n].\n"},
	{"no brace at the end of a line", "[{kernel, [\n  {a, 1},\n  {b, 2\n]}].\n"},
	{"no bracket in a line", "[{kernel, [\n  {a, [1, 2},\n  {b, 2}\n]}].\n"},
	{"no brackets between applications", "[\n  {kernel, [\n    {a, 1},\n    {b, 2}\n  ,\n  {stdlib, []}\n].\n"},
	{"no brace between applications", "[\n  {kernel, [\n    {a, 1}\n  ],\n  {stdlib, []}\n].\n"},
	{"no brace between pairs on one line", "[{a, 1, {b, 2}, {c, 3}].\n"},
	{"no bracket at the end", "[\n  {kernel, []},\n  {stdlib, []}\n.\n"},
	{"wrong bracket", "[{a, 1], {b, 2}].\n"},
	{"wrong last bracket", "[\n  {kernel, []}\n}.\n"},
	{"brackets in the wrong order", "[{kernel, [{a, 1}}]].\n"},
	{"brace too many", "[{a, 1}}, {b, 2}].\n"},
	{"brace too many at the end", "{a, 1}}.\n"},
	{"binary not closed", "{a, <<1, 2}.\n"},
	{"parenthesis not closed", "{a, (1}.\n"},
	{"nothing but brackets", "[{[{[{<<(\n"},
	{"cut off", "[{kernel, [{a, 1},\n"},

	{"bracket too many in a list", "[{kernel, [\n  {a, [1, 2]]},\n  {b, 2}\n]},\n{sasl, []}].\n"},
	{"list closed too early", "[\n  {kernel, [\n    {a, 1}],\n    {b, 2}\n  ]},\n  {stdlib, []}\n].\n"},
	{"application closed too early", "[\n  {kernel, [\n    {a, 1}]},\n    {b, 2}\n  ]},\n  {stdlib, []}\n].\n"},
	{"nested list closed too early", "[{lager, [\n  {handlers, [\n    {console, info}]},\n    {file, [{level, info}]}\n  ]},\n  {crash_log, undefined}\n]},\n{sasl, []}\n].\n"},
	{"file closed too early", "[\n  {kernel, [\n    {a, 1}\n  ]}],\n  {stdlib, []}\n].\n"},
	{"closed too early on one line", "[{kernel, [{a, 1}]}, {b, 2}]}, {sasl, []}].\n"},

	// Dots and commas.
	{"no dot", "[{kernel, []}]\n"},
	{"no dot behind a comment", "[] % [].\n"},
	{"no dot between terms", "{a, 1}\n{b, 2}.\n"},
	{"no dot at the end of a long string", "{a, b}. \"a\nb\"\n"},
	{"dot alone", ".\n"},
	{"dot without a blank", "[].[].\n"},
	{"dot inside brackets", "[{kernel, [{a, 1}.\n  {b, 2}]}].\n"},
	{"no comma", "[{a, 1}\n {b, 2}].\n"},
	{"no comma on one line", "{a b}.\n"},
	{"comma at the end", "[{a, 1},\n {b, 2},\n].\n"},
	{"two commas", "{a,, b}.\n"},
	{"comma at the start", "{, b}.\n"},
	{"comma behind a term", "{a, 1},\n{b, 2}.\n"},
	{"several mistakes", "[{kernel, [\n  {a, [b@127.0.0.1]},\n  {c, Value},\n  {d = 1}\n  {e, 2},\n]}]\n"},
	{"several terms", "{a, [1}.\n{b, X}.\n{c, 3}.\n{d, 4}}.\n"},

	// Separators and operators.
	{"equals sign", "{sync_nodes_timeout = 5000}.\n"},
	{"colon", "[{kernel: [{a: 1}]}].\n"},
	{"JSON", "{\"a\": 1, \"b\": [true]}.\n"},
	{"keyword list", "[kernel: [a: 1]].\n"},
	{"semicolon", "{a; b}.\n"},
	{"arrow in a tuple", "{a => 1}.\n"},
	{"map with equals signs", "#{a = 1, b := 2}.\n"},
	{"map with a comma", "#{a, 1}.\n"},
	{"map with a key alone", "#{a => 1, b}.\n"},
	{"record update", "#{}#{a => 1}.\n"},
	{"two bars", "[a | b | c].\n"},
	{"element behind a tail", "[a | b, c].\n"},
	{"two terms in parentheses", "(a, b).\n"},
	{"concatenation", "{a, \"b\" ++ \"c\"}.\n"},
	{"arithmetic", "{a, 5 * 1000}.\n"},
	{"two signs", "{a, - -1}.\n"},
	{"sign of an atom", "{a, -b}.\n"},
	{"list comprehension", "[X || X <- [1]].\n"},
	{"match", "a = 1.\n"},
	{"function", "a() -> b.\n"},

	// Words.
	{"node name", "[{kernel, [{sync_nodes_optional, [b@127.0.0.1]}]}].\n"},
	{"name with a hyphen", "{b@my-host, x-y}.\n"},
	{"name with a dot", "{foo.bar, 1}.\n"},
	{"Elixir module", "{MyApp.Repo, []}.\n"},
	{"Elixir atom", "{a, :ok}.\n"},
	{"IP address", "{ip, 10.0.0.1}.\n"},
	{"URL", "{url, http://example.org/x}.\n"},
	{"path", "{dir, /var/log}.\n"},
	{"time with a unit", "{timeout, 5000ms}.\n"},
	{"variable", "{a, Value}.\n"},
	{"anonymous variable", "{a, _}.\n"},
	{"reserved word", "[{end, 1}, {a, maybe}].\n"},
	{"letters without quotes", "{имя, 1}.\n"},
	{"call", "{a, f(1, {2})}.\n"},
	{"expression", "{a, case X of 1 -> 2 end, b}.\n"},
	{"fun with a body", "{a, fun(X) -> X end}.\n"},
	{"local fun", "{a, fun f/1}.\n"},
	{"fun of a variable", "{a, fun M:f/1}.\n"},
	{"macro", "{a, ?TIMEOUT}.\n"},
	{"record", "{a, #state{a = 1, b = [x]}}.\n"},
	{"pid", "{a, <0.12.0>}.\n"},
	{"reference", "{a, #Ref<0.1.2.3>}.\n"},

	// What other programs should have replaced, and other languages.
	{"shell variable", "{port, ${PORT}}.\n"},
	{"shell variable with more", "{port, ${PORT:-80}, $HOST}.\n"},
	{"mustache", "{port, {{port.http}}}.\n"},
	{"triple mustache", "{port, {{{Port}}}}.\n"},
	{"template tag", "{port, <%= @port %>}.\n"},
	{"placeholder", "{vsn, @VSN@}.\n"},
	{"slash comment", "// don't\n{a, 1}.\n"},
	{"block comment", "/* don't\n */ {a, 1}.\n"},
	{"shell comment", "# don't\n{a, 1}.\n"},
	{"backtick", "{a, `b`}.\n"},

	// Quotes and characters.
	{"string not closed", "{a, \"foo},\n{b, \"bar\"}.\n"},
	{"atom not closed", "[{a, 'foo},\n {b, 1}].\n"},
	{"string not closed at the end", "{a, \"foo"},
	{"sigil not closed", "{a, ~b(foo}.\n"},
	{"triple quotes not closed", "{a, \"\"\"\n  b\n  \"\"}.\n"},
	{"quote in a string", "{a, \"say \"hi\"\"}.\n"},
	{"strings without a blank", "{a, \"b\"\"c\"}.\n"},
	{"text behind triple quotes", "\"\"\"a\n\"\"\".\n"},
	{"indentation", "\"\"\"\n  a\n b\n  \"\"\".\n"},
	{"sigil", "{~x\"a\", ~, ~\"a\"b}.\n"},
	{"typographic quotes", "{a, “b”}.\n"},
	{"typographic apostrophes", "{a, ‘b@127.0.0.1’}.\n"},
	{"dash", "{a, –1}.\n"},
	{"byte-order mark", "\ufeff[{kernel, []}].\n"},
	{"zero-width space", "{a,\u200b b}.\n"},
	{"Latin-1", "{a, \"caf\xe9\"}.\n"},
	{"noncharacter", "{a, \"\uffff\"}.\n"},
	{"escape", "{a, \"\\xg\", '\\^1', $\\x{110000}}.\n"},
	{"lonely dollar", "{a, $"},

	// Numbers and binaries.
	{"base", "{37#1}.\n"},
	{"digits", "{16#, 2#2}.\n"},
	{"float without exponent", "{1.0e}.\n"},
	{"float overflow", "{1.0e400}.\n"},
	{"float in an integer segment", "{a, <<1.5>>}.\n"},
	{"atom in a binary", "{a, <<abc>>}.\n"},
	{"binary in a binary", "{a, <<(<<1>>)>>}.\n"},
	{"list in a binary", "{a, <<[1]>>}.\n"},
	{"string as a binary", "{a, <<\"b\"/binary>>}.\n"},
	{"one angle bracket", "{a, <\"b\">>}.\n"},
	{"hyphen in a type", "{a, <<\"b\"/utf-8>>}.\n"},
	{"number behind a type", "{a, <<1/integer:8>>}.\n"},
	{"size of a character", "{a, <<1:8/utf8>>}.\n"},
	{"size that is no integer", "{a, <<1:b>>}.\n"},
	{"size of a float", "{a, <<1.0:8/float>>}.\n"},
	{"unknown type", "{a, <<1/foo>>}.\n"},
	{"types that disagree", "{a, <<1/integer-float>>}.\n"},
	{"negative size", "{a, <<1:-8>>}.\n"},
	{"unit", "{a, <<1:1/unit:257>>}.\n"},
	{"unit alone", "{a, <<1/unit:8>>}.\n"},
	{"surrogate", "{a, <<16#D800/utf8>>}.\n"},
	{"bits that are no bytes", "{a, <<(<<1:4>>)/binary>>}.\n"},
	{"arity", "{a, fun m:f/256}.\n"},
}

func TestBroken(t *testing.T) {
	var b strings.Builder
	for _, tt := range broken {
		_, err := ParseFile("sys.config", []byte(tt.text))
		if err == nil {
			t.Errorf("%s: %q is accepted", tt.name, tt.text)
		}
		fmt.Fprintf(&b, "== %s\n%s\n", tt.name, Render([]byte(tt.text), err))
	}
	checkGolden(t, "testdata/broken.golden", b.String())
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	gotCases, wantCases := strings.Split(got, "== "), strings.Split(string(want), "== ")
	for i, c := range gotCases {
		if i >= len(wantCases) || c != wantCases[i] {
			t.Fatalf("%s differs (run with -update to accept it). got:\n%s", name, c)
		}
	}
	t.Fatalf("%s has more than there are cases", name)
}

// TestWalkThrough: one error, at the place where the bracket belongs.
func TestWalkThrough(t *testing.T) {
	_, err := ParseFile("sys.config", []byte(walkThrough))
	var list ErrorList
	if !errors.As(err, &list) || len(list) != 1 {
		t.Fatalf("the errors are %v, want one", err)
	}
	e := list[0]
	if want := (Position{Offset: 17, Line: 3, Column: 5}); e.Pos != want {
		t.Errorf("the error is at %+v, want %+v", e.Pos, want)
	}
	if want := "a '[' is missing: kernel's parameters are a list"; !strings.Contains(e.Hint, want) {
		t.Errorf("the hint is %q, want %q", e.Hint, want)
	}
}

// TestErrorStyle holds every error to one line, lower-case, no full stop.
func TestErrorStyle(t *testing.T) {
	for _, tt := range broken {
		_, err := ParseFile("f", []byte(tt.text))
		var list ErrorList
		if !errors.As(err, &list) {
			t.Errorf("%s: the error is a %T", tt.name, err)
			continue
		}
		for i, e := range list {
			for _, text := range []string{e.Msg, e.Hint} {
				if strings.ContainsAny(text, "\n\r") || strings.HasSuffix(text, ".") {
					t.Errorf("%s: %q is not one line without a full stop", tt.name, text)
				}
			}
			if e.Msg == "" || 'A' <= e.Msg[0] && e.Msg[0] <= 'Z' {
				t.Errorf("%s: the message is %q", tt.name, e.Msg)
			}
			if e.End.Offset < e.Pos.Offset || i > 0 && e.Pos.Line <= list[i-1].Pos.Line {
				t.Errorf("%s: the error is at %v to %v, the one before on line %d", tt.name, e.Pos, e.End, list[max(0, i-1)].Pos.Line)
			}
		}
	}
}
