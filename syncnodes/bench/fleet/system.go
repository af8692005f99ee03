package fleet

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"interconnectd/syncnodes/bench/child"
)

// System is one of those that are compared. It is a value without state: any number of
// fleets may be made of it.
type System struct {
	name     string
	programs []string // that must be there

	leads  bool           // the first node must run before the others start
	leave  syscall.Signal // what asks a node to end in order
	hangs  int            // as many hangs as are worth their time
	hangIn time.Duration  // what one takes at most, as its makers say

	// event reads a line of a node that tells of another.
	event func(line string) (node string, up, ok bool)
	// found makes what the nodes of a fleet have in common, and gives how one is started.
	found   func(ctx context.Context, c *camp) (command, error)
	version func(ctx context.Context) (string, error)
}

// command gives how node i is started, beside another that is up: -1 where none is.
type command func(i, beside int) child.Command

// Name is what a report calls the system.
func (s System) Name() string { return s.name }

// Missing says which of its programs is not on this machine; nil where all are. It
// wraps [exec.ErrNotFound].
func (s System) Missing() error {
	for _, program := range s.programs {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	return nil
}

// Version is what its programs say of themselves, for the description of a machine.
func (s System) Version(ctx context.Context) (string, error) {
	version, err := s.version(ctx)
	if err != nil {
		return "", fmt.Errorf("asking for the version of %s: %w", s.name, err)
	}
	return version, nil
}

// firstLine is that of what a program prints.
func firstLine(ctx context.Context, program string, args ...string) (string, error) {
	p, err := child.Start(ctx, child.Command{Path: program, Args: args})
	if err != nil {
		return "", err
	}
	defer p.Close()
	line, err := p.Line()
	if err != nil {
		return "", fmt.Errorf("waiting for what %s prints: %w", program, err)
	}
	return strings.TrimSpace(line), nil
}

// prefixed reads the name after a prefix, up to one of the characters that end it.
func prefixed(line, prefix, ends string) (name string, ok bool) {
	_, after, ok := strings.Cut(line, prefix)
	if !ok {
		return "", false
	}
	if i := strings.IndexAny(after, ends); i >= 0 {
		after = after[:i]
	}
	return after, after != ""
}
