package configs

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "interconnectd.schema.json"

// The schema in git is what the table gives: go generate ./configs.
func TestSettingsSchema(t *testing.T) {
	got, err := SettingsSchema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not what the settings give, run go generate (-file +settings):\n%s", schemaFile, diff)
	}
}

// settingsSchema is the schema as an editor would load it.
func settingsSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := SettingsSchema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4) // the schema says itself which one it is
	if err := c.AddResource(schemaFile, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// jsonOf is YAML as a schema sees it.
func jsonOf(text []byte) (any, error) {
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(asJSON)) == 0 {
		asJSON = []byte("null")
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
}

// validate holds a text of settings against the schema.
func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	value, err := jsonOf([]byte(text))
	if err != nil {
		t.Fatalf("%q as JSON: %v", text, err)
	}
	return s.Validate(value)
}

// checkSettings runs Check on a file with the given settings.
func checkSettings(t *testing.T, text string, args ...string) (*Config, Problems) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in := input(t, append([]string{"-settings", path}, args...)...)
	in.Getenv = env(map[string]string{"HOME": "/nonexistent"})
	return Check(in)
}

// What the schema says of the settings in the golden archives is what Check
// says, but for what only Check looks at.
func TestSchemaAgreesWithCheck(t *testing.T) {
	onlyCheck := []string{
		"settings-bounds", "settings-detector", "settings-external", "settings-timeout", "settings-ticktime", // bounds, and what must fit
		"settings-log-file", "settings-hooks-bounds",
		"settings-documents", "settings-syntax", "settings-twice", "settings-hooks-star", // no JSON at all
		"settings-per-node-twice",
	}
	s := settingsSchema(t)
	archives, err := filepath.Glob("testdata/settings*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		if slices.Contains(onlyCheck, strings.TrimSuffix(filepath.Base(path), ".txtar")) {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, files, _ := strings.Cut(string(text), ".yaml --\n")
			settings, _, _ := strings.Cut(files, "-- ")
			_, problems := checkSettings(t, settings)
			if err := validate(t, s, settings); (err == nil) != (problems.Err() == nil) {
				t.Errorf("the schema says %v, Check says\n%s", err, problems.Render())
			}
		})
	}
}

// Each thing that is wrong is so to the schema as well.
func TestSchemaRefuses(t *testing.T) {
	s := settingsSchema(t)
	for _, text := range []string{
		"buss: {}", "bus: {urls: [http://a]}", "bus: {urls: [nats://u:p@a]}", "bus: {urls: nats://a}", "bus: {cluster: 7}",
		"bus: {cluster: a b}", "bus: default", "node: {name: a}", "node: {name: [a@h]}", "log: {level: loud}", "log: {level: 3}",
		"detector: {interval: 250}", "detector: {interval: 250 ms}", "detector: {timeout: -3s}", "cookie: {file: ''}",
		"cookie: {per_node: [{node: a@h}]}", "cookie: {per_node: [{node: a@h, file: f, mode: 400}]}", "cookie: {per_node: {a@h: f}}", "- a",
		"log: {format: xml}", "log: {file: ''}", "journal: {keep: 999}", "journal: {keep: 1}", "journal: {keep: -1}", "journal: {keep: 10000001}",
		"journal: {keep: 1000.5}", "journal: {keep: '5000'}", "journal: {keep: 1e5}", "journal: {keep: !!str 5000}", "journal: {keep: true}", "journal: {path: 3}",
		"bus: {publish_events: yes}", "bus: {publish_events: 'true'}", "bus: {publish_events: 1}", "bus: {publish_events: !!str true}",
		"erlang: true", "erlang: {distribution: on}", "erlang: {listen: localhost}", "erlang: {listen: ''}", "erlang: {listen: 4369}", "erlang: {epmd: 4369}",
		"erlang: {epmd: '127.0.0.1'}", "erlang: {epmd: ':4369'}", "erlang: {allow: 'app@h'}", "erlang: {allow: []}", "erlang: {allow: ['']}", "erlang: {allow: ['a b']}",
		"hooks: {name: a, run: [sh]}", "hooks: [{name: a}]", "hooks: [{run: [sh]}]", "hooks: [{name: a b, run: [sh]}]", "hooks: [{name: a, run: sh}]",
		"hooks: [{name: a, run: []}]", "hooks: [{name: a, run: [sleep, 5]}]", "hooks: [{name: a, run: [sh], on: []}]", "hooks: [{name: a, run: [sh], on: [up]}]",
		"hooks: [{name: a, run: [sh], on: [nodeup, nodeup]}]", "hooks: [{name: a, run: [sh], nodes: []}]", "hooks: [{name: a, run: [sh], nodes: ['']}]",
		"hooks: [{name: a, run: [sh], timeout: 5}]", "hooks: [null]",
	} {
		if err := validate(t, s, text); err == nil {
			t.Errorf("the schema accepts %s", text)
		}
		if _, problems := checkSettings(t, text); problems.Err() == nil {
			t.Errorf("Check accepts %s", text)
		}
	}
}

