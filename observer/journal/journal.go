package journal

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/observer/event"
)

// MemoryMost is how many events that are in no file are kept in memory.
const MemoryMost = 10_000

// gatherFor is how long events are gathered before they are written, so that those of
// a mass event take few writes: where many daemons of a host tell the same, their
// writes would keep each other from it. So many times that lie between two writes,
// and between the start, when most nodes come up, and the opening of the file.
const (
	gatherFor   = 20 * time.Millisecond
	gatherTimes = 5
	startTimes  = 25
)

// retryEvery is how often a file that could not be written is tried again.
const retryEvery = 5 * time.Second

// ErrClosed tells that there are no more events, and will be none.
var ErrClosed = errors.New("the journal is closed")

// Options say where events are kept.
type Options struct {
	Path string // of the file; "" keeps them in memory only
	Keep int    // how many stay, > 0
	// Gather is how long events are gathered before they are written; 0: 20 ms.
	Gather time.Duration
	// Hooks begin behind what is in the file, where they have no position there.
	Hooks []string
	Log   hclog.Logger
}

// Journal keeps events. See New.
type Journal struct {
	// immutable
	log    hclog.Logger
	hooks  []string      // that there are from the start
	gather time.Duration // Options.Gather
	opened chan struct{} // closed when the numbers are known
	over   chan struct{} // closed at the end of Run
	wake   chan struct{} // has room for one: there is something to do
	jobs   chan func()   // for Run

	mu        sync.Mutex // guards the rest; what it says is true at one moment
	path      string
	keep      int
	file      *file  // nil: there is none; Run changes it
	first     uint64 // the oldest event in the file, 0 where there is none
	id        string
	idUnsaved bool            // it is not in the file
	former    map[string]bool // ids whose numbers go on here
	begins    uint64          // the last number before this run
	queue     []event.Event   // appended, without a number
	appended  uint64          // how many events were, in this run
	announced uint64          // how many of them can be read
	memory    []event.Event   // with numbers, in order, and not in the file
	last      uint64          // the latest event that can be read
	positions map[string]uint64
	unsaved   map[string]uint64 // positions that are not in the file
	broken    bool              // a reader has found the file damaged
	failed    error             // why events are not in the file
	shut      bool              // for good: no file is tried any more
	lost      uint64
	changed   chan struct{} // closed, and replaced, when there are new events
	ended     bool          // no events come any more
	closed    bool          // and those in the file cannot be read any more
}

// New is a journal that nothing was read of yet: Run opens the file. Until then
// those who read wait.
func New(opts Options) *Journal {
	return &Journal{
		log: opts.Log, hooks: opts.Hooks, gather: cmp.Or(opts.Gather, gatherFor), path: opts.Path, keep: opts.Keep,
		opened: make(chan struct{}), over: make(chan struct{}), wake: make(chan struct{}, 1), jobs: make(chan func()),
		former: map[string]bool{}, positions: map[string]uint64{}, unsaved: map[string]uint64{}, changed: make(chan struct{}),
	}
}

// Append adds an event, whose number is given later. It does not wait.
func (j *Journal) Append(e event.Event) {
	j.mu.Lock()
	j.queue = append(j.queue, e)
	j.appended++
	j.mu.Unlock()
	j.nudge()
}

func (j *Journal) nudge() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Run opens the file, half a second after its call, and writes what is appended until
// ctx ends; what was appended before that is written yet. It is called once.
func (j *Journal) Run(ctx context.Context) {
	j.wait(ctx, startTimes*j.gather)
	j.begin()
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	written := time.Now()
	for ctx.Err() == nil {
		select {
		case <-j.wake:
			j.wait(ctx, max(j.gather, gatherTimes*j.gather-time.Since(written)))
		case <-retry.C:
		case job := <-j.jobs:
			job()
			continue
		case <-ctx.Done():
		}
		j.flush()
		written = time.Now()
	}
	j.flush()
	j.end()
}

// wait lets more events come, where there is a file to write.
func (j *Journal) wait(ctx context.Context, d time.Duration) {
	j.mu.Lock()
	none := j.path == ""
	j.mu.Unlock()
	if none {
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
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
	j.begins = j.last
	for _, hook := range j.hooks {
		j.positionLocked(hook)
	}
	j.mu.Unlock()
	close(j.opened)
	j.nudge() // the positions of hooks that are new, and what has come since
}

// end lets those who wait know that there is no more, and closes the file.
func (j *Journal) end() {
	j.mu.Lock()
	former := j.file
	j.file, j.ended, j.closed = nil, true, former != nil
	j.announceLocked()
	j.mu.Unlock()
	j.leave(former)
	close(j.over)
}

func newID() string {
	var id [4]byte
	_, _ = rand.Read(id[:]) // crypto/rand does not fail
	return hex.EncodeToString(id[:])
}

// takeFile opens the file at path for what is to come, where there was none, or one
// that is damaged, and reports whether there is one then.
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
	j.swap(f, got) // the former is damaged, if there was one
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
		j.swap(nil, about{})
		j.fail(path, errors.Join(why, err))
		return false
	}
	j.log.Warn("the journal is damaged and was set aside: events are kept in a new one", "file", path, "cause", why, "aside", aside)
	return true
}

