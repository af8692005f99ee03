package erlterm

import (
	"errors"
	"path/filepath"
	"testing"
)

// FuzzParse: no text makes the package panic. What is accepted prints and
// reads back as the same terms, and has places inside the text; what is
// refused is refused with errors that can be shown.
func FuzzParse(f *testing.F) {
	for _, tt := range terms {
		f.Add([]byte(tt.text + "."))
	}
	for _, tt := range broken {
		f.Add([]byte(tt.text))
	}
	for _, v := range readVerdicts(f, filepath.Join("testdata", "edge.jsonl.gz")) {
		f.Add(v.Input)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := ParseFile("f", src, MaxDepth(200), MaxInteger(1<<14))
		if err != nil {
			checkErrors(t, src, err)
		}
		for i, term := range file.Terms {
			checkCursor(t, len(src), file.Cursor(i))
			if _, err := Parse(append(AppendLiteral(nil, term), '.')); err != nil {
				t.Skip() // what is printed can be too large to be read
			}
			checkRoundTrip(t, term)
		}
	})
}

// FuzzScan: the scanner makes progress over any text, its tokens stand one
// behind the other, and it scans a token the same way wherever it starts.
func FuzzScan(f *testing.F) {
	for _, tt := range terms {
		f.Add(tt.text)
	}
	for _, tt := range broken {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, src string) {
		s := newScanner(src, 0, nil)
		last := 0
		for {
			tok := s.scan()
			if int(tok.off) < last || tok.end < tok.off || int(tok.end) > len(src) || tok.kind == tokSkipped {
				t.Fatalf("token %v is at %d to %d, the last ended at %d", tok.kind, tok.off, tok.end, last)
			}
			if tok.kind == tokEOF {
				return
			}
			if tok.end == tok.off {
				t.Fatalf("token %v at %d is empty", tok.kind, tok.off)
			}
			again := newScanner(src, int(tok.off), nil)
			if got := again.scan(); got != tok {
				t.Fatalf("token %v at %d is %v when scanned alone", tok, tok.off, got)
			}
			last = int(tok.end)
		}
	})
}

func checkErrors(t *testing.T, src []byte, err error) {
	t.Helper()
	var list ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	line := 0
	for _, e := range list {
		if e.Pos.Line <= line || e.Pos.Column < 1 || e.Pos.Offset > len(src) || e.End.Offset < e.Pos.Offset {
			t.Errorf("%v ends at %v, the one before is on line %d", e, e.End, line)
		}
		line = e.Pos.Line
	}
	if Render(src, err) == "" {
		t.Error("nothing is shown")
	}
}

// checkCursor visits all elements of a term by their places.
func checkCursor(t *testing.T, size int, c Cursor) {
	t.Helper()
	if pos := c.Pos(); pos.Offset >= size || pos.Line < 1 || pos.Column < 1 {
		t.Errorf("%v is at %+v of %d bytes", c.Term(), pos, size)
	}
	n := 0
	for e := range c.Elems() {
		n++
		checkCursor(t, size, e)
	}
	if n != c.Len() {
		t.Errorf("%v has %d elements, not %d", c.Term(), n, c.Len())
	}
	if _, ok := c.Term().(*Map); ok {
		for i := range n {
			checkCursor(t, size, c.Key(i))
		}
	}
	if tail, ok := c.Tail(); ok {
		checkCursor(t, size, tail)
	}
}

// FuzzCompare: the order of terms is one, and Equal terms are the same in it.
func FuzzCompare(f *testing.F) {
	for i, tt := range terms {
		f.Add(tt.text, terms[(i+7)%len(terms)].text)
	}
	f.Add("{1,[2.0]}", "{1.0,[2]}")
	f.Add("#{1=>a,2.0=>b}", "#{1.0=>a,2=>b}")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, errX := Parse([]byte(a + " ."))
		y, errY := Parse([]byte(b + " ."))
		if errX != nil || errY != nil {
			t.Skip()
		}
		c := Compare(x, y)
		if d := Compare(y, x); sgn(c) != -sgn(d) {
			t.Errorf("Compare(%v, %v) = %d, the other way %d", x, y, c, d)
		}
		if same := Equal(x, y); same != Equal(y, x) || same && c != 0 || same != (compareKeys(x, y) == 0) {
			t.Errorf("Equal(%v, %v) = %v, Compare = %d, compareKeys = %d", x, y, same, c, compareKeys(x, y))
		}
		if !Equal(x, x) || Compare(y, y) != 0 {
			t.Errorf("%v or %v differs from itself", x, y)
		}
	})
}
