package syncnodes

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist"
	"interconnectd/syncnodes/membership"
)

// This file carries out, for connections of Erlang's distribution protocol, what the
// core wants done of links. A name is dialled on the bus, and by the port mapper
// where nobody holds it there, or where that is known to have it.

// shunnedFor is how long a node that refused us is not dialled by itself: Erlang logs each
// attempt.
const shunnedFor = 10 * time.Second

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

// elixirPrefix begins the atom that a name like PingPong is in Elixir, where it is an
// alias: Module.concat/1.
const elixirPrefix = "Elixir."

// isAlias reports whether Elixir takes a name for an alias where nothing is before it.
func isAlias(name string) bool {
	return name != "" && 'A' <= name[0] && name[0] <= 'Z' && !strings.HasPrefix(name, elixirPrefix)
}

// meantByErlang is the process that a node of Erlang's means by a name.
func (n *Node) meantByErlang(process string) string {
	if alias, ok := strings.CutPrefix(process, elixirPrefix); ok && !n.processes.has(process) {
		return alias
	}
	return process
}

// hasErlang reports whether there is a process that a node of Erlang's calls by a name.
func (n *Node) hasErlang(process string) bool { return n.processes.has(n.meantByErlang(process)) }

// deliverErlang hands the call of a node of Erlang's to its process.
func (n *Node) deliverErlang(process string, request erlterm.Term, answer func(erlterm.Term, error)) error {
	err := n.processes.deliver(n.meantByErlang(process), request, func(term erlterm.Term, err error) { answer(term, erlangError(err)) })
	return erlangError(err)
}

func erlangError(err error) error {
	if errors.Is(err, ErrNoProc) {
		return erldist.ErrNoProc
	}
	return err
}

// incarnationOf stands for a start of a node of Erlang's: its creation. Such a node tells
// no time, and is older than each of ours.
func incarnationOf(creation uint32) (inc nodeid.Incarnation) {
	copy(inc[6:], "erlang")
	binary.BigEndian.PutUint32(inc[12:], creation)
	return inc
}

// dial dials a name: on the bus, and by the port mapper where that has it, or where
// there is no bus at this moment. The port mapper is asked at once where somebody waits: on
// the bus it takes a quarter of a second until nobody is said to have a name. On a lost bus
// he may wait until it is back.
func (l *loop) dial(o membership.Dial) {
	waited := len(l.waiting.up[o.Node]) > 0
	switch {
	case !l.mayDialErlang(o.Node) || l.shunned(o.Node):
	case l.busLost:
		l.dialErlang(o.Node)
		if !waited {
			return
		}
	case l.erlang.scout.saw(o.Node):
		l.dialErlang(o.Node)
	case waited:
		l.seekErlang(o.Node)
	}
	l.endpoint.DialHolder(o.Node, o.Holder, l.now())
}

// seekErlang asks the port mapper for a name, and dials it where that knows it as one of
// Erlang's by the time at which it is neither connected nor given up.
func (l *loop) seekErlang(name nodeid.Name) {
	sought := map[string][]nodeid.Name{l.mapperOf(name): {name}}
	l.helpers.start(func(ctx context.Context) {
		if len(look(ctx, sought)) > 0 {
			l.node.post(ctx, func(l *loop) {
				if l.endpoint.Dialling(name) {
					l.triesErlang(name)
				}
			})
		}
	})
}

func (l *loop) mayDialErlang(name nodeid.Name) bool {
	return l.erlang.endpoint != nil && l.opts.Erlang.allows(name)
}

// shunned reports whether a node refused us a short while ago, and nobody asks for it.
func (l *loop) shunned(name nodeid.Name) bool {
	at, refused := l.erlang.refused[name]
	return refused && l.now()-at < shunnedFor && len(l.waiting.up[name]) == 0
}

func (l *loop) dialErlang(name nodeid.Name) {
	l.erlang.dialling[name] = true
	l.erlang.endpoint.Dial(name)
}

