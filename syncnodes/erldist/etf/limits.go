package etf

// The limits of one term. One over a limit is neither read nor written.
const (
	MaxDepth   = 128       // lists, tuples and maps inside one another; a fun is one too
	MaxTerms   = 512 << 10 // the term itself, all elements, keys, values and tails
	MaxAtom    = 255       // characters, as in OTP
	MaxInteger = 1 << 20   // bits

	// MemoryFactor is how many bytes Decode allocates for one of its input at most.
	MemoryFactor = 32

	maxString = 1<<16 - 1 // bytes of a STRING
)
