package bus

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxRouteDials bounds how many ports of a host's range are dialled, each once
// a second for ever: the lowest, which are taken first. Gossip tells of the rest.
const maxRouteDials = 16

// widenAfter is how long a server that dials one port of the range waits for a route.
const widenAfter = 500 * time.Millisecond

// ledEvery is how often it looks whether it has one to that port, and unledMost how many
// times in a row it may have none: who takes the port is dialled within a second.
const (
	ledEvery  = 5 * time.Second
	unledMost = 2
)

// dialled are the addresses that the server dials for ever: the range of ports
// here and on the other hosts, the routes it was told, and what is to be mended.
func (m *mesh) dialled() []string {
	addrs := onHost(m.place.near, m.near())
	if m.place.secured {
		for _, host := range m.hosts {
			addrs = append(addrs, m.rangeOf(host)...)
		}
		for _, route := range m.cfg.Routes {
			if _, _, err := net.SplitHostPort(route); err == nil {
				addrs = append(addrs, route)
			} else {
				addrs = append(addrs, m.rangeOf(route)...)
			}
		}
	}
	for _, h := range m.mends {
		addrs = append(addrs, h.addr)
	}
	slices.Sort(addrs)
	return slices.Compact(addrs)
}

// rangeOf are the ports of another host where daemons may listen; none of this
// host, whose range is dialled anyway.
func (m *mesh) rangeOf(host string) []string {
	host = strings.Trim(host, "[]")
	ip, err := netip.ParseAddr(host)
	if err == nil && m.here.has(ip) || strings.EqualFold(host, m.cfg.Node.Host()) {
		return nil
	}
	return onHost(host, dialPorts(m.cfg.Ports, 0))
}

// onHost are the addresses of ports.
func onHost(host string, ports []int) []string {
	addrs := make([]string, len(ports))
	for i, port := range ports {
		addrs[i] = hostPort(host, port)
	}
	return addrs
}

// near are the ports of this host to dial for ever: one of the range, until that leads
// nowhere.
//
// Gossip makes the mesh of it: whom a server accepts, all others on it dial. But each
// server that is dialled as a port of the range, from here or from there, makes all
// dial the newcomer once more: with four of them there are twice as many connections as
// are kept, and some holes (see mend.go). So it is the lowest, and who has got that
// waits to be dialled; only if others were there before him, he dials one of them.
func (m *mesh) near() []int {
	switch {
	case m.wide:
		return dialPorts(m.cfg.Ports, m.port)
	case m.port != m.cfg.Ports.Min:
		return []int{m.cfg.Ports.Min}
	case m.before != 0:
		return []int{m.before}
	}
	return nil
}

// dialPorts is the range, without the own port.
func dialPorts(ports PortRange, own int) (dials []int) {
	for port := ports.Min; port <= ports.Max && len(dials) < maxRouteDials; port++ {
		if port != own {
			dials = append(dials, port)
		}
	}
	return dials
}

// foundBefore gives the lowest other port of the range where a server of this cluster
// is, where the own port is the lowest; 0: there is none yet. Where many start at once
// somebody may be about to listen, and dials the lowest himself: he is not one.
func foundBefore(cfg Config, place place, own int) int {
	if own != cfg.Ports.Min {
		return 0
	}
	for _, port := range dialPorts(cfg.Ports, own) {
		// Who speaks TLS would be told of a handshake that failed.
		if !free(place.listen, port) && (place.secured || clusterAt(hostPort(place.near, port)) == cfg.Cluster) {
			return port
		}
	}
	return 0
}

// greetsWithin is how long a server may take to say who it is.
const greetsWithin = 50 * time.Millisecond

// clusterAt is the cluster of the server that listens at addr, "" where none says it
// soon. A server speaks first.
func clusterAt(addr string) string {
	conn, err := net.DialTimeout("tcp", addr, greetsWithin)
	if err != nil {
		return ""
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(greetsWithin)); err != nil {
		return ""
	}
	line, err := bufio.NewReader(io.LimitReader(conn, 64<<10)).ReadBytes('\n')
	info, ok := bytes.CutPrefix(line, []byte("INFO "))
	var says struct {
		Cluster string `json:"cluster"`
	}
	if err != nil || !ok || json.Unmarshal(info, &says) != nil {
		return ""
	}
	return says.Cluster
}

// alone reports whether the port that is dialled led nowhere: a stranger holds it.
func (m *mesh) alone() bool {
	return !m.wide && len(m.near()) > 0 && len(m.routes) == 0
}

// stillLed reports whether there is a route to the port that is dialled, or was when it
// was asked last.
func (m *mesh) stillLed() bool {
	if m.wide || m.port == m.cfg.Ports.Min {
		return true
	}
	for _, r := range m.routes {
		if r.dialled {
			m.unled = 0
			return true
		}
	}
	m.unled++
	return m.unled < unledMost
}

// widen dials the whole range.
func (m *mesh) widen() {
	before := m.near()
	m.wide = true
	var more []int
	for _, port := range m.near() {
		if !slices.Contains(before, port) {
			more = append(more, port)
		}
	}
	m.log.expect(onHost(m.place.near, more))
	m.over = false
	m.redial()
}

// setHosts says whose ranges to dial from now on.
func (m *mesh) setHosts(hosts []string) {
	m.hosts = hosts
	m.redial()
}

// redial makes the server dial what dialled gives now.
func (m *mesh) redial() {
	select {
	case <-m.dials: // older, and not begun
	default:
	}
	m.dials <- routeURLs(m.dialled())
}

// redialler does it beside the keeper: the server waits for each handshake under
// way first, and whoever reaches its port can hold one for tlsTimeout.
func (m *mesh) redialler() {
	for routes := range m.dials {
		m.cfg.Logger.Debug("dialling for routes", "routes", len(routes))
		if err := m.srv.ReloadOptions(m.options(routes)); err != nil {
			m.cfg.Logger.Debug("dialling for routes failed", "error", err)
		}
	}
}

// routeURLs are the routes to addresses.
//
// An IPv4 address is written as an IPv4-mapped one, which dials the same. A server
// does not follow gossip about an address that it has as a route: it trusts in
// its own redial, which may come a second later. The two must look different,
// for a newcomer on a port of the range to be met at once by those who listen
// elsewhere.
func routeURLs(addrs []string) []*url.URL {
	urls := make([]*url.URL, len(addrs))
	for i, addr := range addrs {
		if ap, err := netip.ParseAddrPort(addr); err == nil && ap.Addr().Is4() {
			addr = hostPort("::ffff:"+ap.Addr().String(), int(ap.Port()))
		}
		urls[i] = &url.URL{Scheme: "nats-route", User: url.UserPassword(routeUser, routePassword), Host: addr}
	}
	return urls
}
