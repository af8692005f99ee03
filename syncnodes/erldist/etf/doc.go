// Package etf reads and writes Erlang's external term format, which is what nodes
// send each other: the bytes of term_to_binary/1. It follows the chapter "External
// Term Format" of the erts user's guide.
//
// [Decode] reads one term, [AppendTerm] writes one. Terms are those of package
// erlterm, and the four that have no text: [Pid], [Ref], [Port] and [Fun].
//
// # Format
//
// A term is the byte 131 and a tag with what belongs to it. These are read, and
// those with a * are written too:
//
//	term          tags
//	Int, BigInt   SMALL_INTEGER 97*, INTEGER 98*, SMALL_BIG 110*, LARGE_BIG 111*
//	Float         NEW_FLOAT 70*, FLOAT 99
//	Atom          SMALL_ATOM_UTF8 119*, ATOM_UTF8 118*, and in Latin-1 ATOM 100, SMALL_ATOM 115
//	Tuple         SMALL_TUPLE 104*, LARGE_TUPLE 105*
//	List          NIL 106*, LIST 108*
//	Improper      LIST 108*
//	String        STRING 107*
//	Bits          BINARY 109*, BIT_BINARY 77*
//	Map           MAP 116*
//	Pid           NEW_PID 88*, PID 103
//	Port          V4_PORT 120*, NEW_PORT 89, PORT 102
//	Ref           NEWER_REFERENCE 90*, NEW_REFERENCE 114, REFERENCE 101
//	erlterm.Fun   EXPORT 113*
//	Fun           NEW_FUN 112*
//
// Refused are compressed terms (80), local ones (121), references to an atom cache
// (82), distribution headers (68) and fragments (69), and funs as releases before
// OTP 23 wrote them (117). OTP 25 and later read all that is written.
//
// Each term has one form: terms that are [erlterm.Equal] are written as the same
// bytes, but for the order of pairs in a map none chooses. As in Erlang a list of
// at most 65,535 bytes is written as STRING, whatever its Go type, and a STRING is
// read as an erlterm.String; a list of bytes that is longer is read as a List.
//
// Stricter than Erlang, which no node notices: a reference has 1 to 5 words, and an
// empty BIT_BINARY is refused, as OTP 27 does. Looser: 0.0 and -0.0 are two keys of
// a map, which only OTP 27 reads.
//
// # Limits
//
// [MaxDepth], [MaxTerms], [MaxAtom] and [MaxInteger] hold for what is read and for
// what is written, so that Decode reads whatever AppendTerm writes. What a count
// promises must have room in the bytes that follow, one for each element, before
// anything is allocated for it, and no byte is promised twice. All that a Decode
// allocates is less than [MemoryFactor] times its input and a kilobyte: TestMemory
// measures it on inputs that ask for the most, of which a map of all bytes takes
// 27. No input makes the package panic.
//
// # Concurrency
//
// There is no state: no table of atoms, nothing that one term leaves for the next.
// What is decoded shares nothing with the input.
package etf
