package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/erldist/beamtest"
)

var chaosErlangFor = flag.Duration("chaos-erlang", 10*time.Second, "how long the chaos test with Erlang nodes disturbs them")

const (
	// registersWithin is when a node has found a port mapper again: erl_epmd of OTP looks
	// for it each two seconds, ours each second.
	registersWithin = 5 * time.Second
	// partsWithin is when both have seen that one of them has disconnected the other.
	partsWithin = 2 * time.Second
	// longStop is longer than the net_ticktime of all but those that have 60 seconds, and
	// a quarter of it more. In between one would give the other up as that goes on.
	longStop = 11 * time.Second
)

// idle is a daemon that calls nobody, and that nobody calls. It has 60 s, too, and probes each
// 15 s, so that nothing but its answers to ticks keeps those with 4 s.
const idle = "ours2"

// TestChaosErlang has daemons and nodes of Erlang in one cluster: killed, stopped, ended,
// disconnected, sent 50 MB, without a port mapper for a while; in the first half of the time
// no node of Erlang's ends, or hangs for long. All call each other all the time. What any
// of them tells of any other is held against what was done, and what they have at the end
// against what they had at the beginning. The first of each kind never ends. With -otp27 half
// of Erlang's nodes are of that release. These are its words:
//
//	go test ./daemon -run TestChaosErlang -args -chaos-erlang 10m -otp27 DIR
func TestChaosErlang(t *testing.T) {
	required.Programs(t, "erl", "epmd", "erlc")
	if *chaosErlangFor < time.Minute {
		t.Parallel()
	}
	newErlangChaos(t).run()
}

// erlangChaos is a chaos whose nodes are daemons, and some of Erlang's.
type erlangChaos struct {
	*chaos
	world *beamtest.World
	code  []byte                   // what each of Erlang's nodes runs
	root  map[string]string        // of the system of each of them
	ticks map[string]time.Duration // net_ticktime of each node
	asks  map[string]io.Writer     // the input of each daemon
	big   int                      // long messages under way

	away   bool      // there is no port mapper
	backAt time.Time // when there was one again
	wrongs []string  // found meanwhile

	prevents []time.Time // nil until preventions is asked

	starting sync.WaitGroup // and what sees the ends
	asking   sync.WaitGroup // nodes to do something
	mu       sync.Mutex     // guards what follows
	over     bool           // nodes that are about to start are not wanted any more
	beams    []*beam
	failed   []failedCall // of daemons
	answered int          // calls of daemons
}

func newErlangChaos(t *testing.T) *erlangChaos {
	m := &erlangChaos{
		chaos: newChaos(t, embeddedRules()), world: beamtest.NewWorld(t),
		root: map[string]string{}, asks: map[string]io.Writer{},
		// Of those with 60 s Erlang's others keep the connection by their calls.
		ticks: map[string]time.Duration{
			"ours0": chaosTimeout, "ours1": 6 * time.Second, idle: time.Minute,
			"beam0": time.Minute, "beam1": 4 * time.Second, "beam2": 8 * time.Second, "beam3": 4 * time.Second,
		},
	}
	t.Cleanup(m.killErlang)
	m.nodes = slices.Sorted(maps.Keys(m.ticks))
	releases := beamtest.Releases()
	for i, node := range m.ofErlang() {
		m.root[node] = releases[i*len(releases)/len(m.ofErlang())].Root
	}
	m.lasts, m.words = *chaosErlangFor, fmt.Sprintf("-chaos-erlang %v", *chaosErlangFor)
	m.startOther, m.command, m.rulesOf = m.startErlang, m.daemon, m.rulesFor
	m.compile()
	return m
}

// killErlang ends all of Erlang's nodes, those too that are about to start.
func (m *erlangChaos) killErlang() {
	m.mu.Lock()
	m.over = true
	beams := m.beams
	m.mu.Unlock()
	for _, b := range beams {
		b.Kill()
	}
	m.starting.Wait()
	m.asking.Wait()
}

func isErlang(node string) bool { return strings.HasPrefix(node, "beam") }

func (m *erlangChaos) ofErlang() (nodes []string) {
	return slices.DeleteFunc(slices.Clone(m.nodes), func(n string) bool { return !isErlang(n) })
}

