package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"interconnectd/configs/nodeid"
)

// loopback is where the servers of one host meet.
const loopback = "127.0.0.1"

// The pair that all servers know. It is no secret: it keeps a stray nats-server
// of this host from joining by accident. Whoever may run programs on this host
// can join on purpose; what the bus carries is sealed. Other hosts' servers are
// known by certificates: see trust.
const (
	routeUser     = "interconnect"
	routePassword = "loopback"
)

// How long the server may take to listen. It takes a few milliseconds.
const listenTimeout = 5 * time.Second

// A route is told when the other end's subscriptions are known here, so that a
// packet sent on RouteUp arrives; without them it is told after this time.
const routePatience = 250 * time.Millisecond

// When the table of routes is looked at again while it is not as the log says.
const (
	lookSoon     = time.Millisecond
	lookLater    = 20 * time.Millisecond
	lookPerRoute = 200 * time.Microsecond
)

// mesh is the embedded server and what is known of its routes.
type mesh struct {
	// immutable
	srv    *server.Server
	log    *serverLog
	cfg    Config
	subj   subjects
	self   string // the server's name
	place  place
	here   *ownHost
	trust  *trust // nil where all routes stay on loopback
	port   int    // where it listens for routes
	addr   string // the same, as others dial it
	hostID string

	dials chan []*url.URL // what to dial, for redialler; the latest counts
	tasks sync.WaitGroup

	seen seen

	// owned by the keeper
	before   int               // a port where somebody was at the start, where nobody had the lowest: see near
	wide     bool              // the whole range is dialled
	unled    int               // looks in a row that found no route to the port that is dialled
	hosts    []string          // others, whose ranges are dialled
	routes   map[string]*route // by server name
	over     bool              // the dials of the first round have ended, when the table was looked at last
	closing  bool              // the table has routes that the log told as closed
	restless time.Time         // since when something is awaited
	addrs    map[string]string // of those who greeted us, by server name
	hostIDs  map[string]string // theirs
	holes    map[string]*hole  // servers without a route
	mends    map[string]*hole  // those of them that are dialled
}

// place is where a server listens for routes, and who is to find it there.
type place struct {
	listen    string // a host, as NATS takes it
	near      string // where other daemons of this host listen
	advertise string // where others find it
	secured   bool   // other hosts reach it
}

// placeOf keeps a node whose host is a loopback literal on loopback. Any other
// listens on all addresses, or on the one it was told, and is found by the host
// of its name, as a node of Erlang is.
func placeOf(cfg Config) place {
	switch {
	case cfg.Node.Loopback():
		return place{listen: loopback, near: loopback, advertise: loopback}
	case cfg.Interface.IsValid() && !cfg.Interface.IsUnspecified():
		ip := cfg.Interface.String()
		return place{listen: ip, near: ip, advertise: ip, secured: true}
	}
	return place{listen: "0.0.0.0", near: loopback, advertise: cfg.Node.DialHost(), secured: true}
}

// route is a server at the other end.
type route struct {
	node  nodeid.Name
	inc   nodeid.Incarnation
	since time.Time
	told  bool
	// dialled: as one of the addresses that are dialled for ever.
	dialled bool
	// greeted: it was told where we listen.
	greeted bool
}

func openEmbedded(ctx context.Context, cfg Config) (Conn, error) {
	m, err := startMesh(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c := newClient(cfg, Embedded)
	c.mesh = m
	nc, err := nats.Connect("", append(c.options(),
		// A pipe in this process; no port is involved.
		nats.InProcessServer(m.srv),
		// Late means only that the processors are busy.
		nats.Timeout(time.Minute),
		// The server cannot be away: where it closed the pipe, after a
		// standstill of the whole process, the next attempt succeeds.
		nats.ReconnectWait(10*time.Millisecond),
		nats.ReconnectJitter(0, 0),
		// Nothing lies between the two that a ping would test.
		nats.PingInterval(24*time.Hour),
		// The mesh's other servers let no client in.
		nats.IgnoreDiscoveredServers(),
	)...)
	if err != nil {
		m.stop()
		return nil, fmt.Errorf("connecting to the embedded server: %w", err)
	}
	if err := c.attach(nc); err != nil {
		c.shut()
		return nil, err
	}
	select {
	case <-c.live:
		return c, nil
	case <-ctx.Done():
		c.shut()
		return nil, fmt.Errorf("waiting for the embedded server: %w", ctx.Err())
	}
}

// startMesh takes the first free port of the range, or any. Other daemons of
// this host do the same at the same time: a port found free may be gone when
// the server wants it, and then the next one is tried.
func startMesh(ctx context.Context, cfg Config) (*mesh, error) {
	place := placeOf(cfg)
	for port := cfg.Ports.Min; port <= cfg.Ports.Max; port++ {
		if !free(place.listen, port) {
			continue
		}
		m, err := startServer(ctx, cfg, place, port)
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			continue
		}
		return m, err
	}
	m, err := startServer(ctx, cfg, place, server.RANDOM_PORT)
	if err != nil {
		return nil, err
	}
	cfg.Logger.Info("all ports of the range are taken, using another: daemons of this host meet when one of them has a port of the range", "min", cfg.Ports.Min, "max", cfg.Ports.Max, "listen", m.addr)
	return m, nil
}

