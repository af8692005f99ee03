package bus

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"interconnectd/configs/nodeid"
)

func TestToken(t *testing.T) {
	tests := []struct{ in, want string }{
		{"a@127-0_Z9", "a@127-0_Z9"},
		{"a@127.0.0.1", "a@127%2E0%2E0%2E1"},
		{"a@::1", "a@%3A%3A1"},
		{"a@h*>", "a@h%2A%3E"},
		{"a@hó", "a@h%C3%B3"},
		{"100% sure", "100%25%20sure"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := token(tt.in); got != tt.want {
			t.Errorf("token(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if got := untoken(tt.want); got != tt.in {
			t.Errorf("untoken(%q) = %q, want %q", tt.want, got, tt.in)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "s"))
		got := token(s)
		if untoken(got) != s {
			t.Errorf("untoken(token(%q)) = %q", s, untoken(got))
		}
		if strings.ContainsAny(got, ".*> \t\r\n") {
			t.Errorf("token(%q) = %q is not one token", s, got)
		}
	})
}

func TestSubjects(t *testing.T) {
	s := newSubjects("c")
	inc, err := nodeid.ParseIncarnation("0123456789abcdef0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, got, want string }{
		{"name", s.name("a@h.x"), "interconnect.1.c.n.a@h%2Ex"},
		{"frame", s.frame("a@h", inc), "interconnect.1.c.i.a@h.0123456789abcdef0123456789abcdef"},
		{"reply", s.reply(inc, 42), "interconnect.1.c.r.0123456789abcdef0123456789abcdef.42"},
		{"no reply", s.reply(inc, 0), ""},
		{"replies", s.replies(inc), "interconnect.1.c.r.0123456789abcdef0123456789abcdef.*"},
		{"hellos", s.hellos, "interconnect.1.c.hello"},
		{"whos", s.whos, "interconnect.1.c.who"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestParseReply(t *testing.T) {
	s := newSubjects("c")
	const hex = "0123456789abcdef0123456789abcdef"
	tests := []struct {
		subject string
		id      uint64
		ok      bool
	}{
		{"interconnect.1.c.r." + hex + ".1", 1, true},
		{"interconnect.1.c.r." + hex + ".18446744073709551615", 1<<64 - 1, true},
		{"interconnect.1.c.r." + hex + ".18446744073709551616", 0, false},
		{"interconnect.1.c.r." + hex + ".0", 0, false},
		{"interconnect.1.c.r." + hex + ".007", 0, false},
		{"interconnect.1.c.r." + hex + ".+7", 0, false},
		{"interconnect.1.c.r." + hex + ".", 0, false},
		{"interconnect.1.c.r." + hex, 0, false},
		{"interconnect.1.c.r." + hex + ".1.2", 0, false},
		{"interconnect.1.c.r." + hex[1:] + ".1", 0, false},
		{"interconnect.1.c.r." + strings.ToUpper(hex) + ".1", 0, false},
		{"interconnect.1.c.r.*.1", 0, false},
		{"interconnect.1.d.r." + hex + ".1", 0, false},
		{"interconnect.2.c.r." + hex + ".1", 0, false},
		{"interconnect.1.c.i." + hex + ".1", 0, false},
		{"", 0, false},
	}
	for _, tt := range tests {
		inc, id, ok := s.parseReply(tt.subject)
		if ok != tt.ok || ok && (id != tt.id || inc.String() != hex) {
			t.Errorf("parseReply(%q) = %s, %d, %v; want %d, %v", tt.subject, inc, id, ok, tt.id, tt.ok)
		}
	}
}

func TestServerName(t *testing.T) {
	inc := newIncarnation(t)
	for _, n := range []nodeid.Name{"a@127.0.0.1", "a@::1", "a@hóst.example", "a@" + nodeid.Name(strings.Repeat("é", 200))} {
		s := serverName(n, inc)
		if strings.ContainsAny(s, " \t") {
			t.Errorf("serverName(%q) = %q has a blank, which nats-server refuses", n, s)
		}
		if got, gotInc, ok := parseServerName(s); !ok || got != n || gotInc != inc {
			t.Errorf("parseServerName(%q) = %q, %s, %v", s, got, gotInc, ok)
		}
	}
	for _, s := range []string{"", "a@h", "NDXOLLVVBH", "a@h.123", "nobody." + inc.String(), "a%40h." + inc.String(), "a@h." + strings.Repeat("A", 32)} {
		if n, _, ok := parseServerName(s); ok {
			t.Errorf("parseServerName(%q) accepted it as %q", s, n)
		}
	}
}
