// Package required says what a test needs of the machine that it runs on, such as
// an Erlang. A test without it is skipped, with the reason; where
// INTERCONNECT_REQUIRE_ALL is set it fails instead, so that nothing is skipped
// where all is installed.
package required

import (
	"os"
	"os/exec"
	"testing"
)

// Programs are in the PATH.
func Programs(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			Missing(t, err.Error())
		}
	}
}

// Missing ends the test for want of something.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("INTERCONNECT_REQUIRE_ALL") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
