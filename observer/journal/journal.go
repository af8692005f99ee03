package journal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/observer/event"
)

// MemoryMost is how many events that are in no file are kept in memory.
const MemoryMost = 10_000

// retryEvery is how often a file that could not be written is tried again.
const retryEvery = 5 * time.Second

// ErrClosed tells that there are no more events, and will be none.
var ErrClosed = errors.New("the journal is closed")

// Options say where events are kept.
type Options struct {
	Path string // of the file; "" keeps them in memory only
	Keep int    // how many stay, > 0
	// Hooks begin behind what is in the file, where they have no position there.
	Hooks []string
	Log   hclog.Logger
}

// Journal keeps events. See New.
type Journal struct {
	// immutable
	log    hclog.Logger
	hooks  []string      // that there are from the start
	opened chan struct{} // closed when the numbers are known

	// owned by Run
	wake chan struct{} // has room for one: there is something to do
	jobs chan func()

	// fileMu is held by who uses the file, for writing by who changes it.
	fileMu sync.RWMutex
	file   *file // nil: there is none

	mu        sync.Mutex
	path      string
	keep      int
	id        string
	queue     []event.Event // appended, without a number
	memory    []event.Event // with numbers, in order, and not in the file
	first     uint64        // the oldest event in the file, 0 where there is none
	last      uint64        // the latest event that can be read
	positions map[string]uint64
	unsaved   map[string]uint64 // positions that are not in the file
	failed    error             // why events are not in the file
	shut      bool              // for good: no file is tried any more
	lost      uint64
	changed   chan struct{} // closed, and replaced, when there are new events
	ended     bool          // no events come any more
}

// New is a journal that nothing was read of yet: Run opens the file. Until then
// those who read wait.
func New(opts Options) *Journal {
	return &Journal{
		log: opts.Log, hooks: opts.Hooks, path: opts.Path, keep: opts.Keep,
		opened: make(chan struct{}), wake: make(chan struct{}, 1), jobs: make(chan func()),
		positions: map[string]uint64{}, unsaved: map[string]uint64{}, changed: make(chan struct{}),
	}
}

// Append adds an event, whose number is given later. It does not wait.
func (j *Journal) Append(e event.Event) {
	j.mu.Lock()
	j.queue = append(j.queue, e)
	j.mu.Unlock()
	j.nudge()
}

func (j *Journal) nudge() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Run opens the file, and writes what is appended until ctx ends; what was
// appended before that is written yet. It is called once.
func (j *Journal) Run(ctx context.Context) {
	j.begin()
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for ctx.Err() == nil {
		select {
		case <-j.wake:
		case <-retry.C:
		case job := <-j.jobs:
			job()
			continue
		case <-ctx.Done():
		}
		j.flush()
	}
	j.flush()
	j.end()
}

// begin opens the file and lets readers begin.
func (j *Journal) begin() {
	j.mu.Lock()
	j.id = newID()
	path := j.path
	j.mu.Unlock()
	if path != "" {
		j.takeFile(path)
	}
	j.mu.Lock()
	for _, hook := range j.hooks {
		j.positionLocked(hook)
	}
	j.mu.Unlock()
	close(j.opened)
	j.flush()
}

// end lets those who wait know that there is no more, and closes the file.
func (j *Journal) end() {
	j.mu.Lock()
	j.ended = true
	j.announceLocked()
	j.mu.Unlock()
	j.dropFile(true)
}

func newID() string {
	var id [4]byte
	_, _ = rand.Read(id[:]) // crypto/rand does not fail
	return hex.EncodeToString(id[:])
}

// takeFile opens the file at path for what is to come, and reports whether there
// is one then.
func (j *Journal) takeFile(path string) bool {
	fresh := j.fresh()
	f, got, err := openFile(path, fresh)
	var broken *damage
	if errors.As(err, &broken) {
		if !j.setAside(path, broken) {
			return false
		}
		f, got, err = openFile(path, fresh)
	}
	if err == nil && got.id != fresh.id && fresh.last > 0 {
		f.close()
		err = &notOurs{"events have got numbers already that are not those of this file: a restart takes it"}
	}
	if err != nil {
		j.fail(path, err)
		return false
	}
	j.adopt(f, got)
	return true
}

