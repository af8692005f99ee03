package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
	"testing"

	"interconnectd/configs"
	"interconnectd/daemon/control"
	"interconnectd/syncnodes"
)

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"well", nil, 0},
		{"no process", &control.Error{Kind: control.NoProc}, 1},
		{"no answer", &control.Error{Kind: control.Timeout}, 1},
		{"a node that is up", &control.Error{Kind: control.NodeUp}, 1},
		{"usage", &configs.UsageError{Msg: "x"}, 2},
		{"a request that makes no sense", &control.Error{Kind: control.BadRequest}, 2},
		{"several daemons", &control.SeveralError{}, 2},
		{"no daemon", control.ErrNone, 3},
		{"a daemon that ends", &control.Error{Kind: control.Leaving}, 3},
		{"name in use", &syncnodes.NameInUseError{Name: "a@127.0.0.1"}, 64},
		{"nodes down", &syncnodes.SyncError{}, 69},
		{"a bug", errors.New("odd"), 70},
		{"a bug of the daemon", &control.Error{Kind: control.Internal}, 70},
		{"a file", &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, 74},
		{"no bus", errNoBus, 74},
		{"a port", &net.OpError{Op: "listen", Err: syscall.EADDRINUSE}, 74},
		{"configuration of a daemon", &control.Error{Kind: control.Config}, 78},
		{"configuration", configs.Problems{{Severity: configs.Error, Msg: "x"}}, 78},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitCode(tt.err); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
			if tt.err == nil {
				return
			}
			if got := exitCode(fmt.Errorf("doing: %w", tt.err)); got != tt.want {
				t.Errorf("wrapped: got %d, want %d", got, tt.want)
			}
		})
	}
}
