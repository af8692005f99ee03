package erldist

import (
	"fmt"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

// op says what a control message is about. The names are those of the chapter
// "Distribution Protocol".
type op uint8

const (
	opLink               op = 1
	opSend               op = 2
	opExit               op = 3
	opUnlink             op = 4
	opNodeLink           op = 5
	opRegSend            op = 6
	opGroupLeader        op = 7
	opExit2              op = 8
	opSendTT             op = 12 // TT: with a token of seq_trace
	opExitTT             op = 13
	opRegSendTT          op = 16
	opExit2TT            op = 18
	opMonitor            op = 19
	opDemonitor          op = 20
	opMonitorExit        op = 21
	opPayloadExit        op = 24
	opPayloadExitTT      op = 25
	opPayloadExit2       op = 26
	opPayloadExit2TT     op = 27
	opPayloadMonitorExit op = 28
	opAliasSend          op = 33
	opAliasSendTT        op = 34
	opUnlinkID           op = 35
	opUnlinkIDAck        op = 36
)

// message is a control message. Which of its fields there are depends on op.
type message struct {
	op     op
	from   erlterm.Term // a Pid, or an Atom, as the sender of opMonitorExit
	to     erlterm.Term // a Pid, an Atom that is a name, or a Ref that is an alias
	ref    etf.Ref      // of a monitor
	id     erlterm.Term // of an unlink, to be given back
	reason erlterm.Term // of an exit, where it is in the control message
}

// The letters of a shape say what an element is.
const (
	fromPid     = 'f'
	fromProcess = 'F' // a Pid or an Atom
	toPid       = 't'
	toName      = 'n'
	toProcess   = 'T' // a Pid or an Atom
	toAlias     = 'a'
	monitorRef  = 'r'
	unlinkID    = 'i'
	exitReason  = 'e'
	unused      = '_' // by Erlang, or by us
)

// shapes are the elements of each control message behind its op.
var shapes = map[op]string{
	opLink:               "ft",
	opSend:               "_t",
	opExit:               "fte",
	opUnlink:             "ft",
	opNodeLink:           "",
	opRegSend:            "f_n",
	opGroupLeader:        "ft",
	opExit2:              "fte",
	opSendTT:             "_t_",
	opExitTT:             "ft_e",
	opRegSendTT:          "f_n_",
	opExit2TT:            "ft_e",
	opMonitor:            "fTr",
	opDemonitor:          "fTr",
	opMonitorExit:        "Ftre",
	opPayloadExit:        "ft",
	opPayloadExitTT:      "ft_",
	opPayloadExit2:       "ft",
	opPayloadExit2TT:     "ft_",
	opPayloadMonitorExit: "Ftr",
	opAliasSend:          "fa",
	opAliasSendTT:        "fa_",
	opUnlinkID:           "ift",
	opUnlinkIDAck:        "ift",
}

// parseControl reads a control message. One of an op that is not known has no more than
// its op. The error is an errBadFrame.
func parseControl(t erlterm.Term) (message, error) {
	tuple, _ := t.(erlterm.Tuple)
	if len(tuple) == 0 {
		return message{}, fmt.Errorf("%w: its control message is no tuple with elements", errBadFrame)
	}
	code, ok := tuple[0].(erlterm.Int)
	if !ok || code < 1 || code > 255 {
		return message{}, fmt.Errorf("%w: its control message begins with no operation", errBadFrame)
	}
	m := message{op: op(code)}
	shape, known := shapes[m.op]
	if !known {
		return m, nil
	}
	if len(tuple) != 1+len(shape) {
		return message{}, fmt.Errorf("%w: control message %d has %d elements, not %d", errBadFrame, code, len(tuple), 1+len(shape))
	}
	for i := range shape {
		if !m.set(shape[i], tuple[i+1]) {
			return message{}, fmt.Errorf("%w: element %d of control message %d", errBadFrame, i+2, code)
		}
	}
	return m, nil
}

// set takes an element, and reports whether it is what it has to be.
func (m *message) set(letter byte, t erlterm.Term) (ok bool) {
	switch letter {
	case fromPid, fromProcess:
		m.from = t
		return isProcess(t, letter == fromProcess)
	case toPid, toProcess:
		m.to = t
		return isProcess(t, letter == toProcess)
	case toName:
		m.to = t
		_, ok = t.(erlterm.Atom)
	case toAlias:
		m.to = t
		_, ok = t.(etf.Ref)
	case monitorRef:
		m.ref, ok = t.(etf.Ref)
	case unlinkID:
		m.id = t
		return isUnlinkID(t)
	case exitReason:
		m.reason = t
		return true
	case unused:
		return true
	}
	return ok
}

func isProcess(t erlterm.Term, orName bool) bool {
	switch t.(type) {
	case etf.Pid:
		return true
	case erlterm.Atom:
		return orName
	}
	return false
}

// isUnlinkID reports whether t is of 1 to 2^64-1.
func isUnlinkID(t erlterm.Term) bool {
	switch t := t.(type) {
	case erlterm.Int:
		return t > 0
	case *erlterm.BigInt:
		v := t.Big()
		return v.Sign() > 0 && v.BitLen() <= 64
	}
	return false
}

// newControl makes a control message.
func newControl(o op, elems ...erlterm.Term) erlterm.Tuple {
	return append(erlterm.Tuple{erlterm.Int(o)}, elems...)
}