// free tries a port without the cost of a server.
func free(host string, port int) bool {
	l, err := net.Listen("tcp", hostPort(host, port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// startServer gives a *net.OpError where the port is taken.
func startServer(ctx context.Context, cfg Config, place place, port int) (*mesh, error) {
	m := &mesh{
		cfg:     cfg,
		subj:    newSubjects(cfg.Cluster),
		self:    serverName(cfg.Node, cfg.Incarnation),
		place:   place,
		here:    &ownHost{},
		port:    port,
		dials:   make(chan []*url.URL, 1),
		before:  foundBefore(cfg, place, port),
		hosts:   cfg.Hosts,
		routes:  map[string]*route{},
		addrs:   map[string]string{},
		hostIDs: map[string]string{},
		hostID:  hostID(),
		holes:   map[string]*hole{},
		mends:   map[string]*hole{},
	}
	var err error
	if place.secured {
		if m.trust, err = newTrust(m.here); err != nil {
			return nil, err
		}
	}
	dials := m.dialled()
	m.log = newServerLog(cfg.Logger, m.here, dials)
	if m.srv, err = server.NewServer(m.options(routeURLs(dials))); err != nil {
		return nil, fmt.Errorf("making the embedded NATS server: %w", err)
	}
	// At debug the server tells each route that comes; there is nothing per
	// message in it. Traces would be.
	m.srv.SetLoggerV2(m.log, true, false, false)
	m.tasks.Go(m.redialler)
	m.srv.Start()
	timer := time.NewTimer(listenTimeout)
	defer timer.Stop()
	select {
	case err = <-m.log.listening:
	case <-ctx.Done():
		err = fmt.Errorf("starting the embedded NATS server: %w", ctx.Err())
	case <-timer.C:
		err = errors.New("starting the embedded NATS server: it does not listen")
	}
	if err != nil {
		m.stop()
		return nil, err
	}
	m.port = m.srv.ClusterAddr().Port
	m.addr = hostPort(place.advertise, m.port)
	m.log.poke() // where there is nothing to dial, nothing more is told
	return m, nil
}

// setSecrets says who may join from other hosts.
func (m *mesh) setSecrets(secrets []RouteSecret) {
	if m.trust == nil {
		return
	}
	if err := m.trust.set(hostPort(m.place.near, m.port), secrets); err != nil {
		m.cfg.Logger.Error("no daemon of another host can join", "error", err)
	}
}

// options are the server's, with routes to dial.
func (m *mesh) options(routes []*url.URL) *server.Options {
	opts := &server.Options{
		// Unique, and says whose server it is.
		ServerName: m.self,
		// A client port there must be: without one v2.15.2 starts no routes.
		// It is bound to loopback and lets nobody in.
		Host:                       loopback,
		Port:                       server.RANDOM_PORT,
		CustomClientAuthentication: inProcessOnly{},
		// The daemon has signals and a log of its own.
		NoSigs: true,
		NoLog:  true,
		// A third of the memory, two goroutines and, with PoolSize, a
		// connection for each peer: nobody asks the system account here.
		NoSystemAccount: true,
		// Reply subjects are used once: a cache of them is only swept.
		NoSublistCache: true,
		// A ring of connections that ended, allocated at start.
		MaxClosedClients: 1,
		MaxPayload:       MaxPacket,
		// What may wait for a frozen peer, instead of 64 MiB.
		MaxPending: 8 << 20,
		// A slow peer must not slow the node that sends to it.
		NoFastProducerStall: true,
		// The in-process pipe needs no pings, and no route a second one.
		PingInterval:          24 * time.Hour,
		DisableShortFirstPing: true,
		// Say it once, not each hour.
		ConnectErrorReports:   1 << 30,
		ReconnectErrorReports: 1 << 30,
		Routes:                routes,
		Cluster: server.ClusterOpts{
			Name: m.cfg.Cluster,
			Host: m.place.listen,
			Port: m.port,
			// Without it gossip passes on source addresses. The port is
			// added by the server, which knows it.
			Advertise: m.place.advertise,
			// Client ports are nobody's business.
			NoAdvertise: true,
			Username:    routeUser,
			Password:    routePassword,
			// One connection to each peer, not three.
			PoolSize: 1,
			// Little is sent, and the loopback is fast; negotiating costs
			// a round trip.
			Compression: server.CompressionOpts{Mode: server.CompressionOff},
			// A route that gossip told of is dialled for a minute: it must
			// outlast a moment of overload. Not longer: each restart leaves
			// a port behind. What a cable parts for longer is mended: see
			// mend.go.
			ConnectRetries: 60,
			// A fixed rate: the daemon that takes a port of the range must
			// be found within a second however long it was free.
			ConnectBackoff: false,
			// Each second would cost a percent of a core at 30 nodes.
			PingInterval: 5 * time.Second,
			// A frozen peer otherwise fills the sender's memory.
			WriteDeadline: time.Second,
		},
	}
	if m.trust != nil {
		opts.Cluster.TLSConfig = m.trust.tls
		opts.Cluster.TLSTimeout = tlsTimeout.Seconds()
		// A cable that was cut leaves connections which TCP tries ever more
		// seldom: they are given up, so that the next dial finds the way. Where
		// there is traffic no pings are sent.
		opts.Cluster.PingInterval = 2 * time.Second
		opts.Cluster.MaxPingsOut = 1
	}
	return opts
}

// inProcessOnly lets in who came through the pipe, which no other process can.
type inProcessOnly struct{}

func (inProcessOnly) Check(c server.ClientAuthentication) bool {
	addr := c.RemoteAddress()
	return addr != nil && addr.Network() == "pipe"
}

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// look compares the table of routes with what was told. A route is keyed by
// its server: duplicates are closed all the time, and only the last one's end
// is one. changed is false where nothing but what the others' servers subscribe to
// may be new. again is when to look next, 0 for not before the log says something;
// settled reports that the first round has ended.
func (m *mesh) look(now time.Time, changed bool) (events []Event, again time.Duration, settled bool) {
	over := m.log.firstRoundOver()
	if changed || m.closing || over != m.over {
		m.over = over // its word, and with it changed, may come a moment later
		events = m.compare(now)
	}
	waiting, first := false, false
	for _, r := range m.routes {
		switch {
		case r.told:
		case m.hears(r) || now.Sub(r.since) >= routePatience:
			r.told = true
			events = append(events, Event{Kind: RouteUp, Node: r.node, Incarnation: r.inc, Dialled: r.dialled})
		default:
			waiting, first = true, first || r.dialled
		}
	}
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.Node, b.Node), a.Incarnation.Compare(b.Incarnation))
	})
	return events, m.nextLook(now, waiting || m.closing), over && !first
}

