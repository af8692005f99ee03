package terminal

import (
	"io"
	"sync"
	"time"
)

// footerEvery is how often a footer is drawn anew.
const footerEvery = 100 * time.Millisecond

// Footer is a line at the end of what a terminal shows, for progress: what is written
// through it stands above. Its methods may be called concurrently.
type Footer struct {
	style Style
	gone  chan struct{} // closed when nobody draws any more
	stop  chan struct{}

	mu   sync.Mutex
	out  io.Writer
	text string // that is shown now
}

// NewFooter draws what text gives, again and again, until Close; "" is no line. On what is
// no terminal, or a dumb one, it draws nothing.
func NewFooter(out io.Writer, getenv func(string) string, text func() string) *Footer {
	f := &Footer{style: StyleOf(out, getenv), out: out, gone: make(chan struct{}), stop: make(chan struct{})}
	if term := getenv("TERM"); !Is(out) || term == "" || term == "dumb" {
		close(f.gone)
		return f
	}
	go f.run(text)
	return f
}

func (f *Footer) run(text func() string) {
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

// EraseLine takes the line away: to its begin, and erase what follows.
const EraseLine = "\r\x1b[K"

func (f *Footer) draw(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case text == f.text:
	case text == "":
		_, _ = io.WriteString(f.out, EraseLine)
	default:
		// A character less than there is room: the cursor stands after it.
		_, _ = io.WriteString(f.out, EraseLine+f.style.Faint(Style{Width: max(f.style.Width-1, 0)}.Fit(text)))
	}
	f.text = text
}

// Write writes above the line, which is drawn again.
func (f *Footer) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.text != "" {
		_, _ = io.WriteString(f.out, EraseLine)
		f.text = ""
	}
	return f.out.Write(p)
}

// Close takes the line away, and returns when nothing is drawn any more. It is called once.
func (f *Footer) Close() {
	close(f.stop)
	<-f.gone
}
