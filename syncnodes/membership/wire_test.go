package membership

import (
	"bytes"
	"strings"
	"testing"

	"interconnectd/configs/nodeid"

	"github.com/google/go-cmp/cmp"
)

var wireCases = []struct {
	name    string
	message Message
}{
	{"probe", Probe{Seq: 1, Digest: 0xfedcba9876543210}},
	{"answer", Answer{Seq: 1 << 60, Digest: 1}},
	{"tip", Tip{Suspects: []NodeRef{{Node: "b@127.0.0.1", Incarnation: nodeid.Incarnation{1}}, {Node: "c@altair"}}}},
	{"tip of nobody", Tip{}},
	{"goodbye", Goodbye{Seq: 3}},
	{"disconnect", Disconnect{Seq: 4}},
	{"done", Done{Seq: 5}},
	{"pull", Pull{Seq: 6}},
	{"pull after", Pull{Seq: 6, After: "b@127.0.0.1"}},
	{"names", Names{Seq: 7, More: true, Nodes: []NodeRef{{Node: "b@127.0.0.1"}}}},
}

func TestMessageRoundTrip(t *testing.T) {
	for _, tt := range wireCases {
		t.Run(tt.name, func(t *testing.T) {
			data := AppendMessage(nil, tt.message)
			got, err := ParseMessage(data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.message, got); diff != "" {
				t.Errorf("round trip (-want +got):\n%s", diff)
			}
			for n := range data {
				if m, err := ParseMessage(data[:n]); err == nil {
					t.Errorf("the first %d of %d bytes were read as %#v", n, len(data), m)
				}
			}
			if _, err := ParseMessage(append(data, 0)); err == nil {
				t.Error("a byte after the end was accepted")
			}
		})
	}
}

func TestParseMessageRefuses(t *testing.T) {
	tests := []struct {
		name, want string
		data       []byte
	}{
		{"nothing", "ends early", nil},
		{"unknown kind", "unknown kind 127", []byte{127}},
		{"no boolean", "no boolean", append([]byte{kindNames, 1, 2}, 0)},
		{"a count without its entries", "ends early", []byte{kindTip, 0xff, 0xff, 0xff, 0x7f}},
		{"no node name", "needs a host", AppendMessage(nil, Tip{Suspects: []NodeRef{{Node: "b"}}})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseMessage(tt.data)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestInfoRoundTrip(t *testing.T) {
	for _, info := range []Info{
		{},
		{Hidden: true},
		{ConnectAll: true, Route: "127.0.0.1:4370"},
		{Hidden: true, Transient: true, Version: "v0.2.0"},
		{Route: "127.0.0.1:4370", Version: strings.Repeat("v", MaxVersion)},
	} {
		data := AppendInfo(nil, info)
		for _, data := range [][]byte{data, append(bytes.Clone(data), "of a later version"...)} {
			if got, err := ParseInfo(data); err != nil || got != info {
				t.Errorf("ParseInfo(%q) = %+v, %v; want %+v", data, got, err, info)
			}
		}
		if _, err := ParseInfo(data[:len(data)-1]); err == nil && info.Version != "" {
			t.Errorf("ParseInfo accepted %q without its last byte", data)
		}
	}
}

// Nodes of before there was a version told none.
func TestInfoWithoutVersion(t *testing.T) {
	want := Info{ConnectAll: true, Route: "127.0.0.1:4370"}
	if got, err := ParseInfo(appendString([]byte{infoConnectAll}, want.Route)); err != nil || got != want {
		t.Errorf("ParseInfo = %+v, %v; want %+v", got, err, want)
	}
}

// A version is shown to people, on their terminals.
func TestInfoRefusesVersions(t *testing.T) {
	for _, version := range []string{"\x1b[2J", "v 1", "v1\n", "vé", strings.Repeat("v", MaxVersion+1)} {
		if got, err := ParseInfo(AppendInfo(nil, Info{Version: version})); err == nil {
			t.Errorf("the version %q was read: %+v", version, got)
		}
	}
}

// Every value of an enum prints as a word of its own, and any other value does
// not panic.
func TestEnumStrings(t *testing.T) {
	seen := map[string]bool{}
	check := func(s string) {
		if s == "" || seen[s] {
			t.Errorf("%q is empty or stands for two values", s)
		}
		seen[s] = true
	}
	for s := Idle; s <= Down+1; s++ {
		check(s.String())
	}
	for r := ConnectionClosed; r <= lastReason+1; r++ {
		check(r.String())
	}
	for e := NoHolder; e <= lastDialError+1; e++ {
		check(e.String())
	}
	for a := ConnectAlways; a <= lastAutoConnect+1; a++ {
		check(a.String())
	}
	for r := RefusedInUse; r <= lastRefusal+1; r++ {
		check(r.String())
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, tt := range wireCases {
		f.Add(AppendMessage(nil, tt.message))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseMessage(data)
		if err != nil {
			return
		}
		back, err := ParseMessage(AppendMessage(nil, m))
		if err != nil || !cmp.Equal(m, back) {
			t.Errorf("%#v was read back as %#v, %v", m, back, err)
		}
	})
}

func TestRefRoundTrip(t *testing.T) {
	ref := NodeRef{Node: "b@127.0.0.1", Incarnation: nodeid.Incarnation{1, 2}}
	data := AppendRef(nil, ref)
	if got, err := ParseRef(data); err != nil || got != ref {
		t.Errorf("ParseRef = %+v, %v; want %+v", got, err, ref)
	}
	for _, bad := range [][]byte{nil, data[:len(data)-1], append(bytes.Clone(data), 0)} {
		if got, err := ParseRef(bad); err == nil {
			t.Errorf("ParseRef(%q) = %+v", bad, got)
		}
	}
}
