package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
	"interconnectd/syncnodes/bus/bustest"
)

// TestScripts runs testdata/script/*.txtar. Each script has a site of its own,
// and these commands beside testscript's:
//
//	start ID ARG...          start a daemon in the background; it logs to ID.log;
//	                         variables of its environment may come first, as in A=b;
//	                         -settings takes the place of the site's, and its cluster
//	log [-count=N] ID REGEXP wait until ID's log has a line that matches
//	! log ID REGEXP          ID's log has no such line until now
//	signal NAME ID           send KILL, TERM, INT, HUP, USR1, USR2, STOP or CONT to a daemon
//	end ID STATUS            wait until a daemon has ended, and how: 'exit status 0'
//	code N COMMAND ARG...    run a command that exits with N
//	mode OCTAL FILE          change the mode of a file
//	file FILE REGEXP         wait until a file matches
//	journal ID COUNT         wait until a daemon's journal has so many events
//	get CODE TEXT URL        ask over HTTP; the answer has one line
//
// $SETTINGS is the site's interconnectd.yaml, $PORTS a sys.config with its ports: with them a
// command joins without a daemon. $HTTPPORT and $HTTPPORT2 are free ports, $HOST is this host's short name. The condition [alone] holds where no daemon runs on this host besides.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		RequireUniqueNames: true,
		Setup:              setUp,
		Condition:          condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": cmdStart, "log": cmdLog, "signal": cmdSignal,
			"end": cmdEnd, "code": cmdCode, "mode": cmdMode, "get": cmdGet,
			"file": cmdFile, "journal": cmdJournal,
		},
	})
}

// stage is what the commands of one script share.
type stage struct {
	site    *site
	daemons map[string]*process
}

type stageKey struct{}

func setUp(env *testscript.Env) error {
	s, err := makeSite(filepath.Join(env.WorkDir, ".site"))
	if err != nil {
		return err
	}
	st := &stage{site: s, daemons: map[string]*process{}}
	host, err := configs.ThisHost().ShortName()
	if err != nil {
		return err
	}
	env.Vars = append(env.Vars, s.env...)
	port := bustest.FreePorts(2)
	env.Vars = append(env.Vars, "HOST="+host, fmt.Sprint("HTTPPORT=", port), fmt.Sprint("HTTPPORT2=", port+1))
	env.Vars = append(env.Vars, "SETTINGS="+s.settings, "PORTS="+s.portsFile)
	env.Values[stageKey{}] = st
	env.Defer(func() {
		for _, p := range st.daemons {
			p.kill()
		}
	})
	return nil
}

func condition(word string) (bool, error) {
	if word != "alone" {
		return false, fmt.Errorf("no condition %q", word)
	}
	_, err := control.Find(context.Background(), func(string) string { return "" }, "")
	return errors.Is(err, control.ErrNone), nil
}

func cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: get CODE TEXT URL")
	}
	answer, err := http.Get(args[2])
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if got := strings.TrimSpace(string(text)); fmt.Sprint(answer.StatusCode) != args[0] || got != args[1] {
		ts.Fatalf("%d %q, want %s %q", answer.StatusCode, got, args[0], args[1])
	}
}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func daemonOf(ts *testscript.TestScript, id string) *process {
	p := stageOf(ts).daemons[id]
	if p == nil {
		ts.Fatalf("no daemon %s was started", id)
	}
	return p
}

func need(ts *testscript.TestScript, neg bool, args []string, count int, usage string) {
	if neg || len(args) < count {
		ts.Fatalf("usage: %s", usage)
	}
}

