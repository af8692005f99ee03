package erlterm

import (
	"math/big"
	"slices"
	"strings"
	"testing"
)

// terms are texts of one term without its dot, with the term they mean and its
// printed text. They are cases for parsing and printing and seeds for fuzzing.
var terms = []struct {
	name string
	text string
	want Term
	out  string
}{
	{"atom", "kernel", Atom("kernel"), "kernel"},
	{"atom with @", "a@host", Atom("a@host"), "a@host"},
	{"node name", "'a@127.0.0.1'", Atom("a@127.0.0.1"), "'a@127.0.0.1'"},
	{"needless quotes", "'ok'", Atom("ok"), "ok"},
	{"reserved word", "'maybe'", Atom("maybe"), "'maybe'"},
	{"empty atom", "''", Atom(""), "''"},
	{"Latin-1 atom", "été", Atom("été"), "été"},
	{"Unicode atom", "'ж'", Atom("ж"), "'ж'"},
	{"atom with escapes", `'a\nb\'\x{1F600}\\'`, Atom("a\nb'😀\\"), `'a\nb\'😀\\'`},
	{"control characters", `'\0\e\d\x80'`, Atom("\x00\x1b\x7f\u0080"), `'\000\e\d\200'`},
	{"integer", "42", Int(42), "42"},
	{"underscores", "1_000_000", Int(1000000), "1000000"},
	{"base", "16#fF_f", Int(0xfff), "4095"},
	{"base 36", "36#zz", Int(35*36 + 35), "1295"},
	{"largest Int", "9223372036854775807", Int(9223372036854775807), "9223372036854775807"},
	{"smallest Int", "-9223372036854775808", Int(-9223372036854775808), "-9223372036854775808"},
	{"big integer", "18446744073709551616", bigInt("18446744073709551616"), "18446744073709551616"},
	{"negative big integer", "-(16#1_0000_0000_0000_0000)", bigInt("-18446744073709551616"), "-18446744073709551616"},
	{"character", "$a", Int('a'), "97"},
	{"escaped character", `$\n`, Int('\n'), "10"},
	{"control character", `$\^A`, Int(1), "1"},
	{"brace character", "{a,$}}", Tuple{Atom("a"), Int('}')}, "{a,125}"},
	{"signed character", "-$a", Int(-97), "-97"},
	{"float", "1.5", Float(1.5), "1.5"},
	{"float with exponent", "1_0.0_1E+2", Float(1001), "1001.0"},
	{"short of two notations", "[0.0001,1.0e-5,1000.0,100.0]", List{Float(0.0001), Float(1e-5), Float(1000), Float(100)}, "[0.0001,1.0e-5,1.0e3,100.0]"},
	{"large float", "9007199254740992.0", Float(1 << 53), "9.007199254740992e15"},
	{"negative zero", "-0.0", Float(negativeZero()), "-0.0"},
	{"tiny float", "5.0e-324", Float(5e-324), "5.0e-324"},
	{"underflow", "1.0e-400", Float(0), "0.0"},
	{"string", `"abc"`, String("abc"), "[97,98,99]"},
	{"empty string", `""`, String(""), "[]"},
	{"joined strings", "\"a\" \"b\"\n%c\n\"c\"", String("abc"), "[97,98,99]"},
	{"escapes", `"\x41\x{42}\103\s\z\^?"`, String("ABC z\x7f"), "[65,66,67,32,122,127]"},
	{"line in a string", "\"a\nb\"", String("a\nb"), "[97,10,98]"},
	{"triple-quoted", "\"\"\"\n  a\n   b\\n\n\n  \"\"\"", String("a\n b\\n\n"), "[97,10,32,98,92,110,10]"},
	{"four quotes", "\"\"\"\"\n\"\"\"\n\"\"\"\"", String(`"""`), "[34,34,34]"},
	{"sigil", `~"aé"`, Binary([]byte("aé")), "<<97,195,169>>"},
	{"sigil b", `~b{a\}}`, Binary([]byte("a}")), "<<97,125>>"},
	{"sigil B", `~B[a\n]`, Binary([]byte(`a\n`)), "<<97,92,110>>"},
	{"sigil s", `~s/a\n/`, String("a\n"), "[97,10]"},
	{"sigil S", "~S\"\"\"\n a\\n\n \"\"\"", String(`a\n`), "[97,92,110]"},
	{"empty list", "[ ]", List(nil), "[]"},
	{"list", "[a,1,\"x\"]", List{Atom("a"), Int(1), String("x")}, "[a,1,[120]]"},
	{"improper list", "[a,b|c]", &Improper{[]Term{Atom("a"), Atom("b")}, Atom("c")}, "[a,b|c]"},
	{"list as a tail", "[a|[b|([c|[]])]]", List{Atom("a"), Atom("b"), Atom("c")}, "[a,b,c]"},
	{"string as a tail", `[1|"ab"]`, List{Int(1), Int('a'), Int('b')}, "[1,97,98]"},
	{"empty parentheses", "{a,{},()}", nil, ""},
	{"nested tuple", "{a,{},(b)}", Tuple{Atom("a"), Tuple(nil), Atom("b")}, "{a,{},b}"},
	{"map", "#{b => 1,a => #{}}", NewMap(Pair{Atom("b"), Int(1)}, Pair{Atom("a"), NewMap()}), "#{a => #{},b => 1}"},
	{"repeated key", "#{a=>1,a=>2}", NewMap(Pair{Atom("a"), Int(2)}), "#{a => 2}"},
	{"keys of equal value", "#{1.0=>b,1=>a}", NewMap(Pair{Int(1), Atom("a")}, Pair{Float(1), Atom("b")}), "#{1 => a,1.0 => b}"},
	{"empty binary", "<<>>", Bits{}, "<<>>"},
	{"binary", `<<1,"ab",$c,(4),-1,300>>`, Binary([]byte{1, 'a', 'b', 'c', 4, 255, 44}), "<<1,97,98,99,4,255,44>>"},
	{"bit string", "<<1:4,5:5>>", Bits{[]byte{0x12, 0x80}, 9}, "<<18,1:1>>"},
	{"endianness", "<<1:16/little,1:16/big-unsigned,16#123:12/little>>", Bits{[]byte{1, 0, 0, 1, 0x23, 0x10}, 44}, "<<1,0,0,1,35,1:4>>"},
	{"unit", "<<1:2/unit:8>>", Binary([]byte{0, 1}), "<<0,1>>"},
	{"UTF segments", `<<"é"/utf8,"é"/utf16,"é"/utf32-little>>`, Binary([]byte{195, 169, 0, 233, 233, 0, 0, 0}), "<<195,169,0,233,233,0,0,0>>"},
	{"float segments", "<<1.5:16/float,1:32/float,1.0e300:32/float>>", Binary([]byte{62, 0, 63, 128, 0, 0, 127, 128, 0, 0}), "<<62,0,63,128,0,0,127,128,0,0>>"},
	{"binary segments", "<<(<<1,2,3>>):2/binary,<<5:3>>/bits>>", Bits{[]byte{1, 2, 0xa0}, 19}, "<<1,2,5:3>>"},
	{"big integer segment", "<<-18446744073709551617:72>>", Binary([]byte{254, 255, 255, 255, 255, 255, 255, 255, 255}), "<<254,255,255,255,255,255,255,255,255>>"},
	{"fun", "fun lists:map/2", Fun{"lists", "map", 2}, "fun lists:map/2"},
	{"parentheses", "((a))", Atom("a"), "a"},
	{"comment", "%% x ]}.\n[a, % y\nb]", List{Atom("a"), Atom("b")}, "[a,b]"},
	{"blanks", "\u00a0[\u0085a\x00,\tb\r\n]", List{Atom("a"), Atom("b")}, "[a,b]"},
	{
		"kernel", `[{kernel, [{sync_nodes_optional, ['b@127.0.0.1']}, {sync_nodes_timeout, 5000}]}]`,
		List{Tuple{Atom("kernel"), List{
			Tuple{Atom("sync_nodes_optional"), List{Atom("b@127.0.0.1")}},
			Tuple{Atom("sync_nodes_timeout"), Int(5000)},
		}}},
		"[{kernel,[{sync_nodes_optional,['b@127.0.0.1']},{sync_nodes_timeout,5000}]}]",
	},
}

