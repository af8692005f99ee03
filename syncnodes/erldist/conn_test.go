package erldist

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

const (
	ourName   = "we@127.0.0.1"
	theirName = "they@127.0.0.1"
	patience  = 10 * time.Second // after which a test takes what it waits for as not coming
)

// world is a connection and the node at its other end, which the test is.
type world struct {
	t      testing.TB
	conn   *Conn
	nc     net.Conn // the node's end
	frames *frameReader
	events chan Event
	drops  *drops

	// processes are ours; deliver is what they do.
	processes map[string]bool
	deliver   func(process string, request erlterm.Term, answer func(erlterm.Term, error)) error
}

// theirPid is a process of the node, theirRef a reference of it.
func theirPid(id uint32) etf.Pid { return etf.Pid{Node: theirName, ID: id, Creation: 7} }

func theirRef(id uint32) etf.Ref {
	return etf.Ref{Node: theirName, Creation: 7, Words: [etf.MaxWords]uint32{id, 2, 3}, N: 3}
}

// newWorld makes a connection that is silent still, with the process echo, which answers
// what it is asked.
func newWorld(t testing.TB) *world {
	ours, theirs := socketPair(t)
	return worldOver(t, ours, theirs, Peer{Name: theirName, Creation: 7}, connEnv{self: ourName, creation: 9})
}

// worldOver is newWorld over a connection whose other end is theirs; env has who we are.
func worldOver(t testing.TB, ours, theirs net.Conn, peer Peer, env connEnv) *world {
	w := &world{
		t: t, nc: theirs, frames: newFrameReader(theirs), events: make(chan Event, 1024), drops: new(drops),
		processes: map[string]bool{"echo": true},
		deliver: func(_ string, request erlterm.Term, answer func(erlterm.Term, error)) error {
			answer(request, nil)
			return nil
		},
	}
	ended := make(chan struct{})
	var goroutines sync.WaitGroup
	env.registered = func(process string) bool { return w.processes[process] }
	env.deliver = func(process string, request erlterm.Term, answer func(erlterm.Term, error)) error {
		return w.deliver(process, request, answer)
	}
	env.emit = func(e Event) {
		select {
		case w.events <- e:
		case <-ended:
		}
	}
	env.spawn, env.drops = goroutines.Go, w.drops
	w.conn = newConn(ours, peer, env)
	t.Cleanup(func() {
		w.conn.Close()
		close(ended)
		goroutines.Wait()
	})
	return w
}

// startWorld makes a connection that is running.
func startWorld(t testing.TB) *world {
	w := newWorld(t)
	w.conn.Start()
	return w
}

func socketPair(t testing.TB) (ours, theirs net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if ours, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if theirs, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	return ours, theirs
}

// write has the node send bytes.
func (w *world) write(data []byte) {
	w.t.Helper()
	if _, err := w.nc.Write(data); err != nil {
		w.t.Fatal(err)
	}
}

// send has the node send a message.
func (w *world) send(control erlterm.Tuple, payload erlterm.Term) {
	w.t.Helper()
	w.write(mustFrame(w.t, control, payload))
}

