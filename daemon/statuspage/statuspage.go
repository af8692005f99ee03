// Package statuspage answers over HTTP whether a daemon is well:
//
//	GET /healthz  200 while the node answers, else 503
//	GET /readyz   200 while the start-up sync is over and the bus is there, else 503
//
// The answer is one line of text that says why. It is read-only, knows no users, and
// says nothing that is secret: whoever reaches the address may read it. Requests have
// little time and little room, and there are only so many connections at once; who
// comes when all are taken is hung up on.
package statuspage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/syncnodes"
)

const (
	readWithin  = 5 * time.Second  // a request
	writeWithin = 10 * time.Second // an answer
	idleFor     = 30 * time.Second
	askWithin   = 2 * time.Second // the node
	headersMost = 8 << 10         // bytes
	connsMost   = 64
)

// Node is what is asked.
type Node interface {
	Status(ctx context.Context) (syncnodes.Status, error)
}

// Server answers for one node. It is used once.
type Server struct {
	node     Node
	listener net.Listener
	http     http.Server
}

// Listen takes the address, HOST:PORT.
func Listen(ctx context.Context, addr string, node Node, log hclog.Logger) (*Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening for HTTP: %w", err)
	}
	s := &Server{node: node, listener: &limited{Listener: listener, places: make(chan struct{}, connsMost)}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	s.http = http.Server{
		Handler:        http.MaxBytesHandler(mux, 0),
		ReadTimeout:    readWithin,
		WriteTimeout:   writeWithin,
		IdleTimeout:    idleFor,
		MaxHeaderBytes: headersMost,
		ErrorLog:       log.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	return s, nil
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

// Close hangs up on everybody.
func (s *Server) Close() error { return s.http.Close() }

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	if _, err := s.status(r); err != nil {
		say(w, false, "the node does not answer")
		return
	}
	say(w, true, "ok")
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	status, err := s.status(r)
	switch {
	case err != nil:
		say(w, false, "the node does not answer")
	case status.BusLost:
		say(w, false, "bus lost")
	case !status.Sync.Done:
		say(w, false, status.Sync.String())
	default:
		say(w, true, "ready: "+status.Sync.String())
	}
}

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

// limited is a listener with so many places: who finds none is hung up on, so that
// those who hold theirs keep nobody else waiting in the dark.
type limited struct {
	net.Listener
	places chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.places <- struct{}{}:
			return &placed{Conn: conn, leave: func() { <-l.places }}, nil
		default:
			_ = conn.Close() // nobody was told anything
		}
	}
}

// placed is a connection that has a place, until it is closed.
type placed struct {
	net.Conn
	once  sync.Once
	leave func()
}

func (c *placed) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}