// fresh is what a file says of itself that is made for the journal now.
func (j *Journal) fresh() about {
	j.mu.Lock()
	defer j.mu.Unlock()
	return about{id: j.id, last: j.last, positions: maps.Clone(j.positions)}
}

// setAside moves a damaged file out of the way.
func (j *Journal) setAside(path string, why *damage) bool {
	aside, err := setAside(path, time.Now())
	if err != nil {
		j.fail(path, errors.Join(why, err))
		return false
	}
	j.log.Warn("the journal is damaged and was set aside: events are kept in a new one", "file", path, "cause", why, "aside", aside)
	return true
}

// adopt goes on with an open file. The first one says which numbers come next; one
// that was made for a journal under way has its numbers.
func (j *Journal) adopt(f *file, got about) {
	j.fileMu.Lock()
	j.file = f
	j.fileMu.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if got.id != j.id {
		j.id, j.last = got.id, got.last
		j.positions = maps.Clone(got.positions)
	}
	j.path, j.first = f.path, got.first
	j.unsaved = maps.Clone(j.positions)
	j.failed, j.shut = nil, false
}

// broken reports whether somebody found the file damaged as he read.
func (j *Journal) broken() bool {
	j.fileMu.RLock()
	defer j.fileMu.RUnlock()
	return j.file != nil && j.file.damaged()
}

// dropFile closes the file, or gives it up where it is damaged.
func (j *Journal) dropFile(whole bool) {
	j.fileMu.Lock()
	f := j.file
	j.file = nil
	j.fileMu.Unlock()
	j.mu.Lock()
	j.first = 0
	j.mu.Unlock()
	if f != nil && whole {
		f.close()
	}
}

// fail tells once that events do not get into the file. What cannot become better
// by itself is not tried again.
func (j *Journal) fail(path string, err error) {
	var foreign *notOurs
	shut := errors.Is(err, errHeld) || errors.As(err, &foreign) || errors.Is(err, fs.ErrPermission)
	err = bare(err)
	j.mu.Lock()
	told := j.failed != nil && j.failed.Error() == err.Error()
	j.failed, j.shut = err, shut
	j.mu.Unlock()
	if told {
		return
	}
	if shut {
		j.log.Warn("going on without a journal: events are in memory only, the last 10000", "file", path, "error", err)
	} else {
		j.log.Warn("the journal cannot be written: events are in memory until it can, the last 10000", "file", path, "error", err)
	}
}

// bare is an error without the path, which stands beside it.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %w", path.Op, path.Err)
	}
	return err
}

// flush gives numbers to what was appended, writes it, and lets it be read.
func (j *Journal) flush() {
	j.mu.Lock()
	batch := j.numberLocked()
	todo := change{events: slices.Concat(j.memory, batch), positions: maps.Clone(j.unsaved), keep: j.keep}
	waiting, path := j.failed != nil && !j.shut, j.path
	j.mu.Unlock()
	if len(todo.events)+len(todo.positions) == 0 && !waiting && !j.broken() {
		return
	}
	saved := j.save(path, todo)
	j.mu.Lock()
	defer j.mu.Unlock()
	if saved {
		j.memory = nil
		for name, seq := range todo.positions {
			if j.unsaved[name] == seq {
				delete(j.unsaved, name)
			}
		}
	} else {
		j.memory = j.boundedLocked(todo.events)
	}
	if len(batch) > 0 {
		j.last = batch[len(batch)-1].Seq
		j.announceLocked()
	}
}

// numberLocked takes the queue.
func (j *Journal) numberLocked() []event.Event {
	batch := j.queue
	j.queue = nil
	for i := range batch {
		batch[i].Seq = j.last + uint64(i) + 1
	}
	return batch
}

// boundedLocked are the events that stay in memory.
func (j *Journal) boundedLocked(events []event.Event) []event.Event {
	more := len(events) - min(MemoryMost, j.keep)
	if more <= 0 {
		return events
	}
	if j.path != "" {
		j.lost += uint64(more)
	}
	return slices.Clone(events[more:])
}

