package syncnodes

import (
	"context"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"interconnectd/configs/epmd"
	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/etf"
)

// bareNode is a hidden node that the test is itself: as a C node it has no net_kernel, so
// that it answers no probe.
type bareNode struct {
	name nodeid.Name
	conn net.Conn

	mu sync.Mutex // guards writes
}

// bare has such a node connect with ours.
func (m *mixed) bare(t *testing.T, alive string, to ourNode) *bareNode {
	t.Helper()
	known, err := epmd.Lookup(t.Context(), m.EPMD(), to.Self().Alive())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", known.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	b := &bareNode{name: full(alive), conn: conn}
	if err := b.prove(); err != nil {
		t.Fatal(err)
	}
	return b
}

// prove is the handshake.
func (b *bareNode) prove() error {
	const flags, creation = 0x1c03470fbc, 7
	name := binary.BigEndian.AppendUint64([]byte{'N'}, flags)
	name = binary.BigEndian.AppendUint32(name, creation)
	name = binary.BigEndian.AppendUint16(name, uint16(len(b.name)))
	status, err := b.ask(append(name, b.name...))
	if err != nil || string(status) != "sok" {
		return fmt.Errorf("the status %q: %w", status, err)
	}
	challenge, err := b.ask(nil)
	if err != nil {
		return err
	}
	sum := md5.Sum(fmt.Appendf(nil, "%s%d", testCookie, binary.BigEndian.Uint32(challenge[9:])))
	_, err = b.ask(append([]byte{'r', 0, 0, 0, 1}, sum[:]...))
	return err
}

