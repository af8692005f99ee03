package child

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"interconnectd/syncnodes/bus/bustest"
)

// NATSServer is a nats-server on loopback.
type NATSServer struct {
	*Process
	URL     string // for clients
	Monitor string // of its monitoring endpoints, without a slash at the end
}

// StartNATSServer starts a nats-server of the PATH and waits until it listens.
func StartNATSServer(ctx context.Context) (*NATSServer, error) {
	port := bustest.FreePorts(2)
	client, monitor := strconv.Itoa(port), strconv.Itoa(port+1)
	p, err := startServer(ctx, client, "nats-server", "-a", "127.0.0.1", "-p", client, "-m", monitor)
	if err != nil {
		return nil, err
	}
	return &NATSServer{Process: p, URL: "nats://" + onLoopback(client), Monitor: "http://" + onLoopback(monitor)}, nil
}

// StartEPMD starts an epmd of the PATH, Erlang's port mapper, and waits until it listens.
// The one that erl starts by itself would stay behind.
func StartEPMD(ctx context.Context) (p *Process, port string, err error) {
	port = strconv.Itoa(bustest.FreePorts(1))
	p, err = startServer(ctx, port, "epmd", "-address", "127.0.0.1", "-port", port)
	return p, port, err
}

// listenWithin is how long a server may take to listen.
const listenWithin = 20 * time.Second

func startServer(ctx context.Context, port, program string, args ...string) (*Process, error) {
	p, err := Start(ctx, Command{Path: program, Args: args})
	if err != nil {
		return nil, err
	}
	if err := p.listens(ctx, onLoopback(port)); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// listens waits until the process accepts connections.
func (p *Process) listens(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, listenWithin, errors.New("it does not"))
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-p.ended:
			if p.err != nil {
				return p.err
			}
			return p.failed(errors.New("it ended, and did not listen"))
		case <-ctx.Done():
			return p.failed(fmt.Errorf("waiting for it to listen on %s: %w", addr, context.Cause(ctx)))
		}
	}
}

func onLoopback(port string) string { return net.JoinHostPort("127.0.0.1", port) }
