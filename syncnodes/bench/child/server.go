package child

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"interconnectd/syncnodes/bus/bustest"
)

// Server is a nats-server on loopback.
type Server struct {
	*Process
	URL     string // for clients
	Monitor string // of its monitoring endpoints, without a slash at the end
}

// listenWithin is how long a server may take to listen.
const listenWithin = 20 * time.Second

// StartNATSServer starts a nats-server of the PATH and waits until it listens.
func StartNATSServer(ctx context.Context) (*Server, error) {
	first := bustest.FreePorts(2)
	client, monitor := address(first), address(first+1)
	p, err := Start(ctx, Command{Path: "nats-server", Args: []string{"-a", "127.0.0.1", "-p", strconv.Itoa(first), "-m", strconv.Itoa(first + 1)}})
	if err != nil {
		return nil, err
	}
	if err := p.Listens(ctx, client); err != nil {
		p.Close()
		return nil, err
	}
	return &Server{Process: p, URL: "nats://" + client, Monitor: "http://" + monitor}, nil
}

// Listens waits until the process accepts connections on an address.
func (p *Process) Listens(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, listenWithin)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			conn.Close()
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return p.failed(fmt.Errorf("waiting for it to listen on %s: %w", addr, ctx.Err()))
		}
	}
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
