package erlterm

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// This file builds bit strings as OTP's eval_bits and erl_bits do.

// A few bytes of text can ask for a huge binary. All binaries of a text
// together may take a free amount and a multiple of the text's length.
const (
	freeBinaryBytes    = 1 << 20
	binaryBytesPerByte = 4
)

// A problem is what is wrong with a segment. The zero value is none.
type problem struct{ msg, hint string }

var tooManyBinaries = problem{msg: "the binaries of this text are too large for its length"}

const segmentTypes = "the types are integer, float, binary, bytes, bits, bitstring, utf8, utf16, utf32, signed, unsigned, big, little, native and unit:N"

// A segment is one element of a binary: Value:Size/Type-Sign-Endian-unit:Unit.
type segment struct {
	typ    string // "" is integer
	size   Term   // nil when there is none
	unit   int    // 0 when there is none
	sign   string
	endian string
}

// parseBinary parses a binary or bit string.
func (p *parser) parseBinary() Term {
	n := p.begin()
	p.enter()
	var b bitBuffer
	for first := true; p.tok.kind != tokRBin || !first; first = false {
		p.parseSegment(&b)
		if p.tok.kind != tokComma {
			break
		}
		p.next()
	}
	p.leave(tokRBin, "',' or '>>'")
	p.spans = p.spans[:n+1] // a segment is no term of its own
	return b.bits()
}

func (p *parser) parseSegment(b *bitBuffer) {
	start := p.tok
	if p.tok.kind == tokHash {
		p.fail("a value")
	}
	value := p.parseTerm()
	var s segment
	var wrong problem
	if p.tok.kind == tokColon {
		p.next()
		if k := p.tok.kind; k == tokMinus || k == tokPlus || k == tokHash {
			p.fail("a size")
		}
		s.size = p.parseTerm()
	}
	if p.tok.kind == tokSlash {
		wrong = p.parseSegmentTypes(&s)
	}
	if wrong == (problem{}) {
		wrong = p.appendSegment(b, value, s)
	}
	if wrong != (problem{}) {
		p.errorAt(int(start.off), int(start.end), wrong.msg, wrong.hint)
	}
}

// parseSegmentTypes parses what follows the / of a segment, and returns what
// is wrong with it.
func (p *parser) parseSegmentTypes(s *segment) (wrong problem) {
	for ok := true; ok; ok = p.tok.kind == tokMinus {
		p.next()
		name := string(p.parseName())
		unit := ""
		if p.tok.kind == tokColon {
			p.next()
			unit = p.expect(tokInt)
		}
		if w := p.setType(s, name, unit); wrong == (problem{}) {
			wrong = w
		}
	}
	return wrong
}

// setType adds one name, as in unit:8 with its number, to the types of a
// segment. The same may be said twice, but not two things.
func (p *parser) setType(s *segment, name, number string) (wrong problem) {
	set := func(field *string, value string) {
		if *field != "" && *field != value {
			wrong = problem{fmt.Sprintf("a segment is not both %s and %s", *field, value), "write one of them"}
		}
		*field = value
	}
	setUnit := func(unit int) {
		if s.unit != 0 && s.unit != unit {
			wrong = problem{fmt.Sprintf("a segment has not both the unit %d and %d", s.unit, unit), "write one of them"}
		}
		s.unit = unit
	}
	if number != "" && name != "unit" {
		return problem{fmt.Sprintf("unknown type %s:%s of a segment", name, number), "a number stands behind unit only; a size stands before the types, as in 1:16/little"}
	}
	switch name {
	case "integer", "float", "binary", "utf8", "utf16", "utf32":
		set(&s.typ, name)
	case "bytes":
		set(&s.typ, "binary")
		setUnit(8)
	case "bitstring", "bits":
		set(&s.typ, "binary")
		setUnit(1)
	case "signed", "unsigned":
		set(&s.sign, name)
	case "big", "little", "native":
		set(&s.endian, name)
	case "unit":
		n, _ := parseInteger(number, p.lim.integer)
		if unit, ok := n.(Int); !ok || unit < 1 || unit > 256 {
			return problem{"a unit is 1 to 256", "a size counts units, as in 2/unit:8 for 16 bits"}
		}
		setUnit(int(n.(Int)))
	default:
		return problem{fmt.Sprintf("unknown type %s of a segment", name), segmentTypes}
	}
	return wrong
}

