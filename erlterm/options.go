package erlterm

import "math"

// The limits without options. Over a limit a text is refused with an error;
// memory stays within a small multiple of the input.
const (
	DefaultMaxInput   = 16 << 20 // bytes
	DefaultMaxDepth   = 10_000   // open brackets
	DefaultMaxAtom    = 255      // characters, as in OTP
	DefaultMaxInteger = 1 << 20  // bits
)

// An Option changes a limit, or how values are read and written.
type Option func(*options)

type options struct {
	limits
	name          string
	rejectUnknown bool
	allowRepeated bool
	allTerms      bool
	maker         *maker
}

type limits struct {
	input, depth, atom, integer int
}

// MaxInput limits the length of the text in bytes; for a [Decoder], of each
// term. 4 GiB less a byte is the most there can be.
func MaxInput(bytes int) Option {
	return func(o *options) { o.input = min(bytes, math.MaxUint32) }
}

// MaxDepth limits how deep brackets may nest. A term at the top has depth 0.
func MaxDepth(depth int) Option { return func(o *options) { o.depth = depth } }

// MaxAtom limits the length of an atom in characters.
func MaxAtom(characters int) Option { return func(o *options) { o.atom = characters } }

// MaxInteger limits the size of an integer, and of one segment of a binary, in
// bits.
func MaxInteger(bits int) Option { return func(o *options) { o.integer = bits } }

// Name is what errors of [Unmarshal], [Format] and a [Decoder] call the text.
func Name(file string) Option { return func(o *options) { o.name = file } }

// RejectUnknown makes it an error for [Unmarshal] when a key stands for no field
// of a struct. Without it such a key is passed over.
func RejectUnknown() Option { return func(o *options) { o.rejectUnknown = true } }

// AllowRepeated makes [Unmarshal] take the first of several equal keys, as
// proplists:get_value/2 does. Without it they are an error.
func AllowRepeated() Option { return func(o *options) { o.allowRepeated = true } }

// AllTerms makes [Unmarshal] read all terms of a text as one list, as
// file:consult/1 does. Without it the text is of exactly one term.
func AllTerms() Option { return func(o *options) { o.allTerms = true } }

func newOptions(opts []Option) options {
	o := options{limits: limits{DefaultMaxInput, DefaultMaxDepth, DefaultMaxAtom, DefaultMaxInteger}}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}
