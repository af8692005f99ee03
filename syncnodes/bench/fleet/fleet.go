package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"interconnectd/syncnodes/bench/child"
	"interconnectd/syncnodes/bench/report"
)

// patience is how long what must happen may take: long, for a machine under load and for
// hundreds of nodes.
const patience = 5 * time.Minute

// fleet is the nodes of a system, and who of them has told of whom. One goroutine owns
// it.
type fleet struct {
	// immutable
	system   System
	camp     *camp
	command  command
	progress func(format string, args ...any)
	index    map[string]int // of a node by its name
	inbox    *inbox

	members []*member // by their index; nil: one that does not run, or that was struck
	running []*child.Process
	latest  time.Time // when the newest line that counts was read
}

// member is a node from one start to its end.
type member struct {
	*child.Process
	node  int
	sees  []bool // by index, whom it told of last that it is up
	lacks int    // how many others it does not see
}

// lost is the error of a node that ended though nobody asked it to.
func (m *member) lost() error {
	if err := m.Err(); err != nil {
		return fmt.Errorf("%s: %w", nodeName(m.node), err)
	}
	return fmt.Errorf("%s ended by itself; %s", nodeName(m.node), m.Said())
}

func newFleet(system System, c *camp, run command, progress func(format string, args ...any)) *fleet {
	f := &fleet{
		system: system, camp: c, command: run, progress: progress,
		index: map[string]int{}, inbox: newInbox(), members: make([]*member, c.nodes),
	}
	for i := range c.nodes {
		f.index[nodeName(i)] = i
	}
	return f
}

// form starts all nodes one right after the other, and gives the time from the first
// start to the last line of full view.
func (f *fleet) form(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	for i := range f.members {
		if err := f.start(ctx, i); err != nil {
			return 0, err
		}
		if i > 0 || !f.system.leads {
			continue
		}
		first := f.members[0]
		if err := f.await(ctx, "the first node", func(news) bool { return first.sees[0] }); err != nil {
			return 0, err
		}
	}
	err := f.full(ctx)
	return f.latest.Sub(began), err
}

// disband kills all nodes and waits for them.
func (f *fleet) disband() {
	clear(f.members)
	for _, p := range f.running {
		_ = p.Signal(syscall.SIGKILL) // it may have ended; all at once is sooner than one by one
	}
	for _, p := range f.running {
		p.Close()
	}
	f.running = nil
}

// start starts a node, beside the first of those that are up.
func (f *fleet) start(ctx context.Context, i int) error {
	command := f.command(i, slices.IndexFunc(f.members, func(m *member) bool { return m != nil }))
	m := &member{node: i, sees: make([]bool, len(f.members)), lacks: len(f.members) - 1}
	command.Home = f.camp.homes[i]
	command.OnLine = func(at time.Time, line string) {
		name, up, ok := f.system.event(line)
		if !ok {
			return
		}
		if node, known := f.index[name]; known {
			f.inbox.put(news{by: m, at: at, node: node, up: up})
		}
	}
	p, err := child.Start(ctx, command)
	if err != nil {
		return err
	}
	m.Process, f.members[i] = p, m
	f.running = append(f.running, p)
	go func() {
		<-p.Ended()
		f.inbox.put(news{by: m, at: time.Now(), ended: true})
	}()
	return nil
}

// restart starts a node that has ended once more, and gives the time until it has told
// of all others. It returns when all others have told of it, too.
func (f *fleet) restart(ctx context.Context, i int) (ready time.Duration, err error) {
	began := time.Now()
	if err := f.start(ctx, i); err != nil {
		return 0, err
	}
	m := f.members[i]
	err = f.await(ctx, nodeName(i)+", which was started again", func(news) bool { return m.lacks == 0 })
	if err != nil {
		return 0, err
	}
	ready = f.latest.Sub(began)
	return ready, f.full(ctx)
}

