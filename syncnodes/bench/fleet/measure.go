package fleet

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"interconnectd/syncnodes/bench/report"
)

// Plan is how much is measured of a fleet.
type Plan struct {
	// Runs is how often a node is killed, and asked to end; one at least.
	Runs int
	// Hangs is how often a node is stopped, where that does not take minutes: once then. 0
	// leaves it out.
	Hangs int
	// Settle is how long a fleet is left alone when it has been formed, and when a node has
	// come back: two seconds at least, since ours believe less of what a bus says that has
	// not been there for one.
	Settle time.Duration
	// Idle is how long the idle fleet is measured: a minute, for what Erlang does each
	// quarter of one.
	Idle time.Duration
	// Alone says that no others are on this loopback, so that its packets are the fleet's.
	Alone bool
}

// Form starts nodes of a system, and gives the seconds until all have told of all
// others: as Measure does, for those who want it several times, in turn with other
// systems. A machine may be slow for a minute, and then not.
func Form(ctx context.Context, system System, nodes int, progress func(format string, args ...any)) (fullView float64, err error) {
	var measured report.Fleet
	err = with(ctx, system, nodes, func(f *fleet) error {
		m := measurement{f, Plan{}, &measured}
		return m.formation(ctx)
	}, progress)
	if err != nil {
		return 0, err
	}
	return measured.FullView[0], nil
}

// Measure starts nodes of a system and measures them. The system's programs must be there;
// see [System.Missing]. It tells progress of what it does and how long that takes.
//
// When it returns, all processes that it started have ended, whatever the error is: that
// of ctx, a node that ended by itself, or something that did not happen within minutes,
// which is told with the last lines of a node. Fleets may be measured at the same time,
// for those who do not care for the figures. All this goes for Form too.
func Measure(ctx context.Context, system System, nodes int, plan Plan, progress func(format string, args ...any)) (report.Fleet, error) {
	measured := report.Fleet{System: system.name, Nodes: nodes}
	if plan.Runs < 1 {
		return measured, fmt.Errorf("measuring %s: %d runs: want one at least", system.name, plan.Runs)
	}
	err := with(ctx, system, nodes, func(f *fleet) error {
		m := measurement{f, plan, &measured}
		return m.run(ctx)
	}, progress)
	return measured, err
}

// with does something with a fleet that has no nodes yet, and ends all that it started.
func with(ctx context.Context, system System, nodes int, do func(*fleet) error, progress func(format string, args ...any)) error {
	if nodes < 2 {
		return fmt.Errorf("measuring %s: %d nodes: want two at least", system.name, nodes)
	}
	c, err := newCamp(nodes)
	if err != nil {
		return err
	}
	run, err := system.found(ctx, c)
	if err == nil {
		f := newFleet(system, c, run, progress)
		err = do(f)
		f.disband()
	}
	if err = errors.Join(err, c.leave()); err != nil {
		return fmt.Errorf("measuring %d nodes of %s: %w", nodes, system.name, err)
	}
	return nil
}

// measurement is one call of Measure.
type measurement struct {
	*fleet
	plan Plan
	into *report.Fleet
}

func (m *measurement) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{m.formation, m.idleness, m.kills, m.hangs, m.stops} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tell tells progress.
func (m *measurement) tell(format string, args ...any) {
	m.progress("%s, %d nodes: %s", m.system.name, len(m.members), fmt.Sprintf(format, args...))
}

func (m *measurement) formation(ctx context.Context) error {
	took, err := m.form(ctx)
	if err != nil {
		return err
	}
	m.into.FullView = append(m.into.FullView, took.Seconds())
	m.tell("full view after %v", rounded(took.Seconds()))
	return nil
}

func (m *measurement) idleness(ctx context.Context) error {
	m.tell("idle, for %v", m.plan.Settle+m.plan.Idle)
	if err := m.rest(ctx, m.plan.Settle); err != nil {
		return err
	}
	return m.idle(ctx, m.plan.Idle, m.plan.Alone, m.into)
}

func (m *measurement) kills(ctx context.Context) error {
	for run := range m.plan.Runs {
		victim := m.victim(run)
		struck, err := m.blow(ctx, syscall.SIGKILL, victim, &m.into.Kill)
		if err != nil {
			return err
		}
		if err := m.ending(ctx, struck); err != nil {
			return err
		}
		ready, err := m.restart(ctx, victim)
		if err != nil {
			return err
		}
		m.into.Ready = append(m.into.Ready, ready.Seconds())
		m.tell("ready %d of %d: %s after %v", run+1, m.plan.Runs, nodeName(victim), rounded(ready.Seconds()))
		if err := m.rest(ctx, m.plan.Settle); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) hangs(ctx context.Context) error {
	for run := range min(m.plan.Hangs, m.system.hangs) {
		m.tell("a hang, which takes up to %v", m.system.hangIn)
		struck, err := m.blow(ctx, syscall.SIGSTOP, m.victim(run), &m.into.Hang)
		if err != nil {
			return err
		}
		struck.Close()
		if err := m.again(ctx, struck); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurement) stops(ctx context.Context) error {
	for run := range m.plan.Runs {
		struck, err := m.blow(ctx, m.system.leave, m.victim(run), &m.into.Stop)
		if err != nil {
			return err
		}
		if err := m.ending(ctx, struck); err != nil {
			return err
		}
		if err := m.again(ctx, struck); err != nil {
			return err
		}
	}
	return nil
}

// again starts a node that has ended, and leaves the fleet alone for a moment.
func (m *measurement) again(ctx context.Context, ended *member) error {
	if _, err := m.restart(ctx, ended.node); err != nil {
		return err
	}
	return m.rest(ctx, m.plan.Settle)
}

// victim is another node in each of five runs, of as many as there are: the first, that in
// the middle, the last, and those between.
func (m *measurement) victim(run int) int {
	last := len(m.members) - 1
	return []int{0, (last + 1) / 2, last, last / 4, 3 * last / 4}[run%5]
}

// blow strikes a node, and adds to what the others tell of it.
func (m *measurement) blow(ctx context.Context, sig syscall.Signal, victim int, into *report.Notices) (*member, error) {
	struck, took, err := m.strike(ctx, victim, sig)
	if err != nil {
		return nil, err
	}
	median, last := took.Median(), took[len(took)-1]
	into.Median, into.Last = append(into.Median, median), append(into.Last, last)
	m.tell("%s of %s: told by half of the others after %v, by all after %v", unix.SignalName(sig), nodeName(victim), rounded(median), rounded(last))
	return struck, nil
}

// rounded is a time for people, of seconds.
func rounded(seconds float64) time.Duration {
	d := time.Duration(seconds * float64(time.Second))
	if d < time.Second {
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(time.Millisecond)
}