func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 1, "start ID ARG...")
	st, id := stageOf(ts), args[0]
	if former := st.daemons[id]; former != nil {
		select {
		case <-former.ended:
		default:
			ts.Fatalf("%s runs", id)
		}
	}
	var env []string
	for _, name := range []string{
		"PATH", "INTERCONNECT_RUNTIME_DIR", "STATE_DIRECTORY", "HOME", "TMPDIR", "RUNTIME_DIRECTORY",
		"CREDENTIALS_DIRECTORY", "RELEASE_NODE", "RELEASE_COOKIE", "NOTIFY_SOCKET", "GORACE", "GOCOVERDIR",
	} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	args = args[1:]
	for len(args) > 0 && args[0][0] != '-' && strings.Contains(args[0], "=") {
		env, args = append(env, args[0]), args[1:]
	}
	flags := st.site.flags()
	if slices.Contains(args, "-settings") {
		flags = flags[2:]
	}
	p, err := startProcess(env, ts.MkAbs("."), ts.MkAbs(id+".log"), append(flags, args...)...)
	ts.Check(err)
	st.daemons[id] = p
}

func cmdLog(ts *testscript.TestScript, neg bool, args []string) {
	count := 1
	if len(args) > 0 && strings.HasPrefix(args[0], "-count=") {
		var err error
		count, err = strconv.Atoi(strings.TrimPrefix(args[0], "-count="))
		ts.Check(err)
		args = args[1:]
	}
	need(ts, false, args, 2, "log [-count=N] ID REGEXP")
	p, pattern := daemonOf(ts, args[0]), regexp.MustCompile(args[1])
	if neg {
		if found := p.lines(pattern); len(found) > 0 {
			ts.Fatalf("the log of %s has %q", args[0], found)
		}
		return
	}
	if _, err := p.await(pattern, count); err != nil {
		ts.Fatalf("waiting for the log of %s: %v; it is\n%s", args[0], err, p.log())
	}
}

func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "signal NAME ID")
	sig, ok := map[string]syscall.Signal{
		"KILL": syscall.SIGKILL, "TERM": syscall.SIGTERM,
		"INT": syscall.SIGINT, "HUP": syscall.SIGHUP, "USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
	}[args[0]]
	if !ok {
		ts.Fatalf("no signal %s", args[0])
	}
	p := daemonOf(ts, args[1])
	ts.Check(p.signal(sig))
	if sig == syscall.SIGSTOP {
		ts.Check(p.stopped())
	}
}

func cmdEnd(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "end ID STATUS")
	p := daemonOf(ts, args[0])
	status, err := p.wait()
	if err != nil || status != args[1] {
		ts.Fatalf("waiting for the end of %s: %v, got %q, want %q; its log is\n%s", args[0], err, status, args[1], p.log())
	}
}

func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "code N COMMAND ARG...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("running %s: %v", args[1], err)
	}
	if got != want {
		for id, p := range stageOf(ts).daemons {
			ts.Logf("the log of %s is\n%s", id, p.log())
		}
		ts.Fatalf("%s exits with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func cmdFile(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "file FILE REGEXP")
	pattern := regexp.MustCompile("(?m)" + args[1])
	var text []byte
	for until := time.Now().Add(patience); !pattern.Match(text); time.Sleep(5 * time.Millisecond) { // between two looks
		if time.Now().After(until) {
			ts.Fatalf("%s does not match %q:\n%s", args[0], args[1], text)
		}
		text, _ = os.ReadFile(ts.MkAbs(args[0])) // it may not be there yet
	}
}

func cmdJournal(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "journal ID COUNT")
	count, err := strconv.Atoi(args[1])
	ts.Check(err)
	client, err := control.Find(context.Background(), ts.Getenv, nodeid.Name(args[0]+"@127.0.0.1"))
	ts.Check(err)
	for until := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) { // between two looks
		status, err := client.Status(context.Background())
		ts.Check(err)
		if status.Journal.Events == count {
			return
		}
		if time.Now().After(until) {
			ts.Fatalf("%d events, want %d", status.Journal.Events, count)
		}
	}
}

func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, neg, args, 2, "mode OCTAL FILE")
	mode, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	ts.Check(os.Chmod(ts.MkAbs(args[1]), os.FileMode(mode)))
}
