package child

import (
	"fmt"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// CPU is the processor time that the process has used so far, all its threads together,
// those that have ended too. It is exact: /proc/PID/stat counts in ticks of 10 ms, in
// which an idle process does not show.
func (p *Process) CPU() (time.Duration, error) {
	var used unix.Timespec
	if err := unix.ClockGettime(clockOf(p.PID()), &used); err != nil {
		return 0, fmt.Errorf("reading the processor time of %s: %w", p.name, err)
	}
	return time.Duration(used.Nano()), nil
}

// clockOf is clock_getcpuclockid(3): the complement of the process's id above three
// bits, of which 2 is the clock that the scheduler keeps.
func clockOf(pid int) int32 { return int32(^pid<<3 | 2) }

// RSS is the memory that the process has resident, in bytes.
func (p *Process) RSS() (int64, error) {
	proc, err := procfs.NewProc(p.PID())
	if err != nil {
		return 0, fmt.Errorf("reading the memory of %s: %w", p.name, err)
	}
	rollup, err := proc.ProcSMapsRollup()
	if err != nil {
		return 0, fmt.Errorf("reading the memory of %s: %w", p.name, err)
	}
	return int64(rollup.Rss), nil
}
