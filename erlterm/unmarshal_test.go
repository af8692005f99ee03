package erlterm

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

type kernel struct {
	Mandatory []string      `erl:"sync_nodes_mandatory"`
	Optional  []string      `erl:"sync_nodes_optional"`
	Timeout   time.Duration `erl:"sync_nodes_timeout,unit=ms"`
	TickTime  time.Duration `erl:"net_ticktime,unit=s,omitzero"`
}

type point struct {
	_    struct{} `erl:"point,tuple"`
	X, Y int
}

type options2 struct {
	_     struct{} `erl:",map"`
	Level Atom
}

type common struct {
	Name string `erl:",required"`
	Port uint16
}

type server struct {
	common
	*Limits
	Port  int  // hides the one of common
	Debug bool `erl:"'debug mode'"`
	skip  int
	Skip  int `erl:"-"`
}

type Limits struct{ MaxConns int }

// A temperature reads and writes {N, celsius}.
type temperature int

func (t *temperature) UnmarshalErlang(c Cursor) error {
	var v struct {
		_      struct{} `erl:",tuple"`
		Degree int
		Unit   string
	}
	if err := c.Unmarshal(&v); err != nil {
		return err
	}
	if v.Unit != "celsius" {
		return c.Elem(1).Errorf("write celsius", "unknown unit %s", v.Unit)
	}
	*t = temperature(v.Degree)
	return nil
}

func (t temperature) MarshalErlang() (Term, error) {
	if t < -273 {
		return nil, errors.New("it is too cold")
	}
	return Tuple{Int(t), Atom("celsius")}, nil
}

func ptr[T any](v T) *T { return &v }

