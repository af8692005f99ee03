package syncnodes

import (
	"context"
	"slices"
	"sync"
	"time"

	"interconnectd/configs/epmd"
	"interconnectd/configs/nodeid"
)

const (
	// scoutEvery is how often the port mappers are asked for nodes that are missing,
	// scoutSeldom where all that comes of it is a line in the log.
	scoutEvery  = time.Second
	scoutSeldom = 5 * time.Second
	scoutWithin = time.Second // for the answer of one
)

// scout asks the port mappers which of the sync nodes that are missing they know as
// nodes of Erlang's: such a node says hello to nobody. Where Erlang's distribution is
// off it asks that of this host only, so that who waits for such a node is told why it
// does not come.
type scout struct {
	epmd  string // of this host
	at    time.Duration
	busy  bool
	known map[nodeid.Name]bool // at the last look
	told  map[nodeid.Name]bool
}

func newScout(epmd string) scout {
	return scout{epmd: epmd, told: make(map[nodeid.Name]bool)}
}

// saw reports whether a port mapper knew the name at the last look.
func (s *scout) saw(name nodeid.Name) bool { return s.known[name] }

// mapperOf is the port mapper that knows a name.
func (l *loop) mapperOf(name nodeid.Name) string {
	return epmd.AddrOf(name, l.node.name, l.erlang.scout.epmd)
}

// sought are the names to ask for, by port mapper.
func (l *loop) sought() map[string][]nodeid.Name {
	sought := make(map[string][]nodeid.Name)
	for _, name := range l.sync.missing() {
		mapper := l.mapperOf(name)
		switch {
		case name.Long() != l.node.name.Long():
		case l.mayDialErlang(name), l.erlang.endpoint == nil && mapper == l.erlang.scout.epmd && !l.erlang.scout.told[name]:
			sought[mapper] = append(sought[mapper], name)
		}
	}
	return sought
}

func (s *scout) deadline() time.Duration {
	if s.busy {
		return infinitely
	}
	return s.at
}

// tickScout looks, when it is time to, and somebody is missing.
func (l *loop) tickScout(now time.Duration) {
	s := &l.erlang.scout
	if now < s.deadline() {
		return
	}
	s.at = now + scoutSeldom
	if l.erlang.endpoint != nil {
		s.at = now + scoutEvery
	}
	sought := l.sought()
	if len(sought) == 0 || !l.claim.done || l.leaving || l.opts.Transient {
		s.known = nil
		return
	}
	s.busy = true
	l.helpers.start(func(ctx context.Context) {
		found := look(ctx, sought)
		l.node.post(ctx, func(l *loop) { l.scouted(found) })
	})
}

// look asks all port mappers at once.
func look(ctx context.Context, sought map[string][]nodeid.Name) []nodeid.Name {
	ctx, cancel := context.WithTimeout(ctx, scoutWithin)
	defer cancel()
	var (
		mu    sync.Mutex
		found []nodeid.Name
		all   sync.WaitGroup
	)
	for mapper, names := range sought {
		all.Go(func() {
			here := erlangNodes(ctx, mapper, names)
			mu.Lock()
			defer mu.Unlock()
			found = append(found, here...)
		})
	}
	all.Wait()
	slices.Sort(found)
	return found
}

// erlangNodes are those of the names that the port mapper knows as nodes of Erlang's, and
// not as such as this.
func erlangNodes(ctx context.Context, mapper string, names []nodeid.Name) (found []nodeid.Name) {
	registered, err := epmd.Names(ctx, mapper)
	if err != nil {
		return nil // none is running, as a rule
	}
	for _, name := range names {
		if !slices.ContainsFunc(registered, func(r epmd.NamePort) bool { return r.Name == name.Alive() }) {
			continue
		}
		if node, err := epmd.Lookup(ctx, mapper, name.Alive()); err == nil && !node.Ours() {
			found = append(found, name)
		}
	}
	return found
}

// scouted takes what a look has found.
func (l *loop) scouted(found []nodeid.Name) {
	s := &l.erlang.scout
	former := s.known
	s.busy, s.known = false, make(map[nodeid.Name]bool, len(found))
	for _, name := range found {
		s.known[name] = true
		switch {
		case former[name]:
		case l.erlang.endpoint != nil:
			delete(l.erlang.refused, name) // it has been started again
			l.core.Hello(refOf(name, nodeid.Incarnation{}), l.now())
		case !s.told[name]:
			s.told[name] = true
			l.log.Warn(string(name) + " is an Erlang node; set erlang.distribution to join it")
		}
	}
}
