package syncnodes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/erldist"
	"interconnectd/syncnodes/membership"
)

// erlang is the loop's part of Options.Erlang. Without an endpoint it is off.
type erlang struct {
	endpoint *erldist.Endpoint
	cookies  erldist.Cookies
	conns    map[membership.LinkID]*erldist.Conn
	links    map[*erldist.Conn]membership.LinkID
	dialling map[nodeid.Name]bool
	refused  map[nodeid.Name]time.Duration // when it last refused us
	scout    scout
}

// openErlang begins to listen, where that is wanted, and registers the name with the
// port mapper.
func (l *loop) openErlang(ctx context.Context) error {
	opts := l.opts.Erlang
	l.erlang.scout = newScout(opts.EPMD)
	l.erlang.cookies = erldist.Cookies{Own: l.opts.Cookie, Also: l.opts.AlsoAccept, Nodes: make(map[nodeid.Name]string)}
	maps.Copy(l.erlang.cookies.Nodes, l.opts.NodeCookies)
	if !opts.Distribution {
		return nil
	}
	e := &l.erlang
	e.conns = make(map[membership.LinkID]*erldist.Conn)
	e.links = make(map[*erldist.Conn]membership.LinkID)
	e.dialling = make(map[nodeid.Name]bool)
	e.refused = make(map[nodeid.Name]time.Duration)
	endpoint, err := erldist.Listen(ctx, erldist.Config{
		Self: l.node.name, Listen: opts.Listen, EPMD: opts.EPMD, SetupTime: l.setup, Cookies: e.shown(),
		Allowed: opts.allows, MayEnter: l.node.mayEnter,
		Registered: l.node.hasErlang, Deliver: l.node.deliverErlang,
		Logger: l.log.Named("erlang"),
	})
	switch {
	case errors.Is(err, erldist.ErrNameInUse):
		return &NameInUseError{Name: l.node.name}
	case err != nil:
		return fmt.Errorf("starting Erlang's distribution: %w", err)
	}
	e.endpoint = endpoint
	l.handshakes.count(Dialled, resultNotAllowed, 0)
	return nil
}

// ready is nil, and so never is, where it is off.
func (e *erlang) ready() <-chan struct{} {
	if e.endpoint == nil {
		return nil
	}
	return e.endpoint.Ready()
}

// open lets those in who have dialled since the name was registered.
func (e *erlang) open() {
	if e.endpoint != nil {
		e.endpoint.Open()
	}
}

// shown is a copy of the cookies, which the endpoint keeps.
func (e *erlang) shown() erldist.Cookies {
	cookies := e.cookies
	cookies.Nodes = maps.Clone(cookies.Nodes)
	return cookies
}

// setErlangCookies gives the endpoint the cookies as they are now.
func (l *loop) setErlangCookies() {
	if l.erlang.endpoint != nil {
		l.erlang.endpoint.SetCookies(l.erlang.shown())
		clear(l.erlang.refused)
	}
}

func (e *erlang) setSetupTime(d time.Duration) {
	if e.endpoint != nil {
		e.endpoint.SetSetupTime(d)
	}
}

func (e *erlang) status() ErlangStatus {
	if e.endpoint == nil {
		return ErlangStatus{}
	}
	return ErlangStatus{Listen: e.endpoint.Addr().String(), Registered: e.endpoint.Registered()}
}

// dropped counts messages without effect, by cause.
func (e *erlang) dropped() map[string]uint64 {
	if e.endpoint == nil {
		return nil
	}
	return e.endpoint.Dropped()
}

func (e *erlang) close() error {
	if e.endpoint == nil {
		return nil
	}
	return e.endpoint.Close()
}

// mayEnter tells whether a node of Erlang's that dials may come in: not under a name
// that is connected on the bus.
func (n *Node) mayEnter(ctx context.Context, name nodeid.Name) bool {
	may, err := await(ctx, n, func(l *loop, answer func(bool)) {
		link, linked := l.core.Link(name)
		onBus := linked && l.erlang.conns[link] == nil
		answer(!l.leaving && name != n.name && name.Long() == n.name.Long() && !onBus)
	})
	return may && err == nil
}
