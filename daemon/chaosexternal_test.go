package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"interconnectd/syncnodes/bus/bustest"
)

// TestChaosExternal is TestChaos on a nats-server that is killed and started
// again meanwhile: nobody goes down while it is away, and who ended then does
// when it is back.
func TestChaosExternal(t *testing.T) {
	together(t)
	c := newChaos(t, externalRules())
	var args []string
	if c.seed%2 == 1 { // every other one tells whose connection ended
		file := filepath.Join(c.dir, "nats.conf")
		if err := os.WriteFile(file, []byte(bustest.AdvisoryConfig), 0o600); err != nil {
			t.Fatal(err)
		}
		args = []string{"-c", file}
	}
	server := bustest.NewServer(t, args...)
	server.Start(t)
	c.onServer(server.URL())
	away := false
	c.actions = append(processActions(), action{2, func(c *chaos) {
		if away {
			return
		}
		away = true
		c.note("kill the server")
		server.Kill(t)
		c.in(c.upTo(100*time.Millisecond, 2*chaosTimeout), func() {
			c.note("start the server")
			server.Start(t)
			away = false
		})
	}})
	c.run()
}

// onServer has all daemons meet on a nats-server.
func (c *chaos) onServer(url string) {
	settings := fmt.Sprintf("bus: {cluster: test-%d, urls: ['%s']}\n", c.site.ports[0], url)
	if err := os.WriteFile(c.site.settings, []byte(settings), 0o600); err != nil {
		c.t.Fatal(err)
	}
}
