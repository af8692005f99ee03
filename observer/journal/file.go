package journal

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"interconnectd/observer/event"
)

// The buckets of a journal, and what stands in the first of them.
var (
	bucketAbout     = []byte("about")
	bucketEvents    = []byte("events")    // by number, 8 bytes, the highest first; JSON
	bucketPositions = []byte("positions") // of hooks, by name; a number likewise

	keyFormat = []byte("format")
	keyID     = []byte("id")
)

// format is that of this version; a file of a later one is left alone.
const format = 1

// allocSize is by how much a large file grows at once.
const allocSize = 1 << 20

// dropMost is how many events one write drops, where fewer are to be kept.
const dropMost = 10_000

// errHeld tells that another process has the file.
var errHeld = errors.New("another process has it open")

// What became of an open file.
var (
	errGone     = errors.New("somebody has removed it")
	errReplaced = errors.New("another file is in its place")
	errLeft     = errors.New("it is not in use any more") // the journal has another one
)

// damage tells that a file is not what it should be: it is to be set aside.
type damage struct{ cause error }

func (d *damage) Error() string { return d.cause.Error() }

// notOurs tells that what is at the path is to be left alone.
type notOurs struct{ cause string }

func (n *notOurs) Error() string { return n.cause }

// file is an open journal.
type file struct {
	// immutable
	db   *bbolt.DB
	path string
	info os.FileInfo // of what was opened

	// turn has room for one: who uses db. It is one at a time, for a panic in one use
	// may leave locks of bbolt's behind, at which others would wait for ever.
	turn   chan struct{}
	broken error // for who has the turn: why db is not used any more; a *damage, or errLeft
}

// about is what a file says of itself when it is opened.
type about struct {
	id          string
	first, last uint64 // of its events, 0 where there is none; last is never reused
	positions   map[string]uint64
}

// openFile opens the journal at path, and makes it where there is none. The error is a
// *damage where there is a file that is to be set aside.
func openFile(path string, fresh about) (*file, about, error) {
	f := &file{path: path, turn: make(chan struct{}, 1)}
	var got about
	err := guarded(func() error {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout:      time.Nanosecond, // nobody waits for the lock
			FreelistType: bbolt.FreelistMapType,
			NoStatistics: true,
			OpenFile:     openChecked,
		})
		if err != nil {
			return err
		}
		db.AllocSize = allocSize
		f.db = db
		if f.info, err = os.Stat(path); err != nil {
			return err
		}
		got, err = f.begin(fresh)
		return err
	})
	if err == nil {
		return f, got, nil
	}
	var broken *damage
	if f.db != nil && !errors.As(err, &broken) {
		f.close()
	}
	if errors.Is(err, bbolterrors.ErrInvalid) || errors.Is(err, bbolterrors.ErrChecksum) || errors.Is(err, bbolterrors.ErrVersionMismatch) {
		err = &damage{err}
	}
	return nil, about{}, err
}

