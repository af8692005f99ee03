package etf

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"interconnectd/erlterm"
)

type (
	atom  = erlterm.Atom
	num   = erlterm.Int
	list  = erlterm.List
	tuple = erlterm.Tuple
	pair  = erlterm.Pair
)

// terms are the bytes of a term behind the 131, the term, and its text. Those with
// an old form are read but written as the one of the same term without. They are
// cases for reading and writing, and seeds for fuzzing.
var terms = []struct {
	name string
	data string
	want erlterm.Term
	text string
	old  bool // a form that is only read
}{
	{"smallest byte", "a\x00", num(0), "0", false},
	{"largest byte", "a\xff", num(255), "255", false},
	{"smallest INTEGER above", "b\x00\x00\x01\x00", num(256), "256", false},
	{"-1", "b\xff\xff\xff\xff", num(-1), "-1", false},
	{"largest INTEGER", "b\x7f\xff\xff\xff", num(math.MaxInt32), "2147483647", false},
	{"smallest INTEGER", "b\x80\x00\x00\x00", num(math.MinInt32), "-2147483648", false},
	{"smallest SMALL_BIG", "n\x04\x00\x00\x00\x00\x80", num(math.MaxInt32 + 1), "2147483648", false},
	{"largest Int", "n\x08\x00\xff\xff\xff\xff\xff\xff\xff\x7f", num(math.MaxInt64), "9223372036854775807", false},
	{"smallest Int", "n\x08\x01\x00\x00\x00\x00\x00\x00\x00\x80", num(math.MinInt64), "-9223372036854775808", false},
	{"BigInt", "n\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01", power(64, -1), "-18446744073709551616", false},
	{"largest SMALL_BIG", "n\xff\x00" + strings.Repeat("\x00", 254) + "\x80", power(2039, 1), power(2039, 1).String(), false},
	{"LARGE_BIG", "o\x00\x00\x01\x00\x00" + strings.Repeat("\x00", 255) + "\x01", power(2040, 1), power(2040, 1).String(), false},
	{"byte as INTEGER", "b\x00\x00\x00\x07", num(7), "7", true},
	{"big with zeros above", "n\x03\x02\x05\x00\x00", num(-5), "-5", true},
	{"big without digits", "n\x00\x01", num(0), "0", true},
	{"float", "F\x3f\xf8\x00\x00\x00\x00\x00\x00", erlterm.Float(1.5), "1.5", false},
	{"-0.0", "F\x80\x00\x00\x00\x00\x00\x00\x00", erlterm.Float(math.Copysign(0, -1)), "-0.0", false},
	{"FLOAT", "c1.50000000000000000000e+00\x00\x00\x00\x00\x00", erlterm.Float(1.5), "1.5", true},
	{"negative FLOAT", "c-1.00000000000000000000e-05\x00\x00\x00\x00", erlterm.Float(-1e-5), "-1.0e-5", true},
	{"atom", "w\x02ok", atom("ok"), "ok", false},
	{"empty atom", "w\x00", atom(""), "''", false},
	{"atom of several bytes a character", "w\x04\xc3\xa9\xd0\xb6", atom("éж"), "'éж'", false},
	{"longest atom", "v\x03\xfc" + strings.Repeat("😀", 255), atom(strings.Repeat("😀", 255)), "'" + strings.Repeat("😀", 255) + "'", false},
	{"ATOM", "d\x00\x02ok", atom("ok"), "ok", true},
	{"ATOM in Latin-1", "d\x00\x01\xe9", atom("é"), "é", true},
	{"SMALL_ATOM", "s\x02ok", atom("ok"), "ok", true},
	{"short ATOM_UTF8", "v\x00\x02ok", atom("ok"), "ok", true},
	{"empty tuple", "h\x00", tuple(nil), "{}", false},
	{"tuple", "h\x02w\x01aa\x01", tuple{atom("a"), num(1)}, "{a,1}", false},
	{"LARGE_TUPLE", "i\x00\x00\x01\x00" + strings.Repeat("j", 256), nils(256), "{" + strings.Repeat("[],", 255) + "[]}", false},
	{"short LARGE_TUPLE", "i\x00\x00\x00\x01a\x01", tuple{num(1)}, "{1}", true},
	{"empty list", "j", list(nil), "[]", false},
	{"list", "l\x00\x00\x00\x02w\x01aa\x01j", list{atom("a"), num(1)}, "[a,1]", false},
	{"list of what is no byte", "l\x00\x00\x00\x02a\x01b\x00\x00\x01\x00j", list{num(1), num(256)}, "[1,256]", false},
	{"improper list", "l\x00\x00\x00\x01w\x01aw\x01b", &erlterm.Improper{Elems: list{atom("a")}, Tail: atom("b")}, "[a|b]", false},
	{"LIST as a tail", "l\x00\x00\x00\x01w\x01al\x00\x00\x00\x01w\x01bj", list{atom("a"), atom("b")}, "[a,b]", true},
	{"STRING as a tail", "l\x00\x00\x00\x01w\x01ak\x00\x01\xe9", list{atom("a"), num(0xe9)}, "[a,233]", true},
	{"LIST without elements", "l\x00\x00\x00\x00w\x01a", atom("a"), "a", true},
	{"LIST of bytes", "l\x00\x00\x00\x02aaabj", list{num('a'), num('b')}, "[97,98]", true},
	{"string", "k\x00\x03abc", erlterm.String("abc"), "[97,98,99]", false},
	{"string of bytes", "k\x00\x03\x00\x80\xff", erlterm.String("\x00\u0080ÿ"), "[0,128,255]", false},
	{"empty STRING", "k\x00\x00", list(nil), "[]", true},
	{"string above Latin-1", "l\x00\x00\x00\x02aab\x00\x00\x04\x36j", erlterm.String("aж"), "[97,1078]", false},
	{"longest STRING", "k\xff\xff" + strings.Repeat("a", 65535), erlterm.String(strings.Repeat("a", 65535)), "[97" + strings.Repeat(",97", 65534) + "]", false},
	{"list of bytes too long for STRING", "l\x00\x01\x00\x00" + strings.Repeat("aa", 65536) + "j", numbers(strings.Repeat("a", 65536)), "[97" + strings.Repeat(",97", 65535) + "]", false},
	{"empty binary", "m\x00\x00\x00\x00", erlterm.Binary(nil), "<<>>", false},
	{"binary", "m\x00\x00\x00\x02a\xff", erlterm.Binary([]byte("a\xff")), "<<97,255>>", false},
	{"bit string", "M\x00\x00\x00\x02\x03\x01\xa0", erlterm.Bits{Bytes: []byte{1, 0xa0}, Len: 11}, "<<1,5:3>>", false},
	{"bit string with bits set below", "M\x00\x00\x00\x01\x03\xbf", erlterm.Bits{Bytes: []byte{0xa0}, Len: 3}, "<<5:3>>", true},
	{"BIT_BINARY of whole bytes", "M\x00\x00\x00\x01\x08a", erlterm.Binary([]byte("a")), "<<97>>", true},
	{"empty map", "t\x00\x00\x00\x00", erlterm.NewMap(), "#{}", false},
	{"map", "t\x00\x00\x00\x02a\x01w\x01aw\x01bj", erlterm.NewMap(pair{Key: atom("b"), Value: list(nil)}, pair{Key: num(1), Value: atom("a")}), "#{1 => a,b => []}", false},
	{"keys of equal value", "t\x00\x00\x00\x02a\x01jF\x3f\xf0\x00\x00\x00\x00\x00\x00j", erlterm.NewMap(pair{Key: num(1), Value: list(nil)}, pair{Key: erlterm.Float(1), Value: list(nil)}), "#{1 => [],1.0 => []}", false},
	{"external fun", "qw\x05listsw\x03mapa\x02", erlterm.Fun{Module: "lists", Function: "map", Arity: 2}, "fun lists:map/2", false},

	{"pid", "Xw\x03a@h\x00\x00\x00\x5a\x00\x00\x00\x01\x65\x00\x00\x02", Pid{Node: "a@h", ID: 90, Serial: 1, Creation: 0x65000002}, "<0.90.1>", false},
	{"PID", "gd\x00\x03a@h\x00\x00\x00\x5a\x00\x00\x00\x01\x02", Pid{Node: "a@h", ID: 90, Serial: 1, Creation: 2}, "<0.90.1>", true},
	{"port", "xw\x03a@h\x00\x00\x00\x01\x00\x00\x00\x05\x65\x00\x00\x02", Port{Node: "a@h", ID: 1<<32 + 5, Creation: 0x65000002}, "#Port<0.4294967301>", false},
	{"NEW_PORT", "Yw\x03a@h\x00\x00\x00\x05\x65\x00\x00\x02", Port{Node: "a@h", ID: 5, Creation: 0x65000002}, "#Port<0.5>", true},
	{"PORT", "fs\x03a@h\x00\x00\x00\x05\x02", Port{Node: "a@h", ID: 5, Creation: 2}, "#Port<0.5>", true},
	{"reference", "Z\x00\x03w\x03a@h\x65\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02\xff\x00\x00\x03", Ref{Node: "a@h", Creation: 0x65000002, Words: [5]uint32{1, 2, 0xff000003}, N: 3}, "#Ref<0.4278190083.2.1>", false},
	{"reference of an alias", "Z\x00\x05w\x01a\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x00", Ref{Node: "a", Creation: 2, Words: [5]uint32{1, 2, 3, 4}, N: 5}, "#Ref<0.0.4.3.2.1>", false},
	{"NEW_REFERENCE", "r\x00\x02w\x01a\x02\x00\x00\x00\x01\x00\x00\x00\x02", Ref{Node: "a", Creation: 2, Words: [5]uint32{1, 2}, N: 2}, "#Ref<0.2.1>", true},
	{"REFERENCE", "ew\x01a\x00\x00\x00\x01\x02", Ref{Node: "a", Creation: 2, Words: [5]uint32{1}, N: 1}, "#Ref<0.1>", true},
	{"closure", "p" + closure, Fun{code: closure}, "#Fun<m.1.256>", false},
	{"a call", "h\x03w\x09$gen_callh\x02Xw\x01a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02l\x00\x00\x00\x01w\x05aliasZ\x00\x01w\x01a\x00\x00\x00\x02\x00\x00\x00\x07w\x04ping", tuple{
		atom("$gen_call"),
		tuple{
			Pid{Node: "a", ID: 1, Creation: 2},
			&erlterm.Improper{Elems: list{atom("alias")}, Tail: Ref{Node: "a", Creation: 2, Words: [5]uint32{7}, N: 1}},
		},
		atom("ping"),
	}, "{'$gen_call',{<0.1.0>,[alias|#Ref<0.7>]},ping}", false},
}

