package syncnodes

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/bus/bustest"
)

// A route that is cut between two live nodes gives `no responders` until it is
// dialled again, a second later: that takes nobody down.
func TestRouteCutOnTheMesh(t *testing.T) {
	first := bustest.FreePorts(3)
	ports := bus.PortRange{Min: first, Max: first + 2}
	var nodes []*Node
	for _, alive := range []string{"a", "b"} {
		n, err := Start(t.Context(), Options{
			Name: full(alive), Cookie: testCookie, Bus: Bus{Ports: ports},
			Sync: Sync{Optional: fulls("a", "b"), Timeout: patience},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		if err := n.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	m := watch(t, nodes[0], 1)
	quiet(t, m, time.Second) // until the bus is no longer young
	if cut := cutConnections(t, ports); cut == 0 {
		t.Fatal("no route was found to cut")
	}
	quiet(t, m, 3*time.Second)
	if _, ok, err := nodes[0].Ping(t.Context(), nodes[1].Self()); !ok || err != nil {
		t.Errorf("ping after the cut: %v, %v", ok, err)
	}
}

// cutConnections shuts this process's connections to the ports down.
func cutConnections(t *testing.T, ports bus.PortRange) int {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		required.Missing(t, "no /proc/self/fd here")
	}
	cut := 0
	for _, link := range links {
		fd, err := strconv.Atoi(filepath.Base(link))
		if err != nil {
			t.Fatal(err)
		}
		if port := peerPort(fd); port >= ports.Min && port <= ports.Max {
			if err := unix.Shutdown(fd, unix.SHUT_RDWR); err == nil {
				cut++
			}
		}
	}
	return cut
}

// peerPort is the port that a socket is connected to, 0 for anything else.
func peerPort(fd int) int {
	peer, err := unix.Getpeername(fd)
	if err != nil {
		return 0
	}
	switch peer := peer.(type) {
	case *unix.SockaddrInet4:
		return peer.Port
	case *unix.SockaddrInet6:
		return peer.Port
	}
	return 0
}