// openChecked opens a file for bbolt, with the lock that bbolt takes, and checks
// it while nobody else can write.
func openChecked(path string, flag int, mode os.FileMode) (*os.File, error) {
	// Not a pipe that nobody reads, which would wait.
	f, err := os.OpenFile(path, flag|syscall.O_NONBLOCK, mode)
	if err != nil {
		return nil, err
	}
	err = checkOpened(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func checkOpened(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &notOurs{"it is no regular file"}
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return errHeld
	case err != nil:
		return &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	if info.Size() == 0 {
		return nil
	}
	if err := checkPages(f, info.Size()); err != nil {
		return &damage{err}
	}
	return nil
}

// begin reads what a file says of itself, and writes it into one that is new.
func (f *file) begin(fresh about) (about, error) {
	var got about
	err := f.db.View(func(tx *bbolt.Tx) error {
		var err error
		got, err = readAbout(tx)
		return err
	})
	if err != nil || got.id != "" {
		return got, err
	}
	f.db.NoSync = true // there is nothing yet that could be lost
	err = f.db.Update(func(tx *bbolt.Tx) error { return writeAbout(tx, fresh) })
	f.db.NoSync = false
	return fresh, err
}

// readAbout is zero for a file without a bucket.
func readAbout(tx *bbolt.Tx) (about, error) {
	bucket, events, positions := tx.Bucket(bucketAbout), tx.Bucket(bucketEvents), tx.Bucket(bucketPositions)
	if bucket == nil || events == nil || positions == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return about{}, &damage{errors.New("it is a file of another program")}
		}
		return about{}, nil
	}
	number, id := bucket.Get(keyFormat), bucket.Get(keyID)
	if len(number) != 8 || len(id) == 0 {
		return about{}, &damage{errors.New("it does not say which journal it is")}
	}
	if n := binary.BigEndian.Uint64(number); n > format {
		return about{}, &notOurs{fmt.Sprintf("a later version wrote it, format %d", n)}
	}
	got := about{id: string(id), last: events.Sequence(), positions: map[string]uint64{}}
	if key, _ := events.Cursor().First(); len(key) == 8 {
		got.first = binary.BigEndian.Uint64(key)
	}
	if key, _ := events.Cursor().Last(); len(key) == 8 && binary.BigEndian.Uint64(key) > got.last {
		return about{}, &damage{errors.New("its events have numbers that it does not know of")}
	}
	return got, positions.ForEach(func(name, seq []byte) error {
		if len(seq) != 8 {
			return &damage{fmt.Errorf("the position of the hook %s makes no sense", name)}
		}
		got.positions[string(name)] = binary.BigEndian.Uint64(seq)
		return nil
	})
}

func writeAbout(tx *bbolt.Tx, a about) error {
	bucket, err := tx.CreateBucket(bucketAbout)
	if err != nil {
		return err
	}
	events, err := tx.CreateBucket(bucketEvents)
	if err != nil {
		return err
	}
	if _, err := tx.CreateBucket(bucketPositions); err != nil {
		return err
	}
	return errors.Join(bucket.Put(keyFormat, number(format)), bucket.Put(keyID, []byte(a.id)),
		events.SetSequence(a.last), putPositions(tx, a.positions))
}

// number is the form of a number as a key: they sort as the numbers do.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// change is what one write has to do.
type change struct {
	id        string // of the journal; "": as it was
	events    []event.Event
	positions map[string]uint64 // noPosition: none any more
	keep      int
}

// noPosition takes the place of a position that is to go.
const noPosition = math.MaxUint64

// write writes all of a change, or nothing, and syncs it.
func (f *file) write(c change) error {
	return f.use(context.Background(), func() error {
		if err := f.there(); err != nil {
			return err
		}
		return f.db.Update(func(tx *bbolt.Tx) error {
			events := tx.Bucket(bucketEvents)
			if c.id != "" {
				if err := tx.Bucket(bucketAbout).Put(keyID, []byte(c.id)); err != nil {
					return err
				}
			}
			events.FillPercent = 0.95 // keys only ever grow
			for _, e := range c.events {
				text, err := json.Marshal(e)
				if err != nil {
					return err
				}
				if err := events.Put(number(e.Seq), text); err != nil {
					return err
				}
			}
			if len(c.events) > 0 {
				if err := events.SetSequence(c.events[len(c.events)-1].Seq); err != nil {
					return err
				}
			}
			return errors.Join(putPositions(tx, c.positions), dropOld(events, c.keep))
		})
	})
}

