package erldist

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

const echo = erlterm.Atom("echo")

// errorReason is the reason of an exit by which a caller is told an error.
func errorReason(text string) erlterm.Term {
	return erlterm.Tuple{erlterm.Atom("error"), erlterm.Binary([]byte(text))}
}

// watch has the node's first process monitor one of ours.
func (w *world) watch(process erlterm.Term, ref uint32) {
	w.t.Helper()
	w.send(newControl(opMonitor, theirPid(1), process, theirRef(ref)), nil)
}

// gone checks that the node is told the end of a process.
func (w *world) gone(process erlterm.Term, ref uint32, reason erlterm.Term) {
	w.t.Helper()
	w.expect(newControl(opPayloadMonitorExit, process, theirPid(1), theirRef(ref)), reason)
}

// sync waits until the connection has taken all that the node sent, and checks that
// nothing was answered.
func (w *world) sync() {
	w.t.Helper()
	w.send(newControl(opUnlinkID, erlterm.Int(99), theirPid(1), w.conn.pid), nil)
	w.expect(newControl(opUnlinkIDAck, erlterm.Int(99), w.conn.pid, theirPid(1)), nil)
}

// ask has the node's first process send a process of ours a message.
func (w *world) ask(process erlterm.Atom, message erlterm.Term) {
	w.t.Helper()
	w.send(newControl(opRegSend, theirPid(1), noCookie, process), message)
}

func TestAnswers(t *testing.T) {
	ref := theirRef(1)
	alias := &erlterm.Improper{Elems: []erlterm.Term{aliasTag}, Tail: ref}
	toAlias := func(w *world) erlterm.Tuple { return newControl(opAliasSend, w.conn.pid, ref) }
	toPid := func(*world) erlterm.Tuple { return newControl(opSend, noCookie, theirPid(1)) }
	isAuthOf := erlterm.Tuple{isAuth, erlterm.Atom(theirName)}
	tests := []struct {
		name         string
		process      erlterm.Atom
		tag, request erlterm.Term
		to           func(*world) erlterm.Tuple
		want         erlterm.Term
	}{
		{"is_auth", netKernel, alias, isAuthOf, toAlias, yes},
		{"is_auth by a tag that is a reference", netKernel, ref, isAuthOf, toPid, yes},
		{"call", echo, alias, erlterm.Int(3), toAlias, erlterm.Int(3)},
		{"OTP 25's multi_call", echo, erlterm.Tuple{ref, erlterm.Atom(ourName)}, erlterm.Int(3), toPid, erlterm.Int(3)},
		{"OTP 27's multi_call", echo, &erlterm.Improper{Elems: []erlterm.Term{alias}, Tail: erlterm.Atom(ourName)}, erlterm.Int(3), toAlias, erlterm.Int(3)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := startWorld(t)
			w.watch(tt.process, 1)
			w.ask(tt.process, erlterm.Tuple{genCall, erlterm.Tuple{theirPid(1), tt.tag}, tt.request})
			w.expect(tt.to(w), erlterm.Tuple{tt.tag, tt.want})
			w.send(newControl(opDemonitor, theirPid(1), tt.process, ref), nil)
			w.send(newControl(opRegSendTT, theirPid(1), noCookie, tt.process, erlterm.List{}),
				erlterm.Tuple{genCall, erlterm.Tuple{theirPid(1), tt.tag}, tt.request})
			w.expect(tt.to(w), erlterm.Tuple{tt.tag, tt.want})
			if n := len(w.conn.monitors.byRef) + len(w.conn.monitors.newest); n != 0 {
				t.Errorf("%d monitors are kept", n)
			}
		})
	}
}

