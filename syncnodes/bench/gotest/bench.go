package gotest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

// Plan says how often each benchmark runs, and for how long each time.
type Plan struct {
	Count int
	Time  time.Duration // 0: a second
}

// values are those of one benchmark by their units, which are base units: sec/op, B/s.
type values map[string][]float64

// bench runs those benchmarks of a package that match, and gives their values by name,
// without the Benchmark before it and the number of processors after it.
func bench(ctx context.Context, pkg, pattern string, plan Plan, progress func(format string, args ...any)) (map[string]values, error) {
	b, err := Build(ctx, pkg)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	args := []string{"-test.run=^$", "-test.bench=" + pattern, "-test.timeout=0", "-test.count=" + strconv.Itoa(plan.Count)}
	if plan.Time > 0 {
		args = append(args, "-test.benchtime="+plan.Time.String())
	}
	var printed strings.Builder
	err = b.Run(ctx, args, func(line string) {
		if strings.HasPrefix(line, "Benchmark") {
			progress("%s", strings.Join(strings.Fields(line), " "))
		}
		fmt.Fprintln(&printed, line)
	})
	if err != nil {
		return nil, fmt.Errorf("running the benchmarks %s of %s: %w", pattern, pkg, err)
	}
	return parse(printed.String())
}

// parse reads what go test -bench prints.
func parse(printed string) (map[string]values, error) {
	all := map[string]values{}
	results := benchfmt.NewReader(strings.NewReader(printed), "go test")
	for results.Scan() {
		switch r := results.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, fmt.Errorf("reading benchmarks: %w", r)
		case *benchfmt.Result:
			name := nameOf(r.Name)
			if all[name] == nil {
				all[name] = values{}
			}
			for _, v := range r.Values {
				all[name][v.Unit] = append(all[name][v.Unit], v.Value)
			}
		}
	}
	if err := results.Err(); err != nil {
		return nil, fmt.Errorf("reading benchmarks: %w", err)
	}
	return all, nil
}

func nameOf(name benchfmt.Name) string {
	base, parts := name.Parts()
	whole := string(base)
	for _, part := range parts {
		if part[0] != '-' {
			whole += string(part)
		}
	}
	return whole
}
