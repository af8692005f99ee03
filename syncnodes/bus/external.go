package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"
)

// connectTimeout bounds a name lookup and dial, and then the exchange that
// makes a NATS connection of it.
const connectTimeout = 2 * time.Second

// The wait between two rounds through all servers. With it clients were back
// 41 ms after their server, 94 ms at most; the client's defaults need 1.7 s.
const (
	reconnectWait   = 50 * time.Millisecond
	reconnectJitter = 50 * time.Millisecond
)

// reasonsMost bounds the warnings that no server is reachable, each for a reason
// of its own, within newsEvery.
const reasonsMost = 4

func openExternal(_ context.Context, cfg Config) (Conn, error) {
	c := newClient(cfg, External)
	c.periodic = true
	d := newDialer()
	c.hangUp = d.hangUp
	proof, err := cfg.Auth.options(c.worries.complain)
	if err != nil {
		return nil, err
	}
	nc, err := nats.Connect(strings.Join(cfg.URLs, ","), append(append(c.options(), proof...),
		// Not reachable at the start is like not reachable later.
		nats.RetryOnFailedConnect(true),
		nats.Timeout(connectTimeout),
		// A write to a frozen server must not hold the client's lock, and
		// with it every send, for the default minute.
		nats.FlusherTimeout(time.Second),
		// The dialer can be broken off, and looks names up itself: the
		// client would do both with its lock held.
		nats.SetCustomDialer(d),
		nats.SkipHostLookup(),
		nats.CustomReconnectDelay(d.delay),
		// A server that is cut off is left after 2 to 3 s: the echo notices
		// it sooner, but only this makes the client try another.
		nats.PingInterval(time.Second),
		nats.MaxPingsOutstanding(2),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { c.worries.complain(err) }),
	)...)
	if err != nil {
		d.hangUp()
		return nil, fmt.Errorf("making the NATS client: %w", err)
	}
	if err := c.attach(nc); err != nil {
		c.shut()
		return nil, err
	}
	d.lastError, d.complain = nc.LastError, c.worries.complain
	close(d.started)
	return c, nil
}

// errNotYet is what the dialer says until it is started.
var errNotYet = errors.New("not started")

// dialer makes the connections of one client. Until it is started it refuses,
// so that the client is made, with its subscriptions, without a wait for any
// server.
type dialer struct {
	// immutable
	dial    func(network, address string) (net.Conn, error)
	started chan struct{}
	ended   <-chan struct{} // hangUp was called
	end     context.CancelFunc

	// Set before started is closed: what the client makes of the last
	// connection, which it tells no handler when it refused us.
	lastError func() error
	complain  func(error)

	delayed atomic.Bool // the first delay is over

	mu   sync.Mutex
	last net.Conn
}

func newDialer() *dialer {
	ctx, cancel := context.WithCancel(context.Background())
	nd := net.Dialer{Timeout: connectTimeout}
	return &dialer{
		dial: func(network, address string) (net.Conn, error) {
			return nd.DialContext(ctx, network, address)
		},
		started: make(chan struct{}),
		ended:   ctx.Done(),
		end:     cancel,
	}
}

// Dial is called by the client, with its lock held.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	select {
	case <-d.started:
	default:
		return nil, errNotYet
	}
	conn, err := d.dial(network, address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.ended:
		conn.Close()
		return nil, net.ErrClosed
	default:
		d.last = conn
		return conn, nil
	}
}

// delay is the wait before the next round through the servers; the client's
// lock is free then. The first ends when the dialer is started.
func (d *dialer) delay(int) time.Duration {
	if d.delayed.CompareAndSwap(false, true) {
		select {
		case <-d.started:
		case <-d.ended:
		}
		return 0
	}
	if err := d.lastError(); err != nil {
		d.complain(err)
	}
	return reconnectWait + rand.N(reconnectJitter)
}

// hangUp ends the dial or the exchange under way, and all later ones.
func (d *dialer) hangUp() {
	d.end()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last != nil {
		d.last.Close()
	}
}

// worries tells that no server is reachable, each reason at most once a minute,
// and that one is again.
type worries struct {
	log     hclog.Logger
	servers string
	auth    Auth

	mu       sync.Mutex
	news     news // reasons
	attempts int
	deniedAt time.Time
}

func (w *worries) complain(err error) {
	if errors.Is(err, errNotYet) {
		return
	}
	w.mu.Lock()
	w.attempts++
	attempts, tell := w.attempts, w.news.is(reasonOf(err), reasonsMost, time.Now())
	w.mu.Unlock()
	if tell {
		w.log.Warn("no connection to a NATS server, trying on", "servers", w.servers, "error", w.auth.inWords(err), "attempts", attempts)
	}
}

// reasonOf is an error without the addresses in it: our port is another each time.
func reasonOf(err error) string {
	var op *net.OpError
	switch {
	case err == nil:
		return "closed"
	case errors.As(err, &op) && op.Err != nil:
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// denied tells that a server does not let us use a subject, once a minute: each
// probe would be one more.
func (w *worries) denied(err error) {
	if strings.Contains(err.Error(), advisories) {
		w.log.Debug("no disconnect advisories for us", "error", err) // we live without them
		return
	}
	w.mu.Lock()
	now := time.Now()
	tell := w.deniedAt.IsZero() || now.Sub(w.deniedAt) >= newsEvery
	if tell {
		w.deniedAt = now
	}
	w.mu.Unlock()
	if tell {
		w.log.Error("the NATS server does not let us use a subject that we need: the user's permissions are too narrow", "error", err)
	}
}

func (w *worries) calm() {
	w.mu.Lock()
	complained, attempts := w.news.told != nil, w.attempts
	w.news, w.attempts = news{}, 0
	w.mu.Unlock()
	if complained {
		w.log.Info("connected to a NATS server", "attempts", attempts)
	}
}

// redactedAll are the URLs for the log, without their passwords.
func redactedAll(urls []string) string {
	shown := make([]string, len(urls))
	for i, raw := range urls {
		shown[i] = redacted(raw)
	}
	return strings.Join(shown, " ")
}