func mustFrame(t testing.TB, control erlterm.Tuple, payload erlterm.Term) []byte {
	t.Helper()
	data, err := appendFrame(nil, control, payload)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// next is the next message that the node is sent; ticks are left out.
func (w *world) next() (control erlterm.Tuple, payload erlterm.Term) {
	w.t.Helper()
	for {
		if f := w.nextFrame(); !f.isTick() {
			return decodeFrame(w.t, f)
		}
	}
}

func (w *world) nextFrame() frame {
	w.t.Helper()
	if err := w.nc.SetReadDeadline(time.Now().Add(patience)); err != nil {
		w.t.Fatal(err)
	}
	f, err := w.frames.next()
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func decodeFrame(t testing.TB, f frame) (control erlterm.Tuple, payload erlterm.Term) {
	t.Helper()
	if f.body[0] != passThrough {
		t.Fatalf("a frame of type %d", f.body[0])
	}
	term, rest, err := etf.Decode(f.body[1:])
	if err != nil {
		t.Fatal(err)
	}
	if len(rest) > 0 {
		if payload, rest, err = etf.Decode(rest); err != nil || len(rest) > 0 {
			t.Fatal(err, rest)
		}
	}
	return term.(erlterm.Tuple), payload
}

// expect checks the next message that the node is sent.
func (w *world) expect(control erlterm.Tuple, payload erlterm.Term) {
	w.t.Helper()
	gotControl, gotPayload := w.next()
	if !erlterm.Equal(gotControl, control) {
		w.t.Errorf("got control message %v, want %v", gotControl, control)
	}
	switch {
	case payload == nil || gotPayload == nil:
		if payload != gotPayload {
			w.t.Errorf("got payload %v, want %v", gotPayload, payload)
		}
	case !erlterm.Equal(gotPayload, payload):
		w.t.Errorf("got payload %v, want %v", gotPayload, payload)
	}
}

// event is the next event but for Heard.
func (w *world) event() Event {
	w.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case e := <-w.events:
			if _, ok := e.(Heard); !ok {
				return e
			}
		case <-timeout:
			w.t.Fatal("no event")
		}
	}
}

// ended checks that the connection has ended, for a reason with those words in it.
func (w *world) ended(words string) {
	w.t.Helper()
	e, ok := w.event().(Ended)
	if !ok || e.Conn != w.conn {
		w.t.Fatalf("got event %#v, want Ended", e)
	}
	switch {
	case words == "":
		if e.Err != nil {
			w.t.Errorf("it has ended by %v, not by Close", e.Err)
		}
	case e.Err == nil || !strings.Contains(e.Err.Error(), words):
		w.t.Errorf("it has ended by %v, want %q", e.Err, words)
	}
}

// endWriting has the node send no more.
func (w *world) endWriting() {
	if err := w.nc.(*net.TCPConn).CloseWrite(); err != nil {
		w.t.Fatal(err)
	}
}

