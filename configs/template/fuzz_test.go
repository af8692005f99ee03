package template

import (
	"bytes"
	"strings"
	"testing"
)

// An expansion neither panics nor repeats a value in an error, and each place
// of its result is one of the template, in the same order.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{
		"{port, ${PORT:-80}}. % ${U}\n", "[${, $}]", "${A:-${B}}${", "\"\"\"\n% ${A}\n\"\"\"", "~s{${A}}", "# ${A}\n-name '${A}'",
	} {
		f.Add([]byte(seed), "a value", false)
	}
	f.Fuzz(func(t *testing.T, in []byte, value string, args bool) {
		if len(in) > 1<<12 || len(value) > 1<<10 {
			return
		}
		comments := Erlang
		if args {
			comments = Args
		}
		lookup := func(name string) string {
			if strings.HasPrefix(name, "U") {
				return ""
			}
			return value
		}
		text, errs := Expand(in, comments, lookup)
		for _, e := range errs {
			if e.Start < 0 || e.End < e.Start || e.End > len(in) || e.Msg == "" || strings.Contains(e.Msg+e.Hint, "\n") {
				t.Errorf("a bad error: %+v", e)
			}
		}
		if text == nil {
			if len(errs) == 0 {
				t.Error("neither a text nor an error")
			}
			return
		}
		last := 0
		for at := range len(text.Bytes) {
			from := text.Offset(at)
			if from < last || from >= len(in) {
				t.Fatalf("Offset(%d) = %d, after %d, of %d bytes", at, from, last, len(in))
			}
			if v, ok := text.Touched(from, from); !ok && text.Bytes[at] != in[from] {
				t.Fatalf("Offset(%d) = %d: %q is not %q", at, from, text.Bytes[at], in[from])
			} else if ok && v.Start != from {
				t.Fatalf("Offset(%d) = %d, inside of the variable at %d", at, from, v.Start)
			}
			last = from
		}
		if len(text.Vars) == 0 && !bytes.Equal(text.Bytes, in) {
			t.Error("a text without variables changed")
		}
	})
}
