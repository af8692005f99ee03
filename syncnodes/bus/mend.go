package bus

import (
	"bytes"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"interconnectd/configs/nodeid"
)

// The gossip of nats-server has a hole: a server that gossip made dial a
// newcomer tells nobody of the newcomer, and the newcomer's own dial of it ends
// as a duplicate. Two daemons that start at the same moment can so be told of
// to each other by nobody, and stay without a route for ever.
//
// So the keepers mend the mesh. Each greets every server that it gets a route
// to, and all of them once a minute, with the port that it listens on. Those
// that listen inside the range, whom everybody dials, answer with all ports
// that they know: of any two nodes that greet one of them, the later learns of
// the earlier. Where no route has come of it after a while, it dials.
//
// Greetings and lists travel as replies with ids of the bus's own, a line for
// each server, "<server name> <port>". Nobody vouches for them. All they can
// do is make a node dial ports of its own host, a few at a time.
const (
	greetingID = math.MaxUint64
	listID     = math.MaxUint64 - 1
)

const (
	// greetEvery is how often all are greeted: a hole is mended after that,
	// however it came about.
	greetEvery = time.Minute
	// mendAfter is the time that gossip has.
	mendAfter = time.Second
	// mendFor is how long a port is dialled that does not answer.
	mendFor = 10 * time.Second
	// maxMends bounds the ports that are dialled, and those waited for.
	maxMends = 64
)

// hole is a server that should have a route.
type hole struct {
	port  int
	since time.Time
	// up: there was a route since it was dialled.
	up bool
}

// greeting is the line about this server.
func (m *mesh) greeting() []byte { return appendLine(nil, m.self, m.port) }

func appendLine(b []byte, name string, port int) []byte {
	return fmt.Appendf(b, "%s %d\n", name, port)
}

// parseLines reads greetings and lists; what is malformed is left out.
func parseLines(data []byte) map[string]int {
	lines := map[string]int{}
	for line := range bytes.Lines(data) {
		name, decimal, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if !ok {
			continue
		}
		port, err := strconv.ParseUint(decimal, 10, 16)
		if err != nil || port == 0 {
			continue
		}
		if _, _, ok := parseServerName(name); ok {
			lines[name] = int(port)
		}
	}
	return lines
}

// greeted takes in a greeting, and gives what to answer and to whom; ok is
// false where there is nothing to say.
func (m *mesh) greeted(data []byte) (to nodeid.Incarnation, list []byte, ok bool) {
	if m.port < m.cfg.Ports.Min || m.port > m.cfg.Ports.Max {
		return to, nil, false
	}
	lines := parseLines(data)
	if len(lines) != 1 {
		return to, nil, false
	}
	names, _ := m.table()
	for name, port := range lines {
		if !names[name] {
			return to, nil, false
		}
		_, to, _ = parseServerName(name)
		for other, otherPort := range m.ports {
			if other != name && len(list) < MaxPacket-1024 {
				list = appendLine(list, other, otherPort)
			}
		}
		m.ports[name] = port
	}
	return to, list, len(list) > 0
}

// listed takes in a list; it reports whether a hole may have to be mended.
func (m *mesh) listed(data []byte, now time.Time) bool {
	names, _ := m.table()
	for name, port := range parseLines(data) {
		_, known := m.holes[name]
		if name == m.self || names[name] || known || len(m.holes) >= maxMends {
			continue
		}
		m.holes[name] = &hole{port: port, since: now}
	}
	return len(m.holes) > 0
}

// mend dials who is without a route for too long, and gives up on who went or
// does not answer. It reports whether to come back.
func (m *mesh) mend(now time.Time) bool {
	names, _ := m.table()
	changed, waiting := false, false
	for name, h := range m.holes {
		there, dialled := names[name], m.mends[name] != nil
		switch age := now.Sub(h.since); {
		case there && dialled:
			h.up = true
			continue
		case there:
			delete(m.holes, name)
			continue
		case h.up:
			// A route that broke off is dialled as any other, for a while.
			h.up, h.since = false, now
		case age >= mendFor:
			delete(m.holes, name)
			delete(m.mends, name)
			changed = true
			continue
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

// redial makes the server dial the range and the holes.
func (m *mesh) redial() {
	ports := dialPorts(m.cfg.Ports, m.port, m.wide)
	for _, h := range m.mends {
		ports = append(ports, h.port)
	}
	opts := serverOptions(m.cfg, m.port)
	opts.Routes = routeURLs(ports)
	m.cfg.Logger.Debug("dialling for routes", "ports", ports)
	if err := m.srv.ReloadOptions(opts); err != nil {
		m.cfg.Logger.Debug("dialling for routes failed", "error", err)
	}
}

// routeURLs are the routes to ports of this host.
//
// The host is written as an IPv4-mapped address, which dials the same. A server
// does not follow gossip about an address that it has as a route: it trusts in
// its own redial, which may come a second later. The two must look different,
// for a newcomer on a port of the range to be met at once by those who listen
// elsewhere.
func routeURLs(ports []int) []*url.URL {
	urls := make([]*url.URL, len(ports))
	for i, port := range ports {
		urls[i] = &url.URL{
			Scheme: "nats-route",
			User:   url.UserPassword(routeUser, routePassword),
			Host:   hostPort("::ffff:"+meshHost, port),
		}
	}
	return urls
}