// closure is a fun of module m that has taken {ok} along.
const closure = "\x00\x00\x00\x3d\x00" + "0123456789abcdef" + "\x00\x00\x00\x01" + "\x00\x00\x00\x01" +
	"w\x01m" + "a\x01" + "b\x00\x00\x01\x00" + "Xw\x01a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02" + "h\x01w\x02ok"

func power(bits uint, sign int64) erlterm.Term {
	return erlterm.NewInt(new(big.Int).Lsh(big.NewInt(sign), bits))
}

func nils(n int) tuple {
	t := make(tuple, n)
	for i := range t {
		t[i] = list(nil)
	}
	return t
}

func TestTerms(t *testing.T) {
	for _, tt := range terms {
		t.Run(tt.name, func(t *testing.T) {
			data := []byte("\x83" + tt.data + "rest")
			got, rest, err := Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			clear(data) // what is decoded has nothing of it
			if !erlterm.Equal(got, tt.want) {
				t.Errorf("Decode = %#v, want %#v", got, tt.want)
			}
			if len(rest) != len("rest") {
				t.Errorf("%d bytes are left, not those behind", len(rest))
			}
			if got.String() != tt.text {
				t.Errorf("String() = %s, want %s", got, tt.text)
			}
			for _, term := range []erlterm.Term{tt.want, got} {
				written, err := AppendTerm([]byte("before"), term)
				if err != nil {
					t.Fatal(err)
				}
				if string(written) != "before\x83"+tt.data && !tt.old {
					t.Errorf("AppendTerm = %q, want %q", written, "before\x83"+tt.data)
				}
				checkRead(t, written[len("before"):], term)
			}
		})
	}
}

