package session

import "math"

const (
	windowWords = 16
	// One word is always being cleared, so it does not count.
	windowSize = (windowWords - 1) * 64
)

// window tells counters that were seen from those that were not, by the ring
// of RFC 6479. Counters windowSize or more below the highest count as seen,
// and so does the very last counter. The zero window has seen none else.
type window struct {
	next  uint64 // one above the highest seen
	words [windowWords]uint64
}

// seen reports whether counter was added, or is too old to tell.
func (w *window) seen(counter uint64) bool {
	switch {
	case counter == math.MaxUint64:
		return true
	case counter >= w.next:
		return false
	case w.next-counter > windowSize:
		return true
	}
	return w.words[counter/64%windowWords]&(1<<(counter%64)) != 0
}

// add marks counter, which was not seen before, as seen.
func (w *window) add(counter uint64) {
	word := counter / 64
	if counter >= w.next {
		first := uint64(0) // of the words that hold older counters still
		if w.next > 0 {
			first = (w.next-1)/64 + 1
		}
		for i := first; i <= word && i-first < windowWords; i++ {
			w.words[i%windowWords] = 0
		}
		w.next = counter + 1
	}
	w.words[word%windowWords] |= 1 << (counter % 64)
}
