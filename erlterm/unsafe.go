package erlterm

import "unsafe"

// This file has what the compiler is not told: all of the package that is unsafe.

// A box holds the values behind Terms of one type, many in one allocation.
// Putting a value that is no pointer into an interface makes the compiler
// allocate for it alone, which took a quarter of the time of a parse.
//
// It is the one place here that knows what an interface is made of: a word for
// the type, and a pointer to the value, which nobody changes. The garbage
// collector follows such a pointer into the middle of a chunk as into any other
// object. TestBox holds the runtime to it.
type box[T Term] struct{ chunk[T] }

// put returns v as a Term of the text that p parses.
func (b *box[T]) put(p *parser, v T) Term {
	at := b.take(p, 1)
	at[0] = v
	var zero T
	t := Term(zero) // of the type wanted; a zero value takes no allocation
	(*interfaceWords)(unsafe.Pointer(&t)).value = unsafe.Pointer(&at[0])
	return t
}

// interfaceWords are the two words of a Term.
type interfaceWords struct{ typ, value unsafe.Pointer }

// borrow returns the bytes as a string that shares them: it changes when they do.
// A text is not copied because 8 MB of fresh memory took a third of the time of a
// parse. What outlives a parse as part of a term is copied, see [texts].
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
