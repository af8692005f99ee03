package main

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"interconnectd/syncnodes/bus/bustest"
)

// An external server of a trio's own, without a system account: a killed daemon
// is seen by `no responders`, a second after it. Where somebody subscribes to all
// subjects there are none to be had, and its silence tells it.
func TestKilledOnAServer(t *testing.T) {
	for _, tt := range []struct {
		name     string
		listened bool
		within   time.Duration
	}{
		{"no responders", false, 1300 * time.Millisecond},
		{"somebody listens to all", true, 4 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := bustest.NewServer(t)
			server.Start(t)
			tr := newTrio(t)
			tr.meetOn(server)
			if tt.listened {
				listen(t, server.URL())
			}
			nodes := []string{"a", "b", "c"}
			for _, node := range nodes {
				tr.start(node)
			}
			for _, node := range nodes {
				tr.await(node, `--- Node up`, 2)
			}
			if tt.listened {
				tr.await("a", `somebody subscribes to all subjects`, 1)
			}
			// A bus is young for a second, and the last link may be as old.
			time.Sleep(2 * time.Second)
			killed := time.Now()
			if err := tr.running["b"].signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			most := tt.within
			if !*alone {
				most += bounds().down
			}
			for _, node := range without(nodes, "b") {
				checkEvent(t, tr, node, "down", "b", 3, killed, most)
			}
		})
	}
}

// meetOn has the daemons meet on a nats-server, in the cluster "default".
func (tr *trio) meetOn(server *bustest.Server) {
	tr.t.Helper()
	settings := fmt.Sprintf("bus: {urls: ['%s']}\n", server.URL())
	if err := os.WriteFile(tr.site.settings, []byte(settings), 0o600); err != nil {
		tr.t.Fatal(err)
	}
}

// listen subscribes to all subjects until the end of the test.
func listen(t *testing.T, url string) {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if _, err := nc.Subscribe(">", func(*nats.Msg) {}); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
}
