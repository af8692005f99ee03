package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a problem stops a start.
type Severity int

const (
	// Warning is worth a line in the log; the start goes on.
	Warning Severity = iota
	// Error stops the start.
	Error
)

func (s Severity) String() string {
	switch s {
	case Warning:
		return "warning"
	case Error:
		return "error"
	default:
		return fmt.Sprintf("Severity(%d)", int(s))
	}
}

// Origin is where a value or a problem comes from. Its zero value is nowhere
// in particular.
type Origin struct {
	Source       string // a file as it was named, a flag, a variable, or "default"
	Line, Column int    // from 1; 0 when Source is no file
}

// String is file:line:column, or the source alone.
func (o Origin) String() string {
	if o.Line == 0 {
		return o.Source
	}
	return fmt.Sprintf("%s:%d:%d", o.Source, o.Line, o.Column)
}

// Kind says what Source is: "file" (with a line, where the file is text with
// lines worth telling), "flag", "environment", "host" for what this host is
// called, "default", or "" for nowhere in particular.
func (o Origin) Kind() string {
	switch {
	case o == Origin{}:
		return ""
	case o.Line > 0:
		return "file"
	case o == defaultOrigin:
		return "default"
	case o == hostOrigin:
		return "host"
	case o.Source == "RELEASE_NODE", o.Source == "RELEASE_COOKIE", o.Source == "ERL_EPMD_PORT":
		return "environment"
	case strings.HasPrefix(o.Source, "-"): // which the name of a file cannot have on a command line
		return "flag"
	default:
		return "file"
	}
}

// hostOrigin is the origin of a name made of this host's.
var hostOrigin = Origin{Source: "this host's name"}

// defaultOrigin is the origin of a value that nobody set.
var defaultOrigin = Origin{Source: "default"}

// Problem is one thing wrong, or doubtful, in what a process was started with.
type Problem struct {
	Severity Severity
	Origin   Origin
	Msg      string // one line, lower-case, without the origin
	Hint     string // what to write instead, "" when there is no advice
	Excerpt  string // the line of the source and a caret below it, each ended by a line end; "" when there is none to show
}

// Error is the problem on one line, the origin first, without excerpt and hint.
func (p Problem) Error() string {
	msg := p.Msg
	if p.Severity == Warning {
		msg = "warning: " + msg
	}
	if p.Origin == (Origin{}) {
		return msg
	}
	return p.Origin.String() + ": " + msg
}

// Render is Error, the excerpt and the hint, each on lines of their own.
func (p Problem) Render() string {
	var b strings.Builder
	b.WriteString(p.Error())
	b.WriteByte('\n')
	b.WriteString(p.Excerpt)
	if p.Hint != "" {
		b.WriteString("hint: " + p.Hint + "\n")
	}
	return b.String()
}

// Problems are all problems of one reading: those of the source that was read
// first come first, in each source by position.
type Problems []Problem

// Errors are the problems that stop a start, in order.
func (ps Problems) Errors() Problems { return ps.only(Error) }

// Warnings are the others, in order.
func (ps Problems) Warnings() Problems { return ps.only(Warning) }

func (ps Problems) only(s Severity) Problems {
	var out Problems
	for _, p := range ps {
		if p.Severity == s {
			out = append(out, p)
		}
	}
	return out
}

// Err is nil when there are no errors, else an error of one line for each.
func (ps Problems) Err() error {
	if errs := ps.Errors(); len(errs) > 0 {
		return errs
	}
	return nil
}

// Error is one line for each problem, without a last line end.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Render is every problem with its excerpt and hint.
func (ps Problems) Render() string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.Render())
	}
	return b.String()
}

// sorted orders the problems by the rank of their source and drops those said
// before.
func (ps Problems) sorted(rank map[string]int) Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(rank[a.Origin.Source], rank[b.Origin.Source]),
			cmp.Compare(a.Origin.Line, b.Origin.Line),
			cmp.Compare(a.Origin.Column, b.Origin.Column),
		)
	})
	return slices.Compact(ps)
}
