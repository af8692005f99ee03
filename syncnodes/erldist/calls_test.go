package erldist

import (
	"errors"
	"math"
	"strings"
	"testing"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/etf"
)

// refOf is the reference in a tag that we made.
func refOf(t testing.TB, tag erlterm.Term) etf.Ref {
	t.Helper()
	ref, ok := aliasOf(tag)
	if !ok || ref.Node != ourName || ref.Creation != 9 {
		t.Fatalf("the tag %v has no reference of ours", tag)
	}
	return ref
}

// call has us call a process of the node, and reads what the node is sent of it.
func (w *world) call(id uint64, request erlterm.Term) etf.Ref {
	w.t.Helper()
	if err := w.conn.Call(id, "server", request); err != nil {
		w.t.Fatal(err)
	}
	control, _ := w.next()
	ref := control[3].(etf.Ref)
	want := newControl(opMonitor, w.conn.pid, erlterm.Atom("server"), ref)
	if !erlterm.Equal(control, want) {
		w.t.Fatalf("got control message %v, want %v", control, want)
	}
	w.expect(newControl(opRegSend, w.conn.pid, noCookie, erlterm.Atom("server")),
		erlterm.Tuple{genCall, erlterm.Tuple{w.conn.pid, tagOf(ref)}, request})
	return ref
}

// replied checks the next event.
func (w *world) replied(id uint64) Replied {
	w.t.Helper()
	e, ok := w.event().(Replied)
	if !ok || e.Conn != w.conn || e.ID != id {
		w.t.Fatalf("got event %#v, want the reply to call %d", e, id)
	}
	return e
}

func TestProbe(t *testing.T) {
	w := startWorld(t)
	ask := func(seq uint64) (tag erlterm.Term) {
		w.conn.Probe(seq)
		control, payload := w.next()
		if want := newControl(opRegSend, w.conn.pid, noCookie, netKernel); !erlterm.Equal(control, want) {
			t.Fatalf("got control message %v, want %v", control, want)
		}
		from := payload.(erlterm.Tuple)[1].(erlterm.Tuple)
		want := erlterm.Tuple{genCall, from, erlterm.Tuple{isAuth, erlterm.Atom(ourName)}}
		if !erlterm.Equal(payload, want) || from[0] != erlterm.Term(w.conn.pid) {
			t.Fatalf("got %v, want %v", payload, want)
		}
		return from[1]
	}
	answered := func(want uint64) {
		t.Helper()
		if e, ok := w.event().(Answered); !ok || e.Seq != want || e.Conn != w.conn {
			t.Errorf("got event %#v, want the answer to probe %d", e, want)
		}
	}
	one, two, three := ask(1), ask(2), ask(3)
	w.send(newControl(opAliasSend, theirPid(1), refOf(t, two)), erlterm.Tuple{two, yes})
	answered(2)
	w.send(newControl(opAliasSend, theirPid(1), refOf(t, one)), erlterm.Tuple{one, yes}) // tells nothing more
	w.send(newControl(opSend, noCookie, w.conn.pid), erlterm.Tuple{three, erlterm.Atom("no")})
	answered(3)
}

// TestProbesWithoutAnswer has a node that is alive and whose net_kernel never answers.
func TestProbesWithoutAnswer(t *testing.T) {
	w := startWorld(t)
	for seq := range uint64(100) {
		w.conn.Probe(seq)
	}
	if got := len(w.conn.calls.probes); got != maxProbes {
		t.Errorf("%d probes are kept, want %d", got, maxProbes)
	}
}

// deep is a term in so many tuples.
func deep(n int) erlterm.Term {
	var term erlterm.Term = yes
	for range n {
		term = erlterm.Tuple{term}
	}
	return term
}

// longFrame is a message whose payload, a pair, ends in a binary of n bytes.
func longFrame(t testing.TB, control erlterm.Tuple, first erlterm.Term, n uint32) []byte {
	t.Helper()
	data := mustFrame(t, control, erlterm.Tuple{first, erlterm.Binary(make([]byte, 0))})
	size := uint32(len(data)) - 4 + n
	end := len(data) - 4
	for i := range 4 {
		shift := 24 - 8*i
		data[i], data[end+i] = byte(size>>shift), byte(n>>shift)
	}
	return append(data, make([]byte, n)...)
}

