package configs

import (
	"slices"
	"strings"
	"testing"
)

// TestSettingKeys: the list has every key that the reader knows, each with what people
// need to know.
func TestSettingKeys(t *testing.T) {
	var got []string
	for _, k := range SettingKeys() {
		if !strings.HasSuffix(k.About, ".") {
			t.Errorf("%s: it is told %q", k.Path, k.About)
		}
		if k.Type != "" && !strings.Contains(k.Path, "[]") {
			got = append(got, k.Path)
		}
		if k.Type != "" && k.Default == "" && k.Example == "" {
			t.Errorf("%s has neither a default nor an example", k.Path)
		}
	}
	if want := mappingSchema(settingsFields()).Properties.paths(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSettingKeyWords(t *testing.T) {
	keys := map[string]SettingKey{}
	for _, k := range SettingKeys() {
		k.About = ""
		keys[k.Path] = k
	}
	for _, want := range []SettingKey{
		{Path: "bus"},
		{Path: "bus.cluster", Type: "a text", Default: "default"},
		{Path: "bus.urls", Type: "a list of texts", Default: "[]", Example: `["nats://10.0.0.1:4222"]`},
		{Path: "bus.tls.ca_file", Type: "a text", Example: "/etc/interconnectd/ca.pem"},
		{Path: "detector.interval", Type: "a duration, such as 250ms or 3s", Default: "250ms"},
		{Path: "log.format", Type: "auto, text, json or journal", Default: "auto"},
		{Path: "journal.keep", Type: "a whole number", Default: "100000"},
		{Path: "hooks", Type: "a list of mappings", Default: "[]"},
		{Path: "hooks[].name", Type: "a text", Example: "page", Required: true},
		{Path: "hooks[].on", Type: "a list of nodeup or nodedown", Default: `["nodeup", "nodedown"]`},
	} {
		if got := keys[want.Path]; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
