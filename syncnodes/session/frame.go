package session

import (
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	// MaxFrame is the longest sealed frame in bytes.
	MaxFrame = 64 << 10
	// MaxPayload is the longest payload that Seal takes.
	MaxPayload = MaxFrame - headerLen - tagLen

	tagLen    = chacha20poly1305.Overhead
	headerLen = 1 + sessionIDLen + 4 + 8

	sessionIDLen = 8

	rekeyFrames = 1 << 32
	rekeyAge    = 24 * time.Hour
)

// SessionID is the beginning of the Noise handshake hash, the same at both ends.
type SessionID [sessionIDLen]byte

// String is 16 hexadecimal digits.
func (id SessionID) String() string { return hex.EncodeToString(id[:]) }

// header is the clear part of a frame, authenticated as associated data.
type header struct {
	kind    byte
	session SessionID
	epoch   uint32
	counter uint64
}

func (h header) append(b []byte) []byte {
	b = append(b, h.kind)
	b = append(b, h.session[:]...)
	b = binary.BigEndian.AppendUint32(b, h.epoch)
	return binary.BigEndian.AppendUint64(b, h.counter)
}

func parseHeader(data []byte) (header, bool) {
	if len(data) < headerLen+tagLen || len(data) > MaxFrame {
		return header{}, false
	}
	h := header{kind: data[0]}
	if h.kind < kindData || h.kind > kindClosed {
		return header{}, false
	}
	copy(h.session[:], data[1:])
	h.epoch = binary.BigEndian.Uint32(data[1+sessionIDLen:])
	h.counter = binary.BigEndian.Uint64(data[1+sessionIDLen+4:])
	return h, true
}

// chain is the secret of one direction of a session, from epoch to epoch.
type chain [keyLen]byte

// step gives the cipher of the chain's epoch and moves on to the next epoch:
// what made the cipher is gone then.
func (c *chain) step() cipher.AEAD {
	key := derived(c[:], "interconnect.1 frames")
	copy(c[:], derived(c[:], "interconnect.1 next epoch"))
	aead, err := chacha20poly1305.New(key)
	clear(key)
	if err != nil {
		panic("session: " + err.Error()) // of the length of a key only
	}
	return aead
}

// nonce is a counter in a form that Seal and Open take without an allocation.
type nonce [chacha20poly1305.NonceSize]byte

func (n *nonce) of(counter uint64) []byte {
	binary.LittleEndian.PutUint64(n[4:], counter)
	return n[:]
}

// sealer makes the frames of one direction.
type sealer struct {
	session SessionID
	chain   chain // of the next epoch
	aead    cipher.AEAD
	epoch   uint32
	counter uint64
	since   time.Duration // start of the epoch
	nonce   nonce
}

func newSealer(id SessionID, secret [keyLen]byte, now time.Duration) sealer {
	s := sealer{session: id, chain: secret, since: now}
	s.aead = s.chain.step()
	return s
}

// rekey begins the next epoch.
func (s *sealer) rekey(now time.Duration) {
	s.aead = s.chain.step()
	s.epoch++
	s.counter = 0
	s.since = now
}

func (s *sealer) seal(kind byte, payload []byte) []byte {
	h := header{kind, s.session, s.epoch, s.counter}
	b := h.append(make([]byte, 0, headerLen+len(payload)+tagLen))
	b = s.aead.Seal(b, s.nonce.of(s.counter), payload, b)
	s.counter++
	return b
}

// epochKey opens the frames of one epoch, each once.
type epochKey struct {
	aead   cipher.AEAD
	window window
}

// opener opens the frames of one direction.
type opener struct {
	chain    chain // of the next epoch, or the one after it when next is there
	epoch    uint32
	current  *epochKey
	next     *epochKey // made for the first frame that claims to be of it
	former   *epochKey // nil when there is none, or no more
	formerTo time.Duration
	nonce    nonce
}

func newOpener(secret [keyLen]byte) opener {
	o := opener{chain: secret}
	o.current = &epochKey{aead: o.chain.step()}
	return o
}

// key is the key of an epoch, nil when it is too old or too new.
func (o *opener) key(epoch uint32) *epochKey {
	switch epoch {
	case o.epoch:
		return o.current
	case o.epoch + 1:
		if o.next == nil {
			o.next = &epochKey{aead: o.chain.step()}
		}
		return o.next
	case o.epoch - 1:
		return o.former
	default:
		return nil
	}
}

// open authenticates and decrypts a frame, keep is how long the former key is
// good when the frame begins an epoch. A cause other than 0 says why not; then
// nothing has changed.
func (o *opener) open(h header, data []byte, now, keep time.Duration) ([]byte, DropCause) {
	o.expire(now)
	key := o.key(h.epoch)
	if key == nil {
		return nil, DropWrongEpoch
	}
	if key.window.seen(h.counter) {
		return nil, DropReplayed
	}
	payload, err := key.aead.Open(nil, o.nonce.of(h.counter), data[headerLen:], data[:headerLen])
	if err != nil {
		return nil, DropForged
	}
	key.window.add(h.counter)
	if key == o.next {
		o.former, o.current, o.next = o.current, o.next, nil
		o.formerTo = now + keep
		o.epoch++
	}
	return payload, 0
}

// expire forgets the former key when its time is over.
func (o *opener) expire(now time.Duration) {
	if o.former != nil && now >= o.formerTo {
		o.former = nil
	}
}