// triesErlang reports whether a dial that has found nobody on the bus goes on.
func (l *loop) triesErlang(name nodeid.Name) bool {
	if _, linked := l.core.Link(name); linked || !l.mayDialErlang(name) || l.shunned(name) {
		return false
	}
	if !l.erlang.dialling[name] {
		l.dialErlang(name)
	}
	return true
}

// drainErlang takes all that happened to the endpoint until now.
func (l *loop) drainErlang() {
	if l.erlang.endpoint == nil {
		return
	}
	for e, ok := l.erlang.endpoint.Next(); ok; e, ok = l.erlang.endpoint.Next() {
		l.takeErlang(e)
		l.carryOut()
	}
}

// takeErlang takes what happened to the endpoint.
func (l *loop) takeErlang(e erldist.Event) {
	now := l.now()
	switch e := e.(type) {
	case erldist.Arrived:
		l.erlangArrived(e)
	case erldist.DialFailed:
		l.erlangDialFailed(e)
	case erldist.Rejected:
		l.endpoint.Reject(e.Name, now)
	case erldist.Heard:
		l.core.Heard(l.erlang.links[e.Conn], now)
	case erldist.Answered:
		l.core.Receive(l.erlang.links[e.Conn], membership.Answer{Seq: e.Seq}, "", now)
	case erldist.Replied:
		l.erlangReplied(e)
	case erldist.Ended:
		l.erlangEnded(e)
	}
}

// erlangArrived gives a connection to the core. Nothing is read of it before its nodeup
// was told: see erlangUp.
func (l *loop) erlangArrived(e erldist.Arrived) {
	peer, link := e.Conn.Peer(), membership.LinkID(l.nextID())
	l.erlang.conns[link], l.erlang.links[e.Conn] = e.Conn, link
	ref, info := refOf(peer.Name, incarnationOf(peer.Creation)), membership.Info{Erlang: true, Hidden: peer.Hidden}
	if e.Dialled {
		delete(l.erlang.dialling, peer.Name)
		l.handshakes.count(Dialled, resultOK, 1)
		l.core.Established(link, ref, info, true, l.now())
		return
	}
	l.core.Admission(link, ref, info, l.now())
}

// erlangUp begins to read what a node says that came up. What is left of a dial on the
// bus, which found nobody there, is over.
func (l *loop) erlangUp(name nodeid.Name) {
	l.endpoint.Abandon(name, l.now())
	delete(l.erlang.refused, name)
	if link, linked := l.core.Link(name); linked {
		l.erlang.conns[link].Start()
	}
}

// admitErlang lets a node in that dialled.
func (l *loop) admitErlang(link membership.LinkID, conn *erldist.Conn) {
	peer := conn.Peer()
	delete(l.erlang.dialling, peer.Name) // what is left of a dial of ours is this connection
	l.handshakes.count(Accepted, resultOK, 1)
	l.core.Established(link, refOf(peer.Name, incarnationOf(peer.Creation)), membership.Info{Erlang: true, Hidden: peer.Hidden}, false, l.now())
}

// sendErlang says to a node of Erlang's what there is a word for: the core asks whether
// it is there, or ends the link. The rest is said among ourselves.
func (l *loop) sendErlang(conn *erldist.Conn, o membership.Send) {
	switch o.Message.(type) {
	case membership.Probe:
		conn.Probe(o.Seq)
	case membership.Disconnect:
		if !conn.Probing() { // its answer would connect us again; the core says so again
			conn.Close()
		}
	case membership.Goodbye:
		conn.Close()
	}
}

