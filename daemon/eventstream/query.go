package eventstream

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/observer/journal"
)

// All as Query.Last is no bound.
const All = -1

// Query says which events are wanted.
type Query struct {
	Last   int            // of those that there are, how many; All
	Since  time.Time      // none that is older; the zero value: all
	Of     nodeid.Pattern // the nodes that they are about; "" is all
	Follow bool           // and those to come
	After  string         // a place: all behind it and those to come, whatever else is asked for; "": none
}

// wants reports whether an event is one that is asked for.
func (q Query) wants(e event.Event) bool {
	return (q.Of == "" || q.Of.Match(e.Node)) && !e.Time.Before(q.Since)
}

// request puts the query into a request.
func (q Query) request(r *http.Request) {
	values := url.Values{}
	if q.Last != All {
		values.Set("n", strconv.Itoa(q.Last))
	}
	if !q.Since.IsZero() {
		values.Set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	if q.Of != "" {
		values.Set("of", string(q.Of))
	}
	if q.Follow {
		values.Set("follow", "true")
	}
	r.URL.RawQuery = values.Encode()
	if q.After != "" {
		r.Header.Set("Last-Event-ID", q.After)
	}
}

// QueryError is about a request that makes no sense.
type QueryError struct{ cause error }

func (e *QueryError) Error() string { return "reading the request: " + e.cause.Error() }

// queryOf reads what request writes. The error says which value makes no sense.
func queryOf(r *http.Request) (Query, error) {
	values := r.URL.Query()
	q := Query{Last: All, Of: nodeid.Pattern(values.Get("of")), Follow: values.Get("follow") == "true", After: r.Header.Get("Last-Event-ID")}
	for name, value := range values {
		var err error
		switch name {
		case "n":
			q.Last, err = strconv.Atoi(value[0])
			if err != nil || q.Last < 0 {
				err = fmt.Errorf("want a number of events, got %q", value[0])
			}
		case "since":
			q.Since, err = time.Parse(time.RFC3339Nano, value[0])
		case "of":
			err = q.Of.Check()
		case "follow":
			if value[0] != "true" && value[0] != "false" {
				err = fmt.Errorf("want true or false, got %q", value[0])
			}
		default:
			err = fmt.Errorf("there is no such parameter")
		}
		if err != nil {
			return Query{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	if q.After != "" {
		if _, err := journal.ParseCursor(q.After); err != nil {
			return Query{}, fmt.Errorf("Last-Event-ID: %w", err)
		}
	}
	return q, nil
}
