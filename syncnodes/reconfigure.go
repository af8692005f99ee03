package syncnodes

import (
	"context"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/session"
)

// Change is what a running node can take of new Options. All of it counts: what
// is to stay as it is stands there as it is, but for the cookie.
type Change struct {
	Sync        Sync
	SetupTime   time.Duration // 0 for its default
	AutoConnect AutoConnect
	Detector    Detector
	Cookie      string // the own one; "" leaves it as it is
	AlsoAccept  string // "" for none any more
	// NodeCookies are those for connections with other nodes that are to change,
	// "" for none any more.
	NodeCookies map[nodeid.Name]string
}

// Reconfigure applies a change, all of it at one moment. No connection ends by
// it and no event is told: a node that leaves the sync lists stays connected,
// and is not expected back; one that enters is connected at once. While the
// start-up sync is under way it waits for the nodes of the new lists, with the
// time begun anew where they, or the timeout, have changed; later they are only
// counted. The detector's interval holds at once; a shorter timeout of its holds from
// the next silence on, a longer one at once; the rest holds for connections that
// begin from now on.
func (n *Node) Reconfigure(ctx context.Context, c Change) error {
	setDefault(&c.SetupTime, defaultSetup)
	keys := map[string]session.Key{"": {}} // of each cookie, derived once
	for _, cookie := range append(slices.Collect(maps.Values(c.NodeCookies)), c.Cookie, c.AlsoAccept) {
		if _, ok := keys[cookie]; !ok {
			keys[cookie] = laterKey(cookie)
		}
	}
	return n.do(ctx, func(l *loop) {
		c.Detector.fillIn(l.opts.Bus)
		l.reconfigure(c, keys)
	})
}

// laterKey derives the key of a cookie for a node that runs, and gives the
// memory back that the stretching of a short one takes.
func laterKey(cookie string) session.Key {
	key := session.Derive(cookie)
	if len(cookie) < session.LongCookie {
		debug.FreeOSMemory()
	}
	return key
}

func (l *loop) reconfigure(c Change, keys map[string]session.Key) {
	now := l.now()
	if c.Cookie != "" {
		l.setCookie(c.Cookie, keys[c.Cookie])
	}
	l.keys.also = keys[c.AlsoAccept]
	l.endpoint.SetAlsoAccept(l.keys.also)
	l.erlang.cookies.Also = c.AlsoAccept
	for name, cookie := range c.NodeCookies {
		if name != l.node.name {
			l.setNodeCookie(name, cookie, keys[cookie])
		}
	}
	l.setErlangCookies()
	l.conn.SetRouteSecrets(l.keys.routeSecrets())
	l.setup = c.SetupTime
	l.erlang.setSetupTime(c.SetupTime)
	l.endpoint.SetTimes(c.SetupTime, keepKeys(c.Detector.Timeout))
	l.conn.SetInterval(c.Detector.Interval)
	l.core.SetTimes(c.Detector.Interval, c.Detector.Timeout, c.Detector.GoneAfter, now)
	l.core.SetAutoConnect(c.AutoConnect, now)
	if l.hosts.list(c.Sync.expected()) {
		l.conn.SetHosts(slices.Clone(l.hosts.all))
	}
	l.core.Expect(c.Sync.expected(), now)
	l.changeSync(c.Sync, now)
}

// setCookie changes the own cookie.
func (l *loop) setCookie(cookie string, key session.Key) {
	l.cookie, l.printed, l.keys.own = cookie, key.Fingerprint(), key
	l.erlang.cookies.Own = cookie
	l.endpoint.SetKey(key, l.now())
}

// setNodeCookie changes the cookie for connections with one node; "" with the zero key
// is none.
func (l *loop) setNodeCookie(name nodeid.Name, cookie string, key session.Key) {
	if key.IsZero() {
		delete(l.keys.nodes, name)
		delete(l.erlang.cookies.Nodes, name)
	} else {
		l.keys.nodes[name] = key
		l.erlang.cookies.Nodes[name] = cookie
	}
	l.endpoint.SetNodeKey(name, key, l.now())
}

// keepKeys is how long the keys of a session's former epoch open.
func keepKeys(timeout time.Duration) time.Duration { return 2 * timeout }

// changeSync counts the nodes of other lists, and waits for them where the sync
// is not over.
func (l *loop) changeSync(sync Sync, now time.Duration) {
	former := l.sync
	s := &l.sync
	s.setLists(l.node.name, sync)
	if maps.Equal(former.expected, s.expected) && maps.Equal(former.mandatory, s.mandatory) && former.timeout == s.timeout {
		return
	}
	s.up = make(map[nodeid.Name]bool)
	for name := range s.expected {
		if _, linked := l.core.Link(name); linked {
			s.up[name] = true
		}
	}
	switch {
	case l.leaving || !l.claim.done:
	case s.done:
		l.opts.Progress(l.progress())
	default:
		l.startSync(now)
	}
}
