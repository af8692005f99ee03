package fleet

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// family is a process and its children, theirs among them: Erlang's starts one.
type family []procfs.Proc

// families finds those of processes that run. The order is that of pids.
func families(proc procfs.FS, pids []int) ([]family, error) {
	all, err := proc.AllProcs()
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	children := map[int][]int{}
	for _, p := range all {
		stat, err := p.Stat()
		switch {
		case isGone(err):
		case err != nil:
			return nil, fmt.Errorf("reading the parent of process %d: %w", p.PID, err)
		default:
			children[stat.PPID] = append(children[stat.PPID], p.PID)
		}
	}
	var found []family
	for _, pid := range pids {
		var f family
		for left := []int{pid}; len(left) > 0; left = left[1:] {
			p, err := proc.Proc(left[0])
			if err != nil {
				return nil, fmt.Errorf("finding process %d: %w", left[0], err)
			}
			f = append(f, p)
			left = append(left, children[p.PID]...)
		}
		found = append(found, f)
	}
	return found, nil
}

// isGone reports whether what was read has ended meanwhile.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// size is what a family has.
type size struct {
	rss, pss    float64 // bytes
	descriptors float64
}

func (f family) size() (total size, err error) {
	for _, p := range f {
		memory, err := p.ProcSMapsRollup()
		if err != nil {
			return size{}, fmt.Errorf("reading the memory of process %d: %w", p.PID, err)
		}
		descriptors, err := p.FileDescriptorsLen()
		if err != nil {
			return size{}, fmt.Errorf("counting the descriptors of process %d: %w", p.PID, err)
		}
		total.rss += float64(memory.Rss)
		total.pss += float64(memory.Pss)
		total.descriptors += float64(descriptors)
	}
	return total, nil
}

// cpu is the processor time of all threads, in the nanoseconds of schedstat: the ticks of
// stat are 10 ms, as much as an idle node takes in seconds. That of threads that have ended
// is not in it.
func (f family) cpu(proc procfs.FS) (total time.Duration, err error) {
	for _, p := range f {
		threads, err := proc.AllThreads(p.PID)
		if err != nil {
			return 0, fmt.Errorf("listing the threads of process %d: %w", p.PID, err)
		}
		for _, thread := range threads {
			stat, err := thread.Schedstat()
			switch {
			case isGone(err):
			case err != nil:
				return 0, fmt.Errorf("reading the processor time of process %d: %w", p.PID, err)
			default:
				total += time.Duration(stat.RunningNanoseconds)
			}
		}
	}
	return total, nil
}

// traffic is what went over loopback since the machine, or its network namespace, is
// there. What is sent is received there, and counted once.
type traffic struct{ packets, bytes float64 }

// traffic is that of the network namespace of the family's first process.
func (f family) traffic() (traffic, error) {
	devices, err := f[0].NetDev()
	if err != nil {
		return traffic{}, fmt.Errorf("reading the traffic of loopback: %w", err)
	}
	lo, ok := devices["lo"]
	if !ok {
		return traffic{}, errors.New("reading the traffic of loopback: there is none")
	}
	return traffic{float64(lo.RxPackets), float64(lo.RxBytes)}, nil
}
