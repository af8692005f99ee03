package erldist

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

// Words of the protocol of gen and net_kernel, and reasons of exits.
const (
	genCall     = erlterm.Atom("$gen_call")
	aliasTag    = erlterm.Atom("alias")
	netKernel   = erlterm.Atom("net_kernel")
	isAuth      = erlterm.Atom("is_auth")
	yes         = erlterm.Atom("yes")
	noProc      = erlterm.Atom("noproc")
	systemLimit = erlterm.Atom("system_limit")
	noCookie    = erlterm.Atom("") // where there was a cookie once
)

const (
	// maxProbes is how many probes may be without an answer, the latest ones.
	maxProbes = 16
	// maxReasonText is how much of the reason of an exit an ExitError prints, in bytes.
	maxReasonText = 1 << 10
)

// ErrTooLong is of a message that is longer than 8 MiB in the external term format.
var ErrTooLong = errors.New("too long")

// ExitError is why a process ended before it answered a call, or had it answered for
// it, as gen_server:call/2 would exit.
type ExitError struct{ Reason erlterm.Term }

// Error prints the reason, or its beginning.
func (e *ExitError) Error() string {
	text := e.Reason.String()
	if len(text) > maxReasonText {
		text = strings.ToValidUTF8(text[:maxReasonText], "") + "..."
	}
	return "the process exited: " + text
}

// calls are those to a node that have no answer yet, and the probes.
type calls struct {
	template etf.Ref // of this connection
	made     uint64  // references
	byRef    map[etf.Ref]call
	byID     map[uint64]etf.Ref
	probes   []probe // the oldest first
}

type call struct {
	id      uint64
	process erlterm.Atom
}

type probe struct {
	ref etf.Ref
	seq uint64
}

// newCalls has references of their own for each connection, since an answer may come by
// another one than its call went by.
func newCalls(node erlterm.Atom, creation, connection uint32) calls {
	template := etf.Ref{Node: node, Creation: creation, N: 3}
	template.Words[2] = connection
	return calls{template: template, byRef: make(map[etf.Ref]call), byID: make(map[uint64]etf.Ref)}
}

// newRef makes a reference, of whose first word Erlang takes 18 bits.
func (cs *calls) newRef() etf.Ref {
	cs.made++
	ref := cs.template
	ref.Words[0], ref.Words[1] = uint32(cs.made&(1<<18-1)), uint32(cs.made>>18)
	return ref
}

// remove takes a call out.
func (cs *calls) remove(ref etf.Ref) (call, bool) {
	found, ok := cs.byRef[ref]
	if ok {
		delete(cs.byRef, ref)
		delete(cs.byID, found.id)
	}
	return found, ok
}

// answered takes a probe out, with those before it, whose answers tell nothing more.
func (cs *calls) answered(ref etf.Ref) (probe, bool) {
	i := slices.IndexFunc(cs.probes, func(p probe) bool { return p.ref == ref })
	if i < 0 {
		return probe{}, false
	}
	found := cs.probes[i]
	cs.probes = slices.Delete(cs.probes, 0, i+1)
	return found, true
}

// Probe asks the node's net_kernel whether it is there; Answered(seq) follows, unless
// the answer to a later one comes first. A tick goes with it: Erlang answers none, but C
// nodes, which have no net_kernel, do.
func (c *Conn) Probe(seq uint64) {
	c.mu.Lock()
	ref := c.calls.newRef()
	if c.calls.probes = append(c.calls.probes, probe{ref, seq}); len(c.calls.probes) > maxProbes {
		c.calls.probes = slices.Delete(c.calls.probes, 0, 1)
	}
	c.mu.Unlock()
	request := erlterm.Tuple{isAuth, c.pid.Node}
	c.sendSmall(newControl(opRegSend, c.pid, noCookie, netKernel), c.genCall(ref, request))
	c.out.tick()
}

// Probing reports whether the answer to a probe is awaited. A node that is about to answer
// connects anew where the connection has ended meanwhile.
func (c *Conn) Probing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.calls.probes) > 0
}

// genCall is the message of a call, whose answer is to be sent to a reference.
func (c *Conn) genCall(ref etf.Ref, request erlterm.Term) erlterm.Term {
	return erlterm.Tuple{genCall, erlterm.Tuple{c.pid, tagOf(ref)}, request}
}

