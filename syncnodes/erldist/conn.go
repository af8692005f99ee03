package erldist

import (
	"io"
	"net"
	"sync"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
)

// Conn is a connection with another node. Its methods may be called concurrently,
// do not wait, and have no effect once it has ended.
type Conn struct {
	peer Peer
	nc   net.Conn
	env  connEnv
	once sync.Once
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

func newConn(nc net.Conn, peer Peer, env connEnv) *Conn {
	return &Conn{peer: peer, nc: nc, env: env}
}

// Peer is what a node tells of itself in the handshake.
type Peer struct {
	Name     nodeid.Name
	Creation uint32 // tells one start of it from the next
	Hidden   bool   // it does not publish itself: erl -hidden, a C node
}

// Peer is who is at the other end.
func (c *Conn) Peer() Peer { return c.peer }

// Start begins to read. It is called once, after the nodeup was told.
func (c *Conn) Start() {
	c.env.spawn(func() {
		_, err := io.Copy(io.Discard, c.nc)
		c.end(err)
	})
}

func (c *Conn) end(err error) {
	c.once.Do(func() { c.env.spawn(func() { c.env.emit(Ended{Conn: c, Err: err}) }) })
	c.nc.Close()
}

// Probe asks the node's net_kernel whether it is there; Answered(seq) follows.
func (c *Conn) Probe(seq uint64) {}

// Call calls a registered process of the node, as gen_server:call/2 does; Replied(id)
// follows unless the connection ends, or Forget(id) comes, before.
func (c *Conn) Call(id uint64, process string, request erlterm.Term) {}

// Forget drops a call whose answer nobody waits for any more.
func (c *Conn) Forget(id uint64) {}

// Close ends the connection. When it returns nothing is delivered any more; Ended follows.
func (c *Conn) Close() { c.end(nil) }
