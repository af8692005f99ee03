package syncnodes

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/membership"
	"interconnectd/syncnodes/session"
)

// The frames of a call, beside the core's messages. A call is its kind, an id,
// the process's name with its length, and the request as Erlang text; an
// answer is its kind, the id, and the reply or the error as text.
const (
	kindCall   = membership.KindsEnd + iota // asks
	kindReply                               // answers with a term
	kindError                               // answers with an error in words
	kindNoProc                              // nobody is registered by that name
)

// What fits into the frame of a call, in bytes: the name of a process, which is
// an atom, and a term as text.
const (
	maxProcessName = 4 * 255
	maxTerm        = session.MaxPayload - maxProcessName - 64
)

// Address names a registered process on a node.
type Address struct {
	Name string
	Node nodeid.Name
}

// RemoteError is an error that a handler answered with.
type RemoteError struct {
	To   Address
	Text string
}

func (e *RemoteError) Error() string {
	return fmt.Sprintf("%s on %s: %s", e.To.Name, e.To.Node, e.Text)
}

// call is one of ours that is not answered yet.
type call struct {
	to     Address
	answer func(callResult)
	alias  func() // asks a node of Erlang's once more, where it has nobody of that name; or nil
}

// question is a request, and its text, which is sent to nodes like this.
type question struct {
	request erlterm.Term
	text    []byte
}

type callResult struct {
	term erlterm.Term
	err  error
}

// Call asks a registered process, of this node or another, and waits for its
// answer, as gen_server:call/2 does; it connects to the node first where it must,
// and Options.AutoConnect allows it. Terms have some 63 KiB at most, as text. Where an
// Erlang node has no Name, Elixir.Name is asked, as Elixir writes it.
//
// It waits for as long as ctx does: a program that wants the five seconds of
// gen_server gives ctx that timeout. The errors, for errors.Is and errors.As, are
// named as in OTP, and the same for a process here as for one elsewhere:
//
//	ErrNoProc                 noproc: no process of that name, or it was replaced
//	                          while the call waited for it
//	ErrNodeDown               nodedown: no connection, or it ended meanwhile
//	context.DeadlineExceeded  timeout: no answer in time; it may come, and is
//	                          dropped then
//	context.Canceled          the caller gave up
//	*RemoteError              the handler answered with an error, or crashed
//	ErrOverloaded             too many calls wait for the process
//	ErrTooLong                the name, or the term as text, does not fit
//	ErrClosed                 this node has ended
//	bus.ErrLost               this node's bus is lost at this moment
//
// After ErrNoProc, ErrOverloaded and ErrTooLong the call was not carried out, after the
// others it may have been.
func (n *Node) Call(ctx context.Context, to Address, request erlterm.Term) (erlterm.Term, error) {
	if request == nil {
		return nil, fmt.Errorf("calling %s: no request", to.Name)
	}
	if to.Node == n.name {
		return n.callHere(ctx, to, request)
	}
	text := erlterm.AppendLiteral(nil, request)
	switch {
	case len(to.Name) > maxProcessName:
		return nil, fmt.Errorf("calling a process: %w: its name has %d bytes, at most %d may be", ErrTooLong, len(to.Name), maxProcessName)
	case len(text) > maxTerm:
		return nil, fmt.Errorf("calling %s: %w: the term has %d bytes as text, at most %d may be", to.Name, ErrTooLong, len(text), maxTerm)
	}
	return n.callAt(ctx, to, question{request, text}, func(l *loop, connected func(bool)) {
		l.connect(to.Node, (*membership.Core).Reach, connected)
	})
}

// callLinked calls a process on a node that is connected already.
func (n *Node) callLinked(ctx context.Context, to Address, request erlterm.Term) (erlterm.Term, error) {
	return n.callAt(ctx, to, question{request, erlterm.AppendLiteral(nil, request)}, func(_ *loop, connected func(bool)) { connected(true) })
}

// callAt calls a process on another node when connect has told that it is connected.
func (n *Node) callAt(ctx context.Context, to Address, asked question, connect func(l *loop, connected func(bool))) (erlterm.Term, error) {
	var id uint64 // the loop's
	result, err := await(ctx, n, func(l *loop, answer func(callResult)) {
		connect(l, func(connected bool) {
			switch {
			case !connected:
				answer(callResult{err: ErrNodeDown})
			case ctx.Err() == nil: // it may have taken long
				id = l.call(to, asked, answer)
			}
		})
	})
	if err != nil {
		n.post(context.Background(), func(l *loop) { l.forgetCall(id) })
		return nil, fmt.Errorf("calling %s: %w", to.Name, err)
	}
	return result.term, result.err
}

