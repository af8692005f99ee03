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
	tellEvery  = 256 // events that were left out
)

// Journal is what the events are read of: a *journal.Journal.
type Journal interface {
	End(ctx context.Context) (journal.Cursor, error)
	Find(ctx context.Context, most int, since time.Time, keep func(event.Event) bool) (journal.Cursor, error)
	Continues(ctx context.Context, c journal.Cursor) (bool, error)
	Read(ctx context.Context, after uint64, most int) (journal.Page, error)
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
	if err := s.begin(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	err = s.told("start")
	if err == nil {
		err = s.history(r.Context())
	}
	switch {
	case err != nil:
		panic(http.ErrAbortHandler) // or it would look as if that were all
	case s.query.Follow:
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
	at      uint64         // behind what the reader knows of
	end     uint64         // of what there was at the beginning
	text    bytes.Buffer   // not sent yet
}

// begin finds where the answer begins.
func (s *stream) begin(ctx context.Context) (err error) {
	history := s.query.After == "" && s.query.Last != 0
	if history {
		s.place, err = s.journal.Find(ctx, max(s.query.Last, 0), s.query.Since, s.query.wants) // all is 0 to it
	}
	if err != nil {
		return err
	}
	end, err := s.journal.End(ctx)
	if err != nil {
		return err
	}
	s.end = end.Seq
	if !history {
		s.place = end
	}
	if s.query.After != "" {
		at, _ := journal.ParseCursor(s.query.After) // it was read before
		s.query.Follow, s.query.Since = true, time.Time{}
		known, err := s.journal.Continues(ctx, at)
		if !known {
			at.Seq = 0 // all that there is
		}
		s.place.Seq = at.Seq
		return err
	}
	return nil
}

// told says to the reader which place he is at, in an event of that kind.
func (s *stream) told(kind string) error {
	s.at = s.place.Seq
	fmt.Fprintf(&s.text, "id: %s\nevent: %s\ndata: {}\n\n", s.place, kind)
	return s.send()
}

// history sends what there was at the beginning.
func (s *stream) history(ctx context.Context) error {
	for s.place.Seq < s.end {
		if err := s.next(ctx); err != nil {
			return err
		}
	}
	s.query.Since = time.Time{} // what is to come is wanted, whatever its clock says
	return nil
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

// next sends the next events. Where none of many is wanted the reader is told how far
// they go: what leaves the journal meanwhile is not missing to him.
func (s *stream) next(ctx context.Context) error {
	page, err := s.journal.Read(ctx, s.place.Seq, readMost)
	if err != nil {
		return err
	}
	if page.Missed > 0 && s.query.After != "" {
		data, err := json.Marshal(missing{page.Missed})
		if err != nil {
			return err
		}
		fmt.Fprintf(&s.text, "event: missed\ndata: %s\n\n", data)
	}
	s.place = journal.Cursor{Journal: page.Journal, Seq: page.Next}
	for _, e := range page.Events {
		if !s.query.wants(e) {
			continue
		}
		data, err := e.JSON()
		if err != nil {
			return err
		}
		s.at = e.Seq
		fmt.Fprintf(&s.text, "id: %s\nevent: %s\ndata: %s\n\n", journal.Cursor{Journal: s.place.Journal, Seq: e.Seq}, e.Kind, data)
	}
	if s.place.Seq-s.at >= tellEvery {
		return s.told("place")
	}
	return s.send()
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
