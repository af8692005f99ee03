package syncnodes

import (
	"context"
	"sync"
)

// helpers are a node's short-lived goroutines. All of them end with it.
type helpers struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newHelpers() *helpers {
	h := &helpers{}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

func (h *helpers) start(f func(context.Context)) {
	h.wg.Go(func() { f(h.ctx) })
}

func (h *helpers) close() {
	h.cancel()
	h.wg.Wait()
}
