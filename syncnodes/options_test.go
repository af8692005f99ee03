package syncnodes

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
)

// The detector's defaults are those that the settings document.
func TestDefaultsAreThoseOfTheSettings(t *testing.T) {
	o := Options{Name: "a@127.0.0.1", Cookie: "x"}
	if err := o.fillIn(); err != nil {
		t.Fatal(err)
	}
	if want := Detector(configs.Default().Detector); o.Detector != want {
		t.Errorf("Detector = %+v, the settings say %+v", o.Detector, want)
	}
	if diff := cmp.Diff(Erlang(configs.Default().Erlang), o.Erlang, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("Erlang (-settings +got):\n%s", diff)
	}
	if want := configs.Default().SetupTime; o.SetupTime != want {
		t.Errorf("SetupTime = %s, the settings say %s", o.SetupTime, want)
	}
}

// What an embedder says of Erlang's nodes is kept, completed, and refused where it
// makes no sense.
func TestErlangOptions(t *testing.T) {
	at := netip.MustParseAddrPort
	for _, tt := range []struct {
		name      string
		given     Erlang
		transient bool
		want      Erlang
		wrong     string
	}{
		{name: "on", given: Erlang{Distribution: true}, want: Erlang{true, at("127.0.0.1:0"), "127.0.0.1:4369", []string{"*"}}},
		{
			name:  "all",
			given: Erlang{true, at("10.0.0.7:4371"), "altair:5000", []string{"app@*", "b@h"}},
			want:  Erlang{true, at("10.0.0.7:4371"), "altair:5000", []string{"app@*", "b@h"}},
		},
		{name: "a port only", given: Erlang{Listen: netip.AddrPortFrom(netip.Addr{}, 4371)}, want: Erlang{false, at("127.0.0.1:4371"), "127.0.0.1:4369", []string{"*"}}},
		{name: "transient", given: Erlang{Distribution: true}, transient: true, want: Erlang{false, at("127.0.0.1:0"), "127.0.0.1:4369", []string{"*"}}},
		{name: "a pattern", given: Erlang{Allow: []string{"*", "app@["}}, wrong: `"app@["`},
		{name: "an empty pattern", given: Erlang{Allow: []string{""}}, wrong: `"": an empty pattern`},
		{name: "no port", given: Erlang{EPMD: "altair"}, wrong: "port mapper"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Name: "a@127.0.0.1", Cookie: "x", Erlang: tt.given, Transient: tt.transient}
			err := o.fillIn()
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("the error is %v, want one of %s", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, o.Erlang, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
				t.Errorf("Erlang (-want +got):\n%s", diff)
			}
		})
	}
}

// Patterns cover the whole name, as those of hooks do.
func TestErlangAllows(t *testing.T) {
	e := Erlang{Allow: []string{"app@*", "[b-c]?@10.0.0.7"}}
	for name, want := range map[nodeid.Name]bool{
		"app@altair": true, "app@10.0.0.7": true, "b1@10.0.0.7": true, "c1@10.0.0.7": true,
		"myapp@altair": false, "b@10.0.0.7": false, "d1@10.0.0.7": false, "b1@10.0.0.70": false,
	} {
		if got := e.allows(name); got != want {
			t.Errorf("%s is allowed: %t, want %t", name, got, want)
		}
	}
}