// compare brings the routes up to the table, and gives those that ended.
func (m *mesh) compare(now time.Time) (events []Event) {
	names, ids := m.table()
	for name, r := range m.routes {
		if _, there := names[name]; there {
			continue
		}
		delete(m.routes, name)
		m.lost(name, now)
		m.seen.gone(name, now)
		delete(m.addrs, name)
		delete(m.hostIDs, name)
		if r.told {
			events = append(events, Event{Kind: RouteDown, Node: r.node, Incarnation: r.inc})
		}
	}
	for name, info := range names {
		if r := m.routes[name]; r != nil {
			r.dialled = info.IsConfigured
			continue
		}
		node, inc, ok := parseServerName(name)
		if !ok {
			continue // a stranger's server
		}
		m.routes[name] = &route{node: node, inc: inc, since: now, dialled: info.IsConfigured}
		m.seen.at(name, info.IP)
	}
	m.closing = m.log.stillThere(func(id string) bool { return ids[id] })
	return events
}

// table gives the servers that there are routes to, and the ids of the connections.
func (m *mesh) table() (names map[string]*server.RouteInfo, ids map[string]bool) {
	names, ids = map[string]*server.RouteInfo{}, map[string]bool{}
	// The error is for options that we do not use.
	table, err := m.srv.Routez(nil)
	if err != nil {
		return names, ids
	}
	for _, r := range table.Routes {
		names[r.RemoteName] = r
		ids[strconv.FormatUint(r.Rid, 10)] = true
	}
	return names, ids
}

// hears reports whether the other end's subscriptions have arrived here: the
// one to its frames, and the last that it makes.
func (m *mesh) hears(r *route) bool {
	acc := m.srv.GlobalAccount()
	return acc.SubscriptionInterest(m.subj.frame(r.node, r.inc)) && acc.SubscriptionInterest(m.subj.reply(r.inc, 1))
}

func (m *mesh) nextLook(now time.Time, restless bool) time.Duration {
	if !restless {
		m.restless = time.Time{}
		return 0
	}
	if m.restless.IsZero() {
		m.restless = now
	}
	// Ever more seldom: where many daemons start at once all of them are restless.
	return min(max(lookSoon, m.lookGap(), now.Sub(m.restless)/2), lookLater)
}

// lookGap is the least time between two looks: one costs as much as there are routes.
func (m *mesh) lookGap() time.Duration { return time.Duration(len(m.routes)) * lookPerRoute }

// stop ends the server and waits for it.
func (m *mesh) stop() {
	m.srv.Shutdown()
	m.srv.WaitForShutdown()
	close(m.dials)
	m.tasks.Wait()
}
