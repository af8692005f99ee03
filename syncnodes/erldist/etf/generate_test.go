package etf

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"interconnectd/erlterm"
)

// The generators of terms, of all kinds but closures. Left out is what Erlang has
// no text for or what OTP 25 and 27 disagree about: characters that none is, and
// -0.0 beside 0.0.
var (
	anyRune = rapid.OneOf(rapid.Rune(), rapid.Int32Range(0, 255)).Filter(isCharacter)
	anyAtom = rapid.Custom(func(t *rapid.T) erlterm.Atom {
		return erlterm.Atom(rapid.OneOf(rapid.StringOfN(anyRune, 0, 20, -1), rapid.SampledFrom([]string{"ok", "maybe", "a@127.0.0.1"})).Draw(t, "name"))
	})
	anyInt = rapid.Custom(func(t *rapid.T) erlterm.Term {
		n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "digits"))
		n.Rsh(n, uint(rapid.IntRange(0, n.BitLen()).Draw(t, "shift"))) // short ones too
		if rapid.Bool().Draw(t, "negative") {
			n.Neg(n)
		}
		return erlterm.NewInt(n)
	})
	anyFloat = rapid.Float64().Filter(func(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) && (f != 0 || !math.Signbit(f)) })
	anyBits  = rapid.Custom(func(t *rapid.T) erlterm.Bits {
		b := erlterm.Binary(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes"))
		if unused := rapid.IntRange(0, 7).Draw(t, "unused"); len(b.Bytes) > 0 {
			b.Len -= unused
			b.Bytes[len(b.Bytes)-1] &= 0xff << unused
		}
		return b
	})
	anyPid = rapid.Custom(func(t *rapid.T) Pid {
		return Pid{Node: anyNode.Draw(t, "node"), ID: anyWord.Draw(t, "id"), Serial: anyWord.Draw(t, "serial"), Creation: anyWord.Draw(t, "creation")}
	})
	anyPort = rapid.Custom(func(t *rapid.T) Port {
		return Port{Node: anyNode.Draw(t, "node"), ID: rapid.Uint64().Draw(t, "id"), Creation: anyWord.Draw(t, "creation")}
	})
	anyRef = rapid.Custom(func(t *rapid.T) Ref {
		r := Ref{Node: anyNode.Draw(t, "node"), Creation: anyWord.Draw(t, "creation"), N: rapid.IntRange(1, MaxWords).Draw(t, "n")}
		for i := range r.N {
			r.Words[i] = rapid.Uint32Range(1, math.MaxUint32).Draw(t, "word")
		}
		return r
	})
	anyNode = rapid.SampledFrom([]erlterm.Atom{"a@127.0.0.1", "b@127.0.0.1", "ж@host"})
	anyWord = rapid.OneOf(rapid.Uint32Range(1, 3), rapid.Uint32Range(1, math.MaxUint32))
	anyFun  = rapid.Custom(func(t *rapid.T) erlterm.Fun {
		return erlterm.Fun{Module: anyAtom.Draw(t, "module"), Function: anyAtom.Draw(t, "function"), Arity: rapid.Byte().Draw(t, "arity")}
	})
)

func isCharacter(r rune) bool { return r&0xfffe != 0xfffe && (r < 0xd800 || 0xdfff < r) && r != 0xfffd }

// textTerms generates terms that have a text, which nest at most that deep.
func textTerms(depth int) *rapid.Generator[erlterm.Term] { return nested(depth, plain()...) }

// allTerms generates terms with pids, ports and references among them.
func allTerms(depth int) *rapid.Generator[erlterm.Term] {
	return nested(depth, append(plain(), asTerm(anyPid), asTerm(anyPort), asTerm(anyRef))...)
}

func plain() []*rapid.Generator[erlterm.Term] {
	return []*rapid.Generator[erlterm.Term]{
		asTerm(anyAtom), anyInt, asTerm(anyBits), asTerm(anyFun),
		rapid.Map(anyFloat, func(f float64) erlterm.Term { return erlterm.Float(f) }),
		rapid.Map(rapid.StringOf(anyRune), func(s string) erlterm.Term { return erlterm.String(s) }),
		rapid.Map(rapid.SliceOf(rapid.ByteRange(0, 255)), func(b []byte) erlterm.Term { return numbers(latin1(b)) }),
	}
}

func asTerm[T erlterm.Term](g *rapid.Generator[T]) *rapid.Generator[erlterm.Term] {
	return rapid.Map(g, func(t T) erlterm.Term { return t })
}

func nested(depth int, leaves ...*rapid.Generator[erlterm.Term]) *rapid.Generator[erlterm.Term] {
	leaf := rapid.OneOf(leaves...)
	if depth == 0 {
		return leaf
	}
	elem := nested(depth-1, leaves...)
	elems := rapid.SliceOfN(elem, 0, 6)
	return rapid.OneOf(
		leaf,
		rapid.Map(elems, func(e []erlterm.Term) erlterm.Term { return tuple(e) }),
		rapid.Map(elems, func(e []erlterm.Term) erlterm.Term { return list(e) }),
		rapid.Custom(func(t *rapid.T) erlterm.Term {
			return &erlterm.Improper{Elems: rapid.SliceOfN(elem, 1, 4).Draw(t, "elems"), Tail: elem.Draw(t, "tail")}
		}),
		rapid.Custom(func(t *rapid.T) erlterm.Term {
			var pairs []erlterm.Pair
			for range rapid.IntRange(0, 5).Draw(t, "pairs") {
				pairs = append(pairs, erlterm.Pair{Key: elem.Draw(t, "key"), Value: elem.Draw(t, "value")})
			}
			return erlterm.NewMap(pairs...)
		}),
	)
}

// TestRoundTrip writes terms and reads them.
func TestRoundTrip(t *testing.T) {
	terms := allTerms(4)
	rapid.Check(t, func(t *rapid.T) {
		term := terms.Draw(t, "term")
		data, err := AppendTerm(nil, term)
		if err != nil {
			t.Fatal(err)
		}
		checkRead(t, data, term)
		for n := range data {
			if got, _, err := Decode(data[:n]); err == nil {
				t.Fatalf("the first %d of %d bytes are read as %v", n, len(data), got)
			}
		}
	})
}

// FuzzDecode: no bytes make the package panic, and what is read can be written and
// is read as the same.
func FuzzDecode(f *testing.F) {
	for _, tt := range terms {
		if len(tt.data) < 1<<11 {
			f.Add([]byte("\x83" + tt.data))
		}
	}
	for _, tt := range broken {
		if len(tt.data) < 1<<10 {
			f.Add([]byte(tt.data))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		term, rest, err := Decode(data)
		if err != nil {
			if e, ok := err.(*Error); !ok || e.Offset < 0 || e.Offset > len(data) || strings.ContainsRune(e.Msg, '\n') {
				t.Fatalf("the error is %#v", err)
			}
			return
		}
		if len(rest) >= len(data) {
			t.Fatalf("%d of %d bytes are left", len(rest), len(data))
		}
		_ = term.String()
		written, err := AppendTerm(nil, term)
		if err != nil {
			t.Fatalf("%v is read and not written: %v", term, err)
		}
		checkRead(t, written, term)
	})
}