// compile compiles what Erlang's nodes run; code of OTP 25 is taken by all later ones.
func (m *erlangChaos) compile() {
	m.t.Helper()
	out, err := exec.Command("erlc", "-o", m.dir, filepath.Join("testdata", "chaosnode.erl")).CombinedOutput()
	if err != nil {
		m.t.Fatalf("erlc: %v: %s", err, out)
	}
	if m.code, err = os.ReadFile(filepath.Join(m.dir, "chaosnode.beam")); err != nil {
		m.t.Fatal(err)
	}
}

// daemon is the command of a daemon of ours.
func (m *erlangChaos) daemon(node string, args []string) *exec.Cmd {
	if node != "ours0" { // which has the default
		args = append(args, "-kernel", "net_ticktime", fmt.Sprint(int(m.ticks[node].Seconds())))
	}
	if node == idle {
		args = append([]string{"-settings", m.idleSettings()}, args[2:]...)
	}
	cmd := exec.Command("counted", args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	m.asks[node] = in
	return cmd
}

// rulesFor are the rules of a pair. Erlang tells a silence of three quarters to five
// quarters of its net_ticktime, or what another node of Erlang's has told it of one.
func (m *erlangChaos) rulesFor(judge, other *life) rules {
	r := embeddedRules()
	r.timeout = m.ticks[alive(judge)]
	r.silent = r.timeout + 2750*time.Millisecond + slack()
	r.connection = isErlang(judge.node) || isErlang(other.node)
	r.reasons = r.connection
	if !isErlang(judge.node) {
		return r
	}
	r.silent = r.timeout*5/4 + slack()
	r.timeout = r.timeout * 3 / 4
	if isErlang(other.node) { // the shortest of them
		r.timeout, r.reasons, r.excused = 3*time.Second, false, m.prevented
	}
	return r
}

func alive(l *life) string { return nodeid.Name(l.node).Alive() }

// run is the whole test.
func (m *erlangChaos) run() {
	m.writeConfig()
	m.writeSettings()
	m.began = time.Now()
	for _, node := range m.nodes {
		m.start(node)
	}
	m.disturb(m.began) // Erlang's nodes take their time to start
	m.awaitFullView()
	m.t.Logf("seed %d: %d nodes see each other after %v", m.seed, len(m.nodes), time.Since(m.began).Round(time.Millisecond))
	m.wantPrevention()
	hangUp := m.talk()
	before := m.holdings()
	m.actions = m.toOurs()
	m.disturb(time.Now().Add(m.lasts / 2))
	m.awaitFullView()
	m.goOn(time.Now().Add(m.rules.timeout))
	wrong := m.wrongNames(false)
	m.actions = append(m.actions, m.toErlang()...)
	m.disturb(time.Now().Add(m.lasts / 2))
	m.awaitFullView()
	m.goOn(time.Now().Add(m.rules.timeout)) // what is wrong shows within it
	wrong = append(append(wrong, m.wrongs...), m.wrongNames(true)...)
	wrong = append(wrong, before.grown(m.t, m.holdings())...)
	hangUp()
	wrong = append(wrong, m.wrong()...)
	if wrong = append(wrong, m.wrongLogs()...); len(wrong) > 0 {
		m.complain(wrong)
	}
}

func (m *erlangChaos) idleSettings() string { return m.site.settings + ".idle" }

func (m *erlangChaos) writeSettings() {
	m.t.Helper()
	text, err := os.ReadFile(m.site.settings)
	if err == nil {
		text = fmt.Appendf(text, "erlang: {distribution: true, epmd: '%s'}\n", m.world.EPMD())
		err = os.WriteFile(m.site.settings, text, 0o600)
	}
	if err == nil {
		err = os.WriteFile(m.idleSettings(), append(text, "detector: {interval: 15s}\n"...), 0o600)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// wantPrevention makes sure that global prevents overlapping partitions, as it does from
// OTP 25 on unless it is told not to.
func (m *erlangChaos) wantPrevention() {
	m.t.Helper()
	for _, node := range m.ofErlang() {
		const conf = "lists:keyfind(conf, 1, tuple_to_list(sys:get_state(global_name_server)))"
		if got := m.beam(node).Eval(m.t, conf); got != "{conf,true,true}" {
			m.t.Fatalf("global of %s has %s, want connect_all and prevent_overlapping_partitions", node, got)
		}
	}
}
