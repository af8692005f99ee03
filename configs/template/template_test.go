package template

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var vars = map[string]string{
	"A": "val", "a_1": "lower", "EMPTY": "", "AMP": "a&b", "BS": `a\nb\\c\`, "QUOTE": `"`, "BRACE": "a}b", "OPEN": "${x",
	"LINES": "one\ntwo", "UMLAUT": "ü", "ALL": "x${A}y", "HALF": "${x\n}",
}

func getenv(name string) string { return vars[name] }

// What relx's script (priv/templates/extended_bin, replace_os_vars) gives for
// each template, but where the comment says that it does not end.
func TestExpand(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"no variable", "[].", "[]."},
		{"nothing", "", ""},
		{"a variable", "${A}", "val"},
		{"a name with all kinds of characters", "${a_1}", "lower"},
		{"several on a line", "${A}${A} ${U:-x}${A}", "valval xval"},
		{"a default not needed", "${A:-x}", "val"},
		{"a default", "${U:-x}", "x"},
		{"a default for a variable set to nothing", "${EMPTY:-x}", "x"},
		{"an empty default", "[${U:-}]", "[]"},
		{"a default with the sign of a default", "${U:-a:-b}", "a:-b"},
		{"a default with quotes", `${U:-"q"} ${U:-'q'}`, `"q" 'q'`},
		{"a default with braces ends at the first", "${U:-{1,2}}", "{1,2}"},
		{"a value before the rest of such a default", "${A:-{1,2}}", "val}"},
		{"a default with a brace", "${U:-a}b}", "ab}"},
		{"a default with spaces", "${U:- a b }", " a b "},
		{"a default with awk's characters, where relx does not end", `${U:-a&b.c+d*(e)[f]?\n^g}`, `a&b.c+d*(e)[f]?\n^g`},
		{"a value with awk's characters", "${AMP}", "a&b"},
		{"a value with backslashes, which mawk halves", "${BS}", `a\nb\\c\`},
		{"a value with quotes", "{a, ${QUOTE}x${QUOTE}}", `{a, "x"}`},
		{"a value with a brace", "${BRACE}", "a}b"},
		{"a value with an open variable", "${OPEN} ", "${x "},
		{"a value with a variable over two lines", "${HALF}", "${x\n}"},
		{"a value with a line end", "a${LINES}b", "aone\ntwob"},
		{"in strings and atoms", `"${A}" '${A}'`, `"val" 'val'`},
		{"within a name", "x${A}y@${U:-h}", "xvaly@h"},
		{"a dollar before it", "$${A}", "$val"},
		{"two dollars before it", "$$${A}", "$$val"},
		{"a backslash before it", `"\${A}"`, `"\val"`},
		{"without braces", "$A $(A)", "$A $(A)"},
		{"Erlang's character", "[${,1]\n}", "[${,1]\n}"},
		{"Erlang's character at the end", "[${", "[${"},
		{"a brace on the next line", "{${\nA}", "{${\nA}"},
		{"CRLF", "[${A}\r\n,${U:-b}]\r\n", "[val\r\n,b]\r\n"},
		{"UTF-8", "ä${UMLAUT}${U:-ö}", "äüö"},
		{"Latin-1", "%% coding: latin-1\n\xe4${A}${U:-\xf6}", "%% coding: latin-1\n\xe4val\xf6"},
		{"no line end at the end", "${A}\n${A}", "val\nval"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, errs := Expand([]byte(tt.in), Erlang, getenv)
			if len(errs) > 0 {
				t.Fatalf("Expand(%q): %v", tt.in, errs[0])
			}
			if string(got.Bytes) != tt.want {
				t.Errorf("Expand(%q) = %q, want %q", tt.in, got.Bytes, tt.want)
			}
		})
	}
}

// Nobody reads a comment, so that it is left as it is. relx expands there too.
func TestComments(t *testing.T) {
	tests := []struct {
		comments Comments
		in, want string
	}{
		{Erlang, "%% ${U} ${} ${A ${A}\n${A}", "%% ${U} ${} ${A ${A}\nval"},
		{Erlang, "${A} % ${U}", "val % ${U}"},
		{Erlang, "% ${U}\r\n${A}", "% ${U}\r\nval"},
		{Erlang, "% \" ' \n${A}", "% \" ' \nval"},
		{Erlang, `"100% ${A}"`, `"100% val"`},
		{Erlang, `'100% ${A}'`, `'100% val'`},
		{Erlang, `"\"% ${A}"`, `"\"% val"`},
		{Erlang, "\"a\n% ${A}\"", "\"a\n% val\""},
		{Erlang, `[$%, ${A}]`, `[$%, val]`},
		{Erlang, `[$", $', $\", $\\, ${A}] % ${U}`, `[$", $', $\", $\\, val] % ${U}`},
		{Erlang, "\"\"\"\n  say \"100% ${A}\"\n  \"\"\" % ${U}", "\"\"\"\n  say \"100% val\"\n  \"\"\" % ${U}"},
		{Erlang, `"" "% ${A}"`, `"" "% val"`},
		{Erlang, `~b"% ${A}" ~S(\% ${A}) % ${U}`, `~b"% val" ~S(\% val) % ${U}`},
		{Erlang, `~|% ${A}| ~s[% ${A}] % ${U}`, `~|% val| ~s[% val] % ${U}`},
		{Erlang, `~"\"% ${A}" % ${U}`, `~"\"% val" % ${U}`},
		{Erlang, `${A:-"} % ${U}`, `val % ${U}`},
		{Erlang, "# ${A}", "# val"},
		{Args, "# ${U}\n-name ${A}", "# ${U}\n-name val"},
		{Args, "-name a#${U}\n${A}", "-name a#${U}\nval"},
		{Args, `-x "a # ${A}" '# ${A}' \# ${A} # ${U}`, `-x "a # val" '# val' \# val # ${U}`},
		{Args, `-x "a\" # ${U}`, `-x "a\" # ${U}`},
		{Args, "-x % ${A}", "-x % val"},
	}
	for _, tt := range tests {
		got, errs := Expand([]byte(tt.in), tt.comments, getenv)
		if len(errs) > 0 {
			t.Errorf("Expand(%q): %v", tt.in, errs[0])
			continue
		}
		if string(got.Bytes) != tt.want {
			t.Errorf("Expand(%q) = %q, want %q", tt.in, got.Bytes, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want []string // the text that each is about, the message, the hint
	}{
		{"not set", "${U}", []string{"${U}: the variable U is not set (set it, or write ${U:-DEFAULT})"}},
		{"set to nothing", "${EMPTY}", []string{"${EMPTY}: the variable EMPTY is not set (set it, or write ${EMPTY:-DEFAULT})"}},
		{"all at once, each once", "${V} ${U}\n${A}${V} ${V}", []string{
			"${V}: the variable V is not set: it stands at 3 places (set it, or write ${V:-DEFAULT})",
			"${U}: the variable U is not set (set it, or write ${U:-DEFAULT})",
		}},
		{"no name", "a${}", []string{"${}: ${} is no variable (write 123 where the character '{' is meant)"}},
		{"no name but a default", "${:-x}", []string{"${:-x}: ${:-x} is no variable (write 123 where the character '{' is meant)"}},
		{"a digit first", "${1X}", []string{
			"${1X}: ${1X} is no variable (write ${NAME} or ${NAME:-DEFAULT}: a name has letters, digits and '_', and begins with no digit)",
		}},
		{"other characters", "${A.b}", []string{
			"${A.b}: ${A.b} is no variable (write ${NAME} or ${NAME:-DEFAULT}: a name has letters, digits and '_', and begins with no digit)",
		}},
		{"blanks", "${ A }", []string{"${ A }: ${ A } is no variable (write ${A})"}},
		{"the shell's default", "${A-80} ${A:=80} ${A:80}", []string{
			"${A-80}: ${A-80} is no variable (write ${A:-80})",
			"${A:=80}: ${A:=80} is no variable (write ${A:-80})",
			"${A:80}: ${A:80} is no variable (write ${A:-80})",
		}},
		{"Erlang's character", "[${, $}]", []string{"${, $}: ${, $} is no variable (write 123 where the character '{' is meant)"}},
		{"a default with a variable", "${A:-${B}}", []string{
			"${A:-${B}: variables do not nest (a variable ends at the first '}': write a default without variables)",
		}},
		{"a name with a variable", "${A${B}}", []string{
			"${A${B}: variables do not nest (a variable ends at the first '}': write a default without variables)",
		}},
		{"not closed", "{a, ${A", []string{"${A: ${A is not closed on its line (a '}' is missing)"}},
		{"not closed on its line", "\"${A\r\n}\"", []string{"${A: ${A is not closed on its line (a '}' is missing)"}},
		{"a default not closed on its line", "${A:-\"x\ny\"}", []string{"${A: ${A is not closed on its line (a '}' is missing)"}},
		{"a variable in a value", "${ALL}", []string{
			"${ALL}: the value of ALL has a ${...} in it, which relx would replace too (write the value that is meant into ALL)",
		}},
		{"a control character", "${a\tb}", []string{
			"${a\tb}: \"${a\\tb}\" is no variable (write ${NAME} or ${NAME:-DEFAULT}: a name has letters, digits and '_', and begins with no digit)",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, errs := Expand([]byte(tt.in), Erlang, getenv)
			if text != nil {
				t.Errorf("there is a text: %q", text.Bytes)
			}
			var got []string
			for _, e := range errs {
				got = append(got, tt.in[e.Start:e.End]+": "+e.Error()+" ("+e.Hint+")")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Expand(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestUnexpanded(t *testing.T) {
	tests := []struct {
		comments Comments
		in, want string
	}{
		{Erlang, "[].", ""},
		{Erlang, "% ${A}\n[${,1].", ""},
		{Erlang, "% ${A}\n[${B:-2}, ${C}].", "${B:-2} is unexpanded"},
		{Erlang, "[${}].", "${} is unexpanded"},
		{Args, "# ${A}\n-name ${B}", "${B} is unexpanded"},
		{Args, "-name ${" + strings.Repeat("B", 100) + "}", "${" + strings.Repeat("B", 58) + "... is unexpanded"},
	}
	for _, tt := range tests {
		got := ""
		if e := Unexpanded([]byte(tt.in), tt.comments); e != nil {
			got = e.Msg
		}
		if got != tt.want {
			t.Errorf("Unexpanded(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// Texts that a quadratic search would take hours for.
func TestHostileTexts(t *testing.T) {
	for _, piece := range []string{
		"${", "${A", "${A}", "${}", "${\n", "${U}", "${ ", `"`, `""" `, "\"\"\"\n", `"""x`, "\"\"\"\"\n\"\"\"x", "~s{", "%", "$", "\\", "'", "${A:-${",
	} {
		in := []byte(strings.Repeat(piece, 1<<17/len(piece)))
		for _, comments := range []Comments{Erlang, Args} {
			for _, end := range []string{"", "\n}"} {
				_, errs := Expand(append(in, end...), comments, getenv)
				if len(errs) > maxErrors {
					t.Errorf("%q: %d errors", piece, len(errs))
				}
				Unexpanded(append(in, end...), comments)
			}
		}
	}
}

func TestLongTextIsRefused(t *testing.T) {
	long := strings.Repeat("x", MaxText/2)
	in := []byte("${A}${A}${A}${A}")
	text, errs := Expand(in, Erlang, func(string) string { return long })
	if text != nil || len(errs) != 1 || !strings.Contains(errs[0].Msg, "more than") || errs[0].Start != 8 {
		t.Errorf("got %v, want one error at the third variable", errs)
	}
}

// Every byte of an expanded text is from the byte of the template that it
// copies, or from the variable in whose value it is, and places keep their order.
func TestOffset(t *testing.T) {
	literal := rapid.SampledFrom([]string{"a", "{b, ", "\n", "\r\n", "ü", "\xe4", "$ ", "}", `"`, "'", "\\", "x y", "$x"})
	rapid.Check(t, func(t *rapid.T) {
		values := map[string]string{}
		var in, want []byte
		var from []int // of each byte that is wanted
		for i, n := 0, rapid.IntRange(0, 12).Draw(t, "pieces"); i < n; i++ {
			if rapid.Bool().Draw(t, "literal") {
				text := literal.Draw(t, "text")
				for j := range len(text) {
					from = append(from, len(in)+j)
				}
				in, want = append(in, text...), append(want, text...)
				continue
			}
			name := string(rune('A' + i))
			value := rapid.StringMatching(`[a-z \n"ü]{0,5}`).Draw(t, "value")
			written := "${" + name + ":-x}"
			if value == "" {
				value = "x"
			} else {
				values[name] = value
			}
			for range len(value) {
				from = append(from, len(in))
			}
			in, want = append(in, written...), append(want, value...)
		}
		from = append(from, len(in))

		text, errs := Expand(in, Erlang, func(name string) string { return values[name] })
		if len(errs) > 0 {
			t.Fatalf("Expand(%q): %v", in, errs[0])
		}
		if !bytes.Equal(text.Bytes, want) {
			t.Fatalf("Expand(%q) = %q, want %q", in, text.Bytes, want)
		}
		for at, want := range from {
			if got := text.Offset(at); got != want {
				t.Errorf("in %q, from %q: Offset(%d) = %d, want %d", text.Bytes, in, at, got, want)
			}
		}
		for _, v := range text.Vars {
			for at := v.Start; at < v.End; at++ {
				if got, ok := text.Touched(at, at); !ok || got.Start != v.Start {
					t.Errorf("Touched(%d, %d) = %+v, want %+v", at, at, got, v)
				}
			}
			if got, ok := text.Touched(v.End, v.End); ok && got.Start < v.End {
				t.Errorf("Touched(%d, %d) = %+v, which ends before", v.End, v.End, got)
			}
		}
	})
}

func TestTouched(t *testing.T) {
	const in = `a"${A}" ${a_1}`
	text, errs := Expand([]byte(in), Erlang, getenv)
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	tests := []struct {
		start, end int
		want       string
	}{
		{0, 1, ""},
		{0, 0, ""},
		{1, 7, "A"}, // the string
		{2, 2, "A"},
		{6, 7, ""},
		{6, 9, "a_1"},
		{0, len(in), "A"},
		{len(in), len(in), ""},
	}
	for _, tt := range tests {
		got, ok := text.Touched(tt.start, tt.end)
		if got.Name != tt.want || ok != (tt.want != "") {
			t.Errorf("Touched(%d, %d) = %q, %t, want %q", tt.start, tt.end, got.Name, ok, tt.want)
		}
	}
}
