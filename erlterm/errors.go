package erlterm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Error is a mistake in a text.
type Error struct {
	File string   // as given to ParseFile; may be empty
	Pos  Position // where the cause is
	End  Position // the first place after it; Pos where it is a place between two characters
	Path string   // of a value that Unmarshal could not use, as in kernel.sync_nodes_timeout; else empty
	Msg  string   // one line, lower-case, no full stop
	Hint string   // what to write instead, or empty
}

// Error is file:line:col: path: message on one line, without what there is none
// of.
func (e *Error) Error() string {
	msg := e.Msg
	if e.Path != "" {
		msg = e.Path + ": " + msg
	}
	switch {
	case e.Pos == Position{} && e.File == "":
		return msg
	case e.Pos == Position{}:
		return e.File + ": " + msg
	case e.File == "":
		return fmt.Sprintf("%s: %s", e.Pos, msg)
	}
	return fmt.Sprintf("%s:%s: %s", e.File, e.Pos, msg)
}

// An ErrorList is all mistakes that one pass over a text found, sorted by
// position: of syntax at most one for a line of the text, of values that
// Unmarshal cannot use every one.
type ErrorList []*Error

// Error is the errors one per line.
func (l ErrorList) Error() string {
	lines := make([]string, len(l))
	for i, e := range l {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives errors.As and errors.Is the errors of the list.
func (l ErrorList) Unwrap() []error {
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errs
}

// Err is the list as an error, nil when it is empty.
func (l ErrorList) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// byPlace sorts the list by position.
func (l ErrorList) byPlace() ErrorList {
	slices.SortStableFunc(l, func(a, b *Error) int { return cmp.Compare(a.Pos.Offset, b.Pos.Offset) })
	return l
}

// sorted returns the list by position, with the first of each line only.
func (l ErrorList) sorted() ErrorList {
	return slices.CompactFunc(l.byPlace(), func(a, b *Error) bool { return a.Pos.Line == b.Pos.Line })
}
