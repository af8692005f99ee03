package fleet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"interconnectd/syncnodes/bench/child"
)

// camp is what the nodes of a fleet have around them: homes, a cookie, processes that
// must be there before them.
type camp struct {
	dir    string
	nodes  int
	cookie string
	homes  []string // of the nodes by their index

	helpers []*child.Process
	server  *child.Process // the one of them that is a nats-server, nil where there is none
}

// nodeName is the part before the '@'.
func nodeName(i int) string { return fmt.Sprintf("n%02d", i) }

func newCamp(nodes int) (*camp, error) {
	dir, err := os.MkdirTemp("", "fleet-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for a fleet: %w", err)
	}
	c := &camp{dir: dir, nodes: nodes, cookie: newCookie(), homes: make([]string, nodes)}
	if err := c.makeHomes(); err != nil {
		return nil, errors.Join(err, c.leave())
	}
	return c, nil
}

// newCookie has 20 letters, as those that OTP makes.
func newCookie() string {
	cookie := make([]byte, 20)
	for i := range cookie {
		cookie[i] = 'A' + byte(rand.IntN(26))
	}
	return string(cookie)
}

// leave ends the helpers and removes the homes.
func (c *camp) leave() error {
	for _, p := range c.helpers {
		p.Close()
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("removing a fleet's folder: %w", err)
	}
	return nil
}

// makeHomes makes the homes of all nodes, each with the cookie where ours and Erlang
// look for it.
func (c *camp) makeHomes() (err error) {
	files := map[string][]byte{".erlang.cookie": []byte(c.cookie)}
	for i := range c.homes {
		if c.homes[i], err = child.NewHome(c.dir, files); err != nil {
			return err
		}
	}
	return nil
}

// sysConfig writes a sys.config that names all nodes, to be waited for, and gives its path.
func (c *camp) sysConfig() (string, error) {
	names := make([]string, c.nodes)
	for i := range names {
		names[i] = "'" + nodeName(i) + "@127.0.0.1'"
	}
	path := filepath.Join(c.dir, "sys.config")
	text := fmt.Sprintf("[{kernel, [{sync_nodes_optional, [%s]}, {sync_nodes_timeout, 30000}]}].\n", strings.Join(names, ", "))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("writing the nodes' sys.config: %w", err)
	}
	return path, nil
}
