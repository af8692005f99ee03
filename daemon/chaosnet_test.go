package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"interconnectd/erlterm/required"
)

// TestChaosNetwork has a nats-server and daemons in network namespaces of their
// own, joined by a bridge on a network that exists nowhere else. Daemons are cut
// off, in both directions or one, lose 5 % of their packets, get a slow line; one
// in four reaches the server with a delay; one ends and starts now and then.
func TestChaosNetwork(t *testing.T) {
	together(t)
	required.Programs(t, "nft", "tc", "nats-server")
	l := newLAN(t, *chaosNodes)
	l.addFilter()
	server := l.startServer()
	l.startRelay()
	c := newChaos(t, externalRules())
	// A connection of NATS that was cut is made anew some seconds later.
	c.rules.connect += 10 * time.Second
	c.rules.death += time.Second // a packet may be lost twice
	c.onServer(server)
	delayed := c.site.settings + ".delayed"
	text, err := os.ReadFile(c.site.settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(delayed, []byte(strings.ReplaceAll(string(text), serverPort, relayPort)), 0o600); err != nil {
		t.Fatal(err)
	}
	c.command = func(node string, args []string) *exec.Cmd {
		i := l.index(node)
		if i%4 == 3 {
			args = append([]string{"-settings", delayed}, args[2:]...)
		}
		return exec.Command("ip", append([]string{"netns", "exec", l.host(i), "interconnectd"}, args...)...)
	}
	c.actions = l.actions()
	c.run()
}

const (
	serverPort = "4222"
	relayPort  = "4223"
	relayDelay = 60 * time.Millisecond // each way
)

// addFilter puts a filter between the server and the bridge.
func (l *lan) addFilter() {
	l.t.Helper()
	l.nft("add table ip chaos",
		"add chain ip chaos from { type filter hook input priority 0; }",
		"add chain ip chaos to { type filter hook output priority 0; }")
	for i := range l.nodes {
		// A chain for each node and direction, empty while all is well.
		for chain, side := range map[string]string{"from": "saddr", "to": "daddr"} {
			l.nft("add chain ip chaos "+l.chain(chain, i),
				fmt.Sprintf("add rule ip chaos %s ip %s %s jump %s", chain, side, l.addr(i), l.chain(chain, i)))
		}
	}
}

func (l *lan) chain(direction string, i int) string { return fmt.Sprintf("%s%d", direction, i) }

// nft changes the filter between the server and the bridge.
func (l *lan) nft(lines ...string) {
	l.t.Helper()
	cmd := exec.Command("ip", "netns", "exec", l.name, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		l.t.Fatalf("nft: %v: %s\n%s", err, out, strings.Join(lines, "\n"))
	}
}

// index is the number of a node by its name, n07.
func (l *lan) index(node string) (i int) {
	_, _ = fmt.Sscanf(node, "n%d", &i)
	return i
}

func (l *lan) startServer() (url string) {
	l.t.Helper()
	l.inside(serverPort, "nats-server", "-a", lanNet+"1", "-p", serverPort)
	return "nats://" + lanNet + "1:" + serverPort
}

// startRelay starts what makes a line long: this kernel may have no netem.
func (l *lan) startRelay() {
	l.t.Helper()
	l.inside(relayPort, "relay", lanNet+"1:"+relayPort, lanNet+"1:"+serverPort, relayDelay.String())
}

// actions are what can happen to a line, and a little of what can to a process.
func (l *lan) actions() []action {
	cut := func(least, most time.Duration, chains ...string) func(*chaos) {
		return func(c *chaos) { l.cut(c, c.pick(), c.upTo(least, most), chains) }
	}
	return []action{
		{2, cut(100*time.Millisecond, 700*time.Millisecond, "from", "to")},
		{2, cut(4*chaosTimeout, 5*chaosTimeout, "from", "to")},
		{1, cut(4*chaosTimeout, 5*chaosTimeout, "from")},
		{1, cut(4*chaosTimeout, 5*chaosTimeout, "to")},
		{3, func(c *chaos) { l.lose(c, c.pick(), c.upTo(time.Second, 3*chaosTimeout)) }},
		{2, func(c *chaos) { l.slow(c, c.pick(), c.upTo(time.Second, 3*chaosTimeout)) }},
		{2, func(c *chaos) { c.end(c.pick(), syscall.SIGKILL) }},
		{1, func(c *chaos) { c.end(c.pick(), syscall.SIGTERM) }},
	}
}

// cut cuts a node off for a while, in one direction or both.
func (l *lan) cut(c *chaos, node string, d time.Duration, directions []string) {
	if node == "" {
		return
	}
	c.note("cut %s (%s the server) for %v", node, strings.Join(directions, " and "), d.Round(time.Millisecond))
	over := c.silence(node, silence{what: "cut off", least: 1200 * time.Millisecond, grace: 5*time.Second + slack()})
	l.filter(node, "drop", directions)
	c.begun(node)
	c.in(d, func() {
		l.filter(node, "", directions)
		c.note("heal %s", node)
		over()
	})
}

// filter gives a node's chains one rule, or none.
func (l *lan) filter(node, rule string, directions []string) {
	for _, direction := range directions {
		chain := l.chain(direction, l.index(node))
		lines := []string{"flush chain ip chaos " + chain}
		if rule != "" {
			lines = append(lines, fmt.Sprintf("add rule ip chaos %s %s", chain, rule))
		}
		l.nft(lines...)
	}
}

// lose loses 5 % of a node's packets, in both directions, for a while: that
// takes nobody down.
func (l *lan) lose(c *chaos, node string, d time.Duration) {
	if node == "" {
		return
	}
	c.note("lose 5 %% of %s for %v", node, d.Round(time.Millisecond))
	c.silent[node] = true // nothing else happens to it
	from, both := time.Now(), []string{"from", "to"}
	l.filter(node, "numgen random mod 100 < 5 drop", both)
	c.in(d, func() {
		l.filter(node, "", both)
		c.note("%s loses nothing", node)
		c.rest(node, from)
	})
}

// slow gives a node a line of 256 kbit/s for a while: that takes nobody down.
func (l *lan) slow(c *chaos, node string, d time.Duration) {
	if node == "" {
		return
	}
	c.note("slow %s for %v", node, d.Round(time.Millisecond))
	c.silent[node] = true
	from := time.Now()
	port := l.port(l.index(node))
	l.do("tc", "-n", l.name, "qdisc", "add", "dev", port, "root", "tbf", "rate", "256kbit", "burst", "16kb", "latency", "400ms")
	c.in(d, func() {
		l.do("tc", "-n", l.name, "qdisc", "del", "dev", port, "root")
		c.note("%s is fast again", node)
		c.rest(node, from)
	})
}
