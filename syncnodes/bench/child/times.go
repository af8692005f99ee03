package child

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"time"
)

// WriteTimes makes calls, one after the other, and writes how long each took when all are
// done: a line each, in nanoseconds, as Times reads them.
func WriteTimes(out io.Writer, count int, call func() error) error {
	times := make([]time.Duration, count)
	for i := range times {
		began := time.Now()
		if err := call(); err != nil {
			return fmt.Errorf("call %d: %w", i, err)
		}
		times[i] = time.Since(began)
	}
	lines := bufio.NewWriter(out)
	for _, t := range times {
		fmt.Fprintln(lines, t.Nanoseconds())
	}
	return lines.Flush()
}

// Times reads as many times as it prints, of WriteTimes or the like, and gives them in seconds.
func (p *Process) Times(count int) ([]float64, error) {
	times := make([]float64, count)
	for i := range times {
		line, err := p.Line()
		if err != nil {
			return nil, fmt.Errorf("reading time %d of %d: %w", i+1, count, err)
		}
		ns, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading time %d of %d: %w", i+1, count, err)
		}
		times[i] = time.Duration(ns).Seconds()
	}
	return times, nil
}
