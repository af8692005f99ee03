package etf

import (
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"time"
)

// greedy are bytes that ask for as much memory or time as they can: size makes
// about so many of them.
var greedy = []struct {
	name    string
	make    func(size int) string
	refused bool
}{
	{"empty lists", func(size int) string { return sequence(size, "j") }, false},
	{"bytes", func(size int) string { return sequence(size, "a\x00") }, false},
	{"integers", func(size int) string { return sequence(size, "b\x00\x00\x01\x00") }, false},
	{"big integers of no digits", func(size int) string { return sequence(size, "n\x00\x00") }, false},
	{"big integers of 64 bits", func(size int) string { return sequence(size, "n\x08\x00abcdefgh") }, false},
	{"big integers of 72 bits", func(size int) string { return sequence(size, "n\x09\x00abcdefghi") }, false},
	{"floats", func(size int) string { return sequence(size, "F"+zeros(8)) }, false},
	{"empty atoms", func(size int) string { return sequence(size, "w\x00") }, false},
	{"atoms of a character", func(size int) string { return sequence(size, "w\x01a") }, false},
	{"atoms in Latin-1", func(size int) string { return sequence(size, "s\x09\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9") }, false},
	{"empty tuples", func(size int) string { return sequence(size, "h\x00") }, false},
	{"small tuples", func(size int) string { return sequence(size, "h\x01j") }, false},
	{"deep tuples", func(size int) string { return sequence(size, strings.Repeat("h\x01", MaxDepth-1)+"j") }, false},
	{"deep maps", func(size int) string {
		return sequence(size, strings.Repeat("t\x00\x00\x00\x01j", MaxDepth-1)+"j")
	}, false},
	{"small lists", func(size int) string { return sequence(size, "l\x00\x00\x00\x01jj") }, false},
	{"lists as tails", func(size int) string {
		return strings.Repeat("l\x00\x00\x00\x01j", size/6) + "j"
	}, false},
	{"improper lists", func(size int) string { return sequence(size, "l\x00\x00\x00\x01jw\x00") }, false},
	{"strings of a byte", func(size int) string { return sequence(size, "k\x00\x01a") }, false},
	{"strings in Latin-1", func(size int) string { return sequence(size, "k\x00\x05\xe9\xe9\xe9\xe9\xe9") }, false},
	{"strings as tails", func(size int) string { return sequence(size, "l\x00\x00\x00\x00k\x00\x0aabcdefghij") }, false},
	{"empty binaries", func(size int) string { return sequence(size, "m"+zeros(4)) }, false},
	{"binaries of a byte", func(size int) string { return sequence(size, "m\x00\x00\x00\x01a") }, false},
	{"empty maps", func(size int) string { return sequence(size, "t"+zeros(4)) }, false},
	{"small maps", func(size int) string { return sequence(size, "t\x00\x00\x00\x01jj") }, false},
	{"maps of two", func(size int) string { return sequence(size, "t\x00\x00\x00\x02jjw\x00j") }, false},
	{"maps of all bytes", func(size int) string {
		var pairs strings.Builder
		for c := range 256 {
			pairs.WriteString("a" + string([]byte{byte(c)}) + "j")
		}
		return sequence(size, "t\x00\x00\x01\x00"+pairs.String())
	}, false},
	{"one map", func(size int) string {
		n := size / 6
		data := binary.BigEndian.AppendUint32([]byte("t"), uint32(n))
		for i := range n {
			data = append(binary.BigEndian.AppendUint32(append(data, 'b'), uint32(i)), 'j')
		}
		return string(data)
	}, false},
	{"pids", func(size int) string { return sequence(size, "Xw\x00"+zeros(12)) }, false},
	{"references", func(size int) string { return sequence(size, "Z\x00\x01w\x00"+zeros(8)) }, false},
	{"external funs", func(size int) string { return sequence(size, "qw\x00w\x00a\x00") }, false},
	{"closures", func(size int) string { return sequence(size, "p"+closure) }, false},
	{"keys that compare equal", equalKeys, false},
	{"counts that promise all that is left", func(size int) string {
		var data []byte
		for range MaxDepth {
			data = binary.BigEndian.AppendUint32(append(data, 'i'), uint32(size-5*MaxDepth))
		}
		return string(data) + strings.Repeat("j", size-5*MaxDepth)
	}, true},
	{"closures in one another", func(size int) string { return sequence(size, matryoshka(100)) }, false},
	{"maps as keys in one another", keyTree, false},
}

// sequence is a tuple of as many elements as have room in size, and may be read.
func sequence(size int, elem string) string {
	n := min(size/len(elem), MaxTerms/2)
	return string(binary.BigEndian.AppendUint32([]byte("i"), uint32(n))) + strings.Repeat(elem, n)
}

// matryoshka is a closure that holds one that holds another, and so on.
func matryoshka(n int) string {
	head := closure[4 : len(closure)-len("h\x01w\x02ok")]
	inner := "j"
	for range n {
		size := uint32(4 + len(head) + len(inner))
		inner = string(binary.BigEndian.AppendUint32([]byte("p"), size)) + head + inner
	}
	return inner
}

// keyTree is a map of two keys that are each such a map. They differ only in the
// last value.
func keyTree(size int) string {
	a, b := "a\x01", "a\x02"
	for 2*len(a) < size {
		head := "t\x00\x00\x00\x02" + a + "j" + b
		a, b = head+"j", head+"a\x01"
	}
	return a
}

// equalKeys is a map of keys that compare equal and are not: each is a large integer
// and choices of 1 and 1.0.
func equalKeys(size int) string {
	const choices = 9
	var b strings.Builder
	b.WriteString("t\x00\x00\x02\x00")
	for i := range 1 << choices {
		b.WriteString("h\x0ao\x00\x00\x03\xe8\x00" + strings.Repeat("7", 1000))
		for j := range choices {
			b.WriteString([]string{"a\x01", "F\x3f\xf0" + zeros(6)}[i>>j&1])
		}
		b.WriteByte('j')
	}
	return b.String()
}

// TestMemory decodes each of the greedy, and holds it to the bound of memory and to
// a time. With -v it prints what each took.
func TestMemory(t *testing.T) {
	const (
		size    = 512 << 10
		slowest = 5 * time.Second // on a machine that does other things at the same time
	)
	for _, tt := range greedy {
		t.Run(tt.name, func(t *testing.T) {
			data := []byte("\x83" + tt.make(size))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, _, err := Decode(data)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			t.Logf("%.1f bytes for each of %d, in %v; the error is %v", float64(allocated)/float64(len(data)), len(data), took, err)
			if allocated > MemoryFactor*uint64(len(data)) {
				t.Errorf("it takes over %d bytes for each", MemoryFactor)
			}
			if took > slowest {
				t.Errorf("it took %v", took)
			}
			if (err != nil) != tt.refused {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
