package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"interconnectd/configs/nodeid"
)

// meshHost is the one address that the servers listen on and dial.
const meshHost = "127.0.0.1"

// The pair that all servers of a loopback mesh know. It is no secret: it keeps
// a stray nats-server from joining by accident. Whoever may run programs on
// this host can join on purpose; what the bus carries is sealed.
const (
	routeUser     = "interconnect"
	routePassword = "loopback"
)

// maxRouteDials bounds how many ports of the range are dialled, each once a
// second for ever: the lowest, which are taken first. Gossip tells of the rest.
const maxRouteDials = 16

// How long the server may take to listen. It takes a few milliseconds.
const listenTimeout = 5 * time.Second

// A route is told when the other end's subscriptions are known here, so that a
// packet sent on RouteUp arrives; without them it is told after this time.
const routePatience = 250 * time.Millisecond

// When a server outside the range dials all of the range.
const widenAfter = 500 * time.Millisecond

// When the table of routes is looked at again while it is not as the log says.
const (
	lookSoon   = time.Millisecond
	lookLater  = 20 * time.Millisecond
	soonPeriod = 50 * time.Millisecond
)

// mesh is the embedded server and what is known of its routes.
type mesh struct {
	// immutable
	srv  *server.Server
	log  *serverLog
	cfg  Config
	subj subjects
	self string // the server's name
	port int    // where it listens for routes
	addr string

	// owned by the keeper
	wide     bool              // the whole range is dialled
	routes   map[string]*route // by server name
	restless time.Time         // since when the table is not as the log says
	ports    map[string]int    // of those who greeted us, by server name
	holes    map[string]*hole  // servers without a route
	mends    map[string]*hole  // those of them that are dialled
}

// route is a server at the other end.
type route struct {
	node  nodeid.Name
	inc   nodeid.Incarnation
	since time.Time
	told  bool
}

func openEmbedded(ctx context.Context, cfg Config) (Conn, error) {
	if !cfg.Node.Loopback() {
		cfg.Logger.Info("the embedded mesh joins the nodes of this host only", "node", cfg.Node)
	}
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
	for port := cfg.Ports.Min; port <= cfg.Ports.Max; port++ {
		if !free(port) {
			continue
		}
		m, err := startServer(ctx, cfg, port)
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			continue
		}
		return m, err
	}
	m, err := startServer(ctx, cfg, server.RANDOM_PORT)
	if err != nil {
		return nil, err
	}
	cfg.Logger.Info("all ports of the range are taken, using another: daemons of this host meet when one of them has a port of the range", "min", cfg.Ports.Min, "max", cfg.Ports.Max, "listen", m.addr)
	return m, nil
}

