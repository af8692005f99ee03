package syncnodes

import (
	"context"
	"fmt"
	"slices"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/membership"
)

// tellAfter is how long progress of the sync is gathered before it is told: where
// many nodes come up at once each would be a line that names all others.
const tellAfter = 50 * time.Millisecond

// SyncError tells that mandatory nodes were not up when sync_nodes_timeout
// was over.
type SyncError struct{ Missing []nodeid.Name }

func (e *SyncError) Error() string {
	return fmt.Sprintf("mandatory nodes down: [%s]", joinNames(e.Missing, ","))
}

// syncState follows the start-up sync: waiting until all expected nodes are
// up or the time is over, then done. What it counts goes on being counted.
type syncState struct {
	mandatory map[nodeid.Name]bool
	expected  map[nodeid.Name]bool // without the own name, which counts as up
	up        map[nodeid.Name]bool
	timeout   time.Duration
	until     time.Duration
	tellAt    time.Duration // progress that was made is told then
	began     time.Duration // 0: not yet
	took      time.Duration // 0: not done, or there was nothing to wait for
	done      bool
	result    error
	waiting   []func(error)
}

func newSyncState(opts Options) syncState {
	s := syncState{up: make(map[nodeid.Name]bool), until: infinitely, tellAt: infinitely}
	s.setLists(opts.Name, opts.Sync)
	return s
}

// setLists takes the lists, and the timeout, of a node called self.
func (s *syncState) setLists(self nodeid.Name, sync Sync) {
	s.timeout = sync.Timeout
	s.expected = make(map[nodeid.Name]bool)
	for _, name := range sync.expected() {
		if name != self {
			s.expected[name] = true
		}
	}
	s.mandatory = make(map[nodeid.Name]bool)
	for _, name := range sync.Mandatory {
		s.mandatory[name] = true
	}
}

func (s *syncState) deadline() time.Duration {
	if s.done {
		return s.tellAt
	}
	return min(s.until, s.tellAt)
}

// complete reports whether nobody is missing.
func (s *syncState) complete() bool {
	for name := range s.expected {
		if !s.up[name] {
			return false
		}
	}
	return true
}

func (s *syncState) missing() []nodeid.Name {
	var missing []nodeid.Name
	for name := range s.expected {
		if !s.up[name] {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}

func (s *syncState) progress(now time.Duration) Progress {
	missing := s.missing()
	p := Progress{Up: len(s.expected) - len(missing), Of: len(s.expected), Missing: missing, Done: s.done}
	switch {
	case s.done:
	case s.until == infinitely:
		p.Left = Infinity
	default:
		p.Left = max(0, s.until-now)
	}
	return p
}

func (l *loop) progress() Progress { return l.sync.progress(l.now()) }

// startSync begins the wait, or begins it anew.
func (l *loop) startSync(now time.Duration) {
	s := &l.sync
	if s.began == 0 {
		s.began = now
	}
	if s.complete() {
		l.endSync()
		return
	}
	s.until = infinitely
	if s.timeout > 0 {
		s.until = now + s.timeout
	}
	l.log.Info(l.progress().String())
	l.opts.Progress(l.progress())
}

// syncEvent counts a node that came or went.
func (l *loop) syncEvent(e membership.Event) {
	s := &l.sync
	if !s.expected[e.Node] {
		return
	}
	if e.Up {
		s.up[e.Node] = true
	} else {
		delete(s.up, e.Node)
	}
	if !s.done && l.claim.done && s.complete() {
		l.endSync()
		return
	}
	s.tellAt = min(s.tellAt, l.now()+tellAfter)
}

// tickSync ends the wait when the time is over, and tells how far it is.
func (l *loop) tickSync(now time.Duration) {
	s := &l.sync
	if !s.done && now >= s.until {
		l.endSync()
	}
	if now < s.tellAt {
		return
	}
	s.tellAt = infinitely
	if !s.done && l.claim.done {
		l.log.Info(l.progress().String())
	}
	l.opts.Progress(l.progress())
}

// endSync gives the result to all who wait for it.
func (l *loop) endSync() {
	s := &l.sync
	s.done, s.tellAt = true, infinitely
	s.took = l.now() - s.began
	missing := s.missing()
	down := slices.DeleteFunc(slices.Clone(missing), func(name nodeid.Name) bool { return !s.mandatory[name] })
	switch {
	case len(down) > 0:
		s.result = &SyncError{Missing: down}
	case len(missing) > 0:
		l.log.Warn("sync over: going on without " + nameSome(missing))
	case len(s.expected) > 0:
		l.log.Info(l.progress().String())
	}
	l.opts.Progress(l.progress())
	for _, answer := range s.waiting {
		answer(s.result)
	}
	s.waiting = nil
}

// Sync waits until all nodes of the sync lists are up, or sync_nodes_timeout
// is over; a *SyncError names mandatory ones that are missing then. Where
// there is nothing to wait for it returns at once.
func (n *Node) Sync(ctx context.Context) error {
	result, err := await(ctx, n, func(l *loop, answer func(error)) {
		if l.sync.done {
			answer(l.sync.result)
			return
		}
		l.sync.waiting = append(l.sync.waiting, answer)
	})
	if err != nil {
		return fmt.Errorf("waiting for the sync: %w", err)
	}
	return result
}
