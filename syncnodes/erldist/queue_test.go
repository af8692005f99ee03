package erldist

import (
	"testing"
	"testing/synctest"
)

// TestQueue has more events than there is room for: they come in order, those who may
// wait do, and what strangers cause is dropped.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		for seq := range uint64(queueRoom) {
			q.addWithRoom(Answered{Seq: seq})
		}
		q.offer(Rejected{Name: peerName})
		waited := false
		go func() {
			q.addWithRoom(Answered{Seq: queueRoom + 1})
			waited = true
		}()
		synctest.Wait()
		if waited {
			t.Error("there was no room")
		}
		q.add(Answered{Seq: queueRoom})
		<-q.ready
		for seq := range uint64(queueRoom + 2) {
			if ev, ok := q.next(); !ok || ev != (Answered{Seq: seq}) {
				t.Fatalf("event %+v, %v, want the one after %d", ev, ok, seq)
			}
			synctest.Wait() // whoever waits has the room
		}
		if ev, ok := q.next(); ok {
			t.Errorf("event %+v, want none", ev)
		}
		<-q.ready // told of what came meanwhile
		q.offer(Rejected{Name: peerName})
		<-q.ready
		if ev, ok := q.next(); !ok || ev != (Rejected{Name: peerName}) {
			t.Errorf("event %+v, %v", ev, ok)
		}

		for range queueRoom {
			q.add(Answered{})
		}
		ended := false
		go func() {
			q.addWithRoom(Answered{})
			ended = true
		}()
		synctest.Wait()
		if ended {
			t.Error("there was no room")
		}
		q.close()
		synctest.Wait()
		if q.addWithRoom(Answered{}); !ended || len(q.events) != 0 {
			t.Error("somebody waits still, or something is kept")
		}
	})
}
