package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"interconnectd/observer/event"
)

// Cursor is a place in a journal: behind the event of that number. Its text,
// JOURNAL.SEQ, is what streams have for an id. The zero value is no place.
type Cursor struct {
	Journal string // which one: its numbers mean nothing to another
	Seq     uint64
}

func (c Cursor) String() string { return c.Journal + "." + strconv.FormatUint(c.Seq, 10) }

// ParseCursor reads what String writes.
func ParseCursor(text string) (Cursor, error) {
	id, number, found := strings.Cut(text, ".")
	seq, err := strconv.ParseUint(number, 10, 64)
	if !found || id == "" || err != nil {
		return Cursor{}, fmt.Errorf("%q is no place in a journal", text)
	}
	return Cursor{id, seq}, nil
}

// begun waits until the numbers are known. Where they are, a context that has ended
// is no error.
func (j *Journal) begun(ctx context.Context) error {
	select {
	case <-j.opened:
		return nil
	default:
	}
	select {
	case <-j.opened:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settleWithin bounds how long End waits for what is being written: a disk may hang.
const settleWithin = time.Second

// End is the place behind the latest event that was appended until it is called. It
// waits until that can be read.
func (j *Journal) End(ctx context.Context) (Cursor, error) {
	j.mu.Lock()
	want := j.appended
	j.mu.Unlock()
	if err := j.begun(ctx); err != nil {
		return Cursor{}, err
	}
	late := time.NewTimer(settleWithin)
	defer late.Stop()
	for over := false; ; {
		j.mu.Lock()
		there, changed := j.announced >= want, j.changed
		if there || over || j.ended {
			end := Cursor{j.id, j.last}
			if there {
				end.Seq -= j.announced - want // those that came since
			}
			j.mu.Unlock()
			return end, nil
		}
		j.mu.Unlock()
		select {
		case <-changed:
		case <-late.C:
			over = true
		case <-ctx.Done():
			return Cursor{}, ctx.Err()
		}
	}
}

// Continues reports whether the numbers of a place are those of this journal, and it
// has got that far.
func (j *Journal) Continues(ctx context.Context, c Cursor) (bool, error) {
	if err := j.begun(ctx); err != nil {
		return false, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return (c.Journal == j.id || j.former[c.Journal]) && c.Seq <= j.last, nil
}

// Begin is the place behind the latest event of former runs.
func (j *Journal) Begin(ctx context.Context) (Cursor, error) {
	if err := j.begun(ctx); err != nil {
		return Cursor{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return Cursor{j.id, j.begins}, nil
}

// Page is what was read.
type Page struct {
	Journal string        // whose numbers these are, for a Cursor
	Events  []event.Event // the oldest first
	Next    uint64        // behind them, and behind what is missing: read on from here
	Missed  uint64        // events that were between, and are not in the journal any more
}

// Read gives the events behind a number, most at most, or none where there are none
// yet. Where those that come next have left the journal it says how many. After the
// end of a journal with a file the error is ErrClosed: they are there, and will be
// read after the next start.
func (j *Journal) Read(ctx context.Context, after uint64, most int) (Page, error) {
	if err := j.begun(ctx); err != nil {
		return Page{}, err
	}
	for {
		page, err := j.read(ctx, after, most)
		if !errors.Is(err, errLeft) { // else there is another file now
			return page, j.unreadable(err)
		}
	}
}

func (j *Journal) read(ctx context.Context, after uint64, most int) (Page, error) {
	j.mu.Lock()
	file, first, memory, last := j.file, j.first, j.memory, j.last // whose events are not changed
	page, closed := Page{Journal: j.id, Next: after}, j.closed
	j.mu.Unlock()
	switch {
	case after >= last:
		return page, nil
	case closed:
		return page, ErrClosed
	}
	var list []event.Event
	if file != nil && first > 0 && (len(memory) == 0 || after+1 < memory[0].Seq) {
		var err error
		if list, err = file.read(ctx, after, most); err != nil {
			return Page{}, err
		}
	}
	for _, e := range memory {
		if len(list) < most && e.Seq > after && (len(list) == 0 || e.Seq > list[len(list)-1].Seq) {
			list = append(list, e)
		}
	}
	// What was written a moment ago, and is not announced yet, comes with the next.
	list = slices.DeleteFunc(list, func(e event.Event) bool { return e.Seq > last })
	page.Events, page.Next = list, last
	if len(list) > 0 {
		page.Next = list[len(list)-1].Seq
	}
	page.Missed = page.Next - after - uint64(len(list))
	return page, nil
}

// Tail gives the last events, most at most (0: all), not older than since, of those
// that keep wants (nil: all), the oldest first.
func (j *Journal) Tail(ctx context.Context, most int, since time.Time, keep func(event.Event) bool) ([]event.Event, error) {
	var list []event.Event
	err := j.search(ctx, most, since, keep, func(e event.Event) { list = append(list, e) })
	slices.Reverse(list)
	return list, err
}

// Find gives the place behind which Tail's events begin: that of the latest event,
// where there are none.
func (j *Journal) Find(ctx context.Context, most int, since time.Time, keep func(event.Event) bool) (Cursor, error) {
	at, err := j.End(ctx)
	if err != nil {
		return at, err
	}
	err = j.search(ctx, most, since, keep, func(e event.Event) { at.Seq = min(at.Seq, e.Seq-1) })
	return at, err
}

const (
	pageMost = 256 // events that are read at once: others wait meanwhile
	// olderMost is after how many events in a row that are too old no younger one is
	// looked for: a clock may have been wrong for a while.
	olderMost = 1000
)

// search gives what Tail wants to found, the latest first.
func (j *Journal) search(ctx context.Context, most int, since time.Time, keep func(event.Event) bool, found func(event.Event)) error {
	count, older := 0, 0
	return j.Back(ctx, func(e event.Event) (more bool) {
		if e.Time.Before(since) {
			older++
			return older < olderMost
		}
		older = 0
		if keep == nil || keep(e) {
			found(e)
			count++
		}
		return most == 0 || count < most
	})
}

// Back gives events to look, the latest first, until that has enough, or there are no
// more.
func (j *Journal) Back(ctx context.Context, look func(event.Event) (more bool)) error {
	if err := j.begun(ctx); err != nil {
		return err
	}
	j.mu.Lock()
	before := j.last + 1
	j.mu.Unlock()
	for {
		page, err := j.before(ctx, before)
		if err != nil || len(page) == 0 {
			return j.unreadable(err)
		}
		for _, e := range page {
			if !look(e) {
				return nil
			}
			before = e.Seq
		}
	}
}

// before gives some events before a number, the latest first.
func (j *Journal) before(ctx context.Context, before uint64) ([]event.Event, error) {
	for {
		j.mu.Lock()
		file, memory, closed := j.file, j.memory, j.closed
		j.mu.Unlock()
		if closed {
			return nil, ErrClosed
		}
		var list []event.Event
		for i := len(memory) - 1; i >= 0 && len(list) < pageMost; i-- {
			if memory[i].Seq < before {
				list = append(list, memory[i])
			}
		}
		if len(list) > 0 || file == nil {
			return list, nil
		}
		list, err := file.back(ctx, before, pageMost)
		if !errors.Is(err, errLeft) { // else there is another file now
			return list, err
		}
	}
}

// unreadable lets Run look at a file that could not be read.
func (j *Journal) unreadable(err error) error {
	var broken *damage
	if errors.As(err, &broken) {
		j.mu.Lock()
		j.broken = true
		j.mu.Unlock()
		j.nudge() // its next write finds it too
	}
	if err != nil {
		err = fmt.Errorf("reading the journal: %w", err)
	}
	return err
}

// Wait waits until there is an event behind a number. The error is the context's,
// or ErrClosed when there is none and none will come.
func (j *Journal) Wait(ctx context.Context, after uint64) error {
	if err := j.begun(ctx); err != nil {
		return err
	}
	for {
		j.mu.Lock()
		last, ended, changed := j.last, j.ended, j.changed
		j.mu.Unlock()
		switch {
		case last > after:
			return nil
		case ended:
			return ErrClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Position is how far a hook is: the number of the last event it is done with.
// One that was not here before begins behind the latest event.
func (j *Journal) Position(ctx context.Context, hook string) (uint64, error) {
	if err := j.begun(ctx); err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.positionLocked(hook), nil
}

func (j *Journal) positionLocked(hook string) uint64 {
	seq, ok := j.positions[hook]
	if !ok || seq > j.last {
		seq = j.last
		j.setPositionLocked(hook, seq)
	}
	return seq
}

// SetPosition tells how far a hook is. It does not wait until that is written: a
// crash may take the last ones back.
func (j *Journal) SetPosition(hook string, seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.setPositionLocked(hook, seq)
}

func (j *Journal) setPositionLocked(hook string, seq uint64) {
	j.positions[hook], j.unsaved[hook] = seq, seq
	j.nudge()
}

// KeepPositions forgets how far others than these hooks are.
func (j *Journal) KeepPositions(ctx context.Context, hooks []string) error {
	if err := j.begun(ctx); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for hook := range j.positions {
		if !slices.Contains(hooks, hook) {
			delete(j.positions, hook)
			j.unsaved[hook] = noPosition
			j.nudge()
		}
	}
	return nil
}
