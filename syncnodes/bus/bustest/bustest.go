// Package bustest gives tests what they need of a real bus: free ports,
// nats-server processes that can be killed and started again, and patience.
package bustest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"interconnectd/erlterm/required"
)

// startsWithin bounds the start of a nats-server: long, for a machine under
// load.
const startsWithin = 20 * time.Second

// nextPort is where FreePorts looks next: below the ports that the system gives
// to outgoing connections, which cannot be listened on for a while after those
// have ended; and elsewhere in each process, since packages are tested at the
// same time.
var nextPort atomic.Int64

func init() { nextPort.Store(int64(os.Getpid()) * 97) }

// FreePorts finds n free ports in a row on loopback and gives the first; a
// process gets none twice. It panics where there are none.
func FreePorts(n int) int {
	const lowest, highest = 10000, 32000
	for range 1000 {
		first := lowest + int((nextPort.Add(int64(n))-int64(n))%(highest-lowest-64))
		if allFree(first, n) {
			return first
		}
	}
	panic(fmt.Sprintf("no %d free ports in a row", n))
}

func allFree(first, n int) bool {
	for port := first; port < first+n; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

// AdvisoryConfig is a nats-server's configuration with a system account, and an
// account for whoever comes that imports the system's disconnect advisories.
const AdvisoryConfig = `
accounts {
  SYS {
    users: [{user: sys, password: sys}]
    exports: [{stream: "$SYS.ACCOUNT.*.DISCONNECT"}]
  }
  APP {
    users: [{user: app, password: app}]
    imports: [{stream: {account: SYS, subject: "$SYS.ACCOUNT.APP.DISCONNECT"}}]
  }
}
system_account: SYS
no_auth_user: app
`

// Server is a nats-server process on a port of its own.
type Server struct {
	port int
	args []string
	cmd  *exec.Cmd
}

// NewServer chooses a port for a nats-server; nothing runs yet. The test skips
// where there is no nats-server.
func NewServer(t testing.TB, args ...string) *Server {
	t.Helper()
	required.Programs(t, "nats-server")
	return &Server{port: FreePorts(1), args: args}
}

// Addr is its host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is where clients find it.
func (s *Server) URL() string { return "nats://" + s.Addr() }

// Start runs the server until Kill or the end of the test, and returns when it
// listens.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	logged, err := os.Create(filepath.Join(t.TempDir(), "nats-server.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer logged.Close()
	cmd := exec.Command("nats-server", append([]string{"-a", "127.0.0.1", "-p", fmt.Sprint(s.port)}, s.args...)...)
	cmd.Stdout, cmd.Stderr = logged, logged
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.cmd = cmd
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone
		_ = cmd.Wait()
	})
	deadline := time.Now().Add(startsWithin)
	for {
		conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nats-server does not listen: %v", err)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// Kill ends the server as kill -9 does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.Signal(t, syscall.SIGKILL)
	_ = s.cmd.Wait() // by the signal
}

// Signal sends the server a signal.
func (s *Server) Signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// eventuallyWithin bounds what nothing announces: long, for a machine under load.
const eventuallyWithin = 20 * time.Second

// Eventually waits for a condition that nothing announces.
func Eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(eventuallyWithin)
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}
