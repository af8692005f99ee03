// Package nodeid says who a node is: its name, which outlives restarts, and
// its incarnation, which does not.
//
// A name is written alive@host, as in Erlang. Which hosts make a name long or
// short follows net_kernel of OTP 27; the alphabet of the alive part is that
// of net_kernel:valid_name_head/1.
package nodeid

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// MaxLen is the longest name in characters: a node name is an atom.
const MaxLen = 255

// Name is a node's full name, such as a@127.0.0.1. Names are compared by
// code point, which for valid UTF-8 is Go's own string order.
type Name string

// Parse checks that s is a full node name: an alive part of letters, digits,
// '_' and '-', one '@', and a host without blanks or control characters.
// The error is one line and says what is wrong; it does not repeat s.
func Parse(s string) (Name, error) {
	alive, host, found := strings.Cut(s, "@")
	switch {
	case s == "":
		return "", fmt.Errorf("empty node name")
	case !found:
		return "", fmt.Errorf("a node name needs a host, as in %s@127.0.0.1", cleaned(alive))
	case alive == "":
		return "", fmt.Errorf("nothing before the '@'")
	case host == "":
		return "", fmt.Errorf("no host after the '@'")
	case utf8.RuneCountInString(s) > MaxLen:
		return "", fmt.Errorf("a node name has at most %d characters", MaxLen)
	}
	for _, r := range alive {
		if !isAliveRune(r) {
			return "", fmt.Errorf("%q may not stand before the '@': letters, digits, '_' and '-' may", r)
		}
	}
	for _, r := range host {
		// net_kernel accepts '!' to 'ÿ'; a second '@' would split elsewhere.
		if r <= ' ' || r == 0x7f || (r >= 0x80 && r <= 0xa0) || r > 0xff || r == '@' {
			return "", fmt.Errorf("%q may not stand in a host name", r)
		}
	}
	return Name(s), nil
}

func isAliveRune(r rune) bool {
	return r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// cleaned makes s fit for a hint: a hint must itself be a valid name.
func cleaned(s string) string {
	for _, r := range s {
		if !isAliveRune(r) {
			return "a"
		}
	}
	if s == "" || len(s) > 64 {
		return "a"
	}
	return s
}

// Alive is the part before the '@'.
func (n Name) Alive() string {
	alive, _, _ := strings.Cut(string(n), "@")
	return alive
}

// Host is the part after the '@'.
func (n Name) Host() string {
	_, host, _ := strings.Cut(string(n), "@")
	return host
}

// DialHost is the host as a resolver or a dial takes it: an IPv6 address without its
// brackets.
func (n Name) DialHost() string { return strings.Trim(n.Host(), "[]") }

// Long reports whether the name is a long one: its host has a dot, or is an
// IPv6 address. Long and short names never connect.
func (n Name) Long() bool {
	return strings.ContainsAny(n.Host(), ".:")
}

// Loopback reports whether the host is a loopback literal or "localhost": such
// a node can be reached from its own host only.
func (n Name) Loopback() bool {
	if n.Host() == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(n.DialHost())
	return err == nil && addr.IsLoopback()
}

func (n Name) String() string { return string(n) }

// FileName is the name as that of a file, without a suffix: what may not stand
// there, or would be taken for an escape, is %XX.
func (n Name) FileName() string {
	var b strings.Builder
	for i := range len(n) {
		switch c := n[i]; c {
		case '/', '%', 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
