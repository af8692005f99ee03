package erldist

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

// fakeEPMD is a port mapper that knows one port for every name, and has every name
// registered.
type fakeEPMD struct {
	addr string

	mu   sync.Mutex
	port uint16
}

func newFakeEPMD(t *testing.T) *fakeEPMD {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeEPMD{addr: l.Addr().String()}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				f.answer(conn)
			})
		}
	})
	return f
}

func (f *fakeEPMD) set(port uint16) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.port = port
}

func (f *fakeEPMD) answer(conn net.Conn) {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return
	}
	m := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, m); err != nil {
		return
	}
	if m[0] == 120 {
		_, _ = conn.Write([]byte{118, 0, 0, 0, 1, 0})
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	f.mu.Lock()
	port := f.port
	f.mu.Unlock()
	a := binary.BigEndian.AppendUint16([]byte{119, 0}, port)
	a = append(a, 77, 0, 0, 6, 0, 5, 0, byte(len(m)-1))
	_, _ = conn.Write(append(append(a, m[1:]...), 0, 0))
}

// fakeWorld is an endpoint, and a listener that it takes for every other node.
type fakeWorld struct {
	*Endpoint
	t *testing.T
	l net.Listener
}

func newFakeWorld(t *testing.T, self nodeid.Name, change func(*Config)) *fakeWorld {
	t.Helper()
	f := newFakeEPMD(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f.set(l.Addr().(*net.TCPAddr).AddrPort().Port())
	cfg := testConfig(self, f.addr)
	if change != nil {
		change(&cfg)
	}
	return &fakeWorld{listen(t, cfg), t, l}
}

// peer is another node's end of one connection.
type peer struct {
	net.Conn
	t  *testing.T
	hs *handshake
}

func (w *fakeWorld) peer(name nodeid.Name, conn net.Conn) *peer {
	w.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &peer{conn, w.t, &handshake{conn, name, 7, randomUint32, always}}
}

// dials connects with the endpoint, and says nothing yet.
func (w *fakeWorld) dials(name nodeid.Name) *peer {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	return w.peer(name, conn)
}

// dialled is the next connection that the endpoint makes.
func (w *fakeWorld) dialled(name nodeid.Name) *peer {
	w.t.Helper()
	conn, err := w.l.Accept()
	if err != nil {
		w.t.Fatal(err)
	}
	return w.peer(name, conn)
}

func (p *peer) sendName() {
	p.t.Helper()
	p.send(string(p.hs.nameMessage(nil)))
}

func (p *peer) send(m string) {
	p.t.Helper()
	if err := p.hs.send([]byte(m)); err != nil {
		p.t.Fatal(err)
	}
}

// receive is the next message; "" when the connection has ended.
func (p *peer) receive() string {
	m, err := p.hs.receive()
	if err != nil && !ended(err) {
		p.t.Fatal(err)
	}
	return string(m)
}

func ended(err error) bool {
	return err == io.EOF || err == io.ErrUnexpectedEOF || strings.Contains(err.Error(), "reset by peer")
}

// prove takes the challenge and answers it: what follows a status that lets it go on.
func (p *peer) prove(cookie string) {
	p.t.Helper()
	challenge := p.receive()
	if len(challenge) < challengeLen || challenge[0] != kindName {
		p.t.Fatalf("a challenge: %q", challenge)
	}
	sum := digest(cookie, binary.BigEndian.Uint32([]byte(challenge[9:])))
	p.send("r\x00\x00\x00\x01" + string(sum[:]))
}

// proven reads the endpoint's own proof.
func (p *peer) proven() {
	p.t.Helper()
	sum := digest(testCookie, 1)
	if got, want := p.receive(), "a"+string(sum[:]); got != want {
		p.t.Fatalf("its own answer: %q, want %q", got, want)
	}
}

// says checks the next message.
func (p *peer) says(want string) {
	p.t.Helper()
	if got := p.receive(); got != want {
		p.t.Fatalf("it says %q, want %q", got, want)
	}
}

// letsIn is the accepting side of a handshake, after the name that was dialled has
// come and been answered.
func (p *peer) letsIn() {
	p.t.Helper()
	const challenge = 5
	p.send(string(p.hs.nameMessage(new(uint32(challenge)))))
	reply := p.receive()
	sum := digest(testCookie, challenge)
	if len(reply) != replyLen || reply[5:] != string(sum[:]) {
		p.t.Fatalf("an answer to the challenge: %q", reply)
	}
	sum = digest(testCookie, binary.BigEndian.Uint32([]byte(reply[1:])))
	p.send("a" + string(sum[:]))
}

// receiveName reads the name of the endpoint that has dialled.
func (p *peer) receiveName() {
	p.t.Helper()
	if m := p.receive(); len(m) < nameHeadLen || m[0] != kindName {
		p.t.Fatalf("a name: %q", m)
	}
}
