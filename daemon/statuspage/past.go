package statuspage

import (
	"context"
	"sync"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
)

// readMost is how many events a time line is made of, the last ones.
const readMost = 20_000

// history is what events tell of the times when nodes were up.
type history struct {
	tracks map[nodeid.Name]*track
	runs   []time.Time           // when the daemon was started, of those runs that have events
	open   map[nodeid.Name]since // those that are up at the end
	known  time.Time             // nothing is told of what was before; zero without events
	run    string                // the last one
	last   time.Time             // the latest event
	cut    bool                  // there are more events than are read
}

type since = time.Time

// track is one node's past.
type track struct {
	spans []span
	downs []down
}

// span is a time in which a node was up or, where that is not sure, when nobody looked:
// the daemon had ended some time in it.
type span struct {
	from, to time.Time
	unsure   bool
}

type down struct {
	at   time.Time
	text string // why
}

// tell makes a history of events, the oldest first.
func tell(events []event.Event) *history {
	h := &history{tracks: map[nodeid.Name]*track{}, open: map[nodeid.Name]since{}}
	for _, e := range events {
		h.add(e)
	}
	return h
}

func (h *history) add(e event.Event) {
	if e.Start != h.run {
		started := startOf(e)
		if h.known.IsZero() {
			h.known = started
		}
		h.begin(e.Start, started)
	}
	h.last = e.Time
	if e.Kind == event.NodeUp {
		h.track(e.Node)
		h.open[e.Node] = e.Time
		return
	}
	from, ok := h.open[e.Node]
	if !ok {
		from = e.Time.Add(-time.Duration(e.UpFor)) // it came up before the first of the events
	}
	delete(h.open, e.Node)
	t := h.track(e.Node)
	t.spans = append(t.spans, span{from: from, to: e.Time})
	t.downs = append(t.downs, down{at: e.Time, text: why(e)})
}

// begin begins another run of the daemon. Who was up at the end of the one before may
// have been so until then.
func (h *history) begin(run string, started time.Time) {
	for node, from := range h.open {
		t := h.track(node)
		t.spans = append(t.spans, span{from: from, to: h.last}, span{from: h.last, to: started, unsure: true})
	}
	clear(h.open)
	h.run = run
	h.runs = append(h.runs, started)
}

func (h *history) track(node nodeid.Name) *track {
	t := h.tracks[node]
	if t == nil {
		t = &track{}
		h.tracks[node] = t
	}
	return t
}

// startOf is when the run began that saw e.
func startOf(e event.Event) time.Time {
	inc, err := nodeid.ParseIncarnation(e.Start)
	if err != nil || inc.Started().After(e.Time) {
		return e.Time
	}
	return inc.Started()
}

// why has the words of a nodedown.
func why(e event.Event) string {
	if e.Detail == "" {
		return e.Reason
	}
	return e.Reason + ", " + e.Detail
}

// past keeps the last history that was made: many may look at the same one, again and
// again, and a week of events is long to read.
type past struct {
	mu    sync.Mutex
	hours int
	seq   uint64 // of its latest event
	made  time.Time
	story *history
}

// keepPast is how long a history is taken for another that would begin a little later.
const keepPast = time.Minute

// of is the history of the last hours, when the latest event has that number.
func (p *past) of(ctx context.Context, events Events, hours int, seq uint64, now time.Time) (*history, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.story != nil && p.hours == hours && p.seq == seq && now.Sub(p.made) < keepPast {
		return p.story, nil
	}
	list, err := events.Tail(ctx, readMost, now.Add(-time.Duration(hours)*time.Hour), nil)
	if err != nil {
		return nil, err
	}
	p.story, p.hours, p.seq, p.made = tell(list), hours, seq, now
	if p.story.cut = len(list) == readMost; p.story.cut {
		p.story.known = list[0].Time
	}
	return p.story, nil
}