// uncommented are the shipped settings with the comments before their keys
// taken away.
func uncommented(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("interconnectd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	if first != "# yaml-language-server: $schema="+schemaFile {
		t.Errorf("the first line is %q", first)
	}
	var live strings.Builder
	for line := range strings.Lines(rest) {
		switch {
		case strings.HasPrefix(line, "##"), line == "\n":
		case strings.HasPrefix(line, "#"):
			live.WriteString(line[1:])
		default:
			t.Errorf("a line that is no comment: %s", line)
		}
	}
	return live.String()
}

// The shipped settings show every key there is, in the table's order, with its
// default, and say all that the schema accepts.
func TestShippedSettings(t *testing.T) {
	live := uncommented(t)
	cfg, problems := checkSettings(t, live)
	for _, p := range problems { // of the ways to be known by the servers there can be one
		if p.Severity == Error && !strings.Contains(p.Msg, "want one way to be known by the servers") {
			t.Errorf("problem:\n%s", p.Render())
		}
	}
	if err := validate(t, settingsSchema(t), live); err != nil {
		t.Errorf("the schema refuses them: %v", err)
	}
	var keys, sections []string
	for line := range strings.Lines(live) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
		sections = append(sections[:depth], name)
		if value != "" {
			keys = append(keys, strings.Join(sections, "."))
		}
	}
	if diff := cmp.Diff(mappingSchema(settingsFields()).Properties.paths(), keys); diff != "" {
		t.Errorf("the documented keys are not those there are (-want +got):\n%s", diff)
	}
	want := Default().Effective(fingerprint)
	for _, s := range cfg.Effective(fingerprint) {
		i := slices.IndexFunc(want, func(w Setting) bool { return w.Name == s.Name })
		example := slices.Contains([]string{"name", "http.listen", "log.file", "journal.path"}, s.Name) || slices.ContainsFunc(authSettings, func(a authSetting) bool { return a.path == s.Name })
		if !example && (i < 0 || want[i].Value != s.Value) {
			t.Errorf("documented as default: %s", s)
		}
		if slices.Contains(keys, s.Name) && s.Origin == defaultOrigin {
			t.Errorf("%s was not read", s.Name)
		}
	}
}

// What stands first in the shipped file is true as well: it is as good as none.
func TestShippedSettingsAreAllComments(t *testing.T) {
	text, err := os.ReadFile("interconnectd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cfg, problems := checkSettings(t, string(text))
	if problems.Err() != nil {
		t.Errorf("problems:\n%s", problems.Render())
	}
	if diff := cmp.Diff(Default().Effective(fingerprint), cfg.Effective(fingerprint)); diff != "" {
		t.Errorf("Effective (-default +got):\n%s", diff)
	}
	if err := validate(t, settingsSchema(t), string(text)); err != nil {
		t.Error(err)
	}
}

func TestShortDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 250 * time.Millisecond: "250ms", 3 * time.Second: "3s", time.Minute: "1m",
		90 * time.Second: "1m30s", time.Hour: "1h", time.Hour + time.Second: "1h0m1s", 20 * time.Minute: "20m", 30 * time.Hour: "30h",
	} {
		if got := shortDuration(d); got != want {
			t.Errorf("shortDuration(%v) = %q, want %q", d, got, want)
		}
		if back, err := time.ParseDuration(shortDuration(d)); err != nil || back != d {
			t.Errorf("%q is read as %v (%v), want %v", shortDuration(d), back, err, d)
		}
	}
}

