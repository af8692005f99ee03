package erlterm

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

const places = `%% places
[{kernel, [{a, "é", 1}, x]},
 #{b => 2, 'a b' => {c},
   1.0 => -1},
 (p), [h, (i) | t],
 <<1, "x">>, fun m:f/0 | [ last ]].
second.
`

// TestCursor walks over all terms of a file and lists their places.
func TestCursor(t *testing.T) {
	f, err := ParseFile("places", []byte(places))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range f.Cursors() {
		listPlaces(&b, c, "")
	}
	want := `2:1 list of 7
  2:2 tuple of 2
    2:3 kernel
    2:11 list of 2
      2:12 tuple of 3
        2:13 a
        2:16 string of 0
        2:21 1
      2:25 x
  3:2 map of 3
    4:4 key 1.0
    4:11 -1
    3:12 key 'a b'
    3:21 tuple of 1
      3:22 c
    3:4 key b
    3:9 2
  5:3 p
  5:7 improper list of 2
    5:8 h
    5:12 i
    5:17 t
  6:2 <<1,120>>
  6:14 fun m:f/0
  6:28 last
7:1 second
`
	if got := b.String(); got != want {
		t.Errorf("the places are\n%s\nwant\n%s", got, want)
	}
}

func listPlaces(b *strings.Builder, c Cursor, indent string) {
	what := ""
	switch t := c.Term().(type) {
	case Tuple:
		what = fmt.Sprintf("tuple of %d", c.Len())
	case List:
		what = fmt.Sprintf("list of %d", c.Len())
	case *Improper:
		what = fmt.Sprintf("improper list of %d", c.Len())
	case *Map:
		what = fmt.Sprintf("map of %d", c.Len())
	case String:
		what = fmt.Sprintf("string of %d", c.Len())
	default:
		what = t.String()
	}
	fmt.Fprintf(b, "%s%s %s\n", indent, c.Pos(), what)
	i := 0
	for e := range c.Elems() {
		if _, ok := c.Term().(*Map); ok {
			key := c.Key(i)
			fmt.Fprintf(b, "%s  %s key %s\n", indent, key.Pos(), key.Term())
		}
		if other := c.Elem(i); other.span != e.span || !Equal(other.Term(), e.Term()) {
			fmt.Fprintf(b, "Elem(%d) is at %s\n", i, other.Pos())
		}
		listPlaces(b, e, indent+"  ")
		i++
	}
	if tail, ok := c.Tail(); ok {
		listPlaces(b, tail, indent+"  ")
	}
}

func TestElemsStops(t *testing.T) {
	f, err := ParseFile("", []byte("{a,b}. #{a=>1,b=>2}."))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Cursors() {
		n := 0
		for range c.Elems() {
			n++
			break
		}
		if n != 1 {
			t.Errorf("Elems of %v went on behind a break", c.Term())
		}
	}
}

func TestRepeatedKeys(t *testing.T) {
	f, err := ParseFile("", []byte("#{a=>1,b=>2,\n a=>3,c=>#{1=>x,1.0=>y,1=>z},\na=>{4}}."))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range f.Repeated {
		got = append(got, fmt.Sprintf("%s at %s and %s", r.Again.Term(), r.First.Pos(), r.Again.Pos()))
	}
	want := "1 at 2:12 and 2:24; a at 1:3 and 2:2; a at 1:3 and 3:1"
	if strings.Join(got, "; ") != want {
		t.Errorf("repeated are %s, want %s", strings.Join(got, "; "), want)
	}
	c := f.Cursor(0)
	if got := c.Elem(0).Elem(0).Pos(); c.Key(0).Pos().Line != 3 || got.Line != 3 {
		t.Errorf("the value of a is at %v, want that of the last a", got)
	}
}

func TestCursorErrorf(t *testing.T) {
	const text = "[{timeout, -500}, 'a b', [x]]."
	f, err := ParseFile("sys.config", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		at   Cursor
		want string
	}{
		{f.Cursor(0).Elem(0).Elem(1), "sys.config:1:12: not 1\n  " + text + "\n             ^~~~\nhint: write 2\n"},
		{f.Cursor(0).Elem(1), "sys.config:1:19: not 1\n  " + text + "\n                    ^~~~~\nhint: write 2\n"},
		{f.Cursor(0).Elem(2), "sys.config:1:26: not 1\n  " + text + "\n                           ^\nhint: write 2\n"},
	}
	for _, tt := range tests {
		if got := Render([]byte(text), tt.at.Errorf("write 2", "not %d", 1)); got != tt.want {
			t.Errorf("got\n%s\nwant\n%s", got, tt.want)
		}
	}
}

// TestConcurrentPositions is for the race detector: the table of lines is made
// by the first who asks.
func TestConcurrentPositions(t *testing.T) {
	f, err := ParseFile("", []byte("a.\nb.\nc."))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got := f.Cursor(2).Pos(); got.Line != 3 {
				t.Errorf("c is on line %d", got.Line)
			}
		})
	}
	wg.Wait()
}

func TestPositionString(t *testing.T) {
	if got := (Position{Offset: 7, Line: 2, Column: 3}).String(); got != "2:3" {
		t.Errorf("String() = %q", got)
	}
	if got := (Position{}).String(); got != "-" {
		t.Errorf("String() of no place = %q", got)
	}
}

// fill replaces each @ of a template, and is the offsets of PlacesIn.
func fill(template, value string) (text string, offset func(int) int) {
	var made []byte
	var from []int
	for i := range len(template) {
		piece := template[i : i+1]
		if piece == "@" {
			piece = value
		}
		for j := range len(piece) {
			made, from = append(made, piece[j]), append(from, i)
		}
	}
	from = append(from, len(template))
	return string(made), func(at int) int { return from[at] }
}

func TestPlacesIn(t *testing.T) {
	tests := []struct{ name, template, value, want string }{
		{"terms", "[@, @ ,\n é, @, z].\n", "10000", "1:2 1:5 2:2 2:5 2:8"},
		{"a value of several lines", "[@,b,\n c].", "1\n", "1:2 1:4 2:2"},
		{"terms in a value", "[@, c].", "a,\nb", "1:2 1:2 1:5"},
		{"Latin-1", "%% coding: latin-1\n[$\xe9, @, $\xe9, b].", "1000", "2:2 2:6 2:9 2:13"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, offset := fill(tt.template, tt.value)
			f, err := ParseFile("", []byte(text), PlacesIn([]byte(tt.template), offset))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for c := range f.Cursor(0).Elems() {
				got = append(got, c.Pos().String())
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("places %s, want %s", got, tt.want)
			}
		})
	}
}

// The places of errors, and those in hints, are the template's, and so is the
// line that is shown.
func TestPlacesInErrors(t *testing.T) {
	const template = "[{a, @}, {b, 1},\n {@, [2}, c].\n"
	text, offset := fill(template, "x,\n\n\ny")
	_, err := ParseFile("t", []byte(text), PlacesIn([]byte(template), offset))
	want := `t:2:8: missing ']'
   {@, [2}, c].
         ^
hint: a ']' is missing: the '[' at 2:6 is never closed
`
	if got := Render([]byte(template), err); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
