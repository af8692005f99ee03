package erlterm

// A kind is the kind of a token.
type kind uint8

const (
	tokEOF kind = iota
	tokDot      // a full stop that ends a term: blank, comment or end of file follows
	tokAtom
	tokVar
	tokReserved
	tokInt
	tokFloat
	tokChar
	tokString
	tokSigil
	tokComma
	tokBar
	tokColon
	tokSlash
	tokHash
	tokArrow // =>
	tokPlus
	tokMinus
	tokLParen
	tokRParen
	tokLBracket
	tokRBracket
	tokLBrace
	tokRBrace
	tokLBin
	tokRBin
	tokOp      // any other operator or stray character
	tokBroken  // text about which an error was reported; stands for a term
	tokSkipped // a comment, a wide blank, or a character that was reported: it does not count
)

var kindNames = [...]string{
	tokEOF: "end of file", tokDot: "'.'", tokAtom: "atom", tokVar: "variable", tokReserved: "reserved word",
	tokInt: "integer", tokFloat: "float", tokChar: "character", tokString: "string", tokSigil: "sigil",
	tokComma: "','", tokBar: "'|'", tokColon: "':'", tokSlash: "'/'", tokHash: "'#'", tokArrow: "'=>'",
	tokPlus: "'+'", tokMinus: "'-'", tokLParen: "'('", tokRParen: "')'", tokLBracket: "'['", tokRBracket: "']'",
	tokLBrace: "'{'", tokRBrace: "'}'", tokLBin: "'<<'", tokRBin: "'>>'", tokOp: "operator", tokBroken: "term", tokSkipped: "nothing",
}

// String names the kind as an error message does.
func (k kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown token"
}

// A token is a word of the text: src[off:end].
type token struct {
	kind   kind
	quoted bool // an atom in quotes

	off, end uint32
}

// opens reports whether k is an opening bracket.
func (k kind) opens() bool {
	return k == tokLParen || k == tokLBracket || k == tokLBrace || k == tokLBin
}

// closes reports whether k is a closing bracket.
func (k kind) closes() bool {
	return k == tokRParen || k == tokRBracket || k == tokRBrace || k == tokRBin
}

// partner is the other bracket of a pair. It is tokEOF for other kinds.
func (k kind) partner() kind {
	switch {
	case k.opens():
		return k + 1
	case k.closes():
		return k - 1
	}
	return tokEOF
}

// startsTerm reports whether a term can start with a token of kind k.
func (k kind) startsTerm() bool {
	switch k {
	case tokAtom, tokInt, tokFloat, tokChar, tokString, tokSigil, tokHash, tokPlus, tokMinus, tokBroken:
		return true
	}
	return k.opens()
}

// isReserved reports whether name is a word of the language, which is an atom
// only in quotes. OTP 27 added maybe and else.
func isReserved(name string) bool {
	switch name {
	case "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch",
		"cond", "div", "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive",
		"rem", "try", "when", "xor":
		return true
	}
	return false
}
