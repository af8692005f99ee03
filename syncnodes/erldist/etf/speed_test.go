package etf

import (
	"testing"

	"interconnectd/erlterm"
)

// speeds are the messages of a gen_server:call/2 and of what may be in one: many
// small terms, and one large binary.
func speeds() map[string]erlterm.Term {
	var rows list
	for i := range 10_000 {
		rows = append(rows, erlterm.NewMap(
			pair{Key: atom("id"), Value: num(i)},
			pair{Key: atom("name"), Value: erlterm.Binary([]byte("a row of some words"))},
			pair{Key: atom("owner"), Value: Pid{Node: "a@127.0.0.1", ID: uint32(i), Creation: 3}},
			pair{Key: atom("state"), Value: tuple{atom("ok"), list{erlterm.Float(i), num(i << 40)}}},
		))
	}
	ref := Ref{Node: "a@127.0.0.1", Creation: 3, Words: [MaxWords]uint32{1, 2, 3}, N: 3}
	return map[string]erlterm.Term{
		"call": tuple{
			atom("$gen_call"),
			tuple{Pid{Node: "a@127.0.0.1", ID: 90, Creation: 3}, &erlterm.Improper{Elems: list{atom("alias")}, Tail: ref}},
			tuple{atom("is_auth"), atom("b@127.0.0.1")},
		},
		"rows":   rows,
		"binary": erlterm.Binary(make([]byte, 1<<20)),
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, term := range speeds() {
		b.Run(name, func(b *testing.B) {
			data, err := AppendTerm(nil, term)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendTerm(b *testing.B) {
	for name, term := range speeds() {
		b.Run(name, func(b *testing.B) {
			var data []byte
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if data, err = AppendTerm(data[:0], term); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(data)))
		})
	}
}
