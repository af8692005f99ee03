package statuspage

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

// watching are a node, its events and those who look, in a bubble of virtual time.
type watching struct {
	t      *testing.T
	node   *fakeNode
	events *fakeEvents
	live   *live
}

func inBubble(t *testing.T, events *fakeEvents, f func(w *watching)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &watching{t: t, node: &fakeNode{}, events: events}
		w.node.set(func(*syncnodes.Status) {})
		if events == nil {
			w.live = newLive(ctx, w.node, nil)
		} else {
			events.changed = make(chan struct{}) // of the bubble
			w.live = newLive(ctx, w.node, events)
		}
		f(w)
		cancel()
		w.live.close()
	})
}

func (w *watching) join() chan struct{} {
	w.t.Helper()
	told, ok := w.live.join()
	if !ok {
		w.t.Fatal("nobody may look any more")
	}
	synctest.Wait()
	return told
}

// within waits until a viewer is told.
func (w *watching) within(told chan struct{}, most time.Duration, what string) {
	w.t.Helper()
	began := time.Now()
	select {
	case <-told:
		if took := time.Since(began); took > most {
			w.t.Errorf("%s: told after %s, want %s at most", what, took, most)
		}
	case <-time.After(time.Minute):
		w.t.Errorf("%s: not told", what)
	}
}

func TestTold(t *testing.T) {
	inBubble(t, newFakeEvents(), func(w *watching) {
		first, second := w.join(), w.join()
		w.events.append(event.Event{Kind: event.NodeUp, Node: "b@h"})
		w.within(first, 0, "an event")
		w.within(second, 0, "an event, to the other one")

		time.Sleep(time.Second)
		w.events.append(event.Event{Kind: event.NodeUp, Node: "b@h"})
		w.within(first, 0, "the first of many")
		for range 1000 {
			w.events.append(event.Event{Kind: event.NodeUp, Node: "b@h"})
		}
		w.within(first, gatherAfter, "the others")
		select {
		case <-first:
			t.Error("told once more for nothing")
		case <-time.After(10 * time.Second):
		}

		for what, change := range map[string]func(*syncnodes.Status){
			"a suspicion": func(s *syncnodes.Status) { s.Peers = []syncnodes.Peer{{Node: "b@h", State: membership.Suspect}} },
			"another type": func(s *syncnodes.Status) {
				s.Peers = []syncnodes.Peer{{Node: "b@h", State: membership.Suspect, Erlang: true}}
			},
			"bus lost":      func(s *syncnodes.Status) { s.BusLost = true },
			"the sync":      func(s *syncnodes.Status) { s.Sync = syncnodes.Progress{Up: 1, Of: 2, Missing: []nodeid.Name{"c@h"}} },
			"the sync ends": func(s *syncnodes.Status) { s.Sync.Done = true },
		} {
			w.node.set(change)
			w.within(first, pollEvery, what)
		}
		w.node.set(func(s *syncnodes.Status) { s.Now, s.Dropped = time.Hour, map[string]uint64{"forged": 1} })
		select {
		case <-first:
			t.Error("told of what nobody sees")
		case <-time.After(10 * time.Second):
		}
	})
}

// The node is asked once a second, however many look, and not when nobody does.
func TestFollowedOnce(t *testing.T) {
	inBubble(t, newFakeEvents(), func(w *watching) {
		asked := func() int {
			before, _ := w.node.counts()
			time.Sleep(10*time.Second + pollEvery/2)
			after, _ := w.node.counts()
			return after - before
		}
		if got := asked(); got != 0 {
			t.Errorf("nobody looks, and the node is asked %d times", got)
		}
		var all []chan struct{}
		for range liveMost {
			all = append(all, w.join())
		}
		if _, ok := w.live.join(); ok {
			t.Errorf("more than %d look", liveMost)
		}
		if got := asked(); got != 10 || w.events.waits() != 1 {
			t.Errorf("in ten seconds the node is asked %d times, and events are waited for by %d; want 10 and 1", got, w.events.waits())
		}
		for _, told := range all {
			w.live.leave(told)
		}
		synctest.Wait()
		if got := asked(); got != 0 || w.events.waits() != 0 {
			t.Errorf("all have gone, and the node is asked %d times, events are waited for by %d", got, w.events.waits())
		}
		told := w.join()
		w.events.append(event.Event{Kind: event.NodeDown, Node: "b@h"})
		w.within(told, 0, "an event to one who came back")
		w.live.leave(told)
	})
}