func bigInt(s string) Term {
	n, _ := new(big.Int).SetString(s, 10)
	return NewInt(n)
}

func negativeZero() float64 {
	zero := 0.0
	return -zero
}

func TestTerms(t *testing.T) {
	for _, tt := range terms {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse([]byte(tt.text + "."))
			if tt.want == nil {
				if err == nil {
					t.Errorf("Parse(%q) = %v, want an error", tt.text, got)
				}
				return
			}
			if err != nil {
				t.Fatalf("Parse(%q): %v", tt.text, err)
			}
			if !Equal(got, tt.want) {
				t.Errorf("Parse(%q) = %#v, want %#v", tt.text, got, tt.want)
			}
			if got.String() != tt.out {
				t.Errorf("String() = %s, want %s", got, tt.out)
			}
			checkRoundTrip(t, got)
		})
	}
}

// checkRoundTrip prints a term and reads it back.
func checkRoundTrip(t *testing.T, want Term) {
	t.Helper()
	text := append(AppendLiteral(nil, want), '.')
	got, err := Parse(text)
	if err != nil {
		t.Errorf("the printed text is refused: %v\n%s", err, text)
	} else if !Equal(got, want) {
		t.Errorf("%s reads back as %s", text, got)
	}
}

// TestShapes tells which Go type stands for which list.
func TestShapes(t *testing.T) {
	tests := []struct {
		text string
		want string
	}{
		{`"a"`, "String"},
		{`[97]`, "List"},
		{`[a|[b]]`, "List"},
		{`[a|"b"]`, "List"},
		{`[a|b]`, "Improper"},
		{`~s"a"`, "String"},
		{`~"a"`, "Bits"},
		{`1`, "Int"},
		{`99999999999999999999`, "BigInt"},
	}
	for _, tt := range tests {
		term, err := Parse([]byte(tt.text + "."))
		if err != nil {
			t.Fatal(err)
		}
		var got string
		switch term.(type) {
		case String:
			got = "String"
		case List:
			got = "List"
		case *Improper:
			got = "Improper"
		case Bits:
			got = "Bits"
		case Int:
			got = "Int"
		case *BigInt:
			got = "BigInt"
		}
		if got != tt.want {
			t.Errorf("Parse(%q) is a %T, want a %s", tt.text, term, tt.want)
		}
	}
}

