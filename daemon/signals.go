package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// orderly is a reason to leave in order, and with exit code 0.
type orderly string

func (o orderly) Error() string { return string(o) }

// asked is the reason when a client asked the daemon to stop.
const asked orderly = "asked to stop"

// wishes are what signals ask a running daemon for.
type wishes struct {
	reload <-chan os.Signal // HUP: read the configuration again
	reopen <-chan os.Signal // USR1: open the log file anew
	dump   <-chan os.Signal // USR2: write the state to the log
}

// untilSignal is ctx until the first TERM or INT, which is its cause then. The
// second ends the process at once, as if nobody had asked for signals. Release
// gives them back and ends the context.
//
// HUP, USR1 and USR2 go to channels which hold one: any number of them that come before
// it is taken are one. They are not given back, so that one which comes too late
// does nothing.
func untilSignal(ctx context.Context) (_ context.Context, _ wishes, release func()) {
	ctx, end := context.WithCancelCause(ctx)
	// Room for both: none is lost, however fast they come.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	reload, reopen, dump := make(chan os.Signal, 1), make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	signal.Notify(reopen, syscall.SIGUSR1)
	signal.Notify(dump, syscall.SIGUSR2)
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
	return ctx, wishes{reload, reopen, dump}, func() {
		signal.Stop(signals)
		close(released)
		<-gone
		end(nil)
	}
}

// untilInterrupted is ctx until INT, TERM or HUP comes, for a command that has something
// to put in order then. Release gives the signals back, and where one came ends the process
// by it; a second one ends it at once.
func untilInterrupted(ctx context.Context) (_ context.Context, release func()) {
	ctx, end := context.WithCancel(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	came := make(chan os.Signal, 1)
	released, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case s := <-signals:
			signal.Stop(signals)
			came <- s
			end()
		case <-released:
			signal.Stop(signals)
		}
	}()
	return ctx, func() {
		close(released)
		<-gone
		end()
		select {
		case s := <-came:
			dieOf(s)
		default:
		}
	}
}

// dieOf ends the process by the signal itself, so that whoever waits for it
// learns what it died of.
func dieOf(s os.Signal) {
	signal.Reset(s)
	if number, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(os.Getpid(), number)
		time.Sleep(time.Second) // another thread may take it; who ignores it goes on
	}
}
