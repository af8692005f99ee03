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

// End is the place behind the latest event.
func (j *Journal) End(ctx context.Context) (Cursor, error) {
	if err := j.begun(ctx); err != nil {
		return Cursor{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return Cursor{j.id, j.last}, nil
}

// Read gives the events behind a number, the oldest first, most at most. Where
// those that come next have left the journal it begins with the oldest one there
// is: its number tells.
func (j *Journal) Read(ctx context.Context, after uint64, most int) ([]event.Event, error) {
	if err := j.begun(ctx); err != nil {
		return nil, err
	}
	j.fileMu.RLock()
	defer j.fileMu.RUnlock()
	j.mu.Lock()
	memory, last := j.memory, j.last // whose events are not changed
	inFile := j.file != nil && j.first > 0 && (len(memory) == 0 || after+1 < memory[0].Seq)
	j.mu.Unlock()
	var list []event.Event
	if inFile {
		var err error
		if list, err = j.file.read(after, most); err != nil {
			return nil, j.unreadable(err)
		}
	}
	for _, e := range memory {
		if len(list) < most && e.Seq > after && (len(list) == 0 || e.Seq > list[len(list)-1].Seq) {
			list = append(list, e)
		}
	}
	// What was written a moment ago, and is not announced yet, comes with the next.
	return slices.DeleteFunc(list, func(e event.Event) bool { return e.Seq > last }), nil
}

// Tail gives the last events, most at most (0: all), not older than since, of those
// that keep wants (nil: all), the oldest first.
func (j *Journal) Tail(ctx context.Context, most int, since time.Time, keep func(event.Event) bool) ([]event.Event, error) {
	if err := j.begun(ctx); err != nil {
		return nil, err
	}
	return j.collect(most, since, keep)
}

func (j *Journal) collect(most int, since time.Time, keep func(event.Event) bool) ([]event.Event, error) {
	j.fileMu.RLock()
	defer j.fileMu.RUnlock()
	j.mu.Lock()
	memory, last := j.memory, j.last
	j.mu.Unlock()
	var list []event.Event
	oldest := last + 1 // of those that were looked at
	look := func(e event.Event) bool {
		if e.Seq >= oldest {
			return true // too new, or looked at in memory
		}
		oldest = e.Seq
		if e.Time.Before(since) {
			return false
		}
		if keep == nil || keep(e) {
			list = append(list, e)
		}
		return most == 0 || len(list) < most
	}
	more := true
	for i := len(memory) - 1; i >= 0 && more; i-- {
		more = look(memory[i])
	}
	if more && j.file != nil {
		if err := j.file.back(look); err != nil {
			return nil, j.unreadable(err)
		}
	}
	slices.Reverse(list)
	return list, nil
}

// unreadable lets Run look at a file that could not be read.
func (j *Journal) unreadable(err error) error {
	var broken *damage
	if errors.As(err, &broken) {
		j.nudge() // whose next write finds it too
	}
	return fmt.Errorf("reading the journal: %w", err)
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
