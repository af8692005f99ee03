package syncnodes

import (
	"errors"
	"fmt"
	"strings"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist"
)

// This file is the calls between processes of ours and of Erlang's.

// elixirPrefix begins the atom that a name like PingPong is in Elixir, where it is an
// alias: Module.concat/1.
const elixirPrefix = "Elixir."

// isAlias reports whether Elixir takes a name for an alias where nothing is before it.
func isAlias(name string) bool {
	return name != "" && 'A' <= name[0] && name[0] <= 'Z' && !strings.HasPrefix(name, elixirPrefix)
}

// meantByErlang is the process that a node of Erlang's means by a name.
func (n *Node) meantByErlang(process string) string {
	if alias, ok := strings.CutPrefix(process, elixirPrefix); ok && !n.processes.has(process) {
		return alias
	}
	return process
}

// hasErlang reports whether there is a process that a node of Erlang's calls by a name.
func (n *Node) hasErlang(process string) bool { return n.processes.has(n.meantByErlang(process)) }

// deliverErlang hands the call of a node of Erlang's to its process.
func (n *Node) deliverErlang(process string, request erlterm.Term, answer func(erlterm.Term, error)) error {
	err := n.processes.deliver(n.meantByErlang(process), request, func(term erlterm.Term, err error) { answer(term, erlangError(err)) })
	return erlangError(err)
}

func erlangError(err error) error {
	if errors.Is(err, ErrNoProc) {
		return erldist.ErrNoProc
	}
	return err
}

// callErlang sends a call to a node of Erlang's.
func (l *loop) callErlang(conn *erldist.Conn, id uint64, c call, request erlterm.Term) {
	if isAlias(c.to.Name) {
		c.alias = func() { l.sendCallErlang(conn, id, call{to: c.to, answer: c.answer}, elixirPrefix+c.to.Name, request) }
	}
	l.sendCallErlang(conn, id, c, c.to.Name, request)
}

func (l *loop) sendCallErlang(conn *erldist.Conn, id uint64, c call, process string, request erlterm.Term) {
	l.calls[id] = c
	if err := conn.Call(id, process, request); err != nil {
		delete(l.calls, id)
		c.answer(callResult{err: fmt.Errorf("calling %s: %w", c.to.Name, sizeError(err))})
	}
}

// erlangReplied ends a call of ours, or asks for the process as Elixir calls it.
func (l *loop) erlangReplied(e erldist.Replied) {
	c, ok := l.calls[e.ID]
	if !ok {
		return // given up
	}
	delete(l.calls, e.ID)
	var exit *erldist.ExitError
	switch err := e.Err; {
	case errors.Is(err, erldist.ErrNoProc) && c.alias != nil:
		c.alias()
	case errors.Is(err, erldist.ErrNoProc):
		c.answer(callResult{err: ErrNoProc})
	case errors.As(err, &exit):
		c.answer(callResult{err: &RemoteError{To: c.to, Text: exit.Error()}})
	case err != nil:
		c.answer(callResult{err: fmt.Errorf("the answer of %s: %w", c.to.Name, sizeError(err))})
	default:
		c.answer(callResult{term: e.Term})
	}
}

// sizeError has this package's word for what is too long.
func sizeError(err error) error {
	if errors.Is(err, erldist.ErrTooLong) {
		return ErrTooLong
	}
	return err
}
