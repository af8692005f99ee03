// Package beamtest gives tests real nodes of Erlang and Elixir, with a port mapper of
// their own: they start, evaluate expressions, are stopped, and killed.
//
// A test that uses it needs erl and epmd in the PATH, and skips without them
// (package required). With the test flag -otp27 it uses a second release of OTP, in a
// folder of its own.
package beamtest

import (
	"bufio"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm/required"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/logtest"
)

var otp27 = flag.String("otp27", "", "the root of a system that has OTP 27, for chroot: what is tested with Erlang is tested with it too")

// Release is an OTP that nodes can be started with.
type Release struct {
	Name string
	Root string // of the system that has it, for chroot; "" for this one
}

// Releases are the OTP of this machine, and that of -otp27.
func Releases() []Release {
	all := []Release{{Name: "otp"}}
	if *otp27 != "" {
		all = append(all, Release{"otp27", *otp27})
	}
	return all
}

// patience bounds what a node is asked for: long, for a machine under load.
const patience = 30 * time.Second

// World is a port mapper and the nodes that know it. Nodes of two worlds do not find
// each other.
type World struct {
	port int
	home string

	mu   sync.Mutex
	epmd *exec.Cmd // nil while it does not run
}

// NewWorld starts a port mapper on a free port of loopback. All of the world ends with
// the test.
func NewWorld(t testing.TB) *World {
	t.Helper()
	required.Programs(t, "erl", "epmd")
	w := &World{port: bustest.FreePorts(1), home: t.TempDir()}
	w.StartEPMD(t)
	t.Cleanup(w.StopEPMD)
	return w
}

// EPMD is the port mapper's host:port.
func (w *World) EPMD() string { return fmt.Sprintf("127.0.0.1:%d", w.port) }

// EPMDPort is its port, for ERL_EPMD_PORT.
func (w *World) EPMDPort() int { return w.port }

// StartEPMD starts the port mapper where it does not run, and returns when it listens.
func (w *World) StartEPMD(t testing.TB) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.epmd != nil {
		return
	}
	cmd := exec.Command("epmd", "-address", "127.0.0.1", "-port", fmt.Sprint(w.port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.epmd = cmd
	bustest.Eventually(t, "the port mapper listens", func() bool {
		conn, err := net.Dial("tcp", w.EPMD())
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// StopEPMD ends the port mapper as kill -9 does, where it runs. It forgets all names.
func (w *World) StopEPMD() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.epmd == nil {
		return
	}
	_ = w.epmd.Process.Kill()
	_ = w.epmd.Wait() // it was killed
	w.epmd = nil
}

// Node says what a node is to be.
type Node struct {
	Name   nodeid.Name
	Cookie string
	Args   []string // further flags of erl
	Elixir bool     // elixir instead of erl: expressions are Elixir's then
	Root   string   // of another system that has an OTP, for chroot
}

// Running is a node that was started. Its methods may be called concurrently.
type Running struct {
	Node
	log logtest.Buffer // what it logs, and writes to standard output besides answers

	evalMu  sync.Mutex // one expression at a time
	in      io.WriteCloser
	answers chan string // closed when it has ended

	cmd    *exec.Cmd
	ended  chan struct{}
	endErr error // once ended is closed
}

// answering has a node evaluate each line, which is in base64, and print the value or
// what went wrong, each in one line.
const (
	answeringErlang = `(fun Loop() -> case io:get_line("") of
  eof -> halt();
  Line ->
    {Mark, Text} = try
      Source = unicode:characters_to_list(base64:decode(string:trim(Line))) ++ " .",
      {ok, Tokens, _} = erl_scan:string(Source),
      {ok, Exprs} = erl_parse:parse_exprs(Tokens),
      {value, Value, _} = erl_eval:exprs(Exprs, []),
      {"=> ", io_lib:format("~0tp", [Value])}
    catch Class:Reason:Stack -> {"!> ", io_lib:format("~0tp", [{Class, Reason, Stack}])} end,
    io:format("~s~s~n", [Mark, base64:encode(unicode:characters_to_binary(Text))]),
    Loop()
end end)().`
	answeringElixir = `loop = fn loop ->
  case IO.gets("") do
    line when is_binary(line) ->
      {mark, text} = try do
        {value, _} = Code.eval_string(Base.decode64!(String.trim(line)))
        {"=> ", inspect(value, limit: :infinity, printable_limit: :infinity, width: :infinity)}
      rescue e -> {"!> ", Exception.format(:error, e, __STACKTRACE__)}
      catch kind, e -> {"!> ", inspect({kind, e})} end
      IO.puts(mark <> Base.encode64(text))
      loop.(loop)
    _ -> System.halt(0)
  end
end
loop.(loop)`
)

// Start starts a node, and returns when it is distributed and answers. It is killed at
// the end of the test.
func (w *World) Start(t testing.TB, n Node) *Running {
	t.Helper()
	r, err := w.TryStart(n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Kill()
		if t.Failed() {
			t.Logf("%s logged:\n%s", n.Name, r.Log())
		}
	})
	return r
}

// TryStart is Start, without a test: whoever calls it kills the node.
func (w *World) TryStart(n Node) (*Running, error) {
	r := &Running{Node: n, answers: make(chan string), ended: make(chan struct{})}
	words := n.commandLine()
	if n.Root != "" {
		words = append([]string{"chroot", n.Root}, words...)
	}
	r.cmd = exec.Command(words[0], words[1:]...)
	r.cmd.Dir, r.cmd.Stderr = w.home, &r.log
	r.cmd.Env = w.environ(n)
	var err error
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", n.Name, err)
	}
	go r.read(out)
	alive := "node()"
	if n.Elixir {
		alive = "Node.self()"
	}
	if _, err := r.TryEval(alive); err != nil {
		r.Kill()
		return nil, fmt.Errorf("starting %s: %w\n%s", n.Name, err, r.Log())
	}
	return r, nil
}

// commandLine is how the node is started. It starts no port mapper: that would stay behind.
func (n Node) commandLine() []string {
	nameFlag := "-sname"
	if n.Name.Long() {
		nameFlag = "-name"
	}
	erl := []string{"-start_epmd", "false", "-kernel", "inet_dist_use_interface", "{127,0,0,1}"}
	erl = append(erl, n.Args...)
	if n.Elixir {
		return []string{
			"elixir", "-" + nameFlag, string(n.Name), "--cookie", n.Cookie,
			"--erl", strings.Join(erl, " "), "-e", answeringElixir,
		}
	}
	erl = append([]string{"erl", "-noshell", nameFlag, string(n.Name), "-setcookie", n.Cookie}, erl...)
	return append(erl, "-eval", answeringErlang)
}

func (w *World) environ(n Node) []string {
	home := w.home
	if n.Root != "" {
		home = "/tmp"
	}
	return append(os.Environ(), fmt.Sprintf("ERL_EPMD_PORT=%d", w.EPMDPort()), "ERL_EPMD_ADDRESS=127.0.0.1",
		"HOME="+home, "ERL_AFLAGS=", "ERL_FLAGS=", "ERL_ZFLAGS=", "ELIXIR_ERL_OPTIONS=",
		"ERL_CRASH_DUMP=/dev/null", "LC_ALL=C.UTF-8")
}

// read hands answers over and logs what else the node prints, until it has ended.
func (r *Running) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "=> ") || strings.HasPrefix(line, "!> ") {
			r.answers <- line // Eval waits for it
			continue
		}
		fmt.Fprintln(&r.log, line)
	}
	r.endErr = r.cmd.Wait()
	close(r.answers)
	close(r.ended)
}

