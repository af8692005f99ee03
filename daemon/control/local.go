package control

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/observer/metrics"
)

// Local is a client of a node of this process, without a daemon around it: what only a
// daemon can do must not be asked of it. Nothing listens anywhere.
func Local(node Node) *Client {
	server := NewServer(node, Daemon{Observed: func() metrics.Observed { return metrics.Observed{} }}, hclog.NewNullLogger())
	return &Client{node: node.Self(), http: http.Client{Transport: local{server.http.Handler}}}
}

// local hands requests over and collects the answers.
type local struct{ handler http.Handler }

func (l local) RoundTrip(r *http.Request) (*http.Response, error) {
	a := &localAnswer{header: http.Header{}, code: http.StatusOK}
	l.handler.ServeHTTP(a, r)
	if err := r.Context().Err(); err != nil {
		return nil, err // as a connection would have it
	}
	return &http.Response{
		StatusCode: a.code, Status: http.StatusText(a.code), Header: a.header,
		Body: io.NopCloser(&a.body), Request: r,
	}, nil
}

// localAnswer is the http.ResponseWriter of one answer.
type localAnswer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (a *localAnswer) Header() http.Header         { return a.header }
func (a *localAnswer) WriteHeader(code int)        { a.code = code }
func (a *localAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }

// SetReadDeadline is for http.ResponseController: a request is here as a whole.
func (a *localAnswer) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline likewise.
func (a *localAnswer) SetWriteDeadline(time.Time) error { return nil }
