package eventstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/observer/journal"
	"interconnectd/observer/journal/journaltest"
)

var start = time.Date(2026, 11, 22, 22, 3, 41, 0, time.UTC)

// stage is a journal, and a server of its events.
type stage struct {
	t       *testing.T
	journal *journaltest.Running
	url     string
}

func open(t *testing.T, path string, keep int) *stage {
	t.Helper()
	s := &stage{t: t, journal: journaltest.Run(t, journal.Options{Path: path, Keep: keep})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := Serve(w, r, s.journal); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(s.journal.Stop) // which ends the streams
	s.url = server.URL
	return s
}

// add appends events of these nodes, each a minute after the one before.
func (s *stage) add(nodes ...string) {
	end, err := s.journal.End(s.t.Context())
	events := make([]event.Event, len(nodes))
	for i, node := range nodes {
		at := start.Add(time.Duration(end.Seq+uint64(i)) * time.Minute)
		events[i] = event.Event{Kind: event.NodeUp, Node: nodeid.Name(node + "@h"), Time: at}
	}
	if err := errors.Join(err, s.journal.Add(s.t.Context(), events...)); err != nil {
		s.t.Error(err)
	}
}

// ask gives the messages of a stream to take, and its status.
func (s *stage) ask(ctx context.Context, q Query, take func(Message) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return err
	}
	Ask(request, q)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(response.Body)
		return errors.New(strings.TrimSpace(string(text)))
	}
	return Read(response.Body, take)
}

// told is a message in a word: where it begins, b:SEQ, a node's, or missed.
func told(m Message) string {
	switch {
	case m.Missed > 0:
		return fmt.Sprint("missed:", m.Missed)
	case m.Event.Seq > 0:
		return fmt.Sprint(m.Event.Node.Alive(), ":", m.Event.Seq)
	default:
		_, seq, _ := strings.Cut(m.Place, ".")
		return "start:" + seq
	}
}

