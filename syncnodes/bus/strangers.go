package bus

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// strangersMost bounds the lines about hosts within newsEvery.
const strangersMost = 10

// strangers tells whom the routes refused, and who refused us: hosts that have
// no secret in common with this one. It is safe for concurrent use.
type strangers struct {
	log  hclog.Logger
	here *ownHost

	mu    sync.Mutex
	count uint64
	news  news
}

// refused takes in that a handshake with addr failed.
func (s *strangers) refused(addr string, err error) {
	at, parseErr := netip.ParseAddrPort(addr)
	if parseErr != nil || err == nil || s.here.has(at.Addr()) {
		return // who is here asks with a handshake that it breaks off
	}
	host := at.Addr().Unmap().WithZone("").String()
	var ours notOurs
	dialled := errors.As(err, &ours) && ours.dialled
	// Who dials refuses first; we hear it as this alert.
	if !errors.As(err, &ours) && !strings.Contains(err.Error(), "remote error: tls: bad certificate") {
		return // no daemon, or one that went away
	}
	line := "Connection attempt from " + host + " rejected. Invalid challenge reply."
	if dialled {
		line = addr + " refused us: our cookies differ"
	}
	if !s.mayTell(line, time.Now()) {
		return
	}
	if dialled {
		s.log.Warn(line)
	} else {
		s.log.Error(line)
	}
}

// mayTell counts, and allows each line once a minute, and few of them.
func (s *strangers) mayTell(line string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return s.news.is(line, strangersMost, now)
}

// refusals is how often a route was refused, by either side.
func (s *strangers) refusals() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}
