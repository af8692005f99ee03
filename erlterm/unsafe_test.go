package erlterm

import (
	"runtime"
	"strings"
	"testing"
)

// TestParsesLetGo: a parse shares storage with the one before, and still does
// not keep its terms alive, nor, by them, those of all the parses before.
func TestParsesLetGo(t *testing.T) {
	text := []byte("[" + strings.Repeat(`{key, [1000, "text", <<"b">>, #{a => {b, 1.5}}]}, `, 1000) + "x].")
	held := func() uint64 {
		for range 3 { // a pool lives through two
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var last Term
	parse := func(n int) {
		for range n {
			var err error
			if last, err = Parse(text); err != nil {
				t.Fatal(err)
			}
		}
	}
	parse(10)
	before := held()
	for range 10 { // the pool is kept warm, as between the collections of a busy program
		parse(10)
		runtime.GC()
		parse(1)
	}
	if after := held(); after > before+uint64(4*len(text)) {
		t.Errorf("a hundred parses of %d bytes hold %d bytes more", len(text), after-before)
	}
	runtime.KeepAlive(last)
}

// TestBox: what a box returns is what the compiler makes of the same value, and
// lives as long as somebody has it, though only its middle is pointed to.
func TestBox(t *testing.T) {
	const n = 10_000
	var (
		strs  box[String]
		ints  box[Int]
		lists box[List]
		terms []Term
		p     = &parser{scanner: newScanner("", 0, nil)}
	)
	for i := range n {
		text := String(strings.Repeat("x", i%50))
		terms = append(terms, strs.put(p, text), ints.put(p, Int(i)), lists.put(p, List{Int(i), text}))
	}
	strs, ints, lists = box[String]{}, box[Int]{}, box[List]{} // only the terms point to the chunks now
	for range 3 {
		runtime.GC()
		_ = make([][]byte, n) // something to take what the collector freed
	}
	for i := range n {
		text := String(strings.Repeat("x", i%50))
		got := terms[3*i : 3*i+3]
		if got[0] != Term(text) || got[1] != Term(Int(i)) || !Equal(got[2], List{Int(i), text}) {
			t.Fatalf("value %d is %v", i, got)
		}
		if _, ok := got[2].(List); !ok {
			t.Fatalf("value %d is a %T", i, got[2])
		}
	}
}

// TestSmallTermsKeepNoLargeOnes: a short string holds nothing of a long one that
// was parsed before it.
func TestSmallTermsKeepNoLargeOnes(t *testing.T) {
	large := strings.Repeat("x", 4<<20)
	for _, text := range []string{`["a", "` + large + `", "a"].`, `["a", "\x61` + large + `"].`, `[~b"` + large + `", ~"a"].`, `["` + large + `" "b", "c"].`} {
		if _, err := Parse([]byte(text)); err != nil {
			t.Fatal(err)
		}
		small, err := Parse([]byte(`["tiny", ~"tiny"].`))
		if err != nil {
			t.Fatal(err)
		}
		var m runtime.MemStats
		for range 3 {
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		before := m.HeapAlloc
		runtime.KeepAlive(small)
		small = nil
		for range 3 {
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		if before > m.HeapAlloc+1<<20 {
			t.Errorf("two short terms held %d bytes after %.12s...", before-m.HeapAlloc, text)
		}
	}
}

// TestTermsAreIndependent: nothing that a caller does to the text changes a term.
func TestTermsAreIndependent(t *testing.T) {
	text := []byte(`{atom, 'quoted atom', "string", "two" "strings", "\x41", <<"binary">>, ~s"sigil", fun m:f/1, #{key => "value"}}.`)
	want := mustParse(t, string(text))
	f, err := ParseFile("", text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		text[i] = '!'
	}
	if !Equal(f.Terms[0], want) || f.Terms[0].String() != want.String() {
		t.Errorf("the term became %v, want %v", f.Terms[0], want)
	}
}