// values are texts and the Go values they are read into. The Go value is written
// as out, or as text where out is empty.
var values = []struct {
	name, text string
	want       any
	out        string
}{
	{"bool", "true", true, ""},
	{"int", "-42", -42, ""},
	{"int8", "-128", int8(-128), ""},
	{"uint64", "18446744073709551615", uint64(math.MaxUint64), ""},
	{"int64", "-9223372036854775808", int64(math.MinInt64), ""},
	{"big.Int", "36893488147419103232", *new(big.Int).Lsh(big.NewInt(1), 65), ""},
	{"small big.Int", "3", *big.NewInt(3), ""},
	{"*big.Int", "36893488147419103232", new(big.Int).Lsh(big.NewInt(1), 65), ""},
	{"float64", "1.5", 1.5, ""},
	{"float64 from an integer", "3", 3.0, "3.0"},
	{"float64 from a large integer", "36893488147419103232", 0x1p65, "3.6893488147419103e19"},
	{"float32", "0.1", float32(0.1), ""},
	{"string", `"a\"é'\n"`, "a\"é'\n", ""},
	{"invisible characters", `"\x{200B}"`, "\u200b", ""},
	{"string from an atom", "kernel", "kernel", `"kernel"`},
	{"string from a binary", `<<"é"/utf8>>`, "é", `"é"`},
	{"string from characters", "[97,233]", "aé", `"aé"`},
	{"string from nothing", "[]", "", `""`},
	{"[]byte", `<<"abc">>`, []byte("abc"), ""},
	{"[]byte of numbers", "<<0,255>>", []byte{0, 255}, ""},
	{"[]byte from a string", `"aé"`, []byte{'a', 233}, "<<97,233>>"},
	{"[]byte of UTF-8", `<<"é"/utf8>>`, []byte("é"), ""},
	{"array of bytes", `<<1,2>>`, [2]byte{1, 2}, ""},
	{"slice", "[1,2]", []int{1, 2}, ""},
	{"slice of characters", `"ab"`, []rune{'a', 'b'}, "[97,98]"},
	{"empty slice", "[]", []int{}, ""},
	{"array", "[a,b]", [2]Atom{"a", "b"}, ""},
	{"map", "[{a,1},{b,2}]", map[string]int{"a": 1, "b": 2}, ""},
	{"map from a map", `#{a => 1, "b" => 2, <<"c">> => 3}`, map[string]int{"a": 1, "b": 2, "c": 3}, "[{a,1},{b,2},{c,3}]"},
	{"map with atoms", "[debug,{trace,false}]", map[string]bool{"debug": true, "trace": false}, "[{debug,true},{trace,false}]"},
	{"empty map", "[]", map[string]int{}, ""},
	{"map of integers", "[{1,a},{2,b}]", map[int]Atom{1: "a", 2: "b"}, ""},
	{"map of terms", "[{1,a},{1.0,b}]", map[Term]any{Int(1): Atom("a"), Float(1): Atom("b")}, ""},
	{"map of text", "[{'10.0.0.1',1}]", map[netip.Addr]int{netip.MustParseAddr("10.0.0.1"): 1}, ""},
	{"pointer", "1", ptr(1), ""},
	{"nil pointer", "undefined", (*int)(nil), ""},
	{"pointer to a pointer", "1", ptr(ptr(1)), ""},
	{"Term", "[{t,{a,[b|c]}}]", struct{ T Term }{Tuple{Atom("a"), &Improper{[]Term{Atom("b")}, Atom("c")}}}, ""},
	{"any", "[{t,fun m:f/0}]", struct{ T any }{Fun{"m", "f", 0}}, ""},
	{"Atom", "a", Atom("a"), ""},
	{"Tuple", "{1}", Tuple{Int(1)}, ""},
	{"List of a string", `"a"`, List{Int('a')}, "[97]"},
	{"String of a list", "[97]", String("a"), `"a"`},
	{"Bits", "<<1:1>>", Bits{[]byte{0x80}, 1}, ""},
	{
		"struct", "[{sync_nodes_mandatory,[]},{sync_nodes_optional,['b@h',\"c@h\"]},{sync_nodes_timeout,5000}]",
		kernel{Mandatory: []string{}, Optional: []string{"b@h", "c@h"}, Timeout: 5 * time.Second},
		"[{sync_nodes_mandatory,[]},{sync_nodes_optional,[\"b@h\",\"c@h\"]},{sync_nodes_timeout,5000}]",
	},
	{"infinity", "[{timeout,infinity}]", struct {
		Timeout time.Duration `erl:",unit=s"`
	}{Infinity}, ""},
	{"durations", "[{delays,[1,2]},{by,[{a,3}]}]", struct {
		Delays []time.Duration         `erl:",unit=min"`
		By     map[Atom]*time.Duration `erl:",unit=h"`
	}{[]time.Duration{time.Minute, 2 * time.Minute}, map[Atom]*time.Duration{"a": ptr(3 * time.Hour)}}, ""},
	{"record", "{point,1,2}", point{X: 1, Y: 2}, ""},
	{"records", "[{point,1,2},{point,3,4}]", []point{{X: 1, Y: 2}, {X: 3, Y: 4}}, ""},
	{"tuples by tag", "[{a,{1,2}},{b,{3}},{c,{c,4}}]", struct {
		A [2]int `erl:",tuple"`
		B []int  `erl:",tuple"`
		C struct {
			Name Atom
			N    int
		} `erl:",tuple"`
	}{[2]int{1, 2}, []int{3}, struct {
		Name Atom
		N    int
	}{"c", 4}}, ""},
	{"maps by tag", "[{a,#{level => info}},{b,#{x => 1}}]", struct {
		A options2
		B map[string]int `erl:",map"`
	}{options2{Level: "info"}, map[string]int{"x": 1}}, ""},
	{"texts by tag", "[{a,x},{b,[<<\"y\">>]},{c,\"z\"},{addr,'::1'}]", struct {
		A    string     `erl:",atom"`
		B    []string   `erl:",binary"`
		C    string     `erl:",string"`
		Addr netip.Addr `erl:",atom"`
	}{"x", []string{"y"}, "z", netip.IPv6Loopback()}, ""},
	{
		"embedded", "[{name,\"n\"},{max_conns,3},{port,80},{'debug mode',true}]",
		server{common: common{Name: "n"}, Limits: &Limits{3}, Port: 80, Debug: true},
		"",
	},
	{"embedded nil", "[{name,\"n\"},{port,80},{'debug mode',false}]", server{common: common{Name: "n"}, Port: 80}, ""},
	{"Unmarshaler", "[{1,celsius}]", []temperature{1}, ""},
	{"TextUnmarshaler", `"10.0.0.1"`, netip.MustParseAddr("10.0.0.1"), ""},
}

