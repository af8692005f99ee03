package nodeid

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	tests := []struct {
		in   string
		want string // part of the error; empty: valid
	}{
		{"a@127.0.0.1", ""},
		{"a-b_C9@altair", ""},
		{"a@::1", ""},
		{"a@hóst", ""},
		{"", "empty"},
		{"b", "as in b@127.0.0.1"},
		{"b.c", "as in a@127.0.0.1"},
		{"@h", "nothing before"},
		{"a@", "no host after"},
		{"a b@h", "may not stand before"},
		{"a@h h", "may not stand in a host"},
		{"a@h@h", "may not stand in a host"},
		{"a@\u4e16", "may not stand in a host"},
		{"a@" + strings.Repeat("h", 254), "at most 255"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			name, err := Parse(tt.in)
			switch {
			case tt.want == "" && (err != nil || name != Name(tt.in)):
				t.Errorf("Parse(%q) = %q, %v; want it accepted", tt.in, name, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("Parse(%q) error = %v, want one with %q", tt.in, err, tt.want)
			}
		})
	}
}

func TestDialHost(t *testing.T) {
	for name, want := range map[Name]string{
		"a@::1": "::1", "a@[::1]": "::1", "a@127.0.0.1": "127.0.0.1", "a@h.example": "h.example",
	} {
		if got := name.DialHost(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestNameParts(t *testing.T) {
	tests := []struct {
		name           Name
		alive, host    string
		long, loopback bool
	}{
		{"a@127.0.0.1", "a", "127.0.0.1", true, true},
		{"a@127.0.0.2", "a", "127.0.0.2", true, true},
		{"a@::1", "a", "::1", true, true},
		{"a@localhost", "a", "localhost", false, true},
		{"a@altair", "a", "altair", false, false},
		{"a@10.0.0.1", "a", "10.0.0.1", true, false},
	}
	for _, tt := range tests {
		if tt.name.Alive() != tt.alive || tt.name.Host() != tt.host || tt.name.Long() != tt.long || tt.name.Loopback() != tt.loopback {
			t.Errorf("%s: alive %q host %q long %v loopback %v, want %+v", tt.name, tt.name.Alive(), tt.name.Host(), tt.name.Long(), tt.name.Loopback(), tt)
		}
	}
}

func TestIncarnation(t *testing.T) {
	start := time.Date(2026, 11, 22, 22, 3, 41, 27e6, time.UTC)
	older, err := NewIncarnation(start, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	younger, err := NewIncarnation(start.Add(time.Millisecond), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if older.Compare(younger) >= 0 || younger.Compare(older) <= 0 || older.Compare(older) != 0 {
		t.Errorf("the earlier start is not the older incarnation: %s, %s", older, younger)
	}
	if got := older.Started(); !got.Equal(start) {
		t.Errorf("Started() = %s, want %s", got, start)
	}
	back, err := ParseIncarnation(older.String())
	if err != nil || back != older {
		t.Errorf("ParseIncarnation(%q) = %s, %v", older, back, err)
	}
	for _, bad := range []string{"", "00", strings.Repeat("g", 32)} {
		if _, err := ParseIncarnation(bad); err == nil {
			t.Errorf("ParseIncarnation(%q) accepted it", bad)
		}
	}
}
