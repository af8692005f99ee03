package session

import (
	"container/list"
	"fmt"
	"time"

	"interconnectd/configs/nodeid"
)

const (
	rejectionQuiet = time.Minute
	rejectionLines = 10
	rejectionNames = 256
)

// rejections limits the lines about rejected handshakes, which anyone on the
// bus can cause: one a minute for a name, ten a minute in all, and then one
// with the count of the others.
type rejections struct {
	names map[nodeid.Name]*list.Element // of rejectedName
	order list.List                     // least recently logged first

	open       bool // a minute has begun
	ends       time.Duration
	lines      int
	suppressed int // for want of lines
}

type rejectedName struct {
	name       nodeid.Name
	quietUntil time.Duration
	suppressed int
}

// add counts a rejection and returns its line, if it may have one. The minute
// before has been ended by end.
func (r *rejections) add(name nodeid.Name, now time.Duration) (Rejected, bool) {
	if !r.open {
		r.open, r.ends, r.lines, r.suppressed = true, now+rejectionQuiet, 0, 0
	}
	known := r.names[name]
	switch {
	case known != nil && now < known.Value.(*rejectedName).quietUntil:
		known.Value.(*rejectedName).suppressed++
		return Rejected{}, false
	case r.lines == rejectionLines:
		r.suppressed++
		return Rejected{}, false
	case known == nil:
		known = r.remember(name)
	}
	entry := known.Value.(*rejectedName)
	line := Rejected{
		Name:       name,
		Line:       fmt.Sprintf("Connection attempt from node %s rejected. Invalid challenge reply.", name),
		Suppressed: entry.suppressed,
	}
	entry.quietUntil, entry.suppressed = now+rejectionQuiet, 0
	r.order.MoveToBack(known)
	r.lines++
	return line, true
}

func (r *rejections) remember(name nodeid.Name) *list.Element {
	if r.names == nil {
		r.names = make(map[nodeid.Name]*list.Element)
	}
	if r.order.Len() == rejectionNames {
		oldest := r.order.Front()
		delete(r.names, oldest.Value.(*rejectedName).name)
		r.order.Remove(oldest)
	}
	e := r.order.PushBack(&rejectedName{name: name})
	r.names[name] = e
	return e
}

// end ends the minute when it is over, with a line where any were kept back.
func (r *rejections) end(now time.Duration) (Rejected, bool) {
	if !r.open || now < r.ends {
		return Rejected{}, false
	}
	r.open = false
	if r.suppressed == 0 {
		return Rejected{}, false
	}
	return Rejected{
		Line:       fmt.Sprintf("%d more connection attempts rejected within a minute.", r.suppressed),
		Suppressed: r.suppressed,
	}, true
}