func TestUnmarshal(t *testing.T) {
	for _, tt := range values {
		t.Run(tt.name, func(t *testing.T) {
			got := reflect.New(reflect.TypeOf(tt.want))
			if err := Unmarshal([]byte(tt.text+"."), got.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Elem().Interface(), tt.want) {
				t.Errorf("Unmarshal(%s) = %#v, want %#v", tt.text, got.Elem(), tt.want)
			}
			term, err := Parse([]byte(tt.text + "."))
			if err != nil {
				t.Fatal(err)
			}
			got = reflect.New(reflect.TypeOf(tt.want))
			if err := UnmarshalTerm(term, got.Interface()); err != nil || !reflect.DeepEqual(got.Elem().Interface(), tt.want) {
				t.Errorf("UnmarshalTerm(%s) = %#v, %v, want %#v", tt.text, got.Elem(), err, tt.want)
			}
		})
	}
}

// TestUnmarshalErrors: each error says what is wrong, with path and place.
func TestUnmarshalErrors(t *testing.T) {
	type inner struct {
		N    int8
		U    uint
		F    float32
		B    bool
		Byte []byte
		Pair [2]int
		D    time.Duration `erl:",unit=ms"`
	}
	type outer struct {
		In  inner
		Map map[string]inner
		All []inner
		P   point
		T   temperature
	}
	tests := []struct {
		name, text string
		opts       []Option
		want       string // without f:
	}{
		{"syntax", "[{in,}].", nil, "1:5: unexpected ',' before '}'"},
		{"none", "", nil, "1:1: expected one term, found none"},
		{"several terms", "[]. [].", nil, "1:5: expected one term, found 2"},
		{"range", "[{in,[{n,128}]}].", nil, "1:10: in.n: expected an integer from -128 to 127, found 128"},
		{"negative", "[{in,[{u,-1}]}].", nil, "1:10: in.u: expected an integer from 0 to 18446744073709551615, found -1"},
		{"large float", "[{in,[{f,1.0e99}]}].", nil, "1:10: in.f: the number is too large for a float32"},
		{"float", "[{in,[{n,1.0}]}].", nil, "1:10: in.n: expected an integer, found 1.0"},
		{"quoted", "[{in,[{n,\"1\"}]}].", nil, "1:10: in.n: expected an integer, found \"1\""},
		{"quoted bool", "[{in,[{b,\"true\"}]}].", nil, "1:10: in.b: expected true or false, found \"true\""},
		{"bits", "[{in,[{byte,<<1:3>>}]}].", nil, "1:13: in.byte: expected a binary of whole bytes, found one of 3 bits"},
		{"byte", "[{in,[{byte,[1,256]}]}].", nil, "1:16: in.byte[1]: expected an integer from 0 to 255, found 256"},
		{"array", "[{in,[{pair,[1]}]}].", nil, "1:13: in.pair: expected 2 elements, found 1"},
		{"duration", "[{in,[{d,soon}]}].", nil, "1:10: in.d: expected an integer in milliseconds, or infinity, found soon"},
		{"long duration", "[{in,[{d,9223372036855}]}].", nil, "1:10: in.d: 9223372036855 are more than 292 years: too many milliseconds"},
		{"tuple for a list", "[{in,{n,1}}].", nil, "1:6: in: expected a list of {Key, Value} or a map, found a tuple of 2"},
		{"no pair", "[{in,[{n,1,2}]}].", nil, "1:7: in[0]: expected {Key, Value} or an atom, found a tuple of 3"},
		{"string", "[{in,\"sys.config\"}].", nil, "1:6: in: expected a list of {Key, Value} or a map, found \"sys.config\""},
		{"atom alone", "[{in,[n]}].", nil, "1:7: in.n: expected an integer, found true"},
		{"in a map", "[{map,#{\"a b\" => [{n,x}]}}].", nil, "1:22: map.'a b'.n: expected an integer, found x"},
		{"in a list", "[{all,[[],[{n,x}]]}].", nil, "1:15: all[1].n: expected an integer, found x"},
		{"repeated", "[{in,[{n,1},\n{n,2}]}].", nil, "2:2: in: the key n is here again"},
		{"repeated in a Go map", "[{map,[{a,[]},\n{a,[]}]}].", nil, "2:2: map: the key a is here again"},
		{"not repeated", "[{in,[{n,1},{n,x}]}].", []Option{AllowRepeated()}, ""},
		{"unknown", "[{in,[{nn,1}]}].", []Option{RejectUnknown()}, "1:8: in: unknown key nn"},
		{"unknown is passed over", "[{in,[{nn,1}, {{x},y}]}].", nil, ""},
		{"record", "[{p,{point,1}}].", nil, "1:5: p: expected a tuple of point and 2 more, found a tuple of 2"},
		{"other record", "[{p,{line,1,2}}].", nil, "1:6: p: expected point, found line"},
		{"in a record", "[{p,{point,a,2}}].", nil, "1:12: p.x: expected an integer, found a"},
		{"Unmarshaler", "[{t,{1,kelvin}}].", nil, "1:8: t: unknown unit kelvin"},
		{"inside an Unmarshaler", "[{t,{x,celsius}}].", nil, "1:6: t.degree: expected an integer, found x"},
		{"several", "[{in,[{b,1},{n,x}]},\n{all,a}].", nil, "1:10: in.b: expected true or false, found 1\nf:1:16: in.n: expected an integer, found x\nf:2:6: all: expected a list, found a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v outer
			err := Unmarshal([]byte(tt.text), &v, append(tt.opts, Name("f"))...)
			want := tt.want
			if want != "" {
				want = "f:" + want
				var list ErrorList
				if !errors.As(err, &list) {
					t.Errorf("the error is a %T", err)
				}
			}
			if got := errorText(err); got != want {
				t.Errorf("Unmarshal(%s):\n got %s\nwant %s", tt.text, got, want)
			}
		})
	}
}

