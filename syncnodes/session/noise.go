package session

import (
	"bytes"
	"crypto/ecdh"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/flynn/noise"
)

var errInfoTooLong = errors.New("info too long")

// secrets is what a handshake yields.
type secrets struct {
	id            SessionID
	send, receive [keyLen]byte
}

// newSecrets takes the cipher states in the order of noise.Split.
func newSecrets(state *noise.HandshakeState, send, receive *noise.CipherState) secrets {
	s := secrets{send: send.UnsafeKey(), receive: receive.UnsafeKey()}
	copy(s.id[:], state.ChannelBinding())
	return s
}

// x25519 does what noise.DH25519 does, for one handshake. That one works out
// the public key again whenever it uses a private one, which would be half of
// a handshake's time; this one keeps the only key pair that a side of NN has.
type x25519 struct{ private *ecdh.PrivateKey }

func (x *x25519) GenerateKeypair(random io.Reader) (noise.DHKey, error) {
	var seed [32]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return noise.DHKey{}, fmt.Errorf("making an ephemeral key: %w", err)
	}
	var err error
	x.private, err = ecdh.X25519().NewPrivateKey(seed[:])
	if err != nil {
		return noise.DHKey{}, fmt.Errorf("making an ephemeral key: %w", err)
	}
	return noise.DHKey{Private: x.private.Bytes(), Public: x.private.PublicKey().Bytes()}, nil
}

// DH fails for a public key of low order.
func (x *x25519) DH(_, public []byte) ([]byte, error) {
	key, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("reading an ephemeral key: %w", err)
	}
	return x.private.ECDH(key)
}

func (*x25519) DHLen() int     { return 32 }
func (*x25519) DHName() string { return "25519" }

// handshake begins NNpsk0_25519_ChaChaPoly_BLAKE2s.
func handshake(initiator bool, random io.Reader, key Key, header []byte) (*noise.HandshakeState, error) {
	return noise.NewHandshakeState(noise.Config{
		CipherSuite:  noise.NewCipherSuite(new(x25519), noise.CipherChaChaPoly, noise.HashBLAKE2s),
		Random:       random,
		Pattern:      noise.HandshakeNN,
		Initiator:    initiator,
		Prologue:     header,
		PresharedKey: key.psk[:],
	})
}

// initiator is the dialler's end of a Noise handshake.
type initiator struct {
	state     *noise.HandshakeState
	key       Key
	ephemeral [32]byte
	header    []byte
	info      []byte
}

// initiate makes msg1: header and the first Noise message.
func initiate(random io.Reader, key Key, header, info []byte) (*initiator, []byte, error) {
	i := &initiator{key: key, header: header, info: info}
	if _, err := io.ReadFull(random, i.ephemeral[:]); err != nil {
		return nil, nil, fmt.Errorf("making an ephemeral key: %w", err)
	}
	message, err := i.start()
	if err != nil {
		return nil, nil, err
	}
	return i, append(header[:len(header):len(header)], message...), nil
}

// start is repeatable: the same fields make the same message and state.
func (i *initiator) start() (message []byte, err error) {
	i.state, err = handshake(true, bytes.NewReader(i.ephemeral[:]), i.key, i.header)
	if err != nil {
		return nil, fmt.Errorf("starting a handshake: %w", err)
	}
	message, _, _, err = i.state.WriteMessage(nil, i.info)
	if err != nil {
		return nil, fmt.Errorf("writing msg1: %w", err)
	}
	return message, nil
}

// finish reads the Noise part of msg2. After an error it can be tried again.
func (i *initiator) finish(message []byte) (secrets, []byte, error) {
	info, send, receive, err := i.state.ReadMessage(nil, message)
	if err == nil && len(info) > MaxInfo {
		err = errInfoTooLong
	}
	if err == nil {
		return newSecrets(i.state, send, receive), info, nil
	}
	// The library keeps what it had mixed in when Diffie-Hellman fails, as it
	// does for a forged point of low order: the genuine msg2 could not be read
	// any more. So the state is made anew.
	if _, restart := i.start(); restart != nil {
		return secrets{}, nil, restart
	}
	return secrets{}, nil, fmt.Errorf("reading msg2: %w", err)
}

// offer is a msg1 that was read, and so was made with the key: the dialler has
// the cookie, now or at the time of a recording. No Diffie-Hellman was done.
type offer struct {
	msg1Header
	state   *noise.HandshakeState
	info    []byte
	digest  [sha256.Size]byte // of the whole packet
	replyTo string
}

// readOffer reads the msg1 whose header is h and ends at noiseAt. random is
// for the answer.
func readOffer(random io.Reader, key Key, h msg1Header, packet []byte, noiseAt int) (*offer, error) {
	state, err := handshake(false, random, key, packet[:noiseAt])
	if err != nil {
		return nil, fmt.Errorf("starting a handshake: %w", err)
	}
	info, _, _, err := state.ReadMessage(nil, packet[noiseAt:])
	if err != nil {
		return nil, fmt.Errorf("reading msg1: %w", err)
	}
	return &offer{msg1Header: h, state: state, info: info, digest: sha256.Sum256(packet)}, nil
}

// answer does the Diffie-Hellman and makes msg2.
func (o *offer) answer(info []byte) ([]byte, secrets, error) {
	msg2, receive, send, err := o.state.WriteMessage([]byte{kindMsg2, version}, info)
	if err != nil {
		return nil, secrets{}, fmt.Errorf("writing msg2: %w", err)
	}
	return msg2, newSecrets(o.state, send, receive), nil
}
