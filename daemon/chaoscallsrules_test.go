package main

import (
	"syscall"
	"testing"
	"time"
)

// TestChaosCallsCheck holds what the chaos test with Erlang nodes makes of their logs
// against logs that were made up.
func TestChaosCallsCheck(t *testing.T) {
	at := func(seconds float64) time.Time {
		return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
	}
	logAt := func(seconds float64, text string) string {
		return at(seconds).Format("2006-01-02T15:04:05.000000Z07:00") + " " + text + "\n"
	}
	stopped := func(from, to float64) []silence {
		return []silence{{span: span{at(from), at(to)}, least: 2500 * time.Millisecond, grace: time.Second}}
	}
	const (
		failed    = "--- Call failed: ours0@h: took=5000ms reason=timeout"
		slow      = "--- Sync slow: took=6000ms"
		silent    = "error: ** Node 'ours0@h' not responding **, ** Removing (timedout) connection **"
		prevented = "warning: 'global' at node 'beam0@h' disconnected node 'beam1@h' in order to prevent overlapping partitions"
		ours      = "warning: 'global' at node 'beam0@h' disconnected node 'ours0@h' in order to prevent overlapping partitions"
	)
	tests := []struct {
		name string
		text string
		hurt func(beam0, beam1, ours0 *life) // what was done
		want bool                            // it is wrong
	}{
		{"a call", failed, nil, true},
		{"a call of one that was stopped", failed, func(_, _, o *life) { o.silences = stopped(36, 37) }, false},
		{"a call of one that was stopped long ago", failed, func(_, _, o *life) { o.silences = stopped(5, 6) }, true},
		{"a call by one that was stopped", failed, func(b, _, _ *life) { b.silences = stopped(36, 37) }, false},
		{"a call of one that ended", failed, func(_, _, o *life) { o.endFrom = at(38) }, false},
		{"a call of one that has just come up", failed, func(b, _, _ *life) { b.views["ours0@h"][0].from = at(36) }, false},
		{"a call of one that had not seen the caller yet", failed, func(_, _, o *life) { o.views["beam0@h"][0].from = at(36) }, false},
		{"a call of one that went down then", failed, func(b, _, _ *life) {
			*b.views["ours0@h"][0] = view{span: span{at(1), at(40.1)}, told: true}
		}, false},
		{"a call of one that went down later", failed, func(b, _, _ *life) {
			*b.views["ours0@h"][0] = view{span: span{at(1), at(45)}, told: true}
		}, true},
		{"a call while another was stopped", failed, func(_, b, _ *life) { b.silences = stopped(36, 37) }, true},
		{"a sync", slow, nil, true},
		{"a sync while one of Erlang's was stopped", slow, func(_, b, _ *life) { b.silences = stopped(30, 39) }, false},
		{"a sync while one of ours was stopped", slow, func(_, _, o *life) { o.silences = stopped(30, 39) }, true},
		{"silence", silent, nil, true},
		{"silence of one that is stopped", silent, func(_, _, o *life) { o.silences = stopped(30, 41) }, false},
		{"silence of one while another is stopped", silent, func(_, b, _ *life) { b.silences = stopped(30, 41) }, true},
		{"prevention", prevented, nil, true},
		{"prevention after one of Erlang's has ended", prevented, func(_, b, _ *life) { b.endFrom = at(39) }, false},
		{"prevention after a long stop", prevented, func(_, b, _ *life) { b.silences = stopped(30, 39) }, false},
		{"prevention long after", prevented, func(_, b, _ *life) { b.endFrom = at(34) }, true},
		{"prevention long after, and one in between", prevented, func(_, b, _ *life) {
			b.endFrom = at(32)
			b.process = logged(logAt(36, prevented))
		}, false},
		{"two preventions long after", prevented, func(_, b, _ *life) {
			b.endFrom = at(30)
			b.process = logged(logAt(36, prevented))
		}, true},
		{"prevention after a short stop", prevented, func(_, b, _ *life) { b.silences = stopped(37, 39) }, true},
		{"prevention while ours is stopped", prevented, func(_, _, o *life) { o.silences = stopped(30, 41) }, true},
		{"prevention of ours", ours, func(_, b, _ *life) { b.endFrom = at(39) }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b0, b1, o := &life{node: "beam0@h"}, &life{node: "beam1@h"}, &life{node: "ours0@h"}
			b0.process, b1.process, o.process = logged(logAt(40, tt.text)), logged(""), logged("")
			for _, l := range []*life{b0, b1, o} {
				l.started, l.views = at(0), map[string][]*view{}
				for _, other := range []*life{b0, b1, o} {
					l.views[other.node] = []*view{{span: span{from: at(1)}}}
				}
			}
			if tt.hurt != nil {
				tt.hurt(b0, b1, o)
			}
			m := &erlangChaos{chaos: &chaos{t: t, lives: []*life{b0, b1, o}}}
			if wrong := m.wrongLogs(); (len(wrong) > 0) != tt.want {
				t.Errorf("got %q, want wrong: %v", wrong, tt.want)
			}
		})
	}
}

// logged is a victim that has logged this.
type logged string

func (logged) signal(syscall.Signal) error { return nil }
func (logged) kill()                       {}
func (l logged) log() string               { return string(l) }
func (logged) done() <-chan struct{}       { return nil }
func (logged) end() (string, time.Time)    { return "", time.Time{} }
func (logged) pid() int                    { return 0 }