// appendSegment appends a value, or each character of a string, and returns
// what is wrong with it.
func (p *parser) appendSegment(b *bitBuffer, value Term, s segment) (wrong problem) {
	if s.typ == "" {
		s.typ = "integer"
	}
	bits, wrong := p.segmentBits(s)
	if wrong != (problem{}) {
		return wrong
	}
	text, ok := value.(String)
	if !ok {
		return p.appendValue(b, value, s, bits)
	}
	if s == (segment{typ: "integer"}) {
		return p.appendBytes(b, string(text))
	}
	if text == "" { // OTP checks the types of an empty string too
		return p.appendValue(new(bitBuffer), Int(0), s, bits)
	}
	for _, r := range text {
		if wrong := p.appendValue(b, Int(r), s, bits); wrong != (problem{}) {
			return wrong
		}
	}
	return problem{}
}

// wholeValue is the size of a segment that is as long as its value.
const wholeValue = -1

// segmentBits returns the length of a segment in bits.
func (p *parser) segmentBits(s segment) (bits int, wrong problem) {
	if s.typ == "utf8" || s.typ == "utf16" || s.typ == "utf32" {
		if s.size != nil && s.size != Atom("undefined") || s.unit != 0 {
			return 0, problem{fmt.Sprintf("%s has no size and no unit", s.typ), "remove them: a character has the size it needs"}
		}
		return wholeValue, problem{}
	}
	unit := s.unit
	switch {
	case s.size == nil && s.typ != "binary" && unit != 0:
		return 0, problem{"a unit without a size", "write Value:Size/unit:Unit"}
	case s.size == nil && s.typ == "integer":
		return 8, problem{}
	case s.size == nil && s.typ == "float":
		return 64, problem{}
	case s.size == nil, s.typ == "binary" && s.size == Atom("all"):
		return wholeValue, problem{}
	case unit == 0 && s.typ == "binary":
		unit = 8
	case unit == 0:
		unit = 1
	}
	size, ok := s.size.(Int)
	switch {
	case !ok || size < 0:
		return 0, problem{"the size of a segment is an integer from 0", "as in 1:16"}
	case size > Int(p.lim.integer/unit):
		return 0, problem{msg: fmt.Sprintf("a segment of more than %d bits", p.lim.integer)}
	}
	return int(size) * unit, problem{}
}

// valueHint says how to write a value that is no integer.
func valueHint(value Term) string {
	switch v := value.(type) {
	case Float:
		return fmt.Sprintf("write %s/float", v)
	case Bits:
		return "write /binary behind a binary in a binary, or /bits behind a bit string"
	case Atom:
		return fmt.Sprintf("a binary holds no atoms: write %q for the characters", string(v))
	}
	return "a binary holds integers, floats, strings and binaries"
}

// appendBytes appends the low 8 bits of each character: most binaries are
// written so.
func (p *parser) appendBytes(b *bitBuffer, text string) (wrong problem) {
	data := make([]byte, 0, len(text))
	for _, r := range text {
		data = append(data, byte(r))
	}
	if p.binaryBytes -= len(data); p.binaryBytes < 0 {
		return tooManyBinaries
	}
	b.append(data, 8*len(data))
	return problem{}
}

// appendValue appends one value of a checked length.
func (p *parser) appendValue(b *bitBuffer, value Term, s segment, bits int) (wrong problem) {
	before := len(b.bytes)
	little := s.endian == "little" || s.endian == "native" // the machines OTP runs on
	switch s.typ {
	case "integer":
		wrong = b.appendInteger(value, bits, little)
	case "float":
		wrong = b.appendFloat(value, bits, little)
	case "binary":
		if s.unit == 0 {
			s.unit = 8
		}
		wrong = b.appendBinary(value, bits, s.unit)
	default:
		wrong = b.appendRune(value, s.typ, little)
	}
	if p.binaryBytes -= len(b.bytes) - before; p.binaryBytes < 0 && wrong == (problem{}) {
		return tooManyBinaries
	}
	return wrong
}

// A bitBuffer collects bits. The unused low bits of its last byte are zero.
type bitBuffer struct {
	bytes []byte
	n     int // length in bits
}

func (b *bitBuffer) bits() Bits { return Bits{Bytes: b.bytes, Len: b.n} }

// append appends the high n bits of data.
func (b *bitBuffer) append(data []byte, n int) {
	shift := b.n % 8
	b.n += n
	if shift == 0 {
		b.bytes = append(b.bytes, data[:(n+7)/8]...)
	} else {
		for _, c := range data[:(n+7)/8] {
			b.bytes[len(b.bytes)-1] |= c >> shift
			b.bytes = append(b.bytes, c<<(8-shift))
		}
		b.bytes = b.bytes[:(b.n+7)/8]
	}
	if rest := b.n % 8; rest != 0 {
		b.bytes[len(b.bytes)-1] &= 0xff << (8 - rest)
	}
}

