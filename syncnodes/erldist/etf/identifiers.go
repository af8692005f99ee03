package etf

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"interconnectd/erlterm"
)

// A Pid is a process of a node. Creation tells the lives of the node apart. Pids
// compare with ==.
type Pid struct {
	erlterm.OpaqueTerm
	Node                 erlterm.Atom
	ID, Serial, Creation uint32
}

// String is the pid as its own node prints it: <0.ID.Serial>.
func (p Pid) String() string { return fmt.Sprintf("<0.%d.%d>", p.ID, p.Serial) }

// Class is [erlterm.ClassPid].
func (Pid) Class() erlterm.Class { return erlterm.ClassPid }

// CompareOpaque orders pids as OTP 25 and 27 do: by serial, ID, node, creation.
func (p Pid) CompareOpaque(other erlterm.Opaque) int {
	q := other.(Pid)
	return cmp.Or(
		cmp.Compare(p.Serial, q.Serial), cmp.Compare(p.ID, q.ID),
		cmp.Compare(p.Node, q.Node), cmp.Compare(p.Creation, q.Creation))
}

// A Port is a port of a node, such as a socket. Ports compare with ==.
type Port struct {
	erlterm.OpaqueTerm
	Node     erlterm.Atom
	ID       uint64
	Creation uint32
}

// String is the port as its own node prints it: #Port<0.ID>.
func (p Port) String() string { return fmt.Sprintf("#Port<0.%d>", p.ID) }

// Class is [erlterm.ClassPort].
func (Port) Class() erlterm.Class { return erlterm.ClassPort }

// CompareOpaque orders ports as OTP 25 and 27 do: by node, creation, ID.
func (p Port) CompareOpaque(other erlterm.Opaque) int {
	q := other.(Port)
	return cmp.Or(
		cmp.Compare(p.Node, q.Node), cmp.Compare(p.Creation, q.Creation),
		cmp.Compare(p.ID, q.ID))
}

// MaxWords is how many words a [Ref] has at most.
const MaxWords = 5

// A Ref is a reference, as a node made it for a call, a monitor or an alias. The
// first N of its Words count, 1 to [MaxWords] of them, and the others are 0: OTP 25
// makes three words, OTP 27 five for an alias. Refs compare with ==.
type Ref struct {
	erlterm.OpaqueTerm
	Node     erlterm.Atom
	Creation uint32
	Words    [MaxWords]uint32
	N        int
}

// String is the reference as its own node prints it: #Ref<0.WORD...>, the last
// word first.
func (r Ref) String() string {
	text := []byte("#Ref<0")
	for i := min(r.N, MaxWords) - 1; i >= 0; i-- {
		text = strconv.AppendUint(append(text, '.'), uint64(r.Words[i]), 10)
	}
	return string(append(text, '>'))
}

// Class is [erlterm.ClassRef].
func (Ref) Class() erlterm.Class { return erlterm.ClassRef }

// CompareOpaque orders references as OTP 25 and 27 do: by node, creation, and words,
// the last first and those that are missing as 0. Two that differ in the number of
// zeros at the end alone, which no node makes, are one to Erlang and two here.
func (r Ref) CompareOpaque(other erlterm.Opaque) int {
	q := other.(Ref)
	c := cmp.Or(cmp.Compare(r.Node, q.Node), cmp.Compare(r.Creation, q.Creation))
	for i := MaxWords - 1; i >= 0 && c == 0; i-- {
		c = cmp.Compare(r.Words[i], q.Words[i])
	}
	return cmp.Or(c, cmp.Compare(r.N, q.N))
}

// A Fun is a closure: code that is in a module of its node, with the values that it
// has taken along. It is kept as the bytes that it came in, and goes back as it
// came. Funs compare with ==, by those bytes: two may be one to Erlang, such as a
// fun that came by way of a node of another release. [Decode] makes them; the zero
// Fun is no term.
type Fun struct {
	erlterm.OpaqueTerm
	code string // of NEW_FUN, without the tag
}

// String is the fun as Erlang prints it: #Fun<Module.Index.Uniq>.
func (f Fun) String() string {
	module, index, uniq := f.name()
	return fmt.Sprintf("#Fun<%s.%d.%d>", module, index, uniq)
}

// Class is [erlterm.ClassFun].
func (Fun) Class() erlterm.Class { return erlterm.ClassFun }

// CompareOpaque orders funs by module, index and unique value, as Erlang does, then
// by their bytes, where Erlang compares the values that they hold.
func (f Fun) CompareOpaque(other erlterm.Opaque) int {
	g := other.(Fun)
	module, index, uniq := f.name()
	module2, index2, uniq2 := g.name()
	return cmp.Or(
		cmp.Compare(module, module2), cmp.Compare(index, index2), cmp.Compare(uniq, uniq2),
		strings.Compare(f.code, g.code))
}

// name is what a fun is known by.
func (f Fun) name() (module erlterm.Atom, index, uniq erlterm.Int) {
	if f.code == "" {
		return "", 0, 0
	}
	d := decoder{data: []byte(f.code), pos: funHeader}
	return d.atom(), d.int(), d.int()
}
