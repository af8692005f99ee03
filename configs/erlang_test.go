package configs

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// What the settings may have as an address is what the node listens on, and is shown
// as it can be written again.
func TestErlangListen(t *testing.T) {
	for _, tt := range []struct{ text, want, shown string }{
		{"127.0.0.1", "127.0.0.1:0", "127.0.0.1"},
		{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1"},
		{"10.0.0.7:4371", "10.0.0.7:4371", "10.0.0.7:4371"},
		{"0.0.0.0", "0.0.0.0:0", "0.0.0.0"},
		{"::1", "[::1]:0", "::1"},
		{"::", "[::]:0", "::"},
		{"[::1]:4371", "[::1]:4371", "[::1]:4371"},
		{"::ffff:10.0.0.7", "10.0.0.7:0", "10.0.0.7"},
		{"[::ffff:10.0.0.7]:4371", "10.0.0.7:4371", "10.0.0.7:4371"},
		{text: ""},
		{text: ":4371"},
		{text: "altair"},
		{text: "10.0.0.7:"},
		{text: "10.0.0.7:65536"},
		{text: "10.0.0.7:-1"},
		{text: "[::1]"},
		{text: "10.0.0"},
	} {
		got, ok := parseErlangListen(tt.text)
		if ok != (tt.want != "") {
			t.Errorf("%q: ok = %t", tt.text, ok)
		}
		if ok != (checkErlangListen(tt.text) == nil) {
			t.Errorf("%q is checked otherwise than it is read", tt.text)
		}
		if !ok {
			continue
		}
		if shown := (Erlang{Listen: got}).listenText(); got.String() != tt.want || shown != tt.shown {
			t.Errorf("%q is %s, shown as %s, want %s and %s", tt.text, got, shown, tt.want, tt.shown)
		}
	}
}

// Every address is shown as one that is read as the same.
func TestErlangListenIsShownAsItIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.SampledFrom([]int{4, 16}).Draw(t, "length")
		addr, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), bytes, bytes).Draw(t, "address"))
		want := netip.AddrPortFrom(addr.Unmap(), rapid.Uint16().Draw(t, "port"))
		text := Erlang{Listen: want}.listenText()
		if got, ok := parseErlangListen(text); !ok || got != want {
			t.Fatalf("%s is shown as %q, which is read as %s", want, text, got)
		}
	})
}
