package main

import (
	"bufio"
	"flag"
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

	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bus/bustest"
)

var flockNodes = flag.Int("flock", 5, "how many nodes of each system TestFlocks starts")

// flock is as many nodes of one system, on this host, each a process that says
// in a line who came and who went.
type flock struct {
	t       *testing.T
	name    string
	nodes   int
	command func(i int) *exec.Cmd
	// event matches those lines; its groups are the word and the other's name.
	event *regexp.Regexp
	ups   string // the word for one that came
	// leads: the first must run before the others start.
	leads bool

	members   []*exec.Cmd
	sightings chan sighting
	seen      []map[string]bool // by each, who is up
}

// sighting is such a line, and when it came.
type sighting struct {
	at   time.Time
	by   int
	node string
	up   bool
}

// figures are what is measured of a flock.
type figures struct {
	full         time.Duration // from the first start to the last line of full view
	median, last time.Duration // from kill -9 of one to the lines of the survivors; of three the middle one
	hang         time.Duration // from SIGSTOP of one to the last line
}

// TestFlocks measures ours beside Erlang and Serf, in one run: start to full
// view, kill -9 and SIGSTOP to the lines of the others. Its words, for figures
// that mean something:
//
//	go test ./daemon -run TestFlocks -v -args -alone -flock 30
//
// Erlang has net_ticktime 4 here, for a hang that is seen within a minute; all
// else is as it comes.
func TestFlocks(t *testing.T) {
	required.Programs(t, "erl", "epmd", "serf")
	if !*alone {
		t.Parallel()
	}
	measured := map[string]figures{}
	flocks := []*flock{ourFlock(t), erlFlock(t), serfFlock(t)}
	fulls := map[string][]time.Duration{}
	if *alone {
		// Of a start the median of seven, in turn: a machine may be away for a moment.
		for round := range 6 {
			for _, f := range flocks {
				t.Run(fmt.Sprint(f.name, " starts ", round), func(t *testing.T) {
					f.t = t
					fulls[f.name] = append(fulls[f.name], f.form())
				})
			}
		}
	}
	for _, f := range flocks {
		t.Run(f.name, func(t *testing.T) {
			f.t = t
			m := f.measure()
			all := append(fulls[f.name], m.full)
			slices.Sort(all)
			m.full = all[len(all)/2]
			measured[f.name] = m
		})
	}
	ours, erl, serf := measured["interconnectd"], measured["Erlang"], measured["Serf"]
	if t.Failed() || !*alone {
		return
	}
	t.Logf("full view: %v, %v of Erlang, %v of Serf", ours.full.Round(time.Millisecond), erl.full.Round(time.Millisecond), serf.full.Round(time.Millisecond))
	t.Logf("full view: %.2f of Erlang's, %.2f of Serf's; last survivor: %.2f of Erlang's, %.4f of Serf's; hang: %.2f of Serf's",
		part(ours.full, erl.full), part(ours.full, serf.full), part(ours.last, erl.last), part(ours.last, serf.last), part(ours.hang, serf.hang))
	if 3*ours.full > erl.full { // a quarter is what we want; 0.16 to 0.23 was seen
		t.Errorf("full view after %v, want a third of Erlang's %v at most", ours.full, erl.full)
	}
	switch {
	case ours.full <= serf.full:
	case erl.full > erlFullFast:
		// Serf waits most of that time, and the others compute.
		t.Logf("full view after %v, Serf's after %v: this machine is slower than those on which the two were compared", ours.full, serf.full)
	default:
		t.Errorf("full view after %v, want no more than Serf's %v", ours.full, serf.full)
	}
	if ours.last > erl.last+50*time.Millisecond {
		t.Errorf("the last survivor's line after %v, want it not later than Erlang's, %v", ours.last, erl.last)
	}
	if ours.hang > 4*time.Second {
		t.Errorf("a hang was seen by the last after %v, want 4 s at most", ours.hang)
	}
}

