package bus

import (
	"slices"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"interconnectd/configs/nodeid"
)

// TestNear: one port of the range is dialled, until that leads nowhere.
func TestNear(t *testing.T) {
	ports := PortRange{Min: 4370, Max: 4373}
	here := newIncarnation(t)
	tests := []struct {
		name  string
		mesh  *mesh
		near  []int
		alone bool
	}{
		{"on the lowest", &mesh{port: 4370}, nil, false},
		{"on the lowest, where others were before", &mesh{port: 4370, before: 4372}, []int{4372}, true},
		{"on another", &mesh{port: 4372}, []int{4370}, true},
		{"outside", &mesh{port: 50000}, []int{4370}, true},
		{"outside, with a route", &mesh{port: 50000, routes: map[string]*route{"x": {inc: here}}}, []int{4370}, false},
		{"wide", &mesh{port: 4371, wide: true}, []int{4370, 4372, 4373}, false},
	}
	for _, tt := range tests {
		tt.mesh.cfg.Ports = ports
		if got := tt.mesh.near(); !slices.Equal(got, tt.near) {
			t.Errorf("%s: dials %v, want %v", tt.name, got, tt.near)
		}
		if got := tt.mesh.alone(); got != tt.alone {
			t.Errorf("%s: alone is %v, want %v", tt.name, got, tt.alone)
		}
	}
}

// TestStillLed: who has no route to the port that he dials is not led, but may have
// lost it a moment ago.
func TestStillLed(t *testing.T) {
	led, other := &route{dialled: true}, &route{}
	m := &mesh{port: 50000, routes: map[string]*route{"led": led, "other": other}}
	m.cfg.Ports = DefaultPorts()
	steps := []struct {
		routes map[string]*route
		want   bool
	}{
		{m.routes, true},
		{map[string]*route{"other": other}, true},
		{m.routes, true},
		{map[string]*route{"other": other}, true},
		{map[string]*route{"other": other}, false},
	}
	for i, step := range steps {
		m.routes = step.routes
		if got := m.stillLed(); got != step.want {
			t.Errorf("step %d: %v, want %v", i, got, step.want)
		}
	}
	m.port, m.routes = m.cfg.Ports.Min, nil
	for range 3 {
		if !m.stillLed() {
			t.Fatal("who has the lowest port, and dials nobody, is led by nobody")
		}
	}
}

// TestOneDialForEachPair: ten servers that start one after the other make as many
// connections as there are pairs, none twice.
func TestOneDialForEachPair(t *testing.T) {
	t.Parallel()
	const nodes = 10
	ports := freePorts(4)
	var conns []*client
	for i := range nodes {
		conns = append(conns, open(t, testConfig(t, name(i), ports)).(*client))
	}
	highest := uint64(0)
	for i, c := range conns {
		var others []nodeid.Name
		for _, other := range conns {
			if other != c {
				others = append(others, other.self)
			}
		}
		routesUp(t, c, others...)
		table, err := c.mesh.srv.Routez(&server.RoutezOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range table.Routes {
			highest = max(highest, r.Rid)
			if r.IsConfigured && conns[0].mesh.self != r.RemoteName {
				t.Errorf("%s dials %s for ever, want the first only", name(i), r.RemoteName)
			}
		}
		if n := c.mesh.srv.NumRoutes(); n != nodes-1 {
			t.Errorf("%s has %d routes, want %d", name(i), n, nodes-1)
		}
	}
	// A server numbers its connections from 1 on: its client and 9 routes, and whatever
	// was dialled and refused, or twice.
	if highest > nodes+3 {
		t.Errorf("a server has made %d connections for %d routes", highest, nodes-1)
	}
}