// until reads a stream until it has told so many words.
func (s *stage) until(q Query, count int) (words []string, place string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	enough := errors.New("enough")
	err := s.ask(ctx, q, func(m Message) error {
		words, place = append(words, told(m)), m.Place
		if len(words) == count {
			return enough
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		s.t.Fatalf("after %v: %v", words, err)
	}
	return words, place
}

func TestHistory(t *testing.T) {
	s := open(t, "", 100)
	s.add("a", "b", "a", "c", "a")
	for _, tt := range []struct {
		name string
		q    Query
		want string
	}{
		{"all", Query{Last: All}, "start:0 a:1 b:2 a:3 c:4 a:5"},
		{"the last two", Query{Last: 2}, "start:3 c:4 a:5"},
		{"none", Query{Last: 0}, "start:5"},
		{"of some", Query{Last: All, Of: "a@*"}, "start:0 a:1 a:3 a:5"},
		{"the last of some", Query{Last: 1, Of: "b@h"}, "start:1 b:2"},
		{"of nobody", Query{Last: 1, Of: "x@h"}, "start:5"},
		{"since", Query{Last: All, Since: start.Add(3 * time.Minute)}, "start:3 c:4 a:5"},
		{"since, in another zone", Query{Last: All, Since: start.Add(3 * time.Minute).In(time.FixedZone("", 3600))}, "start:3 c:4 a:5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			words, _ := s.until(tt.q, -1)
			if got := strings.Join(words, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Who follows gets what comes, and the end of the journal ends the stream.
func TestFollow(t *testing.T) {
	s := open(t, "", 100)
	s.add("a", "b")
	var mu sync.Mutex
	var words []string
	ended := make(chan error, 1)
	go func() {
		ended <- s.ask(t.Context(), Query{Last: 1, Follow: true, Of: "[abc]@h"}, func(m Message) error {
			mu.Lock()
			defer mu.Unlock()
			words = append(words, told(m))
			if len(words) == 2 {
				go s.add("c", "x", "a")
			}
			if len(words) == 4 {
				go s.journal.Stop()
			}
			return nil
		})
	}()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(words, " "); got != "start:1 b:2 c:3 a:5" {
		t.Errorf("got %s", got)
	}
}

// Who was cut off goes on where he was, across restarts of the journal; what is
// gone is counted.
func TestGoOn(t *testing.T) {
	path := t.TempDir() + "/a.db"
	first := open(t, path, 1000)
	first.add("a", "b")
	words, place := first.until(Query{Last: 0, Follow: true}, 1)
	if got := strings.Join(words, " "); got != "start:2" {
		t.Fatalf("got %s", got)
	}
	first.add("c")
	first.journal.Stop()
	second := open(t, path, 1000)
	second.add("d")
	words, place = second.until(Query{After: place}, 3)
	if got := strings.Join(words, " "); got != "start:2 c:3 d:4" {
		t.Errorf("after a restart: %s", got)
	}
	second.journal.SetKeep(2)
	second.add("e", "f", "g")
	second.add("h")
	words, place = second.until(Query{After: place}, 4)
	if got := strings.Join(words, " "); got != "start:4 missed:2 g:7 h:8" {
		t.Errorf("after a gap: %s", got)
	}
	second.journal.Stop()

	// A journal that was made anew has numbers of its own.
	third := open(t, path+".new", 1000)
	third.add("i", "j")
	words, _ = third.until(Query{After: place}, 3)
	if got := strings.Join(words, " "); got != "start:0 i:1 j:2" {
		t.Errorf("of another journal: %s", got)
	}
}

// Many events come in their order, whatever pages they are read in.
func TestMany(t *testing.T) {
	s := open(t, "", 5000)
	s.add(slices.Repeat([]string{"a"}, 3000)...)
	words, _ := s.until(Query{Last: All}, -1)
	if len(words) != 3001 || words[3000] != "a:3000" {
		t.Errorf("%d words, the last %s", len(words), words[len(words)-1])
	}
	words, _ = s.until(Query{After: mustEnd(t, s).String()}, 1)
	if words[0] != "start:3000" {
		t.Errorf("got %s", words)
	}
	at := mustEnd(t, s)
	at.Seq = 1
	words, _ = s.until(Query{After: at.String()}, 3000)
	if words[2999] != "a:3000" {
		t.Errorf("the last is %s", words[2999])
	}
}

func mustEnd(t *testing.T, s *stage) journal.Cursor {
	t.Helper()
	end, err := s.journal.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// A request that makes no sense is refused before anything is sent.
func TestNoSense(t *testing.T) {
	s := open(t, "", 100)
	for query, want := range map[string]string{
		"?n=x": "n: ", "?n=-2": "n: want a number", "?since=1h": "since: ", "?of=[": "of: ", "?follow=yes": "follow: want true or false", "?x=1": "x: there is no such parameter",
	} {
		response, err := http.Get(s.url + query)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "reading the request: "+want) {
			t.Errorf("%s: %d %s, want %q", query, response.StatusCode, text, want)
		}
	}
	if err := s.ask(t.Context(), Query{After: "nonsense"}, func(Message) error { return nil }); err == nil || !strings.Contains(err.Error(), "Last-Event-ID: ") {
		t.Errorf("a place that is none: %v", err)
	}
}

// broken is a journal that cannot be read after a while.
type broken struct{ Journal }

func (b broken) Read(ctx context.Context, after uint64, most int) (journal.Page, error) {
	if after >= readMost {
		return journal.Page{}, errors.New("the disk has gone")
	}
	return b.Journal.Read(ctx, after, most)
}

// What is not all does not look as if it were.
func TestBrokenHistory(t *testing.T) {
	s := open(t, "", 5000)
	s.add(slices.Repeat([]string{"a"}, 600)...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _ = Serve(w, r, broken{s.journal}) }))
	defer server.Close()
	s.url = server.URL
	if err := s.ask(t.Context(), Query{Last: All}, func(Message) error { return nil }); err == nil {
		t.Error("no error for half of the events")
	}
}

// What is no stream of ours is an error.
func TestReadStrange(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, ": quiet\n\n": true, "event: nodeup\n": true, "hello\n\n": true,
		"event: nodeup\ndata: no json\n\n": false, "event: missed\ndata: []\n\n": false, "data: " + strings.Repeat("x", longestLine+1) + "\n": false,
	} {
		err := Read(strings.NewReader(text), func(Message) error { return nil })
		if (err == nil) != ok {
			t.Errorf("%.40q: %v, want it to be well: %v", text, err, ok)
		}
	}
}

// Who asks for the events of few nodes is not told that those of others are missing.
func TestLeftOutIsNotMissed(t *testing.T) {
	s := open(t, "", 1000)
	s.add("rare")
	words, place := s.until(Query{Last: All, Follow: true, Of: "rare@*"}, 2)
	if got := strings.Join(words, " "); got != "start:0 rare:1" {
		t.Fatalf("got %s", got)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		enough := errors.New("enough")
		_ = s.ask(t.Context(), Query{After: place, Of: "rare@*"}, func(m Message) error {
			place = m.Place
			if at, err := journal.ParseCursor(place); err == nil && at.Seq > 3000-2*tellEvery {
				return enough
			}
			return nil
		})
	}()
	for range 30 {
		s.add(slices.Repeat([]string{"other"}, 100)...)
	}
	<-done // it has been told of a place near the end
	s.add("rare")
	var first string // that is more than a place
	enough := errors.New("enough")
	_ = s.ask(t.Context(), Query{After: place, Of: "rare@*"}, func(m Message) error {
		if first = told(m); !strings.HasPrefix(first, "start") {
			return enough
		}
		return nil
	})
	if first != "rare:3002" {
		t.Errorf("got %s", first)
	}
}
