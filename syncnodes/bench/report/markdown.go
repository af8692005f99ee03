package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

//go:embed report.md.tmpl
var reportText string

// page is what the template is given.
type page struct {
	*Report
	Title        string
	Short        string // how many of the goals are met
	GoalTable    table
	MachineTable table
	LaterRuns    []laterRun
	OfWhat       string // the figures of one run
	Beside       bool   // there are peers
	Sections     []section
	ServerTable  table
	CallTable    table
	CallVerdicts []string
	MixedTable   table
	MixedNote    string
	MixedTold    []string
	ReadTable    table
	ReadBytes    string
	ReadVerdicts []string
	CrowdTable   table
	Carry        *carry
	SwarmTable   table
	Constancy    *constancy
	LimitsTable  table

	plots map[string]chart
}

// markdown is REPORT.md.
func (r *Report) markdown() ([]byte, error) {
	t, err := template.New("report.md").Funcs(template.FuncMap{
		"wrap": wrap, "count": count, "share": unit(share).text,
	}).Parse(reportText)
	if err != nil {
		return nil, fmt.Errorf("the report's template: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, r.page()); err != nil {
		return nil, fmt.Errorf("the report's template: %w", err)
	}
	return out.Bytes(), nil
}

func (r *Report) page() *page {
	p := &page{
		Report: r, Title: r.title(), Beside: len(r.peers()) > 0, Short: short(r.Goals()), GoalTable: goalTable(r.Goals()), MachineTable: r.Run.table(),
		Sections: r.sections(), ServerTable: r.serverTable(), LimitsTable: r.limitsTable(),
		CallTable: r.callTable(), CallVerdicts: r.callVerdicts(), ReadTable: r.readTable(), ReadVerdicts: r.readVerdicts(),
		MixedTable: r.mixedTable(), MixedNote: r.mixedNote(), MixedTold: r.mixedVerdicts(),
		CrowdTable: r.crowdTable(), SwarmTable: r.swarmTable(), plots: map[string]chart{},
	}
	if len(r.Reads) > 0 {
		p.ReadBytes = unit(size).text(r.Reads[0].Bytes)
	}
	if k, ok := r.carried(); ok {
		p.Carry = &k
	}
	if c, ok := r.steady(); ok {
		p.Constancy = &c
	}
	if len(r.Later) > 0 {
		p.OfWhat = " of a section"
	}
	for _, run := range r.Later {
		p.LaterRuns = append(p.LaterRuns, laterRun{list(run.Parts), run.table()})
	}
	for _, c := range r.charts() {
		if !c.empty() {
			p.plots[c.file] = c
		}
	}
	return p
}

// Plot is the image of that file, nothing where there are no figures for it.
func (p *page) Plot(file string) string {
	c, drawn := p.plots[file]
	if !drawn {
		return ""
	}
	return fmt.Sprintf("![%s](plots/%s)\n\n", c.title, file)
}

// title names the peers.
func (r *Report) title() string {
	there := r.peers()
	if len(there) == 0 {
		return "interconnectd, measured"
	}
	return "interconnectd beside " + list(there)
}

// peers are those of which there is a fleet.
func (r *Report) peers() []string {
	var there []string
	for _, peer := range peers {
		if slices.ContainsFunc(r.Fleets, func(f Fleet) bool { return f.System == peer }) {
			there = append(there, peer)
		}
	}
	return there
}

// short counts the goals that are met, missed and not measured.
func short(goals []Goal) string {
	measured, met := 0, 0
	for _, g := range goals {
		if g.Measured {
			measured++
		}
		if g.Met {
			met++
		}
	}
	if measured == 0 {
		return fmt.Sprintf("None of the %d goals was measured in this run.", len(goals))
	}
	text := fmt.Sprintf("Of %d goals %d are met; not met: %d.", len(goals), met, measured-met)
	if met == measured {
		text = fmt.Sprintf("All %d goals are met.", met)
		if measured < len(goals) {
			text = fmt.Sprintf("Of %d goals %d were measured, and all of those are met.", len(goals), measured)
		}
	} else if measured < len(goals) {
		text = fmt.Sprintf("Of %d goals %d are met; not met: %d, not measured: %d.", len(goals), met, measured-met, len(goals)-measured)
	}
	return text
}

func goalTable(goals []Goal) table {
	t := table{heads: []string{"goal", "ours", "against", "theirs", "ratio", "at most", "verdict"}, words: []int{2, 6}}
	for _, g := range goals {
		verdict := "not measured"
		switch {
		case g.Met:
			verdict = "met"
		case g.Measured:
			verdict = "**not met**"
		}
		t.add(g.Name, g.unit.known(g.Ours), g.Against, g.unit.known(g.Peer), ratio(g.Ours, g.Peer), fraction(g.Part), verdict)
	}
	return t
}

// laterRun is one that parts of a report are of.
type laterRun struct {
	Parts string
	Table table
}

func (r Run) table() table {
	t := table{heads: []string{"machine", ""}, words: []int{1}}
	add := func(name, value string) {
		if value != "" {
			t.add(name, value)
		}
	}
	m := r.Machine
	add("processor", m.CPU)
	if m.Cores > 0 {
		add("cores", count(m.Cores))
	}
	add("memory", unit(size).known(float64(m.Memory)))
	add("kernel", m.Kernel)
	add("system", m.OS)
	for _, name := range slices.Sorted(maps.Keys(m.Versions)) {
		add(name, m.Versions[name])
	}
	if !r.Began.IsZero() {
		add("began", r.Began.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if r.Took > 0 {
		add("took", lasted(r.Took))
	}
	if r.Command != "" {
		add("command", "`"+strings.TrimSpace(r.Command)+"`")
	}
	return t
}
