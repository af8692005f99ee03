// Package growth measures what happens as nodes become many: crowds of them in one
// process, on one nats-server, and swarms in the simulation of package membership,
// whose time is virtual.
package growth

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"interconnectd/syncnodes/bench/child"
	"interconnectd/syncnodes/bench/report"
)

// CrowdPlan says which crowds are measured.
type CrowdPlan struct {
	Sizes []int
	Idle  time.Duration // how long a crowd that does nothing is looked at
	// Patience bounds the time to a full view. A crowd that takes longer is missed.
	Patience time.Duration
}

// settle is what a crowd has after its full view, before it is taken to be idle.
const settle = 2 * time.Second

// errPatience is why a crowd is missed.
var errPatience = errors.New("no full view in time")

// Crowds measures crowds, each in a process of its own (see Role) and on a server of
// its own, and missed where there is no nats-server. With an error come those that were measured before it.
func Crowds(ctx context.Context, plan CrowdPlan, progress func(format string, args ...any)) (crowds []report.Crowd, missed []string, err error) {
	if _, err := exec.LookPath("nats-server"); err != nil {
		return nil, []string{fmt.Sprintf("crowds: %s", err)}, nil
	}
	for _, size := range plan.Sizes {
		crowd, err := measureCrowd(ctx, plan, size, progress)
		switch {
		case errors.Is(err, errPatience):
			missed = append(missed, fmt.Sprintf("a crowd of %d: no full view within %s", size, plan.Patience))
			progress("%s", missed[len(missed)-1])
		case err != nil:
			return crowds, missed, fmt.Errorf("measuring a crowd of %d: %w", size, err)
		default:
			progress("a crowd of %d: full view after %.2f s, idle %.2f %% of a core and %.1f MB each",
				size, crowd.FullView, 100*crowd.CPU, crowd.Memory/1e6)
			crowds = append(crowds, crowd)
		}
	}
	return crowds, missed, nil
}

// pair is a crowd's process and its server, and what is measured of them.
type pair struct {
	crowd  *child.Process
	server *child.NATSServer

	crowdTakes, serverTakes child.Family
}

func measureCrowd(ctx context.Context, plan CrowdPlan, size int, progress func(format string, args ...any)) (report.Crowd, error) {
	server, err := child.StartNATSServer(ctx)
	if err != nil {
		return report.Crowd{}, err
	}
	defer server.Close()
	self, err := child.Self(crowdRole, server.URL, strconv.Itoa(size))
	if err != nil {
		return report.Crowd{}, err
	}
	process, err := child.Start(ctx, self)
	if err != nil {
		return report.Crowd{}, err
	}
	defer process.Close()
	families, err := child.Families(process, server.Process)
	if err != nil {
		return report.Crowd{}, err
	}
	p := pair{process, server, families[0], families[1]}
	found := report.Crowd{Nodes: size}
	if err := p.form(&found, plan.Patience, progress); err != nil {
		return report.Crowd{}, err
	}
	if err := pause(ctx, settle); err != nil {
		return report.Crowd{}, err
	}
	if err := p.idle(ctx, &found, plan.Idle); err != nil {
		return report.Crowd{}, err
	}
	// All the while nobody was lost: figures of a crowd that falls apart say nothing.
	if err := process.Tell(sayLinked); err != nil {
		return report.Crowd{}, err
	}
	return found, process.Expect(areLinked)
}

// form lets the crowd meet, and measures it.
func (p pair) form(found *report.Crowd, patience time.Duration, progress func(format string, args ...any)) error {
	if err := p.crowd.Expect(ready); err != nil {
		return err
	}
	empty, err := p.crowdTakes.Size()
	if err != nil {
		return err
	}
	before, err := p.now()
	if err != nil {
		return err
	}
	if err := p.crowd.Tell(begin); err != nil {
		return err
	}
	if found.FullView, err = p.fullView(found.Nodes, patience, progress); err != nil {
		return err
	}
	after, err := p.now()
	if err != nil {
		return err
	}
	full, err := p.crowdTakes.Size()
	if err != nil {
		return err
	}
	found.Memory = (full.RSS - empty.RSS) / float64(found.Nodes)
	found.FormCPU = (after.crowd - before.crowd).Seconds()
	found.ServerFormCPU = (after.server - before.server).Seconds()
	return nil
}

// fullView reads what the crowd tells until it has a full view, and after how many
// seconds that was.
func (p pair) fullView(size int, patience time.Duration, progress func(format string, args ...any)) (float64, error) {
	timer := time.AfterFunc(patience, p.crowd.Close)
	defer timer.Stop()
	for {
		line, err := p.crowd.Line()
		switch {
		case err != nil && !timer.Stop():
			return 0, errPatience
		case err != nil:
			return 0, err
		}
		if seconds, ok := strings.CutPrefix(line, fullAfter); ok {
			return strconv.ParseFloat(seconds, 64)
		}
		progress("a crowd of %d: %s", size, line)
	}
}

// idle measures the crowd while it does nothing.
func (p pair) idle(ctx context.Context, found *report.Crowd, d time.Duration) error {
	before, err := p.now()
	if err != nil {
		return err
	}
	carriedBefore, err := carriedBy(ctx, p.server)
	if err != nil {
		return err
	}
	if err := pause(ctx, d); err != nil {
		return err
	}
	after, err := p.now()
	if err != nil {
		return err
	}
	carried, err := carriedBy(ctx, p.server)
	if err != nil {
		return err
	}
	server, err := p.serverTakes.Size()
	if err != nil {
		return err
	}
	seconds := after.at.Sub(before.at).Seconds()
	nodeSeconds := seconds * float64(found.Nodes)
	found.CPU = (after.crowd - before.crowd).Seconds() / nodeSeconds
	found.ServerCPU = (after.server - before.server).Seconds() / seconds
	found.ServerRSS = server.RSS
	found.Messages = float64(carried.messages-carriedBefore.messages) / nodeSeconds
	found.Bytes = float64(carried.bytes-carriedBefore.bytes) / nodeSeconds
	return nil
}

// used is the processor time that both have used until a time.
type used struct {
	at            time.Time
	crowd, server time.Duration
}

func (p pair) now() (u used, err error) {
	u.at = time.Now()
	if u.crowd, err = p.crowdTakes.CPU(); err != nil {
		return u, err
	}
	u.server, err = p.serverTakes.CPU()
	return u, err
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