// hungUp checks that the node sees the end of the connection.
func (w *world) hungUp() {
	w.t.Helper()
	if err := w.nc.SetReadDeadline(time.Now().Add(patience)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, w.nc); errors.Is(err, net.ErrClosed) || isTimeout(err) {
		w.t.Error(err)
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func TestSilentUntilStart(t *testing.T) {
	w := newWorld(t)
	w.send(newControl(opMonitor, theirPid(1), erlterm.Atom("nobody"), theirRef(1)), nil)
	w.conn.Probe(1)
	if control, _ := w.next(); control[0] != erlterm.Term(erlterm.Int(opRegSend)) {
		t.Errorf("the first message is %v, not the probe: it was read before Start", control)
	}
	select {
	case e := <-w.events:
		t.Errorf("event %#v before Start", e)
	default:
	}
	w.conn.Start()
	w.expect(newControl(opPayloadMonitorExit, erlterm.Atom("nobody"), theirPid(1), theirRef(1)), noProc)
}

func TestEnds(t *testing.T) {
	text := func(bytes ...byte) []byte { return append([]byte{0, 0, 0, byte(len(bytes))}, bytes...) }
	tests := []struct {
		name string
		do   func(*world)
		want string
	}{
		{"Close", func(w *world) { w.conn.Close() }, ""},
		{"Close twice", func(w *world) { w.conn.Close(); w.conn.Close() }, ""},
		{"the node ends", func(w *world) { w.endWriting() }, "reading: EOF"},
		{"the node ends inside a frame", func(w *world) { w.write([]byte{0, 0, 0, 9, 112}); w.endWriting() }, "reading: unexpected EOF"},
		{"the node ends inside a length", func(w *world) { w.write([]byte{0, 0}); w.endWriting() }, "reading: unexpected EOF"},
		{"a fragment", func(w *world) { w.write(text(131, 69, 0)) }, "it is of type 131"},
		{"no control message", func(w *world) { w.write(text(112)) }, "its control message: byte 0"},
		{"one that is cut off", func(w *world) { w.write(text(112, 131, 104, 3, 97, 1)) }, "its control message: byte"},
		{"one that is no tuple", func(w *world) { w.write(text(112, 131, 97, 1)) }, "is no tuple"},
		{"one that is empty", func(w *world) { w.write(text(112, 131, 104, 0)) }, "is no tuple with elements"},
		{"one that begins with an atom", func(w *world) { w.send(erlterm.Tuple{yes}, nil) }, "begins with no operation"},
		{"a link with nobody", func(w *world) { w.send(newControl(opLink, theirPid(1), yes), nil) }, "element 3 of control message 1"},
		{"a link without an end", func(w *world) { w.send(newControl(opLink, theirPid(1)), nil) }, "control message 1 has 2 elements, not 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := startWorld(t)
			tt.do(w)
			w.ended(tt.want)
			w.hungUp()
			w.conn.Close()
			w.conn.Probe(1)
			w.conn.Forget(1)
			if err := w.conn.Call(1, "x", yes); err != nil {
				t.Errorf("a call after the end: %v", err)
			}
			if len(w.events) > 0 {
				t.Errorf("event %#v after Ended", <-w.events)
			}
		})
	}
}

func TestCloseBeforeStart(t *testing.T) {
	w := newWorld(t)
	w.conn.Close()
	w.ended("")
	w.hungUp()
}

func TestCloseFlushes(t *testing.T) {
	w := startWorld(t)
	const n = 1000
	for i := range uint64(n) {
		w.conn.Probe(i)
	}
	w.conn.Close()
	for range n {
		if control, _ := w.next(); control[0] != erlterm.Term(erlterm.Int(opRegSend)) {
			t.Fatalf("got control message %v", control)
		}
	}
	w.ended("")
}

// TestDoesNotRead has a node that reads nothing: calls of it fail, and it is given up when
// not even small messages can be sent.
func TestDoesNotRead(t *testing.T) {
	w := startWorld(t)
	request := erlterm.Binary(make([]byte, 1<<20))
	var err error
	for id := uint64(0); err == nil && id < 64; id++ {
		err = w.conn.Call(id, "x", request)
	}
	if !errors.Is(err, errUnsent) {
		t.Fatalf("the last call: %v, want %v", err, errUnsent)
	}
	w.conn.Probe(1)
	select {
	case e := <-w.events:
		t.Fatalf("got event %#v, want none", e)
	default:
	}
	for range maxUnsentSmall / len(request.Bytes) { // enough, and the rest has no effect
		for seq := range uint64(1 << 14) {
			w.conn.Probe(seq)
		}
	}
	w.ended(errUnsent.Error())
	w.hungUp()
}

// TestReadsSlowly has a node that asks for more at once than can be sent to it at once:
// each of its calls has an end, and the connection none.
func TestReadsSlowly(t *testing.T) {
	w := startWorld(t)
	long := erlterm.Binary(make([]byte, 4<<20))
	w.deliver = func(_ string, _ erlterm.Term, answer func(erlterm.Term, error)) error {
		answer(long, nil)
		return nil
	}
	const n = 20
	for i := range uint32(n) {
		w.watch(erlterm.Atom("echo"), i+1)
		w.send(newControl(opRegSend, theirPid(1), noCookie, erlterm.Atom("echo")), genCallOf(i+1, yes))
	}
	w.send(newControl(opRegSend, theirPid(1), noCookie, netKernel), genCallOf(n+1, erlterm.Tuple{isAuth, erlterm.Atom(theirName)}))
	answered, refused := 0, 0
	for range n {
		switch control, payload := w.next(); control[0] {
		case erlterm.Term(erlterm.Int(opPayloadMonitorExit)):
			reason := payload.(erlterm.Tuple)[1].(erlterm.Bits)
			if !strings.HasPrefix(string(reason.Bytes), errUnsent.Error()) {
				t.Fatalf("a call fails for %s", reason.Bytes)
			}
			refused++
		default:
			answered++
		}
	}
	if _, payload := w.next(); payload.(erlterm.Tuple)[1] != erlterm.Term(yes) {
		t.Fatalf("net_kernel answers %s", payload)
	}
	if answered < 2 || refused == 0 {
		t.Errorf("%d calls are answered, %d refused", answered, refused)
	}
}

// TestNothingDeliveredAfterClose closes while calls stream in.
func TestNothingDeliveredAfterClose(t *testing.T) {
	for range 50 {
		w := newWorld(t)
		var mu sync.Mutex
		closed, some := false, make(chan struct{}, 1)
		w.deliver = func(string, erlterm.Term, func(erlterm.Term, error)) error {
			mu.Lock()
			defer mu.Unlock()
			if closed {
				t.Error("delivered after Close")
			}
			select {
			case some <- struct{}{}:
			default:
			}
			return nil
		}
		call := mustFrame(t, newControl(opRegSend, theirPid(1), noCookie, erlterm.Atom("echo")), genCallOf(1, yes))
		var many []byte
		for range 200 {
			many = append(many, call...)
		}
		w.write(many)
		w.conn.Start()
		<-some
		w.conn.Close()
		mu.Lock()
		closed = true
		mu.Unlock()
		w.ended("")
	}
}

// TestHeard: a tick is a sign of life, and half a frame is one.
func TestHeard(t *testing.T) {
	w := startWorld(t)
	for _, bytes := range [][]byte{{0, 0, 0, 0}, {0, 0, 1}} {
		w.write(bytes)
		if e, ok := (<-w.events).(Heard); !ok || e.Conn != w.conn {
			t.Fatalf("%v: got event %#v, want Heard", bytes, e)
		}
		time.Sleep(heardPause) // sooner it would not be told
	}
}

// TestHeardIsCoalesced has a node that says far more than is told.
func TestHeardIsCoalesced(t *testing.T) {
	w := startWorld(t)
	begin := time.Now()
	for range 2000 {
		w.write([]byte{0, 0, 0, 0})
	}
	w.send(newControl(opUnlinkID, erlterm.Int(1), theirPid(1), w.conn.pid), nil)
	w.expect(newControl(opUnlinkIDAck, erlterm.Int(1), w.conn.pid, theirPid(1)), nil)
	if got, most := len(w.events), 1+int(time.Since(begin)/heardPause); got > most {
		t.Errorf("told %d times in %v, at most %d", got, time.Since(begin), most)
	}
}

// TestTicks has a node that says nothing but ticks, again and again until it is answered.
func TestTicks(t *testing.T) {
	const n = 3
	begin := time.Now()
	w := startWorld(t)
	for range n {
		for answered := false; !answered; {
			w.write([]byte{0, 0, 0, 0})
			if err := w.nc.SetReadDeadline(time.Now().Add(tickPause / 4)); err != nil {
				t.Fatal(err)
			}
			f, err := w.frames.next()
			if answered = err == nil && f.isTick(); !answered && !isTimeout(err) {
				t.Fatal(f, err)
			}
			if time.Since(begin) > patience {
				t.Fatal("ticks are not answered")
			}
		}
	}
	if since := time.Since(begin); since < n*tickPause {
		t.Errorf("%d ticks within %v", n, since)
	}
}

// genCallOf is a call of the node's first process.
func genCallOf(ref uint32, request erlterm.Term) erlterm.Tuple {
	return erlterm.Tuple{genCall, erlterm.Tuple{theirPid(1), tagOf(theirRef(ref))}, request}
}
