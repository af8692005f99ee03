package erlterm

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// parseInteger converts the text of a tokInt, such as 16#ff or 1_000. It is
// not ok when the integer has more than limit bits.
func parseInteger(text string, limit int) (t Term, ok bool) {
	if len(text) <= smallDigits {
		if n, ok := parseSmall(text); ok {
			return Int(n), bits.Len64(uint64(n)) <= limit
		}
	}
	digits, base := strings.ReplaceAll(text, "_", ""), 10
	if i := strings.IndexByte(digits, '#'); i >= 0 {
		base, digits = baseOf(digits[:i]), digits[i+1:]
	}
	digits = strings.TrimLeft(digits, "0")
	if float64(len(digits)-1)*math.Log2(float64(base)) > float64(limit) {
		return nil, false // not worth the conversion
	}
	if digits == "" {
		return Int(0), true
	}
	n := parseDigits(digits, base)
	return NewInt(n), n.BitLen() <= limit
}

// parseDigits converts digits by halves, since the time that [big.Int.SetString]
// takes grows with the square of their number.
func parseDigits(digits string, base int) *big.Int {
	const leaf = 1000
	var parts []*big.Int // the last digits first
	for end := len(digits); end > 0; end -= leaf {
		n, _ := new(big.Int).SetString(digits[max(0, end-leaf):end], base)
		parts = append(parts, n)
	}
	power := new(big.Int).Exp(big.NewInt(int64(base)), big.NewInt(leaf), nil) // of one part
	for len(parts) > 1 {
		for i := 0; i < len(parts); i += 2 {
			low := parts[i]
			if i+1 < len(parts) {
				high := parts[i+1]
				low.Add(low, high.Mul(high, power))
			}
			parts[i/2] = low
		}
		parts = parts[:(len(parts)+1)/2]
		power.Mul(power, power)
	}
	return parts[0]
}

// smallDigits is how many decimal digits always fit an Int.
const smallDigits = 18

// parseSmall converts plain decimal digits, smallDigits at most.
func parseSmall(text string) (n int64, ok bool) {
	for i := range len(text) {
		c := text[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = 10*n + int64(c)
	}
	return n, true
}

// parseFloat converts the text of a tokFloat. It is not ok when the number is
// too large for a float; one too small is zero.
func parseFloat(text string) (f Float, ok bool) {
	if strings.IndexByte(text, '_') >= 0 {
		text = strings.ReplaceAll(text, "_", "")
	}
	v, err := strconv.ParseFloat(text, 64)
	return Float(v), err == nil || !math.IsInf(v, 0)
}

// negate returns -t of a number.
func negate(t Term) Term {
	switch t := t.(type) {
	case Int:
		return -t // a literal is not negative, so this does not overflow
	case *BigInt:
		return NewInt(new(big.Int).Neg(&t.v))
	case Float:
		return -t
	}
	return t
}
