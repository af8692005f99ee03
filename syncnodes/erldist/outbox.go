package erldist

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"interconnectd/erlterm"
)

const (
	// maxUnsent is how many bytes may wait to be sent when a call or an answer is put in.
	// Small messages, in place of which nothing else can be said, have room behind that.
	maxUnsent      = 8 << 20
	maxUnsentSmall = maxUnsent + maxFrame + 1<<20
	// tickPause is how long nothing has to have been sent before bytes that come are
	// answered with a tick. The shortest net_ticktime, a second, has four ticks.
	tickPause = 200 * time.Millisecond
)

// errUnsent is of a node that does not take what is sent to it, or not as fast.
var errUnsent = errors.New("the node does not read as fast as it is sent to")

// outbox holds what is to be sent until the connection's writer takes it.
type outbox struct {
	wake chan struct{} // something is there, or it was closed

	// mu guards the rest.
	mu     sync.Mutex
	buf    []byte
	spare  []byte // for buf, when the writer has written it
	taken  int    // bytes that are being written
	closed bool
	last   time.Time // when something was put in
}

func newOutbox() outbox { return outbox{wake: make(chan struct{}, 1), last: time.Now()} }

// send puts a message in, where no more than most bytes wait; one that is put into a closed
// box is dropped. Where the error is not nil nothing was put in: it is errUnsent's, or
// appendFrame's.
func (o *outbox) send(control erlterm.Tuple, payload erlterm.Term, most int) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	if waiting := len(o.buf) + o.taken; waiting > most {
		return fmt.Errorf("%w: %d bytes wait to be sent", errUnsent, waiting)
	}
	buf, err := appendFrame(o.buf, control, payload)
	if err != nil {
		return err
	}
	o.putLocked(buf)
	return nil
}

// tick puts a tick in.
func (o *outbox) tick() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tickLocked()
}

// tickWhenIdle puts a tick in unless something was sent a short while ago, or waits.
func (o *outbox) tickWhenIdle() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.buf) == 0 && o.taken == 0 && time.Since(o.last) >= tickPause {
		o.tickLocked()
	}
}

func (o *outbox) tickLocked() {
	if !o.closed {
		o.putLocked(append(o.buf, 0, 0, 0, 0))
	}
}

func (o *outbox) putLocked(buf []byte) {
	o.buf, o.last = buf, time.Now()
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// close takes nothing more. What is in is given to the writer still.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.signal()
}

// take waits for bytes to write, which are the writer's until it takes again. It gives
// none when the outbox is closed and empty.
func (o *outbox) take(written []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.taken = 0; cap(written) <= chunk {
		o.spare = written[:0]
	}
	for len(o.buf) == 0 {
		if o.closed {
			return nil
		}
		o.mu.Unlock()
		<-o.wake
		o.mu.Lock()
	}
	buf := o.buf
	o.buf, o.spare, o.taken = o.spare, nil, len(buf)
	return buf
}
