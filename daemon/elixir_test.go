package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/beamtest"
)

// supervise starts what configs/examples/walkthrough.exs defines.
const supervise = `{:ok, _} = Supervisor.start_link([Cluster.Observer, Cluster.ObserverOfAll, PingPong], strategy: :one_for_one)`

// mixed are nodes of Elixir, of one release, and daemons of ours.
type mixed struct {
	*trio
	world   *beamtest.World
	release beamtest.Release
	host    string // of all names
	elixirs map[string]*beamtest.Running
}

// mixedStep is a line typed at a node's prompt, an expression for one of Elixir's and a
// command for one of ours, and what is printed; or, where there is no line, what the node's
// log comes to have. want is a regular expression.
type mixedStep struct{ at, line, want string }

// newMixed has all of them on host, with a hook that notes what our daemons tell.
func newMixed(t *testing.T, release beamtest.Release, host string) *mixed {
	t.Helper()
	required.Programs(t, "elixir")
	m := &mixed{newTrio(t), beamtest.NewWorld(t), release, host, map[string]*beamtest.Running{}}
	m.set("erlang: {distribution: true, epmd: '%s'}\nhooks:\n  - {name: note, run: [/bin/sh, -c, 'echo $INTERCONNECT_EVENT $INTERCONNECT_NODE $INTERCONNECT_TYPE $INTERCONNECT_REASON >>noted']}\n", m.world.EPMD())
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		for alive, p := range m.running {
			t.Logf("%s logged:\n%s", alive, p.log())
		}
		for alive, n := range m.elixirs {
			t.Logf("%s logged:\n%s", alive, n.Log())
		}
	})
	return m
}

