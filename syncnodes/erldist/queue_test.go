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
		go q.run()
		for seq := range uint64(queueRoom + 2) {
			if ev := <-q.out; ev != (Answered{Seq: seq}) {
				t.Fatalf("event %+v, want the one after %d", ev, seq)
			}
		}
		q.offer(Rejected{Name: peerName})
		if ev := <-q.out; ev != (Rejected{Name: peerName}) {
			t.Errorf("event %+v", ev)
		}

		for range queueRoom + 10 { // run has taken some, and waits with them
			q.add(Answered{})
		}
		synctest.Wait()
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
