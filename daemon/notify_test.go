package main

import (
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// systemd hears how the sync goes, that the daemon is ready once it is over, of
// each reload after that, and that it stops.
func TestNotify(t *testing.T) {
	tr := newTrio(t)
	path, next := notifySocket(t, tr.dir)
	awaitNote := func(want string) {
		t.Helper()
		for got := next(); got != want; got = next() {
			if !strings.HasPrefix(got, "STATUS=") {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}

	tr.site.env = append(slices.DeleteFunc(tr.site.env, func(v string) bool { return strings.HasPrefix(v, "NOTIFY_SOCKET=") }), "NOTIFY_SOCKET="+path)
	tr.start("a")
	awaitNote("STATUS=syncing: 0 of 2 nodes up, waiting for b@127.0.0.1, c@127.0.0.1")
	// A reload during the sync is not told: READY would be a lie.
	if err := tr.running["a"].signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	tr.await("a", `reload: nothing differs`, 1)
	tr.site.env[len(tr.site.env)-1] = "NOTIFY_SOCKET="
	tr.start("b")
	awaitNote("STATUS=syncing: 1 of 2 nodes up, waiting for c@127.0.0.1")
	tr.start("c")
	awaitNote("READY=1")
	if err := tr.running["a"].signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	got := next()
	for strings.HasPrefix(got, "STATUS=") { // of the sync that is over
		got = next()
	}
	if !regexp.MustCompile(`^RELOADING=1\nMONOTONIC_USEC=[0-9]+\n?$`).MatchString(got) {
		t.Fatalf("got %q, want RELOADING=1 with the time", got)
	}
	awaitNote("READY=1")
	if err := tr.running["c"].signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitNote("STATUS=1 of 2 nodes up, missing c@127.0.0.1")
	if err := tr.running["a"].signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitNote("STOPPING=1")
}

// Systemd's watchdog is fed during the sync and after it, and told nothing where the
// wish is another process's.
func TestWatchdog(t *testing.T) {
	tr := newTrio(t)
	path, next := notifySocket(t, tr.dir)
	tr.site.env = append(tr.site.env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=300000")
	tr.start("a")
	count := 0
	for count < 5 {
		if note := next(); note == "WATCHDOG=1" {
			count++
		} else if !strings.HasPrefix(note, "STATUS=syncing") {
			t.Fatalf("got %q during the sync", note)
		}
	}
	quiet := slices.Clone(tr.site.env)
	tr.site.env = append(tr.site.env, "NOTIFY_SOCKET=")
	tr.start("b")
	tr.start("c")
	for next() != "READY=1" {
	}
	for next() != "WATCHDOG=1" {
	}
	if err := tr.running["a"].signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for next() != "STOPPING=1" {
	}
	if how, err := tr.running["a"].wait(); err != nil || how != "exit status 0" {
		t.Fatal(how, err)
	}

	path, next = notifySocket(t, t.TempDir())
	tr.site.env = append(quiet, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=1000", "WATCHDOG_PID=1")
	tr.start("a")
	for note := next(); note != "READY=1"; note = next() {
		if !strings.HasPrefix(note, "STATUS=") {
			t.Fatalf("got %q, with a watchdog for process 1", note)
		}
	}
}

// notifySocket is a socket in dir that stands for systemd's, and what gives the next
// note that comes there.
func notifySocket(t *testing.T, dir string) (path string, next func() string) {
	t.Helper()
	path = filepath.Join(dir, "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return path, func() string {
		t.Helper()
		if err := socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		buffer := make([]byte, 4096)
		n, err := socket.Read(buffer)
		if err != nil {
			t.Fatalf("waiting for a notification: %v", err)
		}
		return string(buffer[:n])
	}
}