func TestFollowedAgain(t *testing.T) {
	inBubble(t, newFakeEvents(), func(w *watching) {
		w.events.err = errors.New("the disk is gone")
		told := w.join()
		w.events.mu.Lock()
		w.events.err = nil
		w.events.mu.Unlock()
		time.Sleep(2 * pollEvery)
		w.events.append(event.Event{Kind: event.NodeUp, Node: "b@h"})
		w.within(told, 0, "an event after trouble")
	})
	inBubble(t, nil, func(w *watching) {
		told := w.join()
		w.node.set(func(s *syncnodes.Status) { s.BusLost = true })
		w.within(told, pollEvery, "a change where there are no events")
	})
}

// Others are asked once a second at most, and not waited for.
func TestViews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		n := &fakeNode{views: map[nodeid.Name]view{"b@h": viewFrom("a up"), "c@h": viewFrom("a up")}}
		v := newViews(ctx, n)
		names := []nodeid.Name{"b@h", "c@h", "old@h"}
		expect := func(what string, told, questions int, most time.Duration) {
			t.Helper()
			began := time.Now()
			got := v.of(t.Context(), names)
			if _, asked := n.counts(); len(got) != told || asked != questions || time.Since(began) > most {
				t.Errorf("%s: %d views, %d questions, after %s; want %d, %d, %s at most", what, len(got), asked, time.Since(began), told, questions, most)
			}
		}
		expect("at first", 2, 3, 0)
		expect("at once again", 2, 3, 0)
		time.Sleep(viewsEvery)
		expect("later", 2, 6, 0)
		n.mu.Lock()
		n.hold = true
		n.mu.Unlock()
		time.Sleep(viewsEvery)
		expect("while nobody answers", 2, 9, viewsWait)
		expect("meanwhile", 2, 9, viewsWait)
		time.Sleep(viewWithin)
		expect("when they are given up", 0, 9, 0)
		names = []nodeid.Name{"b@h"}
		n.mu.Lock()
		n.hold = false
		n.mu.Unlock()
		time.Sleep(viewsEvery)
		expect("fewer", 1, 10, 0)
		n.mu.Lock()
		n.hold = true
		n.mu.Unlock()
		time.Sleep(viewsEvery)
		expect("one is asked at the end", 1, 11, viewsWait)
		cancel()
		v.close()
		time.Sleep(viewsEvery)
		expect("after the end", 0, 11, 0)
	})
}

// look opens a stream and gives its lines.
func lookAt(t *testing.T, s *Server) (*http.Response, *bufio.Reader) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.Addr()+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer, bufio.NewReader(answer.Body)
}

// until reads lines up to one.
func until(t *testing.T, lines *bufio.Reader, want string) {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ends before %q: %v", want, err)
		}
		if strings.TrimSuffix(line, "\n") == want {
			return
		}
	}
}

// The times that a request has do not end a stream.
func TestStream(t *testing.T) {
	n, events := &fakeNode{}, newFakeEvents()
	n.set(func(*syncnodes.Status) {})
	s, err := Listen(t.Context(), Options{Addr: "127.0.0.1:0", Node: n, Events: events, Log: hclog.NewNullLogger()})
	if err != nil {
		t.Fatal(err)
	}
	s.http.ReadTimeout, s.http.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	run(t, s)
	answer, lines := lookAt(t, s)
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("%d, %s", answer.StatusCode, kind)
	}
	until(t, lines, "retry: 1000")
	for range 3 {
		pause(t.Context(), 100*time.Millisecond) // longer than a request has
		for events.waits() == 0 {
			pause(t.Context(), time.Millisecond)
		}
		began := time.Now()
		events.append(event.Event{Kind: event.NodeUp, Node: "b@h"})
		until(t, lines, "event: change")
		until(t, lines, "data: change")
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("told after %s", took)
		}
	}
}

// Streams take half of the places at most, and end with the server.
func TestStreamsAreBounded(t *testing.T) {
	n := &fakeNode{}
	n.set(func(*syncnodes.Status) {})
	s := serve(t, Options{Node: n})
	var streams []*bufio.Reader
	for range liveMost {
		answer, lines := lookAt(t, s)
		if answer.StatusCode != 200 {
			t.Fatalf("stream %d: %d", len(streams)+1, answer.StatusCode)
		}
		until(t, lines, "retry: 1000")
		streams = append(streams, lines)
	}
	answer, lines := lookAt(t, s)
	if line, _ := lines.ReadString('\n'); answer.StatusCode != 503 || line != "32 look already, and no more may\n" {
		t.Errorf("stream %d: %d %q", liveMost+1, answer.StatusCode, line)
	}
	probe, err := without(t).Get("http://" + s.Addr() + "/healthz")
	if err != nil || probe.StatusCode != 200 {
		t.Fatalf("a probe beside them: %v", err)
	}
	probe.Body.Close()
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, lines := range streams {
		if _, err := io.Copy(io.Discard, lines); err == nil {
			continue
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the streams end after %s", took)
	}
}
