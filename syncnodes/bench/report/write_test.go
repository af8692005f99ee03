package report

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden writes a report of all systems, one of ours alone, and one of nothing.
func TestGolden(t *testing.T) {
	for name, change := range map[string]func(*Report){
		"whole": func(*Report) {},
		"alone": func(r *Report) {
			keep(r, func(f Fleet) bool { return f.System == Embedded && f.Nodes == 2 })
			r.Calls, r.Reads, r.Crowds, r.Swarms = r.Calls[:1], r.Reads[:1], nil, r.Swarms[:1]
			r.Mixed, r.Missed = nil, []string{"Erlang/OTP: there is no erl", "Serf: there is no serf"}
		},
		"empty": func(r *Report) { *r = Report{} },
	} {
		t.Run(name, func(t *testing.T) {
			r := example(t)
			change(r)
			got := written(t, r)["REPORT.md"]
			golden := filepath.Join("testdata", name+".md.golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAgain has a report written from its own JSON: the same bytes, plots with them.
func TestAgain(t *testing.T) {
	dir := t.TempDir()
	if err := example(t).Write(dir); err != nil {
		t.Fatal(err)
	}
	first := files(t, dir)
	r, err := Load(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, files(t, dir)); diff != "" {
		t.Error(diff)
	}
	if len(first) != 2+len(r.charts()) {
		t.Errorf("%d files, want all %d plots beside REPORT.md and report.json", len(first), len(r.charts()))
	}
}

// lacking are reports in which something is missing, or odd.
var lacking = map[string]func(*Report){
	"nothing":         func(r *Report) { *r = Report{} },
	"no peers":        func(r *Report) { keep(r, func(f Fleet) bool { return f.System != OTP && f.System != Serf }) },
	"no Serf":         func(r *Report) { keep(r, func(f Fleet) bool { return f.System != Serf }) },
	"only peers":      func(r *Report) { keep(r, func(f Fleet) bool { return f.System == OTP || f.System == Serf }) },
	"two nodes":       func(r *Report) { keep(r, func(f Fleet) bool { return f.Nodes == 2 }) },
	"ours of 2 only":  func(r *Report) { keep(r, func(f Fleet) bool { return (f.System == Embedded) == (f.Nodes == 2) }) },
	"no limits":       func(r *Report) { r.Limits = Limits{} },
	"no cores":        func(r *Report) { r.Machine = Machine{} },
	"no growth":       func(r *Report) { r.Crowds, r.Swarms = nil, nil },
	"no calls":        func(r *Report) { r.Calls, r.Reads = nil, nil },
	"crowd of none":   func(r *Report) { r.Crowds = []Crowd{{}} },
	"crowd of one":    func(r *Report) { r.Crowds = []Crowd{{Nodes: 1, CPU: 0.1, ServerCPU: 2}} },
	"no server's CPU": func(r *Report) { r.Crowds = []Crowd{{Nodes: 10, CPU: 0.1}} },
	"swarm of one":    func(r *Report) { r.Swarms = []Swarm{{Nodes: 1, Messages: 4}} },
	"no mixed":        func(r *Report) { r.Mixed = nil },
	"one pair":        func(r *Report) { r.Mixed = r.Mixed[2:] },
	"empty pairs":     func(r *Report) { r.Mixed = []Pair{{Name: PairOTP}, {Name: PairOurs}} },
	"later":           func(r *Report) { r.Add(&Report{Run: Run{Command: "again"}, Mixed: r.Mixed}) },
	"later, of none":  func(r *Report) { r.Add(&Report{}) },
	"read at once":    func(r *Report) { r.Reads[0].Time = Sample{0} },
	"zeros": func(r *Report) {
		for i := range r.Fleets {
			f := &r.Fleets[i]
			zero := Notices{Sample{0}, Sample{0}}
			r.Fleets[i] = Fleet{
				System: f.System, Nodes: f.Nodes, FullView: Sample{0, 0}, Ready: Sample{0, 0.1}, Kill: zero, Hang: zero, Stop: zero,
				RSS: Sample{0}, PSS: Sample{0}, Descriptors: Sample{0}, CPU: Sample{0, 0.1, 0.2}, Server: &Server{},
			}
		}
	},
}

func TestLacking(t *testing.T) {
	// Figures that are none, and Markdown that would not show as it should.
	odd := regexp.MustCompile(`NaN|Inf|%!|<no value>|<nil>| \n|\n\n\n|[^\n]\n(#|!)|\n\n$`)
	for name, change := range lacking {
		t.Run(name, func(t *testing.T) {
			r := example(t)
			change(r)
			all := written(t, r)
			text := all["REPORT.md"]
			if found := odd.FindString(text); found != "" {
				t.Errorf("%q is in\n%s", found, text)
			}
			for _, image := range regexp.MustCompile(`\]\((plots/[^)]*)\)`).FindAllStringSubmatch(text, -1) {
				if all[image[1]] == "" {
					t.Errorf("%s is shown, and is not there", image[1])
				}
			}
			for path, text := range all {
				if strings.HasSuffix(path, ".svg") {
					checkSVG(t, path, text)
				}
			}
		})
	}
}

// TestPlots holds that all are whole SVGs, with fonts that everybody has.
func TestPlots(t *testing.T) {
	for path, text := range written(t, example(t)) {
		if strings.HasSuffix(path, ".svg") {
			checkSVG(t, path, text)
		}
	}
}

func checkSVG(t *testing.T, path, text string) {
	t.Helper()
	decoder, texts := xml.NewDecoder(strings.NewReader(text)), 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if e, is := token.(xml.StartElement); is && e.Name.Local == "text" {
			texts++
		}
	}
	if texts < 3 || texts != strings.Count(text, fonts) || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("%s has %d texts, %d of them in %s:\n%s", path, texts, strings.Count(text, fonts), fonts, text)
	}
}

// TestAdd takes what a later run has, and tells what is of it; the rest stays.
func TestAdd(t *testing.T) {
	r, before := example(t), example(t)
	later := &Report{
		Run:    Run{Command: "go run ./syncnodes/bench -only mixed", Took: 30},
		Limits: Limits{Exec: Sample{1}, Stretch: Sample{2}},
		Mixed:  []Pair{{Name: PairOTP, Count: 1}},
		Missed: []string{"calls: no server"},
	}
	r.Add(later)
	want := before
	want.Mixed, want.Limits.Exec, want.Limits.Stretch = later.Mixed, Sample{1}, Sample{2}
	want.Missed = append(want.Missed, "calls: no server")
	run := later.Run
	run.Parts = []string{"mixed", "limits"}
	want.Later = []Run{run}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	text := written(t, r)["REPORT.md"]
	for _, want := range []string{"All figures of a section are of one run", "Of a later run: mixed and limits.", "`go run ./syncnodes/bench -only mixed`"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// TestStalePlot has a plot of an earlier report go, for which there are no figures now.
func TestStalePlot(t *testing.T) {
	dir, r := t.TempDir(), example(t)
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	r.Crowds = nil
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	all := files(t, dir)
	if _, there := all["plots/crowd.svg"]; there || all["plots/kill.svg"] == "" {
		t.Errorf("crowd.svg is there: %v; kill.svg has %d bytes", there, len(all["plots/kill.svg"]))
	}
}

func TestWriteFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := t.TempDir()
	if err := os.MkdirAll(filepath.Join(taken, "REPORT.md", "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	infinite := example(t)
	infinite.Took = math.Inf(1)
	for name, c := range map[string]struct {
		dir  string
		r    *Report
		says string
	}{
		"no folder":       {file, example(t), file},
		"in the way":      {taken, example(t), "REPORT.md"},
		"nothing of JSON": {t.TempDir(), infinite, "+Inf"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.r.Write(c.dir)
			if err == nil || !strings.HasPrefix(err.Error(), "writing the report: ") || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to tell %s", err, c.says)
			}
		})
	}
	for path := range files(t, taken) {
		if strings.HasPrefix(filepath.Base(path), ".") {
			t.Errorf("%s was left", path)
		}
	}
}

func TestLoadFails(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(broken); err == nil || !strings.Contains(err.Error(), "broken.json") {
		t.Errorf("got %v of a broken file, want its name", err)
	}
	if _, err := Load(broken + ".no"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v of no file", err)
	}
}

func example(t *testing.T) *Report {
	t.Helper()
	r, err := Load(filepath.Join("testdata", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// keep keeps the fleets that wanted says.
func keep(r *Report, wanted func(Fleet) bool) {
	var kept []Fleet
	for _, f := range r.Fleets {
		if wanted(f) {
			kept = append(kept, f)
		}
	}
	r.Fleets = kept
}

// written is all that Write writes, by path.
func written(t *testing.T, r *Report) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new")
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	return files(t, dir)
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir+"/")] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
