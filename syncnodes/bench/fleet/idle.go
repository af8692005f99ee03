package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/procfs"

	"interconnectd/syncnodes/bench/child"
	"interconnectd/syncnodes/bench/report"
)

// idle measures what nodes take that do nothing, during some time. Traffic is counted
// where alone says that no others are on this loopback.
func (f *fleet) idle(ctx context.Context, during time.Duration, alone bool, into *report.Fleet) error {
	var processes []*child.Process
	for _, m := range f.members {
		processes = append(processes, m.Process)
	}
	if f.camp.server != nil {
		processes = append(processes, f.camp.server)
	}
	all, err := child.Families(processes...)
	if err != nil {
		return err
	}
	before, err := countOf(all)
	if err != nil {
		return err
	}
	if err := f.rest(ctx, during); err != nil {
		return err
	}
	after, err := countOf(all)
	if err != nil {
		return err
	}
	seconds := after.at.Sub(before.at).Seconds()
	for i, family := range all {
		cpu := (after.cpu[i] - before.cpu[i]).Seconds() / seconds
		size, err := family.Size()
		if err != nil {
			return err
		}
		if i == len(f.members) {
			into.Server = &report.Server{RSS: size.RSS, PSS: size.PSS, Descriptors: size.Descriptors, CPU: cpu}
			break
		}
		into.CPU = append(into.CPU, cpu)
		into.RSS = append(into.RSS, size.RSS)
		into.PSS = append(into.PSS, size.PSS)
		into.Descriptors = append(into.Descriptors, size.Descriptors)
	}
	if alone {
		each := seconds * float64(len(f.members))
		into.Packets = (after.packets - before.packets) / each
		into.Bytes = (after.bytes - before.bytes) / each
	}
	return nil
}

// count is what idle nodes have used up to a moment; the last of cpu is a server's, where
// there is one.
type count struct {
	at  time.Time
	cpu []time.Duration
	traffic
}

func countOf(all []child.Family) (count, error) {
	c := count{at: time.Now()}
	for _, f := range all {
		cpu, err := f.CPU()
		if err != nil {
			return count{}, err
		}
		c.cpu = append(c.cpu, cpu)
	}
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return count{}, err
	}
	c.traffic, err = trafficOf(proc)
	return c, err
}

// traffic is what went over loopback since the machine, or its network namespace, is
// there. What is sent is received there, and counted once.
type traffic struct{ packets, bytes float64 }

func trafficOf(proc procfs.FS) (traffic, error) {
	devices, err := proc.NetDev()
	if err != nil {
		return traffic{}, fmt.Errorf("reading the traffic of loopback: %w", err)
	}
	lo, ok := devices["lo"]
	if !ok {
		return traffic{}, errors.New("reading the traffic of loopback: there is none")
	}
	return traffic{float64(lo.RxPackets), float64(lo.RxBytes)}, nil
}
