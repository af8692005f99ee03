package bus

import (
	"bytes"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"interconnectd/configs/nodeid"
)

// The gossip of nats-server has a hole: a server that gossip made dial a
// newcomer tells nobody of the newcomer, and the newcomer's own dial of it ends
// as a duplicate. Two daemons that start at the same moment can so be told of
// to each other by nobody, and stay without a route for ever.
//
// So the keepers mend the mesh. Each greets every server that it gets a route
// to, on a single host two seconds later, and all of them once a minute, with the address that it listens on. Those
// that listen inside the range, whom everybody dials, answer with all addresses
// that they know: of any two nodes that greet one of them, the later learns of
// the earlier. Where no route has come of it after a while, it dials.
//
// A server of another host whose route is lost is dialled too, for as long as a
// cable may be out: gossip forgets it, and who held the ports that everybody
// dials may be gone when the cable is back. That ends with its port refusing, a
// younger server of the same node, or after a day.
//
// Greetings and lists travel as replies with ids of the bus's own, a line for
// each server, "<server name> <address>". Nobody vouches for them but that their
// senders are on the mesh. All they can do is make a node dial some addresses; a
// node on loopback takes their ports only.
const (
	greetingID = math.MaxUint64
	listID     = math.MaxUint64 - 1
	askID      = math.MaxUint64 - 2 // see cutoff.go
)

const (
	// greetAfter is how long those wait who have come, on a single host: most meshes have
	// formed by then.
	greetAfter = 2 * time.Second
	// greetEvery is how often all are greeted: a hole is mended after that,
	// however it came about.
	greetEvery = time.Minute
	// mendAfter is the time that gossip has.
	mendAfter = time.Second
	// mendFor is how long an address is dialled that does not answer,
	mendFor = 10 * time.Second
	// lostFor that of a server of another host whose route was lost.
	lostFor = 24 * time.Hour
	// maxMends bounds the addresses that are dialled, and those waited for.
	maxMends = 64
)

// hole is a server that should have a route.
type hole struct {
	addr  string
	since time.Time
	// up: there was a route since it was dialled.
	up bool
	// lost: it is on another host, and had a route once.
	lost bool
}

// patience is how long the hole is dialled.
func (h *hole) patience() time.Duration {
	if h.lost {
		return lostFor
	}
	return mendFor
}

// greeting is the line about this server, with its host behind it.
func (m *mesh) greeting() []byte { return appendLine(nil, m.self, m.addr+" "+m.hostID) }

func appendLine(b []byte, name, addr string) []byte {
	return fmt.Appendf(b, "%s %s\n", name, addr)
}

// parseLines reads lists; what is malformed is left out.
func parseLines(data []byte) map[string]string {
	lines := map[string]string{}
	for line := range bytes.Lines(data) {
		name, addr, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if !ok || !validAddr(addr) {
			continue
		}
		if _, _, ok := parseServerName(name); ok {
			lines[name] = addr
		}
	}
	return lines
}

// parseGreeting reads a greeting. The host is "" where its sender does not know it.
func parseGreeting(data []byte) (name, addr, host string, ok bool) {
	line, isLine := strings.CutSuffix(string(data), "\n")
	words := strings.Split(line, " ")
	if !isLine || len(words) != 3 || !validAddr(words[1]) || len(words[2]) > hostIDMost {
		return "", "", "", false
	}
	_, _, ok = parseServerName(words[0])
	return words[0], words[1], words[2], ok
}

// hostIDMost bounds what is kept of a host's id.
const hostIDMost = 64

// validAddr reports whether addr is host:port with nothing else in it.
func validAddr(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || len(host) > nodeid.MaxLen || strings.ContainsAny(host, " \t/@?#%") {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// nearer is addr as it is dialled from here: a daemon that goes by this host's
// name listens on loopback too, whether that name resolves or not. A node on
// loopback goes nowhere else.
func (m *mesh) nearer(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err == nil && (!m.place.secured || strings.EqualFold(host, m.place.advertise)) {
		return net.JoinHostPort(m.place.near, port)
	}
	return addr
}

// greeted takes in a greeting, and gives what to answer and to whom; ok is
// false where there is nothing to say.
func (m *mesh) greeted(data []byte) (to nodeid.Incarnation, list []byte, ok bool) {
	name, addr, host, ok := parseGreeting(data)
	if !ok {
		return to, nil, false
	}
	if m.routes[name] == nil { // it may be so new that it was not looked at
		names, _ := m.table()
		if _, there := names[name]; !there {
			return to, nil, false
		}
	}
	_, to, _ = parseServerName(name)
	for other, otherAddr := range m.addrs {
		if other != name && len(list) < MaxPacket-1024 {
			list = appendLine(list, other, otherAddr)
		}
	}
	m.addrs[name], m.hostIDs[name] = addr, host
	inRange := m.port >= m.cfg.Ports.Min && m.port <= m.cfg.Ports.Max
	return to, list, inRange && len(list) > 0
}

// lost takes in that the route to a server is gone: one of another host is
// dialled until it is back.
func (m *mesh) lost(name string, now time.Time) {
	ip, seen := m.seen.where(name)
	addr := m.addrs[name]
	if !seen || addr == "" || m.here.has(ip) {
		return
	}
	if _, err := netip.ParseAddrPort(addr); err != nil { // a name: its address is known by now
		_, port, _ := net.SplitHostPort(addr)
		addr = net.JoinHostPort(ip.String(), port)
	}
	h := m.holes[name]
	switch {
	case h == nil && len(m.holes) >= maxMends:
		return
	case h == nil:
		h = &hole{addr: addr}
		m.holes[name] = h
	}
	h.up, h.lost, h.since = false, true, now
	m.log.watch(h.addr)
}

// isOver reports whether the server that a hole is about is known to be gone.
func (m *mesh) isOver(name string, h *hole, there map[string]*server.RouteInfo) bool {
	if h.lost && m.log.refused(h.addr) {
		return true
	}
	node, inc, _ := parseServerName(name)
	for other := range there {
		if n, i, ok := parseServerName(other); ok && n == node && inc.Compare(i) < 0 {
			return true
		}
	}
	return false
}

// listed takes in a list; it reports whether a hole may have to be mended.
func (m *mesh) listed(data []byte, now time.Time) bool {
	names, _ := m.table()
	for name, addr := range parseLines(data) {
		_, known := m.holes[name]
		if _, there := names[name]; there || name == m.self || known || len(m.holes) >= maxMends {
			continue
		}
		m.holes[name] = &hole{addr: m.nearer(addr), since: now}
	}
	return len(m.holes) > 0
}

// mend dials who is without a route for too long, and gives up on who went or
// does not answer. It reports whether to come back.
func (m *mesh) mend(now time.Time) bool {
	names, _ := m.table()
	changed, waiting := false, false
	for name, h := range m.holes {
		_, there := names[name]
		dialled := m.mends[name] != nil
		switch age := now.Sub(h.since); {
		case there && dialled:
			h.up = true
			continue
		case there, age >= h.patience() && !h.up, m.isOver(name, h, names):
			delete(m.holes, name)
			delete(m.mends, name)
			m.log.unwatch(h.addr)
			changed = changed || dialled
			continue
		case h.up:
			// A route that broke off is dialled as any other, for a while.
			h.up, h.since = false, now
		case age >= mendAfter && !dialled:
			m.mends[name] = h
			changed = true
		}
		waiting = true
	}
	if changed {
		m.redial()
	}
	return waiting
}
