package session

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestWindow(t *testing.T) {
	tests := []struct {
		name    string
		added   []uint64
		counter uint64
		want    bool
	}{
		{"nothing yet", nil, 0, false},
		{"first", []uint64{0}, 0, true},
		{"above", []uint64{0}, 1, false},
		{"skipped", []uint64{5}, 4, false},
		{"skipped to the start", []uint64{windowSize - 1}, 0, false},
		{"just too old", []uint64{windowSize}, 0, true},
		{"a word back", []uint64{63, 64}, 63, true},
		{"far jump", []uint64{3, 1 << 40}, 3, true},
		{"within a far jump", []uint64{3, 1 << 40}, 1<<40 - 3, false},
		{"the last", nil, math.MaxUint64, true},
		{"next to last", []uint64{math.MaxUint64 - 1}, math.MaxUint64 - 1, true},
		{"below next to last", []uint64{math.MaxUint64 - 1}, math.MaxUint64 - 2, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w window
			for _, c := range tt.added {
				w.add(c)
			}
			if got := w.seen(tt.counter); got != tt.want {
				t.Errorf("seen(%d) after %d = %v, want %v", tt.counter, tt.added, got, tt.want)
			}
		})
	}
}

// A window says of each counter what a set of all counters says.
func TestWindowIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w window
		added := make(map[uint64]bool)
		highest := uint64(0)
		steps := rapid.SliceOfN(rapid.Int64Range(-1200, 1200), 1, 300).Draw(t, "steps")
		for _, step := range steps {
			counter := uint64(max(0, int64(highest)+step))
			tooOld := len(added) > 0 && highest+1 > counter && highest+1-counter > windowSize
			want := added[counter] || tooOld
			if got := w.seen(counter); got != want {
				t.Fatalf("seen(%d) = %v, want %v, highest %d", counter, got, want, highest)
			}
			if !want {
				w.add(counter)
				added[counter] = true
				highest = max(highest, counter)
			}
		}
	})
}
