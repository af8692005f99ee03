package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/erlterm/required"
)

// TestCapture records all packets of a host while nodes shake hands and call each
// other, two over its loopback and two over the network. Neither the cookie nor a
// term of a call is among them; the names of the former two are, which nobody
// hides, and show that the recording is one.
func TestCapture(t *testing.T) {
	t.Parallel()
	required.Programs(t, "tcpdump")
	h := newHosts(t, 2)
	file := filepath.Join(h.dir, "packets.pcap")
	dump := exec.Command("ip", "netns", "exec", h.host(0), "tcpdump", "-i", "any", "--immediate-mode", "-B", "16384", "-U", "-w", file, "-Z", "root")
	var said bytes.Buffer
	dump.Stderr = &said
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = dump.Process.Kill() // it may be gone
		_ = dump.Wait()
	})
	recorded := func() []byte {
		packets, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return packets
	}
	for until := time.Now().Add(patience); len(recorded()) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("nothing is recorded: %s", said.String())
		}
	}

	near := []string{"near@127.0.0.1", "nearer@127.0.0.1"}
	far := []string{h.at("far", 0), h.at("farther", 1)}
	h.start(0, near[0], "-config", h.sync(near...))
	h.start(0, near[1], "-config", h.sync(near...))
	h.start(0, far[0], "-config", h.sync(far...))
	h.start(1, far[1], "-config", h.sync(far...))
	h.meet(near...)
	h.meet(far...)
	const term = "{marker_of_a_call,<<\"and its text\">>}"
	for _, pair := range [][]string{near, far} {
		_, err := h.client(0, pair[0]).Call(t.Context(), control.Call{
			Process: "PingPong", Node: nodeid.Name(pair[1]), Request: term, Timeout: control.Duration(patience),
		})
		if err == nil {
			t.Error("PingPong answers what it does not know")
		}
	}
	after := len(recorded())
	for until := time.Now().Add(patience); len(recorded()) < after+4<<10; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) { // what is said each 250 ms comes after it
			t.Fatalf("nothing more is recorded after %d bytes: %s", after, said.String())
		}
	}
	if err := dump.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = dump.Wait()
	packets := recorded()
	for _, secret := range []string{hostsCookie, "marker_of_a_call", "and its text", "PingPong"} {
		if bytes.Contains(packets, []byte(secret)) {
			t.Errorf("%q stands in the packets", secret)
		}
	}
	if !bytes.Contains(packets, []byte("near@127")) {
		t.Errorf("%d bytes of packets do not have the name of a node: the recording is none", len(packets))
	}
	if bytes.Contains(packets, []byte("farther@")) {
		t.Error("the name of another host's node stands in the packets, which are to be TLS")
	}
	t.Logf("%d bytes of packets: %s", len(packets), bytes.TrimSpace(said.Bytes()))
}
