package erlterm

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestFormatGolden lays out testdata/format/*.in; -update writes the results.
func TestFormatGolden(t *testing.T) {
	inputs, err := filepath.Glob(filepath.Join("testdata", "format", "*.in"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, name := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".in"), func(t *testing.T) {
			src := readFile(t, name)
			got := checkFormat(t, src)
			golden := strings.TrimSuffix(name, ".in") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := readFile(t, golden); !bytes.Equal(got, want) {
				t.Errorf("Format gives\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkFormat holds what Format writes against its promises: equal terms, the
// same comments and literals, the same again when formatted again.
func checkFormat(t *testing.T, src []byte) []byte {
	t.Helper()
	out, err := Format(src)
	if err != nil {
		t.Fatalf("Format(%q): %v", src, err)
	}
	want, _ := ParseAll(src)
	got, err := ParseAll(out)
	if err != nil || !Equal(List(got), List(want)) {
		t.Fatalf("Format(%q)\nreads back as %v\nwant %v\nerror %v\n%s", src, got, want, err, out)
	}
	again, err := Format(out)
	if err != nil || !bytes.Equal(again, out) {
		t.Fatalf("the second Format of %q: %v\n%s", src, err, firstDifference(again, out))
	}
	before, after := newSource(src), newSource(out)
	if before.latin1 != after.latin1 {
		t.Errorf("Latin-1: %v, was %v: %q", after.latin1, before.latin1, out)
	}
	words, comments := contents(before.text)
	gotWords, gotComments := contents(after.text)
	if words != gotWords {
		t.Errorf("the words of %q became\n%q", src, out)
	}
	for c, n := range comments {
		if gotComments[c] < n {
			t.Errorf("the comment %q is %d times in %q, was %d times in %q", c, gotComments[c], out, n, src)
		}
	}
	return out
}

func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	i := 0
	for i < min(len(g), len(w)) && g[i] == w[i] {
		i++
	}
	return fmt.Sprintf("line %d\n got %q\nwant %q", i+1, g[i:min(i+3, len(g))], w[i:min(i+3, len(w))])
}

// contents returns the tokens of a text, and how often each comment is in it.
func contents(text string) (words string, comments map[string]int) {
	var b strings.Builder
	comments = make(map[string]int)
	s := newScanner(text, 0, nil)
	for {
		start := s.pos
		tok := s.scan()
		for line := range strings.Lines(text[start:tok.off]) {
			if i := strings.IndexByte(line, '%'); i >= 0 {
				comments[strings.TrimRight(line[i:], " \t\r\v\f\n")]++
			}
		}
		if tok.kind == tokEOF {
			return b.String(), comments
		}
		b.WriteString(text[tok.off:tok.end] + " ")
	}
}

func TestFormat(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"blanks", " \n\n ", ""},
		{"comment", "\n\n  %% c  \n\n\n", "%% c\n"},
		{"one line", "{a,[ b|c ],#{d=>1}}.", "{a, [b | c], #{d => 1}}.\n"},
		{"no line end", "a.b", "error"},
		{"terms", "a. b.\n\n\nc.\n", "a.\nb.\n\nc.\n"},
		{"CRLF", "[\r\n a, %c\r\n b].\r\n", "[\n    a,  %c\n    b\n].\n"},
		{"brackets of one line", "[\n  ].", "[].\n"},
		{"kept open", "[\na,b].", "[\n    a,\n    b\n].\n"},
		{"one line again", "[a,\nb].", "[a, b].\n"},
		{"nested in lines", "[{a,1},\n {b,2}].", "[\n    {a, 1},\n    {b, 2}\n].\n"},
		{"blank line", "[a,\n\n\nb].", "[\n    a,\n\n    b\n].\n"},
		{"no blank line at the ends", "[\n\na\n\n].", "[\n    a\n].\n"},
		{"signs and parentheses", "[- 1, + ( 2 ), ( a )].", "[-1, +(2), (a)].\n"},
		{"fun", "fun  a : 'b c' / 2.", "fun a:'b c'/2.\n"},
		{"binary", "<< 1 : 16 / little - unit : 8, \"a\" \"b\" / utf8 >>.", "<<1:16/little-unit:8, \"a\" \"b\"/utf8>>.\n"},
		{"binary of binary", "<< << 1 >> / bits >>.", "<<<<1>>/bits>>.\n"},
		{"sigil in a binary", "<< ~b\"x\" /binary>>.", "<<~b\"x\"/binary>>.\n"},
		{"characters", "[$ , $\n, $%].", "[\n    $ ,\n    $\n,\n    $%\n].\n"},
		{"spelling", "[16#fF, 1_0, 'a', \"\\x41\", $\\s, 1.0E3].", "[16#fF, 1_0, 'a', \"\\x41\", $\\s, 1.0E3].\n"},
		{"strings in lines", "{a, \"b\"\n \"c\"}.", "{\n    a,\n    \"b\"\n    \"c\"\n}.\n"},
		{"triple-quoted", "{a, \"\"\"\n  b\n  \"\"\"}.", "{a, \"\"\"\n  b\n  \"\"\"}.\n"},
		{"tail on its own line", "[\na|b].", "[\n    a\n    | b\n].\n"},
		{"comment before a comma", "[a % c\n, b].", "[\n    a,  % c\n    b\n].\n"},
		{"two comments at a comma", "[a % c\n, % d\n b].", "[\n    a,  % c\n    % d\n    b\n].\n"},
		{"own line before a comma", "[a\n% c\n, b].", "[\n    a,\n    % c\n    b\n].\n"},
		{"comment behind a bracket", "[ % c\na].", "[  % c\n    a\n].\n"},
		{"comment in an empty list", "[ % c\n].", "[  % c\n].\n"},
		{"own line in an empty list", "{a, [\n% c\n]}.", "{\n    a,\n    [\n        % c\n    ]\n}.\n"},
		{"comment before the dot", "a % c\n.", "a.  % c\n"},
		{"own line before the dot", "a\n% c\n. b.", "a.\n% c\nb.\n"},
		{"comment inside a pair", "#{a => % c\n b}.", "#{\n    % c\n    a => b\n}.\n"},
		{"comment inside a number", "[- % c\n1].", "[\n    % c\n    -1\n].\n"},
		{"comment between strings", "[\"a\" % c\n\"b\"].", "[\n    \"a\"  % c\n    \"b\"\n].\n"},
		{"aligned", "[a, % c\nbcd % d\n].", "[\n    a,   % c\n    bcd  % d\n].\n"},
		{"rows of numbers", "[\n1,2,\n3,4].", "[\n    1, 2,\n    3, 4\n].\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == "error" {
				if out, err := Format([]byte(tt.in)); out != nil || err == nil {
					t.Errorf("Format(%q) = %q, %v", tt.in, out, err)
				}
				return
			}
			if got := string(checkFormat(t, []byte(tt.in))); got != tt.want {
				t.Errorf("Format(%q) is\n%s\nwant\n%s", tt.in, got, tt.want)
			}
		})
	}
}

func TestFormatError(t *testing.T) {
	out, err := Format([]byte("[a,,b]."), Name("f"))
	var list ErrorList
	if out != nil || !errors.As(err, &list) || list[0].File != "f" || list[0].Pos.Column != 4 {
		t.Errorf("Format = %q, %v", out, err)
	}
	if _, err := Format([]byte("[[a]]."), MaxDepth(1)); err == nil {
		t.Error("no limit of depth")
	}
}

// TestFormatCoding: the encoding is that of before, wherever the comment that
// says it goes.
func TestFormatCoding(t *testing.T) {
	long := "[" + strings.Repeat("'abcdefghij',", 20) + "a]"
	tests := []struct{ name, in, want string }{
		{"Latin-1", "%% coding: latin-1\n{\"\xe9\",1}.", "%% coding: latin-1\n{\"\xe9\", 1}.\n"},
		{"on a line that becomes long", "{'\xe9', " + long + "}. % coding: latin-1\n", "%% coding: latin-1\n{'\xe9', ["},
		{"a comment that did not count", "\n\n% coding: latin-1\n'é'.", "%% coding: utf-8\n% coding: latin-1\n'é'.\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(checkFormat(t, []byte(tt.in))); !strings.HasPrefix(got, tt.want) {
				t.Errorf("Format(%q) = %q", tt.in, got)
			}
		})
	}
}

// TestFormatDeep: the indentation of deep brackets does not make a text huge.
func TestFormatDeep(t *testing.T) {
	for _, brackets := range []string{"[]", "{}", "()"} {
		src := strings.Repeat(brackets[:1], DefaultMaxDepth-1) + "a" + strings.Repeat(brackets[1:], DefaultMaxDepth-1) + "."
		out := checkFormat(t, []byte(src))
		if limit := 100 * len(src); len(out) > limit {
			t.Errorf("%d bytes became %d", len(src), len(out))
		}
	}
}

// TestFormatLineWidth: no line is long that could be cut.
func TestFormatLineWidth(t *testing.T) {
	elem := "{some_key, [a, \"text\", <<1, 2>>, #{k => [v]}]}"
	for n := range 12 {
		src := "[" + strings.Repeat(elem+",", n) + elem + "]."
		for line := range strings.Lines(string(checkFormat(t, []byte(src)))) {
			if w := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); w > lineWidth {
				t.Errorf("a line of %d columns: %s", w, line)
			}
		}
	}
}

// TestFormatAccepted formats all that OTP accepts.
func TestFormatAccepted(t *testing.T) {
	for _, name := range []string{"edge", "generated"} {
		t.Run(name, func(t *testing.T) {
			for _, v := range readVerdicts(t, filepath.Join("testdata", name+".jsonl.gz")) {
				if v.OK {
					checkFormat(t, v.Input)
				}
			}
		})
	}
}

// TestFormatCorpus formats the real files below the folder that
// INTERCONNECT_CORPUS names.
func TestFormatCorpus(t *testing.T) {
	dir := os.Getenv("INTERCONNECT_CORPUS")
	if dir == "" {
		t.Skip("INTERCONNECT_CORPUS is not set")
	}
	formatted := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		src := readFile(t, path)
		if _, err := ParseAll(src); err == nil {
			formatted++
			checkFormat(t, src)
		}
		return nil
	})
	if err != nil || formatted == 0 {
		t.Errorf("%d files formatted: %v", formatted, err)
	}
}

// FuzzFormat: whatever parses keeps its promises when it is formatted.
func FuzzFormat(f *testing.F) {
	for _, tt := range terms {
		f.Add([]byte(tt.text + "."))
	}
	f.Add([]byte("[a % b\n, \"c\" % d\n \"e\" | f] % g\n."))
	f.Add([]byte("% coding: latin-1\n#{a % \xe9\n => - % c\n (1)}."))
	f.Fuzz(func(t *testing.T, src []byte) {
		if _, err := ParseAll(src); err != nil {
			if out, err := Format(src); err == nil || out != nil {
				t.Fatalf("Format(%q) = %q, %v", src, out, err)
			}
			t.Skip()
		}
		checkFormat(t, src)
	})
}
