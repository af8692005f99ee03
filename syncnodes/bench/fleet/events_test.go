package fleet

import "testing"

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
