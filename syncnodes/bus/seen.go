package bus

import (
	"net/netip"
	"sync"
	"time"
)

// seenFor is how long it is remembered where a server was that has no route any
// more: until what its end means was found out.
const seenFor = time.Minute

// seen is where the servers are that have a route, or had one a moment ago. The
// keeper writes it; it is safe for concurrent use.
type seen struct {
	mu      sync.Mutex
	servers map[string]*sighting // by name
}

type sighting struct {
	ip     netip.Addr
	goneAt time.Time // zero: it has a route
}

// at takes in where a server is that has a route.
func (s *seen) at(name, ip string) {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.servers == nil {
		s.servers = map[string]*sighting{}
	}
	s.servers[name] = &sighting{ip: addr.Unmap().WithZone("")}
}

// gone takes in that a server has no route any more, and forgets others.
func (s *seen) gone(name string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.servers[name]; at != nil {
		at.goneAt = now
	}
	for other, at := range s.servers {
		if !at.goneAt.IsZero() && now.Sub(at.goneAt) > seenFor {
			delete(s.servers, other)
		}
	}
}

// where is the address of a server.
func (s *seen) where(name string) (netip.Addr, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.servers[name]
	if at == nil {
		return netip.Addr{}, false
	}
	return at.ip, true
}
