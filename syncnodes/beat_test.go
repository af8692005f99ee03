package syncnodes

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The loop beats from the start, while it waits for others, and while it leaves; a
// loop that is stuck does not.
func TestBeat(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		var beats atomic.Int64
		opts := fl.options("a")
		opts.Beat, opts.BeatEvery = func() { beats.Add(1) }, time.Second
		opts.Sync = Sync{Optional: fulls("b"), Timeout: Infinity}
		a := fl.start(opts)
		want := func(when string, most, least int64) {
			t.Helper()
			synctest.Wait()
			if n := beats.Swap(0); n < least || n > most {
				t.Errorf("%s: %d beats, want %d to %d", when, n, least, most)
			}
		}
		want("at the start", 1, 1)
		time.Sleep(10 * time.Second)
		want("in ten seconds of a sync", 10, 9)

		release := make(chan struct{})
		a.post(t.Context(), func(*loop) { <-release })
		time.Sleep(10 * time.Second)
		want("in ten seconds that it is stuck", 0, 0)
		close(release)
		time.Sleep(2 * time.Second)
		want("after that", 3, 2)

		a.Close()
		beats.Store(0)
		time.Sleep(10 * time.Second)
		want("after the end", 0, 0)
	})
}
