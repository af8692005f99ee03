package bus

import (
	"errors"
	"math/rand/v2"
	"slices"
)

// errSilent is why the bus is lost while its client still says "connected".
var errSilent = errors.New("the NATS server does not answer")

// missingEchoes in a row mean that the bus is lost, where nothing else comes from it.
// A frozen server is not noticed by its client for seconds. While there is traffic
// the echoes are late, since somebody has more to do than he can, and to take the bus
// for lost would give all more to do: it is then when rememberedEchoes are missing.
const missingEchoes = 2

// rememberedEchoes bounds how late an echo may come and still count.
const rememberedEchoes = 8

// pulse judges whether the bus is there. It is up once an echo, sent through
// the server on the connection that there is now, came back: that proves the
// subscriptions too, which went to the server before the echo. It is lost when
// the client is not connected, or when echoes are missing and nothing else comes.
//
// It is a pure state machine, owned by the keeper.
type pulse struct {
	linked  bool     // the client says that it is connected
	up      bool     // what was told last
	told    bool     // Connected was told
	missing int      // echoes in a row that did not come back in time
	echoes  []uint64 // ids under way on this connection, the youngest last
	pending bool     // the youngest has not come back
}

// link takes in a new connection: what was under way on the old one is void.
func (p *pulse) link() {
	p.linked, p.missing, p.pending = true, 0, false
	p.echoes = p.echoes[:0]
}

// unlink takes in the end of the connection; ok where that is an event.
func (p *pulse) unlink(err error) (ev Event, ok bool) {
	p.linked, p.pending = false, false
	p.echoes = p.echoes[:0]
	return p.lose(err)
}

// beat is called when the last echo's interval is over; traffic: something else has
// come since. It gives the id of the echo to send now, and an event where the bus turns
// out to be lost.
func (p *pulse) beat(traffic bool) (id uint64, ev Event, ok bool) {
	if p.pending {
		p.missing++
	}
	if p.missing >= missingEchoes && !traffic || p.missing >= rememberedEchoes {
		ev, ok = p.lose(errSilent)
	}
	id = ownID()
	if len(p.echoes) == rememberedEchoes {
		p.echoes = slices.Delete(p.echoes, 0, 1)
	}
	p.echoes = append(p.echoes, id)
	p.pending = true
	return id, ev, ok
}

// returned takes in an echo; ok where it brings the bus back.
func (p *pulse) returned(id uint64) (ev Event, ok bool) {
	i := slices.Index(p.echoes, id)
	if i < 0 {
		return Event{}, false
	}
	p.missing = 0
	p.echoes = slices.Delete(p.echoes, 0, i+1)
	p.pending = len(p.echoes) > 0
	if p.up {
		return Event{}, false
	}
	p.up = true
	if !p.told {
		p.told = true
		return Event{Kind: Connected}, true
	}
	return Event{Kind: Back}, true
}

func (p *pulse) lose(err error) (Event, bool) {
	if !p.up {
		return Event{}, false
	}
	p.up = false
	return Event{Kind: Lost, Err: err}, true
}

// ownID draws an id for a request of the bus itself; nobody can guess it. The
// ids from askID on have a meaning of their own.
func ownID() uint64 { return MaxReplyID + 1 + rand.Uint64N(askID-MaxReplyID-1) }