// erlFullFast is what thirty nodes of Erlang take at most on a machine where thirty of ours
// are not slower than Serf's: 3.1 to 3.8 s on two cores were the median where that was
// measured.
const erlFullFast = 4 * time.Second

func part(a, b time.Duration) float64 { return float64(a) / float64(b) }

func aliveName(i int) string { return fmt.Sprintf("n%02d", i) }

// syncAll is a sys.config that names all nodes of a flock.
func syncAll(t *testing.T, dir string, nodes int, more string) {
	t.Helper()
	names := make([]string, nodes)
	for i := range names {
		names[i] = "'" + aliveName(i) + "@127.0.0.1'"
	}
	text := fmt.Sprintf("[{kernel, [{sync_nodes_optional, [%s]}, {sync_nodes_timeout, 30000}%s]}].\n", strings.Join(names, ", "), more)
	if err := os.WriteFile(filepath.Join(dir, "sys.config"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func ourFlock(t *testing.T) *flock {
	dir := t.TempDir()
	s, err := makeSite(dir)
	if err != nil {
		t.Fatal(err)
	}
	syncAll(t, dir, *flockNodes, "")
	program := "interconnectd"
	if *alone {
		program = buildDaemon(t, dir)
	}
	return &flock{
		name: "interconnectd", nodes: *flockNodes,
		event: regexp.MustCompile(`--- Node (up|down): ([^@ ]+)@`), ups: "up",
		command: func(i int) *exec.Cmd {
			cmd := exec.Command(program, append(s.flags(), "-name", aliveName(i)+"@127.0.0.1", "-setcookie", "ABCDEFGHIJKLMNOPQRST", "-config", "sys.config")...)
			cmd.Env, cmd.Dir = append(s.env, "PATH="+os.Getenv("PATH")), dir
			return cmd
		},
	}
}

// buildDaemon makes what users run, as the Makefile does: this test's own binary has a
// browser's protocol in it, and more that takes time at each start.
func buildDaemon(t *testing.T, dir string) string {
	t.Helper()
	program := filepath.Join(dir, "interconnectd")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the daemon: %v\n%s", err, out)
	}
	return program
}

// telling has an Erlang node say who comes and who goes.
const telling = `spawn(fun() ->
  net_kernel:monitor_nodes(true),
  Say = fun(Word, Node) -> io:format("~s ~s~n", [Word, Node]) end,
  [Say("nodeup", Node) || Node <- nodes()],
  (fun F() -> receive {Word, Node} -> Say(Word, Node), F() end end)()
end).`

func erlFlock(t *testing.T) *flock {
	w := newErlWorld(t, startEpmd(t))
	syncAll(t, w.home, *flockNodes, ", {net_ticktime, 4}, {logger_level, none}, {inet_dist_use_interface, {127,0,0,1}}")
	return &flock{
		name: "Erlang", nodes: *flockNodes,
		event: regexp.MustCompile(`^(nodeup|nodedown) ([^@ ]+)@`), ups: "nodeup",
		command: func(i int) *exec.Cmd {
			cmd := exec.Command("erl", "-noinput", "-start_epmd", "false", "-name", aliveName(i)+"@127.0.0.1",
				"-setcookie", "ABCDEFGHIJKLMNOPQRST", "-config", "sys.config", "-eval", telling)
			cmd.Env, cmd.Dir = w.env, w.home
			return cmd
		},
	}
}

func serfFlock(t *testing.T) *flock {
	dir, port := t.TempDir(), bustest.FreePorts(2**flockNodes)
	return &flock{
		name: "Serf", nodes: *flockNodes, leads: true,
		event: regexp.MustCompile(`EventMember(Join|Failed): (\S+)`), ups: "Join",
		command: func(i int) *exec.Cmd {
			args := []string{
				"agent", "-node", aliveName(i), "-bind", fmt.Sprintf("127.0.0.1:%d", port+2*i),
				"-rpc-addr", fmt.Sprintf("127.0.0.1:%d", port+2*i+1),
			}
			if i > 0 {
				args = append(args, "-join", fmt.Sprintf("127.0.0.1:%d", port))
			}
			cmd := exec.Command("serf", args...)
			cmd.Dir = dir
			return cmd
		},
	}
}

// form starts the flock, and gives the time from the first start to the last line of
// full view.
func (f *flock) form() time.Duration {
	f.members, f.seen, f.sightings = nil, nil, make(chan sighting, 4096)
	began := time.Now()
	for i := range f.nodes {
		f.start(i)
		if i == 0 && f.leads {
			f.await(func() bool { return f.seen[0][aliveName(0)] })
		}
	}
	full := f.await(f.complete).Sub(began)
	f.t.Logf("%s: %d nodes, from the first start to the last line of full view: %v", f.name, f.nodes, full.Round(time.Millisecond))
	return full
}

func (f *flock) measure() figures {
	m := figures{full: f.form()}
	if !*alone { // Serf takes its time
		m.median, m.last = f.strike(0, syscall.SIGKILL)
		return m
	}
	var medians, lasts []time.Duration
	for _, victim := range []int{0, f.nodes / 2, f.nodes - 1} {
		median, last := f.strike(victim, syscall.SIGKILL)
		medians, lasts = append(medians, median), append(lasts, last)
	}
	slices.Sort(medians)
	slices.Sort(lasts)
	m.median, m.last = medians[1], lasts[1]
	_, m.hang = f.strike(1, syscall.SIGSTOP)
	return m
}

// start starts a member, which the end of the test ends.
func (f *flock) start(i int) {
	f.t.Helper()
	cmd := f.command(i)
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.members = append(f.members, cmd)
	f.seen = append(f.seen, map[string]bool{})
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := f.event.FindStringSubmatch(lines.Text()); m != nil {
				f.sightings <- sighting{time.Now(), i, m[2], m[1] == f.ups}
			}
		}
	}()
	f.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone
		go func() {
			for range f.sightings { // whoever still tells something
			}
		}()
		<-read
		_ = cmd.Wait()
	})
}

