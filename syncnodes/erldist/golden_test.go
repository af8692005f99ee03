package erldist

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"interconnectd/configs/epmd"
	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/erldist/beamtest"
)

var record = flag.Bool("record", false, "record handshakes and sessions with real nodes anew; -otp27 those of OTP 27")

// golden is a handshake as it was recorded: each message in hexadecimal, ">" what we
// said and "<" what the other node did. Our challenge and creation are fixed, so that
// we say the same again.
const (
	goldenSelf      nodeid.Name = "g@127.0.0.1"
	goldenPeer      nodeid.Name = "b@127.0.0.1"
	goldenChallenge             = 0x12345678
	goldenCreation              = 0x0badcafe
)

var goldens = []struct {
	name   string
	cookie string // ours: the node's is testCookie
	status string // what a node that dials is answered; "" where we dial
	result string // of the handshake: "" is a connection
}{
	{"dial", testCookie, "", ""},
	{"dial-other-cookie", "another", "", "another cookie"},
	{"accept", testCookie, statusOK, ""},
	{"accept-simultaneous", testCookie, statusSimultaneous, ""},
	{"accept-alive", testCookie, statusAlive, ""},
	{"accept-other-cookie", "another", statusOK, "another cookie"},
	{"accept-nok", testCookie, statusNOK, "at the same time"},
	{"accept-not-allowed", testCookie, statusNotAllowed, "not allowed"},
}

func TestGolden(t *testing.T) {
	if *record {
		for _, release := range beamtest.Releases() {
			recordAll(t, release)
		}
	}
	for _, tt := range goldens {
		eachRecording(t, tt.name, func(t *testing.T, r *recording) {
			peer, err := goldenHandshake(r, tt.cookie, tt.status)
			checkResult(t, peer, err, tt.result)
			if len(r.messages) != 0 {
				t.Errorf("%d messages are left", len(r.messages))
			}
		})
	}
}

// eachRecording runs a test with the recording of each release.
func eachRecording(t *testing.T, name string, test func(*testing.T, *recording)) {
	files, err := filepath.Glob("testdata/*-" + name + ".golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no recordings: %v", name, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, readRecording(t, text))
		})
	}
}

func goldenHandshake(rw io.ReadWriter, cookie, status string) (Peer, error) {
	hs := &handshake{rw, goldenSelf, goldenCreation, func() uint32 { return goldenChallenge }, always}
	if status == "" {
		return hs.dial(goldenPeer, cookie, func() bool { return true })
	}
	return hs.accept(entrance{
		status:  func(Peer) string { return status },
		cookies: func(nodeid.Name) []string { return []string{cookie} },
		claim:   func(Peer) error { return nil },
	})
}

func checkResult(t *testing.T, peer Peer, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("the handshake ended with %v, want %q", err, want)
	case want == "" && (peer.Name != goldenPeer || peer.Hidden || peer.Creation == 0):
		t.Errorf("peer %+v", peer)
	}
}

// recording is what was recorded, played back: what is written has to be what was
// written then.
type recording struct {
	t        testing.TB
	messages []string // direction and bytes
	rest     []byte   // of the message that is being read
}

func readRecording(t testing.TB, text []byte) *recording {
	t.Helper()
	r := &recording{t: t}
	for line := range strings.Lines(string(text)) {
		direction, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		message, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		r.messages = append(r.messages, direction+string(message))
	}
	return r
}

func (r *recording) Write(b []byte) (int, error) {
	if len(r.messages) == 0 || r.messages[0] != ">"+string(b) {
		r.t.Errorf("written: %x\nwant: %x", b, r.messages)
		return 0, io.ErrClosedPipe
	}
	r.messages = r.messages[1:]
	return len(b), nil
}

func (r *recording) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		if len(r.messages) == 0 || r.messages[0][0] != '<' {
			return 0, io.EOF
		}
		r.rest, r.messages = []byte(r.messages[0][1:]), r.messages[1:]
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// recorder is a connection of which the messages are kept, a line each.
type recorder struct {
	net.Conn
	header int // how many bytes of a message are its length: 2 in the handshake, then 4

	mu                   sync.Mutex // guards what follows
	read, written, lines bytes.Buffer
}

func (r *recorder) Write(b []byte) (int, error) {
	r.keep(">", &r.written, b)
	return r.Conn.Write(b)
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.keep("<", &r.read, b[:n])
	return n, err
}

// keep adds to the messages of a direction, and writes those that are whole.
func (r *recorder) keep(direction string, messages *bytes.Buffer, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	messages.Write(b)
	for messages.Len() >= r.header {
		size := r.header
		for i, digit := range messages.Bytes()[:r.header] {
			size += int(digit) << (8 * (r.header - 1 - i))
		}
		if messages.Len() < size {
			return
		}
		fmt.Fprintf(&r.lines, "%s %x\n", direction, messages.Next(size))
	}
}

// save writes what was recorded of a node.
func (r *recorder) save(t *testing.T, b *beamtest.Running, name string) {
	t.Helper()
	release := b.Eval(t, "list_to_integer(erlang:system_info(otp_release))")
	if err := os.WriteFile(fmt.Sprintf("testdata/otp%s-%s.golden", release, name), r.lines.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func dialPeer(t *testing.T, w *beamtest.World) (net.Conn, error) {
	t.Helper()
	node, err := epmd.Lookup(t.Context(), w.EPMD(), goldenPeer.Alive())
	if err != nil {
		t.Fatal(err)
	}
	return net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", node.Port))
}

// recordAll has a real node take part in all handshakes, and writes the files.
func recordAll(t *testing.T, release beamtest.Release) {
	w := beamtest.NewWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	registered, err := epmd.Register(t.Context(), w.EPMD(), epmd.Node{
		Name: goldenSelf.Alive(), Port: l.Addr().(*net.TCPAddr).AddrPort().Port(), Type: epmd.Hidden, Highest: 6, Lowest: 6, Extra: epmd.Interconnectd,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer registered.Close()
	b := w.Start(t, beamtest.Node{Name: goldenPeer, Cookie: testCookie, Root: release.Root, Args: []string{"-kernel", "net_setuptime", "1"}})
	for _, tt := range goldens {
		r := &recorder{header: 2}
		pinged := make(chan error, 1)
		if tt.status == "" {
			r.Conn, err = dialPeer(t, w)
			pinged <- err
		} else {
			go func() {
				_, err := b.TryEval(fmt.Sprintf("net_kernel:connect_node('%s')", goldenSelf))
				pinged <- err
			}()
			r.Conn, err = l.Accept()
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = r.SetDeadline(time.Now().Add(20 * time.Second))
		peer, err := goldenHandshake(r, tt.cookie, tt.status)
		checkResult(t, peer, err, tt.result)
		r.Close()
		if err := <-pinged; err != nil {
			t.Fatal(err)
		}
		r.save(t, b, tt.name)
		b.Eval(t, fmt.Sprintf("(fun F() -> case nodes(hidden) of [] -> ok; _ -> timer:sleep(5), F() end end)(), '%s'", goldenSelf))
	}
}