func (l *loop) erlangDialFailed(e erldist.DialFailed) {
	delete(l.erlang.dialling, e.Name)
	if e.Reason != erldist.NoHolder {
		l.handshakes.count(Dialled, erlangOutcome(e.Reason), 1)
	}
	if e.Reason != erldist.NoHolder && e.Reason != erldist.TimedOut {
		l.erlang.refused[e.Name] = l.now()
	}
	l.log.Debug("not connected by Erlang's distribution", "node", e.Name, "error", e.Err)
	switch e.Reason {
	case erldist.CookiesDiffer:
		l.tellRefusal(e.Name, string(e.Name)+" refused us: our cookies differ")
	case erldist.NotAllowed:
		l.tellRefusal(e.Name, string(e.Name)+" does not let us connect, or erlang.allow does not name it")
	case erldist.Unfit:
		l.tellRefusal(e.Name, string(e.Name)+" cannot be connected by Erlang's distribution", "error", e.Err)
	}
	if !l.endpoint.Dialling(e.Name) {
		l.core.DialFailed(e.Name, erlangDialError(e.Reason), l.now())
	}
}

func erlangDialError(r erldist.Reason) membership.DialError {
	switch r {
	case erldist.NoHolder:
		return membership.NoHolder
	case erldist.CookiesDiffer:
		return membership.CookiesDiffer
	case erldist.TimedOut:
		return membership.TimedOut
	}
	return membership.NotAllowed
}

// erlangOutcome is a reason as a result of a handshake.
func erlangOutcome(r erldist.Reason) string {
	switch r {
	case erldist.CookiesDiffer:
		return "cookies_differ"
	case erldist.TimedOut:
		return "timed_out"
	case erldist.Unfit:
		return resultSenseless
	}
	return resultNotAllowed
}

func (l *loop) erlangEnded(e erldist.Ended) {
	link, known := l.erlang.links[e.Conn]
	if !known {
		return
	}
	if e.Err != nil {
		l.log.Debug("a connection of Erlang's distribution ended", "node", e.Conn.Peer().Name, "error", e.Err)
	}
	l.core.Lost(link, l.now())
	delete(l.erlang.links, e.Conn)
	delete(l.erlang.conns, link)
	if name := e.Conn.Peer().Name; l.erlang.dialling[name] {
		l.erlang.endpoint.Dial(name) // the former did nothing where there still was this connection
	}
}

// sizeError has this package's word for what is too long.
func sizeError(err error) error {
	if errors.Is(err, erldist.ErrTooLong) {
		return ErrTooLong
	}
	return err
}

// callErlang sends a call to a node of Erlang's.
func (l *loop) callErlang(conn *erldist.Conn, id uint64, c call, request erlterm.Term) {
	if isAlias(c.to.Name) {
		c.alias = func() { l.sendCallErlang(conn, id, call{to: c.to, answer: c.answer}, elixirPrefix+c.to.Name, request) }
	}
	l.sendCallErlang(conn, id, c, c.to.Name, request)
}

func (l *loop) sendCallErlang(conn *erldist.Conn, id uint64, c call, process string, request erlterm.Term) {
	l.calls[id] = c
	if err := conn.Call(id, process, request); err != nil {
		delete(l.calls, id)
		c.answer(callResult{err: fmt.Errorf("calling %s: %w", c.to.Name, sizeError(err))})
	}
}

// erlangReplied ends a call of ours, or asks for the process as Elixir calls it.
func (l *loop) erlangReplied(e erldist.Replied) {
	c, ok := l.calls[e.ID]
	if !ok {
		return // given up
	}
	delete(l.calls, e.ID)
	var exit *erldist.ExitError
	switch err := e.Err; {
	case errors.Is(err, erldist.ErrNoProc) && c.alias != nil:
		c.alias()
	case errors.Is(err, erldist.ErrNoProc):
		c.answer(callResult{err: ErrNoProc})
	case errors.As(err, &exit):
		c.answer(callResult{err: &RemoteError{To: c.to, Text: exit.Error()}})
	case err != nil:
		c.answer(callResult{err: fmt.Errorf("the answer of %s: %w", c.to.Name, sizeError(err))})
	default:
		c.answer(callResult{term: e.Term})
	}
}

// setErlangCookies gives the endpoint the cookies as they are now.
func (l *loop) setErlangCookies() {
	if l.erlang.endpoint != nil {
		l.erlang.endpoint.SetCookies(l.erlang.shown())
		clear(l.erlang.refused)
	}
}
