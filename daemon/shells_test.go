package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"interconnectd/daemon/completion"
	"interconnectd/erlterm/required"
)

// pair is two daemons that are connected, b-1 and b-2.
func pair(t *testing.T) (*site, []*process) {
	t.Helper()
	s, err := makeSite(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "PATH="+os.Getenv("PATH"), "TERM=dumb", "LC_ALL=C")
	var daemons []*process
	for _, node := range []string{"b-1", "b-2"} {
		args := append(s.flags(), "sync_nodes_optional", "['b-1@127.0.0.1','b-2@127.0.0.1']", "sync_nodes_timeout", "30000",
			"-name", node+"@127.0.0.1", "-setcookie", "cookie-of-the-shells")
		p, err := startProcess(s.env, filepath.Dir(s.settings), filepath.Join(t.TempDir(), "log"), args...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.kill)
		daemons = append(daemons, p)
	}
	for i, p := range daemons {
		p.mustAwait(t, fmt.Sprint("b-", i+1), "ready: 1 of 1", 1)
	}
	return s, daemons
}

// put writes a file below the home folder, and gives its path.
func (s *site) put(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.getenv("HOME"), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// command runs in the home folder, with what the site's daemons have.
func (s *site) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Dir = s.env, s.getenv("HOME")
	return cmd
}

// until runs a command until it prints what is wanted: a machine that is busy may be
// too slow for the bound on names.
func (s *site) until(t *testing.T, want []string, name string, args ...string) {
	t.Helper()
	for until := time.Now().Add(patience); ; {
		cmd := s.command(name, args...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || stderr.Len() > 0 {
			t.Fatalf("%s %q: %v, %s%s", name, args, err, out, &stderr)
		}
		got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%s %q: %q, want %q", name, args, got, want)
		}
	}
}