func (n *Node) callHere(ctx context.Context, to Address, request erlterm.Term) (erlterm.Term, error) {
	results := make(chan callResult, 1)
	if err := n.processes.deliver(to.Name, request, func(term erlterm.Term, err error) { results <- callResult{term, err} }); err != nil {
		return nil, err
	}
	select {
	case r := <-results:
		switch {
		case errors.Is(r.err, ErrNoProc):
			return nil, ErrNoProc
		case r.err != nil:
			return nil, &RemoteError{To: to, Text: r.err.Error()}
		}
		return r.term, nil
	case <-n.ended:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, fmt.Errorf("calling %s: %w", to.Name, ctx.Err())
	}
}

// call sends a call and gives its id.
func (l *loop) call(to Address, asked question, answer func(callResult)) uint64 {
	id := l.nextID()
	link, ok := l.core.Link(to.Node)
	if !ok {
		answer(callResult{err: ErrNodeDown})
		return id
	}
	if conn := l.erlang.conns[link]; conn != nil {
		l.callErlang(conn, id, call{to: to, answer: answer}, asked.request)
		return id
	}
	l.calls[id] = call{to: to, answer: answer}
	payload := binary.AppendUvarint([]byte{kindCall}, id)
	payload = binary.AppendUvarint(payload, uint64(len(to.Name)))
	payload = append(append(payload, to.Name...), asked.text...)
	if err := l.sendPayload(sessionOf(link), payload, id, ""); err != nil {
		delete(l.calls, id)
		answer(callResult{err: fmt.Errorf("calling %s: %w", to.Name, err)})
	}
	return id
}

// forgetCall drops a call that nobody waits for any more.
func (l *loop) forgetCall(id uint64) {
	c, ok := l.calls[id]
	if !ok {
		return
	}
	delete(l.calls, id)
	if link, linked := l.core.Link(c.to.Node); linked && l.erlang.conns[link] != nil {
		l.erlang.conns[link].Forget(id)
	}
}

// dropCalls ends the calls to a node that went down.
func (l *loop) dropCalls(node nodeid.Name) {
	for id, c := range l.calls {
		if c.to.Node == node {
			delete(l.calls, id)
			c.answer(callResult{err: ErrNodeDown})
		}
	}
}

// takeCallFrame takes the frames of calls.
func (l *loop) takeCallFrame(frame session.Frame) {
	kind, rest := frame.Payload[0], frame.Payload[1:]
	id, n := binary.Uvarint(rest)
	if n <= 0 || kind > kindNoProc {
		l.garbage++
		return
	}
	rest = rest[n:]
	if kind == kindCall {
		l.takeCall(frame, id, rest)
		return
	}
	c, ok := l.calls[id]
	if !ok || c.to.Node != frame.Peer {
		return // answered, or given up
	}
	delete(l.calls, id)
	c.answer(resultOf(c.to, kind, rest))
}

func resultOf(to Address, kind byte, text []byte) callResult {
	switch kind {
	case kindNoProc:
		return callResult{err: ErrNoProc}
	case kindError:
		if string(text) == ErrOverloaded.Error() {
			return callResult{err: ErrOverloaded}
		}
		return callResult{err: &RemoteError{To: to, Text: string(text)}}
	}
	term, err := parseTerm(text)
	if err != nil {
		return callResult{err: fmt.Errorf("the answer of %s: %w", to.Name, err)}
	}
	return callResult{term: term}
}

// takeCall hands a call to its process. The answer comes back to the loop.
func (l *loop) takeCall(frame session.Frame, id uint64, rest []byte) {
	size, n := binary.Uvarint(rest)
	if n <= 0 || size > uint64(len(rest)-n) {
		l.garbage++
		return
	}
	name, text := string(rest[n:n+int(size)]), rest[n+int(size):]
	request, err := parseTerm(text)
	if err != nil {
		_ = l.sendPayload(frame.Session, answerPayload(id, nil, fmt.Errorf("the request makes no sense: %w", err)), 0, frame.ReplyTo)
		return
	}
	err = l.node.processes.deliver(name, request, func(term erlterm.Term, err error) {
		payload := answerPayload(id, term, err)
		l.node.post(context.Background(), func(l *loop) { _ = l.sendPayload(frame.Session, payload, 0, frame.ReplyTo) })
	})
	if err != nil {
		_ = l.sendPayload(frame.Session, answerPayload(id, nil, err), 0, frame.ReplyTo)
	}
}

func answerPayload(id uint64, term erlterm.Term, err error) []byte {
	payload := binary.AppendUvarint([]byte{kindReply}, id)
	switch {
	case errors.Is(err, ErrNoProc):
		payload[0] = kindNoProc
	case err != nil:
		payload[0] = kindError
		payload = append(payload, err.Error()...)
	default:
		payload = erlterm.AppendLiteral(payload, term)
	}
	if len(payload) > maxTerm {
		payload = binary.AppendUvarint([]byte{kindError}, id)
		payload = append(payload, "the answer is too long"...)
	}
	return payload
}

// parseTerm reads a term without its dot.
func parseTerm(text []byte) (erlterm.Term, error) {
	return erlterm.Parse(append(append([]byte(nil), text...), " ."...))
}