func TestCall(t *testing.T) {
	request := erlterm.Tuple{erlterm.Atom("add"), erlterm.Int(1), erlterm.Int(2)}
	isTooLong := func(err error) bool { return errors.Is(err, ErrTooLong) }
	tests := []struct {
		name   string
		answer func(w *world, ref etf.Ref)
		want   erlterm.Term
		err    func(error) bool // where want is nil
		isDown bool             // the process is gone, and the monitor with it
	}{
		{
			name: "to the alias",
			answer: func(w *world, ref etf.Ref) {
				w.send(newControl(opAliasSend, theirPid(2), ref), erlterm.Tuple{tagOf(ref), erlterm.Int(3)})
			},
			want: erlterm.Int(3),
		},
		{
			name: "to the alias, traced",
			answer: func(w *world, ref etf.Ref) {
				w.send(newControl(opAliasSendTT, theirPid(2), ref, erlterm.List{}), erlterm.Tuple{tagOf(ref), erlterm.Int(3)})
			},
			want: erlterm.Int(3),
		},
		{
			name: "to the pid",
			answer: func(w *world, ref etf.Ref) {
				w.send(newControl(opSend, noCookie, w.conn.pid), erlterm.Tuple{tagOf(ref), erlterm.Int(3)})
			},
			want: erlterm.Int(3),
		},
		{
			name: "behind what is none",
			answer: func(w *world, ref etf.Ref) {
				w.send(newControl(opAliasSend, theirPid(2), ref), erlterm.Atom("hello"))
				w.send(newControl(opAliasSend, theirPid(2), ref), erlterm.Tuple{tagOf(theirRef(1)), erlterm.Int(4)})
				w.send(newControl(opAliasSend, theirPid(2), theirRef(1)), erlterm.Tuple{tagOf(ref), erlterm.Int(5)})
				w.send(newControl(opSend, noCookie, theirPid(1)), erlterm.Tuple{tagOf(ref), erlterm.Int(6)})
				w.send(newControl(opSend, noCookie, w.conn.pid), erlterm.Tuple{ref, erlterm.Int(7)})
				w.send(newControl(opSend, noCookie, w.conn.pid), nil)
				w.send(newControl(opAliasSend, theirPid(2), ref), erlterm.Tuple{tagOf(ref), erlterm.Int(3)})
			},
			want: erlterm.Int(3),
		},
		{
			name: "too long, to the alias",
			answer: func(w *world, ref etf.Ref) {
				w.write(longFrame(w.t, newControl(opAliasSend, theirPid(2), ref), tagOf(ref), 50<<20))
			},
			err: isTooLong,
		},
		{
			name: "too long, to the pid",
			answer: func(w *world, ref etf.Ref) {
				w.write(longFrame(w.t, newControl(opSend, noCookie, w.conn.pid), tagOf(ref), 50<<20))
			},
			err: isTooLong,
		},
		{
			name: "not to be read",
			answer: func(w *world, ref etf.Ref) {
				data := mustFrame(w.t, newControl(opAliasSend, theirPid(2), ref), erlterm.Tuple{tagOf(ref), erlterm.Int(3)})
				data[len(data)-2] = 80 // COMPRESSED
				w.write(data)
			},
			err: func(err error) bool { return strings.Contains(err.Error(), "compressed") },
		},
		{
			name: "noproc",
			answer: func(w *world, ref etf.Ref) {
				w.send(newControl(opPayloadMonitorExit, erlterm.Atom("server"), w.conn.pid, ref), noProc)
			},
			err:    func(err error) bool { return err == ErrNoProc },
			isDown: true,
		},
		{
			name: "noproc in the control message",
			answer: func(w *world, ref etf.Ref) {
				w.send(newControl(opMonitorExit, erlterm.Atom("server"), w.conn.pid, ref, noProc), nil)
			},
			err:    func(err error) bool { return errors.Is(err, ErrNoProc) },
			isDown: true,
		},
		{
			name: "exit",
			answer: func(w *world, ref etf.Ref) {
				w.send(newControl(opPayloadMonitorExit, theirPid(3), w.conn.pid, ref), erlterm.Tuple{erlterm.Atom("bad"), erlterm.Int(1)})
			},
			err: func(err error) bool {
				var exit *ExitError
				return errors.As(err, &exit) && err.Error() == "the process exited: {bad,1}"
			},
			isDown: true,
		},
		{
			name: "exit, too long",
			answer: func(w *world, ref etf.Ref) {
				w.write(longFrame(w.t, newControl(opPayloadMonitorExit, theirPid(3), w.conn.pid, ref), yes, 9<<20))
			},
			err:    isTooLong,
			isDown: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := startWorld(t)
			ref := w.call(5, request)
			tt.answer(w, ref)
			got := w.replied(5)
			switch {
			case tt.want != nil:
				if got.Err != nil || !erlterm.Equal(got.Term, tt.want) {
					t.Errorf("got %v, %v, want %v", got.Term, got.Err, tt.want)
				}
			case got.Err == nil || !tt.err(got.Err):
				t.Errorf("got %v, %v", got.Term, got.Err)
			}
			if !tt.isDown {
				w.expect(newControl(opDemonitor, w.conn.pid, erlterm.Atom("server"), ref), nil)
			}
			// A second answer is none, and the connection goes on.
			tt.answer(w, ref)
			again := w.call(6, request)
			w.send(newControl(opAliasSend, theirPid(2), again), erlterm.Tuple{tagOf(again), yes})
			w.replied(6)
			if n := len(w.conn.calls.byRef) + len(w.conn.calls.byID); n != 0 {
				t.Errorf("%d calls are kept", n)
			}
		})
	}
}

