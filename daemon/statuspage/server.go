package statuspage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/observer/metrics"
	"interconnectd/syncnodes"
)

const (
	readWithin  = 5 * time.Second  // a request
	writeWithin = 10 * time.Second // an answer, or what /live says at once
	idleFor     = 30 * time.Second
	askWithin   = 2 * time.Second // the node
	headersMost = 8 << 10         // bytes
	connsMost   = 64
	liveMost    = connsMost / 2 // of these
)

// Node is what is asked: a *syncnodes.Node.
type Node interface {
	Self() nodeid.Name
	Status(ctx context.Context) (syncnodes.Status, error)
	// View is what a connected node thinks of its peers.
	View(ctx context.Context, of nodeid.Name) ([]syncnodes.PeerView, error)
}

// Events is what happened to nodes: a *journal.Journal.
type Events interface {
	// Tail gives the last events, most at most (0: all), not older than since, of
	// those that keep wants (nil: all), the oldest first.
	Tail(ctx context.Context, most int, since time.Time, keep func(event.Event) bool) ([]event.Event, error)
	// Wait waits until there is an event with a higher number. The error is the
	// context's, or says that none will come.
	Wait(ctx context.Context, after uint64) error
}

// Options say what is shown, and where.
type Options struct {
	Addr    string // HOST:PORT
	Node    Node
	Events  Events       // nil: the page has no time line, and no list of events
	Metrics http.Handler // nil: there is no /metrics
	// Observed tells how the journal and the hooks are; nil: nothing is said of them.
	Observed func() metrics.Observed
	Log      hclog.Logger
}

// Server answers for one node. It is used once.
type Server struct {
	// immutable
	node     Node
	events   Events
	metrics  bool
	observed func() metrics.Observed
	now      func() time.Time
	listener net.Listener
	http     http.Server
	end      context.CancelFunc // ends all that requests wait for

	// each guards itself
	past  past
	views *views
	live  *live
}

// Listen takes the address. The context bounds that only; the server ends by Close.
func Listen(ctx context.Context, opts Options) (*Server, error) {
	var config net.ListenConfig
	network := "tcp"
	if addr, err := netip.ParseAddrPort(opts.Addr); err == nil && addr.Addr() == netip.IPv4Unspecified() {
		network = "tcp4" // 0.0.0.0 is all of IPv4, and not of IPv6 too
	}
	listener, err := config.Listen(ctx, network, opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("listening for HTTP: %w", err)
	}
	s := newServer(opts)
	s.listener = &limited{Listener: listener, places: make(chan struct{}, connsMost)}
	return s, nil
}

// newServer makes a server that does not listen yet.
func newServer(opts Options) *Server {
	base, end := context.WithCancel(context.Background())
	s := &Server{
		node: opts.Node, events: opts.Events, metrics: opts.Metrics != nil, observed: opts.Observed, now: time.Now, end: end,
		views: newViews(base, opts.Node), live: newLive(base, opts.Node, opts.Events),
	}
	s.http = http.Server{
		Handler:        http.MaxBytesHandler(careful(s.routes(opts.Metrics)), 0),
		BaseContext:    func(net.Listener) context.Context { return base },
		ReadTimeout:    readWithin,
		WriteTimeout:   writeWithin,
		IdleTimeout:    idleFor,
		MaxHeaderBytes: headersMost,
		ErrorLog:       opts.Log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	return s
}

// routes are all there is. A pattern with GET takes HEAD too, and nothing else.
func (s *Server) routes(numbers http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /live", s.stream)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	for _, a := range assets {
		mux.Handle("GET /"+a.name, a)
	}
	if numbers != nil {
		mux.Handle("GET /metrics", numbers)
	}
	return mux
}

// policy lets the page load its own style, script and picture, and be framed by nobody.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// careful tells browsers how little may be done with any answer.
func careful(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Serve answers until Close, and then returns nil.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving HTTP: %w", err)
	}
	return nil
}

// Close hangs up on everybody, those of /live too, and returns when nothing is
// followed any more. A second call does nothing.
func (s *Server) Close() error {
	s.end()
	err := s.http.Close()
	s.live.close()
	s.views.close()
	return err
}

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	if _, err := s.status(r); err != nil {
		say(w, false, silent)
		return
	}
	say(w, true, "ok")
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	status, err := s.status(r)
	switch {
	case err != nil:
		say(w, false, silent)
	case status.BusLost:
		say(w, false, "bus lost")
	case !status.Sync.Done:
		say(w, false, status.Sync.String())
	default:
		say(w, true, "ready: "+status.Sync.String())
	}
}

const silent = "the node does not answer"

func (s *Server) status(r *http.Request) (syncnodes.Status, error) {
	ctx, cancel := context.WithTimeout(r.Context(), askWithin)
	defer cancel()
	return s.node.Status(ctx)
}

func say(w http.ResponseWriter, well bool, line string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if !well {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = fmt.Fprintln(w, line) // who asked may be gone
}
