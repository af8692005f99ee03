package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"interconnectd/syncnodes/bus/bustest"
)

// The tests run the real command in processes of its own: testscript puts a
// binary of it, made of this test, in the path.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"interconnectd": main, "busy": keepBusy, "counted": counted, "relay": relay, "dial": dialOnce, "intrude": intrude})
}

// patience is how long a test waits for what must happen some time.
const patience = 30 * time.Second

// site is a place of their own for the daemons of one test: folders, a
// cluster, a range of ports.
type site struct {
	env      []string // NAME=value
	settings string   // an interconnectd.yaml
	ports    [2]int

	portsFile string // a sys.config with them, for commands that join
}

// makeSite makes a site below dir.
func makeSite(dir string) (*site, error) {
	s := &site{settings: filepath.Join(dir, "interconnectd.yaml"), ports: freePorts()}
	for name, folder := range map[string]string{"INTERCONNECT_RUNTIME_DIR": "run", "STATE_DIRECTORY": "state", "HOME": "home", "TMPDIR": "tmp"} {
		path := filepath.Join(dir, folder)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, err
		}
		s.env = append(s.env, name+"="+path)
	}
	for _, name := range []string{"XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY", "XDG_CONFIG_HOME", "RELEASE_NODE", "RELEASE_COOKIE", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		s.env = append(s.env, name+"=")
	}
	s.env = append(s.env, "GORACE=atexit_sleep_ms=10") // a second, else, for each command
	s.portsFile = filepath.Join(dir, "ports.config")
	cluster := fmt.Sprintf("bus: {cluster: test-%d}\n", s.ports[0])
	ports := fmt.Sprintf("[{kernel, [{inet_dist_use_interface, {127,0,0,1}}, {inet_dist_listen_min, %d}, {inet_dist_listen_max, %d}]}].\n", s.ports[0], s.ports[1])
	return s, errors.Join(os.WriteFile(s.settings, []byte(cluster), 0o600), os.WriteFile(s.portsFile, []byte(ports), 0o600))
}

// flags are those that keep a daemon on its site, and on loopback whatever its
// name is.
func (s *site) flags() []string {
	return []string{
		"-settings", s.settings, "-kernel", "inet_dist_use_interface", "{127,0,0,1}",
		"inet_dist_listen_min", fmt.Sprint(s.ports[0]), "inet_dist_listen_max", fmt.Sprint(s.ports[1]),
	}
}

// freePorts is a range of four free ports.
func freePorts() [2]int {
	first := bustest.FreePorts(4)
	return [2]int{first, first + 3}
}

// process is a daemon that a test started.
type process struct {
	cmd     *exec.Cmd
	logFile string
	ended   chan struct{} // closed when cmd was waited for
	endedAt time.Time     // set before that
}

// startProcess starts a daemon that logs to logFile, which it makes anew.
func startProcess(env []string, dir, logFile string, args ...string) (*process, error) {
	return startCommand(exec.Command("interconnectd", args...), env, dir, logFile)
}

// startCommand starts a command that becomes a daemon.
func startCommand(cmd *exec.Cmd, env []string, dir, logFile string) (*process, error) {
	out, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &process{cmd: cmd, logFile: logFile, ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = env, dir, out, out
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // its state says all
		p.endedAt = time.Now()
		close(p.ended)
	}()
	return p, nil
}

// signal sends a signal to the process, unless it has ended.
func (p *process) signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// done is closed when the process has ended.
func (p *process) done() <-chan struct{} { return p.ended }

// end tells of a process that is done: "exit status 0", "signal: killed", and when.
func (p *process) end() (state string, at time.Time) { return p.cmd.ProcessState.String(), p.endedAt }

func (p *process) pid() int { return p.cmd.Process.Pid }

// stopped waits until a SIGSTOP has reached all threads: until the first of them gets
// to run and to see it, the others go on, and on a busy machine may answer a goodbye.
func (p *process) stopped() error {
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // between two looks
		stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
		if err != nil {
			return err
		}
		running := 0
		for _, stat := range stats {
			text, err := os.ReadFile(stat)
			if err == nil && !strings.Contains(string(text), ") T ") {
				running++
			}
		}
		if running == 0 { // also where there is no /proc
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d threads run after a SIGSTOP", running)
		}
	}
}

// kill ends the process in whatever state it is.
func (p *process) kill() {
	_ = p.signal(syscall.SIGKILL)
	<-p.ended
}

// wait waits for the end and tells of it: "exit status 0", "signal: terminated".
func (p *process) wait() (string, error) {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.String(), nil
	case <-time.After(patience):
		return "", errors.New("it does not end")
	}
}

func (p *process) log() string {
	text, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// lines are the lines of the log that match, none that is written just now.
func (p *process) lines(pattern *regexp.Regexp) []string {
	var matching []string
	for line := range strings.Lines(p.log()) {
		if strings.HasSuffix(line, "\n") && pattern.MatchString(line) {
			matching = append(matching, strings.TrimSuffix(line, "\n"))
		}
	}
	return matching
}

// mustAwait is await, and ends the test where that fails.
func (p *process) mustAwait(t *testing.T, node, pattern string, count int) []string {
	t.Helper()
	lines, err := p.await(regexp.MustCompile(pattern), count)
	if err != nil {
		t.Fatalf("the log of %s: %v; it is\n%s", node, err, p.log())
	}
	return lines
}

// await waits until count lines of the log match, or more.
func (p *process) await(pattern *regexp.Regexp, count int) ([]string, error) {
	for until := time.Now().Add(patience); ; {
		ended := false
		select {
		case <-p.ended:
			ended = true
		default:
		}
		if found := p.lines(pattern); len(found) >= count {
			return found, nil
		}
		switch {
		case ended:
			return nil, fmt.Errorf("it ended (%s) without a line that matches %q", p.cmd.ProcessState, pattern)
		case time.Now().After(until):
			return nil, fmt.Errorf("no line that matches %q, %d times", pattern, count)
		}
		time.Sleep(5 * time.Millisecond) // between two looks at a file
	}
}
