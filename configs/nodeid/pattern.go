package nodeid

import (
	"errors"
	"path"
	"strings"
)

// Pattern stands for the names that it matches, in the manner of a shell: '*' is
// any number of characters, '?' is one, [a-c] one of several, and '\' takes its
// meaning from the character after it. The pattern covers the whole name.
type Pattern string

// Check tells what is wrong with a pattern; nil where nothing is.
func (p Pattern) Check() error {
	if p == "" {
		return errors.New("an empty pattern matches no node")
	}
	if _, err := path.Match(string(p), ""); err != nil {
		return errors.New("a '[' or a '\\' at the end of the pattern is not complete")
	}
	return nil
}

// Match reports whether the pattern stands for a name; one that is wrong stands
// for none.
func (p Pattern) Match(name Name) bool {
	ok, err := path.Match(withoutSlash(string(p)), withoutSlash(string(name)))
	return ok && err == nil
}

// withoutSlash takes from '/', which may stand in a host, what it means to paths.
func withoutSlash(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