// await takes in what the members say until done, and gives the time of the
// line that made it so.
func (f *flock) await(done func() bool) time.Time {
	f.t.Helper()
	timeout := time.After(2 * patience)
	for {
		select {
		case s := <-f.sightings:
			if seen := f.seen[s.by]; seen != nil { // of one that was struck something may be on its way
				seen[s.node] = s.up
			}
			if done() {
				return s.at
			}
		case <-timeout:
			f.t.Fatalf("%s: it takes too long; they see %v", f.name, f.seen)
		}
	}
}

// complete reports whether each member that runs sees all others.
func (f *flock) complete() bool {
	for i := range f.nodes {
		if i >= len(f.seen) {
			return false
		}
		for j := range f.nodes {
			if i != j && !f.seen[i][aliveName(j)] {
				return false
			}
		}
	}
	return true
}

// strike kills or stops a member, and gives when the median of the others has
// told that it went, and when the last one has.
func (f *flock) strike(victim int, sig syscall.Signal) (median, last time.Duration) {
	f.t.Helper()
	struck := time.Now()
	if err := f.members[victim].Process.Signal(sig); err != nil {
		f.t.Fatal(err)
	}
	f.seen[victim] = nil
	name := aliveName(victim)
	var took []time.Duration
	told := make([]bool, f.nodes)
	f.await(func() bool {
		left := 0
		for i, seen := range f.seen {
			switch {
			case seen == nil || told[i]:
			case !seen[name]:
				told[i] = true
				took = append(took, time.Since(struck))
			default:
				left++
			}
		}
		return left == 0
	})
	f.t.Logf("%s: %s of one: the median survivor's line after %v, the last one's after %v", f.name, sig, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	return took[len(took)/2], took[len(took)-1]
}
