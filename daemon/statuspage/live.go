package statuspage

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"interconnectd/syncnodes"
)

const (
	pollEvery   = time.Second           // what is no event: a suspicion, the sync, the bus
	aliveEvery  = 15 * time.Second      // so that proxies do not take a stream for dead
	gatherAfter = 50 * time.Millisecond // events that come right after one are told together
)

// live follows what changes while somebody looks, and wakes those who do.
type live struct {
	// immutable
	base   context.Context
	node   Node
	events Events // nil: none

	mu      sync.Mutex // guards the rest
	viewers map[chan struct{}]struct{}
	stop    context.CancelFunc // ends what is followed, while there are viewers
	closed  bool
	follows sync.WaitGroup
}

func newLive(base context.Context, node Node, events Events) *live {
	return &live{base: base, node: node, events: events, viewers: map[chan struct{}]struct{}{}}
}

// join gives a channel on which changes are told, unless too many have one.
func (l *live) join() (chan struct{}, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.viewers) == liveMost {
		return nil, false
	}
	told := make(chan struct{}, 1)
	l.viewers[told] = struct{}{}
	if len(l.viewers) > 1 {
		return told, true
	}
	ctx, stop := context.WithCancel(l.base)
	l.stop = stop
	l.follows.Go(func() { l.followStatus(ctx) })
	if l.events != nil {
		l.follows.Go(func() { l.followEvents(ctx) })
	}
	return told, true
}

func (l *live) leave(told chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.viewers, told)
	if len(l.viewers) == 0 {
		l.stop()
	}
}

// tell wakes all viewers. Who has not woken up since the last time is awake enough.
func (l *live) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for told := range l.viewers {
		select {
		case told <- struct{}{}:
		default:
		}
	}
}

// close lets nobody join any more and waits for what is followed, after the end of
// the base context.
func (l *live) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.follows.Wait()
}

// followEvents tells of events until ctx ends, again after a while where they cannot
// be read.
func (l *live) followEvents(ctx context.Context) {
	for ctx.Err() == nil {
		_ = l.tellEvents(ctx) // the page says why, if it cannot read them either
		pause(ctx, pollEvery)
	}
}

func (l *live) tellEvents(ctx context.Context) error {
	last, err := l.last(ctx)
	for err == nil {
		if err = l.events.Wait(ctx, last); err != nil {
			break
		}
		// The number first: what is journalled after it is waited for anew, what is
		// before it is on the page of whoever is woken now.
		if last, err = l.last(ctx); err == nil {
			l.tell()
			pause(ctx, gatherAfter)
		}
	}
	return err
}

// last is the number of the latest event, 0 before the first.
func (l *live) last(ctx context.Context) (uint64, error) {
	tail, err := l.events.Tail(ctx, 1, time.Time{}, nil)
	if err != nil || len(tail) == 0 {
		return 0, err
	}
	return tail[0].Seq, nil
}

// followStatus asks once in a while whether anything is different.
func (l *live) followStatus(ctx context.Context) {
	before := l.picture(ctx)
	for {
		pause(ctx, pollEvery)
		if ctx.Err() != nil {
			return
		}
		if now := l.picture(ctx); now != before {
			before = now
			l.tell()
		}
	}
}

// picture is what a status tells, without what differs each time.
func (l *live) picture(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	s, err := l.node.Status(ctx)
	if err != nil {
		return silent
	}
	return pictureOf(s)
}

func pictureOf(s syncnodes.Status) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.BusLost, s.Sync.Done, s.Sync.Up, s.Sync.Of, s.Sync.Missing)
	for _, p := range s.Peers {
		fmt.Fprintln(&b, p.Node, p.State, p.Incarnation, p.Hidden, p.Erlang, p.Expected, p.Reason, p.Detail)
	}
	return b.String()
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// stream tells a browser of changes until it goes, or the server is closed.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	told, ok := s.live.join()
	if !ok {
		say(w, false, fmt.Sprintf("%d look already, and no more may", liveMost))
		return
	}
	defer s.live.leave(told)
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // that of the request would end the stream
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for text := "retry: 1000\n\n"; ; {
		if err := sendNow(w, out, text); err != nil {
			return // it is gone
		}
		select {
		case <-told:
			text = "event: change\ndata: change\n\n"
		case <-alive.C:
			text = ": \n\n"
		case <-r.Context().Done():
			return
		}
	}
}

// sendNow has as long as any answer: the server's own deadline counts from the request.
func sendNow(w io.Writer, out *http.ResponseController, text string) error {
	if err := out.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return out.Flush()
}
