// Package epmd speaks with Erlang's port mapper, which knows the nodes of a host and
// their ports: the chapter "Distribution Protocol" of the erts user's guide, and
// erl_epmd of OTP 25 to 27.
//
// Each question is a connection of its own; a registration lasts as long as the
// connection that made it. Whoever can connect to a port mapper can register any
// name that is free, and ask for all: what it answers is a hint and no more.
package epmd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"interconnectd/configs/nodeid"
)

// Where a host's own port mapper listens, unless it is told otherwise:
// erl_epmd:get_epmd_port/0.
const (
	Host        = "127.0.0.1"
	DefaultAddr = Host + ":4369"
)

// The types of a node.
const (
	Normal = 'M'
	Hidden = 'H' // erl -hidden, and nodes that are no Erlang
)

// Interconnectd is the Extra of nodes like this, so that others tell them from Erlang's:
// they meet on a bus of their own, and never by Erlang's distribution.
const Interconnectd = "interconnectd"

// Node is what a port mapper knows of a node.
type Node struct {
	Name  string // what stands before the '@'
	Port  uint16
	Type  byte // Normal or Hidden
	Extra string
	// Highest and Lowest are the versions of the distribution that it speaks: 6 is
	// the handshake of OTP 23 and up.
	Highest, Lowest uint16
}

// Ours reports whether it is a node like this, and none of Erlang's.
func (n Node) Ours() bool { return n.Extra == Interconnectd }

// NamePort is one line of Names.
type NamePort struct {
	Name string
	Port uint16
}

var (
	// ErrNameInUse is Register's answer where another node has the name.
	ErrNameInUse = errors.New("the port mapper has the name for another node")
	// ErrUnknown is Lookup's answer where no node has the name.
	ErrUnknown = errors.New("the port mapper knows no node of that name")
)

// The kinds of messages.
const (
	alive2Request = 120 // register
	alive2XAnswer = 118 // with 32 bits of creation
	alive2Answer  = 121 // with 16 bits, of a port mapper before OTP 23
	port2Request  = 122 // look up
	port2Answer   = 119
	namesRequest  = 110
)

// maxText bounds a name, an extra and all of what the port mapper lists.
const (
	maxText  = 1 << 10
	maxNames = 1 << 20
)

// Registration is a name that the port mapper has for us. Its methods may be called
// concurrently.
type Registration struct {
	// Creation is what the port mapper tells one start of the node from the next
	// by. It may be 0, or as small as 1 to 3, of an old port mapper.
	Creation uint32

	conn net.Conn
}