// TestErrors has calls that are answered by the monitor of the caller.
func TestErrors(t *testing.T) {
	compressed := func(w *world) {
		data := mustFrame(w.t, newControl(opRegSend, theirPid(1), noCookie, echo), genCallOf(1, erlterm.Int(3)))
		data[len(data)-2] = 80
		w.write(data)
	}
	followed := func(w *world) {
		data := mustFrame(w.t, newControl(opRegSend, theirPid(1), noCookie, echo), genCallOf(1, erlterm.Int(3)))
		data[3]++
		w.write(append(data, 0))
	}
	call := func(w *world) { w.ask(echo, genCallOf(1, yes)) }
	answers := func(term erlterm.Term, err error) func(*world) {
		return func(w *world) {
			w.deliver = func(_ string, _ erlterm.Term, answer func(erlterm.Term, error)) error {
				answer(term, err)
				return nil
			}
			call(w)
		}
	}
	refuses := func(err error) func(*world) {
		return func(w *world) {
			w.deliver = func(string, erlterm.Term, func(erlterm.Term, error)) error { return err }
			call(w)
		}
	}
	tests := []struct {
		name string
		do   func(*world)
		want string // or noproc
	}{
		{"an error", answers(nil, errors.New("want ping")), "want ping"},
		{"a long one", answers(nil, errors.New(strings.Repeat("é", maxErrorText))), strings.Repeat("é", maxErrorText/2)},
		{"noproc", answers(nil, ErrNoProc), ""},
		{"noproc at once", refuses(ErrNoProc), ""},
		{"too busy", refuses(errors.New("overloaded")), "overloaded"},
		{"an answer that is too long", answers(erlterm.Binary(make([]byte, maxFrame)), nil), "too long: it has 8388731 bytes, at most 8388608 are sent"},
		{"one that is no term", answers(deep(etf.MaxDepth), nil), "etf: terms nest deeper than 128"},
		{
			"a request that is too long",
			func(w *world) {
				w.write(longFrame(w.t, newControl(opRegSend, theirPid(1), noCookie, echo), genCall, 50<<20))
			},
			"too long: 52428862 bytes, at most 8388608 are taken",
		},
		{"one with a byte too many", followed, "the term cannot be read: 1 bytes follow it"},
		{"one that is compressed", compressed, "the term cannot be read: byte 92: a compressed term is not read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := startWorld(t)
			w.watch(echo, 1)
			tt.do(w)
			reason := errorReason(tt.want)
			if tt.want == "" {
				reason = noProc
			}
			w.gone(echo, 1, reason)
			tt.do(w) // there is no monitor any more
			w.sync()
			if n := len(w.conn.monitors.byRef) + len(w.conn.monitors.newest); n != 0 {
				t.Errorf("%d monitors are kept", n)
			}
		})
	}
}

func TestNetKernelAnswersIsAuthAlone(t *testing.T) {
	w := startWorld(t)
	w.watch(netKernel, 1)
	w.ask(netKernel, genCallOf(1, erlterm.Atom("get_state")))
	w.gone(netKernel, 1, errorReason(errNetKernel.Error()))
}

// TestAnswersLate has an answer that comes from another goroutine, after others.
func TestAnswersLate(t *testing.T) {
	w := newWorld(t)
	answers := make(chan func(erlterm.Term, error), 3)
	w.deliver = func(_ string, _ erlterm.Term, answer func(erlterm.Term, error)) error {
		answers <- answer
		return nil
	}
	w.conn.Start()
	for ref := uint32(1); ref <= 3; ref++ {
		w.watch(echo, ref)
		w.ask(echo, genCallOf(ref, yes))
	}
	first, second, third := <-answers, <-answers, <-answers
	w.send(newControl(opDemonitor, theirPid(1), echo, theirRef(3)), nil)
	w.sync()
	third(nil, errors.New("nobody waits for it"))
	second(nil, errors.New("second"))
	w.gone(echo, 2, errorReason("second"))
	first(yes, nil)
	w.expect(newControl(opAliasSend, w.conn.pid, theirRef(1)), erlterm.Tuple{tagOf(theirRef(1)), yes})
	w.conn.Close()
	w.ended("")
	first(yes, nil)
}

func TestMonitors(t *testing.T) {
	w := startWorld(t)
	w.watch(erlterm.Atom("nobody"), 1)
	w.gone(erlterm.Atom("nobody"), 1, noProc)
	other := w.conn.pid
	other.ID++
	w.watch(other, 2)
	w.gone(other, 2, noProc)
	w.watch(netKernel, 3)
	w.watch(w.conn.pid, 4) // who called may be watched by whom it called
	w.watch(echo, 5)
	w.sync()
	if n := len(w.conn.monitors.byRef); n != 3 {
		t.Errorf("%d monitors are kept, want 3", n)
	}
}

