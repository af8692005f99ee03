package bus

import (
	"net"
	"testing"
)

// TestFoundBefore: who has got the lowest port dials a server of his cluster, and no
// stranger.
func TestFoundBefore(t *testing.T) {
	t.Parallel()
	ports := freePorts(4)
	cfg := testConfig(t, "a@127.0.0.1", ports)
	silent, err := net.Listen("tcp", hostPort(loopback, ports.Min+1))
	if err != nil {
		t.Skip("somebody took the port")
	}
	defer silent.Close()
	find := func() int { return foundBefore(cfg, placeOf(cfg), ports.Min) }
	if got := find(); got != 0 {
		t.Errorf("port %d, where nobody is but one who is silent", got)
	}
	other := testConfig(t, "b@127.0.0.1", PortRange{Min: ports.Min + 2, Max: ports.Min + 2})
	other.Cluster = "other"
	open(t, other)
	if got := find(); got != 0 {
		t.Errorf("port %d, where another cluster is", got)
	}
	open(t, testConfig(t, "c@127.0.0.1", PortRange{Min: ports.Max, Max: ports.Max}))
	if got := find(); got != ports.Max {
		t.Errorf("port %d, want %d, where one of the cluster is", got, ports.Max)
	}
	if got := foundBefore(cfg, placeOf(cfg), ports.Min+1); got != 0 {
		t.Errorf("port %d for one who has not got the lowest, and dials that", got)
	}
}
