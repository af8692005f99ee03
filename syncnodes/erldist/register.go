package erldist

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"interconnectd/configs/epmd"
)

const (
	// registerWithin bounds the first registration: nobody waits longer for a port mapper
	// that does not answer than for one that is not there.
	registerWithin = time.Second
	// registerPause is how long after a vain registration the next one comes, on average.
	registerPause = time.Second
	// sayAgain is how often is told that the name is another's.
	sayAgain = time.Minute
	// leastCreation is above those of port mappers before OTP 23.
	leastCreation = 4
)

var errNoAnswer = errors.New("it does not answer")

// register is the first registration; nil where there is no port mapper.
func (e *Endpoint) register(ctx context.Context) (*epmd.Registration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, registerWithin, errNoAnswer)
	defer cancel()
	registered, err := epmd.Register(ctx, e.cfg.EPMD, e.self())
	switch {
	case errors.Is(err, ErrNameInUse):
		return nil, fmt.Errorf("listening for Erlang nodes: %w", err)
	case err != nil:
		e.cfg.Logger.Warn("no port mapper: Erlang nodes do not find us until there is one", "error", err)
		return nil, nil
	}
	return registered, nil
}

// creationOf is the port mapper's creation, or one of our own.
func creationOf(r *epmd.Registration) uint32 {
	if r != nil && r.Creation >= leastCreation {
		return r.Creation
	}
	return leastCreation + randomUint32()%(1<<32-leastCreation)
}

// keepRegistered registers again whenever the registration has ended. The creation
// stays: it is in the processes that other nodes know.
func (e *Endpoint) keepRegistered(ctx context.Context, r *epmd.Registration) {
	if r == nil {
		r = e.registerAgain(ctx)
	}
	for ; r != nil; r = e.registerAgain(ctx) {
		e.stayRegistered(ctx, r)
	}
}

// stayRegistered returns when a registration has ended: with the port mapper, or by us
// when ctx is over.
func (e *Endpoint) stayRegistered(ctx context.Context, r *epmd.Registration) {
	e.known.Store(true)
	stop := context.AfterFunc(ctx, func() { _ = r.Close() })
	err := r.Wait()
	e.known.Store(false)
	_ = r.Close()
	if stop() {
		e.cfg.Logger.Warn("the port mapper has ended: Erlang nodes do not find us until there is one", "error", err)
	}
}

// registerAgain tries until the port mapper has us; nil when ctx is over.
func (e *Endpoint) registerAgain(ctx context.Context) *epmd.Registration {
	var said time.Time
	refused := false // the last time: one that hung may know still of what we gave up
	for {
		select {
		case <-time.After(registerPause*3/4 + rand.N(registerPause/2)): // not all nodes of a host at once
		case <-ctx.Done():
			return nil
		}
		bounded, cancel := e.bounded(ctx)
		r, err := epmd.Register(bounded, e.cfg.EPMD, e.self())
		cancel()
		if err == nil {
			e.cfg.Logger.Info("registered with the port mapper")
			return r
		}
		before := refused
		refused = errors.Is(err, ErrNameInUse)
		if refused && before && time.Since(said) > sayAgain {
			said = time.Now()
			e.cfg.Logger.Error("Erlang nodes find another one of our name", "error", err)
		}
	}
}
