package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"interconnectd/erlterm/required"
	"interconnectd/systemd/machine"
)

// documents are those whose every command is run here.
var documents = []string{"README.md", "configs/README.md", "systemd/README.md"}

// fixtures are the files that a document shows or speaks of, and does not make.
var fixtures = map[string]string{
	"releases/1.2.0/vm.args":        "-name shop@10.0.0.7\n-setcookie KJHGFDSAQWERTYUIOPLM\n-kernel inet_dist_listen_min 9100 inet_dist_listen_max 9105\n+SDio 16\n",
	"releases/1.2.0/sys.config":     "[{kernel, [{sync_nodes_timeout, 5000}, {net_ticktime, 20}]},\n {shop, [{http_port, 8080}]},\n \"cluster\"].\n",
	"releases/1.2.0/cluster.config": "[{kernel, [{sync_nodes_optional, ['shop@10.0.0.7', 'shop@10.0.0.8']}]}].\n",

	"sys.config.src": "[{kernel, [\n  {sync_nodes_timeout, ${SYNC_MS}}\n]}].\n",
	"external.yaml":  "bus:\n  urls: [nats://127.0.0.1:4222]\n  user: interconnect\n  password_file: bus.password\n",
	"reload.config":  "[{kernel, [{sync_nodes_optional, ['b@127.0.0.1']}, {sync_nodes_timeout, 100}]}].\n",
	"erlang.yaml":    "erlang:\n  distribution: true\n",
	"other.config":   "[{kernel, [{sync_nodes_optional, ['c@127.0.0.1']}, {sync_nodes_timeout, 100}, {net_ticktime, 4}, {connect_all, false}]}].\n",
}

// hostFixtures are those of each host of a session on several.
var hostFixtures = map[string]string{
	"cluster.config": "[{kernel, [{sync_nodes_optional, ['a@10.0.0.7', 'b@10.0.0.8']}, {sync_nodes_timeout, 10000}]}].\n",
	"cookie":         "a-cookie-of-more-than-twenty-characters\n",
}

// nfpmLine is where the build of packages names its tool.
var nfpmLine = regexp.MustCompile(`(?m)^nfpm=(\S+)`)

// lasting are the commands that go on until somebody ends them. A daemon is one that is
// ready when its log says so.
var (
	lasting  = regexp.MustCompile(`^(\w+=\S+ )*(interconnectd -|go run \./daemon -|go run \./configs/examples/gate |nats-server |journalctl -fu|interconnectd (events -f|monitor)|iex )`)
	isDaemon = regexp.MustCompile(`^(interconnectd -|go run \./daemon -)`)
)

