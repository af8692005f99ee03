package configs

import (
	"encoding/json"
	"slices"
	"strings"
)

// SettingKey is a key of interconnectd.yaml, for people.
type SettingKey struct {
	Path     string // dotted; what is below a list has [] before its dot: hooks[].name
	Type     string // in words; "" of a section, which has the keys that follow
	Default  string // as YAML; "" where there is none
	Example  string // as YAML; "" where none is needed
	Required bool   // in each entry of its list
	About    string // whole sentences
}

// SettingKeys are all keys, in the order of the shipped file, a section before its keys.
func SettingKeys() []SettingKey {
	return mappingSchema(settingsFields()).keys("")
}

func (s schema) keys(path string) []SettingKey {
	var list []SettingKey
	for _, p := range s.Properties {
		k := SettingKey{
			Path: path + p.name, Type: p.schema.words(), Default: flowYAML(p.schema.Default), About: p.schema.Description,
			Required: slices.Contains(s.Required, p.name),
		}
		if examples := p.schema.Examples; len(examples) > 0 {
			k.Example = flowYAML(examples[0])
		} else if item := p.schema.Items; item != nil && len(item.Examples) > 0 {
			k.Example = flowYAML([]any{item.Examples[0]})
		}
		list = append(list, k)
		list = append(list, p.schema.keys(k.Path+".")...)
		if p.schema.Items != nil {
			list = append(list, p.schema.Items.keys(k.Path+"[].")...)
		}
	}
	return list
}

// words say what a value is, "" for a section.
func (s schema) words() string {
	name, _ := s.Type.(string)
	if several, ok := s.Type.([]any); ok {
		name, _ = several[0].(string)
	}
	switch {
	case s.Enum != nil:
		var words []string
		for _, v := range s.Enum {
			if word, ok := v.(string); ok {
				words = append(words, word)
			}
		}
		return orList(words)
	case name == "array" && s.Items.Enum != nil:
		return "a list of " + s.Items.words()
	case name == "array" && s.Items.Properties != nil:
		return "a list of mappings"
	case name == "array":
		return "a list of texts"
	case name == "boolean":
		return "true or false"
	case name == "integer":
		return "a whole number"
	case s.Pattern == durationPattern:
		return "a duration, such as 250ms or 3s"
	case name == "string":
		return "a text"
	}
	return ""
}

// flowYAML is a value of the tables on one line: a text as it is, a list with brackets.
func flowYAML(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "" // the schema could not be written either
	}
	return strings.ReplaceAll(string(text), `","`, `", "`)
}
