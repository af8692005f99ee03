package main

import (
	"io"
	"sync"
	"time"
)

// footerEvery is how often a footer is drawn anew.
const footerEvery = 100 * time.Millisecond

// footer is a line at the end of what a terminal shows, for progress: what is written
// through it stands above. Its methods may be called concurrently.
type footer struct {
	style style
	gone  chan struct{} // closed when nobody draws any more
	stop  chan struct{}

	mu   sync.Mutex
	out  io.Writer
	text string // that is shown now
}

// newFooter draws what text gives, again and again, until close; "" is no line. On what is
// no terminal, or a dumb one, it draws nothing.
func newFooter(out io.Writer, getenv func(string) string, text func() string) *footer {
	f := &footer{style: styleFor(out, getenv), out: out, gone: make(chan struct{}), stop: make(chan struct{})}
	if term := getenv("TERM"); !isTerminal(out) || term == "" || term == "dumb" {
		close(f.gone)
		return f
	}
	go f.run(text)
	return f
}

func (f *footer) run(text func() string) {
	defer close(f.gone)
	tick := time.NewTicker(footerEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.draw(text())
		case <-f.stop:
			f.draw("")
			return
		}
	}
}

// The sequences that take the line away: to its begin, and erase what follows.
const eraseLine = "\r\x1b[K"

func (f *footer) draw(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case text == f.text:
	case text == "":
		_, _ = io.WriteString(f.out, eraseLine)
	default:
		// A character less than there is room: the cursor stands after it.
		_, _ = io.WriteString(f.out, eraseLine+f.style.faint(style{width: max(f.style.width-1, 0)}.fit(text)))
	}
	f.text = text
}

// Write writes above the line, which is drawn again.
func (f *footer) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.text != "" {
		_, _ = io.WriteString(f.out, eraseLine)
		f.text = ""
	}
	return f.out.Write(p)
}

// close takes the line away, and returns when nothing is drawn any more. It is called once.
func (f *footer) close() {
	close(f.stop)
	<-f.gone
}
