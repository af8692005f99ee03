package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		name   string
		writes []string
		want   []string
		begun  string
	}{
		{"one", []string{"a\n"}, []string{"a"}, ""},
		{"several at once", []string{"a\nb\r\n\nc"}, []string{"a", "b", ""}, "c"},
		{"in pieces", []string{"no", "deup n0", "1\nnode", "down"}, []string{"nodeup n01"}, "nodedown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			before := time.Now()
			l := lines{tell: func(at time.Time, line string) {
				if at.Before(before) || at.After(time.Now()) {
					t.Errorf("%q was read at %v, which it is not", line, at)
				}
				got = append(got, line)
			}}
			for _, w := range tt.writes {
				if n, err := l.Write([]byte(w)); n != len(w) || err != nil {
					t.Errorf("Write(%q) = %d, %v", w, n, err)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("lines %q, want %q", got, tt.want)
			}
			if tt.begun != "" && !strings.HasSuffix(l.String(), "\n  "+tt.begun) {
				t.Errorf("it shows %q, want %q last", l.String(), tt.begun)
			}
		})
	}
}

func TestLastLines(t *testing.T) {
	var l lines
	if got, want := l.String(), "it said nothing"; got != want {
		t.Errorf("at first %q, want %q", got, want)
	}
	for i := range kept + 3 {
		fmt.Fprintf(&l, "line %d\n", i)
	}
	got := strings.Split(l.String(), "\n")[1:]
	if len(got) != kept || got[0] != "  line 3" {
		t.Errorf("it keeps %q, want the last %d", got, kept)
	}
}

func TestEvents(t *testing.T) {
	type event struct {
		node   string
		up, ok bool
	}
	for _, tt := range []struct {
		system System
		line   string
		want   event
	}{
		{Embedded(""), "2026-11-27T10:12:42.731Z [INFO]  interconnectd.observer: --- Node up: n01@127.0.0.1: type=visible", event{"n01", true, true}},
		{External(""), "2026-11-27T10:12:42.731Z [INFO]  interconnectd.observer: --- Node down: n01@127.0.0.1: type=visible reason=shutdown", event{"n01", false, true}},
		{Embedded(""), "2026-11-27T10:12:42.731Z [INFO]  interconnectd.node: 1 of 1 nodes up", event{}},
		{Embedded(""), "2026-11-27T10:12:42.731Z [INFO]  interconnectd: starting n01@127.0.0.1: name_from=-name", event{}},
		{Erlang(), "nodeup n01@127.0.0.1", event{"n01", true, true}},
		{Erlang(), "nodedown n01@127.0.0.1", event{"n01", false, true}},
		{Erlang(), "** Node 'n01@127.0.0.1' not responding **", event{}},
		{Serf(), "    2026/11/27 10:12:42 [INFO] serf: EventMemberJoin: n01 127.0.0.1", event{"n01", true, true}},
		{Serf(), "    2026/11/27 10:12:42 [INFO] serf: EventMemberFailed: n01 127.0.0.1", event{"n01", false, true}},
		{Serf(), "    2026/11/27 10:12:42 [INFO] serf: EventMemberLeave: n01 127.0.0.1", event{"n01", false, true}},
		{Serf(), "    2026/11/27 10:12:42 [INFO] agent: Received event: member-join", event{}},
		{Serf(), "    2026/11/27 10:12:42 [INFO] memberlist: Suspect n01 has failed, no acks received", event{}},
	} {
		node, up, ok := tt.system.event(tt.line)
		if got := (event{node, up, ok}); ok != tt.want.ok || ok && got != tt.want {
			t.Errorf("%s: %q is %v, want %v", tt.system.Name(), tt.line, got, tt.want)
		}
	}
}
