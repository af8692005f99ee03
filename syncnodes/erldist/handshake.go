package erldist

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"interconnectd/configs/nodeid"
)

// maxMessage bounds a message of the handshake in bytes: the longest that OTP sends
// has a name of 255 characters.
const maxMessage = 1 << 10

// The kinds of messages: their first byte.
const (
	kindName    = 'N' // of the one that dials, and the other's with its challenge
	kindOldName = 'n' // of handshake 5
	kindStatus  = 's'
	kindReply   = 'r'
	kindAck     = 'a'
)

// The lengths of messages in bytes; a name and what may follow come on top.
const (
	digestLen    = md5.Size
	nameHeadLen  = 1 + 8 + 4 + 2     // of kindName: flags, creation, the name's length
	challengeLen = 1 + 8 + 4 + 4 + 2 // and with the challenge
	replyLen     = 1 + 4 + digestLen
	ackLen       = 1 + digestLen
)

// The words of a status. alive asks whether the node is, as far as it knows, connected
// only by what it dials now, and is answered true or false.
const (
	statusOK           = "ok"
	statusSimultaneous = "ok_simultaneous"
	statusNOK          = "nok"
	statusNotAllowed   = "not_allowed"
	statusAlive        = "alive"
	aliveTrue          = "true"
	aliveFalse         = "false"
)

// failure is the end of a handshake that did not come to a connection.
type failure struct {
	reason Reason
	msg    string
	err    error // may be nil
}

func (f *failure) Error() string {
	if f.err != nil {
		return f.msg + ": " + f.err.Error()
	}
	return f.msg
}

func (f *failure) Unwrap() error { return f.err }

// errSimultaneous ends a handshake that the other node answers nok: it dials us itself.
var errSimultaneous = errors.New("it dials us at the same time")

// errForeignCookie ends a handshake of a node that came with another cookie.
var errForeignCookie = errors.New("its answer to the challenge is of another cookie")

// handshake is one end of the handshake, version 6, of dist_util of OTP 25 to 27. It
// reads exactly what belongs to it.
type handshake struct {
	rw       io.ReadWriter
	self     nodeid.Name
	creation uint32
	// challenge is a number that nobody can guess.
	challenge func() uint32
	// inTime is asked before the message that the other end may take us for connected
	// at: to close the connection after that would have it tell of a node that came and
	// went.
	inTime func() error
}

// randomUint32 is a number that nobody can guess.
func randomUint32() uint32 {
	var b [4]byte
	rand.Read(b[:]) // it does not fail: crypto/rand
	return binary.BigEndian.Uint32(b[:])
}

// dial connects with the node of that name. alive answers whether this dial is the only
// connection that we know of.
func (h *handshake) dial(to nodeid.Name, cookie string, alive func() bool) (Peer, error) {
	if err := h.send(h.nameMessage(nil)); err != nil {
		return Peer{}, gone("before it said anything", err)
	}
	if err := h.readStatus(alive); err != nil {
		return Peer{}, err
	}
	peer, theirs, err := h.readChallenge(to)
	if err != nil {
		return Peer{}, err
	}
	if err := h.inTime(); err != nil {
		return Peer{}, err
	}
	ours := h.challenge()
	reply := binary.BigEndian.AppendUint32([]byte{kindReply}, ours)
	sum := digest(cookie, theirs)
	if err := h.send(append(reply, sum[:]...)); err != nil {
		return Peer{}, gone("after its challenge", err)
	}
	ack, err := h.receive()
	if err != nil {
		var f *failure
		if errors.As(err, &f) {
			return Peer{}, err
		}
		// OTP says nothing to a wrong answer, and logs it.
		return Peer{}, &failure{CookiesDiffer, "it closed the connection after our answer to its challenge: it has another cookie", err}
	}
	if len(ack) != ackLen || ack[0] != kindAck {
		return Peer{}, unfit("instead of its own answer it sends %q", ack)
	}
	sum = digest(cookie, ours)
	if subtle.ConstantTimeCompare(ack[1:], sum[:]) != 1 {
		return Peer{}, &failure{CookiesDiffer, "its answer to our challenge is of another cookie", nil}
	}
	return peer, nil
}

