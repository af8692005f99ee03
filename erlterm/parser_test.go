package erlterm

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseOneTerm(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // the error, "" for none
	}{
		{"one", "a.", ""},
		{"none", "", "1:1: expected one term, found none"},
		{"comment only", "% a.\n", "2:1: expected one term, found none"},
		{"two", "a.\n b.", "2:2: expected one term, found 2"},
		{"broken", "[a", "1:3: missing ']'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.text))
			if got := errorText(err); got != tt.want {
				t.Errorf("Parse(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestParseAll(t *testing.T) {
	got, err := ParseAll([]byte("a. {b,1}.%c\n\"d\".\n\n"))
	if err != nil || List(got).String() != "[a,{b,1},[100]]" {
		t.Errorf("ParseAll = %v, %v", got, err)
	}
	if got, err := ParseAll(nil); got != nil || err != nil {
		t.Errorf("ParseAll of nothing = %v, %v", got, err)
	}
}

// TestTermsBesideErrors: a file keeps the terms that were right.
func TestTermsBesideErrors(t *testing.T) {
	f, err := ParseFile("f", []byte("a.\n{b,}.\n{c, 1.0e999}. d. {16#}.\n#{e=>1,e=>2}}.\n[f]."))
	if got := List(f.Terms).String(); got != "[a,d,[f]]" {
		t.Errorf("the terms are %s", got)
	}
	want := "f:2:3: unexpected ',' before '}'\n" +
		"f:3:5: the number is too large for a float\n" +
		"f:4:13: unexpected '}'"
	if got := errorText(err); got != want {
		t.Errorf("the errors are\n%s\nwant\n%s", got, want)
	}
	if pos := f.Cursor(2).Elem(0).Pos(); pos.Line != 5 || pos.Column != 2 || len(f.Repeated) != 0 {
		t.Errorf("the last term's element is at %v, the file has repeated keys %v", pos, f.Repeated)
	}
}

func TestErrorListUnwraps(t *testing.T) {
	_, err := ParseAll([]byte("X.\nY."))
	var one *Error
	if !errors.As(err, &one) || one.Pos.Line != 1 {
		t.Errorf("errors.As found %v in %v", one, err)
	}
	if err := ErrorList(nil).Err(); err != nil {
		t.Errorf("an empty list is the error %v", err)
	}
}

func TestLimits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) + "." }
	tests := []struct {
		name string
		text string
		opts []Option
		want string // the error, "" for none
	}{
		{"input", "abcd.", []Option{MaxInput(5)}, ""},
		{"input over", "abcde.", []Option{MaxInput(5)}, "1:1: the text has 6 bytes, the limit is 5"},
		{"default depth", deep(DefaultMaxDepth), nil, ""},
		{"default depth over", deep(DefaultMaxDepth + 1), nil, "1:10001: brackets nest deeper than the limit of 10000"},
		{"lists", "[[[]]].", []Option{MaxDepth(2)}, "1:3: brackets nest deeper than the limit of 2"},
		{"tuples", "{{{}}}.", []Option{MaxDepth(2)}, "1:3: brackets nest deeper than the limit of 2"},
		{"maps", "#{#{#{}=>1}=>1}.", []Option{MaxDepth(2)}, "1:6: brackets nest deeper than the limit of 2"},
		{"binaries", "<<(<<>>)/bits>>.", []Option{MaxDepth(2)}, "1:4: brackets nest deeper than the limit of 2"},
		{"parentheses", "-(((1))).", []Option{MaxDepth(2)}, "1:4: brackets nest deeper than the limit of 2"},
		{"tails", "[a|[b|([c])]].", []Option{MaxDepth(3)}, "1:8: brackets nest deeper than the limit of 3"},
		{"siblings", "[[],[],[[]]].", []Option{MaxDepth(3)}, ""},
		{"atom", strings.Repeat("é", 255) + ".", nil, ""},
		{"atom over", strings.Repeat("é", 256) + ".", nil, "1:1: an atom has at most 255 characters"},
		{"quoted atom over", "'" + strings.Repeat(`\x{e9}`, 256) + "'.", nil, "1:1: an atom has at most 255 characters"},
		{"atom option", "abc.", []Option{MaxAtom(2)}, "1:1: an atom has at most 2 characters"},
		{"integer", "255.", []Option{MaxInteger(8)}, ""},
		{"integer over", "256.", []Option{MaxInteger(8)}, "1:1: an integer of more than 8 bits"},
		{"integer with zeros", "16#00000000000000000ff.", []Option{MaxInteger(8)}, ""},
		{"default integer", "16#" + strings.Repeat("f", DefaultMaxInteger/4) + ".", nil, ""},
		{"default integer over", "16#1" + strings.Repeat("0", DefaultMaxInteger/4) + ".", nil, "1:1: an integer of more than 1048576 bits"},
		{"segment over", "<<1:1048577>>.", nil, "1:3: a segment of more than 1048576 bits"},
		{"segment over by its unit", "<<1:4097/unit:256>>.", nil, "1:3: a segment of more than 1048576 bits"},
		{"segments", "<<" + strings.Repeat("1:1000000,", 20) + "1>>.", nil, "1:83: the binaries of this text are too large for its length"},
		{"string segment", "<<\"abcdefghijk\":1000000>>.", nil, "1:3: the binaries of this text are too large for its length"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseAll([]byte(tt.text), tt.opts...)
			if got := errorText(err); got != tt.want {
				t.Errorf("the error is %q, want %q", got, tt.want)
			}
		})
	}
}