// Register has the port mapper at addr, a host:port, know the node until Close. Ctx
// bounds the question only.
func Register(ctx context.Context, addr string, n Node) (*Registration, error) {
	if len(n.Name) > maxText || len(n.Extra) > maxText {
		return nil, fmt.Errorf("registering with the port mapper: a name or an extra of more than %d bytes", maxText)
	}
	var creation uint32
	conn, err := ask(ctx, addr, registration(n), func(r io.Reader) (err error) {
		creation, err = readRegistered(r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("registering with the port mapper at %s: %w", addr, err)
	}
	return &Registration{creation, conn}, nil
}

// Wait returns when the registration has ended: by Close, or with the port mapper,
// with the reason.
func (r *Registration) Wait() error {
	_, err := io.Copy(io.Discard, r.conn) // nothing is said any more
	if err == nil {
		err = io.EOF
	}
	return err
}

// Close ends the registration: the name is free. A second call does nothing.
func (r *Registration) Close() error { return r.conn.Close() }

func registration(n Node) []byte {
	m := []byte{alive2Request}
	m = binary.BigEndian.AppendUint16(m, n.Port)
	m = append(m, n.Type, 0) // TCP over IPv4, the only one that there is
	m = binary.BigEndian.AppendUint16(m, n.Highest)
	m = binary.BigEndian.AppendUint16(m, n.Lowest)
	m = binary.BigEndian.AppendUint16(m, uint16(len(n.Name)))
	m = append(m, n.Name...)
	m = binary.BigEndian.AppendUint16(m, uint16(len(n.Extra)))
	return append(m, n.Extra...)
}

func readRegistered(r io.Reader) (creation uint32, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, unexpected(err)
	}
	var number [4]byte
	size := 4
	switch head[0] {
	case alive2XAnswer:
	case alive2Answer:
		size = 2
	default:
		return 0, fmt.Errorf("an answer of kind %d", head[0])
	}
	if head[1] != 0 {
		return 0, ErrNameInUse
	}
	if _, err := io.ReadFull(r, number[4-size:]); err != nil {
		return 0, unexpected(err)
	}
	return binary.BigEndian.Uint32(number[:]), nil
}

// Lookup asks the port mapper at addr, a host:port, for the node that is called alive,
// the part before the '@'.
func Lookup(ctx context.Context, addr, alive string) (n Node, err error) {
	if len(alive) > maxText {
		return Node{}, fmt.Errorf("asking the port mapper: a name of more than %d bytes", maxText)
	}
	conn, err := ask(ctx, addr, append([]byte{port2Request}, alive...), func(r io.Reader) (err error) {
		n, err = readNode(r)
		return err
	})
	if err != nil {
		return Node{}, fmt.Errorf("asking the port mapper at %s for %q: %w", addr, alive, err)
	}
	conn.Close()
	return n, nil
}

func readNode(r io.Reader) (Node, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Node{}, unexpected(err)
	}
	if head[0] != port2Answer {
		return Node{}, fmt.Errorf("an answer of kind %d", head[0])
	}
	if head[1] != 0 {
		return Node{}, ErrUnknown
	}
	var fixed [8]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return Node{}, unexpected(err)
	}
	n := Node{
		Port:    binary.BigEndian.Uint16(fixed[0:]),
		Type:    fixed[2],
		Highest: binary.BigEndian.Uint16(fixed[4:]),
		Lowest:  binary.BigEndian.Uint16(fixed[6:]),
	}
	var err error
	if n.Name, err = readText(r); err != nil {
		return Node{}, err
	}
	if n.Extra, err = readText(r); err != nil {
		return Node{}, err
	}
	return n, nil
}

func readText(r io.Reader) (string, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return "", unexpected(err)
	}
	size := int(binary.BigEndian.Uint16(length[:]))
	if size > maxText {
		return "", fmt.Errorf("a text of %d bytes", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return "", unexpected(err)
	}
	return string(text), nil
}

// AddrOf is the host:port of the port mapper that knows a node: own, which is that of
// the host of self, or that of another host, which has the same port.
func AddrOf(name, self nodeid.Name, own string) string {
	if name.Host() == self.Host() || name.Loopback() {
		return own
	}
	_, port, err := net.SplitHostPort(own)
	if err != nil {
		return own
	}
	return net.JoinHostPort(name.DialHost(), port)
}

// Names asks the port mapper at addr, a host:port, for all nodes that it knows. A line that
// cannot be read is passed over: anybody may have registered a name with a line end.
func Names(ctx context.Context, addr string) (names []NamePort, err error) {
	conn, err := ask(ctx, addr, []byte{namesRequest}, func(r io.Reader) (err error) {
		names, err = readNames(r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("asking the port mapper at %s for names: %w", addr, err)
	}
	conn.Close()
	return names, nil
}

func readNames(r io.Reader) ([]NamePort, error) {
	answer, err := io.ReadAll(io.LimitReader(r, maxNames+1))
	switch {
	case err != nil:
		return nil, err
	case len(answer) > maxNames:
		return nil, fmt.Errorf("more than %d bytes", maxNames)
	case len(answer) < 4: // the port mapper's own port
		return nil, io.ErrUnexpectedEOF
	}
	var names []NamePort
	for line := range bytes.Lines(answer[4:]) {
		name, port, found := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(string(line), "\n"), "name "), " at port ")
		number, err := strconv.ParseUint(port, 10, 16)
		if found && err == nil {
			names = append(names, NamePort{name, uint16(number)})
		}
	}
	return names, nil
}

// ask connects with the port mapper, says one thing and reads the answer. The
// connection is still there then; of one that ctx has ended that is the error.
func ask(ctx context.Context, addr string, message []byte, read func(io.Reader) error) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
	if err == nil {
		err = read(conn)
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// unexpected is what the end of a connection is within an answer.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
