package session

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/flynn/noise"
)

// The two ends of a handshake are each tried against the library's own.
func TestNoiseInteroperates(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	h := msg1Header{7, incarnation(1), incarnation(2), "a@h", "b@h"}
	theirs := func(initiator bool) *noise.HandshakeState {
		state, err := noise.NewHandshakeState(noise.Config{
			CipherSuite: noise.NewCipherSuite(noise.DH25519, noise.CipherChaChaPoly, noise.HashBLAKE2s),
			Pattern:     noise.HandshakeNN, Initiator: initiator, Random: random,
			Prologue: h.append(nil), PresharedKey: cookieA.psk[:],
		})
		if err != nil {
			t.Fatal(err)
		}
		return state
	}

	t.Run("initiator", func(t *testing.T) {
		i, packet, err := initiate(random, cookieA, h.append(nil), []byte("one"))
		if err != nil {
			t.Fatal(err)
		}
		responder := theirs(false)
		info, _, _, err := responder.ReadMessage(nil, packet[len(h.append(nil)):])
		if err != nil || string(info) != "one" {
			t.Fatalf("they read %q, %v", info, err)
		}
		msg2, receive, send, err := responder.WriteMessage(nil, []byte("two"))
		if err != nil {
			t.Fatal(err)
		}
		keys, info, err := i.finish(msg2)
		if err != nil || string(info) != "two" {
			t.Fatalf("finish: %q, %v", info, err)
		}
		if keys.send != receive.UnsafeKey() || keys.receive != send.UnsafeKey() || !bytes.HasPrefix(responder.ChannelBinding(), keys.id[:]) {
			t.Error("the secrets differ")
		}
	})
	t.Run("responder", func(t *testing.T) {
		initiator := theirs(true)
		packet, _, _, err := initiator.WriteMessage(h.append(nil), []byte("one"))
		if err != nil {
			t.Fatal(err)
		}
		parsed, noiseAt, ok := parseMsg1(packet)
		if !ok || parsed != h {
			t.Fatalf("parsed %+v, %v, want %+v", parsed, ok, h)
		}
		o, err := readOffer(random, cookieA, parsed, packet, noiseAt)
		if err != nil || string(o.info) != "one" {
			t.Fatalf("readOffer: %v", err)
		}
		msg2, keys, err := o.answer([]byte("two"))
		if err != nil {
			t.Fatal(err)
		}
		info, send, receive, err := initiator.ReadMessage(nil, msg2[2:])
		if err != nil || string(info) != "two" {
			t.Fatalf("they read %q, %v", info, err)
		}
		if keys.send != receive.UnsafeKey() || keys.receive != send.UnsafeKey() {
			t.Error("the secrets differ")
		}
	})
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Read([]byte) (int, error) { return 0, errBroken }

// Without randomness nothing is sent that would need it.
func TestBrokenRandomness(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.node("a", "a@h", 1, cookieA), w.node("b", "b@h", 2, cookieA)
	a.cfg.Rand = broken{}
	a.dial("b@h")
	b.dial("a@h")
	w.run(testSetup)
	if len(a.failed) != 1 || a.failed[0].Reason != TimedOut || len(a.live) != 0 {
		t.Errorf("failed %v, live %v", a.failed, a.live)
	}
	if a.Dropped()[DropFailed] == 0 {
		t.Error("no failure was counted")
	}
	if _, _, err := initiate(broken{}, cookieA, nil, nil); !errors.Is(err, errBroken) {
		t.Errorf("initiate: %v", err)
	}
}
