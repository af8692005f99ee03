package erlargs

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"interconnectd/erlterm"
)

const (
	// MaxWords bounds the words of all files together.
	MaxWords = 1 << 18
	// MaxFiles bounds how many files are read for one.
	MaxFiles = 1000
)

// Problem is something wrong with an args file, or doubtful in it.
type Problem struct {
	Name    string           // of the file
	Pos     erlterm.Position // the zero Position: the file as a whole
	Warning bool             // erl reads on
	Msg     string           // one line, lower-case; it repeats nothing of the file but names of files
	Hint    string           // may be empty
}

// Read gives the words that stand in the place of `-args_file name` on a
// command line, and those that go to its end since they follow -extra. Open
// gives the text of a file; its error does not name it.
func Read(name string, open func(name string) ([]byte, error)) (words, extra []Word, problems []Problem) {
	r := &reader{open: open}
	r.file(name, Word{})
	return r.words, r.extra, r.problems
}

type reader struct {
	open func(string) ([]byte, error)

	words, extra []Word
	problems     []Problem
	inside       []string // the files whose words are being read, outermost first
	files        int
	full         bool // a limit was met, and told of
}

// file reads one file, whose name stands at named.
func (r *reader) file(name string, named Word) {
	if r.files++; r.files > MaxFiles {
		r.limit(named, fmt.Sprintf("more than %d args files are named from here", MaxFiles))
		return
	}
	for _, outer := range r.inside {
		if outer == name {
			r.at(named, "the args file %s includes itself: erl reads it for ever", shown(name))
			return
		}
	}
	text, err := r.open(name)
	if err != nil {
		if named.File == nil {
			r.problems = append(r.problems, Problem{Name: shown(name), Msg: "reading the args file: " + err.Error()})
		} else {
			r.at(named, "reading the args file %s: %v", shown(name), err)
		}
		return
	}
	f := Split(shown(name), text)
	r.doubts(f)
	r.inside = append(r.inside, name)
	r.take(f)
	r.inside = r.inside[:len(r.inside)-1]
}

// shown is a name that breaks no line.
func shown(name string) string {
	if strings.Contains(name, "setcookie") { // a quote before it is not closed
		return "[...]"
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return strconv.Quote(name)
	}
	return name
}

// take gives the words of a file their place.
func (r *reader) take(f *File) {
	if len(f.Words) == 0 {
		return
	}
	end := Word{Text: "--"}
	for i := 0; i < len(f.Words) && !r.full; i++ {
		switch w := f.Words[i]; {
		case w.Text == "-extra":
			r.extra = append(r.extra, f.Words[i+1:]...)
			return
		case w.Text != "-args_file":
			r.words = append(r.words, w)
		case i+1 == len(f.Words):
			r.at(w, "-args_file needs the name of a file")
		default:
			i++
			r.file(f.Words[i].Text, f.Words[i])
		}
		if len(r.words)+len(r.extra) > MaxWords {
			r.limit(f.Words[min(i, len(f.Words)-1)], fmt.Sprintf("more than %d words: no command line of erl is as long", MaxWords))
		}
	}
	r.words = append(r.words, end)
}

// doubts tells of what erl reads in another way than it looks.
func (r *reader) doubts(f *File) {
	warn := func(pos erlterm.Position, hint, msg string) {
		r.problems = append(r.problems, Problem{Name: f.Name, Pos: pos, Warning: true, Msg: msg, Hint: hint})
	}
	if bytes.HasPrefix(f.Text, []byte("\ufeff")) {
		warn(erlterm.Position{Line: 1, Column: 1}, "save the file without it", "the file begins with a byte-order mark, which erl reads as part of the first word")
	}
	if f.Unclosed.Line > 0 {
		warn(f.Unclosed, "", "nothing closes the quote that begins here: erl reads up to the end of the file")
	}
	if f.Zero.Line > 0 {
		warn(f.Zero, "", "a zero byte: erl reads no further")
	}
}

// at reports an error at a word.
func (r *reader) at(w Word, format string, args ...any) {
	r.problems = append(r.problems, Problem{Name: w.File.Name, Pos: w.Pos, Msg: fmt.Sprintf(format, args...)})
}

func (r *reader) limit(w Word, msg string) {
	if !r.full {
		r.full = true
		r.at(w, "%s", msg)
	}
}