func TestForget(t *testing.T) {
	w := startWorld(t)
	ref := w.call(1, yes)
	w.conn.Forget(1)
	w.expect(newControl(opDemonitor, w.conn.pid, erlterm.Atom("server"), ref), nil)
	w.conn.Forget(1)
	w.conn.Forget(2)
	w.send(newControl(opAliasSend, theirPid(2), ref), erlterm.Tuple{tagOf(ref), yes})
	w.send(newControl(opPayloadMonitorExit, theirPid(3), w.conn.pid, ref), noProc)
	w.call(2, yes)
	w.conn.Close()
	w.ended("")
}

func TestCallThatCannotBeSent(t *testing.T) {
	w := startWorld(t)
	for _, tt := range []struct {
		name, process string
		request       erlterm.Term
		want          string
		monitored     bool
	}{
		{"a request that is too long", "server", erlterm.Binary(make([]byte, maxFrame)), "too long: it has", true},
		{"one that is no term", "server", erlterm.Float(math.Inf(1)), "", true},
		{"one that is too deep", "server", deep(etf.MaxDepth), "", true},
		{"a name that is no atom", strings.Repeat("x", 256), yes, "", false},
	} {
		err := w.conn.Call(1, tt.process, tt.request)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
		if tt.monitored {
			monitor, _ := w.next()
			w.expect(newControl(opDemonitor, w.conn.pid, erlterm.Atom("server"), monitor[3]), nil)
		}
	}
	if n := len(w.conn.calls.byRef) + len(w.conn.calls.byID); n != 0 {
		t.Errorf("%d calls are kept", n)
	}
}

// TestReferences has more of them than their first word can tell apart.
func TestReferences(t *testing.T) {
	cs := newCalls(ourName, 9, 1)
	seen := make(map[etf.Ref]bool)
	for range 1 << 19 {
		ref := cs.newRef()
		if seen[ref] || ref.Words[0] >= 1<<18 {
			t.Fatalf("the reference %v", ref)
		}
		seen[ref] = true
	}
}

func TestExitErrorIsShort(t *testing.T) {
	text := (&ExitError{Reason: erlterm.Binary([]byte(strings.Repeat("é", 1<<20)))}).Error()
	if len(text) > 2*maxReasonText {
		t.Errorf("an error of %d bytes", len(text))
	}
}

func TestAliasOf(t *testing.T) {
	ref := theirRef(1)
	pair := tagOf(ref)
	tests := []struct {
		tag  erlterm.Term
		want bool
	}{
		{pair, true},
		{erlterm.List{pair, erlterm.Int(1)}, true},
		{&erlterm.Improper{Elems: []erlterm.Term{pair}, Tail: erlterm.Int(1)}, true},
		{ref, false},
		{nil, false},
		{erlterm.List{}, false},
		{erlterm.List{yes}, false},
		{erlterm.List{erlterm.List{pair}}, false},
		{&erlterm.Improper{Elems: []erlterm.Term{aliasTag}, Tail: yes}, false},
		{&erlterm.Improper{Elems: []erlterm.Term{yes}, Tail: ref}, false},
		{&erlterm.Improper{Elems: []erlterm.Term{aliasTag, aliasTag}, Tail: ref}, false},
		{erlterm.Tuple{aliasTag, ref}, false},
	}
	for _, tt := range tests {
		if got, ok := aliasOf(tt.tag); ok != tt.want || ok && got != ref {
			t.Errorf("of %v: got %v, %t, want %t", tt.tag, got, ok, tt.want)
		}
	}
}
