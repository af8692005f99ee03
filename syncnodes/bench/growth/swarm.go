package growth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"interconnectd/syncnodes/bench/gotest"
	"interconnectd/syncnodes/bench/report"
)

// Swarms runs the simulation of package membership for each of the sizes, by its test
// TestSwarm. 10,000 nodes take some 1.7 GB of memory. With an error come the swarms that
// were measured before it.
func Swarms(ctx context.Context, sizes []int, progress func(format string, args ...any)) ([]report.Swarm, error) {
	tests, err := gotest.Build(ctx, "interconnectd/syncnodes/membership")
	if err != nil {
		return nil, err
	}
	defer tests.Close()
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, fmt.Errorf("measuring swarms: %w", err)
	}
	defer os.RemoveAll(dir)
	figures := filepath.Join(dir, "swarms.json")
	if err := os.WriteFile(figures, nil, 0o600); err != nil {
		return nil, fmt.Errorf("measuring swarms: %w", err)
	}
	words := make([]string, len(sizes))
	for i, size := range sizes {
		words[i] = strconv.Itoa(size)
	}
	args := []string{"-test.run=^TestSwarm$", "-test.v", "-test.timeout=0", "-swarm", strings.Join(words, ","), "-swarm-json", figures}
	ran := tests.Run(ctx, args, func(line string) {
		if _, told, ok := strings.Cut(line, ".go:"); ok { // FILE.go:LINE: what it tells
			_, told, _ = strings.Cut(told, ": ")
			progress("swarm: %s", told)
		}
	})
	if ran != nil {
		ran = fmt.Errorf("measuring swarms: %w", ran)
	}
	swarms, err := readSwarms(figures)
	return swarms, errors.Join(ran, err)
}

// readSwarms reads what TestSwarm writes: a line for each swarm, as report.Swarm has it.
func readSwarms(path string) (swarms []report.Swarm, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the figures of swarms: %w", err)
	}
	lines := json.NewDecoder(bytes.NewReader(data))
	lines.DisallowUnknownFields()
	for {
		var s report.Swarm
		err := lines.Decode(&s)
		switch {
		case errors.Is(err, io.EOF):
			return swarms, nil
		case err != nil:
			return swarms, fmt.Errorf("reading the figures of swarms: %w", err)
		}
		swarms = append(swarms, s)
	}
}