// free tries a port without the cost of a server.
func free(port int) bool {
	l, err := net.Listen("tcp", hostPort(meshHost, port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// startServer gives a *net.OpError where the port is taken.
func startServer(ctx context.Context, cfg Config, port int) (*mesh, error) {
	wide := port != server.RANDOM_PORT
	dials := dialPorts(cfg.Ports, port, wide)
	opts := serverOptions(cfg, port)
	opts.Routes = routeURLs(dials)
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("making the embedded NATS server: %w", err)
	}
	m := &mesh{
		srv:    srv,
		log:    newServerLog(cfg.Logger, dials),
		cfg:    cfg,
		subj:   newSubjects(cfg.Cluster),
		self:   opts.ServerName,
		wide:   wide,
		routes: map[string]*route{},
		ports:  map[string]int{},
		holes:  map[string]*hole{},
		mends:  map[string]*hole{},
	}
	// At debug the server tells each route that comes; there is nothing per
	// message in it. Traces would be.
	srv.SetLoggerV2(m.log, true, false, false)
	srv.Start()
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
	m.port = srv.ClusterAddr().Port
	m.addr = hostPort(meshHost, m.port)
	m.log.poke() // where there is nothing to dial, nothing more is told
	return m, nil
}

func serverOptions(cfg Config, port int) *server.Options {
	return &server.Options{
		// Unique, and says whose server it is.
		ServerName: serverName(cfg.Node, cfg.Incarnation),
		// A client port there must be: without one v2.15.2 starts no routes.
		// It is bound to loopback and lets nobody in.
		Host:                       meshHost,
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
		Cluster: server.ClusterOpts{
			Name: cfg.Cluster,
			Host: meshHost,
			Port: port,
			// Without it gossip passes on source addresses. The port is
			// added by the server, which knows it.
			Advertise: meshHost,
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
			// outlast a moment of overload. Not longer: on the own host
			// refused means dead, and each restart leaves a port behind.
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
}

// inProcessOnly lets in who came through the pipe, which no other process can.
type inProcessOnly struct{}

func (inProcessOnly) Check(c server.ClientAuthentication) bool {
	addr := c.RemoteAddress()
	return addr != nil && addr.Network() == "pipe"
}

// dialPorts are the ports to dial for ever: the range, without the own port.
//
// Who listens outside the range first dials the lowest only, and the others
// after widenAfter. Gossip makes the mesh, and each server inside the range
// that is dialled makes all others dial the newcomer: with four of them there
// are twice as many connections as are kept, and some holes (see mend.go).
func dialPorts(ports PortRange, own int, wide bool) (dials []int) {
	for port := ports.Min; port <= ports.Max && len(dials) < maxRouteDials; port++ {
		if port != own {
			dials = append(dials, port)
		}
		if !wide {
			break
		}
	}
	return dials
}

// alone reports whether the lowest port of the range led nowhere: a stranger
// holds it.
func (m *mesh) alone() bool { return !m.wide && len(m.routes) == 0 }

// widen dials the whole range.
func (m *mesh) widen() {
	m.wide = true
	// The lowest is being dialled, or has its route.
	m.log.expect(dialPorts(m.cfg.Ports, m.port, true)[1:])
	m.redial()
}

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// look compares the table of routes with what was told. A route is keyed by
// its server: duplicates are closed all the time, and only the last one's end
// is one. again is when to look next, 0 for not before the log says something;
// settled reports that the first round has ended.
func (m *mesh) look(now time.Time) (events []Event, again time.Duration, settled bool) {
	names, ids := m.table()
	for name, r := range m.routes {
		if names[name] {
			continue
		}
		delete(m.routes, name)
		delete(m.ports, name)
		if r.told {
			events = append(events, Event{Kind: RouteDown, Node: r.node, Incarnation: r.inc})
		}
	}
	waiting := 0
	for name := range names {
		r := m.routes[name]
		if r == nil {
			node, inc, ok := parseServerName(name)
			if !ok {
				continue // a stranger's server
			}
			r = &route{node: node, inc: inc, since: now}
			m.routes[name] = r
		}
		switch {
		case r.told:
		case m.hears(r) || now.Sub(r.since) >= routePatience:
			r.told = true
			events = append(events, Event{Kind: RouteUp, Node: r.node, Incarnation: r.inc})
		default:
			waiting++
		}
	}
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.Node, b.Node), a.Incarnation.Compare(b.Incarnation))
	})
	dials, closing := m.log.progress(func(id string) bool { return ids[id] })
	return events, m.nextLook(now, waiting+closing > 0), dials == 0 && waiting == 0
}

// table gives the names and the connection ids of the routes there are.
func (m *mesh) table() (names, ids map[string]bool) {
	names, ids = map[string]bool{}, map[string]bool{}
	// The error is for options that we do not use.
	table, err := m.srv.Routez(nil)
	if err != nil {
		return names, ids
	}
	for _, r := range table.Routes {
		names[r.RemoteName] = true
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
	if now.Sub(m.restless) < soonPeriod {
		return lookSoon
	}
	return lookLater
}

// stop ends the server and waits for it.
func (m *mesh) stop() {
	m.srv.Shutdown()
	m.srv.WaitForShutdown()
}
