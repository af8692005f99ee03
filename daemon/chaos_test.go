package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	chaosFor   = flag.Duration("chaos", 10*time.Second, "how long each chaos test disturbs its daemons")
	chaosNodes = flag.Int("chaos-nodes", 5, "how many daemons each chaos test has")
	chaosDir   = flag.String("chaos-dir", "", "where a chaos test leaves its logs, at debug, for one who asks why")
	chaosSeed  = flag.Uint64("chaos-seed", 0, "what the order of a chaos test comes of; 0: chosen anew")
)

// chaosTimeout is the default of detector.timeout.
const chaosTimeout = 3 * time.Second

// slack is for a machine that is loaded with more than it can do, and the more
// so the more daemons hear of each thing that happens.
func slack() time.Duration {
	if raceEnabled {
		return 5*time.Second + time.Duration(*chaosNodes)*300*time.Millisecond
	}
	return 2*time.Second + time.Duration(*chaosNodes)*100*time.Millisecond
}

// embeddedRules are those of the embedded mesh on one host: a death is proven
// within milliseconds, where the machine has time.
func embeddedRules() rules {
	return rules{
		timeout: chaosTimeout, early: 500 * time.Millisecond,
		death: slack(),
		// 0.25 s to the next probe, 0.5 s to the tip; where nobody else is
		// left to tip, 2 s until the digests are compared.
		silent:  chaosTimeout + 2750*time.Millisecond + slack(),
		connect: 10*time.Second + slack(),
		young:   250 * time.Millisecond,
		after:   5 * time.Second,
	}
}

// externalRules are those of a nats-server: `no responders` for a second.
func externalRules() rules {
	r := embeddedRules()
	r.death += 1250 * time.Millisecond
	r.young = time.Second
	return r
}

// TestChaos kills, stops, ends and starts daemons of one sys.config in random
// order, while the machine is busy with something else, and holds every event
// that any of them logs against what was done. These are its words:
//
//	go test ./daemon -run TestChaos -args -chaos 10m -chaos-nodes 30 -chaos-seed 7
func TestChaos(t *testing.T) {
	together(t)
	c := newChaos(t, embeddedRules())
	c.actions = processActions()
	c.run()
}

// together lets the chaos tests run at the same time where they are short.
func together(t *testing.T) {
	if *chaosFor < time.Minute {
		t.Parallel()
	}
}

// chaos is a set of daemons and what is done to them.
type chaos struct {
	t     *testing.T
	seed  uint64
	rng   *rand.Rand
	rules rules
	site  *site
	dir   string
	nodes []string // alive names
	host  string
	// what tells a node's command and environment; nil: a plain one
	command func(node string, args []string) *exec.Cmd
	actions []action
	// starts a node that is no daemon; false for one that is
	startOther func(node string) bool
	// what one node is held to in what it tells of another
	rulesOf func(judge, other *life) rules
	lasts   time.Duration
	words   string // flags for the same once more, beside the seed

	began   time.Time
	running map[string]*life     // by alive name, those that are not told to end
	silent  map[string]bool      // in the midst of a silence, or of another trouble
	rests   map[string]time.Time // until then nothing else happens to it
	lives   []*life
	agenda  []appointment
	history []string
	starts  int
}

// action is something that may be done next.
type action struct {
	weight int
	do     func(c *chaos)
}

// appointment is something to do at its time.
type appointment struct {
	at time.Time
	do func()
}

func newChaos(t *testing.T, r rules) *chaos {
	t.Helper()
	dir := t.TempDir()
	if *chaosDir != "" {
		dir = filepath.Join(*chaosDir, t.Name())
	}
	s, err := makeSite(dir)
	if err != nil {
		t.Fatal(err)
	}
	seed := *chaosSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano()) % 1e9
	}
	c := &chaos{
		t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 0)), rules: r, site: s, dir: dir, host: "127.0.0.1",
		lasts: *chaosFor, words: fmt.Sprintf("-chaos %v -chaos-nodes %d", *chaosFor, *chaosNodes),
		running: map[string]*life{}, silent: map[string]bool{}, rests: map[string]time.Time{},
	}
	c.rulesOf = func(*life, *life) rules { return c.rules }
	c.name(*chaosNodes)
	t.Cleanup(func() {
		for _, l := range c.lives {
			l.process.kill()
		}
	})
	return c
}

