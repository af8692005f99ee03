package erldist

import (
	"io"
	"testing"

	"interconnectd/erlterm"
)

// BenchmarkIsAuth is net_adm:ping/1 of a node, without its monitor.
func BenchmarkIsAuth(b *testing.B) {
	benchmarkServed(b, netKernel, erlterm.Tuple{isAuth, erlterm.Atom(theirName)}, yes)
}

// BenchmarkServed is a call of a node to a process of ours.
func BenchmarkServed(b *testing.B) {
	benchmarkServed(b, echo, erlterm.Atom("ping"), erlterm.Atom("ping"))
}

func benchmarkServed(b *testing.B, process erlterm.Atom, request, reply erlterm.Term) {
	w := startWorld(b)
	go drain(w)
	call := mustFrame(b, newControl(opRegSend, theirPid(1), noCookie, process), genCallOf(1, request))
	answer := mustFrame(b, newControl(opAliasSend, w.conn.pid, theirRef(1)), erlterm.Tuple{tagOf(theirRef(1)), reply})
	b.ReportAllocs()
	for b.Loop() {
		w.write(call)
		if _, err := io.ReadFull(w.nc, answer); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCall is a call of ours to a process of a node; the node's part is in it.
func BenchmarkCall(b *testing.B) {
	w := startWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		ref := w.call(1, yes)
		w.send(newControl(opAliasSend, theirPid(1), ref), erlterm.Tuple{tagOf(ref), yes})
		w.replied(1)
		w.next() // the demonitor
	}
}

// BenchmarkTick is the ticks of a node.
func BenchmarkTick(b *testing.B) {
	w := startWorld(b)
	go drain(w)
	b.ReportAllocs()
	for b.Loop() {
		w.write([]byte{0, 0, 0, 0})
	}
}

// drain takes all events until the connection has ended.
func drain(w *world) {
	for e := range w.events {
		if _, ok := e.(Ended); ok {
			return
		}
	}
}
