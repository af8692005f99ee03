package erldist

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"interconnectd/configs/nodeid"
)

// TestBothEnds has the two sides of our handshake meet: they connect where their
// cookies are the same, and not else.
func TestBothEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.Custom(func(t *rapid.T) nodeid.Name {
			host := rapid.StringOfN(rapid.Rune().Filter(func(r rune) bool { return r > ' ' && r < 0x7f && r != '@' || r > 0xa0 && r <= 0xff }), 1, 200, -1)
			return nodeid.Name(rapid.StringMatching(`[a-zA-Z0-9_-]{1,40}`).Draw(t, "alive") + "@" + host.Draw(t, "host"))
		})
		from, to := name.Draw(t, "from"), name.Draw(t, "to")
		cookie := rapid.StringN(0, 50, -1).Draw(t, "cookie")
		others := rapid.SliceOfN(rapid.String(), 0, 2).Draw(t, "others")
		if rapid.Bool().Draw(t, "same") {
			others = append(others, cookie)
		}
		same := false
		for _, other := range others {
			same = same || bytes.Equal(toLatin1(other), toLatin1(cookie))
		}
		alive, creation := rapid.Bool().Draw(t, "alive"), rapid.Uint32().Draw(t, "creation")

		near, far := net.Pipe()
		dialled := make(chan error, 1)
		var there Peer
		go func() {
			defer near.Close()
			h := &handshake{near, from, creation, randomUint32, always}
			var err error
			there, err = h.dial(to, cookie, func() bool { return true })
			dialled <- err
		}()
		h := &handshake{far, to, 4, randomUint32, always}
		here, err := h.accept(entrance{
			status: func(Peer) string {
				if alive {
					return statusAlive
				}
				return statusOK
			},
			cookies: func(nodeid.Name) []string { return others },
			claim:   func(Peer) error { return nil },
		})
		far.Close()
		if dialErr := <-dialled; (dialErr == nil) != same || (err == nil) != same {
			t.Fatalf("cookies %q and %q: %v and %v", cookie, others, dialErr, err)
		}
		if here != (Peer{Name: from, Creation: creation, Hidden: true}) || same && there != (Peer{Name: to, Creation: 4, Hidden: true}) {
			t.Fatalf("the peers are %+v and %+v", here, there)
		}
	})
}

// always is in time.
func always() error { return nil }

// TestLate has either end find at its last message that time is over, as one does that was
// stopped: the other end does not take it for connected.
func TestLate(t *testing.T) {
	const name = nodeid.Name("a@127.0.0.1")
	late := func() error { return errSetupTime }
	for _, tt := range []struct {
		name              string
		dialler, acceptor func() error
	}{
		{"who dials", late, always},
		{"who is dialled", always, late},
	} {
		t.Run(tt.name, func(t *testing.T) {
			near, far := net.Pipe()
			dialled := make(chan error, 1)
			go func() {
				defer near.Close()
				_, err := (&handshake{near, "b@127.0.0.1", 1, randomUint32, tt.dialler}).dial(name, testCookie, func() bool { return true })
				dialled <- err
			}()
			_, err := (&handshake{far, name, 1, randomUint32, tt.acceptor}).accept(entrance{
				status:  func(Peer) string { return statusOK },
				cookies: func(nodeid.Name) []string { return []string{testCookie} },
				claim:   func(Peer) error { return nil },
			})
			far.Close()
			if dialErr := <-dialled; err == nil || dialErr == nil {
				t.Errorf("%v and %v: one of them takes the other for connected", dialErr, err)
			}
		})
	}
}

// overdue is a context whose deadline is over, and whose timer has not rung yet.
type overdue struct{ context.Context }

func (overdue) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }

func TestInTime(t *testing.T) {
	if err := inTime(overdue{t.Context()}); !errors.Is(err, errSetupTime) {
		t.Errorf("after the deadline: %v", err)
	}
	if reason := reasonOf(t.Context(), errSetupTime); reason != TimedOut {
		t.Errorf("the reason is %v", reason)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	if err := inTime(ctx); err != nil {
		t.Errorf("before it: %v", err)
	}
	cancel()
	if err := inTime(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("when it is cancelled: %v", err)
	}
}

// stranger says what it is given, and hears everything.
type stranger struct {
	says    *bytes.Reader
	heard   int // bytes
	longest int // of what was asked for at once
}

func (s *stranger) Read(b []byte) (int, error) {
	s.longest = max(s.longest, len(b))
	return s.says.Read(b)
}

func (s *stranger) Write(b []byte) (int, error) {
	s.heard += len(b)
	return len(b), nil
}

// FuzzHandshake has a stranger say anything, to both sides.
func FuzzHandshake(f *testing.F) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		f.Fatal("no recordings", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var said []byte
		for _, message := range readRecording(f, text).messages {
			if message[0] == '<' {
				said = append(said, message[1:]...)
			}
		}
		f.Add(said, statusOK)
		f.Add(said, statusAlive)
	}
	f.Fuzz(func(t *testing.T, said []byte, status string) {
		if len(status) > 100 {
			return // it is ours to choose
		}
		for _, side := range []string{"", status} {
			s := &stranger{says: bytes.NewReader(said)}
			peer, err := goldenHandshake(s, testCookie, side)
			if s.longest > maxMessage || s.heard > 3*maxMessage {
				t.Errorf("it was asked for %d bytes, and told %d", s.longest, s.heard)
			}
			if err == nil {
				if _, err := nodeid.Parse(string(peer.Name)); err != nil {
					t.Errorf("the peer %+v: %v", peer, err)
				}
				continue
			}
			var known *failure
			if !errors.As(err, &known) && !errors.Is(err, errSimultaneous) && !errors.Is(err, errForeignCookie) && !errors.Is(err, errAnother) {
				t.Errorf("an error of no kind: %v", err)
			}
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("an error of several lines: %q", err)
			}
		}
	})
}

// TestExactReads has the first bytes of the connection follow the handshake at once.
func TestExactReads(t *testing.T) {
	text, err := os.ReadFile("testdata/otp25-dial.golden")
	if err != nil {
		t.Fatal(err)
	}
	r := readRecording(t, text)
	last := len(r.messages) - 1
	r.messages[last] += "\x00\x00\x00\x00"
	if _, err := goldenHandshake(r, testCookie, ""); err != nil {
		t.Fatal(err)
	}
	if rest, _ := io.ReadAll(r); string(rest) != "\x00\x00\x00\x00" {
		t.Errorf("left is %q", rest)
	}
}

func TestMissingFlags(t *testing.T) {
	for _, tt := range []struct {
		can  flags
		want string
	}{
		{offered, ""},
		{mandatory25, ""},
		{flagMandatory25Digest, ""},
		{0xd07df7fbd, ""}, // OTP 25 to 27
		{mandatory25 &^ flagUTF8Atoms, "UTF8_ATOMS"},
		{mandatory25 &^ (flagMapTag | flagHandshake23), "MAP_TAG, HANDSHAKE_23"},
	} {
		if got := tt.can.missing(); got != tt.want {
			t.Errorf("%x lacks %q, want %q", tt.can, got, tt.want)
		}
	}
	if mandatory25 != 0x1070f94 {
		t.Errorf("mandatory are %x", mandatory25)
	}
}
