package erlterm

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendTerm appends the text of t to dst: what io_lib:format("~tw") of OTP 27
// prints, with the keys of a map always in Erlang term order. Strings are
// printed as lists of integers. A nil Term is no term: AppendTerm panics.
//
// The text and a dot parse back to an equal term, but for one oddity that is
// OTP's: the names in a fun are printed without quotes when they are reserved
// words, and the bytes of their UTF-8 as one character each. See
// [AppendLiteral]. That of an [Opaque] does not parse.
func AppendTerm(dst []byte, t Term) []byte {
	return printer{appendFunName: appendFunName}.append(dst, t)
}

// AppendLiteral appends t to dst as AppendTerm does, with the names in a fun
// quoted as any atom is: the text and a dot always parse back to an equal term,
// where no [Opaque] is in it.
func AppendLiteral(dst []byte, t Term) []byte {
	return printer{appendFunName: appendAtom}.append(dst, t)
}

// A printer prints terms in one of several ways.
type printer struct {
	appendFunName func(dst []byte, name string) []byte
	appendString  func(dst []byte, t String) []byte // nil: as a list
	appendBits    func(dst []byte, t Bits) []byte   // nil: as numbers
}

func (p printer) append(dst []byte, t Term) []byte {
	switch t := t.(type) {
	case Atom:
		return appendAtom(dst, string(t))
	case Int:
		return strconv.AppendInt(dst, int64(t), 10)
	case *BigInt:
		return t.v.Append(dst, 10)
	case Float:
		return appendFloat(dst, float64(t))
	case String:
		if p.appendString != nil {
			return p.appendString(dst, t)
		}
		return p.appendList(dst, t)
	case List, *Improper:
		return p.appendList(dst, t)
	case Tuple:
		return p.appendTuple(dst, t)
	case *Map:
		return p.appendMap(dst, t)
	case Bits:
		if p.appendBits != nil {
			return p.appendBits(dst, t)
		}
		return appendBits(dst, t)
	case Fun:
		dst = p.appendFunName(append(dst, "fun "...), string(t.Module))
		dst = p.appendFunName(append(dst, ':'), string(t.Function))
		return strconv.AppendUint(append(dst, '/'), uint64(t.Arity), 10)
	case Opaque:
		return append(dst, t.String()...)
	}
	panic(fmt.Sprintf("erlterm: %T is not a term", t))
}

func (p printer) appendTuple(dst []byte, t Tuple) []byte {
	dst = append(dst, '{')
	for i, e := range t {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = p.append(dst, e)
	}
	return append(dst, '}')
}

func (p printer) appendList(dst []byte, t Term) []byte {
	dst = append(dst, '[')
	c := cellsOf(t)
	for i := 0; ; i++ {
		e, more := c.next()
		if !more {
			break
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = p.append(dst, e)
	}
	if c.tail != nil {
		dst = p.append(append(dst, '|'), c.tail)
	}
	return append(dst, ']')
}

func (p printer) appendMap(dst []byte, m *Map) []byte {
	dst = append(dst, "#{"...)
	for i, pair := range m.pairs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = p.append(dst, pair.Key)
		dst = append(dst, " => "...)
		dst = p.append(dst, pair.Value)
	}
	return append(dst, '}')
}

func appendBits(dst []byte, t Bits) []byte {
	dst = append(dst, "<<"...)
	for i, b := range t.Bytes {
		if i > 0 {
			dst = append(dst, ',')
		}
		if rest := t.Len - 8*i; rest < 8 {
			dst = strconv.AppendUint(dst, uint64(b>>(8-rest)), 10)
			dst = strconv.AppendInt(append(dst, ':'), int64(rest), 10)
			break
		}
		dst = strconv.AppendUint(dst, uint64(b), 10)
	}
	return append(dst, ">>"...)
}

// appendFloat prints as erlang:float_to_list(F, [short]) does: the fewest
// digits that read back as the same float; plain or scientific, whichever is
// shorter; always scientific from 2^53 on, where not every integer is a float.
func appendFloat(dst []byte, f float64) []byte {
	if math.Signbit(f) {
		dst = append(dst, '-')
		f = -f
	}
	var buf [32]byte
	digits, exp := shortest(buf[:0], f)
	scientific := len(digits) + 3 + len(strconv.Itoa(exp)) // d.dd and e and the exponent
	if len(digits) > 1 {
		scientific--
	}
	var plain int
	switch {
	case exp < 0:
		plain = len(digits) + 1 - exp
	default:
		plain = max(len(digits), exp+1) + 1
		if len(digits) <= exp+1 {
			plain++
		}
	}
	if f != 0 && (f >= 1<<53 || plain > scientific) {
		dst = append(dst, digits[0], '.')
		if len(digits) == 1 {
			dst = append(dst, '0')
		}
		dst = append(dst, digits[1:]...)
		return strconv.AppendInt(append(dst, 'e'), int64(exp), 10)
	}
	return strconv.AppendFloat(dst, f, 'f', max(1, len(digits)-1-exp), 64)
}

// shortest appends the significant digits of f, which is not negative, to dst,
// and returns them with the exponent of the first.
func shortest(dst []byte, f float64) (digits []byte, exp int) {
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	for i, c := range dst {
		switch c {
		case '.':
		case 'e':
			exp, _ = strconv.Atoi(string(dst[i+1:]))
			return digits, exp
		default:
			digits = append(dst[:len(digits)], c)
		}
	}
	return digits, exp
}

// appendAtom quotes an atom where erl_scan would not read it as one otherwise.
func appendAtom(dst []byte, name string) []byte {
	if isPlainAtom(name) {
		return append(dst, name...)
	}
	dst = append(dst, '\'')
	for _, r := range name {
		dst = appendQuotedRune(dst, r)
	}
	return append(dst, '\'')
}

// isPlainAtom reports whether name may be written without quotes.
func isPlainAtom(name string) bool {
	for i, r := range name {
		if i == 0 && !isLower(r) || !isNameRune(r) {
			return false
		}
	}
	return name != "" && !isReserved(name)
}

// appendQuotedRune follows io_lib:write_string/2.
func appendQuotedRune(dst []byte, r rune) []byte {
	switch r {
	case '\'', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	case '\v':
		return append(dst, `\v`...)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case 0x1b:
		return append(dst, `\e`...)
	case 0x7f:
		return append(dst, `\d`...)
	}
	if r < ' ' || 0x80 <= r && r < 0xa0 {
		return append(dst, '\\', byte('0'+r>>6), byte('0'+r>>3&7), byte('0'+r&7))
	}
	return utf8.AppendRune(dst, r)
}

// appendFunName follows erlang:fun_to_list/1: it quotes names with an @ and does
// not quote reserved words, and gives the bytes of the UTF-8 as characters.
func appendFunName(dst []byte, name string) []byte {
	start := len(dst)
	plain := name != ""
	for i, r := range name {
		plain = plain && isNameRune(r) && r != '@' && (i > 0 || isLower(r))
	}
	if plain {
		dst = append(dst, name...)
	} else {
		dst = append(dst, '\'')
		for _, r := range name {
			switch r {
			case 0x1b:
				dst = append(dst, `\033`...)
			case 0x7f:
				dst = append(dst, 0x7f)
			default:
				dst = appendQuotedRune(dst, r)
			}
		}
		dst = append(dst, '\'')
	}
	written := string(dst[start:])
	dst = dst[:start]
	for i := range len(written) {
		dst = utf8.AppendRune(dst, rune(written[i]))
	}
	return dst
}
