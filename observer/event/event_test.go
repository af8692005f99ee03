package event

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

var samples = []Event{
	{
		Seq: 41, Time: time.Date(2026, 11, 22, 22, 3, 41, 27e6, time.UTC), Monotonic: Duration(8123400 * time.Millisecond),
		Self: "a@127.0.0.1", Start: "0badcafe", Kind: NodeUp, Node: "b@127.0.0.1", Incarnation: "0bad", Type: "visible", Before: "connecting", After: "up",
	},
	{
		Seq: 42, Time: time.Date(2026, 11, 22, 22, 4, 43, 372e6, time.UTC), Self: "a@127.0.0.1", Kind: NodeDown, Node: "b@127.0.0.1", Type: "visible",
		Before: "suspect", After: "down", Reason: "connection_closed", Detail: "crashed", UpFor: Duration(62*time.Second + 345*time.Millisecond),
	},
	{Kind: NodeDown, Node: "c@127.0.0.1", Type: "hidden", Reason: "net_tick_timeout", Detail: "unresponsive for 3.1s", UpFor: Duration(26 * time.Hour)},
	{Kind: NodeUp, Node: "x@127.0.0.1", Type: "erlang"},
	{Kind: NodeDown, Node: "b@127.0.0.1", Type: "visible", Reason: "disconnect", Detail: `a "word", k=v and é`, UpFor: Duration(1340 * time.Microsecond)},
}

// String is what hclog makes of the message and the fields.
func TestStringIsTheLogs(t *testing.T) {
	for _, e := range samples {
		var out bytes.Buffer
		hclog.New(&hclog.LoggerOptions{Output: &out, DisableTime: true}).Info(e.Message(), e.Fields()...)
		if want := strings.TrimSuffix(strings.TrimPrefix(out.String(), "[INFO]  "), "\n"); e.String() != want {
			t.Errorf("got  %s\nwant %s", e, want)
		}
	}
}

// The keys of the JSON are a contract.
func TestJSON(t *testing.T) {
	for i, want := range []string{
		`{"seq":41,"time":"2026-11-22T22:03:41.027Z","monotonic":"2h15m23.4s","self":"a@127.0.0.1","start":"0badcafe","event":"nodeup","node":"b@127.0.0.1","incarnation":"0bad","type":"visible","before":"connecting","after":"up"}`,
		`{"seq":42,"time":"2026-11-22T22:04:43.372Z","monotonic":"0s","self":"a@127.0.0.1","start":"","event":"nodedown","node":"b@127.0.0.1","incarnation":"","type":"visible","before":"suspect","after":"down","reason":"connection_closed","detail":"crashed","up_for":"1m2.345s"}`,
	} {
		got, err := json.Marshal(samples[i])
		if err != nil || string(got) != want {
			t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
		}
		var back Event
		if err := json.Unmarshal(got, &back); err != nil || back != samples[i] {
			t.Errorf("read again: %+v, %v", back, err)
		}
	}
}

// A hidden node of Erlang's is a hidden one, as it is to nodes(hidden).
func TestTypeOf(t *testing.T) {
	for _, tt := range []struct {
		hidden, erlang bool
		want           string
	}{{false, false, "visible"}, {true, false, "hidden"}, {false, true, "erlang"}, {true, true, "hidden"}} {
		if got := TypeOf(tt.hidden, tt.erlang); got != tt.want {
			t.Errorf("TypeOf(%t, %t) = %s, want %s", tt.hidden, tt.erlang, got, tt.want)
		}
	}
}

func TestRounded(t *testing.T) {
	for _, tt := range []struct{ d, want time.Duration }{
		{0, 0},
		{1340 * time.Microsecond, time.Millisecond},
		{999_600 * time.Microsecond, time.Second},
		{1340 * time.Millisecond, 1300 * time.Millisecond},
		{62*time.Second + 345*time.Millisecond, 62 * time.Second},
	} {
		if got := Duration(tt.d).Rounded(); got != tt.want {
			t.Errorf("%v is rounded to %v, want %v", tt.d, got, tt.want)
		}
	}
}

func TestDurationText(t *testing.T) {
	var d Duration
	if err := d.UnmarshalText([]byte("soon")); err == nil {
		t.Error("no error for a duration that is none")
	}
}