// appendInteger appends the low bits of an integer.
func (b *bitBuffer) appendInteger(value Term, bits int, little bool) (wrong problem) {
	var data []byte // big-endian, of whole bytes
	switch v := value.(type) {
	case Int:
		var word [8]byte
		binary.BigEndian.PutUint64(word[:], uint64(v))
		size := (bits + 7) / 8
		if size <= len(word) {
			data = word[len(word)-size:]
			break
		}
		data = make([]byte, size)
		if v < 0 {
			for i := range data {
				data[i] = 0xff
			}
		}
		copy(data[size-len(word):], word[:])
	case *BigInt:
		low := new(big.Int).Lsh(big.NewInt(1), uint(bits))
		low.Mod(&v.v, low)
		data = low.FillBytes(make([]byte, (bits+7)/8))
	default:
		return problem{"expected an integer in a segment of this type", valueHint(value)}
	}
	rest := bits % 8
	switch {
	case rest == 0 && little:
		slices.Reverse(data)
		b.append(data, bits)
	case rest == 0:
		b.append(data, bits)
	case little:
		slices.Reverse(data)
		b.append(data, bits-rest)
		b.append([]byte{data[len(data)-1] << (8 - rest)}, rest)
	default:
		b.append([]byte{data[0] << (8 - rest)}, rest)
		b.append(data[1:], bits-rest)
	}
	return problem{}
}

func (b *bitBuffer) appendFloat(value Term, bits int, little bool) (wrong problem) {
	var f float64
	switch v := value.(type) {
	case Float:
		f = float64(v)
	case Int:
		f = float64(v)
	case *BigInt:
		f, _ = new(big.Float).SetInt(&v.v).Float64()
		if math.IsInf(f, 0) {
			return problem{msg: "the integer is too large for a float"}
		}
	default:
		return problem{"expected a number in a segment of type float", valueHint(value)}
	}
	var data []byte
	switch bits {
	case 16:
		data = binary.BigEndian.AppendUint16(nil, halfFloat(f))
	case 32:
		data = binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(f)))
	case 64:
		data = binary.BigEndian.AppendUint64(nil, math.Float64bits(f))
	default:
		return problem{"a float has 16, 32 or 64 bits", "without a size it has 64"}
	}
	if little {
		slices.Reverse(data)
	}
	b.append(data, bits)
	return problem{}
}

// appendBinary appends a bit string, whole or its first bits.
func (b *bitBuffer) appendBinary(value Term, bits, unit int) (wrong problem) {
	v, ok := value.(Bits)
	switch {
	case !ok:
		return problem{"expected a binary in a segment of this type", "remove the type, or write << >> around the value"}
	case bits == wholeValue && v.Len%unit != 0:
		return problem{fmt.Sprintf("a binary of %d bits is no multiple of the unit %d", v.Len, unit), "write /bits for a bit string of any length"}
	case bits == wholeValue:
		bits = v.Len
	case bits > v.Len:
		return problem{msg: fmt.Sprintf("a binary of %d bits is shorter than the segment of %d", v.Len, bits)}
	}
	b.append(v.Bytes, bits)
	return problem{}
}

func (b *bitBuffer) appendRune(value Term, encoding string, little bool) (wrong problem) {
	v, ok := value.(Int)
	if !ok || v < 0 || v > utf8.MaxRune || !utf8.ValidRune(rune(v)) {
		return problem{fmt.Sprintf("expected a Unicode character in a segment of type %s", encoding), "a character is 0 to 16#D7FF or 16#E000 to 16#10FFFF"}
	}
	var order binary.AppendByteOrder = binary.BigEndian
	if little {
		order = binary.LittleEndian
	}
	var data []byte
	switch encoding {
	case "utf8":
		data = utf8.AppendRune(data, rune(v))
	case "utf16":
		for _, unit := range utf16.AppendRune(nil, rune(v)) {
			data = order.AppendUint16(data, unit)
		}
	default:
		data = order.AppendUint32(data, uint32(v))
	}
	b.append(data, 8*len(data))
	return problem{}
}

// halfFloat rounds f to an IEEE 754 half-precision float, to even in the
// middle. Too large a number is infinity, as in OTP.
func halfFloat(f float64) uint16 {
	sign := uint16(math.Float64bits(f) >> 48 & 0x8000)
	f = math.Abs(f)
	const smallestNormal = 0x1p-14
	if f < smallestNormal {
		return sign | uint16(math.RoundToEven(f*0x1p24))
	}
	frac, exp := math.Frexp(f)                                // f = frac * 2^exp, frac in [0.5, 1)
	mantissa := uint64(math.RoundToEven(frac*0x1p11)) - 1<<10 // 10 bits, and one when rounded up
	bits := uint64(exp+14)<<10 + mantissa
	if exp > 16 || bits >= 0x7c00 {
		return sign | 0x7c00
	}
	return sign | uint16(bits)
}
