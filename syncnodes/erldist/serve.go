package erldist

import (
	"errors"
	"strings"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

const (
	// maxMonitors is how many monitors of ours a node may have.
	maxMonitors = 1 << 16
	// maxErrorText is how much of an error a caller is told, in bytes.
	maxErrorText = 4 << 10
)

// errNetKernel answers what net_kernel is asked beside is_auth.
var errNetKernel = errors.New("net_kernel answers is_auth alone")

// monitors are those that a node has of our processes.
type monitors struct {
	byRef  map[etf.Ref]watch
	newest map[watch]etf.Ref
}

// watch is that a process of the node watches one of ours: a registered one, or the one
// that our calls come from.
type watch struct {
	from    etf.Pid
	process erlterm.Term // a Pid or an Atom
}

func newMonitors() monitors {
	return monitors{byRef: make(map[etf.Ref]watch), newest: make(map[watch]etf.Ref)}
}

// add reports whether there was room.
func (ms *monitors) add(ref etf.Ref, w watch) bool {
	if len(ms.byRef) >= maxMonitors {
		return false
	}
	ms.remove(ref)
	ms.byRef[ref], ms.newest[w] = w, ref
	return true
}

func (ms *monitors) remove(ref etf.Ref) (watch, bool) {
	w, ok := ms.byRef[ref]
	if ok {
		delete(ms.byRef, ref)
		if ms.newest[w] == ref {
			delete(ms.newest, w)
		}
	}
	return w, ok
}

// incoming is a call of a process of the node.
type incoming struct {
	from    etf.Pid // whom the answer goes to
	tag     erlterm.Term
	monitor etf.Ref // the caller's, for whom it is the way to hear of an error; none where N is 0
}

// takeMonitor takes a monitor, or answers it at once.
func (c *Conn) takeMonitor(m message) {
	w := watch{m.from.(etf.Pid), m.to}
	reason := noProc
	if c.isProcess(m.to) {
		c.mu.Lock()
		added := c.monitors.add(m.ref, w)
		c.mu.Unlock()
		if added {
			return
		}
		reason = systemLimit
	}
	c.sendDown(w, m.ref, reason)
}

// isProcess reports whether there is such a process.
func (c *Conn) isProcess(process erlterm.Term) bool {
	name, ok := process.(erlterm.Atom)
	if !ok {
		return process == erlterm.Term(c.pid)
	}
	return name == netKernel || c.env.registered(string(name))
}

func (c *Conn) takeDemonitor(ref etf.Ref) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.monitors.remove(ref)
}

// down tells a monitor that is there still.
func (c *Conn) down(ref etf.Ref, reason erlterm.Term) {
	c.mu.Lock()
	w, ok := c.monitors.remove(ref)
	c.mu.Unlock()
	if ok {
		c.sendDown(w, ref, reason)
	}
}

func (c *Conn) sendDown(w watch, ref etf.Ref, reason erlterm.Term) {
	c.sendSmall(newControl(opPayloadMonitorExit, w.process, w.from, ref), reason)
}

// takeNamed takes a message to a name. Calls are answered, others are dropped.
func (c *Conn) takeNamed(m message, p payload) {
	name := m.to.(erlterm.Atom)
	if !c.isProcess(name) {
		c.env.drops.unknown.Add(1)
		return
	}
	// A caller monitors, then sends: the newest is the call's own.
	c.mu.Lock()
	monitor := c.monitors.newest[watch{m.from.(etf.Pid), name}]
	c.mu.Unlock()
	term, err := p.term()
	if err != nil {
		if !errors.Is(err, ErrTooLong) {
			c.env.drops.unreadable.Add(1)
		}
		c.down(monitor, downReason(err))
		return
	}
	call, request, ok := parseCall(term)
	if !ok || call.from.Node != erlterm.Atom(c.peer.Name) {
		c.env.drops.unknown.Add(1)
		return
	}
	call.monitor = monitor
	if name == netKernel {
		c.answerNetKernel(call, request)
		return
	}
	c.deliver(name, call, request)
}

// parseCall reads {'$gen_call', {From, Tag}, Request}.
func parseCall(t erlterm.Term) (call incoming, request erlterm.Term, ok bool) {
	message, _ := t.(erlterm.Tuple)
	if len(message) != 3 || message[0] != erlterm.Term(genCall) {
		return incoming{}, nil, false
	}
	from, _ := message[1].(erlterm.Tuple)
	if len(from) != 2 {
		return incoming{}, nil, false
	}
	pid, ok := from[0].(etf.Pid)
	return incoming{from: pid, tag: from[1]}, message[2], ok
}

func (c *Conn) answerNetKernel(call incoming, request erlterm.Term) {
	if question, _ := request.(erlterm.Tuple); len(question) == 2 && question[0] == erlterm.Term(isAuth) {
		c.sendSmall(c.replyTo(call), erlterm.Tuple{call.tag, yes})
		return
	}
	c.answer(call, nil, errNetKernel)
}

// deliver hands a call over, unless Close was called.
func (c *Conn) deliver(process erlterm.Atom, call incoming, request erlterm.Term) {
	c.delivering.Lock()
	defer c.delivering.Unlock()
	if c.closed {
		return
	}
	err := c.env.deliver(string(process), request, func(reply erlterm.Term, err error) { c.answer(call, reply, err) })
	if err != nil {
		c.answer(call, nil, err)
	}
}

// answer answers a call: with a term as gen:reply/2 does, with an error by its monitor.
func (c *Conn) answer(call incoming, reply erlterm.Term, err error) {
	if err == nil {
		if err = c.send(c.replyTo(call), erlterm.Tuple{call.tag, reply}); err == nil {
			return
		}
	}
	c.down(call.monitor, downReason(err))
}

// replyTo begins the message that answers a call.
func (c *Conn) replyTo(call incoming) erlterm.Tuple {
	if alias, ok := aliasOf(call.tag); ok {
		return newControl(opAliasSend, c.pid, alias)
	}
	return newControl(opSend, noCookie, call.from)
}

// downReason is the reason that a caller is told instead of an answer: noproc, or
// {error, <<"text">>}.
func downReason(err error) erlterm.Term {
	if errors.Is(err, ErrNoProc) {
		return noProc
	}
	text := err.Error()
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "")
	}
	return erlterm.Tuple{erlterm.Atom("error"), erlterm.Binary([]byte(text))}
}
