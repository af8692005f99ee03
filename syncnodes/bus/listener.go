package bus

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// How long the dials of a listener may take: one on the own host is answered
// within a millisecond, by the kernel of a live or a stopped process; one whose
// backlog is full does not answer at all.
const (
	dialTimeout    = 50 * time.Millisecond
	farDialTimeout = time.Second
)

// redials are when a listener is dialled, since the first time: a dying
// process may lose its routes some time before its listener.
var redials = [...]time.Duration{0, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond}

// refuses dials addr at once and again after 2, 5 and 10 ms, and reports whether
// a dial was refused: the process that listened there is gone. A live or a
// stopped (SIGSTOP) process accepts. Anything else, ctx's end among it, is false:
// no proof. It blocks for 10 ms as a rule, for far's sake for a second at most.
func refuses(ctx context.Context, addr string, far bool) bool {
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: -1}
	if far {
		dialer.Timeout = farDialTimeout
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, farDialTimeout)
		defer cancel()
	}
	for _, after := range redials {
		timer.Reset(after - time.Since(start))
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			conn.Close()
		} else if errors.Is(err, syscall.ECONNREFUSED) {
			return true
		}
	}
	return false
}
