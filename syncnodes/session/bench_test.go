package session

import (
	"fmt"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

// wire joins two endpoints without a bus, as fast as they go.
type wire struct {
	ends [2]*Endpoint
	ids  uint64
}

func newWire() *wire {
	w := new(wire)
	for i := range w.ends {
		w.ends[i] = NewEndpoint(Config{
			Self: []nodeid.Name{"a@h", "b@h"}[i], Incarnation: incarnation(byte(i + 1)), Key: cookieA,
			Info: make([]byte, 64), SetupTime: testSetup, KeepKeys: testKeep,
			NextID: func() uint64 { w.ids++; return w.ids },
		})
	}
	return w
}

// carry delivers all packets until there are none, and returns the session.
func (w *wire) carry(now time.Duration) (id SessionID, established int) {
	for moved := true; moved; {
		moved = false
		for i, e := range w.ends {
			other := w.ends[1-i]
			for _, o := range e.Outputs() {
				moved = true
				switch o := o.(type) {
				case SendName:
					other.HandleName(o.Data, fmt.Sprint(o.ReplyID), now)
				case SendFrame:
					other.HandleFrame(o.Data, fmt.Sprint(o.ReplyID), now)
				case Answer:
					var request uint64
					fmt.Sscan(o.ReplyTo, &request)
					other.HandleReply(request, o.Data, now)
				case Admission:
					e.Admit(o.Session, now)
				case Established:
					id = o.Session
					established++
				}
			}
		}
	}
	return id, established
}

// BenchmarkHandshake is a whole handshake, both sides together.
func BenchmarkHandshake(b *testing.B) {
	w := newWire()
	now := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		now += time.Millisecond
		w.ends[0].Dial("b@h", now)
		id, established := w.carry(now)
		if established != 2 {
			b.Fatalf("established %d times", established)
		}
		for _, e := range w.ends {
			e.Drop(id, Shutdown, now)
			e.Tick(now)
		}
	}
}

// BenchmarkBadMsg1 is what a msg1 without the cookie costs.
func BenchmarkBadMsg1(b *testing.B) {
	e := newWire().ends[1]
	h := msg1Header{1, incarnation(1), incarnation(2), "a@h", "b@h"}
	data := append(h.append(nil), make([]byte, noiseLen+64)...)
	b.ReportAllocs()
	for b.Loop() {
		e.HandleName(data, "1", 0)
		e.Outputs()
	}
}

// BenchmarkReplayedMsg1 is what a recorded msg1 costs.
func BenchmarkReplayedMsg1(b *testing.B) {
	w := newWire()
	h := msg1Header{1, incarnation(1), incarnation(2), "a@h", "b@h"}
	_, data, err := initiate(w.ends[0].cfg.Rand, cookieA, h.append(nil), make([]byte, 64))
	if err != nil {
		b.Fatal(err)
	}
	e := w.ends[1]
	e.HandleName(data, "1", 0)
	e.Tick(testSetup) // the half-open session is over
	e.Outputs()
	b.ReportAllocs()
	for b.Loop() {
		e.HandleName(data, "1", testSetup)
	}
	if len(e.Outputs()) != 0 {
		b.Fatal("a replay has an effect")
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, size := range []int{32, 1 << 10, 32 << 10} {
		w := newWire()
		w.ends[0].Dial("b@h", 0)
		id, _ := w.carry(0)
		payload := make([]byte, size)
		b.Run(fmt.Sprintf("Seal/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, err := w.ends[0].Seal(id, payload, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("SealOpen/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				data, _ := w.ends[0].Seal(id, payload, 0)
				if _, ok := w.ends[1].HandleFrame(data, "", 0); !ok {
					b.Fatal("dropped")
				}
			}
		})
	}
}

func BenchmarkDeriveShort(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Derive("secret_token")
	}
}
