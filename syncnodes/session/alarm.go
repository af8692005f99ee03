package session

import (
	"container/heap"
	"math"
	"time"
)

// never is later than any time.
const never = time.Duration(math.MaxInt64)

// alarm is one timer: ring is called at due, once. The zero alarm with a ring
// is not set.
type alarm struct {
	ring  func(now time.Duration)
	due   time.Duration
	order uint64 // of setting, so that equal times ring in that order
	place int    // in the heap, from 1; 0: not set
}

// alarms is all that an Endpoint waits for.
type alarms struct {
	heap  alarmHeap
	order uint64
}

// set sets or moves an alarm.
func (a *alarms) set(al *alarm, due time.Duration) {
	a.order++
	al.due, al.order = due, a.order
	if al.place > 0 {
		heap.Fix(&a.heap, al.place-1)
		return
	}
	heap.Push(&a.heap, al)
}

// stop is for any alarm, set or not.
func (a *alarms) stop(al *alarm) {
	if al.place > 0 {
		heap.Remove(&a.heap, al.place-1)
	}
}

// next is the time of the earliest alarm.
func (a *alarms) next() (time.Duration, bool) {
	if len(a.heap) == 0 {
		return 0, false
	}
	return a.heap[0].due, true
}

// ring rings what is due. An alarm that sets itself for no later than now
// would ring for ever, so none may.
func (a *alarms) ring(now time.Duration) {
	for len(a.heap) > 0 && a.heap[0].due <= now {
		heap.Pop(&a.heap).(*alarm).ring(now)
	}
}

type alarmHeap []*alarm

func (h alarmHeap) Len() int { return len(h) }

func (h alarmHeap) Less(i, j int) bool {
	if h[i].due != h[j].due {
		return h[i].due < h[j].due
	}
	return h[i].order < h[j].order
}

func (h alarmHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}

func (h *alarmHeap) Push(x any) {
	al := x.(*alarm)
	*h = append(*h, al)
	al.place = len(*h)
}

func (h *alarmHeap) Pop() any {
	last := len(*h) - 1
	al := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	al.place = 0
	return al
}