// TestScriptsParse: each shell finds no fault in its script.
func TestScriptsParse(t *testing.T) {
	for _, shell := range completion.Shells {
		t.Run(shell, func(t *testing.T) {
			required.Programs(t, shell)
			path := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(path, []byte(completion.Script(shell)), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(shell, "-n", path).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// bashCompletion is where the package of that name has what finds completions.
const bashCompletion = "/usr/share/bash-completion/bash_completion"

// TestAtAPrompt: what somebody types who presses TAB becomes the line that he means.
func TestAtAPrompt(t *testing.T) {
	s, _ := pair(t)
	s.put(t, "sys.config", "[].\n")
	s.put(t, "plain.bashrc", "source <(interconnectd completion bash)\nPS1='READY> '\n")
	s.put(t, "lazy.bashrc", "source "+bashCompletion+"\nPS1='READY> '\n")
	s.put(t, ".local/share/bash-completion/completions/interconnectd", completion.Script("bash"))
	s.put(t, "folder/.zshrc", "PS1='READY> '\nfpath=(~/folder $fpath)\nautoload -U compinit\ncompinit -u -D\n")
	s.put(t, "folder/_interconnectd", completion.Script("zsh"))
	s.put(t, "sourced/.zshrc", "PS1='READY> '\nautoload -U compinit\ncompinit -u -D\nsource <(interconnectd completion zsh)\n")
	shells := []struct {
		name, needs string
		argv        []string
	}{
		{"bash", "", []string{"bash", "--noprofile", "--rcfile", "plain.bashrc", "-i"}},
		{"bash-completion", bashCompletion, []string{"bash", "--noprofile", "--rcfile", "lazy.bashrc", "-i"}},
		{"zsh", "/usr/bin/zsh", []string{"env", "ZDOTDIR=folder", "zsh", "-d", "-i"}},
		{"zsh sourced", "/usr/bin/zsh", []string{"env", "ZDOTDIR=sourced", "zsh", "-d", "-i"}},
	}
	lines := []struct{ keys, want string }{
		{"interconnectd pin\t", `interconnectd ping `},
		{"interconnectd ping b-2\t", `interconnectd ping b-2@127\.0\.0\.1 `},
		{"interconnectd ping b-2@\t", `interconnectd ping b-2@127\.0\.0\.1 `},
		{"interconnectd ping b-2@12\t", `interconnectd ping b-2@127\.0\.0\.1 `},
		{"interconnectd ping 'b-2@12\t", `interconnectd ping 'b-2@127\.0\.0\.1' `},
		{"interconnectd disconnect -node b-1@127.0.0.1 b\t", `interconnectd disconnect -node b-1@127\.0\.0\.1 b-2@127\.0\.0\.1 `},
		{"interconnectd -node 'b-1@127.0.0.1' disconnect b\t", `disconnect b-2@127\.0\.0\.1 `},
		{"interconnectd status -node b-\t\t", `b-1@127\.0\.0\.1 .*b-2@127\.0\.0\.1 |b-2@127\.0\.0\.1 .*b-1@127\.0\.0\.1 `},
		{"interconnectd -conf\tsys.c\t", `interconnectd -config sys\.config `},
		{"interconnectd nodes -o j\t", `interconnectd nodes -o json `},
		{"interconnectd -kernel sync_nodes_o\t", `interconnectd -kernel sync_nodes_optional `},
	}
	for _, shell := range shells {
		t.Run(shell.name, func(t *testing.T) {
			if _, err := os.Stat(shell.needs); shell.needs != "" && err != nil {
				required.Missing(t, err.Error())
			}
			term := openPrompt(t, s.command(shell.argv[0], shell.argv[1:]...))
			for _, line := range lines {
				term.await("READY> ", "")
				term.press(line.keys)
				term.await(line.want, "\t")
				term.next("\x15\n") // the line is dropped, and there is another prompt
			}
		})
	}
}

// TestBashFunction: the function that is registered answers as bash calls it.
func TestBashFunction(t *testing.T) {
	s, _ := pair(t)
	const call = `source <(interconnectd completion bash)
read -r _ _ function _ < <(complete -p interconnectd)
COMP_LINE=$1 COMP_POINT=${#1} current=$2
shift 2
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
$function interconnectd "$current" ''
printf '%s\n' "${COMPREPLY[@]}"`
	for _, tt := range []struct {
		line, current string
		words         []string
		want          []string
	}{
		{"interconnectd pin", "pin", []string{"interconnectd", "pin"}, []string{"ping"}},
		{"interconnectd zzz", "zzz", []string{"interconnectd", "zzz"}, []string{""}},
		{"interconnectd  ping ", "", []string{"interconnectd", "ping", ""}, []string{"b-1@127.0.0.1", "b-2@127.0.0.1"}},
		{"interconnectd ping b-1@12", "12", []string{"interconnectd", "ping", "b-1", "@", "12"}, []string{"127.0.0.1"}},
		{"interconnectd ping b-1@", "", []string{"interconnectd", "ping", "b-1", "@", ""}, []string{"127.0.0.1"}},
		{"interconnectd ping b-1@", "@", []string{"interconnectd", "ping", "b-1", "@"}, []string{"@127.0.0.1"}},
		{
			"interconnectd -node b-2@127.0.0.1 disconnect b", "b",
			[]string{"interconnectd", "-node", "b-2", "@", "127.0.0.1", "disconnect", "b"},
			[]string{"b-1@127.0.0.1"},
		},
		{"interconnectd call PingPong b-1@1 -o j", "j", []string{"interconnectd", "call", "PingPong", "b-1", "@", "1", "-o", "j"}, []string{"json"}},
	} {
		s.until(t, tt.want, "bash", append([]string{"-c", call, "bash", tt.line, tt.current}, tt.words...)...)
	}
}

// TestFish asks fish itself what it would offer.
func TestFish(t *testing.T) {
	required.Programs(t, "fish")
	s, _ := pair(t)
	s.put(t, "sys.config", "[].\n")
	script := s.put(t, "interconnectd.fish", completion.Script("fish"))
	for line, want := range map[string][]string{
		"interconnectd pin":                              {"ping\tconnect to a node and ask it for a sign of life"},
		"interconnectd disconnect -node b-1@":            {"b-1@127.0.0.1\tits daemon runs here"},
		"interconnectd -node b-1@127.0.0.1 disconnect b": {"b-2@127.0.0.1\tup"},
		"interconnectd -node b-1@127.0.0.1 disconnect ":  {"b-2@127.0.0.1\tup"},
		"interconnectd disconnect b-2@1":                 {"b-2@127.0.0.1\tup"},
		"interconnectd disconnect 'b-2@1":                {"b-2@127.0.0.1\tup"},
		"interconnectd -config sys":                      {"sys.config"},
		"interconnectd nodes -o j":                       {"json"},
		"interconnectd zzz":                              {""},
	} {
		s.until(t, want, "fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script, line)
	}
}

// TestHungDaemonHoldsNobodyUp: who presses TAB waits a moment for a daemon that does
// not answer, and gets what can be told without it.
func TestHungDaemonHoldsNobodyUp(t *testing.T) {
	s, daemons := pair(t)
	for _, p := range daemons {
		if err := p.signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		if err := p.stopped(); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	s.until(t, []string{""}, "interconnectd", completeWord, "--", "ping", "")
	// A daemon that answers has ten seconds, and is asked for its names for 250 ms.
	if took := time.Since(began); took < candidatesWithin || took > 5*time.Second {
		t.Errorf("it took %s, want %s", took, candidatesWithin)
	}
	s.until(t, []string{"b-1@127.0.0.1\tits daemon runs here", "b-2@127.0.0.1\tits daemon runs here"},
		"interconnectd", completeWord, "--", "ping", "-node", "")
}
