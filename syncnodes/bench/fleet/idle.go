package fleet

import (
	"context"
	"time"

	"github.com/prometheus/procfs"

	"interconnectd/syncnodes/bench/report"
)

// count is what idle nodes have used up to a moment; the last of cpu is a server's, where
// there is one.
type count struct {
	at      time.Time
	cpu     []time.Duration
	traffic traffic
}

// idle measures what nodes take that do nothing, during some time. Traffic is counted
// where alone says that no others are on this loopback.
func (f *fleet) idle(ctx context.Context, during time.Duration, alone bool, into *report.Fleet) error {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return err
	}
	var pids []int
	for _, m := range f.members {
		pids = append(pids, m.pid())
	}
	if f.camp.server != nil {
		pids = append(pids, f.camp.server.pid())
	}
	all, err := families(proc, pids)
	if err != nil {
		return err
	}
	before, err := countOf(proc, all)
	if err != nil {
		return err
	}
	if err := f.rest(ctx, during); err != nil {
		return err
	}
	after, err := countOf(proc, all)
	if err != nil {
		return err
	}
	seconds := after.at.Sub(before.at).Seconds()
	for i, family := range all {
		cpu := (after.cpu[i] - before.cpu[i]).Seconds() / seconds
		size, err := family.size()
		if err != nil {
			return err
		}
		if i == len(f.members) {
			into.Server = &report.Server{RSS: size.rss, PSS: size.pss, Descriptors: size.descriptors, CPU: cpu}
			break
		}
		into.CPU = append(into.CPU, cpu)
		into.RSS = append(into.RSS, size.rss)
		into.PSS = append(into.PSS, size.pss)
		into.Descriptors = append(into.Descriptors, size.descriptors)
	}
	if alone {
		each := seconds * float64(len(f.members))
		into.Packets = (after.traffic.packets - before.traffic.packets) / each
		into.Bytes = (after.traffic.bytes - before.traffic.bytes) / each
	}
	return nil
}

func countOf(proc procfs.FS, all []family) (count, error) {
	c := count{at: time.Now()}
	for _, f := range all {
		cpu, err := f.cpu(proc)
		if err != nil {
			return count{}, err
		}
		c.cpu = append(c.cpu, cpu)
	}
	var err error
	c.traffic, err = all[0].traffic()
	return c, err
}