func TestUnmarshalKeepsTheRest(t *testing.T) {
	v := server{common: common{Port: 1}, Port: 2, Skip: 3}
	err := Unmarshal([]byte("[{port, 4}, {'debug mode', x}, {max_conns, 5}]."), &v)
	want := "1:1: the key name is missing\n1:28: 'debug mode': expected true or false, found x"
	if got := errorText(err); got != want {
		t.Errorf("the errors are\n%s\nwant\n%s", got, want)
	}
	if v.Port != 4 || v.MaxConns != 5 || v.common.Port != 1 || v.Skip != 3 || v.skip != 0 {
		t.Errorf("the value is %+v", v)
	}
	m := map[string]int{"a": 1, "b": 2}
	if err := Unmarshal([]byte("[{b, 3}]."), &m); err != nil || m["a"] != 1 || m["b"] != 3 {
		t.Errorf("the map is %v, %v", m, err)
	}
}

func TestUnmarshalAllTerms(t *testing.T) {
	var v struct {
		Deps []Atom
		Opts Term `erl:"erl_opts"`
	}
	const text = "%% rebar\n{deps, [a,b]}.\n{erl_opts, debug_info}.\n"
	if err := Unmarshal([]byte(text), &v, AllTerms()); err != nil || len(v.Deps) != 2 || v.Opts != Atom("debug_info") {
		t.Errorf("%+v, %v", v, err)
	}
	err := Unmarshal([]byte("\n{deps, [a]}.\n{erl_opts}."), &v, AllTerms())
	if got, want := errorText(err), "3:1: [1]: expected {Key, Value} or an atom, found a tuple of 1"; got != want {
		t.Errorf("the error is %q, want %q", got, want)
	}
	var n int
	for text, want := range map[string]string{"": "1:1", "\n a.": "2:2"} {
		err := Unmarshal([]byte(text), &n, AllTerms())
		if got := errorText(err); !strings.HasPrefix(got, want+": expected an integer, found ") {
			t.Errorf("%q: the error is %q", text, got)
		}
	}
}

