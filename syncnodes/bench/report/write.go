package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Load reads a report.json that [Report.Write] wrote.
func Load(path string) (*Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a report: %w", err)
	}
	r := new(Report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("reading a report: %s: %w", path, err)
	}
	return r, nil
}

// Add takes what was measured in a later run in place of what there was of those parts.
// What was missed before stays said.
func (r *Report) Add(later *Report) {
	run := later.Run
	add(&run, "fleets", &r.Fleets, later.Fleets)
	add(&run, "calls", &r.Calls, later.Calls)
	add(&run, "mixed", &r.Mixed, later.Mixed)
	add(&run, "reads", &r.Reads, later.Reads)
	add(&run, "crowds", &r.Crowds, later.Crowds)
	add(&run, "swarms", &r.Swarms, later.Swarms)
	add(&run, "limits", &r.Limits.RoundTrip, later.Limits.RoundTrip)
	add(&run, "limits", &r.Limits.Exec, later.Limits.Exec)
	add(&run, "limits", &r.Limits.Handshake, later.Limits.Handshake)
	add(&run, "limits", &r.Limits.Stretch, later.Limits.Stretch)
	run.Parts = slices.Compact(run.Parts)
	r.Missed = append(r.Missed, later.Missed...)
	if len(run.Parts) > 0 {
		r.Later = append(r.Later, run)
	}
}

// add takes a part of a run that was measured in it.
func add[S ~[]T, T any](run *Run, part string, ours *S, theirs S) {
	if len(theirs) > 0 {
		*ours, run.Parts = theirs, append(run.Parts, part)
	}
}

// Write writes REPORT.md, report.json and plots/*.svg into dir, which it makes where it is
// missing. Each file is replaced as a whole; plots of an earlier report for which this
// one has no figures are removed. The JSON is written first: the rest can be made of it.
func (r *Report) Write(dir string) error {
	if err := r.write(dir); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (r *Report) write(dir string) error {
	plots := filepath.Join(dir, "plots")
	if err := os.MkdirAll(plots, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(filepath.Join(dir, "report.json"), append(data, '\n')); err != nil {
		return err
	}
	for _, c := range r.charts() {
		path := filepath.Join(plots, c.file)
		if c.empty() {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		svg, err := c.svg()
		if err != nil {
			return fmt.Errorf("drawing %s: %w", c.file, err)
		}
		if err := replace(path, svg); err != nil {
			return err
		}
	}
	text, err := r.markdown()
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, "REPORT.md"), text)
}

// replace gives a file another content, or leaves it as it is.
func replace(path string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // gone already when all went well
	_, err = temp.Write(content)
	if err == nil {
		err = temp.Chmod(0o644)
	}
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