// readStatus reads whether the handshake goes on.
func (h *handshake) readStatus(alive func() bool) error {
	m, err := h.receive()
	if err != nil {
		return gone("before it said anything", err)
	}
	if m[0] != kindStatus {
		return unfit("instead of a status it sends %q", m)
	}
	switch status := string(m[1:]); status {
	case statusOK, statusSimultaneous:
		return nil
	case statusNOK:
		return errSimultaneous
	case statusNotAllowed:
		return &failure{NotAllowed, "it does not allow us", nil}
	case statusAlive:
		if !alive() {
			_ = h.send([]byte{kindStatus}, []byte(aliveFalse)) // it is told, if it is there
			return errSimultaneous
		}
		if err := h.send([]byte{kindStatus}, []byte(aliveTrue)); err != nil {
			return gone("before its challenge", err)
		}
		return nil
	default:
		return unfit("its status is %q", status)
	}
}

// readChallenge reads the name and the challenge of the node that is dialled.
func (h *handshake) readChallenge(to nodeid.Name) (Peer, uint32, error) {
	m, err := h.receive()
	if err != nil {
		return Peer{}, 0, gone("before its challenge", err)
	}
	if m[0] == kindOldName {
		return Peer{}, 0, unfit("its handshake is older than that of OTP 23")
	}
	if m[0] != kindName || len(m) < challengeLen {
		return Peer{}, 0, unfit("instead of a challenge it sends %q", m)
	}
	can := flags(binary.BigEndian.Uint64(m[1:]))
	theirs, creation := binary.BigEndian.Uint32(m[9:]), binary.BigEndian.Uint32(m[13:])
	peer, err := readPeer(can, creation, m[challengeLen-2:])
	switch {
	case err != nil:
		return Peer{}, 0, err
	case peer.Name != to:
		return Peer{}, 0, &failure{NoHolder, fmt.Sprintf("the node there is called %q", peer.Name), nil}
	}
	return peer, theirs, nil
}

// entrance decides about a node that dials.
type entrance struct {
	// status is what it is answered, once it said who it is: "" ends the handshake.
	status func(Peer) string
	// cookies are those that it may come with.
	cookies func(nodeid.Name) []string
	// claim makes the connection that of its name, once it has proved itself, or
	// tells why it may not be.
	claim func(Peer) error
}

// accept lets a node in that dials.
func (h *handshake) accept(e entrance) (Peer, error) {
	peer, err := h.readName()
	if err != nil {
		return peer, err
	}
	status := e.status(peer)
	if status == "" {
		return peer, errAnother
	}
	if err := h.send([]byte{kindStatus}, []byte(status)); err != nil {
		return peer, gone("before our challenge", err)
	}
	switch status {
	case statusNOK:
		return peer, errSimultaneous
	case statusNotAllowed:
		return peer, &failure{NotAllowed, "it is not allowed", nil}
	case statusAlive:
		if err := h.readAlive(); err != nil {
			return peer, err
		}
	}
	ours := h.challenge()
	if err := h.send(h.nameMessage(&ours)); err != nil {
		return peer, gone("before our challenge", err)
	}
	theirs, cookie, err := h.readReply(ours, e.cookies(peer.Name))
	if err != nil {
		return peer, err
	}
	if err := e.claim(peer); err != nil {
		return peer, err
	}
	if err := h.inTime(); err != nil {
		return peer, err
	}
	sum := digest(cookie, theirs)
	if err := h.send([]byte{kindAck}, sum[:]); err != nil {
		return peer, gone("after its answer to our challenge", err)
	}
	return peer, nil
}

// readName reads the name of a node that dials. One that cannot do what we need is
// told so.
func (h *handshake) readName() (Peer, error) {
	m, err := h.receive()
	if err != nil {
		return Peer{}, gone("before it said its name", err)
	}
	if m[0] == kindOldName {
		return Peer{}, unfit("its handshake is older than that of OTP 23")
	}
	if m[0] != kindName || len(m) < nameHeadLen {
		return Peer{}, unfit("instead of its name it sends %q", m)
	}
	can := flags(binary.BigEndian.Uint64(m[1:]))
	if can&flagNameMe != 0 {
		return Peer{}, unfit("it has no name")
	}
	peer, err := readPeer(can, binary.BigEndian.Uint32(m[9:]), m[nameHeadLen-2:])
	if err != nil {
		_ = h.send([]byte{kindStatus}, []byte(statusNotAllowed)) // it is told, if it is there
	}
	return peer, err
}

