package bus

import (
	"context"
	"errors"
	"strings"
	"testing"

	"interconnectd/configs/nodeid"
)

func TestOpenRejects(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no cluster", func(c *Config) { c.Cluster = "" }, `cluster ""`},
		{"cluster with a dot", func(c *Config) { c.Cluster = "a.b" }, `cluster "a.b"`},
		{"cluster with a wildcard", func(c *Config) { c.Cluster = ">" }, `cluster ">"`},
		{"cluster with an @", func(c *Config) { c.Cluster = "a@b" }, `cluster "a@b"`},
		{"no node", func(c *Config) { c.Node = "" }, `node ""`},
		{"no incarnation", func(c *Config) { c.Incarnation = nodeid.Incarnation{} }, "no incarnation"},
		{"interval below 0", func(c *Config) { c.Interval = -1 }, "below 0"},
		{"ports upside down", func(c *Config) { c.Ports = PortRange{2, 1} }, "not a range"},
		{"port too high", func(c *Config) { c.Ports = PortRange{65535, 65536} }, "not a range"},
		{"another scheme", func(c *Config) { c.URLs = []string{"http://h"} }, `server "http://h"`},
		{"no host", func(c *Config) { c.URLs = []string{"nats://"} }, "want nats://host:port"},
		{"no url", func(c *Config) { c.URLs = []string{""} }, "want nats://host:port"},
		{"a secret in a bad url", func(c *Config) { c.URLs = []string{"natz://u:secret@h"} }, `server "…@h"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(t, "a@127.0.0.1", PortRange{})
			tt.change(&cfg)
			c, err := Open(t.Context(), cfg)
			if err == nil {
				c.Close()
				t.Fatal("accepted")
			}
			got := err.Error()
			if !strings.HasPrefix(got, "opening the bus: ") || !strings.Contains(got, tt.want) || strings.Contains(got, "secret") {
				t.Errorf("error %q, want one with %q", got, tt.want)
			}
		})
	}
	t.Run("context ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Open(ctx, testConfig(t, "a@127.0.0.1", PortRange{})); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	})
}

func TestConfigDefaults(t *testing.T) {
	cfg := Config{Cluster: "c", Node: "a@h", Incarnation: newIncarnation(t)}
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	if cfg.Ports != DefaultPorts() || cfg.Interval != DefaultInterval || cfg.Logger == nil {
		t.Errorf("defaults: %+v", cfg)
	}
}

func TestStringsAreTotal(t *testing.T) {
	type named interface{ String() string }
	tests := []struct {
		kind  string
		count int
		value func(i int) named
	}{
		{"EventKind", int(Gone), func(i int) named { return EventKind(i) }},
		{"Kind", int(Memory), func(i int) named { return Kind(i) }},
		{"Channel", int(Whos), func(i int) named { return Channel(i) }},
	}
	for _, tt := range tests {
		seen := map[string]bool{}
		for i := 1; i <= tt.count; i++ {
			s := tt.value(i).String()
			if s == "" || strings.Contains(s, tt.kind) || seen[s] {
				t.Errorf("%s %d is %q", tt.kind, i, s)
			}
			seen[s] = true
		}
		for _, i := range []int{-1, 0, tt.count + 1} {
			if s := tt.value(i).String(); !strings.HasPrefix(s, tt.kind+"(") {
				t.Errorf("%s %d is %q, want %s(%d)", tt.kind, i, s, tt.kind, i)
			}
		}
	}
}
