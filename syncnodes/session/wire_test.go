package session

import (
	"encoding/hex"
	"strings"
	"testing"

	"interconnectd/configs/nodeid"
)

// The layout of the packets is the protocol: it holds still.
func TestLayout(t *testing.T) {
	inc, other := strings.Repeat("0a", 16), strings.Repeat("0b", 16)
	var one, two nodeid.Incarnation
	for i := range one {
		one[i], two[i] = 0x0a, 0x0b
	}
	const names = "0003" + "614068" + "0004" + "62624068" // a@h, bb@h
	tests := []struct {
		name string
		got  []byte
		want string
	}{
		{"hello", hello{"a@h", one, "bb@h"}.append(nil), "0101" + inc + names},
		{"hello answer", helloAnswer{one, true}.append(nil), "0201" + inc + "01"},
		{"hello answer, not dialling", helloAnswer{inc: one}.append(nil), "0201" + inc + "00"},
		{"msg1", msg1Header{0x0102, one, two, "a@h", "bb@h"}.append(nil), "0301" + "0000000000000102" + inc + other + names},
		{"stale", appendStale(nil, two), "0501" + other},
		{"refusal", appendRefusal(nil), "0601"},
		{"frame", header{kindData, SessionID{1, 2}, 3, 4}.append(nil), "11" + "0102000000000000" + "00000003" + "0000000000000004"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := hex.EncodeToString(tt.got); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// The longest packets of each kind are taken, and none that is cut short.
func TestLimitsOfPackets(t *testing.T) {
	longest := nodeid.Name(strings.Repeat("a", 127) + "@" + strings.Repeat("ÿ", 127))
	inc := incarnation(1)
	tests := []struct {
		name  string
		data  []byte
		parse func([]byte) bool
	}{
		{"hello", hello{longest, inc, string(longest)}.append(nil), func(b []byte) bool { _, ok := parseHello(b); return ok }},
		{"hello answer", helloAnswer{inc, true}.append(nil), func(b []byte) bool { _, ok := parseHelloAnswer(b); return ok }},
		{
			"msg1", append(msg1Header{1, inc, inc, longest, string(longest)}.append(nil), make([]byte, noiseLen)...),
			func(b []byte) bool { _, _, ok := parseMsg1(b); return ok },
		},
		{"stale", appendStale(nil, inc), func(b []byte) bool { _, ok := parseStale(b); return ok }},
		{"refusal", appendRefusal(nil), isRefusal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.parse(tt.data) {
				t.Error("the whole packet does not parse")
			}
			for i := range tt.data {
				if tt.parse(tt.data[:i]) {
					t.Fatalf("%d bytes of %d parse", i, len(tt.data))
				}
			}
		})
	}
}
