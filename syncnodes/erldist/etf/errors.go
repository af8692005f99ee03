package etf

import "fmt"

// An Error says why bytes are no term that [Decode] reads.
type Error struct {
	Offset int    // in the data, of the tag, count or byte that is refused
	Msg    string // one line, lower-case, no full stop
}

// Error is "byte OFFSET: MSG".
func (e *Error) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Msg) }

// A bailout is a panic that ends a decoding or an encoding; it leaves the package
// as an error.
type bailout struct{ err error }

// caught puts the error of a bailout into err. It is deferred.
func caught(err *error) {
	switch r := recover().(type) {
	case nil:
	case bailout:
		*err = r.err
	default:
		panic(r)
	}
}
