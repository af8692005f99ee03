package erlterm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	tests := []struct {
		name, src string
		pos, end  Position
		want      string
	}{
		{"first byte", "X.\n", Position{0, 1, 1}, Position{1, 1, 2}, "  X.\n  ^\n"},
		{"several characters", "{a, Foo}.\n", Position{4, 1, 5}, Position{7, 1, 8}, "  {a, Foo}.\n      ^~~\n"},
		{"tab", "\t{a,\tX}.\n", Position{5, 1, 6}, Position{6, 1, 7}, "  \t{a,\tX}.\n  \t   \t^\n"},
		{"non-ASCII", "{\"éж😀\", X}.\n", Position{13, 1, 8}, Position{14, 1, 9}, "  {\"éж😀\", X}.\n          ^\n"},
		{"wide", "{\"設定\", X}.\n", Position{11, 1, 7}, Position{12, 1, 8}, "  {\"設定\", X}.\n          ^\n"},
		{"wide under the caret", "{設定}.\n", Position{1, 1, 2}, Position{7, 1, 4}, "  {設定}.\n   ^~~~\n"},
		{"combining", "{\"e\u0301a\u0300\u0308\", X}.\n", Position{11, 1, 11}, Position{12, 1, 12}, "  {\"e\u0301a\u0300\u0308\", X}.\n         ^\n"},
		{"at a combining mark", "ae\u0301.\n", Position{2, 1, 3}, Position{4, 1, 4}, "  ae\u0301.\n   ^\n"},
		{"tab behind wide", "設\tX.\n", Position{4, 1, 3}, Position{5, 1, 4}, "  設\tX.\n    \t^\n"},
		{"tab under the caret", "\"a\tb\" c.\n", Position{0, 1, 1}, Position{5, 1, 6}, "  \"a\tb\" c.\n  ^~\n"},
		{"CRLF", "a.\r\nX.\r\n", Position{4, 2, 1}, Position{5, 2, 2}, "  X.\n  ^\n"},
		{"end of line with CRLF", "a\r\n", Position{1, 1, 2}, Position{1, 1, 2}, "  a\n   ^\n"},
		{"end of file", "[a", Position{2, 1, 3}, Position{2, 1, 3}, "  [a\n    ^\n"},
		{"behind the last newline", "a.\n", Position{3, 2, 1}, Position{3, 2, 1}, "  \n  ^\n"},
		{"empty", "", Position{0, 1, 1}, Position{0, 1, 1}, "  \n  ^\n"},
		{"to another line", "\"a\nb\" X.\n", Position{0, 1, 1}, Position{5, 2, 3}, "  \"a\n  ^\n"},
		{"Latin-1", "{\"\xe9\", X}.\n", Position{6, 1, 7}, Position{7, 1, 8}, "  {\"é\", X}.\n        ^\n"},
		{"invisible", "\x1b[31m\u200bX.\n", Position{8, 1, 7}, Position{9, 1, 8}, "   [31m X.\n        ^\n"},
		{"no such line", "a.\n", Position{9, 7, 1}, Position{9, 7, 1}, ""},
		{"no place", "a.\n", Position{}, Position{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &Error{Pos: tt.pos, End: tt.end, Msg: "m"}
			if got := e.Snippet([]byte(tt.src)); got != tt.want {
				t.Errorf("Snippet is\n%q\nwant\n%q", got, tt.want)
			}
		})
	}
}

func TestRenderKinds(t *testing.T) {
	one := &Error{File: "f", Pos: Position{0, 1, 1}, End: Position{1, 1, 2}, Msg: "m", Hint: "h"}
	const shown = "f:1:1: m\n  a\n  ^\nhint: h\n"
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"nil", nil, ""},
		{"one", one, shown},
		{"list", ErrorList{one, one}, shown + shown},
		{"wrapped", fmt.Errorf("loading: %w", ErrorList{one}), shown},
		{"joined", errors.Join(errors.New("other"), ErrorList{one}), "other\n" + shown},
		{"other", errors.New("other"), "other\n"},
	}
	for _, tt := range tests {
		if got := Render([]byte("a\n"), tt.err); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// Of a long line the part around the place is shown, with the caret under it.
func TestRenderLongLine(t *testing.T) {
	for _, at := range []int{1, 50, 61, 500, 940, 999} {
		src := []byte(strings.Repeat("a", at-1) + "X" + strings.Repeat("b", 1000-at))
		e := &Error{Pos: Position{Offset: at - 1, Line: 1, Column: at}, End: Position{Offset: at, Line: 1, Column: at + 1}, Msg: "x"}
		lines := strings.Split(e.Snippet(src), "\n")
		shown, caret := []rune(lines[0]), strings.IndexByte(lines[1], '^')
		if len(shown) != 2+longestLine || shown[caret] != 'X' {
			t.Errorf("column %d:\n%s\n%s", at, lines[0], lines[1])
		}
		if cut := strings.Count(lines[0], "…"); cut == 0 || cut > 2 {
			t.Errorf("column %d: %d ellipses in %s", at, cut, lines[0])
		}
	}
}
