package bus

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"
)

// TestServerLogIsQuiet: a line that repeats is told once at debug.
func TestServerLogIsQuiet(t *testing.T) {
	refused := func(port int) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}, Err: syscall.ECONNREFUSED}
	}
	play := func(level hclog.Level) (*serverLog, string) {
		log, lines := logTo(level)
		l := newServerLog(log, &ownHost{}, []string{"127.0.0.1:1", "127.0.0.1:2", "named:3"})
		l.Noticef("Server is ready")
		for i := range 5 {
			l.Errorf("Error trying to connect to route (attempt %v): %v", i, refused(1))
			l.Errorf("Error trying to connect to route (attempt %v): %v", i, refused(3))
			l.Errorf("127.0.0.1:9 - rid:%%d - cluster name %q does not match", "x")
			l.Debugf("Trying to connect to route on %s", "127.0.0.1:1")
			l.Tracef("traced")
			l.Warnf("warned")
		}
		return l, lines.String()
	}
	if _, got := play(hclog.Info); got != "" {
		t.Errorf("at info:\n%s", got)
	}
	l, got := play(hclog.Debug)
	if n := strings.Count(got, "\n"); n != 5 {
		t.Errorf("%d lines at debug, want 5:\n%s", n, got)
	}
	if l.firstRoundOver() {
		t.Error("all dials of the first round have ended, want one left")
	}
	if _, got := play(hclog.Trace); strings.Count(got, "\n") != 31 {
		t.Errorf("%d lines at trace, want all 31:\n%s", strings.Count(got, "\n"), got)
	}
	for i := range 2 * rememberedLines {
		l.Warnf(strings.Repeat("x", i))
	}
	if len(l.told) > rememberedLines {
		t.Errorf("%d lines remembered, want %d at most", len(l.told), rememberedLines)
	}
}

func TestServerLogSignals(t *testing.T) {
	taken := &net.OpError{Op: "listen", Err: syscall.EADDRINUSE}
	tests := []struct {
		name      string
		play      func(l *serverLog)
		listening error
		listened  bool
		dialled   bool
		closing   bool
		changed   bool
	}{
		{"listens", func(l *serverLog) { l.Noticef("Listening for route connections on %s", "127.0.0.1:1") }, nil, true, false, false, false},
		{"port taken", func(l *serverLog) { l.Fatalf("Error listening on router port: %d - %v", 1, taken) }, taken, true, false, false, false},
		{"registered, by our dial", func(l *serverLog) { l.Debugf("127.0.0.1:2 - rid:5 - Registering remote route %q", "ID") }, nil, false, true, false, true},
		{"registered, by the peer's", func(l *serverLog) { l.Debugf("127.0.0.1:40000 - rid:5 - Registering remote route %q", "ID") }, nil, false, false, false, true},
		{"duplicate", func(l *serverLog) { l.Debugf("127.0.0.1:2 - rid:5 - Detected duplicate remote route %q", "ID") }, nil, false, true, false, true},
		{"closed", func(l *serverLog) {
			l.Noticef("127.0.0.1:2 - rid:5 - %s connection closed: %s - %s", "Router", "Client Closed", "Remote: x")
		}, nil, false, true, true, true},
		{"a client closed", func(l *serverLog) {
			l.Debugf("127.0.0.1:2 - cid:5 - %s connection closed: %s", "Client", "Client Closed")
		}, nil, false, false, false, false},
		{"anything else", func(l *serverLog) { l.Noticef("Server is ready") }, nil, false, false, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newServerLog(hclog.NewNullLogger(), &ownHost{}, []string{"127.0.0.1:2"})
			tt.play(l)
			tt.play(l) // neither blocks nor counts twice
			var listened bool
			var err error
			select {
			case err = <-l.listening:
				listened = true
			default:
			}
			dialled, closing := l.firstRoundOver(), l.stillThere(func(string) bool { return true })
			if listened != tt.listened || !errors.Is(err, tt.listening) || dialled != tt.dialled || closing != tt.closing || (len(l.changed) > 0) != tt.changed {
				t.Errorf("listened %v (%v), dialled %v, closing %v, changed %v; want %v (%v), %v, %v, %v",
					listened, err, dialled, closing, len(l.changed) > 0, tt.listened, tt.listening, tt.dialled, tt.closing, tt.changed)
			}
			if l.stillThere(func(string) bool { return false }) {
				t.Error("closed connections are remembered that are in no table")
			}
		})
	}
}
