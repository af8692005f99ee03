package nodeid

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// Incarnation tells one start of a node from the next. Its first 6 bytes are
// the start's wall time in milliseconds since 1970, the other 10 are random;
// the smaller of two is the older.
type Incarnation [16]byte

// NewIncarnation makes the incarnation of a node started at now. It fails
// only when random does.
func NewIncarnation(now time.Time, random io.Reader) (Incarnation, error) {
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], uint64(now.UnixMilli()))
	var inc Incarnation
	copy(inc[:6], stamp[2:])
	if _, err := io.ReadFull(random, inc[6:]); err != nil {
		return Incarnation{}, fmt.Errorf("making an incarnation: %w", err)
	}
	return inc, nil
}

// ParseIncarnation reads what String prints.
func ParseIncarnation(s string) (Incarnation, error) {
	var inc Incarnation
	if len(s) != 2*len(inc) {
		return inc, fmt.Errorf("an incarnation has %d hexadecimal digits, not %d characters", 2*len(inc), len(s))
	}
	if _, err := hex.Decode(inc[:], []byte(s)); err != nil {
		return Incarnation{}, fmt.Errorf("reading an incarnation: %w", err)
	}
	return inc, nil
}

// Compare is negative when i is older than other, 0 when they are the same.
func (i Incarnation) Compare(other Incarnation) int { return bytes.Compare(i[:], other[:]) }

// IsZero reports whether i is the zero value, which is no node's incarnation.
func (i Incarnation) IsZero() bool { return i == Incarnation{} }

// Started is the wall time of the start, to the millisecond.
func (i Incarnation) Started() time.Time {
	var stamp [8]byte
	copy(stamp[2:], i[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(stamp[:])))
}

// String is 32 lower-case hexadecimal digits, fit for a NATS subject token.
func (i Incarnation) String() string { return hex.EncodeToString(i[:]) }
