package erlterm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads all terms, and the errors about single ones, in order.
func readAll(d *Decoder) (terms List, errs []error, end error) {
	for {
		t, err := d.Term()
		var list ErrorList
		switch {
		case err == nil:
			terms = append(terms, t)
		case errors.As(err, &list) && len(errs) < 10:
			errs = append(errs, err)
		default:
			return terms, errs, err
		}
	}
}

// readers give a text in different pieces.
var readers = map[string]func(io.Reader) io.Reader{
	"whole":             func(r io.Reader) io.Reader { return r },
	"bytes":             iotest.OneByteReader,
	"half":              iotest.HalfReader,
	"data with the end": iotest.DataErrReader,
}

func TestDecoder(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // the terms
		errs       string // the errors, with f:
	}{
		{"nothing", "", "[]", ""},
		{"comments", " % a.\n\n%b", "[]", ""},
		{"terms", "a. {b,1}.%c\n\"d. \".\n\n'e. '. ", "[a,{b,1},[100,46,32],'e. ']", ""},
		{"no end of line", "a.", "[a]", ""},
		{"dots in words", "1.5. [$., $\\., $. ]. $a. $\\x{2e}. \"\\\". \". '\\'. '. $\\^[.", "", "?"},
		{"characters", "$.. $\". $'. $%. $\\\\. $\\^[. $\\x{41}. $~.", "", "?"},
		{"sigils", "~\"a. b\". ~B{a\\}. ~b(a\\). b). ~s'. '. ~S|\\|. ~[\\x{5d}. ].", "", "?"},
		{"triple-quoted", "\"\"\"\n a. \"\"\" \n \"\"\". \"\"\"\"\n\"\"\"\n\"\"\"\". ~b\"\"\"\n\\\"\"\"\n\\\n\"\"\".\n\"\". a.", "", "?"},
		{"wide blanks", "a.\u00a0b.\u0085\u00a0% c\nc\u00a0.", "[a,b,c]", ""},
		{"operators", "a.b.\nc. ... . d.", "[c,d]", "f:1:1: a name with a '.' without quotes\nf:2:4: unexpected '...'"},
		{"between errors", "a. [b,\n,c]. d. #{.\n e.", "[a,d,e]", "f:2:1: unexpected ','\nf:2:11: missing '}'"},
		{"the end", "a.\n  [b", "[a]", "f:2:5: missing ']'"},
		{"open quote", "a. 'b. c.", "[a]", "f:1:4: the quoted atom that starts here is never closed"},
		{"Latin-1", "%% coding: latin-1\n'\xe9'. \"\xe9\xe9\". {\xe9, B}.", "[é,[233,233]]", "f:2:16: unexpected variable B"},
		{"Latin-1 on the second line", "'\xe9'.\n%% coding: latin-1\n", "[é]", ""},
		{"UTF-8", "'é'. {é, B}.", "[é]", "f:1:10: unexpected variable B"},
		{"comment that is not UTF-8", "% é\xe9\n{a}.% \xe9", "[{a}]", "f:1:4: byte 16#E9 is not UTF-8\nf:2:7: byte 16#E9 is not UTF-8"},
		{"not UTF-8", "a. '\xe9'.\nb.", "[a,b]", "f:1:5: byte 16#E9 is not UTF-8"},
	}
	for _, tt := range tests {
		if tt.errs == "?" { // as ParseAll has it
			f, err := ParseFile("f", []byte(tt.text))
			tt.want, tt.errs = List(f.Terms).String(), errorText(err)
		}
		for name, reader := range readers {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				d := NewDecoder(reader(strings.NewReader(tt.text)), Name("f"))
				terms, errs, end := readAll(d)
				if got := terms.String(); got != tt.want {
					t.Errorf("the terms are %s, want %s", got, tt.want)
				}
				if got := errorText(errors.Join(errs...)); got != tt.errs {
					t.Errorf("the errors are\n%s\nwant\n%s", got, tt.errs)
				}
				if _, err := d.Term(); end != io.EOF || err != io.EOF {
					t.Errorf("the end is %v, then %v", end, err)
				}
			})
		}
	}
}

// TestDecoderAccepted reads all that OTP accepts, byte by byte.
func TestDecoderAccepted(t *testing.T) {
	for _, name := range []string{"edge", "generated"} {
		for _, v := range readVerdicts(t, filepath.Join("testdata", name+".jsonl.gz")) {
			if v.OK {
				checkDecoder(t, v.Input)
			}
		}
	}
	if dir := os.Getenv("INTERCONNECT_CORPUS"); dir != "" {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if src, err := os.ReadFile(name); err == nil {
				checkDecoder(t, src)
			}
		}
	}
}

