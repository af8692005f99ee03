package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// orderly is a reason to leave in order, and with exit code 0.
type orderly string

func (o orderly) Error() string { return string(o) }

// asked is the reason when a client asked the daemon to stop.
const asked orderly = "asked to stop"

// untilSignal is ctx until the first TERM or INT, which is its cause then. The
// second ends the process at once, as if nobody had asked for signals. Release
// gives them back and ends the context.
//
// A HUP goes to hangups, which holds one: any number of them that come before
// it is taken are one. HUP is not given back, so that one which comes too late
// for a reload does nothing.
func untilSignal(ctx context.Context) (_ context.Context, hangups <-chan os.Signal, release func()) {
	ctx, end := context.WithCancelCause(ctx)
	// Room for both: none is lost, however fast they come.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	hups := make(chan os.Signal, 1)
	signal.Notify(hups, syscall.SIGHUP)
	// Who reads the log, as in 2>&1 | head, may go away: that ends no daemon. What is
	// written then is lost.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	released, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for first := true; ; first = false {
			select {
			case s := <-signals:
				if !first {
					dieOf(s)
				}
				end(orderly(s.String() + " signal received"))
			case <-released:
				return
			}
		}
	}()
	return ctx, hups, func() {
		signal.Stop(signals)
		close(released)
		<-gone
		end(nil)
	}
}

// dieOf ends the process by the signal itself, so that whoever waits for it
// learns what it died of.
func dieOf(s os.Signal) {
	signal.Reset(s)
	if number, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(os.Getpid(), number)
	}
}
