package etf

// version comes before every term.
const version = 131

// The tags, by the names that the erts user's guide has for them.
const (
	tagDistHeader     = 68
	tagDistFragment   = 69
	tagNewFloat       = 70
	tagBitBinary      = 77
	tagCompressed     = 80
	tagAtomCacheRef   = 82
	tagNewPid         = 88
	tagNewPort        = 89
	tagNewerReference = 90
	tagSmallInteger   = 97
	tagInteger        = 98
	tagFloat          = 99
	tagAtom           = 100
	tagReference      = 101
	tagPort           = 102
	tagPid            = 103
	tagSmallTuple     = 104
	tagLargeTuple     = 105
	tagNil            = 106
	tagString         = 107
	tagList           = 108
	tagBinary         = 109
	tagSmallBig       = 110
	tagLargeBig       = 111
	tagNewFun         = 112
	tagExport         = 113
	tagNewReference   = 114
	tagSmallAtom      = 115
	tagMap            = 116
	tagFun            = 117
	tagAtomUTF8       = 118
	tagSmallAtomUTF8  = 119
	tagV4Port         = 120
	tagLocal          = 121
)

// refused says of tags that have a meaning what they are.
var refused = map[byte]string{
	tagDistHeader:   "a distribution header",
	tagDistFragment: "a fragment of a message",
	tagCompressed:   "a compressed term",
	tagAtomCacheRef: "a reference to an atom cache",
	tagFun:          "a fun of a release before OTP 23",
	tagLocal:        "a term that is local to its node",
}
