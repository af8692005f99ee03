package statuspage

import (
	"net"
	"sync"
)

// limited is a listener with so many places: who finds none is hung up on, so that
// those who hold theirs keep nobody else waiting in the dark.
type limited struct {
	net.Listener
	places chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.places <- struct{}{}:
			return &placed{Conn: conn, leave: func() { <-l.places }}, nil
		default:
			_ = conn.Close() // nobody was told anything
		}
	}
}

// placed is a connection that has a place, until it is closed.
type placed struct {
	net.Conn
	once  sync.Once
	leave func()
}

func (c *placed) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}
