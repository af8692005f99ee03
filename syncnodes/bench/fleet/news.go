package fleet

import (
	"sync"
	"time"
)

// news is what a member told of another, or that it has ended.
type news struct {
	by    *member
	at    time.Time
	node  int
	up    bool
	ended bool
}

// inbox is the news of all members, in the order in which they were read. It has no
// bound: whoever reads a line never waits for whoever looks at it, so that the time of
// the next line is right.
type inbox struct {
	more chan struct{} // has one when there may be some

	mu   sync.Mutex // guards list
	list []news
}

func newInbox() *inbox { return &inbox{more: make(chan struct{}, 1)} }

func (b *inbox) put(n news) {
	b.mu.Lock()
	b.list = append(b.list, n)
	b.mu.Unlock()
	select {
	case b.more <- struct{}{}:
	default:
	}
}

// next takes the oldest.
func (b *inbox) next() (n news, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.list) == 0 {
		return news{}, false
	}
	n, b.list = b.list[0], b.list[1:]
	return n, true
}
