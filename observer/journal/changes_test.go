package journal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/observer/event"
)

// Who reads on behind what is not there any more is told how much that was, and goes on.
func TestReadBehindWhatIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	r := run(t, Options{Path: path})
	r.add(100)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	r.SetPosition("page", 1) // a write, which finds it
	r.wantLog("the journal is damaged and was set aside")
	for until := time.Now().Add(patience); ; {
		page, err := r.Read(within(t), 50, 10)
		if err == nil && page.Next == 100 && page.Missed == 50 && len(page.Events) == 0 {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("page %+v, %v, want to be behind 100, with 50 missed", page, err)
		}
	}
	r.add(1)
	if page, err := r.Read(within(t), 50, 10); err != nil || page.Next != 101 || page.Missed != 50 || numbers(page.Events) != "101" {
		t.Errorf("page %+v, %v", page, err)
	}
}

// A place that was given while the file could not be written is none after a restart:
// other events have its numbers then.
func TestPlacesOfUnwrittenEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	r := run(t, Options{Path: path})
	r.add(10)
	written, _ := r.End(within(t))
	inTheWay(t, path)
	r.add(5)
	r.wantLog("another file is in its place")
	unwritten, _ := r.End(within(t))
	for _, place := range []Cursor{written, unwritten} {
		if known, err := r.Continues(within(t), place); !known || err != nil {
			t.Errorf("%v is not known, %v", place, err)
		}
	}
	r.wantAll("1-15")
	r.stop()
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	again := run(t, Options{Path: path})
	again.add(10)
	again.wantAll("1-20")
	if known, err := again.Continues(within(t), written); !known || err != nil {
		t.Errorf("%v is not known, %v", written, err)
	}
	if known, err := again.Continues(within(t), unwritten); known || err != nil {
		t.Errorf("%v is known, %v: its events are lost", unwritten, err)
	}
	if known, _ := again.Continues(within(t), Cursor{written.Journal, 1 << 63}); known {
		t.Error("a place is known that was never reached")
	}
}

// inTheWay puts another file in the place of a journal.
func inTheWay(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, []byte("notes"), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// Another file at the path costs nothing while the journal runs, and is left alone.
func TestReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	r := run(t, Options{Path: path})
	r.add(10)
	inTheWay(t, path)
	r.add(3)
	r.wantAll("1-13")
	if s := r.status(); s.Memory != 3 || s.Error != "another file is in its place" {
		t.Errorf("status %+v", s)
	}
	if text, _ := os.ReadFile(path); string(text) != "notes" {
		t.Errorf("the other file is %q", text)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	r.add(1)
	r.wantAll("1-14")
	r.stop()
	again := run(t, Options{Path: path})
	again.wantAll("1-14")
}

// A journal that was removed, and cannot be put back just now, can be read.
func TestRemovedAndNotPutBack(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state", "a.db")
	r := run(t, Options{Path: path})
	r.add(10)
	if err := errors.Join(os.RemoveAll(filepath.Dir(path)), os.WriteFile(filepath.Dir(path), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	r.add(3)
	r.wantAll("1-13")
	if err := os.Remove(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	r.add(1)
	r.wantLog("the journal is written again")
	r.stop()
	again := run(t, Options{Path: path})
	again.wantAll("1-14")
}

// Fewer that are to be kept are fewer at once, however many there were.
func TestKeepFewer(t *testing.T) {
	r := run(t, Options{Path: filepath.Join(t.TempDir(), "a.db")})
	r.add(2*dropMost + 500)
	r.SetKeep(100)
	for until := time.Now().Add(patience); r.status().Events > 100; time.Sleep(time.Millisecond) { // between two looks
		if time.Now().After(until) {
			t.Fatalf("status %+v", r.status())
		}
	}
	r.wantAll("20401-20500")
}

// Who asks what has happened is told what happened until then, before the file is open and
// while events are gathered for it.
func TestFindWaitsForTheLatest(t *testing.T) {
	j := New(Options{Path: filepath.Join(t.TempDir(), "a.db"), Keep: 100, Log: hclog.NewNullLogger(), Gather: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { j.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for i := range 3 {
		j.Append(event.Event{Kind: event.NodeUp, Time: start})
		at, err := j.Find(within(t), 1, time.Time{}, nil)
		if err != nil || at.Seq != uint64(i) {
			t.Fatalf("after %d events the last begins behind %v, %v, want %d", i+1, at, err, i)
		}
	}
}

// A clock that was wrong for a while hides nothing.
func TestClockBack(t *testing.T) {
	r := run(t, Options{Path: filepath.Join(t.TempDir(), "a.db")})
	for _, at := range []time.Time{start, start.Add(time.Hour), time.Unix(0, 0), start.Add(2 * time.Hour)} {
		r.Append(event.Event{Kind: event.NodeUp, Time: at})
	}
	if err := r.Wait(within(t), 3); err != nil {
		t.Fatal(err)
	}
	events, err := r.Tail(within(t), 0, start.Add(time.Minute), nil)
	if err != nil || numbers(events) != "2,4" {
		t.Errorf("got %s, %v, want 2,4", numbers(events), err)
	}
	if at, err := r.Find(within(t), 0, start.Add(time.Minute), nil); err != nil || at.Seq != 1 {
		t.Errorf("they begin behind %v, %v, want 1", at, err)
	}
}

// Those who read while the file changes hands miss nothing.
func TestReadWhileMoving(t *testing.T) {
	dir := t.TempDir()
	r := run(t, Options{Path: filepath.Join(dir, "0.db")})
	r.add(300)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				page, err := r.Read(within(t), 5, 20)
				if err != nil || page.Missed > 0 || numbers(page.Events) != "6-25" {
					t.Errorf("read %s, %d missed, %v", numbers(page.Events), page.Missed, err)
					return
				}
				if events, err := r.Tail(within(t), 300, time.Time{}, nil); err != nil || len(events) != 300 {
					t.Errorf("%d events, %v, want 300", len(events), err)
					return
				}
			}
		})
	}
	for i := range 10 {
		if err := r.Move(within(t), filepath.Join(dir, string(rune('a'+i))+".db")); err != nil {
			t.Error(err)
		}
		r.add(1)
	}
	stop()
	readers.Wait()
}

// A former file that is not the journal any more is not removed.
func TestMoveLeavesOthersFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	r := run(t, Options{Path: path})
	r.add(5)
	inTheWay(t, path)
	if err := r.Move(within(t), filepath.Join(dir, "b.db")); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "notes" {
		t.Errorf("the other file is %q", text)
	}
	r.add(1)
	r.wantAll("1-6")
	// One that somebody removed is no reason to fail.
	if err := os.Remove(filepath.Join(dir, "b.db")); err != nil {
		t.Fatal(err)
	}
	if err := r.Move(within(t), filepath.Join(dir, "c.db")); err != nil {
		t.Error(err)
	}
	r.wantAll("1-6")
	r.stop()
	if err := r.Move(within(t), filepath.Join(dir, "d.db")); !errors.Is(err, ErrClosed) {
		t.Errorf("moving one that has ended: %v, want ErrClosed", err)
	}
}
