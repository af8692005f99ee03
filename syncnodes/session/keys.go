package session

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"golang.org/x/crypto/argon2"

	"interconnectd/configs/nodeid"
)

// LongCookie is how many characters a cookie has, or more, that is not
// stretched: as many as OTP's random letters have the entropy of a key already.
const LongCookie = 20

const (
	keyLen = 32

	stretchSalt   = "interconnect.1"
	stretchPasses = 2
	stretchMemory = 19 * 1024 // KiB
)

// Key is a cookie, derived: two nodes connect when theirs are equal. It does
// not give the cookie away, and prints as its fingerprint. The zero Key is no
// cookie's.
type Key struct {
	psk    [keyLen]byte
	routes [keyLen]byte
	print  [4]byte
}

// Derive makes the key of a cookie by HKDF; a cookie shorter than 20
// characters goes through Argon2id first, 20 to 50 ms with 19 MiB. That
// memory stays with the Go heap until it is given back: a caller that minds
// runs debug.FreeOSMemory once all its keys are derived. Derive is safe for
// concurrent use, and is meant to run beside other work of a start.
func Derive(cookie string) Key {
	secret := []byte(cookie)
	if len(cookie) < LongCookie {
		secret = argon2.IDKey(secret, []byte(stretchSalt), stretchPasses, stretchMemory, 1, keyLen)
	}
	var k Key
	copy(k.psk[:], derived(secret, "interconnect.1 session"))
	copy(k.routes[:], derived(secret, "interconnect.1 routes"))
	copy(k.print[:], derived(secret, "interconnect.1 fingerprint"))
	return k
}

// Fingerprint is Derive(cookie).Fingerprint(), for those who need no key. It
// takes as long as Derive.
func Fingerprint(cookie string) string { return Derive(cookie).Fingerprint() }

// Fingerprint is 8 hexadecimal digits that are equal for equal cookies. They
// are too few to tell a cookie by; testing a guess of a short cookie costs as
// much as Derive.
func (k Key) Fingerprint() string { return hex.EncodeToString(k.print[:]) }

// Routes is another key of the same cookie, for the routes between hosts: who
// knows the one learns nothing of the other.
func (k Key) Routes() [32]byte { return k.routes }

// Equal compares in constant time.
func (k Key) Equal(other Key) bool { return subtle.ConstantTimeCompare(k.psk[:], other.psk[:]) == 1 }

// IsZero reports whether k is the zero Key.
func (k Key) IsZero() bool { return k.Equal(Key{}) }

func (k Key) String() string { return "key " + k.Fingerprint() }

// GoString keeps the key out of %#v.
func (k Key) GoString() string { return k.String() }

// derived is HKDF-SHA256 of secret. It fails only for keys of more than 255
// hashes, which none of ours is.
func derived(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, keyLen)
	if err != nil {
		panic("session: deriving a key: " + err.Error())
	}
	return key
}

// keyring holds the cookies of one node as keys: its own, and those set for
// single nodes, as erlang:set_cookie/1 and /2 do.
type keyring struct {
	own   Key
	also  Key // accepted beside the own; zero: none
	nodes map[nodeid.Name]Key
}

// of is the key that a dial of name uses.
func (r *keyring) of(name nodeid.Name) Key {
	if k, ok := r.nodes[name]; ok {
		return k
	}
	return r.own
}

// accepted are the keys that name may dial us with, the likeliest first.
func (r *keyring) accepted(name nodeid.Name) []Key {
	if k, ok := r.nodes[name]; ok {
		return []Key{k}
	}
	if r.also.IsZero() {
		return []Key{r.own}
	}
	return []Key{r.own, r.also}
}

func (r *keyring) set(name nodeid.Name, k Key) {
	if k.IsZero() {
		delete(r.nodes, name)
		return
	}
	if r.nodes == nil {
		r.nodes = make(map[nodeid.Name]Key)
	}
	r.nodes[name] = k
}