// TestFunNames holds AppendTerm to OTP's oddities, and AppendLiteral to none.
func TestFunNames(t *testing.T) {
	tests := []struct {
		fun           Fun
		term, literal string
	}{
		{Fun{"m", "f", 0}, "fun m:f/0", "fun m:f/0"},
		{Fun{"after", "end", 1}, "fun after:end/1", "fun 'after':'end'/1"},
		{Fun{"a@b", "Up", 255}, "fun 'a@b':'Up'/255", "fun a@b:'Up'/255"},
		{Fun{"é", "ж", 2}, "fun Ã©:'Ð¶'/2", "fun é:'ж'/2"},
		{Fun{"\x1b", "\x7f", 2}, "fun '\\033':'\x7f'/2", `fun '\e':'\d'/2`},
	}
	for _, tt := range tests {
		if got := string(AppendTerm(nil, tt.fun)); got != tt.term {
			t.Errorf("AppendTerm(%#v) = %s, want %s", tt.fun, got, tt.term)
		}
		if got := string(AppendLiteral(nil, tt.fun)); got != tt.literal {
			t.Errorf("AppendLiteral(%#v) = %s, want %s", tt.fun, got, tt.literal)
		}
		checkRoundTrip(t, tt.fun)
	}
}

// TestOrder compares each two terms of a list that is in Erlang's order. Terms
// on one line are == in Erlang; they are all different to =:= but where the
// same text stands twice.
func TestOrder(t *testing.T) {
	lines := [][]string{
		{"-18446744073709551616"},
		{"-1", "-1.0"},
		{"0", "0.0", "-0.0"},
		{"1.5"},
		{"9007199254740992", "9007199254740992.0"},
		{"9007199254740993"},
		{"18446744073709551616", "18446744073709551616.0"},
		{"1.0e300"},
		{"'A'"},
		{"a"},
		{"aa"},
		{"é"},
		{"'ж'"},
		{"'😀'"},
		{"fun a:b/1"},
		{"fun a:b/2"},
		{"fun b:a/0"},
		{"{}"},
		{"{1}", "{1.0}"},
		{"{a}"},
		{"{1,2}"},
		{"#{}"},
		{"#{1=>a}"},
		{"#{1=>b}"},
		{"#{1.0=>a}"},
		{"#{a=>1}", "#{a=>1.0}"},
		{"#{1=>a,2=>b}"},
		{"#{3=>a,1.0=>b}"},
		{"[]"},
		{"[1|2]", "[1|2.0]"},
		{"[1]", "[1.0]"},
		{"[1,2|a]"},
		{"[1,2]"},
		{"[a|b]"},
		{"[a]"},
		{"<<>>"},
		{"<<0:3>>"},
		{"<<0>>"},
		{"<<1:4>>"},
		{"<<16>>"},
		{"<<16,2>>"},
	}
	type entry struct {
		term Term
		line int
	}
	var entries []entry
	for n, texts := range lines {
		for _, text := range texts {
			term, err := Parse([]byte(text + "."))
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, entry{term, n})
		}
	}
	for i, a := range entries {
		for j, b := range entries {
			if got := Compare(a.term, b.term); sgn(got) != sgn(a.line-b.line) {
				t.Errorf("Compare(%v, %v) = %d, want the sign of %d", a.term, b.term, got, a.line-b.line)
			}
			if got := Equal(a.term, b.term); got != (i == j) {
				t.Errorf("Equal(%v, %v) = %v", a.term, b.term, got)
			}
		}
	}
}

