package session

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the test vectors anew")

// counting gives the bytes n, n+1, n+2 and so on, n 32 higher for each reader: the
// ephemeral keys of the two ends.
type counting byte

func (c *counting) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(*c) + byte(i)
	}
	return len(b), nil
}

// TestVectors holds still what another program would have to build: keys of cookies,
// a handshake with known ephemeral keys, and the first frames of both directions, in
// both epochs. What is in testdata/vectors.txt changes with the protocol's version only.
func TestVectors(t *testing.T) {
	var out strings.Builder
	say := func(name string, value []byte) { fmt.Fprintf(&out, "%s = %x\n", name, value) }
	for _, cookie := range []string{"secret_token", "XKDTLHNZQVJMWCUBSPGF", "ic1-" + strings.Repeat("Az09_-x", 6) + "q"} {
		key := Derive(cookie)
		fmt.Fprintf(&out, "cookie = %s\n", cookie)
		say("psk", key.psk[:])
		say("routes", key.routes[:])
		say("fingerprint", key.print[:])
	}
	dialler, responder := counting(0), counting(32)
	key := Derive("XKDTLHNZQVJMWCUBSPGF")
	h := msg1Header{7, incarnation(1), incarnation(2), "a@127.0.0.1", "b@127.0.0.1"}
	i, msg1, err := initiate(&dialler, key, h.append(nil), []byte("dialler"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, noiseAt, ok := parseMsg1(msg1)
	if !ok || parsed != h {
		t.Fatalf("parsed %+v, %v", parsed, ok)
	}
	o, err := readOffer(&responder, key, parsed, msg1, noiseAt)
	if err != nil {
		t.Fatal(err)
	}
	msg2, theirs, err := o.answer([]byte("responder"))
	if err != nil {
		t.Fatal(err)
	}
	ours, info, err := i.finish(msg2[2:])
	if err != nil || string(info) != "responder" || ours.id != theirs.id || ours.send != theirs.receive {
		t.Fatalf("finish: %q, %v", info, err)
	}
	say("header", h.append(nil))
	say("msg1", msg1)
	say("msg2", msg2)
	say("session", ours.id[:])
	say("dialler's key", ours.send[:])
	say("responder's key", ours.receive[:])
	for _, end := range []struct {
		name string
		key  [keyLen]byte
	}{{"dialler", ours.send}, {"responder", ours.receive}} {
		seal, open := newSealer(ours.id, end.key, 0), newOpener(end.key)
		for epoch := range 2 {
			for range 2 {
				frame := seal.seal(kindData, []byte("payload of the "+end.name))
				fh, ok := parseHeader(frame)
				if !ok {
					t.Fatal("a frame without a header")
				}
				payload, cause := open.open(fh, frame, 0, 0)
				if cause != 0 || string(payload) != "payload of the "+end.name {
					t.Fatalf("%s, epoch %d: opened %q, %v", end.name, epoch, payload, cause)
				}
				say("frame of the "+end.name, frame)
			}
			seal.rekey(0)
		}
	}

	path := filepath.Join("testdata", "vectors.txt")
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(out.String())) {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