// TestUnmarshalMisuse: what is wrong with the Go value is not said of the text.
func TestUnmarshalMisuse(t *testing.T) {
	type twice struct {
		A int `erl:"x"`
		B int `erl:"x"`
	}
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"nil", nil, "erlterm: unmarshal into a <nil>: it must be a pointer, and not nil"},
		{"no pointer", 1, "erlterm: unmarshal into a int: it must be a pointer, and not nil"},
		{"channel", new(chan int), "erlterm: unmarshal into a chan int: it cannot hold a term"},
		{"duration", new(struct{ D time.Duration }), "erlterm: d: a time.Duration needs a unit in its tag, as in erl:\",unit=ms\""},
		{"two fields", new(twice), "erlterm: erlterm.twice has two fields for the key x"},
		{"option", new(struct {
			A int `erl:",omitempty"`
		}), `erlterm: the tag of struct { A int "erl:\",omitempty\"" }.A: unknown option "omitempty"`},
		{"unit", new(struct {
			A int `erl:",unit=ms"`
		}), `erlterm: the tag of struct { A int "erl:\",unit=ms\"" }.A: the option "unit=ms" does not fit a int`},
		{"unknown unit", new(struct {
			A time.Duration `erl:",unit=y"`
		}), `erlterm: the tag of struct { A time.Duration "erl:\",unit=y\"" }.A: the option "unit=y" does not fit a time.Duration`},
		{"quote", new(struct {
			A int `erl:"'a"`
		}), `erlterm: the tag of struct { A int "erl:\"'a\"" }.A: a quoted name is not closed, or wrong: 'a`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Unmarshal([]byte("[{d,1}]."), tt.v)
			if got := errorText(err); got != tt.want {
				t.Errorf("the error is %q, want %q", got, tt.want)
			}
		})
	}
	var list ErrorList
	if err := UnmarshalTerm(nil, new(int)); err == nil || errors.As(err, &list) {
		t.Errorf("nil is the error %v", err)
	}
}

func TestUnmarshalTermErrors(t *testing.T) {
	var v map[string]int
	err := UnmarshalTerm(List{Tuple{Atom("a"), Atom("x")}, Tuple{Atom("b"), Atom("y")}}, &v)
	want := "a: expected an integer, found x\nb: expected an integer, found y"
	if got := errorText(err); got != want {
		t.Errorf("the errors are\n%s\nwant\n%s", got, want)
	}
	var keys map[Term]int
	err = UnmarshalTerm(NewMap(Pair{Tuple{}, Int(1)}), &keys)
	if got, want := errorText(err), "a tuple of 0 cannot be a key of a Go map"; got != want {
		t.Errorf("the error is %q, want %q", got, want)
	}
	improper := &Improper{[]Term{Int(1)}, List{Int(2)}}
	var ints []int
	if err := UnmarshalTerm(improper, &ints); err != nil || !reflect.DeepEqual(ints, []int{1, 2}) {
		t.Errorf("UnmarshalTerm(%v) = %v, %v", improper, ints, err)
	}
}

