package erldist

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

const (
	// heardPause is how long bytes that come are not told of after they were.
	heardPause = 20 * time.Millisecond
	// sendBuffer is how many bytes the system keeps of what a node does not read yet: of
	// those nothing is heard, and a slow node that reads them must not be taken for dead.
	sendBuffer = 256 << 10
	// flushTime bounds how long Close goes on sending what was there before.
	flushTime = 200 * time.Millisecond
)

// Conn is a connection with another node. Its methods may be called concurrently,
// do not wait, and have no effect once it has ended.
type Conn struct {
	// immutable
	peer    Peer
	nc      net.Conn
	env     connEnv
	pid     etf.Pid // ours, towards the node
	began   time.Time
	started chan struct{} // closed by Start
	closing chan struct{} // closed when it has ended, but for what is to be flushed
	written chan struct{} // closed by the writer, when it has closed nc

	start sync.Once
	told  atomic.Int64 // when Heard was told last, as the time since began
	out   outbox

	// owned by the reader
	owing bool // bytes came since the outbox was asked for a tick

	// delivering is held while a call is delivered, so that Close can promise that none
	// comes afterwards. It guards closed.
	delivering sync.Mutex
	closed     bool

	// mu guards the rest.
	mu       sync.Mutex
	ended    bool
	cause    error // why, when it ended
	monitors monitors
	calls    calls
}

// connEnv is what a connection needs of its endpoint.
type connEnv struct {
	self     nodeid.Name
	creation uint32

	registered func(process string) bool
	deliver    func(process string, request erlterm.Term, answer func(erlterm.Term, error)) error
	emit       func(Event)  // waits until it is taken, or the endpoint ends
	spawn      func(func()) // starts a goroutine that the endpoint waits for
	drops      *drops
}

// Peer is what a node tells of itself in the handshake.
type Peer struct {
	Name     nodeid.Name
	Creation uint32 // tells one start of it from the next
	Hidden   bool   // it does not publish itself: erl -hidden, a C node
}

// newConn takes a connection on which both have proved themselves. It must be closed,
// or its other end must close it, lest its goroutines stay.
func newConn(nc net.Conn, peer Peer, env connEnv) *Conn {
	c := &Conn{
		peer: peer, nc: nc, env: env,
		pid:     etf.Pid{Node: erlterm.Atom(env.self), ID: 1, Creation: env.creation},
		began:   time.Now(),
		started: make(chan struct{}), closing: make(chan struct{}), written: make(chan struct{}),
		out:      newOutbox(),
		monitors: newMonitors(),
		calls:    newCalls(erlterm.Atom(env.self), env.creation, rand.Uint32()),
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // without it the system's own is used
	}
	c.told.Store(-int64(heardPause))
	env.spawn(c.write)
	env.spawn(c.run)
	return c
}

// Peer is who is at the other end.
func (c *Conn) Peer() Peer { return c.peer }

// Start begins to read. It is called once, after the nodeup was told.
func (c *Conn) Start() { c.start.Do(func() { close(c.started) }) }

// Close ends the connection. When it returns nothing is delivered any more; Ended follows.
// Other events may be on their way. What was to be sent is sent still, if the node
// takes it within a moment.
func (c *Conn) Close() {
	c.delivering.Lock()
	c.closed = true
	c.delivering.Unlock()
	c.end(nil, flushTime)
}

// end ends the connection once; a nil error is a Close. It does not wait.
func (c *Conn) end(err error, flush time.Duration) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	c.ended, c.cause = true, err
	c.mu.Unlock()
	close(c.closing)
	now := time.Now()
	_ = c.nc.SetReadDeadline(now) // an error means that it has ended already
	_ = c.nc.SetWriteDeadline(now.Add(flush))
	c.out.close()
}

// run is the goroutine that reads, and that tells of the end.
func (c *Conn) run() {
	select {
	case <-c.started:
		c.end(c.read(), 0)
	case <-c.closing:
	}
	<-c.written
	c.env.emit(Ended{Conn: c, Err: c.cause})
}

// write is the goroutine that writes.
func (c *Conn) write() {
	defer close(c.written)
	defer c.nc.Close()
	var buf []byte
	for {
		if buf = c.out.take(buf); buf == nil {
			return
		}
		for part := range slices.Chunk(buf, chunk) {
			begun := time.Now()
			if _, err := c.nc.Write(part); err != nil {
				c.end(fmt.Errorf("writing: %w", err), 0)
				return
			}
			if time.Since(begun) >= heardPause {
				c.alive() // there was no room, and now there is: it reads
			}
		}
	}
}

// read takes frames until the connection ends. The error is never nil.
func (c *Conn) read() error {
	frames := newFrameReader(life{c})
	for {
		f, err := frames.next()
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		if f.isTick() {
			continue
		}
		if err := c.take(f); err != nil {
			return err
		}
	}
}

// life reads what a node sends, for which it is alive, and is told that we are.
type life struct{ c *Conn }

func (l life) Read(b []byte) (int, error) {
	c := l.c
	if c.owing {
		c.owing = false
		c.out.tickWhenIdle()
	}
	n, err := c.nc.Read(b)
	if n == 0 {
		return n, err
	}
	c.owing = true
	c.alive()
	return n, err
}

// alive tells that there is a sign of life of the node.
func (c *Conn) alive() {
	now := int64(time.Since(c.began))
	if told := c.told.Load(); now-told >= int64(heardPause) && c.told.CompareAndSwap(told, now) {
		c.emit(Heard{Conn: c})
	}
}

// emit tells what happened, unless the connection has ended.
func (c *Conn) emit(e Event) {
	select {
	case <-c.closing:
	default:
		c.env.emit(e)
	}
}

// send puts a message into the outbox. The error is that the message cannot be sent: it
// wraps ErrTooLong, or says what is no term, or that too much waits.
func (c *Conn) send(control erlterm.Tuple, payload erlterm.Term) error {
	return c.out.send(control, payload, maxUnsent)
}

// sendSmall sends what has no part that could be too long, or no term. A node that does
// not even read that is given up.
func (c *Conn) sendSmall(control erlterm.Tuple, payload erlterm.Term) {
	if err := c.out.send(control, payload, maxUnsentSmall); err != nil {
		c.end(err, 0)
	}
}

// take does what a message asks for. The error is an errBadFrame.
func (c *Conn) take(f frame) error {
	m, p, err := f.split()
	if err != nil {
		return err
	}
	if f.tooLong() {
		c.env.drops.tooLong.Add(1)
	}
	switch m.op {
	case opRegSend, opRegSendTT:
		c.takeNamed(m, p)
	case opAliasSend, opAliasSendTT, opSend, opSendTT:
		c.takeReply(m, p)
	case opPayloadMonitorExit:
		reason, err := p.term()
		c.takeDown(m.ref, reason, err)
	case opMonitorExit:
		c.takeDown(m.ref, m.reason, nil)
	case opMonitor:
		c.takeMonitor(m)
	case opDemonitor:
		c.takeDemonitor(m.ref)
	case opLink:
		if m.to != erlterm.Term(c.pid) {
			c.sendSmall(newControl(opPayloadExit, m.to, m.from), noProc)
		}
	case opUnlinkID:
		c.sendSmall(newControl(opUnlinkIDAck, m.id, m.to, m.from), nil)
	default:
		c.env.drops.unknown.Add(1)
	}
	return nil
}
