package bus

import "time"

// newsEvery is the least time between two lines that say the same.
const newsEvery = time.Minute

// news keeps a log short: each line once within newsEvery, and few of them. Its owner
// guards it.
type news struct{ told map[string]time.Time }

// is reports whether what has not been told for newsEvery, and fewer than most others
// have.
func (n *news) is(what string, most int, now time.Time) bool {
	for other, at := range n.told {
		if now.Sub(at) >= newsEvery {
			delete(n.told, other)
		}
	}
	if _, told := n.told[what]; told || len(n.told) >= most {
		return false
	}
	if n.told == nil {
		n.told = map[string]time.Time{}
	}
	n.told[what] = now
	return true
}
