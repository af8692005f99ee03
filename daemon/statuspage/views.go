package statuspage

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

const (
	viewsEvery = time.Second            // others are asked for their views at most so often
	viewWithin = 500 * time.Millisecond // each of them
	viewsWait  = 100 * time.Millisecond // a page waits for them
)

// view is what a node thinks of its peers.
type view []syncnodes.PeerView

// views are those of other nodes, asked for when somebody wants them. Who does not
// answer has none.
type views struct {
	// immutable
	base context.Context // of the questions: they outlive the request that begins them
	node Node
	now  func() time.Time

	mu     sync.Mutex // guards the rest
	known  map[nodeid.Name]view
	begun  time.Time
	round  chan struct{} // closed when all of a round have answered, or not
	rounds sync.WaitGroup
	closed bool
}

func newViews(base context.Context, node Node) *views {
	over := make(chan struct{})
	close(over)
	return &views{base: base, node: node, now: time.Now, known: map[nodeid.Name]view{}, round: over}
}

// of gives the views of those nodes that have told theirs. It asks them all when that
// was long ago, and waits for a little while; what comes later is for the next page.
func (v *views) of(ctx context.Context, names []nodeid.Name) map[nodeid.Name]view {
	round := v.begin(names)
	timer := time.NewTimer(viewsWait)
	defer timer.Stop()
	select {
	case <-round:
	case <-timer.C:
	case <-ctx.Done():
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.known)
}

// begin begins a round, if it is time for one, and gives the one that is under way, or
// was the last.
func (v *views) begin(names []nodeid.Name) <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	select {
	case <-v.round:
	default:
		return v.round
	}
	if v.closed || v.now().Sub(v.begun) < viewsEvery {
		return v.round
	}
	v.begun, v.round = v.now(), make(chan struct{})
	before := v.known
	v.known = make(map[nodeid.Name]view, len(names))
	var asked sync.WaitGroup
	for _, name := range names {
		if old, ok := before[name]; ok {
			v.known[name] = old // until it answers
		}
		asked.Go(func() { v.ask(name) })
	}
	over := v.round
	v.rounds.Go(func() {
		asked.Wait()
		close(over)
	})
	return over
}

func (v *views) ask(name nodeid.Name) {
	ctx, cancel := context.WithTimeout(v.base, viewWithin)
	defer cancel()
	told, err := v.node.View(ctx, name)
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil && !errors.Is(err, syncnodes.ErrViewCut) {
		delete(v.known, name)
		return
	}
	v.known[name] = told
}

// close waits for those who are asked, after the end of the base context.
func (v *views) close() {
	v.mu.Lock()
	v.closed = true
	v.mu.Unlock()
	v.rounds.Wait()
}
