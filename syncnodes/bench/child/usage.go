package child

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// Family is a process and its children, theirs among them: Erlang's starts one.
type Family []procfs.Proc

// Families finds those of processes that run, as they are now, in the same order.
func Families(processes ...*Process) ([]Family, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return nil, err
	}
	pids := make([]int, len(processes))
	for i, p := range processes {
		pids[i] = p.PID()
	}
	return families(proc, pids)
}

func families(proc procfs.FS, pids []int) ([]Family, error) {
	all, err := proc.AllProcs()
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	children := map[int][]int{}
	for _, p := range all {
		stat, err := p.Stat()
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH): // it has ended meanwhile
		case err != nil:
			return nil, fmt.Errorf("reading the parent of process %d: %w", p.PID, err)
		default:
			children[stat.PPID] = append(children[stat.PPID], p.PID)
		}
	}
	var found []Family
	for _, pid := range pids {
		var f Family
		for left := []int{pid}; len(left) > 0; left = left[1:] {
			p, err := proc.Proc(left[0])
			switch {
			case len(f) > 0 && errors.Is(err, fs.ErrNotExist): // a child that has ended meanwhile
				continue
			case err != nil:
				return nil, fmt.Errorf("finding process %d: %w", left[0], err)
			}
			f = append(f, p)
			left = append(left, children[p.PID]...)
		}
		found = append(found, f)
	}
	return found, nil
}

// CPU is the processor time that the family has used so far, with that of threads which
// have ended. It is exact, and costs a call for each process: stat counts in ticks of
// 10 ms, in which an idle process does not show, and the nanoseconds of schedstat are
// those of threads which run, to be added up while they come and go.
func (f Family) CPU() (total time.Duration, err error) {
	for _, p := range f {
		var used unix.Timespec
		if err := unix.ClockGettime(clockOf(p.PID), &used); err != nil {
			return 0, fmt.Errorf("reading the processor time of process %d: %w", p.PID, err)
		}
		total += time.Duration(used.Nano())
	}
	return total, nil
}

// clockOf is clock_getcpuclockid(3): the complement of the process's id above three
// bits, of which 2 is the clock that the scheduler keeps.
func clockOf(pid int) int32 { return int32(^pid<<3 | 2) }

// Size is what a family has.
type Size struct {
	RSS, PSS    float64 // bytes
	Descriptors float64
}

// Size is what the family has now.
func (f Family) Size() (total Size, err error) {
	for _, p := range f {
		memory, err := p.ProcSMapsRollup()
		if err != nil {
			return Size{}, fmt.Errorf("reading the memory of process %d: %w", p.PID, err)
		}
		descriptors, err := p.FileDescriptorsLen()
		if err != nil {
			return Size{}, fmt.Errorf("counting the descriptors of process %d: %w", p.PID, err)
		}
		total.RSS += float64(memory.Rss)
		total.PSS += float64(memory.Pss)
		total.Descriptors += float64(descriptors)
	}
	return total, nil
}
