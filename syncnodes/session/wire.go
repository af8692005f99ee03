package session

import (
	"encoding/binary"

	"interconnectd/configs/nodeid"
)

// The first byte of every packet. Clear and sealed kinds differ, so that a
// packet which came by the wrong subject is recognised at once.
const (
	kindHello byte = 1 + iota
	kindHelloAnswer
	kindMsg1
	kindMsg2
	kindStale
	kindRefusal
)

const (
	kindData byte = 17 + iota
	kindConfirm
	kindWelcome
	kindRefused
	kindClosed
)

// KindsEnd is above all kinds of this package: a packet that begins with it, or with more,
// is the caller's own, in clear.
const KindsEnd byte = 32

// version is the second byte of the clear packets.
const version = 1

const (
	// MaxInfo is the longest Config.Info in bytes.
	MaxInfo = 1024

	incLen     = len(nodeid.Incarnation{})
	maxNameLen = 2 * nodeid.MaxLen // a host's characters end at U+00FF
	noiseLen   = 32 + tagLen       // an ephemeral key and the payload's tag

	// A hello is longer than its answer, so that a forged reply subject gets
	// nothing amplified.
	answerLen = 2 + incLen + 1
	maxHello  = 2 + incLen + 2*(2+maxNameLen)
	maxMsg1   = 2 + 8 + 2*incLen + 2*(2+maxNameLen) + noiseLen + MaxInfo
	maxMsg2   = 2 + noiseLen + MaxInfo
)

// hello asks who holds the name to: kind, version, incarnation, and both names
// as 16 bits of length and UTF-8. All numbers are big-endian.
type hello struct {
	from nodeid.Name
	inc  nodeid.Incarnation
	to   string
}

func (h hello) append(b []byte) []byte {
	b = append(b, kindHello, version)
	b = append(b, h.inc[:]...)
	b = appendString(b, string(h.from))
	b = appendString(b, h.to)
	return b
}

func parseHello(data []byte) (hello, bool) {
	if len(data) > maxHello {
		return hello{}, false
	}
	r := reader{data}
	r.clear(kindHello)
	h := hello{inc: r.incarnation(), from: r.name(), to: r.string()}
	return h, r.empty() && !h.inc.IsZero()
}

// helloAnswer says which incarnation holds the name, and whether it is dialling
// the asker: kind, version, incarnation, 0 or 1.
type helloAnswer struct {
	inc      nodeid.Incarnation
	dialling bool
}

func (a helloAnswer) append(b []byte) []byte {
	b = append(b, kindHelloAnswer, version)
	b = append(b, a.inc[:]...)
	dialling := byte(0)
	if a.dialling {
		dialling = 1
	}
	return append(b, dialling)
}

func parseHelloAnswer(data []byte) (helloAnswer, bool) {
	if len(data) > answerLen {
		return helloAnswer{}, false
	}
	r := reader{data}
	r.clear(kindHelloAnswer)
	a := helloAnswer{inc: r.incarnation()}
	flag := r.take(1)
	if flag == nil {
		return helloAnswer{}, false
	}
	a.dialling = flag[0] == 1
	return a, r.empty() && flag[0] <= 1
}

// msg1Header precedes the first Noise message and is bound to both: kind,
// version, attempt, both incarnations, both names. A msg2 has kind and version
// only: it answers one msg1, or does not open.
type msg1Header struct {
	attempt uint64
	fromInc nodeid.Incarnation
	toInc   nodeid.Incarnation
	from    nodeid.Name
	to      string
}

func (h msg1Header) append(b []byte) []byte {
	b = append(b, kindMsg1, version)
	b = binary.BigEndian.AppendUint64(b, h.attempt)
	b = append(b, h.fromInc[:]...)
	b = append(b, h.toInc[:]...)
	b = appendString(b, string(h.from))
	return appendString(b, h.to)
}

// parseMsg1 also returns where the Noise message begins.
func parseMsg1(data []byte) (h msg1Header, noiseAt int, ok bool) {
	if len(data) > maxMsg1 {
		return msg1Header{}, 0, false
	}
	r := reader{data}
	r.clear(kindMsg1)
	if attempt := r.take(8); attempt != nil {
		h.attempt = binary.BigEndian.Uint64(attempt)
	}
	h.fromInc, h.toInc = r.incarnation(), r.incarnation()
	h.from, h.to = r.name(), r.string()
	return h, len(data) - len(r.rest), len(r.rest) >= noiseLen && !h.fromInc.IsZero()
}

func appendStale(b []byte, inc nodeid.Incarnation) []byte {
	return append(append(b, kindStale, version), inc[:]...)
}

func parseStale(data []byte) (nodeid.Incarnation, bool) {
	r := reader{data}
	r.clear(kindStale)
	inc := r.incarnation()
	return inc, r.empty()
}

// appendRefusal says that the cookies differ, the only thing that is refused
// in clear: without a common key nothing can be sealed.
func appendRefusal(b []byte) []byte { return append(b, kindRefusal, version) }

func isRefusal(data []byte) bool {
	r := reader{data}
	r.clear(kindRefusal)
	return r.empty()
}

func appendString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

// reader takes a packet apart. After the first thing that does not fit, rest
// is nil and all later results are zero.
type reader struct{ rest []byte }

func (r *reader) take(n int) []byte {
	if r.rest == nil || len(r.rest) < n {
		r.rest = nil
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

// clear takes kind and version.
func (r *reader) clear(kind byte) {
	if b := r.take(2); b != nil && (b[0] != kind || b[1] != version) {
		r.rest = nil
	}
}

func (r *reader) incarnation() (inc nodeid.Incarnation) {
	copy(inc[:], r.take(incLen))
	return inc
}

func (r *reader) string() string {
	n := r.take(2)
	if n == nil || int(binary.BigEndian.Uint16(n)) > maxNameLen {
		r.rest = nil
		return ""
	}
	return string(r.take(int(binary.BigEndian.Uint16(n))))
}

// name takes a string that must be a node's name: it may end up in a log.
func (r *reader) name() nodeid.Name {
	name, err := nodeid.Parse(r.string())
	if err != nil {
		r.rest = nil
		return ""
	}
	return name
}

func (r *reader) empty() bool { return r.rest != nil && len(r.rest) == 0 }
