package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Move goes on in another file, with all events and positions, and removes the
// former one; path "" is memory only, with the last events, and leaves the file
// where it is. What is at path already is an error, and nothing has changed then.
// It is for a journal that runs: the error is ErrClosed after its end.
func (j *Journal) Move(ctx context.Context, path string) error {
	done := make(chan error, 1)
	select {
	case j.jobs <- func() { done <- j.move(path) }:
		return <-done
	case <-j.over:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (j *Journal) move(path string) error {
	j.flush()
	j.mu.Lock()
	from, former := j.path, j.file
	j.mu.Unlock()
	switch {
	case path == from:
		return nil
	case path == "":
		return j.moveToMemory()
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already: a running daemon moves its journal to a new file only, a restart takes this one", path)
	}
	ours := former != nil && former.there() == nil
	if err := j.moveTo(path); err != nil {
		return fmt.Errorf("moving the journal to %s: %w", path, bare(err))
	}
	if ours {
		if err := os.Remove(from); err != nil {
			j.log.Warn("the journal has moved, and its former file cannot be removed", "file", from, "error", bare(err))
		}
	}
	j.flush()
	return nil
}

// moveToMemory takes the last events out of the file, which stays as it is.
func (j *Journal) moveToMemory() error {
	recent, err := j.Tail(context.Background(), MemoryMost, time.Time{}, nil)
	if err != nil {
		return err
	}
	j.mu.Lock()
	former := j.file
	j.file, j.first, j.path, j.memory, j.failed, j.shut = nil, 0, "", recent, nil, false
	j.mu.Unlock()
	j.leave(former)
	return nil
}

// putBack makes a copy of the file, which is open though nobody finds it, in its place.
func (j *Journal) putBack(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return j.moveTo(path)
}

// moveTo goes on in a copy of the file, where nothing may be; without a file, in one
// that is made. After an error nothing has changed.
func (j *Journal) moveTo(path string) error {
	j.mu.Lock()
	former := j.file
	j.mu.Unlock()
	if former != nil {
		if err := former.copyTo(path); err != nil {
			return err
		}
	}
	f, got, err := openFile(path, j.fresh())
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	if former != nil {
		got.id = j.fresh().id // its numbers go on, whatever it was called when it was written last
	}
	j.leave(j.swap(f, got))
	return nil
}
