package configs

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"unicode/utf8"
)

// MaxCookie is the longest cookie in characters: in Erlang a cookie is an atom.
const MaxCookie = 255

// Cookie is the secret that the nodes of a cluster share. Whatever way it is
// printed it shows as [cookie]; Reveal gives the characters. The zero Cookie
// is none.
type Cookie struct {
	// A pointer, so that not even the %v of a struct that keeps a Cookie in an
	// unexported field, where fmt calls no methods, shows them.
	characters *string
}

// NewCookie checks the characters of a cookie as OTP's auth checks those of a
// cookie file: 32 to 126, at least one, at most MaxCookie. The error does not
// repeat any of them.
func NewCookie(s string) (Cookie, error) {
	if s == "" {
		return Cookie{}, fmt.Errorf("the cookie is empty")
	}
	if utf8.RuneCountInString(s) > MaxCookie {
		return Cookie{}, fmt.Errorf("the cookie has more than %d characters", MaxCookie)
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return Cookie{}, fmt.Errorf("bad character in the cookie: those of ASCII from blank to '~' may stand there")
		}
	}
	return Cookie{characters: &s}, nil
}

// generatedPrefix tells a cookie of ours from a word, and keeps it from beginning
// with a dash.
const generatedPrefix = "ic1-"

// GenerateCookie makes a cookie of 256 random bits, in characters that need no
// quoting in a shell, a vm.args or a sys.config string.
func GenerateCookie() (Cookie, error) {
	var bits [32]byte
	_, _ = rand.Read(bits[:]) // crypto/rand does not fail
	return NewCookie(generatedPrefix + base64.RawURLEncoding.EncodeToString(bits[:]))
}

// Reveal is the cookie itself, "" for the zero Cookie.
func (c Cookie) Reveal() string {
	if c.characters == nil {
		return ""
	}
	return *c.characters
}

// IsZero reports whether there is no cookie.
func (c Cookie) IsZero() bool { return c.characters == nil }

// Equal compares in a time that does not depend on the characters.
func (c Cookie) Equal(other Cookie) bool {
	return subtle.ConstantTimeCompare([]byte(c.Reveal()), []byte(other.Reveal())) == 1
}

// String is "[cookie]", or "" for the zero Cookie.
func (c Cookie) String() string {
	if c.IsZero() {
		return ""
	}
	return "[cookie]"
}

// Format prints String whatever the verb.
func (c Cookie) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.String()) }

// MarshalText gives String to JSON, YAML and loggers.
func (c Cookie) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
