package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"

	"interconnectd/configs/nodeid"
)

// rawRoom is the room between the client's read loop and a pump, which only
// sorts and never waits.
const rawRoom = 256

// flushBeforeClose bounds how long Close waits for what was sent last.
const flushBeforeClose = 100 * time.Millisecond

// client is a Conn through a NATS client: the half that the embedded mesh and
// external servers share.
type client struct {
	inbox

	// immutable
	kind Kind
	self nodeid.Name
	inc  nodeid.Incarnation
	subj subjects
	log  hclog.Logger
	mesh *mesh // nil on an external bus
	lent *lent // nil unless nc is the program's
	// periodic: an echo each interval. On the embedded bus only until one
	// came back: the server is in this process, so that nothing between it
	// and the client can fail in silence.
	periodic bool
	interval atomic.Int64  // a time.Duration
	paced    chan struct{} // has room for one: the interval is another
	hosts    atomic.Pointer[[]string]
	rehosted chan struct{} // has room for one: the hosts are others
	doubts   chan struct{} // has room for one: see Doubt

	nc   *nats.Conn
	subs []*nats.Subscription
	// hangUp breaks off what nc is waiting for, on an external bus.
	hangUp  func()
	worries worries

	up   atomic.Bool   // what the keeper told last; sends fail while false
	live chan struct{} // closed when up is true for the first time

	link    linkState
	poke    chan struct{} // the link changed
	own     chan Reply    // answers to the bus's own requests
	closed  chan struct{} // the client has ended and called all it calls
	done    chan struct{} // ends the goroutines below
	closing sync.Once
	running sync.WaitGroup
}

// linkState is what the NATS client last said of its connection.
type linkState struct {
	mu    sync.Mutex
	links int   // connections made
	drops int   // connections lost
	err   error // why the last was lost
	gone  error // why there will be no other; nil: there may be
}

func newClient(cfg Config, kind Kind) *client {
	c := &client{
		inbox:    newInbox(),
		kind:     kind,
		self:     cfg.Node,
		inc:      cfg.Incarnation,
		subj:     newSubjects(cfg.Cluster),
		log:      cfg.Logger,
		paced:    make(chan struct{}, 1),
		rehosted: make(chan struct{}, 1),
		doubts:   make(chan struct{}, 1),
		hangUp:   func() {},
		worries:  worries{log: cfg.Logger, servers: redactedAll(cfg.URLs), auth: cfg.Auth},
		poke:     make(chan struct{}, 1),
		own:      make(chan Reply, rawRoom),
		live:     make(chan struct{}),
		closed:   make(chan struct{}),
		done:     make(chan struct{}),
	}
	c.interval.Store(int64(cfg.Interval))
	return c
}

// SetInterval is Conn's. The echo under way gets the whole of the new interval.
func (c *client) SetInterval(d time.Duration) {
	c.interval.Store(int64(d))
	signal(c.paced)
}

// options are the NATS options of both kinds of bus.
func (c *client) options() []nats.Option {
	return []nats.Option{
		// What `nats server report connections` shows.
		nats.Name(clientName + string(c.self)),
		// Nothing is kept while the server is away: a probe or an answer
		// published later would be stale. A send fails at once instead.
		nats.ReconnectBufSize(-1),
		// A node never gives up its bus.
		nats.MaxReconnects(-1),
		// Credentials may be mended on the server while we run; the default
		// is to stop for good after the second refusal.
		nats.IgnoreAuthErrorAbort(),
		nats.ConnectHandler(func(*nats.Conn) { c.linked() }),
		nats.ReconnectHandler(func(*nats.Conn) { c.linked() }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { c.unlinked(err) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.failed(err) }),
		nats.ClosedHandler(func(*nats.Conn) { close(c.closed) }),
	}
}

// subscription is a subject and what takes its messages.
type subscription struct {
	subject string
	deliver func(*nats.Msg)
}

