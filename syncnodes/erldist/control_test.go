package erldist

import (
	"errors"
	"math/big"
	"testing"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

// exampleOf is a control message of a shape.
func exampleOf(o op, shape string) erlterm.Tuple {
	m := newControl(o)
	for i := range shape {
		m = append(m, map[byte]erlterm.Term{
			fromPid: theirPid(1), fromProcess: echo, toPid: theirPid(2), toName: echo, toProcess: echo,
			toAlias: theirRef(1), monitorRef: theirRef(2), unlinkID: erlterm.Int(5), exitReason: noProc, unused: noCookie,
		}[shape[i]])
	}
	return m
}

func TestParseControl(t *testing.T) {
	for o, shape := range shapes {
		whole := exampleOf(o, shape)
		got, err := parseControl(whole)
		if err != nil {
			t.Errorf("%v: %v", whole, err)
			continue
		}
		for i := range shape {
			field := map[byte]erlterm.Term{
				fromPid: got.from, fromProcess: got.from, toPid: got.to, toName: got.to, toProcess: got.to,
				toAlias: got.to, monitorRef: got.ref, unlinkID: got.id, exitReason: got.reason, unused: noCookie,
			}[shape[i]]
			if field == nil || !erlterm.Equal(field, whole[i+1]) {
				t.Errorf("%v: element %d is read as %v", whole, i+2, field)
			}
			if shape[i] == unused || shape[i] == exitReason {
				continue
			}
			wrong := append(erlterm.Tuple(nil), whole...)
			wrong[i+1] = erlterm.Float(1)
			if m, err := parseControl(wrong); !errors.Is(err, errBadFrame) {
				t.Errorf("%v: got %v, %v", wrong, m, err)
			}
		}
		if m, err := parseControl(append(whole, yes)); !errors.Is(err, errBadFrame) {
			t.Errorf("%v with one more: got %v, %v", whole, m, err)
		}
	}
}

func TestParseControlElements(t *testing.T) {
	pid, ref := theirPid(1), theirRef(1)
	huge := erlterm.NewInt(new(big.Int).Lsh(big.NewInt(1), 64))
	large := erlterm.NewInt(new(big.Int).SetUint64(1 << 63))
	tests := []struct {
		control erlterm.Term
		ok      bool
	}{
		{newControl(opMonitor, pid, pid, ref), true},
		{newControl(opMonitor, pid, echo, ref), true},
		{newControl(opMonitor, echo, pid, ref), false},
		{newControl(opPayloadMonitorExit, pid, pid, ref), true},
		{newControl(opPayloadMonitorExit, echo, echo, ref), false},
		{newControl(opSend, noCookie, echo), false},
		{newControl(opRegSend, pid, noCookie, pid), false},
		{newControl(opAliasSend, pid, pid), false},
		{newControl(opUnlinkID, large, pid, pid), true},
		{newControl(opUnlinkID, huge, pid, pid), false},
		{newControl(opUnlinkID, erlterm.Int(0), pid, pid), false},
		{newControl(opUnlinkID, erlterm.Int(-1), pid, pid), false},
		{erlterm.Tuple{erlterm.Int(250), yes}, true}, // not known
		{erlterm.Tuple{erlterm.Int(0)}, false},
		{erlterm.Tuple{erlterm.Int(256)}, false},
		{erlterm.Tuple{huge}, false},
		{erlterm.Tuple{}, false},
		{erlterm.List{erlterm.Int(1), pid, pid}, false},
		{yes, false},
	}
	for _, tt := range tests {
		if m, err := parseControl(tt.control); (err == nil) != tt.ok || err != nil && !errors.Is(err, errBadFrame) {
			t.Errorf("%v: got %v, %v, want it read: %t", tt.control, m, err, tt.ok)
		}
	}
}

// FuzzControl reads anything as a control message: what is accepted has what its shape says.
func FuzzControl(f *testing.F) {
	for o, shape := range shapes {
		data, err := etf.AppendTerm(nil, exampleOf(o, shape))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		term, _, err := etf.Decode(data)
		if err != nil {
			return
		}
		m, err := parseControl(term)
		if err != nil {
			if !errors.Is(err, errBadFrame) {
				t.Errorf("the error %v", err)
			}
			return
		}
		for _, letter := range shapes[m.op] {
			switch letter {
			case fromPid:
				_ = m.from.(etf.Pid)
			case toPid:
				_ = m.to.(etf.Pid)
			case toName:
				_ = m.to.(erlterm.Atom)
			case toAlias:
				_ = m.to.(etf.Ref)
			case fromProcess, toProcess:
				if m.from == nil || m.to == nil {
					t.Errorf("%v is read as %v", term, m)
				}
			}
		}
	})
}