func putPositions(tx *bbolt.Tx, positions map[string]uint64) error {
	bucket := tx.Bucket(bucketPositions)
	for name, seq := range positions {
		var err error
		if seq == noPosition {
			err = bucket.Delete([]byte(name))
		} else {
			err = bucket.Put([]byte(name), number(seq))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dropOld drops the events that are not among the last to be kept, or as many of them
// as one write may.
func dropOld(events *bbolt.Bucket, keep int) error {
	last := events.Sequence()
	if last <= uint64(keep) {
		return nil
	}
	oldest := last - uint64(keep) + 1
	var old [][]byte
	cursor := events.Cursor()
	for key, _ := cursor.First(); key != nil && binary.BigEndian.Uint64(key) < oldest && len(old) < dropMost; key, _ = cursor.Next() {
		old = append(old, key)
	}
	for _, key := range old {
		if err := events.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// read gives events with numbers above after, the oldest first, most at most.
func (f *file) read(ctx context.Context, after uint64, most int) ([]event.Event, error) {
	var list []event.Event
	err := f.view(ctx, func(events *bbolt.Cursor) error {
		for key, text := events.Seek(number(after + 1)); key != nil && len(list) < most; key, text = events.Next() {
			e, err := parseEvent(key, text)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	return list, err
}

// back gives events with numbers below before, the latest first, most at most.
func (f *file) back(ctx context.Context, before uint64, most int) ([]event.Event, error) {
	var list []event.Event
	err := f.view(ctx, func(events *bbolt.Cursor) error {
		step := events.Prev
		if key, _ := events.Seek(number(before)); key == nil {
			step = events.Last
		}
		for key, text := step(); key != nil && len(list) < most; key, text = events.Prev() {
			e, err := parseEvent(key, text)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	return list, err
}

func (f *file) view(ctx context.Context, read func(events *bbolt.Cursor) error) error {
	return f.use(ctx, func() error {
		return f.db.View(func(tx *bbolt.Tx) error { return read(tx.Bucket(bucketEvents).Cursor()) })
	})
}

func parseEvent(key, text []byte) (event.Event, error) {
	var e event.Event
	if len(key) != 8 {
		return e, &damage{errors.New("an event has no number")}
	}
	if err := json.Unmarshal(text, &e); err != nil || e.Seq != binary.BigEndian.Uint64(key) {
		return e, &damage{fmt.Errorf("the event %d makes no sense", binary.BigEndian.Uint64(key))}
	}
	return e, nil
}

// first is the number of the oldest event, 0 where there is none.
func (f *file) first() (uint64, error) {
	var first uint64
	err := f.view(context.Background(), func(events *bbolt.Cursor) error {
		if key, _ := events.First(); len(key) == 8 {
			first = binary.BigEndian.Uint64(key)
		}
		return nil
	})
	return first, err
}

// there is nil while this file is at its path: what goes into one that was removed, or
// moved, is lost with the process.
func (f *file) there() error {
	now, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errGone
	case err != nil:
		return err
	case !os.SameFile(now, f.info):
		return errReplaced
	}
	return nil
}

// size is that of the file, in bytes.
func (f *file) size() int64 {
	info, err := os.Stat(f.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// copyTo makes a journal at another path, where nothing may be, with all that is
// in this one.
func (f *file) copyTo(path string) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = f.use(context.Background(), func() error {
		return f.db.View(func(tx *bbolt.Tx) error {
			_, err := tx.WriteTo(out)
			return err
		})
	})
	err = errors.Join(err, out.Sync(), out.Close())
	if err != nil {
		_ = os.Remove(path) // it was made here
	}
	return err
}

// close waits for who uses it just now. What is broken stays open: closing it could
// wait for ever.
func (f *file) close() {
	_ = f.use(context.Background(), func() error {
		_ = f.db.Close() // each write was synced
		f.broken = errLeft
		return nil
	})
}

// use lets do have db, unless it is broken, and knows then whether it is. A disk that
// hangs keeps others waiting, until their context ends.
func (f *file) use(ctx context.Context, do func() error) error {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if f.broken != nil {
		return f.broken
	}
	err := guarded(do)
	var broken *damage
	if errors.As(err, &broken) {
		f.broken = broken
	}
	return err
}

// setAside renames the file at path, and gives its new name.
func setAside(path string, now time.Time) (string, error) {
	aside := path + ".broken-" + now.UTC().Format("20060102T150405.000Z")
	return aside, os.Rename(path, aside)
}

// guarded makes an error of a panic and of a fault: bbolt panics on a damaged
// file, and reads it by mmap.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			err = &damage{fmt.Errorf("%v", cause)}
		}
	}()
	return f()
}
