package bus

import (
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

// When a server that dials the lowest port of the range only dials all of it: nobody has
// come for so long.
const widenAfter = 500 * time.Millisecond

// dialled are the addresses that the server dials for ever: the range of ports
// here and on the other hosts, the routes it was told, and what is to be mended.
func (m *mesh) dialled() []string {
	addrs := onHost(m.place.near, dialPorts(m.cfg.Ports, m.port, m.wide))
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
	return onHost(host, dialPorts(m.cfg.Ports, 0, true))
}

// onHost are the addresses of ports.
func onHost(host string, ports []int) []string {
	addrs := make([]string, len(ports))
	for i, port := range ports {
		addrs[i] = hostPort(host, port)
	}
	return addrs
}

// dialPorts are the ports to dial for ever: the range, without the own port.
//
// Who listens elsewhere than on the lowest first dials that only, and the others when
// the mesh is at rest. Gossip makes the mesh, and each server inside the range that is
// dialled makes all others dial the newcomer: with one of them there is a single dial
// for each pair, with four twice as many, and some holes (see mend.go). Who has got the
// lowest port, which those before him have left, finds them on the others.
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
	m.log.expect(onHost(m.place.near, dialPorts(m.cfg.Ports, m.port, true)[1:]))
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