// checkRead reads a term that was written.
func checkRead(t interface {
	Helper()
	Errorf(string, ...any)
}, data []byte, want erlterm.Term,
) {
	t.Helper()
	got, rest, err := Decode(data)
	switch {
	case err != nil:
		t.Errorf("%v is written as %q: %v", want, data, err)
	case len(rest) > 0 || !erlterm.Equal(got, want):
		t.Errorf("%v is read as %v, with %d bytes left", want, got, len(rest))
	}
}

// TestForms: a list is written in one form, whatever its Go type.
func TestForms(t *testing.T) {
	long := strings.Repeat("a", maxString)
	tests := []struct {
		name  string
		terms []erlterm.Term
		start string
	}{
		{"bytes", []erlterm.Term{
			erlterm.String("ab"),
			list{num('a'), num('b')},
			&erlterm.Improper{Elems: list{num('a')}, Tail: erlterm.String("b")},
			&erlterm.Improper{Elems: list{num('a')}, Tail: &erlterm.Improper{Elems: list{num('b')}, Tail: list(nil)}},
		}, "\x83k\x00\x02ab"},
		{"the longest STRING", []erlterm.Term{erlterm.String(long), numbers(long)}, "\x83k\xff\xffa"},
		{"too long for STRING", []erlterm.Term{erlterm.String(long + "a"), numbers(long + "a")}, "\x83l\x00\x01\x00\x00aa"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, term := range tt.terms {
				data, err := AppendTerm(nil, term)
				if err != nil || !strings.HasPrefix(string(data), tt.start) {
					t.Fatalf("AppendTerm starts %.20q, %v; want %q", data, err, tt.start)
				}
				checkRead(t, data, term)
			}
		})
	}
}