func (j *Journal) announceLocked() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// save writes a change, with a new file where the one that there was is gone, and
// reports whether it did.
func (j *Journal) save(path string, c change) bool {
	j.mu.Lock()
	before, shut := j.failed, j.shut
	j.mu.Unlock()
	if path == "" || shut {
		return false
	}
	if j.file == nil && !j.takeFile(path) {
		return false
	}
	err := j.write(&c)
	var broken *damage
	switch {
	case errors.As(err, &broken):
		j.dropFile(false)
		if !j.setAside(path, broken) || !j.takeFile(path) {
			return false
		}
		err = j.write(&c)
	case errors.Is(err, errGone):
		j.log.Warn("somebody has removed the journal: it is put back", "file", path)
		err = j.file.copyTo(path)
		j.dropFile(true)
		if err == nil && !j.takeFile(path) {
			return false
		}
		if err == nil {
			err = j.write(&c)
		}
	}
	if err != nil {
		j.fail(path, err)
		return false
	}
	if before != nil {
		j.log.Info("the journal is written again", "file", path, "events", len(c.events))
	}
	return true
}

// write writes a change with all positions that are not in the file: one that is
// new has none.
func (j *Journal) write(c *change) error {
	j.mu.Lock()
	c.positions = maps.Clone(j.unsaved)
	j.mu.Unlock()
	j.fileMu.RLock()
	defer j.fileMu.RUnlock()
	if err := j.file.write(*c); err != nil {
		return err
	}
	first, err := j.file.first()
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.first, j.failed = first, nil
	j.mu.Unlock()
	return nil
}

// Status tells how the journal is. It waits until the file is open.
func (j *Journal) Status(ctx context.Context) (Status, error) {
	if err := j.begun(ctx); err != nil {
		return Status{}, err
	}
	j.fileMu.RLock()
	var size int64
	if j.file != nil {
		size = j.file.size()
	}
	j.fileMu.RUnlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Status{Path: j.path, First: j.oldestLocked(), Last: j.last, Memory: len(j.memory), Bytes: size, Lost: j.lost}
	if j.failed != nil {
		s.Error = j.failed.Error()
	}
	if s.First > 0 {
		s.Events = int(s.Last - s.First + 1)
	}
	return s, nil
}

func (j *Journal) oldestLocked() uint64 {
	switch {
	case j.first > 0:
		return j.first
	case len(j.memory) > 0:
		return j.memory[0].Seq
	}
	return 0
}

// SetKeep changes how many events stay: Options.Keep.
func (j *Journal) SetKeep(keep int) {
	j.mu.Lock()
	j.keep = keep
	j.mu.Unlock()
}

// Move goes on in another file, with all events and positions, and removes the
// former one; path "" is memory only, with the last events, and leaves the file
// where it is. What is at path already is an error, and nothing has changed then.
// It is for a journal that runs.
func (j *Journal) Move(ctx context.Context, path string) error {
	done := make(chan error, 1)
	select {
	case j.jobs <- func() { done <- j.move(path) }:
		return <-done
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (j *Journal) move(path string) error {
	j.flush()
	j.mu.Lock()
	from := j.path
	j.mu.Unlock()
	switch {
	case path == from:
		return nil
	case path == "":
		return j.moveToMemory()
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already: a running daemon moves its journal to a new file only", path)
	}
	former := j.file
	if former != nil {
		if err := former.copyTo(path); err != nil {
			return fmt.Errorf("moving the journal to %s: %w", path, bare(err))
		}
	}
	f, got, err := openFile(path, j.fresh())
	if err != nil {
		return fmt.Errorf("moving the journal to %s: %w", path, bare(err))
	}
	j.dropFile(true)
	j.adopt(f, got)
	if former != nil {
		err = os.Remove(from)
	}
	j.flush()
	return err
}

// moveToMemory takes the last events out of the file, which stays as it is.
func (j *Journal) moveToMemory() error {
	recent, err := j.collect(MemoryMost, time.Time{}, nil)
	if err != nil {
		return err
	}
	j.dropFile(true)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.path, j.memory, j.failed, j.shut = "", recent, nil, false
	return nil
}
