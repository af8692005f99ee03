package bus

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// addrsFresh is how long the addresses of the interfaces are believed: they
// change while a daemon runs.
const addrsFresh = time.Second

// ownHost knows which addresses are this host's: what has one of them is here,
// whoever it is. It is safe for concurrent use.
type ownHost struct {
	mu     sync.Mutex
	addrs  map[netip.Addr]bool
	readAt time.Time
}

// has reports whether ip is an address of this host.
func (h *ownHost) has(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if ip.IsLoopback() {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); h.addrs == nil || now.Sub(h.readAt) >= addrsFresh {
		h.addrs, h.readAt = interfaceAddrs(), now
	}
	return h.addrs[ip]
}

// hasNetAddr is has for an end of a TCP connection.
func (h *ownHost) hasNetAddr(addr net.Addr) bool {
	ip, ok := ipOf(addr)
	return ok && h.has(ip)
}

func ipOf(addr net.Addr) (netip.Addr, bool) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	return ip, ip.IsValid()
}

// interfaceAddrs is empty where the system does not tell: then nothing but
// loopback is here, which is the stricter view.
func interfaceAddrs() map[netip.Addr]bool {
	addrs := map[netip.Addr]bool{}
	nets, err := net.InterfaceAddrs()
	if err != nil {
		return addrs
	}
	for _, n := range nets {
		if prefix, err := netip.ParsePrefix(n.String()); err == nil {
			addrs[prefix.Addr().Unmap().WithZone("")] = true
		}
	}
	return addrs
}