// name gives the nodes their names.
func (c *chaos) name(nodes int) {
	c.nodes = nil
	for i := range nodes {
		c.nodes = append(c.nodes, fmt.Sprintf("n%02d", i))
	}
}

func (c *chaos) full(node string) string { return node + "@" + c.host }

// run is the whole test.
func (c *chaos) run() {
	c.writeConfig()
	busy(c.t)
	c.began = time.Now()
	for _, node := range c.nodes {
		c.start(node)
	}
	c.awaitFullView()
	c.t.Logf("seed %d: %d daemons see each other after %v", c.seed, len(c.nodes), time.Since(c.began).Round(time.Millisecond))
	c.disturb(time.Now().Add(c.lasts))
	c.awaitFullView()
	quiet := time.Now().Add(c.rules.timeout) // what is wrong shows within it
	c.goOn(quiet)
	c.judge()
}

func (c *chaos) writeConfig() {
	names := make([]string, len(c.nodes))
	for i, node := range c.nodes {
		names[i] = "'" + c.full(node) + "'"
	}
	level := "info"
	if *chaosDir != "" {
		level = "debug"
	}
	text := fmt.Sprintf("[{kernel, [{sync_nodes_optional, [%s]}, {sync_nodes_timeout, 30000}, {logger_level, %s}]}].\n", strings.Join(names, ", "), level)
	if err := os.WriteFile(filepath.Join(c.dir, "sys.config"), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// note keeps what is done now, for the report of a failure.
func (c *chaos) note(format string, args ...any) {
	c.history = append(c.history, clock(time.Now())+" "+fmt.Sprintf(format, args...))
}

func (c *chaos) in(d time.Duration, do func()) {
	c.agenda = append(c.agenda, appointment{time.Now().Add(d), do})
}

// goOn keeps the appointments until a time.
func (c *chaos) goOn(until time.Time) {
	for {
		slices.SortStableFunc(c.agenda, func(a, b appointment) int { return a.at.Compare(b.at) })
		if len(c.agenda) == 0 || c.agenda[0].at.After(until) {
			time.Sleep(time.Until(until)) // the pace of the test: nothing is waited for
			return
		}
		next := c.agenda[0]
		c.agenda = c.agenda[1:]
		time.Sleep(time.Until(next.at))
		next.do()
	}
}

// disturb does one random thing after the other, and then lets all that was
// begun come to its end.
func (c *chaos) disturb(until time.Time) {
	var wheel []func(*chaos)
	for _, a := range c.actions {
		for range a.weight {
			wheel = append(wheel, a.do)
		}
	}
	for time.Now().Before(until) {
		c.goOn(time.Now().Add(time.Duration(c.rng.IntN(1000)) * time.Millisecond))
		wheel[c.rng.IntN(len(wheel))](c)
	}
	for len(c.agenda) > 0 {
		c.goOn(c.agenda[0].at)
	}
}

// start starts a node, with a log of its own for each start.
func (c *chaos) start(node string) {
	if c.startOther != nil && c.startOther(node) {
		return
	}
	c.starts++
	logFile := filepath.Join(c.dir, fmt.Sprintf("%s-%d.log", node, c.starts))
	args := append(c.site.flags(), "-name", c.full(node), "-setcookie", "a-cookie-of-some-length", "-config", "sys.config")
	cmd := exec.Command("interconnectd", args...)
	if c.command != nil {
		cmd = c.command(node, args)
	}
	c.note("start %s", node)
	l := &life{node: c.full(node), started: time.Now()}
	p, err := startCommand(cmd, append(c.site.env, "PATH="+os.Getenv("PATH")), c.dir, logFile)
	if err != nil {
		c.t.Fatal(err)
	}
	l.process = p
	c.running[node] = l
	c.lives = append(c.lives, l)
}

// pick chooses a node that runs and is not silent, nor was just now; "" where
// enough others are not, so that there always are survivors to ask.
func (c *chaos) pick() string {
	var steady []string
	for _, node := range c.nodes {
		if c.running[node] != nil && !c.silent[node] && time.Now().After(c.rests[node]) {
			steady = append(steady, node)
		}
	}
	if len(steady) <= len(c.nodes)/2 {
		return ""
	}
	return steady[c.rng.IntN(len(steady))]
}

// upTo is a random time.
func (c *chaos) upTo(least, most time.Duration) time.Duration {
	return least + time.Duration(c.rng.Int64N(int64(most-least)))
}

// processActions are what can happen to a process.
func processActions() []action {
	return []action{
		{4, func(c *chaos) { c.end(c.pick(), syscall.SIGKILL) }},
		{3, func(c *chaos) { c.end(c.pick(), syscall.SIGTERM) }},
		{3, func(c *chaos) { c.stop(c.pick(), c.upTo(50*time.Millisecond, chaosTimeout/2), syscall.SIGCONT) }},
		{2, func(c *chaos) { c.stop(c.pick(), c.upTo(2*chaosTimeout, 4*chaosTimeout), syscall.SIGCONT) }},
		{1, func(c *chaos) { c.stop(c.pick(), c.upTo(50*time.Millisecond, 2*chaosTimeout), syscall.SIGKILL) }},
		{1, func(c *chaos) { // many at once
			for range 1 + c.rng.IntN(1+len(c.nodes)/4) {
				c.end(c.pick(), syscall.SIGKILL)
			}
		}},
	}
}

// end ends a node, and starts it again a little later.
func (c *chaos) end(node string, sig syscall.Signal) {
	if node == "" {
		return
	}
	l := c.running[node]
	delete(c.running, node)
	c.note("%s %s", sig, node)
	l.endFrom, l.gentle = time.Now(), sig == syscall.SIGTERM
	c.signal(l, sig)
	again := c.upTo(0, chaosTimeout)
	if c.rng.IntN(3) == 0 {
		again = 0
	}
	c.in(again, func() { c.again(node, l) })
}

// again starts a node once its former process is gone.
func (c *chaos) again(node string, former *life) {
	select {
	case <-former.process.done():
		var state string
		state, former.endTo = former.process.end()
		if former.gentle && state != "exit status 0" && former.endFrom.Sub(former.started) > 5*time.Second {
			c.t.Errorf("%s was asked to leave and ended with: %s\n%s", node, state, former.process.log())
		}
		c.start(node)
	default:
		if time.Since(former.endFrom) > patience {
			c.fatalf("%s does not end", node)
		}
		c.in(20*time.Millisecond, func() { c.again(node, former) })
	}
}

// stop stops a node's process; then it goes on, or is killed.
func (c *chaos) stop(node string, d time.Duration, then syscall.Signal) {
	if node == "" {
		return
	}
	l := c.running[node]
	c.note("stop %s for %v", node, d.Round(time.Millisecond))
	over := c.silence(node, silence{what: "stopped", least: c.rules.timeout - c.rules.early, grace: slack()})
	c.signal(l, syscall.SIGSTOP)
	c.in(d, func() {
		if then == syscall.SIGKILL {
			over()
			c.end(node, then)
			return
		}
		c.note("continue %s", node)
		c.signal(l, then)
		over()
	})
}

// silence begins a silence of a node that runs; the result ends it.
func (c *chaos) silence(node string, s silence) (over func()) {
	l := c.running[node]
	s.from = time.Now()
	l.silences = append(l.silences, s)
	i := len(l.silences) - 1
	c.silent[node] = true
	return func() {
		l.silences[i].to = time.Now()
		c.rest(node, s.from)
	}
}

// begun notes that the silence of a node has begun for sure: what begins one may
// take its time.
func (c *chaos) begun(node string) {
	silences := c.running[node].silences
	silences[len(silences)-1].sure = time.Now()
}

// rest ends a trouble of a node that began at from. What it kept waiting comes
// late still: TCP waits as long again before it repeats. Two troubles without a
// rest between would be one, and longer than either.
func (c *chaos) rest(node string, from time.Time) {
	c.silent[node] = false
	c.rests[node] = time.Now().Add(min(time.Since(from), chaosTimeout))
}

func (c *chaos) signal(l *life, sig syscall.Signal) {
	if err := l.process.signal(sig); err != nil {
		c.fatalf("%s ended by itself: %v\n%s", l.node, err, l.process.log())
	}
}

// awaitFullView waits until each node that runs sees all others, and only them.
func (c *chaos) awaitFullView() {
	want := len(c.nodes) - 1
	for until := time.Now().Add(patience + 2*slack()); ; {
		missing := ""
		for _, l := range c.running {
			l.read(l.process.log())
			if up := l.seesNow(); len(up) != want {
				missing = fmt.Sprintf("%s sees %d of %d: %v", l.node, len(up), want, up)
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(until) {
			c.t.Error(missing)
			c.judge()
			c.t.FailNow()
		}
		time.Sleep(100 * time.Millisecond) // between two looks at the files
	}
}

// judge tells what is wrong.
func (c *chaos) judge() {
	c.t.Helper()
	if wrong := c.wrong(); len(wrong) > 0 {
		c.complain(wrong)
	}
}

// wrong reads all logs, and holds them against what was done.
func (c *chaos) wrong() (wrong []string) {
	c.t.Helper()
	until := time.Now()
	for _, l := range c.lives {
		select {
		case <-l.process.done():
			var state string
			state, l.endTo = l.process.end()
			if l.endFrom.IsZero() {
				l.endFrom = l.endTo
				wrong = append(wrong, l.node+" ended by itself: "+state)
			}
		default:
		}
		wrong = append(wrong, l.read(l.process.log())...)
	}
	rep := check(c.lives, c.rulesOf, until)
	if *chaosDir != "" {
		if err := os.WriteFile(filepath.Join(c.dir, "done.txt"), []byte(strings.Join(c.history, "\n")+"\n"), 0o600); err != nil {
			c.t.Error(err)
		}
	}
	c.t.Logf("seed %d: %d lives, %d things done, %d events told", c.seed, len(c.lives), len(c.history), rep.events)
	c.t.Logf("from an end to its line: %s; from a silence to its line: %s", spread(rep.deaths), spread(rep.silents))
	return append(wrong, rep.wrong...)
}

// complain reports what is wrong, with all that is needed to see why.
func (c *chaos) complain(wrong []string) {
	const most = 20
	more := ""
	if len(wrong) > most {
		more = fmt.Sprintf("\nand %d more", len(wrong)-most)
		wrong = wrong[:most]
	}
	var heads strings.Builder
	for _, w := range wrong {
		head, _, _ := strings.Cut(w, "\n\tthe other")
		heads.WriteString("\n" + head)
	}
	// What is wrong comes last, once more without the logs of others, where one that is cut
	// shows it.
	c.t.Errorf("seed %d, what was done:\n%s\n\nwhat is wrong:\n%s%s\n\nin short:%s\n\nagain: go test ./daemon -run '^%s$' -args %s -chaos-seed %d",
		c.seed, strings.Join(c.history, "\n"), strings.Join(wrong, "\n"), more, heads.String(), c.t.Name(), c.words, c.seed)
}

func (c *chaos) fatalf(format string, args ...any) {
	c.t.Helper()
	c.complain([]string{fmt.Sprintf(format, args...)})
	c.t.FailNow()
}

// spread tells of times: how many, their median, the 99th of a hundred, the last.
func spread(took []time.Duration) string {
	if len(took) == 0 {
		return "none"
	}
	slices.Sort(took)
	at := func(part float64) time.Duration { return took[int(part*float64(len(took)-1))].Round(time.Millisecond) }
	return fmt.Sprintf("%d, median %v, p99 %v, last %v", len(took), at(0.5), at(0.99), at(1))
}

// busy loads one core with a process of its own until the test ends.
func busy(t *testing.T) {
	t.Helper()
	cmd := exec.Command("busy")
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		hold.Close()
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
}