// Eval evaluates an expression in the node, and gives its value as text, in one line.
// The test ends where that raises an exception.
func (r *Running) Eval(t testing.TB, expr string) string {
	t.Helper()
	value, err := r.TryEval(expr)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TryEval is Eval with an error. A node that does not answer at all is killed.
func (r *Running) TryEval(expr string) (string, error) {
	r.evalMu.Lock()
	defer r.evalMu.Unlock()
	hung := time.AfterFunc(patience, func() { _ = r.cmd.Process.Kill() })
	defer hung.Stop()
	if _, err := io.WriteString(r.in, base64.StdEncoding.EncodeToString([]byte(expr))+"\n"); err != nil {
		return "", fmt.Errorf("%s: %s: %w", r.Name, expr, err)
	}
	line, ok := <-r.answers
	if !ok {
		return "", fmt.Errorf("%s: %s: the node ended: %w", r.Name, expr, r.endErr)
	}
	text, err := base64.StdEncoding.DecodeString(line[len("=> "):])
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", r.Name, expr, err)
	}
	if strings.HasPrefix(line, "!> ") {
		return "", fmt.Errorf("%s: %s: %s", r.Name, expr, text)
	}
	return string(text), nil
}

// Kill ends the node as kill -9 does, and waits for its end. It may have ended before.
func (r *Running) Kill() {
	_ = r.cmd.Process.Kill() // it may be gone
	select {
	case <-r.answers: // an answer that nobody waits for
	case <-r.ended:
	}
	<-r.ended
}

// Stop stops the node, as SIGSTOP does: its sockets stay open.
func (r *Running) Stop(t testing.TB) { r.signal(t, syscall.SIGSTOP) }

// Cont lets a node go on that was stopped.
func (r *Running) Cont(t testing.TB) { r.signal(t, syscall.SIGCONT) }

func (r *Running) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := r.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// Signal sends a signal to the node's process. The error is that it has ended.
func (r *Running) Signal(sig syscall.Signal) error { return r.cmd.Process.Signal(sig) }

// Ended is closed when the node's process has ended.
func (r *Running) Ended() <-chan struct{} { return r.ended }

// Err is how the process ended, once Ended is closed; nil where it left in order.
func (r *Running) Err() error { return r.endErr }

// PID is the node's process.
func (r *Running) PID() int { return r.cmd.Process.Pid }

// Log is what the node has logged and printed until now.
func (r *Running) Log() string { return r.log.String() }

// AwaitLog waits until the node has logged a text.
func (r *Running) AwaitLog(t testing.TB, text string) {
	t.Helper()
	bustest.Eventually(t, fmt.Sprintf("%s logs %q", r.Name, text), func() bool { return strings.Contains(r.Log(), text) })
}
