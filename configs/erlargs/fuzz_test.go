package erlargs

import (
	"strings"
	"testing"
)

func FuzzSplit(f *testing.F) {
	for _, tt := range splits {
		f.Add([]byte(tt.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := Split("vm.args", text)
		last := -1
		for _, w := range file.Words {
			if w.Pos.Offset <= last || w.Pos.Offset >= len(text) {
				t.Fatalf("%q at %d, after %d of %d", w.Text, w.Pos.Offset, last, len(text))
			}
			for i := range len(w.Text) {
				at := w.At(i).Offset
				if text[at] != w.Text[i] || at <= last {
					t.Fatalf("byte %d of %q is at %d of %q", i, w.Text, at, text)
				}
				last = at
			}
			last = max(last, w.Pos.Offset)
		}
		// Words written anew are the same words.
		var again strings.Builder
		for _, w := range file.Words {
			again.WriteString(quote(w.Text) + "\n")
		}
		same := Split("vm.args", []byte(again.String()))
		if len(same.Words) != len(file.Words) {
			t.Fatalf("%q has %d words, written anew %d", text, len(file.Words), len(same.Words))
		}
		for i, w := range same.Words {
			if w.Text != file.Words[i].Text {
				t.Fatalf("word %d is %q, written anew %q", i, file.Words[i].Text, w.Text)
			}
		}
		words, extra, _ := Read("vm.args", func(string) ([]byte, error) { return text, nil })
		a := Parse(append(words, extra...))
		if len(a.Flags)+len(a.Emulator)+len(a.Env)+len(a.Plain) > len(words)+len(extra) {
			t.Fatalf("more groups than words: %q", text)
		}
	})
}

// quote writes a word so that it is read as it is.
func quote(word string) string {
	return `"` + strings.ReplaceAll(word, `"`, `"'"'"`) + `"`
}