// TestRenderUnmarshal: the errors can be shown with their lines.
func TestRenderUnmarshal(t *testing.T) {
	src := []byte("[{kernel,\n  [{sync_nodes_timeout, \"5000\"}]}].\n")
	var v struct{ Kernel kernel }
	got := Render(src, Unmarshal(src, &v, Name("sys.config")))
	want := `sys.config:2:25: kernel.sync_nodes_timeout: expected an integer in milliseconds, or infinity, found "5000"
    [{sync_nodes_timeout, "5000"}]}].
                          ^~~~~~
hint: write 5000 without quotes
`
	if got != want {
		t.Errorf("Render gives\n%s\nwant\n%s", got, want)
	}
}

func TestUnmarshalManyErrors(t *testing.T) {
	var v []int
	err := Unmarshal([]byte("["+strings.Repeat("a,", 10_000)+"a]."), &v)
	var list ErrorList
	if !errors.As(err, &list) || len(list) != maxErrors {
		t.Errorf("%d errors, want %d", len(list), maxErrors)
	}
}

func TestSnakeCase(t *testing.T) {
	for name, want := range map[string]string{
		"Name": "name", "SyncNodes": "sync_nodes", "HTTPPort": "http_port", "ID": "id", "NodeID": "node_id",
		"A": "a", "X1Y": "x1_y", "Été": "été", "A_B": "a_b",
	} {
		if got := snakeCase(name); got != want {
			t.Errorf("snakeCase(%s) = %s, want %s", name, got, want)
		}
	}
}

// TestConcurrentTypes: a type may be met first by several goroutines at once.
func TestConcurrentTypes(t *testing.T) {
	type fresh struct {
		common
		N [3]int `erl:",tuple"`
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			var v fresh
			if err := Unmarshal(fmt.Appendf(nil, "[{name, x}, {n, {1, 2, %d}}].", i), &v); err != nil || v.N[2] != i {
				t.Errorf("%+v, %v", v, err)
			}
			if _, err := Marshal(v); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// FuzzUnmarshal: no text makes Unmarshal panic, whatever it is read into; what
// does not fit can be shown; terms that are equal are read alike.
func FuzzUnmarshal(f *testing.F) {
	for _, tt := range values {
		f.Add([]byte(tt.text + "."))
	}
	for _, tt := range terms {
		f.Add([]byte(tt.text + "."))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, tt := range values {
			v := reflect.New(reflect.TypeOf(tt.want))
			err := Unmarshal(src, v.Interface(), RejectUnknown(), MaxDepth(100))
			var list ErrorList
			if err != nil && (!errors.As(err, &list) || len(list) == 0 || Render(src, err) == "") {
				t.Errorf("into a %T: the error is %v", tt.want, err)
			}
			term, parseErr := Parse(src, MaxDepth(100))
			if parseErr != nil {
				continue
			}
			again := reflect.New(reflect.TypeOf(tt.want))
			if e := UnmarshalTerm(term, again.Interface(), RejectUnknown()); (e == nil) != (err == nil) {
				t.Errorf("into a %T: with places %v, without %v", tt.want, err, e)
			}
		}
	})
}

// TestCursorOf: a term without a text can be walked all the same.
func TestCursorOf(t *testing.T) {
	c := CursorOf(Tuple{NewMap(Pair{Int(1), Atom("a")}), &Improper{[]Term{Int(2)}, Int(3)}})
	if c.File() != nil || c.Pos() != (Position{}) || c.Len() != 2 {
		t.Errorf("the cursor has the file %v and is at %v, of %d", c.File(), c.Pos(), c.Len())
	}
	m := c.Elem(0)
	if m.Key(0).Term() != Int(1) || m.Elem(0).Term() != Atom("a") {
		t.Errorf("the map is %v => %v", m.Key(0).Term(), m.Elem(0).Term())
	}
	if tail, ok := c.Elem(1).Tail(); !ok || tail.Term() != Int(3) {
		t.Errorf("the tail is %v", tail.Term())
	}
	if got, want := m.Errorf("", "wrong").Error(), "wrong"; got != want {
		t.Errorf("the error is %q, want %q", got, want)
	}
}
