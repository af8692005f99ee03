package calls

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"interconnectd/syncnodes/bench/report"
)

// Exec is how long the start and the end of a process take that does nothing, in
// seconds: true, of the PATH.
func Exec(ctx context.Context, count int) (report.Sample, error) {
	path, err := exec.LookPath("true")
	if err != nil {
		return nil, fmt.Errorf("measuring the start of a process: %w", err)
	}
	var sample report.Sample
	for range count {
		began := time.Now()
		if err := exec.CommandContext(ctx, path).Run(); err != nil {
			return sample, fmt.Errorf("measuring the start of a process: %w", err)
		}
		sample = append(sample, time.Since(began).Seconds())
	}
	return sample, nil
}
