package control

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/eventstream"
	"interconnectd/erlterm"
	"interconnectd/syncnodes"
)

func (s *Server) self(context.Context, nothing) (Self, error) {
	return Self{Node: s.node.Self()}, nil
}

func (s *Server) nodes(ctx context.Context, _ nothing) (Names, error) {
	names, err := s.node.Nodes(ctx)
	return Names{Nodes: notNil(names)}, err
}

func (s *Server) names(ctx context.Context, _ nothing) (Names, error) {
	names, err := s.node.Names(ctx, askNames)
	return Names{Nodes: notNil(names)}, err
}

func (s *Server) answerStatus(ctx context.Context, _ nothing) (Status, error) { return s.Status(ctx) }

// Status is what the server answers to who asks for it.
func (s *Server) Status(ctx context.Context) (Status, error) {
	status, err := s.node.Status(ctx)
	if err != nil {
		return Status{}, err
	}
	return statusOf(status, s.daemon.Observed(), os.Getpid(), s.epochOf(status.Now)), nil
}

// epochStep is how far the wall clock is set before what was told moves with it.
const epochStep = time.Second

// epochOf is the wall time at 0 of the node's clock, which is now at now: the same each
// time, so that who compares two answers sees no change where there is none.
func (s *Server) epochOf(now time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fresh := time.Now().Add(-now); fresh.Sub(s.epoch).Abs() > epochStep {
		s.epoch = fresh
	}
	return s.epoch
}

// events answers with a stream, which may last for as long as the daemon.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if err := eventstream.Serve(w, r, s.daemon.Journal); err != nil {
		writeError(w, err)
	}
}

// ping has no answer in time for a pang, as net_adm:ping/1 has any failure.
func (s *Server) ping(ctx context.Context, q Target) (Ping, error) {
	if err := checkNode(q.Node); err != nil {
		return Ping{}, err
	}
	roundTrip, ok, err := s.node.Ping(ctx, q.Node)
	if errors.Is(err, context.DeadlineExceeded) {
		return Ping{}, nil
	}
	return Ping{OK: ok, RoundTrip: Duration(roundTrip)}, err
}

func (s *Server) connect(ctx context.Context, q Target) (Outcome, error) {
	return outcome(ctx, q, s.node.Connect)
}

func (s *Server) disconnect(ctx context.Context, q Target) (Outcome, error) {
	return outcome(ctx, q, s.node.Disconnect)
}

func (s *Server) forget(ctx context.Context, q Target) (Outcome, error) {
	return outcome(ctx, q, s.node.Forget)
}

func outcome(ctx context.Context, q Target, f func(context.Context, nodeid.Name) (bool, error)) (Outcome, error) {
	if err := checkNode(q.Node); err != nil {
		return Outcome{}, err
	}
	ok, err := f(ctx, q.Node)
	return Outcome{OK: ok}, err
}

func (s *Server) cookie(ctx context.Context, _ nothing) (Cookie, error) {
	cookie, err := s.node.Cookie(ctx)
	return Cookie{Cookie: cookie}, err
}

func (s *Server) setCookie(ctx context.Context, q Cookie) (Outcome, error) {
	cookie, err := configs.NewCookie(q.Cookie)
	if err != nil {
		return Outcome{}, badRequest("setting a cookie: %v", err)
	}
	if q.Node != "" {
		if err := checkNode(q.Node); err != nil {
			return Outcome{}, err
		}
	}
	err = s.node.SetCookie(ctx, q.Node, cookie.Reveal())
	return Outcome{OK: err == nil}, err
}

func (s *Server) call(ctx context.Context, q Call) (Reply, error) {
	if err := checkNode(q.Node); err != nil {
		return Reply{}, err
	}
	request, err := erlterm.Parse([]byte(q.Request + "\n."))
	if err != nil {
		return Reply{}, badRequest("reading the term: %v", err)
	}
	if q.Timeout < 0 {
		return Reply{}, badRequest("a timeout of less than nothing")
	}
	if q.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(q.Timeout))
		defer cancel()
	}
	reply, err := s.node.Call(ctx, syncnodes.Address{Name: q.Process, Node: q.Node}, request)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Reply: string(erlterm.AppendLiteral(nil, reply))}, nil
}

func (s *Server) reload(ctx context.Context, _ nothing) (Reload, error) {
	return s.daemon.Reload(ctx)
}

func (s *Server) dump(ctx context.Context, _ nothing) (Outcome, error) {
	status, err := s.Status(ctx)
	if err == nil {
		s.daemon.Dump(status)
	}
	return Outcome{OK: err == nil}, err
}

func (s *Server) stopNode(ctx context.Context, _ nothing) (Outcome, error) {
	s.daemon.Stop()
	select {
	case <-s.node.Done():
		return Outcome{OK: true}, nil
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
}

func checkNode(name nodeid.Name) error {
	if _, err := nodeid.Parse(string(name)); err != nil {
		return badRequest("%q: %v", string(name), err)
	}
	return nil
}