func sgn(n int) int { return min(1, max(-1, n)) }

func TestEqualShapes(t *testing.T) {
	same := []Term{
		String("ab"),
		List{Int('a'), Int('b')},
		&Improper{[]Term{Int('a')}, String("b")},
		&Improper{[]Term{Int('a')}, List{Int('b')}},
	}
	for _, a := range same {
		for _, b := range same {
			if !Equal(a, b) || Compare(a, b) != 0 {
				t.Errorf("%#v and %#v are not equal", a, b)
			}
		}
		if got := a.String(); got != "[97,98]" {
			t.Errorf("%#v prints as %s", a, got)
		}
	}
	if !Equal(String(""), List(nil)) {
		t.Error(`"" and [] are not equal`)
	}
}

func TestMap(t *testing.T) {
	m := NewMap(Pair{Atom("b"), Int(1)}, Pair{Int(1), Int(2)}, Pair{Float(1), Int(3)}, Pair{Atom("b"), Int(4)})
	if m.Len() != 3 {
		t.Errorf("Len() = %d, want 3", m.Len())
	}
	for _, tt := range []struct {
		key, want Term
	}{{Atom("b"), Int(4)}, {Int(1), Int(2)}, {Float(1), Int(3)}, {Atom("c"), nil}, {Int(2), nil}} {
		got, ok := m.Get(tt.key)
		if ok != (tt.want != nil) || ok && !Equal(got, tt.want) {
			t.Errorf("Get(%v) = %v, %v; want %v", tt.key, got, ok, tt.want)
		}
	}
	var keys []string
	for k := range m.All() {
		keys = append(keys, k.String())
		if k == Term(Float(1)) {
			break
		}
	}
	if !slices.Equal(keys, []string{"1", "1.0"}) || !Equal(m.At(2).Key, Atom("b")) {
		t.Errorf("the keys are %s, then %v", strings.Join(keys, " "), m.At(2).Key)
	}
}

func TestKindString(t *testing.T) {
	for k := tokEOF; k <= tokSkipped; k++ {
		if got := k.String(); got == "" || got == kind(255).String() {
			t.Errorf("kind %d has no name: %q", k, got)
		}
	}
}
