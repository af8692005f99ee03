package session

import (
	"container/list"

	"interconnectd/configs/nodeid"
)

const maxAttempts = 4096

// dialler is one process that may dial.
type dialler struct {
	name nodeid.Name
	inc  nodeid.Incarnation
}

type attempt struct {
	dialler
	last uint64
}

// attempts remembers the last attempt number of each dialler, so that a
// recorded msg1 is known for what it is. Those that have not dialled for
// longest are forgotten first: a recording of theirs costs a Diffie-Hellman
// once, no more.
type attempts struct {
	known map[dialler]*list.Element // of attempt
	order list.List                 // least recent first
}

// isNew reports whether number is above the last of d.
func (a *attempts) isNew(d dialler, number uint64) bool {
	e, ok := a.known[d]
	return !ok || number > e.Value.(*attempt).last
}

// put makes number, which is new, the last of d.
func (a *attempts) put(d dialler, number uint64) {
	if e, ok := a.known[d]; ok {
		e.Value.(*attempt).last = number
		a.order.MoveToBack(e)
		return
	}
	if a.known == nil {
		a.known = make(map[dialler]*list.Element)
	}
	if a.order.Len() == maxAttempts {
		oldest := a.order.Front()
		delete(a.known, oldest.Value.(*attempt).dialler)
		a.order.Remove(oldest)
	}
	a.known[d] = a.order.PushBack(&attempt{dialler: d, last: number})
}
