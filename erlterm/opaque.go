package erlterm

// An Opaque is a term that Erlang's text has no syntax for: a reference, a fun
// that is a closure, a port or a pid. Only the external term format says what is
// in one, so package etf has the types; a type is one by embedding [OpaqueTerm].
//
// It is printed as Erlang prints it, such as <0.90.0>, and nothing reads that
// back: [Parse] refuses such a text, [Marshal] and [Unmarshal] such a type.
type Opaque interface {
	Term

	// Class is what the term is, which is its place in the order of terms.
	Class() Class

	// CompareOpaque orders the term and another of its class as [Compare] does.
	// It is 0 for the same term alone.
	CompareOpaque(other Opaque) int
}

// A Class is what an [Opaque] is.
type Class rank

// The classes, in Erlang's order of terms.
const (
	ClassRef  = Class(rankRef)
	ClassFun  = Class(rankFun)
	ClassPort = Class(rankPort)
	ClassPid  = Class(rankPid)
)

// An OpaqueTerm makes the type that embeds it a [Term].
type OpaqueTerm struct{}

func (OpaqueTerm) isTerm() {}

var _ interface{ isTerm() } = OpaqueTerm{}

// compareOpaque orders two terms of one class. A [Fun], which has a text, comes
// behind all that are closures.
func compareOpaque(a, b Term) int {
	x, isOpaque := a.(Opaque)
	y, isOpaque2 := b.(Opaque)
	switch {
	case isOpaque && isOpaque2:
		return x.CompareOpaque(y)
	case isOpaque:
		return -1
	case isOpaque2:
		return 1
	}
	return compareFuns(a.(Fun), b.(Fun))
}
