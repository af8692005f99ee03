//go:build !linux

package machine

import (
	"testing"

	"interconnectd/erlterm/required"
)

// Boot skips the test: there is no systemd but on Linux.
func Boot(t testing.TB, _ Options) *Machine {
	t.Helper()
	required.Missing(t, "a machine needs Linux")
	return nil
}