// swap puts a file, or nil, in the place of the former, which it gives: all at one
// moment, for those who read. The first one says which numbers come next; one that
// was made for a journal under way has its numbers.
func (j *Journal) swap(f *file, got about) (former *file) {
	j.mu.Lock()
	defer j.mu.Unlock()
	former = j.file
	j.file, j.first, j.broken = f, got.first, false
	if f == nil {
		return former
	}
	if got.id != j.id {
		j.id, j.last = got.id, got.last
		j.positions = maps.Clone(got.positions)
	}
	j.path, j.unsaved = f.path, maps.Clone(j.positions)
	j.failed, j.shut = nil, false
	return former
}

// leave closes a file that is in use no more; nil is none.
func (j *Journal) leave(f *file) {
	if f != nil {
		f.close()
	}
}

// fail tells once that events do not get into the file. What cannot become better
// by itself is not tried again. Whoever goes on reading after a restart, which may
// have lost the events that are in memory now, must know that their numbers can
// be others': from here on they are those of another journal.
func (j *Journal) fail(path string, err error) {
	var foreign *notOurs
	shut := errors.Is(err, errHeld) || errors.As(err, &foreign) || errors.Is(err, fs.ErrPermission)
	err = bare(err)
	j.mu.Lock()
	told := j.failed != nil && j.failed.Error() == err.Error()
	if j.failed == nil {
		j.former[j.id] = true
		j.id, j.idUnsaved = newID(), true
	}
	j.failed, j.shut = err, shut
	most := j.memoryMostLocked()
	j.mu.Unlock()
	switch {
	case told:
	case shut:
		j.log.Warn(fmt.Sprintf("going on without a journal: events are in memory only, the last %d", most), "file", path, "error", err)
	default:
		j.log.Warn(fmt.Sprintf("the journal cannot be written: events are in memory until it can, the last %d", most), "file", path, "error", err)
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
	todo := change{events: slices.Concat(j.memory, batch), positions: maps.Clone(j.unsaved)}
	idle := len(todo.events)+len(todo.positions) == 0 && !j.fullLocked() && !j.broken && (j.failed == nil || j.shut)
	path := j.path
	j.mu.Unlock()
	if idle {
		return
	}
	saved := j.save(path, todo)
	j.mu.Lock()
	defer j.mu.Unlock()
	if saved {
		j.memory = nil
	} else {
		j.memory = j.boundedLocked(todo.events)
	}
	if len(batch) > 0 {
		j.last = batch[len(batch)-1].Seq
		j.announced += uint64(len(batch))
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

func (j *Journal) memoryMostLocked() int { return min(MemoryMost, j.keep) }

// boundedLocked are the events that stay in memory.
func (j *Journal) boundedLocked(events []event.Event) []event.Event {
	more := len(events) - j.memoryMostLocked()
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

// save writes a change, with a new file where the one that there was is gone or
// damaged, and reports whether it did.
func (j *Journal) save(path string, c change) bool {
	j.mu.Lock()
	before, shut, none := j.failed, j.shut, j.file == nil
	j.mu.Unlock()
	if path == "" || shut || none && !j.takeFile(path) {
		return false
	}
	err := j.write(c)
	var broken *damage
	switch {
	case errors.As(err, &broken):
		if !j.setAside(path, broken) || !j.takeFile(path) {
			return false
		}
		err = j.write(c)
	case errors.Is(err, errGone):
		if before == nil {
			j.log.Warn("somebody has removed the journal: it is put back", "file", path)
		}
		if err = j.putBack(path); err == nil {
			err = j.write(c)
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

// write writes a change with all positions, and the id, that are not in the file: one
// that is new has none.
func (j *Journal) write(c change) error {
	j.mu.Lock()
	f := j.file
	c.positions, c.keep = maps.Clone(j.unsaved), j.keep
	if j.idUnsaved {
		c.id = j.id
	}
	j.mu.Unlock()
	if err := f.write(c); err != nil {
		return err
	}
	first, err := f.first()
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.first, j.failed, j.idUnsaved, j.broken = first, nil, false, false
	for name, seq := range c.positions {
		if j.unsaved[name] == seq {
			delete(j.unsaved, name)
		}
	}
	if j.fullLocked() {
		j.nudge() // the next write drops more of them
	}
	return nil
}

// fullLocked reports whether the file has more events than are to be kept.
func (j *Journal) fullLocked() bool {
	return j.file != nil && j.first > 0 && j.last >= j.first+uint64(j.keep)
}

// Status tells how the journal is. Before the file is open that is little.
func (j *Journal) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Status{Path: j.path, First: j.oldestLocked(), Last: j.last, Memory: len(j.memory), Lost: j.lost}
	if j.file != nil {
		s.Bytes = j.file.size()
	}
	if j.failed != nil {
		s.Error = j.failed.Error()
	}
	if s.First > 0 {
		s.Events = int(s.Last - s.First + 1)
	}
	return s
}

func (j *Journal) oldestLocked() uint64 {
	switch {
	case j.first > 0 && j.first <= j.last:
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
	j.nudge()
}
