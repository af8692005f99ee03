package erldist

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/epmd"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/beamtest"
	"interconnectd/syncnodes/logtest"
)

// TestStoppedNode dials a node that is there, and does nothing.
func TestStoppedNode(t *testing.T) {
	w := beamtest.NewWorld(t)
	e := listen(t, testConfig("g@127.0.0.1", w.EPMD()))
	b := w.Start(t, beamtest.Node{Name: "b@127.0.0.1", Cookie: testCookie})
	b.Stop(t)
	e.SetSetupTime(time.Second)
	e.Dial("b@127.0.0.1")
	if failed := next[DialFailed](t, e); failed.Reason != TimedOut {
		t.Errorf("failed: %+v", failed)
	}
	b.Cont(t)
	e.SetSetupTime(7 * time.Second)
	e.Dial("b@127.0.0.1")
	next[Arrived](t, e)
}

// TestNameTaken has another node take the name while the port mapper is gone.
func TestNameTaken(t *testing.T) {
	w := beamtest.NewWorld(t)
	var log logtest.Buffer
	cfg := testConfig("g@127.0.0.1", w.EPMD())
	cfg.Logger = hclog.New(&hclog.LoggerOptions{Output: &log})
	e := listen(t, cfg)
	w.StopEPMD()
	bustest.Eventually(t, "it has seen that", func() bool { return strings.Contains(log.String(), "the port mapper has ended") })
	w.StartEPMD(t)
	other, err := epmd.Register(t.Context(), w.EPMD(), epmd.Node{Name: "g", Port: 1, Type: epmd.Hidden, Highest: 6, Lowest: 6})
	if err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "it complains", func() bool {
		return strings.Contains(log.String(), "[ERROR] Erlang nodes find another one of our name")
	})
	other.Close()
	bustest.Eventually(t, "it has the name again", func() bool {
		node, err := epmd.Lookup(t.Context(), w.EPMD(), "g")
		return err == nil && node.Port == e.Addr().Port()
	})
	if n := strings.Count(log.String(), "[ERROR]"); n != 1 {
		t.Errorf("it complains %d times:\n%s", n, log.String())
	}
}

// TestHangingPortMapper has one that takes connections and says nothing.
func TestHangingPortMapper(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	began := time.Now()
	listen(t, testConfig("g@127.0.0.1", silent.Addr().String()))
	if took := time.Since(began); took < registerWithin || took > 4*registerWithin {
		t.Errorf("it listens after %s, want %s", took, registerWithin)
	}
}

// TestUnfitIsTold has nodes that cannot connect with us: each is told, and logged once.
func TestUnfitIsTold(t *testing.T) {
	var log logtest.Buffer
	w := newFakeWorld(t, "a@127.0.0.1", func(cfg *Config) {
		cfg.Logger = hclog.New(&hclog.LoggerOptions{Output: &log})
	})
	for range 3 {
		p := w.dials(peerName)
		m := p.hs.nameMessage(nil)
		m[1+8-3] &^= 1 // UTF8_ATOMS
		m[1+8-4] &^= 4 // MANDATORY_25_DIGEST
		p.send(string(m))
		p.says("snot_allowed")
		p.says("")
	}
	w.enters("sok")
	const want = "a node was not let in: "
	if got := log.String(); strings.Count(got, want) != 1 || !strings.Contains(got, "it lacks UTF8_ATOMS") {
		t.Errorf("it logs:\n%s", got)
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := testConfig("a@127.0.0.1", newFakeEPMD(t).addr)
	cfg.Listen = netip.MustParseAddrPort(l.Addr().String())
	if _, err := Listen(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "listening for Erlang nodes") {
		t.Errorf("on a port in use: %v", err)
	}
}

// TestNameTakenByUs has a port mapper that hung, and so knows of a registration of ours that
// we gave up: it is told of nobody else.
func TestNameTakenByUs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var mapper sync.WaitGroup
	defer mapper.Wait()
	mapper.Go(func() {
		for _, answer := range []string{"", "\x76\x01\x00\x00\x00\x00", "\x76\x00\x00\x00\x00\x07"} {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			if _, err := conn.Read(make([]byte, 1<<10)); err != nil {
				return
			}
			if _, err := conn.Write([]byte(answer)); err != nil || answer == "" {
				conn.Close()
			}
		}
		_, _ = l.Accept() // until it is closed
	})
	var log logtest.Buffer
	cfg := testConfig("g@127.0.0.1", l.Addr().String())
	cfg.Logger = hclog.New(&hclog.LoggerOptions{Output: &log})
	listen(t, cfg)
	bustest.Eventually(t, "it is registered", func() bool { return strings.Contains(log.String(), "registered with the port mapper") })
	if strings.Contains(log.String(), "another one of our name") {
		t.Errorf("it complains:\n%s", log.String())
	}
	l.Close()
}
