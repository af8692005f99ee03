package calls

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// bareSubject is where bare requests are answered.
const bareSubject = "bare"

// bareBytes is the size of a request and of its answer: that of the sealed frame of a
// call of PingPong, whose answer is nine bytes shorter.
const bareBytes = 53

// startsWithin bounds the start of a server in this process, and answeredWithin a
// request.
const (
	startsWithin   = 20 * time.Second
	answeredWithin = 5 * time.Second
)

func answerBareExternal(ctx context.Context, at string, ready func()) error {
	conn, err := nats.Connect(at)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", at, err)
	}
	defer conn.Close()
	return answerBare(ctx, conn, ready)
}

func askBareExternal(ctx context.Context, at string, loop func(call func() error) error) error {
	conn, err := nats.Connect(at)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", at, err)
	}
	defer conn.Close()
	return askBare(ctx, conn, loop)
}

func answerBareEmbedded(ctx context.Context, at string, ready func()) error {
	port, err := strconv.Atoi(at)
	if err != nil {
		return fmt.Errorf("reading a port: %w", err)
	}
	conn, stop, err := embed(answererName, port, nil)
	if err != nil {
		return err
	}
	defer stop()
	return answerBare(ctx, conn, ready)
}

func askBareEmbedded(ctx context.Context, at string, loop func(call func() error) error) error {
	route := &url.URL{Scheme: "nats-route", Host: onLoopback(at)}
	conn, stop, err := embed(askerName, server.RANDOM_PORT, []*url.URL{route})
	if err != nil {
		return err
	}
	defer stop()
	return askBare(ctx, conn, loop)
}

func answerBare(ctx context.Context, conn *nats.Conn, ready func()) error {
	if _, err := conn.Subscribe(bareSubject, func(m *nats.Msg) { _ = m.Respond(m.Data) }); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	ready()
	<-ctx.Done()
	return nil
}

// askBare begins when the other end is known here: a route takes a moment.
func askBare(ctx context.Context, conn *nats.Conn, loop func(call func() error) error) error {
	data := make([]byte, bareBytes)
	call := func() error {
		_, err := conn.Request(bareSubject, data, answeredWithin)
		return err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	err := call()
	for errors.Is(err, nats.ErrNoResponders) {
		select {
		case <-tick.C:
			err = call()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err != nil {
		return fmt.Errorf("asking for the first time: %w", err)
	}
	return loop(call)
}

// embed starts a server in this process and connects to it without a port. Its options
// are those of the embedded mesh (package bus), as far as a message passes what they
// change.
func embed(name string, port int, routes []*url.URL) (*nats.Conn, func(), error) {
	srv, err := server.NewServer(&server.Options{
		ServerName:          name,
		Host:                "127.0.0.1",
		Port:                server.RANDOM_PORT,
		NoSigs:              true,
		NoLog:               true,
		NoSystemAccount:     true,
		NoSublistCache:      true,
		NoFastProducerStall: true,
		Routes:              routes,
		Cluster: server.ClusterOpts{
			Name: "bench", Host: "127.0.0.1", Port: port,
			PoolSize:    1,
			Compression: server.CompressionOpts{Mode: server.CompressionOff},
		},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("making a server: %w", err)
	}
	stop := func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	}
	srv.Start()
	if !srv.ReadyForConnections(startsWithin) {
		stop()
		return nil, nil, errors.New("starting a server: it does not listen")
	}
	conn, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("connecting to the server in this process: %w", err)
	}
	return conn, func() { conn.Close(); stop() }, nil
}
