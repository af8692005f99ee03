package syncnodes

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/membership"
	"interconnectd/syncnodes/session"
)

// Start starts a node: it opens the bus, claims the name, and begins to
// connect to the nodes of the sync lists. It returns a *NameInUseError where
// another live node holds the name. An external bus that cannot be reached is
// no error: the node keeps trying. A connection of the program's that is closed,
// or that a node cannot live on, is one.
//
// The node runs until Close; ctx bounds the start only.
func Start(ctx context.Context, opts Options) (*Node, error) {
	if err := opts.fillIn(); err != nil {
		return nil, fmt.Errorf("starting a node: %w", err)
	}
	inc, err := nodeid.NewIncarnation(time.Now(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("starting a node: %w", err)
	}
	derived := make(chan keys, 1)
	go func() { derived <- deriveKeys(opts) }() // beside the start of the bus
	hosts := hosts{self: opts.Name}
	hosts.list(opts.Sync.expected())
	conn, err := openBus(ctx, opts, inc, hosts.all)
	keys := <-derived
	if err != nil {
		return nil, fmt.Errorf("starting a node: %w", err)
	}
	conn.SetRouteSecrets(keys.routeSecrets())
	n := &Node{
		name:     opts.Name,
		inc:      inc,
		hidden:   opts.Hidden,
		log:      opts.Logger,
		monitors: &monitors{all: make(map[*Monitor]struct{})},
		inbox:    make(chan func(*loop), 64),
		leave:    make(chan struct{}),
		ended:    make(chan struct{}),
	}
	l := newLoop(n, opts, conn, keys)
	l.hosts = hosts
	n.processes = newProcesses(opts.Logger)
	n.Register(PingPong, answerPing)
	n.Register(ClusterView, n.answerView)
	if err := l.openErlang(ctx); err != nil {
		l.abandon()
		return nil, fmt.Errorf("starting a node: %w", err)
	}
	claimed := make(chan struct{})
	l.claim.joined = func() { close(claimed) }
	go l.live()
	select {
	case <-claimed:
		return n, nil
	case <-n.ended:
		return nil, n.Close() // the name is not ours
	case <-ctx.Done():
		n.Close()
		return nil, fmt.Errorf("starting a node: %w", ctx.Err())
	}
}

// abandon ends what began before the loop did.
func (l *loop) abandon() {
	l.node.processes.close()
	l.helpers.close()
	if err := l.conn.Close(); err != nil {
		l.log.Debug("closing the bus", "error", err)
	}
}

// keys are those of the cookies that a node starts with.
type keys struct {
	own   session.Key
	also  session.Key // zero: none
	nodes map[nodeid.Name]session.Key
	route session.Key // in place of all these at the routes; zero: none
}

// routeSecrets are what other hosts must know one of to join.
func (k keys) routeSecrets() []bus.RouteSecret {
	if !k.route.IsZero() {
		return []bus.RouteSecret{k.route.Routes()}
	}
	all := []session.Key{k.own, k.also}
	for _, name := range slices.Sorted(maps.Keys(k.nodes)) {
		all = append(all, k.nodes[name])
	}
	var secrets []bus.RouteSecret
	for _, key := range all {
		if secret := bus.RouteSecret(key.Routes()); !key.IsZero() && !slices.Contains(secrets, secret) {
			secrets = append(secrets, secret)
		}
	}
	return secrets
}

// deriveKeys derives each cookie once, however many nodes have it.
func deriveKeys(opts Options) keys {
	known := map[string]session.Key{opts.Cookie: session.Derive(opts.Cookie)}
	k := keys{own: known[opts.Cookie], nodes: map[nodeid.Name]session.Key{}}
	if opts.AlsoAccept != "" {
		k.also = session.Derive(opts.AlsoAccept)
		known[opts.AlsoAccept] = k.also
	}
	for name, cookie := range opts.NodeCookies {
		if _, ok := known[cookie]; !ok {
			known[cookie] = session.Derive(cookie)
		}
		k.nodes[name] = known[cookie]
	}
	if opts.Bus.RouteSecret != "" {
		k.route = session.Derive(opts.Bus.RouteSecret)
	}
	return k
}

func openBus(ctx context.Context, opts Options, inc nodeid.Incarnation, hosts []string) (bus.Conn, error) {
	cfg := bus.Config{
		Cluster: opts.Bus.Cluster, Node: opts.Name, Incarnation: inc,
		URLs: opts.Bus.URLs, Auth: opts.Bus.Auth, Conn: opts.Bus.Conn, Ports: opts.Bus.Ports,
		Interface: opts.Bus.Interface, Hosts: slices.Clone(hosts), Routes: opts.Bus.Routes,
		Interval: opts.Detector.Interval, Logger: opts.Logger.Named("bus"),
	}
	if opts.open != nil {
		return opts.open(cfg)
	}
	return bus.Open(ctx, cfg)
}

func newLoop(n *Node, opts Options, conn bus.Conn, keys keys) *loop {
	l := &loop{
		node: n, opts: opts, log: opts.Logger, conn: conn, clock: opts.Clock, setup: opts.SetupTime,
		helpers: newHelpers(), nextID: requestIDs(), claim: newClaim(conn),
		cookie: opts.Cookie, printed: keys.own.Fingerprint(), keys: keys, waiting: newWaiters(),
		calls: make(map[uint64]call), who: make(map[uint64]*census),
		refused: make(map[nodeid.Name]time.Duration), handshakes: newHandshakes(),
	}
	info := membership.Info{
		Hidden: opts.Hidden, ConnectAll: !opts.Alone, Transient: opts.Transient, Route: conn.RouteAddr(), Version: opts.Version,
	}
	l.endpoint = session.NewEndpoint(session.Config{
		Self: opts.Name, Incarnation: n.inc, Key: keys.own,
		Info:      membership.AppendInfo(nil, info),
		SetupTime: opts.SetupTime, KeepKeys: keepKeys(opts.Detector.Timeout), NextID: l.nextID,
	})
	l.endpoint.SetAlsoAccept(keys.also)
	for name, key := range keys.nodes {
		l.endpoint.SetNodeKey(name, key, 0)
	}
	l.core = membership.New(membership.Config{
		Self: opts.Name, Incarnation: n.inc, Info: info, Sync: opts.Sync.expected(), AutoConnect: opts.AutoConnect,
		Erlang:   opts.Erlang.Distribution,
		Interval: opts.Detector.Interval, Timeout: opts.Detector.Timeout, GoneAfter: opts.Detector.GoneAfter,
		NextID: l.nextID, Rand: seededRand(),
	}, l.now())
	l.sync = newSyncState(opts)
	return l
}

// requestIDs draws the ids that endpoint, core and calls share: one inbox gets
// all their answers. They count up from a random start, so that an answer to a
// former request is none to a new one.
func requestIDs() func() uint64 {
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // crypto/rand does not fail
	next := binary.BigEndian.Uint64(seed[:]) >> 16
	return func() uint64 {
		next++
		return next
	}
}

// seededRand is for jitter and shuffles only.
func seededRand() *mathrand.Rand {
	return mathrand.New(mathrand.NewPCG(mathrand.Uint64(), mathrand.Uint64()))
}

// live is the life of the loop's goroutine.
func (l *loop) live() {
	defer close(l.node.ended)
	if l.conn.Stats().Kind == bus.External {
		// Not connected yet: the bus tells when it is.
		l.busLost = true
		l.core.BusLost(l.now())
	}
	l.startClaim(l.now())
	l.run()
	l.node.err = l.err
	l.node.monitors.close()
	l.helpers.close()
	if err := l.erlang.close(); err != nil {
		l.log.Debug("closing Erlang's distribution", "error", err)
	}
	if err := l.conn.Close(); err != nil {
		l.log.Debug("closing the bus", "error", err)
	}
}