// readAlive reads the answer to statusAlive.
func (h *handshake) readAlive() error {
	m, err := h.receive()
	switch {
	case err != nil:
		return gone("before it said whether it is connected", err)
	case string(m) == string(kindStatus)+aliveTrue:
		return nil
	case string(m) == string(kindStatus)+aliveFalse:
		return errSimultaneous
	}
	return unfit("asked whether it is connected it sends %q", m)
}

// readReply reads the answer to our challenge, and tells the other's challenge and the
// cookie that the answer is of.
func (h *handshake) readReply(ours uint32, cookies []string) (theirs uint32, cookie string, err error) {
	m, err := h.receive()
	if err != nil {
		return 0, "", gone("after our challenge", err)
	}
	if m[0] != kindReply || len(m) != replyLen {
		return 0, "", unfit("instead of an answer to our challenge it sends %q", m)
	}
	for _, cookie := range cookies {
		sum := digest(cookie, ours)
		if subtle.ConstantTimeCompare(m[5:], sum[:]) == 1 {
			return binary.BigEndian.Uint32(m[1:]), cookie, nil
		}
	}
	return 0, "", errForeignCookie
}

// nameMessage says who we are, with our challenge where there is one.
func (h *handshake) nameMessage(challenge *uint32) []byte {
	m := binary.BigEndian.AppendUint64([]byte{kindName}, uint64(offered))
	if challenge != nil {
		m = binary.BigEndian.AppendUint32(m, *challenge)
	}
	m = binary.BigEndian.AppendUint32(m, h.creation)
	name := toLatin1(string(h.self))
	m = binary.BigEndian.AppendUint16(m, uint16(len(name)))
	return append(m, name...)
}

// readPeer reads a length and a name, after which may come what is not known yet.
func readPeer(can flags, creation uint32, m []byte) (Peer, error) {
	length := int(binary.BigEndian.Uint16(m))
	if length > len(m)-2 {
		return Peer{}, unfit("its name is cut off")
	}
	name, err := nodeid.Parse(fromLatin1(m[2 : 2+length]))
	if err != nil {
		return Peer{}, &failure{Unfit, fmt.Sprintf("its name is %q", m[2:2+length]), err}
	}
	peer := Peer{Name: name, Creation: creation, Hidden: can&flagPublished == 0}
	if lacking := can.missing(); lacking != "" {
		return peer, unfit("it lacks %s", lacking)
	}
	return peer, nil
}

// send sends one message.
func (h *handshake) send(parts ...[]byte) error {
	m := make([]byte, 2, 64)
	for _, part := range parts {
		m = append(m, part...)
	}
	binary.BigEndian.PutUint16(m, uint16(len(m)-2))
	_, err := h.rw.Write(m)
	return err
}

// receive reads one message, of one byte at least.
func (h *handshake) receive() ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(h.rw, length[:]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(length[:]))
	if size == 0 || size > maxMessage {
		return nil, unfit("a message of %d bytes", size)
	}
	m := make([]byte, size)
	_, err := io.ReadFull(h.rw, m)
	return m, err
}

// digest proves a cookie, without telling it: dist_util:gen_digest/2.
func digest(cookie string, challenge uint32) [digestLen]byte {
	return md5.Sum(strconv.AppendUint(toLatin1(cookie), uint64(challenge), 10))
}

// toLatin1 has a byte for each character, as Erlang has of an atom. A text with others
// stays in UTF-8: no node of Erlang can have it.
func toLatin1(s string) []byte {
	b := make([]byte, 0, len(s)+10)
	for _, r := range s {
		if r > 0xff {
			return []byte(s)
		}
		b = append(b, byte(r))
	}
	return b
}

// fromLatin1 is the text of which toLatin1 made the bytes.
func fromLatin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func unfit(format string, args ...any) error {
	return &failure{Unfit, fmt.Sprintf(format, args...), nil}
}

// gone is the error of a connection that ended, or was silent, at some point.
func gone(when string, err error) error {
	var f *failure
	if errors.As(err, &f) {
		return err
	}
	return &failure{NoHolder, "the connection ended " + when, err}
}
