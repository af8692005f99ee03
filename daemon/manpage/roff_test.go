package manpage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"":               "",
		"-o FORMAT":      `\-o FORMAT`,
		`a\b`:            `a\eb`,
		`'db-*@*'`:       `\(aqdb\-*@*\(aq`,
		`"x" ^ ~ ` + "`": `\(dqx\(dq \(ha \(ti \(ga`,
		"250 µs":         `250 \[u00B5]s`,
		"a\tb\nc\x1b":    "a    b c",
	} {
		if got := escape(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got, want := prose("the node's 'x' of a-b's"), `the node's \(aqx\(aq of a\-b's`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestControlLines: no text becomes a request.
func TestControlLines(t *testing.T) {
	var r roff
	r.example(".SH x\n'br\n\n  .x\n")
	r.fill(".config is a file. 'tis.")
	r.item(".x", "... and so on")
	want := ".RS 4\n.EX\n\\&.SH x\n\\(aqbr\n\n  .x\n.EE\n.RE\n\\&.config is a file. \\(aqtis.\n.TP\n\\&.x\n\\&... and so on\n"
	if diff := cmp.Diff(want, r.b.String()); diff != "" {
		t.Error(diff)
	}
}

// TestFill: no line is long, a sentence begins one, and one that begins with a dot
// for want of room is text.
func TestFill(t *testing.T) {
	var r roff
	r.fill("It ends. Another begins with a word that is so long as this one was, and so on:\n.erlang.cookie e.g. goes on")
	want := "It ends.\nAnother begins with a word that is so long as this one was, and so on:\n\\&.erlang.cookie e.g. goes on\n"
	if diff := cmp.Diff(want, r.b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestLists(t *testing.T) {
	tests := []struct {
		name, block string
		want        []entry
	}{
		{"entries", "  NODE  its name\n  STATE  up", nil}, // another column
		{"a column", "  NODE   its name\n  STATE  up;\n         down", []entry{{"NODE", "its name"}, {"STATE", "up; down"}}},
		{"several words", "  self, start  who saw it\n  x            y", []entry{{"self, start", "who saw it"}, {"x", "y"}}},
		{"a long word", "  a   b\n  NAME on NODE: ...\n      c", []entry{{"a", "b"}, {"NAME on NODE: ...", "c"}}},
		{"without a text", "  a   b\n  NAME", nil},
		{"an example", "  interconnectd completion fish > x", nil},
		{"text", "Each is a line.", nil},
		{"set in further", "  a  b\n       c", nil},
	}
	for _, tt := range tests {
		got, ok := listOf(tt.block)
		if ok != (tt.want != nil) || ok && !cmp.Equal(got, tt.want, cmp.AllowUnexported(entry{})) {
			t.Errorf("%s: %q, %v", tt.name, got, ok)
		}
	}
}

func TestUsage(t *testing.T) {
	for text, want := range map[string]string{
		"[-o FORMAT] FILE...": `[\fB\-o\fR\ \fIFORMAT\fR] \fIFILE\fR...`,
		"bash|zsh":            `\fBbash\fR|\fBzsh\fR`,
		"-name NAME[@HOST]":   `\fB\-name\fR \fINAME\fR[@\fIHOST\fR]`,
		"set-cookie COOKIE":   `\fBset\-cookie\fR \fICOOKIE\fR`,
	} {
		if got := usage(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
