package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
)

const hostsCookie = "the-cookie-of-these-hosts"

// hosts are namespaces that stand for hosts, each with two addresses, and the
// daemons there, which have the default ports.
type hosts struct {
	*lan
	dir     string
	sites   []*site
	running map[string]*process // by node
	starts  int
}

func newHosts(t *testing.T, n int) *hosts {
	t.Helper()
	h := &hosts{lan: newLAN(t, n), dir: t.TempDir(), running: map[string]*process{}}
	for i := range n {
		s, err := makeSite(filepath.Join(h.dir, fmt.Sprintf("host%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		h.sites = append(h.sites, s)
	}
	t.Cleanup(func() {
		for _, p := range h.running {
			p.kill()
		}
	})
	return h
}

// at is the name of a node on a host's first address.
func (h *hosts) at(alive string, host int) string { return alive + "@" + h.addr(host) }

// sync is a sys.config that names nodes.
func (h *hosts) sync(nodes ...string) (file string) {
	h.t.Helper()
	h.starts++
	file = filepath.Join(h.dir, fmt.Sprintf("sys%d.config", h.starts))
	text := fmt.Sprintf("[{kernel, [{sync_nodes_optional, ['%s']}, {sync_nodes_timeout, 30000}]}].\n", strings.Join(nodes, "', '"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return file
}

// start starts a node on a host.
func (h *hosts) start(host int, node string, args ...string) {
	h.t.Helper()
	h.starts++
	args = append([]string{"netns", "exec", h.host(host), "interconnectd", "-name", node}, args...)
	if !slices.Contains(args, "-setcookie") {
		args = append(args, "-setcookie", hostsCookie)
	}
	logFile := filepath.Join(h.dir, fmt.Sprintf("%s-%d.log", node, h.starts))
	p, err := startCommand(exec.Command("ip", args...), append(h.sites[host].env, "PATH="+os.Getenv("PATH")), h.dir, logFile)
	if err != nil {
		h.t.Fatal(err)
	}
	h.running[node] = p
}

func (h *hosts) kill(nodes ...string) {
	h.t.Helper()
	for _, node := range nodes {
		if err := h.running[node].signal(syscall.SIGKILL); err != nil {
			h.t.Fatal(err)
		}
		<-h.running[node].ended
		delete(h.running, node)
	}
}

// await waits for a line in a node's log.
func (h *hosts) await(node, pattern string) string {
	h.t.Helper()
	lines := h.running[node].mustAwait(h.t, node, pattern, 1)
	return lines[len(lines)-1]
}

// again waits until a node has told of another's nodeup twice, and gives the second
// line.
func (h *hosts) again(node, other string) string {
	h.t.Helper()
	return h.running[node].mustAwait(h.t, node, regexp.QuoteMeta("--- Node up: "+other+":"), 2)[1]
}

// meet waits until all nodes see each other.
func (h *hosts) meet(nodes ...string) {
	h.t.Helper()
	for _, node := range nodes {
		for _, other := range nodes {
			if other != node {
				h.await(node, regexp.QuoteMeta("--- Node up: "+other+":"))
			}
		}
	}
}

// sees compares the nodes that a node is connected with.
func (h *hosts) sees(host int, node string, want ...string) {
	h.t.Helper()
	got, err := h.client(host, node).Nodes(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	var names []string
	for _, n := range got {
		names = append(names, string(n))
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		h.t.Errorf("%s sees %q, want %q", node, names, want)
	}
}

func (h *hosts) client(host int, node string) *control.Client {
	h.t.Helper()
	return h.sites[host].client(h.t, nodeid.Name(node))
}

// TestHosts: daemons of three hosts, two of which go by the other address of their
// host, meet with nothing but the cookie and a list, and see a kill as soon as those
// of one host do.
func TestHosts(t *testing.T) {
	t.Parallel()
	h := newHosts(t, 3)
	a, b, c := h.at("a", 0), h.at("b", 1), h.at("c", 2)
	a2, b2 := "a2@"+h.secondAddr(0), "b2@"+h.secondAddr(1)
	list := h.sync(a, b, c, a2)
	all := []string{a, b, c, a2, b2}
	h.start(0, a, "-config", list)
	h.start(1, b, "-config", list)
	h.start(2, c, "-config", list)
	h.start(0, a2, "-config", list)
	h.start(1, b2, "-config", list)
	h.meet(all...)
	h.sees(1, b2, a, b, c, a2)

	time.Sleep(chaosTimeout / 10) // a bus that is younger than one window judges later
	killed := time.Now()
	h.kill(b2)
	for _, node := range []string{a, b, c, a2} {
		line := h.await(node, regexp.QuoteMeta("--- Node down: "+b2+": type=visible reason=connection_closed detail=crashed"))
		if took := loggedAt(t, line).Sub(killed); took > bounds().down {
			t.Errorf("%s tells of it after %v, want %v at most", node, took, bounds().down)
		} else {
			t.Logf("%s tells of a kill after %v", node, took.Round(time.Millisecond))
		}
	}

	// Erlang's connection goes to the host of the name, though no list has it.
	lone := h.at("lone", 2)
	h.start(2, lone)
	h.await(lone, "ready")
	other := "other@" + h.secondAddr(1)
	h.start(1, other, "-kernel", "connect_all", "false", "inet_dist_use_interface", "{"+strings.ReplaceAll(h.secondAddr(1), ".", ",")+"}")
	h.await(other, "ready")
	if ok, err := h.client(2, lone).Connect(t.Context(), nodeid.Name(other)); err != nil || !ok {
		t.Errorf("connect %s: %v, %v", other, ok, err)
	}
	if ok, err := h.client(2, lone).Connect(t.Context(), nodeid.Name(h.at("nobody", 0))); err != nil || ok {
		t.Errorf("connect a name that nobody has: %v, %v", ok, err)
	}
	for _, node := range []string{a, b, c, a2} {
		for _, line := range h.running[node].lines(regexp.MustCompile(`--- Node down`)) {
			if !strings.Contains(line, b2) {
				t.Errorf("%s: %s", node, line)
			}
		}
	}
}

// TestHostsCookies: another host with another cookie is refused at the route, on
// both sides in words; on one host such daemons share the mesh, and neither they nor
// another cluster see each other.
func TestHostsCookies(t *testing.T) {
	t.Parallel()
	h := newHosts(t, 2)
	const otherCookie = "another-cookie-for-some"
	list := h.sync(h.at("a", 0), h.at("b", 1), h.at("x", 0), h.at("y", 1), h.at("w", 0), h.at("v", 1))
	west := filepath.Join(h.dir, "west.yaml")
	if err := os.WriteFile(west, []byte("bus: {cluster: west}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.start(0, h.at("a", 0), "-config", list)
	h.start(0, h.at("x", 0), "-config", list, "-setcookie", otherCookie)
	h.start(0, h.at("w", 0), "-config", list, "-settings", west)
	h.await(h.at("a", 0), regexp.QuoteMeta("Connection attempt from node "+h.at("x", 0)+" rejected. Invalid challenge reply."))
	h.await(h.at("x", 0), regexp.QuoteMeta(h.at("a", 0)+" refused us: our cookies differ"))

	// A host that has the other cookie alone.
	h.start(1, h.at("y", 1), "-config", list, "-setcookie", otherCookie)
	h.meet(h.at("x", 0), h.at("y", 1))
	h.await(h.at("a", 0), regexp.QuoteMeta("Connection attempt from "+h.addr(1)+" rejected. Invalid challenge reply."))
	h.await(h.at("y", 1), regexp.QuoteMeta(h.addr(0)+":")+`\d+ refused us: our cookies differ`)
	h.start(1, h.at("v", 1), "-config", list, "-settings", west)
	h.meet(h.at("w", 0), h.at("v", 1))
	h.start(1, h.at("b", 1), "-config", list)
	h.meet(h.at("a", 0), h.at("b", 1))
	for host, pairs := range []map[string]string{{"a": "b", "x": "y", "w": "v"}, {"b": "a", "y": "x", "v": "w"}} {
		for alive, other := range pairs {
			h.sees(host, h.at(alive, host), h.at(other, 1-host))
		}
	}

	// A new cookie for a node does nothing to its routes, and lets it into others.
	if err := h.client(1, h.at("y", 1)).SetCookie(t.Context(), hostsCookie, ""); err != nil {
		t.Fatal(err)
	}
	if ok, err := h.client(1, h.at("y", 1)).Connect(t.Context(), nodeid.Name(h.at("a", 0))); err != nil || !ok {
		t.Errorf("with a's cookie y connects: %v, %v", ok, err)
	}
	for _, alive := range []string{"a", "x", "w"} {
		for _, line := range h.running[h.at(alive, 0)].lines(regexp.MustCompile(`--- Node down`)) {
			t.Errorf("%s: %s", alive, line)
		}
	}
}

// TestHostsSecret: with bus.routes_secret_file the routes take nothing else, and a
// place in bus.routes is as good as a list.
func TestHostsSecret(t *testing.T) {
	t.Parallel()
	h := newHosts(t, 2)
	settings := func(host int, text string) string {
		file := filepath.Join(h.dir, fmt.Sprintf("host%d.yaml", host))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	secret := filepath.Join(h.dir, "secret")
	if err := os.WriteFile(secret, []byte("the-secret-of-these-routes\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	h.start(0, h.at("a", 0), "-settings", settings(0, "bus: {routes_secret_file: "+secret+"}\n"))
	h.start(1, h.at("b", 1), "-settings", settings(1, "bus: {routes_secret_file: "+secret+", routes: ['"+h.addr(0)+":4370']}\n"))
	h.await(h.at("b", 1), "ready")
	if ok, err := h.client(1, h.at("b", 1)).Connect(t.Context(), nodeid.Name(h.at("a", 0))); err != nil || !ok {
		t.Errorf("b connects a: %v, %v", ok, err)
	}
	c := "c@" + h.secondAddr(1) // with the cookie alone
	h.start(1, c, "-config", h.sync(h.at("a", 0)))
	h.await(h.at("a", 0), regexp.QuoteMeta("Connection attempt from "+h.addr(1)+" rejected. Invalid challenge reply."))
}

// TestHostsHeal: a cable is cut, those who hold the ports that everybody dials are
// killed on both sides meanwhile, and the others, who know each other by gossip alone,
// meet again when it is back.
func TestHostsHeal(t *testing.T) {
	t.Parallel()
	h := newHosts(t, 2)
	var all []string
	for i := range 12 {
		all = append(all, h.at(fmt.Sprintf("n%d", i/2), i%2))
	}
	list := h.sync(all[:2]...)
	for i, node := range all {
		h.start(i%2, node, "-config", list)
		h.await(node, "syncing") // and has its port
	}
	h.meet(all...)
	h.ip("-n", h.name, "link", "set", h.port(1), "down")
	for _, node := range all {
		other := "n5@" + h.addr(0)
		if strings.HasSuffix(node, h.addr(0)) {
			other = "n5@" + h.addr(1)
		}
		h.await(node, regexp.QuoteMeta("--- Node down: "+other+":"))
	}
	h.kill(all[:8]...)
	time.Sleep(4 * time.Second) // the routes are given up, and all that NATS does about them is tried
	h.ip("-n", h.name, "link", "set", h.port(1), "up")
	back := time.Now()
	for _, node := range all[8:] {
		for _, other := range all[8:] {
			if strings.HasSuffix(node, h.addr(0)) == strings.HasSuffix(other, h.addr(0)) {
				continue
			}
			t.Logf("%s sees %s again after %v", node, other, loggedAt(t, h.again(node, other)).Sub(back).Round(time.Millisecond))
		}
	}
}

// TestHostsCutOff: a host whose own cable is out takes nobody down for it, and says
// what it is; the others take its daemon down. A daemon of its own that is killed
// meanwhile is told. With one other host alone nothing can tell which of the two is
// cut off, and both judge.
func TestHostsCutOff(t *testing.T) {
	t.Parallel()
	h := newHosts(t, 3)
	nodes := []string{h.at("a", 0), h.at("b", 1), h.at("c", 2), "a2@" + h.secondAddr(0)}
	a, b, c, a2 := nodes[0], nodes[1], nodes[2], nodes[3]
	list := h.sync(nodes...)
	for i, node := range nodes {
		h.start(i%3, node, "-config", list)
	}
	h.meet(nodes...)
	time.Sleep(chaosTimeout / 10) // who is young judges later
	cut := time.Now()
	h.ip("-n", h.name, "link", "set", h.port(0), "down")
	lost := h.await(a, `bus lost: error="no other host answers: this one is cut off"`)
	t.Logf("a says that it is cut off after %v", loggedAt(t, lost).Sub(cut).Round(time.Millisecond))
	for _, node := range []string{b, c} {
		h.await(node, regexp.QuoteMeta("--- Node down: "+a+":"))
		h.await(node, regexp.QuoteMeta("--- Node down: "+a2+":"))
	}
	h.sees(0, a, b, c, a2)
	h.kill(a2)
	h.await(a, regexp.QuoteMeta("--- Node down: "+a2+": type=visible reason=connection_closed detail=crashed"))
	time.Sleep(chaosTimeout) // and no timeout ends it
	h.sees(0, a, b, c)
	h.ip("-n", h.name, "link", "set", h.port(0), "up")
	back := time.Now()
	line := h.await(a, "bus back")
	t.Logf("a says that it is back after %v", loggedAt(t, line).Sub(back).Round(time.Millisecond))
	for _, node := range []string{b, c} {
		t.Logf("%s sees a again after %v", node, loggedAt(t, h.again(node, a)).Sub(back).Round(time.Millisecond))
		for _, line := range h.running[node].lines(regexp.MustCompile("bus lost|--- Node down: [bc]@")) {
			t.Errorf("%s: %s", node, line)
		}
	}
	for _, line := range h.running[a].lines(regexp.MustCompile(`--- Node down: [bc]@`)) {
		// Which it hears when it is back, by a word or by a dial of theirs.
		if !strings.Contains(line, "declared down by peer") && !strings.Contains(line, "link replaced") {
			t.Errorf("a: %s", line)
		}
	}

	h.kill(c)
	h.await(a, regexp.QuoteMeta("--- Node down: "+c+": type=visible reason=connection_closed detail=crashed"))
	h.meetAgain(a, b)
	h.ip("-n", h.name, "link", "set", h.port(0), "down")
	for node, other := range map[string]string{a: b, b: a} {
		h.await(node, regexp.QuoteMeta("--- Node down: "+other+": type=visible reason=net_tick_timeout"))
	}
	h.ip("-n", h.name, "link", "set", h.port(0), "up")
}

// meetAgain waits until two nodes see each other now.
func (h *hosts) meetAgain(a, b string) {
	h.t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ofA, errA := h.client(0, a).Nodes(h.t.Context())
		ofB, errB := h.client(1, b).Nodes(h.t.Context())
		if errA == nil && errB == nil && slices.Contains(ofA, nodeid.Name(b)) && slices.Contains(ofB, nodeid.Name(a)) {
			return
		}
		if time.Now().After(until) {
			h.t.Fatalf("%s sees %q (%v), %s %q (%v)", a, ofA, errA, b, ofB, errB)
		}
	}
}