func numbers(text string) list { return characters(nil, text) }

// TestKinds: terms are of the type that package erlterm has for them.
func TestKinds(t *testing.T) {
	for data, want := range map[string]erlterm.Term{
		"k\x00\x01a":                 erlterm.String("a"),
		"n\x01\x00\x01":              num(1),
		"w\x04true":                  atom("true"),
		"Xw\x01a" + zeros(12):        Pid{Node: "a"},
		"xw\x01a" + zeros(12):        Port{Node: "a"},
		"Z\x00\x01w\x01a" + zeros(8): Ref{Node: "a", N: 1},
		"p" + closure:                Fun{code: closure},
	} {
		got, _, err := Decode([]byte("\x83" + data))
		if err != nil || got != want { // as the key of a Go map
			t.Errorf("Decode(%q) = %#v, %v; want %#v", data, got, err, want)
		}
	}
}

func zeros(n int) string { return strings.Repeat("\x00", n) }

// TestNoTerms are not written, and leave what was there.
func TestNoTerms(t *testing.T) {
	deep := erlterm.Term(tuple(nil))
	for range MaxDepth {
		deep = tuple{deep}
	}
	loop := tuple{nil}
	loop[0] = loop
	knot := &erlterm.Improper{Elems: list{num(1)}}
	knot.Tail = knot
	tests := []struct {
		name string
		term erlterm.Term
		want string
	}{
		{"nil", nil, "a <nil> is no term for a node"},
		{"nil in a tuple", tuple{nil}, "a <nil> is no term for a node"},
		{"nil map", (*erlterm.Map)(nil), "a nil *Map is no term"},
		{"infinite float", erlterm.Float(math.Inf(1)), "+Inf is no float in Erlang"},
		{"NaN", erlterm.Float(math.NaN()), "NaN is no float in Erlang"},
		{"atom too long", atom(strings.Repeat("a", 256)), "an atom of over 255 characters"},
		{"atom that is not UTF-8", atom("\xff"), `the atom "\xff" is not UTF-8`},
		{"string that is not UTF-8", erlterm.String("a\xff"), "a string that is not UTF-8"},
		{"tail that is not UTF-8", &erlterm.Improper{Elems: list{num(1)}, Tail: erlterm.String("\xff")}, "a string that is not UTF-8"},
		{"integer too large", power(MaxInteger, 1), "an integer of over 1048576 bits"},
		{"bits without bytes", erlterm.Bits{Len: 9, Bytes: []byte{1}}, "9 bits in 1 bytes are no binary"},
		{"improper list without elements", &erlterm.Improper{Tail: atom("a")}, "an improper list without elements or tail is no term"},
		{"improper list without a tail", &erlterm.Improper{Elems: list{atom("a")}}, "an improper list without elements or tail is no term"},
		{"list that is its own tail", knot, "over 524288 terms"},
		{"tuple in itself", loop, "terms nest deeper than 128"},
		{"too deep", deep, "terms nest deeper than 128"},
		{"too many", nils(MaxTerms), "over 524288 terms"},
		{"reference without words", Ref{}, "a reference of 0 words, not 1 to 5"},
		{"reference of too many words", Ref{N: 6}, "a reference of 6 words, not 1 to 5"},
		{"zero Fun", Fun{}, "a Fun that was not decoded is no term"},
		{"type of another package", stranger{}, "a etf.stranger is no term for a node"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := AppendTerm([]byte("before"), tt.term)
			if err == nil || err.Error() != "etf: "+tt.want || string(got) != "before" {
				t.Errorf("AppendTerm = %.20q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// A stranger is an opaque term that is none of this package.
type stranger struct{ Pid }

func TestBroken(t *testing.T) {
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			term, rest, err := Decode([]byte(tt.data))
			var e *Error
			if !errors.As(err, &e) || term != nil || rest != nil {
				t.Fatalf("Decode = %v, %q, %v; want an *Error", term, rest, err)
			}
			if e.Error() != tt.want {
				t.Errorf("the error is %q, want %q", e, tt.want)
			}
		})
	}
}
