// Package gotest runs tests and benchmarks of this project, as go test does, for the
// figures that they tell. It needs go, and a checkout of the project to be called in.
package gotest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"interconnectd/syncnodes/bench/child"
)

// Binary is the tests of a package, compiled.
type Binary struct {
	path string
	dir  string // of the package, where its tests run
}

// Build compiles the tests of a package.
func Build(ctx context.Context, pkg string) (*Binary, error) {
	dir, err := Go(ctx, "list", "-f", "{{.Dir}}", pkg)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", pkg, err)
	}
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, fmt.Errorf("compiling the tests of %s: %w", pkg, err)
	}
	b := &Binary{path: filepath.Join(folder, filepath.Base(pkg)+".test"), dir: dir}
	if _, err := Go(ctx, "test", "-c", "-o", b.path, pkg); err != nil {
		b.Close()
		return nil, fmt.Errorf("compiling the tests of %s: %w", pkg, err)
	}
	return b, nil
}

// Close takes it away.
func (b *Binary) Close() { os.RemoveAll(filepath.Dir(b.path)) }

// Run runs what its arguments say, and hands over each line that it prints. The error
// of tests that failed has the last of these.
func (b *Binary) Run(ctx context.Context, args []string, take func(line string)) error {
	return run(ctx, child.Command{Path: b.path, Args: args, Dir: b.dir}, take)
}

// Go runs go in this folder, and gives what it prints. It has the environment of this
// program, its caches among that, and compiles without C, as the Makefile has it.
func Go(ctx context.Context, args ...string) (string, error) {
	var printed []string
	command := child.Command{Path: "go", Args: args, Dir: ".", Env: append(os.Environ(), "CGO_ENABLED=0")}
	err := run(ctx, command, func(line string) { printed = append(printed, line) })
	return strings.Join(printed, "\n"), err
}

func run(ctx context.Context, command child.Command, take func(line string)) error {
	p, err := child.Start(ctx, command)
	if err != nil {
		return err
	}
	defer p.Close()
	for {
		line, err := p.Line()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		take(line)
	}
}
