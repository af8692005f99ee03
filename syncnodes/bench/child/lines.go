package child

import (
	"bytes"
	"strings"
	"sync"
	"time"
)

// kept is how many of its last lines an error shows of a process.
const kept = 12

// lines is where a process writes to. It tells of each line, without its end, and of
// when it was read.
type lines struct {
	tell func(at time.Time, line string) // nil where nobody listens

	mu    sync.Mutex // guards all below
	begun []byte     // a line whose end has not come
	last  []string
}

// Write never fails.
func (l *lines) Write(p []byte) (int, error) {
	at := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := append(l.begun, p...)
	for {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if !whole {
			l.begun = bytes.Clone(line)
			return len(p), nil
		}
		l.take(at, strings.TrimSuffix(string(line), "\r"))
		rest = after
	}
}

func (l *lines) take(at time.Time, line string) {
	l.keepLocked(line)
	if l.tell != nil {
		l.tell(at, line)
	}
}

// keep takes in a line that was read elsewhere.
func (l *lines) keep(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keepLocked(line)
}

func (l *lines) keepLocked(line string) {
	if len(l.last) == kept {
		l.last = l.last[1:]
	}
	l.last = append(l.last, line)
}

// String is the last lines, as an error shows them.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.last
	if len(l.begun) > 0 {
		all = append(all[:len(all):len(all)], string(l.begun))
	}
	if len(all) == 0 {
		return "it said nothing"
	}
	return "its last lines:\n  " + strings.Join(all, "\n  ")
}
