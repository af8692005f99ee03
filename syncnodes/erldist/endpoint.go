package erldist

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"interconnectd/configs/epmd"
	"interconnectd/configs/nodeid"
)

// Endpoint is a node as Erlang nodes see it. Its methods may be called concurrently.
type Endpoint struct {
	// immutable
	cfg      Config
	listener *net.TCPListener
	creation uint32
	events   *queue
	registry *registry
	tasks    *tasks
	drops    drops
	refusals refusals
	half     halfOpen
	opened   sync.Once
	known    atomic.Bool // to the port mapper

	closing  sync.Once
	closeErr error // once closing is done

	mu        sync.Mutex // guards what follows
	cookies   Cookies
	setupTime time.Duration
}

// Listen opens an endpoint: it listens, and registers with the port mapper. Without one
// that answers it goes on, and registers when there is. Nobody is let in before Open.
// The error may be ErrNameInUse; ctx bounds Listen itself.
func Listen(ctx context.Context, cfg Config) (*Endpoint, error) {
	var l net.ListenConfig
	listener, err := l.Listen(ctx, "tcp", cfg.Listen.String())
	if err != nil {
		return nil, fmt.Errorf("listening for Erlang nodes: %w", err)
	}
	e := &Endpoint{
		cfg: cfg, listener: listener.(*net.TCPListener),
		events: newQueue(), tasks: newTasks(),
		cookies: cfg.Cookies, setupTime: cfg.SetupTime,
	}
	e.registry = newRegistry(e.events)
	registered, err := e.register(ctx)
	if err != nil {
		listener.Close()
		return nil, err
	}
	e.creation = creationOf(registered)
	e.tasks.start(func(ctx context.Context) { e.keepRegistered(ctx, registered) })
	return e, nil
}

// Open lets nodes in: those too that have dialled before. A second call does nothing.
func (e *Endpoint) Open() {
	e.opened.Do(func() { e.tasks.start(e.acceptAll) })
}

// Ready tells that Next has something: whoever receives of it takes until there is no more.
func (e *Endpoint) Ready() <-chan struct{} { return e.events.ready }

// Next is the oldest event that was not taken, where there is one: they come in the order of
// what they tell of. After Close there is none. One goroutine at a time calls it.
func (e *Endpoint) Next() (Event, bool) { return e.events.next() }

// SetCookies is for handshakes that begin afterwards: connections stay, as in Erlang.
func (e *Endpoint) SetCookies(c Cookies) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cookies = c
}

// SetSetupTime is for handshakes that begin afterwards.
func (e *Endpoint) SetSetupTime(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.setupTime = d
}

// Addr is where it listens.
func (e *Endpoint) Addr() netip.AddrPort { return e.listener.Addr().(*net.TCPAddr).AddrPort() }

// Registered reports whether the port mapper has the name, so that Erlang nodes find it.
func (e *Endpoint) Registered() bool { return e.known.Load() }

// Dropped counts what nodes sent that nothing was done with, by its kind.
func (e *Endpoint) Dropped() map[string]uint64 { return e.drops.counts() }

// Close ends all connections, frees the name, and returns when all is over; their ends
// are not told. A second call waits too, and answers the same.
func (e *Endpoint) Close() error {
	e.closing.Do(func() {
		conns := e.registry.close()
		e.tasks.cancel()
		e.events.close()
		e.closeErr = e.listener.Close()
		for _, conn := range conns {
			conn.Close()
		}
		e.tasks.wait()
	})
	return e.closeErr
}

// dialCookie is the cookie that a node is shown, and has to show.
func (e *Endpoint) dialCookie(name nodeid.Name) string {
	return e.acceptCookies(name)[0]
}

// acceptCookies are those that a node may come with. One that has a cookie of its own
// comes with that.
func (e *Endpoint) acceptCookies(name nodeid.Name) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if own, ok := e.cookies.Nodes[name]; ok {
		return []string{own}
	}
	if e.cookies.Also == "" {
		return []string{e.cookies.Own}
	}
	return []string{e.cookies.Own, e.cookies.Also}
}

// bounded is ctx, until net_setuptime is over.
func (e *Endpoint) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	e.mu.Lock()
	d := e.setupTime
	e.mu.Unlock()
	return context.WithTimeoutCause(ctx, d, errSetupTime)
}

// inTime tells why ctx is over. A process that was stopped may go on with what it had
// begun before its timers ring.
func inTime(ctx context.Context) error {
	if deadline, bounded := ctx.Deadline(); bounded && !time.Now().Before(deadline) {
		return errSetupTime
	}
	return context.Cause(ctx)
}

// shake does one end of the handshake on a connection, which is closed when ctx is over.
func (e *Endpoint) shake(ctx context.Context, conn net.Conn, do func(*handshake) (Peer, error)) (Peer, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	peer, err := do(&handshake{conn, e.cfg.Self, e.creation, randomUint32, func() error { return inTime(ctx) }})
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	return peer, err
}

// connect makes a connection of what the handshake left, within a task.
func (e *Endpoint) connect(conn net.Conn, peer Peer, emit func(Event)) *Conn {
	return newConn(conn, peer, connEnv{
		self: e.cfg.Self, creation: e.creation,
		registered: e.cfg.Registered, deliver: e.cfg.Deliver,
		emit: emit, spawn: e.tasks.wg.Go, drops: &e.drops,
	})
}

// tasks are the goroutines of an endpoint.
type tasks struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex // guards closed, and start's Go against wait
	closed bool
}

func newTasks() *tasks {
	ctx, cancel := context.WithCancel(context.Background())
	return &tasks{ctx: ctx, cancel: cancel}
}

// start runs f, unless the endpoint is closed.
func (t *tasks) start(f func(context.Context)) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.wg.Go(func() { f(t.ctx) })
	return true
}

// wait has no further task start, and returns when all have ended.
func (t *tasks) wait() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.wg.Wait()
}

// handshakeVersion is the one that we speak.
const handshakeVersion = 6

func (e *Endpoint) self() epmd.Node {
	return epmd.Node{
		Name: e.cfg.Self.Alive(), Port: e.Addr().Port(), Type: epmd.Hidden,
		Highest: handshakeVersion, Lowest: handshakeVersion, Extra: epmd.Interconnectd,
	}
}
