package bus

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/hashicorp/go-hclog"
)

// What nats-server v2.15.2 logs where something happens that we must know at
// once; there is no other signal. The tests notice when another version says
// it in other words.
const (
	lineListening  = "Listening for route connections on"
	lineRegistered = "Registering remote route"
	lineDuplicate  = "Detected duplicate remote route"
	lineClosed     = "connection closed: "
	lineDialFailed = "Error trying to connect to route"
	lineUnverified = "TLS certificate chain and hostname of solicited routes will not be verified"
	lineTLSFailed  = "TLS %s handshake error"
)

// rememberedLines bounds how many lines are remembered as told.
const rememberedLines = 256

// serverLog is the embedded server's logger. Its lines go to ours: at debug
// what it calls a notice or worse, the first time, at trace what is repeated
// and what it calls debug. Some of them are signals besides.
//
// The server calls it with its locks held: it must not call the server.
type serverLog struct {
	log       hclog.Logger
	listening chan error    // how the attempt to listen ended; one value
	changed   chan struct{} // routes came or went, or a dial ended

	mu      sync.Mutex
	told    map[string]bool // lines that were told at debug
	dials   map[string]bool // addresses of the first round that have not ended
	closing map[string]bool // ids of connections told as closed
	watched map[string]bool // addresses, and whether a dial of them was refused

	strangers strangers
	reached   atomic.Bool // another host's listener has refused a dial
}

// newServerLog expects one dial of each address.
func newServerLog(log hclog.Logger, here *ownHost, dials []string) *serverLog {
	l := &serverLog{
		log:       log,
		listening: make(chan error, 1),
		changed:   make(chan struct{}, 1),
		told:      map[string]bool{},
		dials:     map[string]bool{},
		closing:   map[string]bool{},
		watched:   map[string]bool{},
		strangers: strangers{log: log, here: here},
	}
	l.expect(dials)
	return l
}

// expect takes in addresses that will be dialled, before they are. Those that are
// names are not waited for: the lines have what they resolve to.
func (l *serverLog) expect(dials []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, addr := range dials {
		if _, err := netip.ParseAddrPort(addr); err == nil {
			l.dials[addr] = true
		}
	}
}

// watch keeps in mind whether addr refuses a dial, until unwatch.
func (l *serverLog) watch(addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watched[addr] = false
}

func (l *serverLog) unwatch(addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watched, addr)
}

// refused reports whether a watched address has refused a dial.
func (l *serverLog) refused(addr string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watched[addr]
}

func (l *serverLog) Noticef(format string, v ...any) { l.line(false, format, v) }
func (l *serverLog) Warnf(format string, v ...any)   { l.line(false, format, v) }
func (l *serverLog) Errorf(format string, v ...any)  { l.line(false, format, v) }
func (l *serverLog) Debugf(format string, v ...any)  { l.line(true, format, v) }
func (l *serverLog) Tracef(format string, v ...any)  { l.line(true, format, v) }

// Fatalf is called where the server cannot listen. It must not end the
// process: the next port is tried.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.listened(fatalError(format, v))
	l.line(false, format, v)
}

// fatalError keeps the error among the arguments.
func fatalError(format string, v []any) error {
	if err := errorAmong(v); err != nil {
		return fmt.Errorf("starting the embedded NATS server: %w", err)
	}
	return fmt.Errorf("starting the embedded NATS server: "+format, v...)
}

func (l *serverLog) listened(err error) {
	select {
	case l.listening <- err:
	default:
	}
}

func (l *serverLog) line(quiet bool, format string, v []any) {
	peer, text := cutPeer(format)
	if strings.HasPrefix(text, lineUnverified) {
		return // trust does, in another way
	}
	l.signal(peer, text, v)
	key := text
	if strings.HasPrefix(text, lineDialFailed) {
		key += failedAddr(v)
	}
	if !quiet && l.first(key) {
		if l.log.IsDebug() {
			l.log.Debug("embedded NATS server", "line", fmt.Sprintf(format, v...))
		}
		return
	}
	if l.log.IsTrace() {
		l.log.Trace("embedded NATS server", "line", fmt.Sprintf(format, v...))
	}
}

// peer is the connection that a line is about.
type peer struct{ addr, id string }

// cutPeer takes "127.0.0.1:4370 - rid:7 - " off the front of a line.
func cutPeer(format string) (peer, string) {
	addr, rest, ok := strings.Cut(format, " - rid:")
	if !ok {
		return peer{}, format
	}
	id, text, ok := strings.Cut(rest, " - ")
	if !ok {
		return peer{}, format
	}
	return peer{addr, id}, text
}

// signal passes on what a line tells.
func (l *serverLog) signal(p peer, text string, v []any) {
	switch {
	case strings.HasPrefix(text, lineListening):
		l.listened(nil)
		return
	case strings.HasPrefix(text, lineDialFailed):
		p.addr = l.dialFailed(v)
	case strings.HasPrefix(text, lineTLSFailed):
		l.strangers.refused(p.addr, errorAmong(v))
	case strings.HasPrefix(text, lineRegistered), strings.HasPrefix(text, lineDuplicate):
	case p.id != "" && strings.Contains(text, lineClosed):
		l.mu.Lock()
		l.closing[p.id] = true
		l.mu.Unlock()
	default:
		return
	}
	l.mu.Lock()
	delete(l.dials, p.addr)
	l.mu.Unlock()
	l.poke()
}

// poke makes the keeper look at the routes.
func (l *serverLog) poke() {
	signal(l.changed)
}

// dialFailed takes in that a dial failed, and gives the address it went to.
func (l *serverLog) dialFailed(v []any) string {
	addr := failedAddr(v)
	if !errors.Is(errorAmong(v), syscall.ECONNREFUSED) {
		return addr
	}
	if ap, err := netip.ParseAddrPort(addr); err == nil && !l.strangers.here.has(ap.Addr()) {
		l.reached.Store(true)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, watched := l.watched[addr]; watched {
		l.watched[addr] = true
	}
	return addr
}

// failedAddr is the address that a failed dial went to.
func failedAddr(v []any) string {
	if op := (*net.OpError)(nil); errors.As(errorAmong(v), &op) && op.Addr != nil {
		return op.Addr.String()
	}
	return ""
}

// errorAmong is the error among the arguments of a line, to be asked what it is.
func errorAmong(v []any) error {
	for _, arg := range v {
		if err, ok := arg.(error); ok {
			return err
		}
	}
	return nil
}

// first reports whether a line has not been told yet.
func (l *serverLog) first(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told[key] || len(l.told) >= rememberedLines {
		return false
	}
	l.told[key] = true
	return true
}

// firstRoundOver reports whether all dials of the first round have ended.
func (l *serverLog) firstRoundOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.dials) == 0
}

// stillThere drops the closed connections that are in the table of routes no more, and
// reports whether any of them still are.
func (l *serverLog) stillThere(inTable func(id string) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.closing {
		if !inTable(id) {
			delete(l.closing, id)
		}
	}
	return len(l.closing) > 0
}