func tagOf(ref etf.Ref) erlterm.Term {
	return &erlterm.Improper{Elems: []erlterm.Term{aliasTag}, Tail: ref}
}

// aliasOf is the reference that a tag wants its answer sent to, as gen:reply/2 has it:
// the tag is the pair of the atom and the reference, or a list that begins with it.
func aliasOf(tag erlterm.Term) (ref etf.Ref, ok bool) {
	switch t := tag.(type) {
	case erlterm.List:
		if len(t) > 0 {
			tag = t[0]
		}
	case *erlterm.Improper:
		if first, ok := t.Elems[0].(*erlterm.Improper); ok {
			tag = first
		}
	}
	pair, ok := tag.(*erlterm.Improper)
	if !ok || len(pair.Elems) != 1 || pair.Elems[0] != erlterm.Term(aliasTag) {
		return etf.Ref{}, false
	}
	ref, ok = pair.Tail.(etf.Ref)
	return ref, ok
}

// Call calls a registered process of the node, as gen_server:call/2 does; Replied(id)
// follows unless the connection ends, or Forget(id) comes, before. After an error, which
// is that the call cannot be sent, nothing follows: it wraps ErrTooLong, or says what is
// no term of Erlang's, or that too much waits to be sent.
func (c *Conn) Call(id uint64, process string, request erlterm.Term) error {
	name := erlterm.Atom(process)
	c.mu.Lock()
	ref := c.calls.newRef()
	c.calls.byRef[ref], c.calls.byID[id] = call{id, name}, ref
	c.mu.Unlock()
	if err := c.send(newControl(opMonitor, c.pid, name, ref), nil); err != nil {
		c.drop(ref)
		return err
	}
	if err := c.send(newControl(opRegSend, c.pid, noCookie, name), c.genCall(ref, request)); err != nil {
		c.Forget(id)
		return err
	}
	return nil
}

// drop takes a call out.
func (c *Conn) drop(ref etf.Ref) (call, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls.remove(ref)
}

// Forget drops a call whose answer nobody waits for any more.
func (c *Conn) Forget(id uint64) {
	c.mu.Lock()
	ref, ok := c.calls.byID[id]
	found, _ := c.calls.remove(ref)
	c.mu.Unlock()
	if ok {
		c.demonitor(found, ref)
	}
}

func (c *Conn) demonitor(of call, ref etf.Ref) {
	c.sendSmall(newControl(opDemonitor, c.pid, of.process, ref), nil)
}

// takeReply takes what was sent to an alias of ours or to our pid: the answer to a call
// or a probe, or nothing that we know.
func (c *Conn) takeReply(m message, p payload) {
	ref, known := m.to.(etf.Ref)
	if !known && m.to == erlterm.Term(c.pid) {
		tag, _ := p.first()
		ref, known = aliasOf(tag)
	}
	c.mu.Lock()
	asked, isProbe := c.calls.answered(ref)
	_, isCall := c.calls.byRef[ref]
	c.mu.Unlock()
	switch {
	case isProbe:
		c.emit(Answered{Conn: c, Seq: asked.seq})
	case isCall:
		c.takeAnswer(ref, p)
	case !known:
		c.env.drops.unknown.Add(1)
	}
}

// takeAnswer takes the answer to a call.
func (c *Conn) takeAnswer(ref etf.Ref, p payload) {
	reply := Replied{Conn: c}
	term, err := p.term()
	if err != nil {
		reply.Err = fmt.Errorf("the answer: %w", err)
	} else {
		pair, _ := term.(erlterm.Tuple)
		if len(pair) != 2 || !erlterm.Equal(pair[0], tagOf(ref)) {
			c.env.drops.unknown.Add(1)
			return
		}
		reply.Term = pair[1]
	}
	if found, ok := c.drop(ref); ok {
		c.demonitor(found, ref)
		reply.ID = found.id
		c.emit(reply)
	}
}

// takeDown takes the end of a process that was called, or err, why the reason cannot be read.
func (c *Conn) takeDown(ref etf.Ref, reason erlterm.Term, err error) {
	found, ok := c.drop(ref)
	if !ok {
		return
	}
	switch {
	case err != nil:
		err = fmt.Errorf("why the process exited: %w", err)
	case reason == erlterm.Term(noProc):
		err = ErrNoProc
	default:
		err = &ExitError{Reason: reason}
	}
	c.emit(Replied{Conn: c, ID: found.id, Err: err})
}
