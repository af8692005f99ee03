package syncnodes

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"interconnectd/erlterm"
)

// misbehave does at its first call what no handler should, and answers well
// later.
func misbehave(first Handler) Handler {
	calls := 0
	return func(ctx context.Context, request erlterm.Term) (erlterm.Term, error) {
		if calls++; calls == 1 {
			return first(ctx, request)
		}
		return erlterm.Atom("well"), nil
	}
}

// Whatever a handler does, its caller hears of it, here as from another node, and
// the process is there for the next call.
func TestHandlersThatMisbehave(t *testing.T) {
	tests := []struct {
		name    string
		handler Handler
		want    string // the answer, or the error
		log     string
	}{
		{
			"an error", func(context.Context, erlterm.Term) (erlterm.Term, error) { return nil, errors.New("out of ink") },
			"p on b@127.0.0.1: out of ink", "",
		},
		{
			"a panic", func(context.Context, erlterm.Term) (erlterm.Term, error) { panic("out of paper") },
			"p on b@127.0.0.1: the process crashed: out of paper", "process crashed, starting it again: process=p cause=\"out of paper\"",
		},
		{
			"the end of its goroutine", func(context.Context, erlterm.Term) (erlterm.Term, error) { runtime.Goexit(); return nil, nil },
			"p on b@127.0.0.1: the process crashed: its handler ended the goroutine", "process crashed, starting it again: process=p cause=\"its handler ended the goroutine\"",
		},
		{
			"no answer", func(context.Context, erlterm.Term) (erlterm.Term, error) { return nil, nil },
			"ok", "",
		},
		{
			// The process that was called is there.
			"an error of a call of its own", func(context.Context, erlterm.Term) (erlterm.Term, error) {
				return nil, fmt.Errorf("asking on: %w", ErrNoProc)
			},
			"p on b@127.0.0.1: asking on: " + ErrNoProc.Error(), "",
		},
	}
	for _, tt := range tests {
		for _, from := range []string{"a", "b"} {
			t.Run(tt.name+", from "+from, func(t *testing.T) {
				inBubble(t, func(t *testing.T, fl *fleet) {
					nodes := map[string]*Node{"a": fl.start(fl.options("a")), "b": fl.start(fl.options("b"))}
					nodes["b"].Register("p", misbehave(tt.handler))
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					answer, err := nodes[from].Call(ctx, Address{"p", full("b")}, erlterm.Atom("x"))
					got := fmt.Sprint(answer)
					if err != nil {
						got = err.Error()
						var remote *RemoteError
						if !errors.As(err, &remote) || errors.Is(err, ErrNoProc) {
							t.Errorf("the error is %#v, want a RemoteError", err)
						}
					}
					if got != tt.want {
						t.Errorf("the first call: %s, want %s", got, tt.want)
					}
					if tt.log != "" {
						fl.wantLog(nodes["b"], tt.log)
					}
					for range 3 {
						if answer, err := nodes[from].Call(ctx, Address{"p", full("b")}, erlterm.Atom("x")); err != nil || answer.String() != "well" {
							t.Errorf("a later call: %v, %v", answer, err)
						}
					}
				})
			})
		}
	}
}

// What callers branch on is the same here and from another node.
func TestCallErrorsHereAndThere(t *testing.T) {
	for _, from := range []string{"a", "b"} {
		t.Run("from "+from, func(t *testing.T) {
			inBubble(t, func(t *testing.T, fl *fleet) {
				nodes := map[string]*Node{"a": fl.start(fl.options("a")), "b": fl.start(fl.options("b"))}
				caller, b := nodes[from], nodes["b"]
				call := func(name string, request erlterm.Term) error {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					defer cancel()
					_, err := caller.Call(ctx, Address{name, full("b")}, request)
					return err
				}
				gate := make(chan struct{})
				waits := func(context.Context, erlterm.Term) (erlterm.Term, error) {
					<-gate
					return erlterm.Atom("late"), nil
				}
				b.Register("p", waits)
				if err := call("nobody", erlterm.Atom("x")); !errors.Is(err, ErrNoProc) {
					t.Errorf("no process: %v", err)
				}
				if err := call("p", nil); err == nil || !strings.Contains(err.Error(), "no request") {
					t.Errorf("no request: %v", err)
				}
				if err := call("p", erlterm.Atom("x")); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("no answer in time: %v", err)
				}

				// One call is under way, the mailbox fills, and one is too many.
				errs := make(chan error, mailboxSize)
				for range mailboxSize {
					go func() { errs <- call("p", erlterm.Atom("x")) }()
				}
				time.Sleep(time.Second)
				if err := call("p", erlterm.Atom("x")); !errors.Is(err, ErrOverloaded) {
					t.Errorf("too many calls: %v", err)
				}
				// Another takes the name: nobody is there for those who wait.
				b.Register("p", waits)
				close(gate)
				synctest.Wait()
				for range mailboxSize {
					if err := <-errs; err != nil && !errors.Is(err, ErrNoProc) {
						t.Errorf("a call that waited for a process that is gone: %v", err)
					}
				}
				b.Close()
				if err := call("p", erlterm.Atom("x")); !errors.Is(err, map[string]error{"a": ErrNodeDown, "b": ErrClosed}[from]) {
					t.Errorf("the node has ended: %v", err)
				}
			})
		})
	}
}
