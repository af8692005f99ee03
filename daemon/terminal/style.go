package terminal

import (
	"io"
	"os"
	"strconv"

	"github.com/mattn/go-isatty"
	"golang.org/x/sys/unix"
)

// Style is how text looks to who reads it. The zero value is for files and programs:
// no colours, and lines of any width.
type Style struct {
	Coloured bool
	Width    int // columns that a line has; 0: as many as it wants
}

// StyleOf is that of an output. A terminal has colours where nobody minds
// (https://no-color.org), and a width.
func StyleOf(out io.Writer, getenv func(string) string) Style {
	if !Is(out) {
		return Style{}
	}
	plain := getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" || getenv("TERM") == ""
	return Style{Coloured: !plain, Width: widthOf(out, getenv)}
}

// Is reports whether an output is a terminal.
func Is(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// widthOf is $COLUMNS, else what the terminal says; 0 where neither tells.
func widthOf(out io.Writer, getenv func(string) string) int {
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	f, ok := out.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

func (s Style) mark(code, text string) string {
	if !s.Coloured {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Strong marks what the eye is to find, Faint what it may pass over.
func (s Style) Strong(text string) string { return s.mark("1", text) }

// Faint is the opposite of Strong.
func (s Style) Faint(text string) string { return s.mark("2", text) }

// Doubt marks what may be well or not.
func (s Style) Doubt(text string) string { return s.mark("33", text) }

// State marks text, which tells of a peer in that state.
func (s Style) State(state, text string) string {
	switch state {
	case "up":
		return s.mark("32", text)
	case "down":
		return s.mark("31", text)
	default:
		return s.Doubt(text)
	}
}

// Fit is text that is no longer than the width, with a mark where it was cut.
func (s Style) Fit(text string) string {
	if runes := []rune(text); s.Width > 0 && len(runes) > s.Width {
		return string(runes[:s.Width-1]) + "…"
	}
	return text
}