// checkDecoder holds a Decoder against ParseFile: the same terms at the same
// places, or else some error.
func checkDecoder(t *testing.T, src []byte) {
	t.Helper()
	f, parseErr := ParseFile("f", src)
	d := NewDecoder(iotest.OneByteReader(bytes.NewReader(src)), Name("f"))
	n := 0
	for {
		c, err := d.Cursor()
		var list ErrorList
		switch {
		case errors.As(err, &list) && parseErr != nil:
			if Render(src, err) == "" {
				t.Fatalf("nothing is shown for %v", err)
			}
			n = len(src) + 1
			continue
		case err == io.EOF && (n == len(f.Terms) || n > len(src)):
			return
		case err != nil:
			t.Fatalf("Decoder of %q: %v after %d of %d terms, ParseFile: %v", src, err, n, len(f.Terms), parseErr)
		case parseErr != nil:
			continue
		case n >= len(f.Terms) || !Equal(c.Term(), f.Terms[n]):
			t.Fatalf("Decoder of %q: term %d is %v of %v", src, n, c.Term(), f.Terms)
		}
		want := f.Cursor(n)
		checkSamePlaces(t, c, want)
		n++
	}
}

func checkSamePlaces(t *testing.T, got, want Cursor) {
	t.Helper()
	if got.Pos() != want.Pos() {
		t.Fatalf("%v is at %+v, want %+v", got.Term(), got.Pos(), want.Pos())
	}
	if got.Len() > 0 {
		checkSamePlaces(t, got.Elem(got.Len()-1), want.Elem(want.Len()-1))
	}
}

func TestDecode(t *testing.T) {
	d := NewDecoder(strings.NewReader("{point, 1, 2}.\n{point,\n  x, 2}. {point, 3, 4}."), Name("f"))
	var got []point
	var errs []string
	for {
		var p point
		err := d.Decode(&p)
		if err == io.EOF {
			break
		}
		if err != nil {
			errs = append(errs, err.Error())
			continue
		}
		got = append(got, p)
	}
	if want := "[{{} 1 2} {{} 3 4}]"; fmt.Sprint(got) != want {
		t.Errorf("the values are %v, want %v", got, want)
	}
	if want := "[f:3:3: x: expected an integer, found x]"; fmt.Sprint(errs) != want {
		t.Errorf("the errors are %v, want %v", errs, want)
	}
}

// TestDecoderDoesNotWait: a term is there when the byte behind its dot is.
func TestDecoderDoesNotWait(t *testing.T) {
	r, w := io.Pipe()
	defer r.Close()
	d := NewDecoder(r)
	for _, text := range []string{"a.\n", "% coding: utf-8\n", "{b,\n\"c. \"}.\n", "'é'. "} {
		go func() { _, _ = w.Write([]byte(text)) }()
		if strings.HasPrefix(text, "%") {
			continue // no term
		}
		got, err := d.Term()
		if want := mustParse(t, text); err != nil || !Equal(got, want) {
			t.Fatalf("the term is %v, %v, want %v", got, err, want)
		}
	}
}

func mustParse(t *testing.T, text string) Term {
	t.Helper()
	term, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return term
}

// An endless reader gives the same text for ever.
type endless struct {
	text string
	n    int
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.text)
	e.n += n
	return n, nil
}

// TestDecoderLimit: one term is limited, not what is between terms nor the
// stream.
func TestDecoderLimit(t *testing.T) {
	d := NewDecoder(strings.NewReader(strings.Repeat("%%%%%%%%%%\n", 1000)+strings.Repeat("abcd. ", 1000)), MaxInput(5))
	if terms, errs, end := readAll(d); len(terms) != 1000 || errs != nil || end != io.EOF {
		t.Errorf("%d terms, errors %v, end %v", len(terms), errs, end)
	}
	for _, text := range []string{"[a,", "'", "x", "$", "~b\"\"\""} {
		r := &endless{text: text}
		d := NewDecoder(io.MultiReader(strings.NewReader("a.\n "), r), MaxInput(10_000), Name("f"))
		if _, err := d.Term(); err != nil {
			t.Fatal(err)
		}
		_, err := d.Term()
		if got, want := errorText(err), "f:2:2: a term of more than the limit of 10000 bytes"; got != want {
			t.Errorf("the error of endless %q is %q, want %q", text, got, want)
		}
		read := r.n
		if _, again := d.Term(); errorText(again) != errorText(err) || r.n != read || r.n > 20_000 {
			t.Errorf("the second error is %v, %d bytes were read", again, r.n)
		}
	}
}

func TestDecoderReadErrors(t *testing.T) {
	failure := errors.New("broken pipe")
	d := NewDecoder(io.MultiReader(strings.NewReader("a. b. c"), iotest.ErrReader(failure)))
	terms, errs, end := readAll(d)
	if terms.String() != "[a,b]" || errs != nil || !errors.Is(end, failure) {
		t.Errorf("the terms are %v, the errors %v, the end %v", terms, errs, end)
	}
	if _, err := d.Term(); !errors.Is(err, failure) {
		t.Errorf("the second error is %v", err)
	}
	if _, err := NewDecoder(&endless{}).Term(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing is the error %v", err)
	}
}

// FuzzDecoder: a Decoder reads what ParseFile reads, in whatever pieces.
func FuzzDecoder(f *testing.F) {
	for _, tt := range terms {
		f.Add([]byte(tt.text + ". " + tt.text + "\n."))
	}
	for _, tt := range broken {
		f.Add([]byte(tt.text))
	}
	f.Fuzz(func(t *testing.T, src []byte) { checkDecoder(t, src) })
}
