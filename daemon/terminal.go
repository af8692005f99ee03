package main

import (
	"io"
	"os"
	"strconv"

	"github.com/mattn/go-isatty"
	"golang.org/x/sys/unix"
)

// style is how text looks to who reads it. The zero value is for files and programs:
// no colours, and lines of any width.
type style struct {
	coloured bool
	width    int // columns that a line has; 0: as many as it wants
}

// styleFor is that of an output. A terminal has colours where nobody minds
// (https://no-color.org), and a width.
func styleFor(out io.Writer, getenv func(string) string) style {
	if !isTerminal(out) {
		return style{}
	}
	plain := getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" || getenv("TERM") == ""
	return style{coloured: !plain, width: widthOf(out, getenv)}
}

func isTerminal(out io.Writer) bool {
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

func (s style) mark(code, text string) string {
	if !s.coloured {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) strong(text string) string { return s.mark("1", text) }
func (s style) faint(text string) string  { return s.mark("2", text) }
func (s style) well(text string) string   { return s.mark("32", text) }
func (s style) bad(text string) string    { return s.mark("31", text) }
func (s style) doubt(text string) string  { return s.mark("33", text) }

// state marks text, which tells of a peer in that state.
func (s style) state(state, text string) string {
	switch state {
	case "up":
		return s.well(text)
	case "down":
		return s.bad(text)
	default:
		return s.doubt(text)
	}
}

// fit is text that is no longer than the width, with a mark where it was cut.
func (s style) fit(text string) string {
	if runes := []rune(text); s.width > 0 && len(runes) > s.width {
		return string(runes[:s.width-1]) + "…"
	}
	return text
}
