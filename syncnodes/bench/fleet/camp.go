package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// camp is what the nodes of a fleet have around them: folders, a cookie, processes that
// must be there before them.
type camp struct {
	dir    string
	nodes  int
	cookie string
	homes  int // that were made so far, for all nodes together

	helpers []*process
	server  *process // the one of them that is a nats-server, nil where there is none
}

// nodeName is the part before the '@'.
func nodeName(i int) string { return fmt.Sprintf("n%02d", i) }

func newCamp(nodes int) (*camp, error) {
	dir, err := os.MkdirTemp("", "fleet-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for a fleet: %w", err)
	}
	return &camp{dir: dir, nodes: nodes, cookie: newCookie()}, nil
}

// newCookie has 20 letters, as those that OTP makes.
func newCookie() string {
	cookie := make([]byte, 20)
	for i := range cookie {
		cookie[i] = 'A' + byte(rand.IntN(26))
	}
	return string(cookie)
}

// leave ends the helpers and removes the folders.
func (c *camp) leave() error {
	for _, p := range c.helpers {
		p.kill()
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("removing a fleet's folder: %w", err)
	}
	return nil
}

// newHomes makes new folders for all nodes, each with the cookie where ours and Erlang
// look for it.
func (c *camp) newHomes() error {
	c.homes++
	for i := range c.nodes {
		home := c.home(i)
		for _, folder := range []string{home, filepath.Join(home, "run"), filepath.Join(home, "state"), filepath.Join(home, "tmp")} {
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return fmt.Errorf("making a node's folders: %w", err)
			}
		}
		if err := os.WriteFile(filepath.Join(home, ".erlang.cookie"), []byte(c.cookie), 0o400); err != nil {
			return fmt.Errorf("writing a node's cookie: %w", err)
		}
	}
	return nil
}

// home is the folder of a node, the newest that was made for it.
func (c *camp) home(i int) string {
	return filepath.Join(c.dir, fmt.Sprint(c.homes), nodeName(i))
}

// settle gives a command its folder and its environment, which has nothing of ours but
// the PATH.
func settle(cmd *exec.Cmd, home string) {
	cmd.Dir = home
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + home, "TMPDIR=" + filepath.Join(home, "tmp"),
		"INTERCONNECT_RUNTIME_DIR=" + filepath.Join(home, "run"), "STATE_DIRECTORY=" + filepath.Join(home, "state"),
	}, cmd.Env...)
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

// help starts a process for the nodes, which listens at a port of 127.0.0.1 when help
// returns.
func (c *camp) help(ctx context.Context, port int, cmd *exec.Cmd) (*process, error) {
	settle(cmd, c.dir)
	p, err := start(cmd, nil, nil)
	if err != nil {
		return nil, err
	}
	c.helpers = append(c.helpers, p)
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("it does not listen"))
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			conn.Close()
			return p, nil
		}
		select {
		case <-look.C:
		case <-p.ended:
			return nil, errors.New(p.epitaph())
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for %s at port %d: %w; %v", cmd.Path, port, context.Cause(ctx), p.says)
		}
	}
}
