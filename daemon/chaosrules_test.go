package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestChaosCheck holds the check itself against logs that were made up: each
// kind of wrong is found, and nothing else.
func TestChaosCheck(t *testing.T) {
	at := func(seconds float64) time.Time {
		return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
	}
	line := func(seconds float64, text string) string {
		return at(seconds).Format("2006-01-02T15:04:05.000Z07:00") + " " + text + "\n"
	}
	up := func(seconds float64) string {
		return line(seconds, "[INFO]  interconnectd.observer: --- Node up: b@h: type=visible")
	}
	down := func(seconds float64, fields string) string {
		return line(seconds, "[INFO]  interconnectd.observer: --- Node down: b@h: type=visible "+fields+" up_for=1s")
	}
	lost := line(5, `[WARN]  interconnectd.node: bus lost: error=EOF`)
	back := line(15, `[INFO]  interconnectd.node: bus back`)
	const (
		crashed = "reason=connection_closed detail=crashed"
		silent  = `reason=net_tick_timeout detail="unresponsive for 3.0s"`
		theirs  = `reason=net_tick_timeout detail="declared down by peer"`
		left    = "reason=shutdown detail=left"
		closed  = "reason=connection_closed"
		ticked  = "reason=net_tick_timeout"
	)
	killed := func(b *life) { b.endFrom, b.endTo = at(10), at(10.01) }
	stopped := func(from, to float64) silence {
		return silence{span: span{at(from), at(to)}, what: "stopped", least: 2500 * time.Millisecond, grace: time.Second}
	}
	tests := []struct {
		name       string
		b          func(*life)
		a          func(*life)
		log        string
		connection bool   // of Erlang's
		want       string // "": nothing is wrong
	}{
		{name: "up for good", log: up(1)},
		{name: "a kill is told", b: killed, log: up(1) + down(10.1, crashed)},
		{name: "a kill is told late", b: killed, log: up(1) + down(14, crashed), want: "was to be told by"},
		{name: "a kill is not told", b: killed, log: up(1), want: "was to be told by"},
		{name: "a kill is told before it", b: killed, log: up(1) + down(9.9, crashed), want: "false down"},
		{name: "up after the end", b: killed, log: up(1) + down(10.1, crashed) + up(20), want: "was to be told by"},
		{name: "up before the start", b: func(b *life) { b.started = at(3) }, log: up(1), want: "had not been started"},
		{name: "the same twice", log: up(1) + up(2), want: "the same twice"},
		{name: "down first", log: down(1, crashed), want: "the same twice"},
		{name: "a false down", log: up(1) + down(10, silent) + up(11), want: "false down"},
		{name: "a goodbye that nobody said", b: killed, log: up(1) + down(10.1, left), want: "not asked to leave"},
		{name: "a goodbye", b: func(b *life) { killed(b); b.gentle = true }, log: up(1) + down(10.1, left)},
		{name: "never up", log: "", want: "does not see"},
		{name: "apart for long", b: func(b *life) { b.silences = []silence{stopped(5, 12)} }, log: up(1) + down(8.5, silent) + up(30), want: "does not see"},
		{name: "a long stop is told", b: func(b *life) { b.silences = []silence{stopped(5, 15)} }, log: up(1) + down(8.5, silent) + up(16)},
		{name: "a long stop is not told", b: func(b *life) { b.silences = []silence{stopped(5, 15)} }, log: up(1), want: "was stopped"},
		{name: "a stop that may have begun late is not told", b: func(b *life) {
			b.silences = []silence{stopped(5, 15)}
			b.silences[0].sure = at(14)
		}, log: up(1)},
		{name: "a long stop is told too soon", b: func(b *life) { b.silences = []silence{stopped(5, 15)} }, log: up(1) + down(6, silent) + up(16), want: "false down"},
		{name: "a short stop takes nobody down", b: func(b *life) { b.silences = []silence{stopped(5, 6)} }, log: up(1) + down(6.5, silent) + up(7), want: "false down"},
		{name: "declared down by a peer after an own stop", a: func(a *life) { a.silences = []silence{stopped(5, 15)} }, log: up(1) + down(15.1, theirs) + up(16)},
		{name: "declared down by a peer without one", log: up(1) + down(15.1, theirs) + up(16), want: "false down"},
		{name: "down on the other side already", b: func(b *life) { b.views["a@h"][0].told, b.views["a@h"][0].to = true, at(5) }, log: up(1) + down(8, silent) + up(9)},
		{name: "down on the other side afterwards", b: func(b *life) { b.views["a@h"][0].told, b.views["a@h"][0].to = true, at(9) }, log: up(1) + down(8, silent) + up(10), want: "false down"},
		{name: "down and up again on the other side", b: func(b *life) {
			b.views["a@h"] = []*view{{span: span{at(0.5), at(5)}, told: true}, {span: span{from: at(6)}}}
		}, log: up(1) + down(8, silent) + up(9), want: "false down"},
		{name: "a verdict without a bus", b: killed, log: up(1) + lost + down(11, crashed) + back, want: "bus was lost"},
		{name: "a verdict on a young bus", b: killed, log: up(1) + lost + back + down(15.1, crashed), want: "bus was lost or young"},
		{name: "a verdict after the bus is back", b: killed, log: up(1) + lost + back + down(18, silent)},
		{name: "no verdict after the bus is back", b: killed, log: up(1) + lost + back, want: "was to be told by"},
		{name: "an end of a connection", b: killed, log: up(1) + down(10.1, closed), connection: true},
		{name: "another reason for an end", b: killed, log: up(1) + down(10.1, ticked), connection: true, want: "want connection_closed"},
		{name: "a connection ends without a reason", log: up(1) + down(10.1, closed) + up(10.2), connection: true, want: "false down"},
		{name: "a connection ends on a lost bus", b: killed, log: up(1) + lost + down(10.1, closed) + back, connection: true},
		{name: "a stop", b: func(b *life) { b.silences = []silence{stopped(5, 15)} }, log: up(1) + down(8.5, ticked) + up(16), connection: true},
		{name: "another reason for a stop", b: func(b *life) { b.silences = []silence{stopped(5, 15)} }, log: up(1) + down(8.5, closed) + up(16), connection: true, want: "want net_tick_timeout"},
		{name: "killed after a stop", b: func(b *life) { b.silences = []silence{stopped(5, 10)}; killed(b) }, log: up(1) + down(10.1, ticked), connection: true},
		{name: "the other end closed it after an own stop", a: func(a *life) { a.silences = []silence{stopped(5, 15)} }, log: up(1) + down(15.1, closed) + up(16), connection: true},
		{name: "silent after an own stop", a: func(a *life) { a.silences = []silence{stopped(5, 15)} }, log: up(1) + down(15.1, ticked) + up(16), connection: true, want: "false down"},
		{name: "disconnected", a: func(a *life) { a.parted = map[string][]span{"b@h": {{at(10), at(11)}}} }, log: up(1) + down(10.1, closed) + up(12), connection: true},
		{name: "down after it was disconnected", a: func(a *life) { a.parted = map[string][]span{"b@h": {{at(10), at(11)}}} }, log: up(1) + down(11.1, closed) + up(12), connection: true, want: "false down"},
		{name: "a crash", log: up(1) + "panic: oh\n", want: "panic: oh"},
	}
	r := rules{
		timeout: 3 * time.Second, early: 500 * time.Millisecond, death: 2 * time.Second, silent: 6 * time.Second,
		connect: 5 * time.Second, young: 250 * time.Millisecond, after: time.Second,
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := &life{node: "a@h", started: at(0)}, &life{node: "b@h", started: at(0)}
			// b sees a but where it is silent, and says nothing wrong.
			b.views = map[string][]*view{"a@h": {{span: span{from: at(0.5)}}}}
			if tt.a != nil {
				tt.a(a)
			}
			if tt.b != nil {
				tt.b(b)
			}
			r := r
			r.connection, r.reasons = tt.connection, tt.connection
			wrong := a.read(tt.log)
			for _, w := range check([]*life{a, b}, func(*life, *life) rules { return r }, at(40)).wrong {
				if strings.HasPrefix(w, a.node) {
					wrong = append(wrong, w)
				}
			}
			got := strings.Join(wrong, "\n")
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %q", fmt.Sprintf("%q", got), tt.want)
			}
		})
	}
}
