package erldist

import "interconnectd/erlterm"

// ExitError tmp.
type ExitError struct{ Reason erlterm.Term }

func (e *ExitError) Error() string { return "exit" }