// attach subscribes and starts the goroutines. Before a connection is there
// the subscriptions wait for it, and they are made again after each reconnect,
// before anything that is sent then.
func (c *client) attach(nc *nats.Conn) error {
	c.nc = nc
	subs := []subscription{
		{c.subj.name(c.self), c.packetsTo(c.names)},
		{c.subj.frame(c.self, c.inc), c.packetsTo(c.frames)},
		{c.subj.hellos, c.packetsTo(c.hellos)},
		{c.subj.whos, c.packetsTo(c.whos)},
	}
	if c.kind == External && c.lent == nil {
		subs = append(subs, subscription{advisories, c.takeAdvisory})
	}
	// The replies come last: who sees that subscription sees all.
	for _, s := range append(subs, subscription{c.subj.replies(c.inc), c.deliverReply}) {
		raw := make(chan *nats.Msg, rawRoom)
		sub, err := nc.ChanSubscribe(s.subject, raw)
		if err != nil {
			return fmt.Errorf("subscribing to %s: %w", s.subject, err)
		}
		c.subs = append(c.subs, sub)
		c.running.Go(func() { c.pump(raw, s.deliver) })
	}
	c.running.Go(func() { newKeeper(c).run() })
	return nil
}

// pump sorts what one subscription receives. It never waits, so that its
// channel does not fill because the node's own loop is busy.
func (c *client) pump(raw <-chan *nats.Msg, deliver func(*nats.Msg)) {
	for {
		select {
		case msg := <-raw:
			c.received.Add(1)
			deliver(msg)
		case <-c.done:
			return
		}
	}
}

func (c *client) packetsTo(ch chan<- Packet) func(*nats.Msg) {
	return func(msg *nats.Msg) {
		if msg.Reply != "" {
			if _, _, ok := c.subj.parseReply(msg.Reply); !ok {
				c.malformed.Add(1)
				return
			}
		}
		if len(msg.Data) > MaxPacket {
			c.malformed.Add(1)
			return
		}
		c.putPacket(ch, Packet{Data: msg.Data, ReplyTo: msg.Reply})
	}
}

func (c *client) deliverReply(msg *nats.Msg) {
	_, id, ok := c.subj.parseReply(msg.Subject)
	if !ok || len(msg.Data) > MaxPacket {
		c.malformed.Add(1)
		return
	}
	// The status 503 and no data is how NATS says `no responders`.
	r := Reply{ID: id, Data: msg.Data, NoResponders: len(msg.Data) == 0 && msg.Header.Get("Status") == "503"}
	if id <= MaxReplyID {
		c.putReply(r)
		return
	}
	select {
	case c.own <- r:
	default:
		c.dropped.Add(1)
	}
}

func (c *client) SendName(to nodeid.Name, replyID uint64, data []byte) error {
	if err := checkSend(to, replyID, data); err != nil {
		return fmt.Errorf("sending to a name: %w", err)
	}
	return c.publish(c.subj.name(to), c.subj.reply(c.inc, replyID), data)
}

func (c *client) SendFrame(to nodeid.Name, inc nodeid.Incarnation, replyID uint64, data []byte) error {
	if err := checkSend(to, replyID, data); err != nil {
		return fmt.Errorf("sending a frame: %w", err)
	}
	return c.publish(c.subj.frame(to, inc), c.subj.reply(c.inc, replyID), data)
}

func (c *client) Answer(replyTo string, data []byte) error {
	if _, _, ok := c.subj.parseReply(replyTo); !ok {
		return errors.New("answering: not the subject of a reply")
	}
	if len(data) > MaxPacket {
		return fmt.Errorf("answering: %w", ErrTooLong)
	}
	return c.publish(replyTo, "", data)
}

func (c *client) Hello(data []byte) error {
	if err := checkSend(c.self, 0, data); err != nil {
		return fmt.Errorf("sending a hello: %w", err)
	}
	return c.publish(c.subj.hellos, "", data)
}

func (c *client) Who(replyID uint64, data []byte) error {
	if err := checkSend(c.self, replyID, data); err != nil {
		return fmt.Errorf("asking who is there: %w", err)
	}
	return c.publish(c.subj.whos, c.subj.reply(c.inc, replyID), data)
}

func (c *client) Publish(data []byte) error {
	if err := checkSend(c.self, 0, data); err != nil {
		return fmt.Errorf("publishing an event: %w", err)
	}
	return c.publish(c.subj.event(c.self), "", data)
}