func TestTooManyMonitors(t *testing.T) {
	w := startWorld(t)
	var all []byte
	monitor := func(ref uint32) []byte {
		return mustFrame(t, newControl(opMonitor, theirPid(1), echo, theirRef(ref)), nil)
	}
	for ref := range uint32(maxMonitors) {
		all = append(all, monitor(ref)...)
	}
	w.write(all)
	w.watch(echo, maxMonitors)
	w.gone(echo, maxMonitors, systemLimit)
	w.send(newControl(opDemonitor, theirPid(1), echo, theirRef(7)), nil)
	w.watch(echo, maxMonitors+1)
	w.sync()
	for ref := range uint32(maxMonitors + 2) {
		w.send(newControl(opDemonitor, theirPid(1), echo, theirRef(ref)), nil)
	}
	w.sync()
	if n := len(w.conn.monitors.byRef) + len(w.conn.monitors.newest); n != 0 {
		t.Errorf("%d monitors are kept", n)
	}
}

func TestLinks(t *testing.T) {
	w := startWorld(t)
	other := w.conn.pid
	other.ID++
	w.send(newControl(opLink, theirPid(1), other), nil)
	w.expect(newControl(opPayloadExit, other, theirPid(1)), noProc)
	w.send(newControl(opLink, theirPid(1), w.conn.pid), nil) // as alive as the connection
	w.sync()
	id := erlterm.NewInt(new(big.Int).SetUint64(1<<64 - 1))
	w.send(newControl(opUnlinkID, id, theirPid(1), other), nil)
	w.expect(newControl(opUnlinkIDAck, id, other, theirPid(1)), nil)
}

// TestDropped has messages that ask for nothing, or nothing that there is.
func TestDropped(t *testing.T) {
	w := startWorld(t)
	stranger := theirPid(1)
	stranger.Node = "third@127.0.0.1"
	send := func(o op, elems ...erlterm.Term) func() { return func() { w.send(newControl(o, elems...), yes) } }
	for i, do := range []func(){
		send(opRegSend, theirPid(1), noCookie, erlterm.Atom("nobody")),
		send(opRegSend, theirPid(1), noCookie, echo),
		func() { w.ask(echo, erlterm.Tuple{erlterm.Atom("$gen_cast"), yes}) },
		func() { w.ask(echo, erlterm.Tuple{genCall, yes, yes}) },
		func() { w.ask(echo, erlterm.Tuple{genCall, erlterm.Tuple{yes, yes}, yes}) },
		func() { w.ask(echo, erlterm.Tuple{genCall, erlterm.Tuple{stranger, yes}, yes}) },
		send(opSend, noCookie, theirPid(1)),
		send(opSend, noCookie, w.conn.pid),
		send(opExit, theirPid(1), w.conn.pid, yes),
		send(opExit2, theirPid(1), w.conn.pid, yes),
		send(opPayloadExit2, theirPid(1), w.conn.pid),
		send(opGroupLeader, theirPid(1), w.conn.pid),
		send(opNodeLink),
		send(opUnlink, theirPid(1), w.conn.pid),
		send(opUnlinkIDAck, erlterm.Int(1), theirPid(1), w.conn.pid),
		send(29, theirRef(1), theirPid(1), theirPid(1), yes, yes), // SPAWN_REQUEST
		send(200),
	} {
		do()
		w.sync()
		if got := w.drops.unknown.Load(); got != uint64(i+1) {
			t.Errorf("%d messages are counted after message %d", got, i)
			w.drops.unknown.Store(uint64(i + 1))
		}
	}
	// What is nobody's is not even read.
	w.write(longFrame(t, newControl(opRegSend, theirPid(1), noCookie, erlterm.Atom("nobody")), yes, 9<<20))
	w.sync()
	if got := w.drops.counts()["too long"]; got != 1 {
		t.Errorf("%d frames are counted as too long, want 1", got)
	}
}
