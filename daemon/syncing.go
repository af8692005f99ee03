package main

import (
	"fmt"
	"sync"
	"time"

	"interconnectd/syncnodes"
)

// syncing is how far the start-up sync is, for whoever looks at a terminal. Its methods
// may be called concurrently; the zero value has nothing to tell.
type syncing struct {
	mu     sync.Mutex
	latest syncnodes.Progress
	told   time.Time // the zero time: never
}

// progress takes what the node tells. It does not wait.
func (s *syncing) progress(p syncnodes.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest, s.told = p, time.Now()
}

// over tells that nobody waits any more.
func (s *syncing) over() { s.progress(syncnodes.Progress{Done: true}) }

// text is "2 of 3 up, waiting for c@127.0.0.1, 3.2 s left", "" before and after the wait.
func (s *syncing) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told.IsZero() || s.latest.Done || len(s.latest.Missing) == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d up, waiting for %s", s.latest.Up, s.latest.Of, joinNames(s.latest.Missing))
	if s.latest.Left != syncnodes.Infinity {
		text += ", " + leftText(s.latest.Left-time.Since(s.told))
	}
	return text
}
