package eventstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"interconnectd/observer/event"
	"interconnectd/observer/journal"
)

const (
	aliveEvery = 15 * time.Second // a comment, where there is nothing else
	sendWithin = 5 * time.Second
	readMost   = 256 // events at once
)

// Journal is what the events are read of: a *journal.Journal.
type Journal interface {
	End(ctx context.Context) (journal.Cursor, error)
	Read(ctx context.Context, after uint64, most int) ([]event.Event, error)
	Tail(ctx context.Context, most int, since time.Time, keep func(event.Event) bool) ([]event.Event, error)
	Wait(ctx context.Context, after uint64) error
}

// Serve answers a request for events, until there are no more, or the reader goes
// away or does not take them. The error, of a request that makes no sense or a
// journal that cannot be read, comes before anything is sent.
func Serve(w http.ResponseWriter, r *http.Request, j Journal) error {
	q, err := queryOf(r)
	if err != nil {
		return &QueryError{err}
	}
	s := &stream{w: w, conn: http.NewResponseController(w), journal: j, query: q}
	at, history, err := s.begin(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	if s.start(at) == nil && s.events(history) == nil && s.query.Follow {
		s.follow(r.Context())
	}
	return nil
}

// stream is one answer.
type stream struct {
	w       http.ResponseWriter
	conn    *http.ResponseController
	journal Journal
	query   Query
	place   journal.Cursor // behind what was looked at
	text    bytes.Buffer   // not sent yet
}

// begin finds where the answer begins, and what there is of it already.
func (s *stream) begin(ctx context.Context) (at journal.Cursor, history []event.Event, err error) {
	end, err := s.journal.End(ctx)
	if err != nil {
		return at, nil, err
	}
	s.place = end
	if s.query.After != "" {
		at, _ = journal.ParseCursor(s.query.After) // it was read before
		if at.Journal != end.Journal {
			at = journal.Cursor{Journal: end.Journal}
		}
		// What there is comes page by page, as what is to come does.
		s.place, s.query.Follow = at, true
		return at, nil, nil
	}
	most := max(s.query.Last, 0) // 0 is all to Tail, and all is below 0
	if s.query.Last != 0 {
		history, err = s.journal.Tail(ctx, most, s.query.Since, func(e event.Event) bool { return e.Seq <= end.Seq && s.query.wants(e) })
	}
	at = end
	if len(history) > 0 {
		at.Seq = history[0].Seq - 1
	}
	return at, history, err
}

func (s *stream) start(at journal.Cursor) error {
	fmt.Fprintf(&s.text, "id: %s\nevent: start\ndata: {}\n\n", at)
	return s.send()
}

// events sends some events.
func (s *stream) events(list []event.Event) error {
	for _, e := range list {
		if !s.query.wants(e) {
			continue
		}
		data, err := e.JSON()
		if err != nil {
			return err
		}
		fmt.Fprintf(&s.text, "id: %s\nevent: %s\ndata: %s\n\n", journal.Cursor{Journal: s.place.Journal, Seq: e.Seq}, e.Kind, data)
		if s.text.Len() > 64<<10 {
			if err := s.send(); err != nil {
				return err
			}
		}
	}
	return s.send()
}

// follow sends what comes, until nothing comes any more or the reader is gone.
func (s *stream) follow(ctx context.Context) {
	for {
		err := s.wait(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			s.text.WriteString(": all is quiet\n\n")
			err = s.send()
		} else if err == nil {
			err = s.next(ctx)
		}
		if err != nil {
			return
		}
	}
}

func (s *stream) wait(ctx context.Context) error {
	quiet, cancel := context.WithTimeoutCause(ctx, aliveEvery, context.DeadlineExceeded)
	defer cancel()
	err := s.journal.Wait(quiet, s.place.Seq)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (s *stream) next(ctx context.Context) error {
	list, err := s.journal.Read(ctx, s.place.Seq, readMost)
	if err != nil || len(list) == 0 {
		return err
	}
	if missed := list[0].Seq - s.place.Seq - 1; missed > 0 {
		data, err := json.Marshal(missing{missed})
		if err != nil {
			return err
		}
		fmt.Fprintf(&s.text, "event: missed\ndata: %s\n\n", data)
	}
	s.place.Seq = list[len(list)-1].Seq
	return s.events(list)
}

// missing is the data of an event `missed`.
type missing struct {
	Count uint64 `json:"count"`
}

// send sends what was gathered. Who does not take it in time is hung up on.
func (s *stream) send() error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(sendWithin)); err != nil {
		return err
	}
	if _, err := s.text.WriteTo(s.w); err != nil {
		return err
	}
	return s.conn.Flush()
}