// TestManyErrors: the list ends somewhere, whatever the text.
func TestManyErrors(t *testing.T) {
	_, err := ParseAll([]byte(strings.Repeat("X.\n", 10_000)))
	var list ErrorList
	if !errors.As(err, &list) || len(list) != maxErrors {
		t.Errorf("%d errors, want %d", len(list), maxErrors)
	}
}

// TestHugeBrokenTerm: a term too large for a diagnosis has the parser's error.
func TestHugeBrokenTerm(t *testing.T) {
	_, err := ParseAll([]byte("[" + strings.Repeat("a,\n", maxWords) + "X].\nb."))
	if got, want := errorText(err), "200001:1: expected a term, found the variable X"; got != want {
		t.Errorf("the error is %q, want %q", got, want)
	}
}

func TestCoding(t *testing.T) {
	const latin1 = "\"\xe9\"."
	tests := []struct {
		name, text string
		ok         bool
	}{
		{"first line", "%% coding: latin-1\n" + latin1, true},
		{"Emacs", "%% -*- mode: erlang; coding: latin-1 -*-\n" + latin1, true},
		{"second line", "\n% encoding = Latin-1\n" + latin1, true},
		{"third line", "\n\n% coding: latin-1\n" + latin1, false},
		{"same line", "[]. % coding: latin-1\n" + latin1, true},
		{"no comment", "coding: latin-1.\n" + latin1, false},
		{"no separator", "% coding latin-1\n" + latin1, false},
		{"tab", "% coding:\tlatin-1\n" + latin1, false},
		{"capitals", "% CODING: latin-1\n" + latin1, false},
		{"other name", "% coding: latin-2\n" + latin1, false},
		{"longer name", "% coding: latin-1-unix\n" + latin1, true},
		{"first of two", "% coding: utf-8 coding: latin-1\n" + latin1, false},
		{"word before", "% xcoding: latin-1\n" + latin1, true},
		{"too far", "%" + strings.Repeat(" ", 512) + "coding: latin-1\n" + latin1, false},
		{"not too far", "%" + strings.Repeat(" ", 490) + "coding: latin-1\n" + latin1, true},
		{"cut by the window", "%" + strings.Repeat(" ", 496) + "coding: latin-1\n" + latin1, false},
		{"none", latin1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			terms, err := ParseAll([]byte(tt.text))
			if ok := err == nil; ok != tt.ok {
				t.Fatalf("error %v, want accepted: %v", err, tt.ok)
			}
			if tt.ok && !Equal(terms[len(terms)-1], String("é")) {
				t.Errorf("the string is %v", terms)
			}
		})
	}
}

// TestLatin1Positions: offsets count the bytes of the file, which were
// characters.
func TestLatin1Positions(t *testing.T) {
	f, err := ParseFile("f", []byte("% coding: latin-1\n{\"\xe9\xe9\", a}."))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Cursor(0).Elem(1).Pos(), (Position{25, 2, 8}); got != want {
		t.Errorf("a is at %+v, want %+v", got, want)
	}
}

func TestSourceIsCopied(t *testing.T) {
	src := []byte("{abc, \"def\"}.")
	f, err := ParseFile("f", src)
	if err != nil {
		t.Fatal(err)
	}
	clear(src)
	if got := f.Terms[0].String(); got != "{abc,[100,101,102]}" {
		t.Errorf("the term became %s", got)
	}
	if got := f.Cursor(0).Elem(1).Pos(); got.Column != 7 {
		t.Errorf("the string is at %v", got)
	}
}

func TestFiniteTokens(t *testing.T) {
	for _, tt := range broken {
		s := newScanner(tt.text, 0, nil)
		last := 0
		for {
			tok := s.scan()
			if int(tok.off) < last || tok.end < tok.off || int(tok.end) > len(tt.text) {
				t.Fatalf("%s: token %v of %q is at %d to %d, the last ended at %d", tt.name, tok.kind, tt.text, tok.off, tok.end, last)
			}
			if tok.kind == tokEOF {
				break
			}
			if tok.end == tok.off {
				t.Fatalf("%s: token %v of %q is empty", tt.name, tok.kind, tt.text)
			}
			last = int(tok.end)
		}
	}
}

func TestMapOrderKeepsLast(t *testing.T) {
	pairs := []Pair{{Int(2), Int(0)}, {Int(1), Int(1)}, {Int(2), Int(2)}, {Int(1), Int(3)}, {Int(1), Int(4)}}
	if got := mapOrder(nil, pairs); !slices.Equal(got, []int{4, 2}) {
		t.Errorf("mapOrder = %v", got)
	}
}
