package configs

import (
	"bytes"
	"encoding/json"
	"fmt"
)

//go:generate go test -run ^TestSettingsSchema$ . -update

// schema is as much of JSON Schema, draft 2020-12, as the settings need.
type schema struct {
	Dialect     string     `json:"$schema,omitempty"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Type        any        `json:"type,omitempty"` // a name, or several
	Enum        []any      `json:"enum,omitempty"`
	AnyOf       []schema   `json:"anyOf,omitempty"`
	Minimum     any        `json:"minimum,omitempty"` // a number
	Maximum     any        `json:"maximum,omitempty"`
	Pattern     string     `json:"pattern,omitempty"`
	Default     any        `json:"default,omitempty"`
	Examples    []any      `json:"examples,omitempty"`
	Items       *schema    `json:"items,omitempty"`
	MinItems    int        `json:"minItems,omitempty"`
	Unique      bool       `json:"uniqueItems,omitempty"`
	Properties  properties `json:"properties,omitempty"`
	Required    []string   `json:"required,omitempty"`
	Additional  *bool      `json:"additionalProperties,omitempty"`
}

// properties are the keys of a mapping in the order of the documentation.
type properties []property

type property struct {
	name   string
	schema schema
}

// MarshalJSON is an object that keeps the order.
func (ps properties) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, p := range ps {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := plainJSON(p.name)
		if err != nil {
			return nil, err
		}
		value, err := plainJSON(p.schema)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

// names are the keys.
func (ps properties) names() []string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.name
	}
	return names
}

// paths are the dotted names of all keys that hold a value, in order.
func (ps properties) paths() []string {
	var paths []string
	for _, p := range ps {
		if p.schema.Properties == nil {
			paths = append(paths, p.name)
		}
		for _, below := range p.schema.Properties.paths() {
			paths = append(paths, p.name+"."+below)
		}
	}
	return paths
}

// mappingSchema is the schema of a mapping with no other keys than fields. A
// key without a value, null to JSON, is as good as none.
func mappingSchema[T any](fields []field[T]) schema {
	no := false
	m := schema{Type: "object", Additional: &no}
	for _, f := range fields {
		value := f.schema
		if f.required {
			m.Required = append(m.Required, f.name)
		} else {
			value.Type = []any{value.Type, "null"}
			if value.Enum != nil {
				value.Enum = append(append([]any(nil), value.Enum...), nil)
			}
		}
		m.Properties = append(m.Properties, property{f.name, value})
	}
	return m
}

// SettingsSchema is the JSON Schema (draft 2020-12) of interconnectd.yaml, for
// editors: configs/interconnectd.schema.json. Bounds of durations, and what a
// name, a URL or a pattern may be in detail, are left to `interconnectd check`.
func SettingsSchema() ([]byte, error) {
	s := mappingSchema(settingsFields())
	s.Dialect = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "interconnectd.yaml"
	s.Description = "Settings of interconnectd that a sys.config has no word for. Every key is optional."
	s.Type = []any{"object", "null"} // an empty file
	text, err := plainJSON(s)
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(bytes.TrimSpace(b.Bytes()), '\n'), nil
}

// plainJSON is JSON with < and > as they are, and a line end.
func plainJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return b.Bytes(), err
}