// Numbers and truths are taken where all readers of YAML take them for the same.
func TestNumbersAndTruths(t *testing.T) {
	const number, truth = "want a whole number, got ", "want true or false, got "
	for _, tt := range []struct{ text, want, hint string }{
		{text: "journal: {keep: 0}"},
		{text: "journal: {keep: 1000}"},
		{text: "journal: {keep: 10000000}"},
		{text: "journal: {keep: &n !!int 2000}"},
		{text: "journal: {keep: }"},
		{"journal: {keep: 1e5}", number + `"1e5"`, "write 100000"},
		{"journal: {keep: 100_000}", number + `"100_000"`, "write 100000"},
		{"journal: {keep: '5000'}", number + `"5000"`, "write 5000"},
		{"journal: {keep: !!str 5000}", number + `"5000"`, "write 5000"},
		{"journal: {keep: +5000}", number + `"+5000"`, "write 5000"},
		{"journal: {keep: 05000}", number + `"05000"`, "write 5000"},
		{"journal: {keep: 5000.0}", number + `"5000.0"`, "write 5000"},
		{"journal: {keep: 5000.5}", number + `"5000.5"`, ""},
		{"journal: {keep: 0x1000}", number + `"0x1000"`, ""},
		{"journal: {keep: .inf}", number + `".inf"`, ""},
		{"journal: {keep: many}", number + `"many"`, ""},
		{"journal: {keep: [5000]}", number + "a list", ""},
		{"journal: {keep: 99999999999999999999}", `"99999999999999999999" is too large`, ""},
		{"journal: {keep: -5}", "want 0 or at least 1000, got -5: " + keepBounds.whyLeast, ""},
		{"journal: {keep: 10000001}", "want at most 10000000, got 10000001: " + keepBounds.whyMost, ""},
		{text: "bus: {publish_events: false}"},
		{text: "bus: {publish_events: !!bool FALSE}"},
		{"bus: {publish_events: off}", truth + `"off"`, "write false"},
		{"bus: {publish_events: 'true'}", truth + `"true"`, "write true"},
		{"bus: {publish_events: !!str true}", truth + `"true"`, "write true"},
		{"bus: {publish_events: 1}", truth + `"1"`, "write true"},
		{"bus: {publish_events: maybe}", truth + `"maybe"`, ""},
		{"bus: {publish_events: {}}", truth + "keys with values", ""},
	} {
		_, problems := checkSettings(t, tt.text)
		var got, hint string
		if len(problems) > 0 {
			_, got, _ = strings.Cut(problems[0].Msg, ": ")
			hint = problems[0].Hint
		}
		if got != tt.want || hint != tt.hint || len(problems) > 1 {
			t.Errorf("%s: %q with the hint %q, want %q with %q", tt.text, got, hint, tt.want, tt.hint)
		}
	}
}

// A file of settings that all nodes share may have an entry for each.
func TestNodeCookieOfTheNodeItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cookie")
	if err := os.WriteFile(path, []byte("another"), 0o400); err != nil {
		t.Fatal(err)
	}
	text := "cookie: {per_node: [{node: b@10.0.0.9, file: PATH}, {node: a@10.0.0.9, file: PATH}, {node: c@10.0.0.9, file: PATH}]}"
	cfg, problems := checkSettings(t, strings.ReplaceAll(text, "PATH", path), "-name", "b@10.0.0.9")
	if problems.Err() != nil {
		t.Errorf("problems:\n%s", problems.Render())
	}
	var got []string
	for _, c := range cfg.NodeCookies {
		got = append(got, string(c.Node)+" "+c.Cookie.Reveal())
	}
	if diff := cmp.Diff([]string{"a@10.0.0.9 another", "c@10.0.0.9 another"}, got); diff != "" {
		t.Errorf("NodeCookies (-want +got):\n%s", diff)
	}
}
