package syncnodes

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/hashicorp/go-hclog"

	"interconnectd/erlterm"
)

// PingPong is the name of the process that every node has: it answers ping
// with pong, and anything else with an error.
const PingPong = "PingPong"

// mailboxSize is how many calls may wait for one process.
const mailboxSize = 128

// What Call answers, named as OTP's gen module exits.
var (
	ErrNoProc     = errors.New("noproc: no process of that name is registered there")
	ErrNodeDown   = errors.New("nodedown: the node is not connected, or went down")
	ErrOverloaded = errors.New("overloaded: too many calls wait for the process")
	ErrTooLong    = errors.New("too long")
)

// Handler answers one call. Its context ends with the node. A nil term without
// an error is the atom ok. An error goes to the caller as text, in a
// *RemoteError. So does a panic, and a runtime.Goexit, as testing's FailNow makes
// one; the process is started again then.
type Handler func(ctx context.Context, request erlterm.Term) (erlterm.Term, error)

// Register starts a process under a name, in place of one that had it.
func (n *Node) Register(name string, handler Handler) { n.processes.register(name, handler) }

func answerPing(_ context.Context, request erlterm.Term) (erlterm.Term, error) {
	if !erlterm.Equal(request, erlterm.Atom("ping")) {
		return nil, errors.New("want ping")
	}
	return erlterm.Atom("pong"), nil
}

// processes are the registered processes of a node and their supervisor.
type processes struct {
	log    hclog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	byName map[string]*process
	closed bool
}

// process is one goroutine that answers the calls in its mailbox in turn.
type process struct {
	name    string
	handler Handler
	mailbox chan incoming
	quit    chan struct{} // closed when another takes its name
}

// incoming is a call, and where its answer goes.
type incoming struct {
	request erlterm.Term
	answer  func(erlterm.Term, error)
}

func newProcesses(log hclog.Logger) *processes {
	ps := &processes{log: log, byName: make(map[string]*process)}
	ps.ctx, ps.cancel = context.WithCancel(context.Background())
	return ps
}

func (ps *processes) register(name string, handler Handler) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.closed {
		return
	}
	if former := ps.byName[name]; former != nil {
		close(former.quit)
	}
	p := &process{name: name, handler: handler, mailbox: make(chan incoming, mailboxSize), quit: make(chan struct{})}
	ps.byName[name] = p
	ps.wg.Go(func() { ps.supervise(p) })
}

// deliver puts a call into the mailbox of the process of that name, without
// waiting. The answer comes from the process's goroutine, once, unless the node
// ends first.
func (ps *processes) deliver(name string, request erlterm.Term, answer func(erlterm.Term, error)) error {
	ps.mu.Lock() // so that whoever takes a process's name finds its mailbox complete
	defer ps.mu.Unlock()
	p := ps.byName[name]
	if p == nil {
		return ErrNoProc
	}
	select {
	case p.mailbox <- incoming{request, answer}:
		return nil
	default:
		return ErrOverloaded
	}
}

// has reports whether a process of that name is registered.
func (ps *processes) has(name string) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.byName[name] != nil
}

// errHandlerExit is the cause of a crash that is no panic.
var errHandlerExit = errors.New("its handler ended the goroutine")

// supervise runs p, again after each crash, until it is replaced or the node
// ends. Calls that still wait then are told that it is gone.
func (ps *processes) supervise(p *process) {
	exited := true // by a handler
	defer func() {
		if exited {
			ps.wg.Go(func() { ps.supervise(p) })
		}
	}()
	for {
		select {
		case call := <-p.mailbox:
			ps.handle(p, call)
			continue
		case <-p.quit:
		case <-ps.ctx.Done():
		}
		for len(p.mailbox) > 0 {
			call := <-p.mailbox
			call.answer(nil, ErrNoProc)
		}
		exited = false
		return
	}
}

func (ps *processes) handle(p *process, call incoming) {
	answered := false
	defer func() {
		if answered {
			return
		}
		cause := recover()
		if cause == nil {
			cause = errHandlerExit
		}
		ps.log.Error("process crashed, starting it again", "process", p.name, "cause", fmt.Sprint(cause))
		ps.log.Debug("where it crashed", "process", p.name, "stack", string(debug.Stack()))
		call.answer(nil, fmt.Errorf("the process crashed: %v", cause))
	}()
	term, err := p.handler(ps.ctx, call.request)
	switch {
	case err != nil:
		// As text, so that an ErrNoProc of a call of its own is none of ours.
		call.answer(nil, errors.New(err.Error()))
	case term == nil:
		call.answer(erlterm.Atom("ok"), nil)
	default:
		call.answer(term, nil)
	}
	answered = true
}

func (ps *processes) close() {
	ps.mu.Lock()
	ps.closed = true
	ps.mu.Unlock()
	ps.cancel()
	ps.wg.Wait()
}
