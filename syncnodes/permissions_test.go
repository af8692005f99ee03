package syncnodes

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats.go"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/logtest"
)

const busPassword = "a-password-for-the-bus"

// The shipped configuration of a nats-server lets nodes do all that they need, in
// silence, and nothing else.
func TestShippedPermissions(t *testing.T) {
	t.Setenv("INTERCONNECT_PASSWORD", busPassword)
	server := bustest.NewServer(t, "-c", filepath.Join("..", "configs", "nats-server.conf"))
	server.Start(t)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(busPassword), 0o400); err != nil {
		t.Fatal(err)
	}
	var lines logtest.Buffer
	nodes := startAll(t, Options{
		Bus:    Bus{URLs: []string{server.URL()}, Auth: bus.Auth{User: "interconnect", PasswordFile: password}},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: &lines}),
	}, "a", "b", "c")
	m := watch(t, nodes[0], 2)
	if answer, err := nodes[0].Call(t.Context(), Address{PingPong, full("b")}, erlterm.Atom("ping")); err != nil || answer.String() != "pong" {
		t.Errorf("call: %v, %v", answer, err)
	}
	if names, err := nodes[0].Names(t.Context(), 200*time.Millisecond); err != nil || len(names) != 3 {
		t.Errorf("names: %v, %v", names, err)
	}
	nodes[2].Close()
	if e := next(t, m); e.Up || e.Reason != "shutdown" {
		t.Errorf("event %+v, want the goodbye of c", e)
	}
	if text := lines.String(); strings.Contains(strings.ToLower(text), "permission") || strings.Contains(text, "[ERROR]") || strings.Contains(text, "advisories for us") {
		t.Errorf("something was denied:\n%s", text)
	}
	checkDenied(t, server)
}

// checkDenied wants the server to deny what lies outside of the permissions.
func checkDenied(t *testing.T, server *bustest.Server) {
	t.Helper()
	denied := make(chan error, 16)
	nc, err := nats.Connect(server.URL(), nats.UserInfo("interconnect", busPassword),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	attempts := map[string]func() error{
		"Publish to \"elsewhere\"":      func() error { return nc.Publish("elsewhere", nil) },
		"interconnect.1.another.hello":  func() error { return nc.Publish("interconnect.1.another.hello", nil) },
		"Subscription to \">\"":         func() error { _, err := nc.Subscribe(">", func(*nats.Msg) {}); return err },
		"Publish to \"$SYS.ACCOUNT.X.D": func() error { return nc.Publish("$SYS.ACCOUNT.X.DISCONNECT", nil) },
	}
	for want, attempt := range attempts {
		if err := errors.Join(attempt(), nc.Flush()); err != nil && !errors.Is(err, nats.ErrPermissionViolation) {
			t.Fatal(err)
		}
		select {
		case err := <-denied:
			if !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), want) {
				t.Errorf("denied with %v, want %s in it", err, want)
			}
		case <-time.After(patience):
			t.Errorf("not denied: %s", want)
		}
	}
}
