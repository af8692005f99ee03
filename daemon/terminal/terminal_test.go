package terminal

import (
	"bytes"
	"testing"
)

func TestTable(t *testing.T) {
	table := Table{
		Head: []string{"NAME", "SPARE", "WORDS"}, Spare: []int{1},
		Rows: [][]Cell{{{Text: "é"}, {Text: "x"}, {Text: "some words that are long"}}, {{Text: "bee"}, {Text: "y"}, {Text: "-"}}},
	}
	for width, want := range map[int]string{
		0:  "NAME  SPARE  WORDS\né     x      some words that are long\nbee   y      -\n",
		25: "NAME  SPARE  WORDS\né     x      some words …\nbee   y      -\n",
		20: "NAME  WORDS\né     some words th…\nbee   -\n",
	} {
		if got := table.Render(Style{Width: width}); got != want {
			t.Errorf("at %d:\n%s\nwant\n%s", width, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	for text, want := range map[string]string{"": "", "four": "four", "fíver": "fív…"} {
		if got := (Style{Width: 4}).Fit(text); got != want {
			t.Errorf("Fit(%q) = %q, want %q", text, got, want)
		}
	}
}

// What is no terminal gets what is written and nothing else.
func TestPlain(t *testing.T) {
	var out bytes.Buffer
	getenv := func(string) string { return "xterm" }
	if s := StyleOf(&out, getenv); s != (Style{}) {
		t.Errorf("the style of a buffer is %+v", s)
	}
	f := NewFooter(&out, getenv, func() string { return "progress" })
	if _, err := f.Write([]byte("a line\n")); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if out.String() != "a line\n" {
		t.Errorf("it wrote %q", out.String())
	}
}
