package configs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"interconnectd/erlterm/required"
)

const (
	rulesFile     = "prometheus-rules.yaml"
	rulesTestFile = "prometheus-rules.test.yaml"
	dashboardFile = "grafana-dashboard.json"
	scrapeFile    = "../observer/metrics/testdata/metrics.golden"
)

// foreign are metrics of others that the files use: Prometheus's own, and those of
// each Go program, which the tests of observer/metrics look for.
var foreign = []string{
	"up", "ALERTS", "go_goroutines", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds",
}

type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(read(t, rulesFile), &file); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("no alerts")
	}
	return all
}

type panel struct {
	ID          int         `json:"id"`
	Type        string      `json:"type"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Datasource  *datasource `json:"datasource"`
	Grid        struct {
		X, Y, W, H int
	} `json:"gridPos"`
	Targets []struct {
		Datasource *datasource `json:"datasource"`
		Expr       string      `json:"expr"`
	} `json:"targets"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type dashboard struct {
	Title         string `json:"title"`
	SchemaVersion int    `json:"schemaVersion"`
	Templating    struct {
		List []struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(read(t, dashboardFile), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// expressions are those of all panels, as Prometheus gets them.
func (d dashboard) expressions() []string {
	var all []string
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			expr := strings.ReplaceAll(target.Expr, "$__rate_interval", "1m")
			all = append(all, strings.ReplaceAll(expr, "$instance", ".+"))
		}
	}
	return all
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// promtool runs it in this folder.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	required.Programs(t, "promtool")
	if out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestRulesByPromtool(t *testing.T) {
	promtool(t, "check", "rules", rulesFile)
	promtool(t, "test", "rules", rulesTestFile)
}

// The expressions of the dashboard are checked as if they were rules.
func TestDashboardByPromtool(t *testing.T) {
	type rule struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var rules []rule
	for i, expr := range readDashboard(t).expressions() {
		rules = append(rules, rule{fmt.Sprintf("panel:%d", i), expr})
	}
	data, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

// Each alert says how bad it is and what to do, and is tested both ways.
func TestAlerts(t *testing.T) {
	var file struct {
		Tests []struct {
			Checks []struct {
				Expr    string `yaml:"expr"`
				Samples []any  `yaml:"exp_samples"`
			} `yaml:"promql_expr_test"`
		} `yaml:"tests"`
	}
	if err := yaml.Unmarshal(read(t, rulesTestFile), &file); err != nil {
		t.Fatal(err)
	}
	fires, silent := make(map[string]bool), make(map[string]bool)
	for _, test := range file.Tests {
		for _, check := range test.Checks {
			fires[check.Expr] = fires[check.Expr] || len(check.Samples) > 0
			silent[check.Expr] = silent[check.Expr] || len(check.Samples) == 0
		}
	}
	for _, a := range alerts(t) {
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" {
			t.Errorf("%s: no summary, or no description", a.Alert)
		}
		if severity := a.Labels["severity"]; severity != "critical" && severity != "warning" {
			t.Errorf("%s: severity %q", a.Alert, severity)
		}
		expr := fmt.Sprintf(`ALERTS{alertname=%q, alertstate="firing"}`, a.Alert)
		if !fires[expr] || !silent[expr] {
			t.Errorf("%s: tested to fire %v, and not to fire %v", a.Alert, fires[expr], silent[expr])
		}
	}
}

func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	if d.Title == "" || d.SchemaVersion < 39 {
		t.Errorf("title %q, schema version %d", d.Title, d.SchemaVersion)
	}
	variables := make(map[string]string)
	for _, v := range d.Templating.List {
		variables[v.Name] = v.Type
	}
	if want := map[string]string{"DS_PROMETHEUS": "datasource", "instance": "query"}; !maps.Equal(variables, want) {
		t.Errorf("variables %v, want %v", variables, want)
	}
	ids, taken := make(map[int]bool), make(map[[2]int]string)
	for _, p := range d.Panels {
		if p.Title == "" || ids[p.ID] {
			t.Errorf("panel %d, %q: no title, or an id that another one has", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.Grid.X; x < p.Grid.X+p.Grid.W; x++ {
			for y := p.Grid.Y; y < p.Grid.Y+p.Grid.H; y++ {
				if other, full := taken[[2]int{x, y}]; full || x >= 24 {
					t.Fatalf("%q does not fit: at %d,%d is %q", p.Title, x, y, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" {
			checkPanel(t, p)
		}
	}
}

func checkPanel(t *testing.T, p panel) {
	t.Helper()
	want := datasource{Type: "prometheus", UID: "${DS_PROMETHEUS}"}
	if p.Description == "" || len(p.Targets) == 0 || p.Datasource == nil || *p.Datasource != want {
		t.Errorf("%q: no description, no target, or another datasource: %v", p.Title, p.Datasource)
	}
	for _, target := range p.Targets {
		if target.Datasource == nil || *target.Datasource != want || !strings.Contains(target.Expr, `instance=~"$instance"`) {
			t.Errorf("%q: a target with another datasource or without the instance: %s", p.Title, target.Expr)
		}
	}
}

// TestMetricsExist looks for each metric that the files use, and each label that they
// ask for, in what a daemon gives.
func TestMetricsExist(t *testing.T) {
	scrape := string(read(t, scrapeFile))
	names := slices.Clone(foreign)
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(scrape, -1) {
		if names = append(names, m[1]); m[2] == "histogram" {
			names = append(names, m[1]+"_bucket", m[1]+"_sum", m[1]+"_count")
		}
	}
	expressions := readDashboard(t).expressions()
	for _, a := range alerts(t) {
		expressions = append(expressions, a.Expr)
	}
	for _, expr := range expressions {
		for _, name := range metricNames(expr) {
			if !slices.Contains(names, name) {
				t.Errorf("there is no %s: %s", name, expr)
			}
		}
		for _, m := range regexp.MustCompile(`(interconnect_\w+)\{([^}]*)\}`).FindAllStringSubmatch(expr, -1) {
			for _, label := range regexp.MustCompile(`(\w+)!?="([^"]*)"`).FindAllStringSubmatch(m[2], -1) {
				want := fmt.Sprintf(`(?m)^%s\{.*\b%s="%s"`, m[1], label[1], label[2])
				if !regexp.MustCompile(want).MatchString(scrape) {
					t.Errorf("no %s has %s=%q: %s", m[1], label[1], label[2], expr)
				}
			}
		}
	}
	for _, name := range regexp.MustCompile(`interconnect_\w+`).FindAllString(string(read(t, rulesFile)), -1) {
		if !slices.Contains(names, name) {
			t.Errorf("%s names a metric %s that there is not", rulesFile, name)
		}
	}
}

var (
	notNames = regexp.MustCompile(`"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b\w+\s+(by|without)\s*\([^)]*\)|\b\d[\w.]*|\w+\s*\(|\b(and|or|unless|offset)\b`)
	aName    = regexp.MustCompile(`[A-Za-z_:][\w:]*`)
)

// metricNames is what is left of an expression without its selectors, ranges,
// groups, numbers, functions and operators.
func metricNames(expr string) []string {
	return aName.FindAllString(notNames.ReplaceAllString(expr, " "), -1)
}

func TestMetricNames(t *testing.T) {
	for expr, want := range map[string][]string{
		`up{job="x"} == 0`: {"up"},
		`sum by (le) (rate(a_bucket{x=~"y"}[5m] offset 1h)) / on_total > 1e9`: {"a_bucket", "on_total"},
		`histogram_quantile(0.9, a:b) or vector(0)`:                           {"a:b"},
	} {
		if got := metricNames(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", expr, got, want)
		}
	}
}