// strike sends a signal to a node, and gives the times until the others have told that
// it went, the least first. From then on it does not count, and may still run.
func (f *fleet) strike(ctx context.Context, victim int, sig syscall.Signal) (*member, report.Sample, error) {
	if err := f.full(ctx); err != nil {
		return nil, nil, err
	}
	m := f.members[victim]
	f.members[victim] = nil
	struck := time.Now()
	if err := m.Signal(sig); err != nil {
		return nil, nil, fmt.Errorf("sending %s to %s: %w", unix.SignalName(sig), nodeName(victim), err)
	}
	told := map[int]time.Duration{}
	what := fmt.Sprintf("what the others tell of %s after a %s", nodeName(victim), unix.SignalName(sig))
	err := f.await(ctx, what, func(n news) bool {
		if _, already := told[n.by.node]; n.node == victim && !n.up && !already {
			told[n.by.node] = n.at.Sub(struck)
		}
		return len(told) == len(f.members)-1
	})
	var took report.Sample
	for _, d := range told {
		took = append(took, d.Seconds())
	}
	slices.Sort(took)
	return m, took, err
}

// full waits until each node sees all others.
func (f *fleet) full(ctx context.Context) error {
	complete := func(news) bool {
		return !slices.ContainsFunc(f.members, func(m *member) bool { return m == nil || m.lacks > 0 })
	}
	if complete(news{}) {
		return nil
	}
	return f.await(ctx, "full view", complete)
}

// rest takes in what the nodes say for some time.
func (f *fleet) rest(ctx context.Context, d time.Duration) error {
	over := time.NewTimer(d)
	defer over.Stop()
	_, err := f.listen(ctx, over.C, func(news) bool { return false })
	return err
}

// await takes in what the nodes say until done, which sees each of the news that count.
func (f *fleet) await(ctx context.Context, what string, done func(news) bool) error {
	over := time.NewTimer(patience)
	defer over.Stop()
	isDone, err := f.listen(ctx, over.C, done)
	switch {
	case err != nil:
		return fmt.Errorf("waiting for %s: %w", what, err)
	case !isDone:
		return fmt.Errorf("waiting for %s: not within %v: %s", what, patience, f.lacking())
	}
	return nil
}

// listen takes in what the nodes say until done or over. An end that nobody asked for is
// an error, as that of ctx is.
func (f *fleet) listen(ctx context.Context, over <-chan time.Time, done func(news) bool) (bool, error) {
	for {
		for n, ok := f.inbox.next(); ok; n, ok = f.inbox.next() {
			switch {
			case f.members[n.by.node] != n.by: // of a former start, or struck
				continue
			case n.ended:
				return false, n.by.lost()
			}
			f.note(n)
			if done(n) {
				return true, nil
			}
		}
		select {
		case <-f.inbox.more:
		case <-over:
			return false, nil
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// note keeps what a node has told. One that is said to be down, and runs, is told of: it
// is a fault of the system, or of this machine, and figures may be off.
func (f *fleet) note(n news) {
	f.latest = n.at
	if !n.up && f.members[n.node] != nil {
		f.progress("%s: %s tells that %s is down, which runs", f.system.name, nodeName(n.by.node), nodeName(n.node))
	}
	if n.by.sees[n.node] == n.up {
		return
	}
	n.by.sees[n.node] = n.up
	switch {
	case n.node == n.by.node: // Serf tells of itself
	case n.up:
		n.by.lacks--
	default:
		n.by.lacks++
	}
}

// lacking says who of those that run does not see whom, and what the first of them said
// last.
func (f *fleet) lacking() string {
	const shown = 5
	var text []string
	var first *member
	for _, m := range f.members {
		if m == nil || m.lacks == 0 {
			continue
		}
		if first == nil {
			first = m
		}
		var missing []string
		for j, sees := range m.sees {
			if !sees && j != m.node {
				missing = append(missing, nodeName(j))
			}
		}
		text = append(text, fmt.Sprintf("%s does not see %s", nodeName(m.node), abridged(missing, shown, ", ")))
	}
	if first == nil {
		return "all see all others"
	}
	return fmt.Sprintf("%s; of %s %s", abridged(text, shown, "; "), nodeName(first.node), first.Said())
}

// abridged joins the first few, and says how many more there are.
func abridged(all []string, most int, separator string) string {
	if len(all) <= most {
		return strings.Join(all, separator)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], separator), len(all)-most)
}

// ending waits for the end of a node that was asked to end.
func (f *fleet) ending(ctx context.Context, m *member) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("it goes on"))
	defer cancel()
	select {
	case <-m.Ended():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the end of %s: %w; %s", nodeName(m.node), context.Cause(ctx), m.Said())
	}
}
