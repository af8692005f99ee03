package etf

import "interconnectd/erlterm"

// This file reads what names something of a node: pids, ports, references, funs.

// creation reads the creation of a node, which old forms have in one byte.
func (d *decoder) creation(old bool) uint32 {
	if old {
		return uint32(d.byte())
	}
	return d.uint32()
}

func (d *decoder) pid(tag byte) Pid {
	p := Pid{Node: d.atom(), ID: d.uint32(), Serial: d.uint32()}
	p.Creation = d.creation(tag == tagPid)
	return p
}

func (d *decoder) port(tag byte) Port {
	p := Port{Node: d.atom()}
	if tag == tagV4Port {
		p.ID = d.uint64()
	} else {
		p.ID = uint64(d.uint32())
	}
	p.Creation = d.creation(tag == tagPort)
	return p
}

func (d *decoder) ref(tag byte) Ref {
	if tag == tagReference {
		r := Ref{Node: d.atom(), N: 1}
		r.Words[0] = d.uint32()
		r.Creation = d.creation(true)
		return r
	}
	at := d.pos
	n := int(d.uint16())
	if n < 1 || n > MaxWords {
		d.failAt(at, "a reference of %d words, not 1 to %d", n, MaxWords)
	}
	r := Ref{Node: d.atom(), N: n}
	r.Creation = d.creation(tag == tagNewReference)
	for i := range n {
		r.Words[i] = d.uint32()
	}
	return r
}

func (d *decoder) export() erlterm.Fun {
	f := erlterm.Fun{Module: d.atom(), Function: d.atom()}
	at := d.pos
	if tag := d.byte(); tag != tagSmallInteger {
		d.failAt(at, "an arity is expected, the tag is %d", tag)
	}
	f.Arity = d.byte()
	return f
}

// int reads an integer that is no big one, with its tag.
func (d *decoder) int() erlterm.Int {
	at := d.pos
	switch tag := d.byte(); tag {
	case tagSmallInteger:
		return erlterm.Int(d.byte())
	case tagInteger:
		return erlterm.Int(int32(d.uint32()))
	default:
		d.failAt(at, "an integer is expected, the tag is %d", tag)
		return 0
	}
}

// funHeader is how long a fun is before its module: the size, the arity, the MD5 of
// the module, the index and the number of free variables.
const funHeader = 4 + 1 + 16 + 4 + 4

// fun reads a fun and looks through all that is in it: it is written as it came.
// Funs that are in it have a part of its bytes, not a copy.
func (d *decoder) fun() Fun {
	start := d.pos
	size := int64(d.uint32())
	left := len(d.data) - start
	if d.code != "" {
		left = d.codeStart + len(d.code) - start
	}
	if size < funHeader || size > int64(left) {
		d.failAt(start, "a fun of %d bytes, %d are left", size, left)
	}
	if d.code == "" {
		d.code, d.codeStart = string(d.data[start:start+int(size)]), start
		defer func() { d.code = "" }()
	}
	d.funBody()
	if size != int64(d.pos-start) {
		d.failAt(start, "a fun of %d bytes says it has %d", d.pos-start, size)
	}
	return Fun{code: d.code[start-d.codeStart : d.pos-d.codeStart]}
}

// funBody reads a fun behind its size.
func (d *decoder) funBody() {
	d.bytes(funHeader - 8)
	free := d.uint32()
	d.promise(d.pos-4, free, 1)
	d.atom()
	d.int()
	d.int()
	at := d.pos
	switch tag := d.byte(); tag {
	case tagPid, tagNewPid:
		d.pid(tag)
	default:
		d.failAt(at, "a pid is expected, the tag is %d", tag)
	}
	for range free {
		d.term()
	}
}