// set adds to our interconnectd.yaml.
func (m *mixed) set(format string, args ...any) {
	m.t.Helper()
	if err := os.WriteFile(m.site.settings, fmt.Appendf([]byte(m.settings()), format, args...), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// config writes a sys.config, and gives its path for us and for Elixir, whose root may be
// another.
func (m *mixed) config(kernel string) (ours, elixirs string) {
	m.t.Helper()
	dir := m.dir
	if m.release.Root != "" {
		var err error
		if dir, err = os.MkdirTemp(filepath.Join(m.release.Root, "tmp"), "mixed"); err != nil {
			m.t.Fatal(err)
		}
		m.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	}
	ours = filepath.Join(dir, "mixed.config")
	if err := os.WriteFile(ours, []byte("[{kernel, [\n"+kernel+"\n]}].\n"), 0o644); err != nil {
		m.t.Fatal(err)
	}
	return ours, strings.TrimPrefix(ours, m.release.Root)
}

func (m *mixed) full(alive string) nodeid.Name { return nodeid.Name(alive + "@" + m.host) }

// ours starts a daemon, and waits until its log has a line.
func (m *mixed) ours(alive, cookie, until string, flags ...string) {
	m.t.Helper()
	name := "-sname"
	if m.full(alive).Long() {
		name = "-name"
	}
	if err := m.launch(alive, append([]string{name, string(m.full(alive)), "-setcookie", cookie}, flags...)...); err != nil {
		m.t.Fatal(err)
	}
	m.await(alive, until, 1)
}

// elixir starts nodes at once, with the walk-through's code once they are up.
func (m *mixed) elixir(cookie string, alives []string, args ...string) {
	m.t.Helper()
	code, err := os.ReadFile(filepath.Join(packageDir, "../configs/examples/walkthrough.exs"))
	if err != nil {
		m.t.Fatal(err)
	}
	var (
		all  sync.WaitGroup
		errs = make([]error, len(alives))
		live = make([]*beamtest.Running, len(alives))
	)
	for i, alive := range alives {
		all.Go(func() {
			node := beamtest.Node{Name: m.full(alive), Cookie: cookie, Args: args, Elixir: true, Root: m.release.Root}
			if live[i], errs[i] = m.world.TryStart(node); errs[i] == nil {
				_, errs[i] = live[i].TryEval(string(code) + supervise)
			}
		})
	}
	all.Wait()
	for i, alive := range alives {
		if live[i] != nil {
			m.elixirs[alive] = live[i]
			m.t.Cleanup(live[i].Kill)
		}
		if errs[i] != nil {
			m.t.Fatal(errs[i])
		}
	}
}

// follow takes steps, until one goes wrong.
func (m *mixed) follow(steps []mixedStep) {
	m.t.Helper()
	for _, s := range steps {
		node, isElixir := m.elixirs[s.at]
		matches := regexp.MustCompile(strings.ReplaceAll(s.want, "HOST", regexp.QuoteMeta(m.host))).MatchString
		line := strings.ReplaceAll(s.line, "HOST", m.host)
		var got string
		switch {
		case s.line == "":
			log := func() string { return m.running[s.at].log() }
			if isElixir {
				log = node.Log
			}
			bustest.Eventually(m.t, fmt.Sprintf("the log of %s has %q", s.at, s.want), func() bool { return matches(log()) })
			continue
		case isElixir:
			got = node.Eval(m.t, line)
		default:
			got = m.interconnectd(append(strings.Fields(line), "-node", string(m.full(s.at)))...)
		}
		if !matches(got) {
			m.t.Fatalf("%s: %s gives %s, want %s", s.at, line, got, s.want)
		}
	}
}

// interconnectd is what a command prints, whether its answer is negative or not.
func (m *mixed) interconnectd(args ...string) string {
	cmd := exec.Command("interconnectd", args...)
	cmd.Env, cmd.Dir = append(m.site.env, "PATH="+os.Getenv("PATH")), m.dir
	out, _ := cmd.CombinedOutput() // which tells
	return string(out)
}

// inReleases runs a test with each release of OTP.
func inReleases(t *testing.T, test func(t *testing.T, release beamtest.Release)) {
	for _, release := range beamtest.Releases() {
		t.Run(release.Name, func(t *testing.T) {
			t.Parallel()
			test(t, release)
		})
	}
}

// byHand is the walk-through before its sys.config: a and b are nodes of Elixir, c and d
// are ours.
var byHand = []mixedStep{
	{"a", `Node.self`, `^:"?a@HOST"?$`},
	{"a", `Node.get_cookie`, `^:secret_token$`},
	{"b", `Node.get_cookie`, `^:another_secret$`},
	{"c", `self`, `^c@HOST\n$`},
	{"c", `cookie`, `^secret_token\n$`},

	// Cookies that differ, told where somebody dials: Erlang tells it when it is dialled.
	{"b", `:net_adm.ping(:"c@HOST")`, `^:pang$`},
	{"c", "", `\[ERROR\] interconnectd.node: Connection attempt from node b@HOST rejected. Invalid challenge reply.\n`},
	{"b", `Node.connect(:"c@HOST")`, `^false$`},
	{"c", `ping b@HOST`, `^pang\n$`},
	{"c", "", `b@HOST refused us: our cookies differ\n`},
	{"b", "", `\*\* Connection attempt from node :"?c@HOST"? rejected. Invalid challenge reply. \*\*`},
	{"c", `connect b@HOST`, `^false\n$`},
	{"b", `Node.list(:hidden)`, `^\[\]$`},

	{"a", `:net_adm.ping(:"c@HOST")`, `^:pong$`},
	{"c", "", `\[INFO\]  interconnectd.observer: --- Node up: a@HOST: type=erlang\n`},
	{"b", `Node.set_cookie(:secret_token)`, `^true$`},
	{"b", `Node.connect(:"c@HOST")`, `^true$`},
	{"c", "", `--- Node up: b@HOST: type=erlang\n`},
	{"c", `connect d@HOST`, `^true\n$`},

	// Ours is hidden: Node.list and the observer as it stands are of visible nodes alone.
	{"a", `Node.connect(:"b@HOST")`, `^true$`},
	{"a", `Node.list`, `^\[:"?b@HOST"?\]$`},
	{"a", `Node.list(:hidden)`, `^\[:"?c@HOST"?\]$`},
	{"a", "", `--- Node up: b@HOST\n`},
	{"a", "", `--- Node up: c@HOST: hidden\n`},
	{"a", "", `--- Node up: b@HOST: visible\n`},
	{"c", `nodes`, `^a@HOST\nb@HOST\nd@HOST\n$`},
	{"c", `nodes -l`, `\na@HOST +up +erlang +\S+Z +\S+ms +- +- +- +-\nb@HOST +up +erlang .*\nd@HOST +up +visible .*\n$`},

	{"b", `GenServer.call({PingPong, :"c@HOST"}, :ping)`, `^:pong$`},
	{"b", `GenServer.call({PingPong, :"a@HOST"}, :ping)`, `^:pong$`},
	{"b", `catch_exit = fn name -> try do GenServer.call({name, :"c@HOST"}, :ping) catch :exit, {reason, _} -> reason end end; {catch_exit.(Nobody), catch_exit.(:nobody)}`, `^{:noproc, :noproc}$`},
	{"c", `ping a@HOST`, `^pong\n$`},
	{"c", `call PingPong a@HOST ping`, `^pong\n$`},
	{"c", `call Elixir.PingPong a@HOST ping`, `^pong\n$`},
	{"c", `call Nobody a@HOST ping`, `^interconnectd: noproc: `},

	{"c", `disconnect b@HOST`, `^true\n$`},
	{"c", `disconnect b@HOST`, `^false\n$`},
	{"c", "", `--- Node down: b@HOST: type=erlang reason=disconnect up_for=`},
	{"b", "", `--- Node down: c@HOST: hidden connection_closed\n`},
	{"b", `Node.list(:hidden)`, `^\[\]$`},
	{"c", `nodes`, `^a@HOST\nd@HOST\n$`},
	{"b", `Node.connect(:"c@HOST")`, `^true$`},
	{"b", `Node.disconnect(:"c@HOST")`, `^true$`},
	{"c", "", `--- Node down: b@HOST: type=erlang reason=connection_closed up_for=`},
}

// TestWalkThroughInElixir takes the steps of the walk-through, with nodes of Elixir and
// ours, by long names.
func TestWalkThroughInElixir(t *testing.T) {
	inReleases(t, func(t *testing.T, release beamtest.Release) {
		m := newMixed(t, release, "127.0.0.1")
		page := fmt.Sprintf("127.0.0.1:%d", bustest.FreePorts(1))
		m.ours("c", "secret_token", "ready: ", "-http", page)
		m.ours("d", "secret_token", "ready: ")
		m.elixir("secret_token", []string{"a"})
		m.elixir("another_secret", []string{"b"})
		m.follow(byHand)
		if log := m.elixirs["a"].Log(); strings.Contains(log, "--- Node up: c@127.0.0.1\n") {
			t.Errorf("monitor_nodes(true) of a tells of a hidden node:\n%s", log)
		}
		m.elixirs["a"].Kill()
		m.follow([]mixedStep{
			{"c", "", `--- Node down: a@HOST: type=erlang reason=connection_closed up_for=`},
			{"c", `nodes -l`, `\na@HOST +down +erlang +\S+ +\S+ms +- +- +connection_closed +-\n`},
			{"c", `events`, `^1 \S+ --- Node up: a@HOST: type=erlang\n(.*\n)*\d+ \S+ --- Node down: a@HOST: type=erlang reason=connection_closed up_for=\S+\n$`},
		})
		m.checkTold(page)
		m.follow([]mixedStep{{"b", `Node.connect(:"c@HOST")`, `^true$`}})
		m.running["c"].kill()
		m.follow([]mixedStep{{"b", "", `(?s)(--- Node down: c@HOST: hidden connection_closed.*){2}`}})
	})
}

// checkTold wants a's coming and going on the page, in the metrics and with the hook.
func (m *mixed) checkTold(page string) {
	m.t.Helper()
	for path, wants := range map[string][]string{
		"/":        {"a@127.0.0.1", "b@127.0.0.1", "erlang", "connection_closed"},
		"/metrics": {`interconnect_node_transitions_total{event="nodedown",reason="connection_closed"} 2`, `interconnect_node_transitions_total{event="nodeup",reason=""} 4`, `interconnect_nodes{state="down"} 2`},
	} {
		answer, err := http.Get("http://" + page + path)
		if err != nil {
			m.t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			m.t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				m.t.Errorf("%s has no %q in\n%s", path, want, text)
			}
		}
	}
	bustest.Eventually(m.t, "the hook is run", func() bool {
		noted, _ := os.ReadFile(filepath.Join(m.dir, "noted")) // it may not be there yet
		return strings.Contains(string(noted), "nodeup a@127.0.0.1 erlang\n") && strings.Contains(string(noted), "nodedown a@127.0.0.1 erlang connection_closed\n")
	})
}

// TestWalkThroughInElixirByShortNames is a part of it with --sname.
func TestWalkThroughInElixirByShortNames(t *testing.T) {
	host, err := configs.ThisHost().ShortName()
	if err != nil {
		t.Fatal(err)
	}
	if addrs, err := net.DefaultResolver.LookupHost(t.Context(), host); !slices.Contains(addrs, "127.0.0.1") {
		t.Skipf("all listen on 127.0.0.1, and %s is %v, %v", host, addrs, err)
	}
	inReleases(t, func(t *testing.T, release beamtest.Release) {
		m := newMixed(t, release, host)
		m.ours("c", "secret_token", "ready: ")
		m.elixir("secret_token", []string{"a"})
		m.follow([]mixedStep{
			{"a", `Node.self`, `^:"?a@HOST"?$`},
			{"a", `:net_adm.ping(:"c@HOST")`, `^:pong$`},
			{"c", "", `--- Node up: a@HOST: type=erlang\n`},
			{"a", `GenServer.call({PingPong, :"c@HOST"}, :ping)`, `^:pong$`},
			{"c", `call PingPong a@HOST ping`, `^pong\n$`},
			{"c", `disconnect a@HOST`, `^true\n$`},
			{"c", `connect a@HOST`, `^true\n$`},
			{"c", `nodes`, `^a@HOST\n$`},
		})
	})
}

// TestSysConfigWithElixir: nodes of Elixir and ours find each other by the one sys.config
// that names all of them; and where it makes a node of Elixir mandatory, ours is ready with
// it and not without.
func TestSysConfigWithElixir(t *testing.T) {
	inReleases(t, func(t *testing.T, release beamtest.Release) {
		m := newMixed(t, release, "127.0.0.1")
		path, elixirs := m.config("{sync_nodes_optional, ['a@127.0.0.1', 'b@127.0.0.1', 'c@127.0.0.1']}, {sync_nodes_timeout, 20000}")
		m.ours("c", "secret_token", "syncing: 0 of 2 nodes up, waiting for a@127.0.0.1, b@127.0.0.1", "-config", path)
		m.elixir("secret_token", []string{"a", "b"}, "-config", elixirs)
		m.follow([]mixedStep{
			{"c", "", `interconnectd: ready: 2 of 2 nodes up\n`},
			{"a", `Node.list`, `^\[:"b@HOST"\]$`},
			{"a", `Node.list(:hidden)`, `^\[:"c@HOST"\]$`},
			{"b", `Node.list(:connected) |> Enum.sort`, `^\[:"a@HOST", :"c@HOST"\]$`},
			{"c", `nodes -l -expected`, `\na@HOST +up +erlang .*\nb@HOST +up +erlang `},
		})
		m.elixirs["b"].Kill()
		m.follow([]mixedStep{
			{"c", "", `--- Node down: b@HOST: type=erlang reason=connection_closed`},
			{"a", "", `--- Node down: b@HOST\n`},
			{"a", `Node.list(:hidden)`, `^\[:"c@HOST"\]$`},
		})
		if log := m.elixirs["a"].Log(); strings.Contains(log, "overlapping") || strings.Contains(log, "[error]") {
			t.Errorf("a logs\n%s", log)
		}

		m.running["c"].kill()
		path, _ = m.config("{sync_nodes_mandatory, ['b@127.0.0.1']}, {sync_nodes_timeout, 300}")
		m.ours("c", "secret_token", `mandatory nodes down: \[b@127.0.0.1\]`, "-config", path)
		if status, err := m.running["c"].wait(); err != nil || status != "exit status 69" {
			t.Errorf("without a mandatory node it ends with %s, %v", status, err)
		}
		m.ours("c", "secret_token", "syncing: ", "-config", path, "-kernel", "sync_nodes_timeout", "infinity")
		if log := m.running["c"].log(); strings.Contains(log, "ready") {
			t.Errorf("it is ready without a mandatory node:\n%s", log)
		}
		m.elixir("secret_token", []string{"b"})
		m.follow([]mixedStep{{"c", "", `interconnectd: ready: 1 of 1 nodes up\n`}, {"c", "", `--- Node up: b@HOST: type=erlang\n`}})
	})
}

// TestElixirWithoutDistribution: a list names a node of Elixir, and nothing joins it.
func TestElixirWithoutDistribution(t *testing.T) {
	m := newMixed(t, beamtest.Releases()[0], "127.0.0.1")
	m.elixir("secret_token", []string{"a"})
	path, _ := m.config("{sync_nodes_optional, ['a@127.0.0.1']}, {sync_nodes_timeout, 100}")
	if err := os.WriteFile(m.site.settings, []byte(strings.Replace(m.settings(), "distribution: true", "distribution: false", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	m.ours("c", "secret_token", "ready: 0 of 1 nodes up", "-config", path)
	m.follow([]mixedStep{
		{"c", "", `\[WARN\]  interconnectd.node: a@HOST is an Erlang node; set erlang.distribution to join it\n`},
		{"c", `ping a@HOST`, `^pang\n$`},
		{"a", `:net_adm.ping(:"c@HOST")`, `^:pang$`},
	})
}
