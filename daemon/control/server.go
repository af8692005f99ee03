package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/eventstream"
	"interconnectd/erlterm"
	"interconnectd/observer/journal"
	"interconnectd/observer/metrics"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/bus"
)

const (
	maxRequest = 512 << 10       // a call's term is 63 KiB at most, each byte six as JSON
	readWithin = 5 * time.Second // a request
	sendWithin = 5 * time.Second // an answer
	longest    = 5 * time.Minute // what a request may take otherwise
	askNames   = 250 * time.Millisecond
)

// Node is what the server needs of a *syncnodes.Node.
type Node interface {
	Self() nodeid.Name
	Done() <-chan struct{}
	Nodes(ctx context.Context) ([]nodeid.Name, error)
	Names(ctx context.Context, wait time.Duration) ([]nodeid.Name, error)
	Ping(ctx context.Context, name nodeid.Name) (time.Duration, bool, error)
	Connect(ctx context.Context, name nodeid.Name) (bool, error)
	Disconnect(ctx context.Context, name nodeid.Name) (bool, error)
	Forget(ctx context.Context, name nodeid.Name) (bool, error)
	Cookie(ctx context.Context) (string, error)
	SetCookie(ctx context.Context, node nodeid.Name, cookie string) error
	Call(ctx context.Context, to syncnodes.Address, request erlterm.Term) (erlterm.Term, error)
	Status(ctx context.Context) (syncnodes.Status, error)
}

// Daemon is what the server needs of the daemon around the node.
type Daemon struct {
	// Stop begins the end, and must not wait; the request is answered when the
	// node has ended.
	Stop func()
	// Reload reads the configuration again. Its error is an *Error of the kind
	// Config where that is wrong.
	Reload func(ctx context.Context) (Reload, error)
	// Dump writes a status to the log.
	Dump func(Status)
	// Journal has the events, Observed how it and the hooks are.
	Journal  eventstream.Journal
	Observed func() metrics.Observed
}

// Server answers for one node. It is used once.
type Server struct {
	node   Node
	daemon Daemon
	http   http.Server

	mu    sync.Mutex
	epoch time.Time // see epochOf; mu guards it
}

// NewServer is a server for node.
func NewServer(node Node, daemon Daemon, log hclog.Logger) *Server {
	s := &Server{node: node, daemon: daemon}
	s.http = http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: readWithin,
		IdleTimeout:       readWithin,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	return s
}

// Serve answers on the socket until Shutdown, and then returns nil.
func (s *Server) Serve(socket *Socket) error {
	if err := s.http.Serve(socket.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the control socket: %w", err)
	}
	return nil
}

// Shutdown waits for the requests under way, until ctx ends, and drops them then.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("ending the control server: %w", err), s.http.Close())
	}
	return nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathSelf, answer(s.self))
	mux.HandleFunc("GET "+pathNodes, answer(s.nodes))
	mux.HandleFunc("GET "+pathNames, answer(s.names))
	mux.HandleFunc("GET "+pathCookie, answer(s.cookie))
	mux.HandleFunc("GET "+pathStatus, answer(s.answerStatus))
	mux.HandleFunc("GET "+pathEvents, s.events)
	mux.HandleFunc("POST "+pathPing, answer(s.ping))
	mux.HandleFunc("POST "+pathConnect, answer(s.connect))
	mux.HandleFunc("POST "+pathDisconnect, answer(s.disconnect))
	mux.HandleFunc("POST "+pathForget, answer(s.forget))
	mux.HandleFunc("POST "+pathCookie, answer(s.setCookie))
	mux.HandleFunc("POST "+pathCall, answer(s.call))
	mux.HandleFunc("POST "+pathReload, answer(s.reload))
	mux.HandleFunc("POST "+pathDump, answer(s.dump))
	mux.HandleFunc("POST "+pathStop, answer(s.stopNode))
	return mux
}

// answer makes a handler of a function from a request to an answer.
func answer[Q, A any](f func(context.Context, Q) (A, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), longest)
		defer cancel()
		var question Q
		err := readRequest(w, r, &question)
		var reply A
		if err == nil {
			reply, err = f(ctx, question)
		}
		if err != nil {
			writeError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, reply)
	}
}

func writeError(w http.ResponseWriter, err error) {
	e := errorOf(err)
	writeJSON(w, e.Kind.status(), failure{e})
}

// readRequest reads the body of a POST. Its deadline is set here and taken
// back: one of the server's would end the context of a request that waits.
func readRequest(w http.ResponseWriter, r *http.Request, into any) error {
	if r.Method == http.MethodGet {
		return nil
	}
	conn := http.NewResponseController(w)
	if err := conn.SetReadDeadline(time.Now().Add(readWithin)); err != nil {
		return fmt.Errorf("bounding a request: %w", err)
	}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	body.DisallowUnknownFields()
	if err := body.Decode(into); err != nil {
		return badRequest("reading the request: %v", err)
	}
	if _, err := body.Token(); err != io.EOF {
		return badRequest("reading the request: more than one value")
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	// What cannot be sent has nobody to be told to.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendWithin))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// errorOf finds the kind of an error.
func errorOf(err error) *Error {
	var known *Error
	var remote *syncnodes.RemoteError
	var query *eventstream.QueryError
	kind := Internal
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &query), errors.Is(err, syncnodes.ErrTooLong):
		kind = BadRequest
	case errors.As(err, &remote):
		kind = Remote
	case errors.Is(err, syncnodes.ErrNoProc):
		kind = NoProc
	case errors.Is(err, syncnodes.ErrNodeDown), errors.Is(err, bus.ErrLost):
		kind = NodeDown
	case errors.Is(err, syncnodes.ErrNodeUp):
		kind = NodeUp
	case errors.Is(err, syncnodes.ErrOverloaded):
		kind = Overloaded
	case errors.Is(err, syncnodes.ErrClosed), errors.Is(err, journal.ErrClosed):
		kind = Leaving
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: Timeout, Message: "timeout: no answer in time"}
	}
	return &Error{Kind: kind, Message: err.Error()}
}