func readDocument(t *testing.T, name string) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(packageDir, "..", name))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := blocksOf(string(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return blocks
}

// TestDocuments runs each command of the documents as it stands there, in a machine of
// its own where root may do anything, and compares what it prints with what they show.
func TestDocuments(t *testing.T) {
	t.Parallel()
	required.Programs(t, "nats-server", "ip", "make", "man", "iex", "epmd")
	d := newReader(t)
	for _, name := range documents {
		t.Run(strings.ReplaceAll(name, "/", "-"), func(t *testing.T) {
			section := ""
			for _, b := range readDocument(t, name) {
				if b.section != section {
					d.endSection(t)
					section = b.section
				}
				if b.inline {
					continue
				}
				for _, s := range b.steps {
					if d.follow(t, fmt.Sprintf("%s:%d", name, b.line), s); t.Failed() {
						d.endSection(t)
						return // what follows builds on it
					}
				}
			}
			d.endSection(t)
		})
	}
}

// TestInlineCommands runs the commands that stand between backticks, where they speak of
// nobody in particular, against a daemon that has an answer to everything: there is no
// command of that name, or no such flag, in no document.
func TestInlineCommands(t *testing.T) {
	getenv := stageDaemon(t)
	count := 0
	for _, name := range documents {
		for _, b := range readDocument(t, name) {
			if !b.inline {
				continue
			}
			count++
			words := strings.Fields(strings.ReplaceAll(b.steps[0].command, "'", ""))[1:]
			if len(words) == 1 && words[0] == "reload" || slices.Contains(words, "stop") {
				continue // run in the blocks; here it would end the stage
			}
			if strings.HasPrefix(words[0], "-") && words[0] != "--help" {
				words = append([]string{"check"}, words...)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // of those that follow
			var errs bytes.Buffer
			code := run(ctx, words, &world{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &errs, getenv: getenv})
			cancel()
			if code == exitUsage || code == exitInternal {
				t.Errorf("%s:%d: %s: exit %d: %s", name, b.line, b.steps[0].command, code, errs.String())
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d commands were found", count)
	}
}

// reader does what a reader of a document does.
type reader struct {
	machine *machine.Machine
	running []*lastingCommand
	hosts   map[string]bool
}

// lastingCommand is a command that goes on in a terminal of its own.
type lastingCommand struct {
	at      string
	step    step
	cmd     *exec.Cmd
	in      io.WriteCloser // of iex, else nil
	mu      sync.Mutex
	out     bytes.Buffer
	stopped chan struct{}
}

func (c *lastingCommand) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(p)
}

func (c *lastingCommand) output() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.String()
}

// checkout is where the machine has the project, home the home directory of who reads.
const (
	home     = "/home/reader"
	checkout = home + "/interconnectd"
)

func newReader(t *testing.T) *reader {
	t.Helper()
	goEnv, err := exec.Command("go", "env", "GOROOT", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := strings.Fields(string(goEnv))
	d := &reader{hosts: map[string]bool{}}
	d.machine = machine.Boot(t, machine.Options{
		Keep: dirs,
		Env: []string{
			"HOME=" + home, "GOCACHE=" + dirs[1], "GOMODCACHE=" + dirs[2], "GOTOOLCHAIN=local", "GOPROXY=file://" + dirs[2] + "/cache/download", "GOSUMDB=off", "DEBIAN_FRONTEND=noninteractive",
			"PATH=" + dirs[0] + "/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		},
	})
	d.machine.Run(t, "hostname altair; echo '127.0.0.1 altair' >>/etc/hosts; mkdir -p "+checkout+"; rm -rf /var/lib/interconnect; ip link set lo up")
	if _, err := exec.LookPath("sudo"); err != nil {
		d.machine.Write(t, "/usr/local/bin/sudo", "#!/bin/sh\nexec \"$@\"\n", 0o755)
	}
	d.copyCheckout(t)
	// A checkout has a commit, and the packages' tool is in the cache: inside there is no network.
	d.machine.Run(t, "cd "+checkout+" && git init -q && git add -A && git -c user.name=reader -c user.email=reader@altair commit -qm all")
	script, err := os.ReadFile(filepath.Join(packageDir, "../systemd/packaging/build"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "run", nfpmLine.FindStringSubmatch(string(script))[1], "--version").CombinedOutput(); err != nil {
		required.Missing(t, fmt.Sprintf("the tool that builds packages: %v\n%s", err, out))
	}
	for name, text := range fixtures {
		d.machine.Write(t, filepath.Join(checkout, name), text, 0o600)
	}
	return d
}

// copyCheckout brings the project's files into the machine, as git has them, changes
// included.
func (d *reader) copyCheckout(t *testing.T) {
	t.Helper()
	root := filepath.Join(packageDir, "..")
	pack := exec.Command("bash", "-c", "git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- --ignore-failed-read")
	pack.Dir = root
	unpack := d.machine.Command(t.Context(), "tar", "-x", "-C", checkout)
	var errs bytes.Buffer
	unpack.Stderr = &errs
	pipe, err := pack.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	unpack.Stdin = pipe
	if err := pack.Start(); err != nil {
		t.Fatal(err)
	}
	if err := unpack.Run(); err != nil {
		t.Fatalf("unpacking: %v\n%s", err, errs.String())
	}
	if err := pack.Wait(); err != nil {
		t.Fatalf("packing: %v", err)
	}
}

// bash is a command at a prompt.
func (d *reader) bash(ctx context.Context, t *testing.T, s step) *exec.Cmd {
	t.Helper()
	if s.host == "" {
		return d.machine.Command(ctx, "bash", "-c", "cd "+checkout+" && "+s.command)
	}
	if !d.hosts[s.host] {
		d.addHost(t, s.host)
	}
	return d.machine.Command(ctx, "ip", "netns", "exec", s.host, "bash", "-c", "cd /hosts/"+s.host+" && "+s.command)
}

// addHost makes a host of that address, on a network that all of them share.
func (d *reader) addHost(t *testing.T, addr string) {
	t.Helper()
	if len(d.hosts) == 0 {
		d.machine.Run(t, "ip link add lan type bridge && ip link set lan up")
	}
	d.hosts[addr] = true
	number := len(d.hosts)
	d.machine.Run(t, fmt.Sprintf("ip netns add %[1]s && ip link add port%[2]d type veth peer name eth0 netns %[1]s && ip link set port%[2]d master lan up && "+
		"ip -n %[1]s addr add %[1]s/24 dev eth0 && ip -n %[1]s link set eth0 up && ip -n %[1]s link set lo up", addr, number))
	for name, text := range hostFixtures {
		d.machine.Write(t, filepath.Join("/hosts", addr, name), text, 0o600)
	}
}

// follow runs a step. One that lasts goes on until the end of its section; before another
// it is waited for until it has begun.
func (d *reader) follow(t *testing.T, at string, s step) {
	t.Helper()
	switch {
	case s.command == "go test ./...":
		return // this test is part of it
	case strings.HasPrefix(s.command, "sudoedit "):
		d.machine.Write(t, strings.TrimPrefix(s.command, "sudoedit "), strings.Join(s.output, "\n")+"\n", 0o644)
		return
	case s.iex != "":
		d.enter(t, at, s)
		return
	case lasting.MatchString(s.command):
		c := &lastingCommand{at: at, step: s, stopped: make(chan struct{})}
		// The shell becomes the command, so that a signal reaches it.
		s.command = regexp.MustCompile(`^((\w+=\S+ )*)`).ReplaceAllString(s.command, "exec env $1")
		c.cmd = d.bash(context.WithoutCancel(t.Context()), t, s)
		c.cmd.Stdout, c.cmd.Stderr = c, c
		if strings.HasPrefix(c.step.command, "iex ") {
			var err error
			if c.in, err = c.cmd.StdinPipe(); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			_ = c.cmd.Wait()
			close(c.stopped)
		}()
		d.running = append(d.running, c)
		return
	}
	for _, c := range d.running {
		if err := c.awaitBegin(); err != nil {
			t.Error(err)
			return
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := d.bash(ctx, t, s)
	cmd.WaitDelay = time.Second
	out, _ := cmd.CombinedOutput() // a negative answer is one too
	if code := cmd.ProcessState.ExitCode(); code == exitUsage || code == exitInternal || code > 100 {
		t.Errorf("%s: $ %s\nexit %d:\n%s", at, s.command, code, out)
		return
	}
	if s.output == nil && cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("%s: $ %s\nexit %d:\n%s", at, s.command, cmd.ProcessState.ExitCode(), out)
	}
	if s.output == nil {
		return
	}
	if diff := unlike(s.output, string(out)); diff != "" {
		t.Errorf("%s: $ %s\n%s\nall of it:\n%s", at, s.command, diff, out)
		for _, c := range d.running {
			t.Logf("%s: $ %s has printed\n%s", c.at, c.step.command, c.output())
		}
	}
}

// enter types an expression into the iex of a node, and compares what comes before the next
// prompt with what the document shows. What the node logs may come at any time.
func (d *reader) enter(t *testing.T, at string, s step) {
	t.Helper()
	i := slices.IndexFunc(d.running, func(c *lastingCommand) bool { return c.in != nil && strings.Contains(c.step.command, " "+s.iex+" ") })
	if i < 0 {
		t.Errorf("%s: no iex runs as %s", at, s.iex)
		return
	}
	c, prompt, next := d.running[i], fmt.Sprintf("iex(%s)%d> ", s.iex, s.number), fmt.Sprintf("iex(%s)%d> ", s.iex, s.number+1)
	err := c.await("it has no prompt "+prompt, func(output string) bool { return strings.Contains(output, prompt) })
	if err == nil {
		_, err = io.WriteString(c.in, s.command+"\n")
	}
	if err == nil {
		err = c.await("it does not answer "+s.command, func(output string) bool { return strings.Contains(output, next) })
	}
	if err != nil {
		t.Error(err)
		return
	}
	_, answer, _ := strings.Cut(c.output(), prompt)
	answer, _, _ = strings.Cut(answer, next)
	answer = strings.ReplaceAll(answer, prompt, "\n") // which is there again below what was logged
	shown, logged := withoutLogs(s.output)
	got, _ := withoutLogs(strings.Split(answer, "\n"))
	if diff := unlike(shown, strings.Join(got, "\n")); diff != "" {
		t.Errorf("%s: %s%s\n%s\nall of it:\n%s", at, prompt, s.command, diff, c.output())
	}
	if err := c.await("it does not log what it should", func(output string) bool { return hasLines(logged, output) }); err != nil {
		t.Error(err)
	}
}

// elixirLog is a line that Elixir's Logger writes.
var elixirLog = regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d+ \[`)

// withoutLogs takes what a node of Elixir logs out of what it prints, and blank lines.
func withoutLogs(lines []string) (printed, logged []string) {
	for _, line := range lines {
		switch {
		case elixirLog.MatchString(line):
			logged = append(logged, line)
		case line != "":
			printed = append(printed, line)
		}
	}
	return printed, logged
}

// awaitBegin waits until a daemon is ready, or any other command has printed the first line
// that the document shows.
func (c *lastingCommand) awaitBegin() error {
	return c.await("it has not begun", func(output string) bool {
		if isDaemon.MatchString(c.step.command) {
			return strings.Contains(output, ": ready: ")
		}
		return len(c.step.output) == 0 || c.step.output[0] == "..." || hasLines(c.step.output[:1], output)
	})
}

func (c *lastingCommand) await(why string, done func(output string) bool) error {
	for until := time.Now().Add(2 * patience); ; time.Sleep(5 * time.Millisecond) { // between two looks
		select {
		case <-c.stopped:
			why = "it has ended"
			until = time.Time{}
		default:
		}
		if done(c.output()) {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("%s: $ %s\n%s:\n%s", c.at, c.step.command, why, c.output())
		}
	}
}

// endSection looks whether all that lasted has printed what it should, and ends it.
func (d *reader) endSection(t *testing.T) {
	t.Helper()
	running := d.running
	d.running = nil
	for _, c := range running {
		if t.Failed() {
			break
		}
		if err := c.await("it does not print what it should", func(output string) bool { return hasLines(c.step.output, output) }); err != nil {
			t.Error(err)
		}
	}
	for _, c := range running {
		if c.in != nil {
			_ = c.in.Close() // which ends iex
		}
		// Inside: what nsenter started is not our child.
		d.machine.Try(t, "pkill -TERM -f -- '"+regexp.QuoteMeta(lastWords(c.step.command))+"' || true")
	}
	for _, c := range running {
		select {
		case <-c.stopped:
		case <-time.After(patience):
			t.Errorf("%s: $ %s\ndoes not end", c.at, c.step.command)
		}
	}
}

// lastWords are what tells a command from others in the list of processes.
func lastWords(command string) string {
	command = regexp.MustCompile(`^(\w+=\S+ )*(interconnectd |go run \S+ )?`).ReplaceAllString(command, "")
	return command
}