// publish sends while the bus is up. A server that is connected and frozen
// would take packets into its socket and pass them on when they are stale.
func (c *client) publish(subject, reply string, data []byte) error {
	if !c.up.Load() {
		select {
		case <-c.done:
			return ErrClosed
		default:
			return ErrLost
		}
	}
	return c.publishAnyhow(subject, reply, data)
}

func (c *client) publishAnyhow(subject, reply string, data []byte) error {
	var err error
	if reply == "" {
		err = c.nc.Publish(subject, data)
	} else {
		err = c.nc.PublishRequest(subject, reply, data)
	}
	switch {
	case err == nil:
		c.sent.Add(1)
		return nil
	case errors.Is(err, nats.ErrReconnectBufExceeded):
		return ErrLost
	case errors.Is(err, nats.ErrConnectionClosed):
		return ErrClosed
	}
	return fmt.Errorf("publishing: %w", err)
}

func (c *client) RouteAddr() string {
	if c.mesh == nil {
		return ""
	}
	return c.mesh.addr
}

// ListenerRefuses dials the address where a route to the server was, or is, for a
// name may lead elsewhere from here.
func (c *client) ListenerRefuses(ctx context.Context, node nodeid.Name, inc nodeid.Incarnation, addr string) (refused, here bool) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || c.mesh == nil {
		return false, false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		var seen bool
		if ip, seen = c.mesh.seen.where(serverName(node, inc)); !seen {
			return false, false
		}
	}
	here = c.mesh.here.has(ip)
	return refuses(ctx, net.JoinHostPort(ip.String(), port), !here), here
}

// SetHosts is Conn's.
func (c *client) SetHosts(hosts []string) {
	if c.mesh == nil {
		return
	}
	c.hosts.Store(&hosts)
	signal(c.rehosted)
}

// SetRouteSecrets is Conn's.
func (c *client) SetRouteSecrets(secrets []RouteSecret) {
	if c.mesh != nil {
		c.mesh.setSecrets(secrets)
	}
}

func (c *client) Stats() Stats {
	s := c.stats()
	s.Kind = c.kind
	s.Listen = c.RouteAddr()
	if c.mesh != nil {
		s.Strangers = c.mesh.log.strangers.refusals()
	}
	for _, sub := range c.subs {
		// The error is that of a closed subscription.
		if n, err := sub.Dropped(); err == nil {
			s.Dropped += uint64(n)
		}
	}
	return s
}

// Close ends the client before the server: what was sent last gets as far as
// the server, if that takes no longer than flushBeforeClose.
func (c *client) Close() error {
	c.closing.Do(func() {
		if c.up.Load() {
			// The error is that of a server which is gone or slow.
			_ = c.nc.FlushTimeout(flushBeforeClose)
		}
		c.shut()
	})
	return nil
}

// shut ends everything without a look at what is under way.
func (c *client) shut() {
	wasUp := c.up.Swap(false)
	if c.lent != nil {
		// First, so that no subscription is left that nobody reads.
		c.giveBack()
		close(c.done)
		c.running.Wait()
		c.up.Store(false) // the keeper may have said otherwise meanwhile
		return
	}
	close(c.done)
	if !wasUp {
		c.hangUp() // the client may be dialling, with its lock held
	}
	c.nc.Close()
	<-c.closed
	c.hangUp()
	c.running.Wait()
	if c.mesh != nil {
		c.mesh.stop()
	}
}

func (c *client) linked() {
	c.worries.calm()
	c.link.mu.Lock()
	c.link.links++
	c.link.mu.Unlock()
	c.poked()
}

func (c *client) unlinked(err error) {
	c.link.mu.Lock()
	c.link.drops++
	c.link.err = err
	c.link.mu.Unlock()
	c.poked()
}

func (c *client) poked() {
	signal(c.poke)
}

// failed takes in the errors that belong to no call.
func (c *client) failed(err error) {
	switch {
	case errors.Is(err, nats.ErrSlowConsumer): // counted in Stats
	case errors.Is(err, nats.ErrPermissionViolation):
		c.worries.denied(err)
	default:
		c.log.Debug("NATS client", "error", err)
	}
}

// signal wakes whoever waits for ch, which has room for one.
func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
