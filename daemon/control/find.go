package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"interconnectd/configs/nodeid"
)

// dialWithin bounds a connect, which waits only where the queue of a hung
// daemon is full.
const dialWithin = time.Second

// ErrNone tells that no daemon runs, or none of the name that was asked for.
var ErrNone = errors.New("no daemon runs here")

// SeveralError tells that several daemons run and none was chosen.
type SeveralError struct{ Nodes []nodeid.Name } // sorted

func (e *SeveralError) Error() string {
	names := make([]string, len(e.Nodes))
	for i, n := range e.Nodes {
		names[i] = string(n)
	}
	return "several daemons run here: " + strings.Join(names, ", ")
}

// Find is a client of the daemon of that name, or, where node is "", of the
// only one there is. It looks through the places of Dirs in turn, until there
// is one at which a daemon runs: what an environment names comes before what
// runs on the host besides. The error is ErrNone, a *SeveralError, or says why
// a socket cannot be opened.
func Find(ctx context.Context, getenv func(string) string, node nodeid.Name) (*Client, error) {
	var refused error
	for _, place := range places(getenv) {
		found, err := search(ctx, place, node)
		switch {
		case len(found) > 1:
			return nil, &SeveralError{Nodes: slices.Sorted(maps.Keys(found))}
		case err != nil:
			refused = err
		}
		for name, path := range found {
			return newClient(name, path), nil
		}
	}
	if refused != nil {
		return nil, fmt.Errorf("looking for a daemon: %w", refused)
	}
	return nil, ErrNone
}

// search finds the live sockets in some folders, all or those of one node; the
// first folder wins that has one of a name. The error is about a socket that
// this user may not open.
func search(ctx context.Context, dirs []string, only nodeid.Name) (map[nodeid.Name]string, error) {
	found := make(map[nodeid.Name]string)
	var refused error
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil || trusted(dir) != nil {
			continue // no folder, or none that a daemon of ours would use
		}
		for _, e := range entries {
			name, ok := nodeOf(e.Name())
			if !ok || found[name] != "" || only != "" && name != only {
				continue
			}
			path := filepath.Join(dir, e.Name())
			if !trustedSocket(path) {
				continue
			}
			switch err := probe(ctx, path); {
			case err == nil:
				found[name] = path
			case errors.Is(err, fs.ErrPermission):
				refused = err
			}
		}
	}
	return found, refused
}

// probe is nil when a process listens at path. A dead daemon's socket refuses.
func probe(ctx context.Context, path string) error {
	conn, err := dial(ctx, path)
	if err != nil {
		return err
	}
	return conn.Close()
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	address, done, err := addressOf(path)
	if err != nil {
		return nil, err
	}
	defer done()
	dialer := net.Dialer{Timeout: dialWithin}
	return dialer.DialContext(ctx, "unix", address)
}

// Running are clients of all daemons of the place at which Find looks for one, sorted
// by their nodes. Those that may not be asked are left out, and what was not found
// when ctx ends.
func Running(ctx context.Context, getenv func(string) string) []*Client {
	for _, place := range places(getenv) {
		found, _ := search(ctx, place, "") // the others answer nobody here
		if len(found) == 0 {
			continue
		}
		clients := make([]*Client, 0, len(found))
		for _, node := range slices.Sorted(maps.Keys(found)) {
			clients = append(clients, newClient(node, found[node]))
		}
		return clients
	}
	return nil
}