// ask says something, where there is anything to say, and reads a message.
func (b *bareNode) ask(m []byte) ([]byte, error) {
	if m != nil {
		if _, err := b.conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...)); err != nil {
			return nil, err
		}
	}
	var length [2]byte
	if _, err := io.ReadFull(b.conn, length[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(b.conn, answer)
	return answer, err
}

// answerTicks reads what comes until the connection ends, and answers ticks with ticks, as
// ei_receive of C nodes does.
func (b *bareNode) answerTicks() {
	var length [4]byte
	for {
		if _, err := io.ReadFull(b.conn, length[:]); err != nil {
			return
		}
		if n := binary.BigEndian.Uint32(length[:]); n > 0 {
			_, _ = io.CopyN(io.Discard, b.conn, int64(n)) // its end is found at the next
		} else if b.write(length[:]) != nil {
			return
		}
	}
}

func (b *bareNode) write(data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, err := b.conn.Write(data)
	return err
}

// call is the frame of a call of its process to one of ours.
func (b *bareNode) call(process erlterm.Atom, request erlterm.Term) ([]byte, error) {
	pid := etf.Pid{Node: erlterm.Atom(b.name), ID: 1, Creation: 7}
	data, err := etf.AppendTerm([]byte{0, 0, 0, 0, 112}, erlterm.Tuple{erlterm.Int(6), pid, erlterm.Atom(""), process})
	if err != nil {
		return nil, err
	}
	data, err = etf.AppendTerm(data, erlterm.Tuple{erlterm.Atom("$gen_call"), erlterm.Tuple{pid, erlterm.Atom("tag")}, request})
	binary.BigEndian.PutUint32(data, uint32(len(data)-4))
	return data, err
}

// TestErlangWithoutNetKernel: a node that answers ticks alone is alive.
func TestErlangWithoutNetKernel(t *testing.T) {
	m := newMixed(t)
	a := m.ours(t, m.options("a"))
	c := m.bare(t, "c", a)
	var answering sync.WaitGroup
	answering.Go(c.answerTicks)
	a.wantUp(t, "c", soon)
	a.quiet(t, defaultTimeout+time.Second)
	c.conn.Close()
	answering.Wait()
	a.wantDown(t, "c", "connection_closed", soon)
}

// TestErlangNodedownIsLast: no call comes over a connection whose nodedown was told, though
// its node goes on calling: it answers no probe, and so its disconnect ends by time.
func TestErlangNodedownIsLast(t *testing.T) {
	m := newMixed(t)
	a := m.ours(t, m.options("a"))
	var calls atomic.Int64
	a.Register("counter", func(context.Context, erlterm.Term) (erlterm.Term, error) {
		calls.Add(1)
		return nil, nil
	})
	c := m.bare(t, "c", a)
	a.wantUp(t, "c", soon)
	call, err := c.call("counter", erlterm.Atom("x"))
	if err != nil {
		t.Fatal(err)
	}
	var calling sync.WaitGroup
	calling.Go(func() { _, _ = io.Copy(io.Discard, c.conn) })
	calling.Go(func() {
		for c.write(call) == nil {
		}
	})

	told, goOn := make(chan struct{}), make(chan struct{})
	a.post(t.Context(), func(l *loop) {
		l.disconnect(c.name, func(bool) { // once the monitors have the nodedown
			close(told)
			<-goOn
		})
	})
	<-told
	a.wantDown(t, "c", "disconnect", soon)
	const underWay = mailboxSize + 1 // and the one that is answered
	most := calls.Load() + underWay
	during := time.Now().Add(200 * time.Millisecond)
	for calls.Load() <= most && time.Now().Before(during) {
		time.Sleep(time.Millisecond) // between looks
	}
	if calls.Load() > most {
		t.Errorf("over %d calls were answered after the nodedown, no more had come before", underWay)
	}
	close(goOn)
	calling.Wait()
}

// TestErlangConnectWaitsForTheBus: who is to be connected on a bus that is lost may be a
// node of ours, which is there when the bus is back.
func TestErlangConnectWaitsForTheBus(t *testing.T) {
	m := newMixed(t)
	a := m.ours(t, m.options("a"))
	a.member.Lose(errors.New("as it must"))
	m.ours(t, m.options("b"))
	restore := time.AfterFunc(2*time.Second, a.member.Restore) // long after a dial of Erlang's has failed
	defer restore.Stop()
	if up, err := a.Connect(t.Context(), full("b")); !up || err != nil {
		t.Errorf("Connect = %v, %v", up, err)
	}
}

// TestErlangStats: what can be told of nodes of Erlang's is there from the start on, and
// what they send without effect is counted.
func TestErlangStats(t *testing.T) {
	m := newMixed(t)
	a := m.ours(t, m.options("a"))
	stats := func() Stats {
		s, err := a.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := stats()
	if _, there := before.Handshakes[Handshake{Dialled, resultNotAllowed}]; !there {
		t.Errorf("the handshakes are %v, without %q", before.Handshakes, resultNotAllowed)
	}
	if dropped, there := before.Dropped["erlang unknown"]; !there || dropped != 0 {
		t.Errorf("dropped is %v, want it with %q", before.Dropped, "erlang unknown")
	}
	c := m.bare(t, "c", a)
	a.wantUp(t, "c", soon)
	call, err := c.call("nobody", erlterm.Atom("x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.write(call); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "the drop is counted", func() bool { return stats().Dropped["erlang unknown"] == 1 })
}

// TestErlangReadsSlowly: a node that takes long for an answer, and says nothing meanwhile,
// is no dead one.
func TestErlangReadsSlowly(t *testing.T) {
	const size, perSecond = 5 << 20, 1 << 20
	m := newMixed(t)
	opts := m.options("a")
	opts.Detector.Timeout = 2 * time.Second
	a := m.ours(t, opts)
	a.Register("long", func(context.Context, erlterm.Term) (erlterm.Term, error) {
		return erlterm.Binary(make([]byte, size)), nil
	})
	c := m.bare(t, "c", a)
	a.wantUp(t, "c", soon)
	call, err := c.call("long", erlterm.Atom("x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.write(call); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 32<<10)
	for read := 0; read < size; {
		n, err := c.conn.Read(buf)
		if err != nil {
			t.Fatalf("after %d bytes: %v", read, err)
		}
		read += n
		time.Sleep(time.Duration(n) * time.Second / perSecond)
	}
	c.conn.Close()
	a.wantDown(t, "c", "connection_closed", soon)
}
