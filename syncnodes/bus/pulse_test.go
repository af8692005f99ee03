package bus

import (
	"errors"
	"testing"
)

// TestPulse plays the life of a connection, one step after the other.
func TestPulse(t *testing.T) {
	cut := errors.New("cut")
	var p pulse
	var ids []uint64
	after := func(traffic bool) func() (Event, bool) {
		return func() (Event, bool) {
			id, ev, ok := p.beat(traffic)
			ids = append(ids, id)
			return ev, ok
		}
	}
	beat, busy := after(false), after(true)
	returned := func(back int) func() (Event, bool) { // 0 is the youngest echo
		return func() (Event, bool) { return p.returned(ids[len(ids)-1-back]) }
	}
	link := func() (Event, bool) { p.link(); return Event{}, false }
	steps := []struct {
		name string
		do   func() (Event, bool)
		want EventKind // 0: no event
		up   bool
	}{
		{"a cut before the first connection", func() (Event, bool) { return p.unlink(cut) }, 0, false},
		{"connected", link, 0, false},
		{"first echo goes out", beat, 0, false},
		{"an id that is none of ours", func() (Event, bool) { return p.returned(7) }, 0, false},
		{"first echo is back", returned(0), Connected, true},
		{"the same again", returned(0), 0, true},
		{"second echo goes out", beat, 0, true},
		{"one missing", beat, 0, true},
		{"the late one counts", returned(1), 0, true},
		{"one missing again", beat, 0, true},
		{"two missing", beat, Lost, false},
		{"three missing", beat, 0, false},
		{"the youngest is back", returned(0), Back, true},
		{"an older one says nothing new", returned(2), 0, true},
		{"an echo into traffic", busy, 0, true},
		{"one missing in traffic", busy, 0, true},
		{"two missing in traffic", busy, 0, true},
		{"three missing in traffic", busy, 0, true},
		{"a late one in traffic", returned(2), 0, true},
		{"one missing in traffic again", busy, 0, true},
		{"two missing, and no traffic any more", beat, Lost, false},
		{"back again", returned(0), Back, true},
		{"all missing", busy, 0, true},
		{"1", busy, 0, true},
		{"2", busy, 0, true},
		{"3", busy, 0, true},
		{"4", busy, 0, true},
		{"5", busy, 0, true},
		{"6", busy, 0, true},
		{"7", busy, 0, true},
		{"8 missing, whatever else comes", busy, Lost, false},
		{"back after that", returned(0), Back, true},
		{"under way", beat, 0, true},
		{"cut", func() (Event, bool) { return p.unlink(cut) }, Lost, false},
		{"an echo of the old connection", returned(0), 0, false},
		{"connected again", link, 0, false},
		{"echo goes out", beat, 0, false},
		{"echo is back", returned(0), Back, true},
	}
	for _, s := range steps {
		ev, ok := s.do()
		if ok != (s.want != 0) || ev.Kind != s.want || p.up != s.up {
			t.Fatalf("%s: event %s, %v, up %v; want %s, up %v", s.name, ev.Kind, ok, p.up, s.want, s.up)
		}
		if ev.Kind == Lost && ev.Err == nil {
			t.Errorf("%s: Lost without an error", s.name)
		}
	}
	for range 3 * rememberedEchoes {
		beat()
	}
	if got := len(p.echoes); got > rememberedEchoes {
		t.Errorf("%d echoes remembered, want %d at most", got, rememberedEchoes)
	}
	for _, id := range ids {
		if id <= MaxReplyID {
			t.Errorf("echo id %d is one that callers use", id)
		}
	}
}
