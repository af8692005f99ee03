package completion

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"interconnectd/configs"
)

var node = configs.Flag{Name: "node", Value: "NAME", Help: "ask that one"}

var format = configs.Flag{Name: "o", Value: "FORMAT", Choice: []string{"text", "json"}}

var program = Program{
	Commands: []Command{
		{Name: "ping", Operands: "NODE", Help: "ping one", Flags: configs.FlagSet{Flags: []configs.Flag{node, format}}},
		{Name: "call", Operands: "PROCESS NODE TERM", Flags: configs.FlagSet{Flags: []configs.Flag{node, {Name: "timeout", Value: "MILLISECONDS"}}}},
		{Name: "wait", Operands: "up|down NODE...", Flags: configs.FlagSet{Flags: []configs.Flag{node}}},
		{Name: "cookie", Operands: "[generate]"},
		{Name: "set-cookie", Operands: "COOKIE [NODE]"},
		{Name: "check", Operands: "[-config FILE ...] [FLAG ...]", Flags: configs.FlagSet{Flags: []configs.Flag{{Name: "config", Value: "FILE", Many: true}}, Params: true}},
		{Name: "fmt", Operands: "[-w] [FILE...]", Flags: configs.FlagSet{Flags: []configs.Flag{{Name: "w"}}}},
		{Name: "man", Operands: "[PAGE]", Flags: configs.FlagSet{Flags: []configs.Flag{{Name: "d", Value: "DIR"}}}},
		{Name: "help", Operands: "[COMMAND]"},
	},
	Daemon: configs.FlagSet{Flags: []configs.Flag{
		{Name: "config", Value: "FILE", Many: true},
		{Name: "name", Value: "NAME[@HOST]"},
		{Name: "setcookie", Value: "COOKIE", Pair: "NODE COOKIE"},
		{Name: "hidden"},
	}, Params: true},
	Before: []configs.Flag{node, format},
	Params: []Candidate{{"net_ticktime", "seconds"}, {"sync_nodes_timeout", ""}},
}

// said is what the asked one knows; its words tell what it was asked.
func said(q Question) []Candidate {
	switch q.Kind {
	case "NODE":
		from := "all"
		if q.Node != "" {
			from = q.Node
		}
		return []Candidate{{"a@h", q.Command + " of " + from}, {"b@h", ""}, {"b@$(reboot)", ""}, {"b@h\nx", ""}, {"b@x", "two\nlines"}}
	case "NAME":
		return []Candidate{{"run@h", ""}}
	}
	return nil
}

func TestComplete(t *testing.T) {
	const files, dirs = ":files", ":dirs"
	tests := []struct {
		line string // words, the last one completed
		want string
	}{
		{"", "ping call wait cookie set-cookie check fmt man help"},
		{"c", "call cookie check"},
		{"xyz", ""},
		{"xyz ", ""},
		{"ping ", "a@h b@h"},
		{"ping b", "b@h"},
		{"ping b@", "b@h"},
		{"ping c", ""},
		{"ping a@h ", "-node -o -help"}, // no more operands
		{"ping a@h -", "-node -o -help"},
		{"ping -", "-node -o -help"},
		{"ping -n", "-node"},
		{"ping -node ", "run@h"},
		{"ping -node r", "run@h"},
		{"ping -node run@h ", "a@h b@h"},
		{"ping -node run@h -", "-o -help"}, // not twice
		{"ping -o ", "text json"},
		{"ping -o j", "json"},
		{"ping -o json b", "b@h"},
		{"ping -- ", "a@h b@h"},
		{"ping -- -", ""},
		{"ping -- a@h ", ""},
		{"-node ", "run@h"},
		{"-o t", "text"},
		{"-node run@h ", "ping call wait cookie set-cookie check fmt man help"},
		{"-node run@h -", "-o -help"},
		{"-node run@h pi", "ping"},
		{"-node run@h ping ", "a@h b@h"},
		{"-node run@h ping -", "-o -help"},
		{"call ", ""},
		{"call P ", "a@h b@h"},
		{"call P -timeout ", ""},
		{"call P -timeout 5 a", "a@h"},
		{"call P a@h ", ""},
		{"wait ", "up down"},
		{"wait up ", "a@h b@h"},
		{"wait up a@h ", "b@h"}, // not twice
		{"wait up a@h b@h ", ""},
		{"cookie ", "generate"},
		{"cookie generate ", "-help"},
		{"set-cookie ", ""},
		{"set-cookie x ", "a@h b@h"},
		{"set-cookie - a", "a@h"},
		{"check ", "-config -kernel -help"},
		{"check -config ", files},
		{"check -config x -c", "-config"}, // many times
		{"fmt ", files},
		{"fmt x ", files},
		{"fmt -w -", "-help"},
		{"man -d ", dirs},
		{"help p", "ping"},
		{"help ping ", "-help"},
		{"-", "-config -name -setcookie -hidden -kernel -help -node -o -version"},
		{"-c", "-config"},
		{"-config ", files},
		{"-config x -", "-config -name -setcookie -hidden -kernel -help"},
		{"-config x ", "-config -name -setcookie -hidden -kernel -help"},
		{"-name ", ""},
		{"-hidden -", "-config -name -setcookie -kernel -help"},
		{"-setcookie ", "a@h b@h"}, // it may be a node's
		{"-setcookie a@h ", ""},
		{"-setcookie a@h -h", "-hidden -help"},
		{"-setcookie a@h x -s", "-setcookie"},
		{"-kernel ", "net_ticktime sync_nodes_timeout"},
		{"-kernel n", "net_ticktime"},
		{"-kernel net_ticktime ", ""},
		{"-kernel net_ticktime 1 ", "sync_nodes_timeout"},
		{"-kernel net_ticktime -1 ", ""}, // a flag
		{"-kernel net_ticktime 4 -n", "-name"},
		{"-shop ", ""},
		{"-shop port 80 -kernel s", "sync_nodes_timeout"},
	}
	for _, tt := range tests {
		a := program.Complete(strings.Split(tt.line, " "), said)
		var got []string
		if a.Files {
			got = append(got, files)
		}
		if a.Dirs {
			got = append(got, dirs)
		}
		for _, c := range a.Candidates {
			got = append(got, c.Word)
		}
		want := strings.Fields(tt.want)
		if tt.line == "-" { // the two tables follow each other
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", tt.line, got, want)
		}
	}
	if a := program.Complete(nil, said); len(a.Candidates) != len(program.Commands) {
		t.Errorf("no words: %v", a)
	}
}

// TestWhoIsAsked: the question has the command, and the daemon.
func TestWhoIsAsked(t *testing.T) {
	for line, want := range map[string]string{
		"ping a":                   "a@h\tping of all\n",
		"ping -node x@h a":         "a@h\tping of x@h\n",
		"-node x@h call P a":       "a@h\tcall of x@h\n",
		"-node x@h call P -node ":  "run@h\n",
		"-setcookie a":             "a@h\t of all\n",
		"-config ":                 ":files\n",
		"man -d ":                  ":dirs\n",
		"help pi":                  "ping\tping one\n",
		"-kernel net_ticktime 4 n": "",
	} {
		if got := program.Complete(strings.Split(line, " "), said).String(); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// TestShellsReadWords: nothing comes through that is more than a word to a shell.
func TestShellsReadWords(t *testing.T) {
	for r := rune(0); r < 0x250; r++ {
		word := "a" + string(r) + "b"
		answer := program.Complete([]string{"ping", ""}, func(Question) []Candidate { return []Candidate{{Word: word}} })
		got := len(answer.Candidates) == 1
		want := strings.ContainsRune("@.:_-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", r)
		if got != want {
			t.Errorf("%q: a candidate: %v, want %v", word, got, want)
		}
	}
}

func TestOperands(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "[]",
		"NODE":                          "[{NODE false}]",
		"COOKIE [NODE]":                 "[{COOKIE false} {NODE false}]",
		"[NODE [TERM]]":                 "[{NODE false} {TERM false}]",
		"[-o erl|json|yaml] FILE...":    "[{FILE true}]",
		"[-w] [-d] [FILE...]":           "[{FILE true}]",
		"[FILE ...]":                    "[{FILE true}]",
		"[FILE]...":                     "[{FILE true}]",
		"[-config FILE ...] [FLAG ...]": "[]",
		"bash|zsh|fish":                 "[{bash|zsh|fish false}]",
		"[up|down] NODE ...":            "[{up|down false} {NODE true}]",
	} {
		list := operandsOf(text)
		if list == nil {
			list = []operand{}
		}
		if got := fmt.Sprint(list); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestScripts(t *testing.T) {
	for _, shell := range Shells {
		if !strings.Contains(Script(shell), "__complete") {
			t.Errorf("%s has no script", shell)
		}
	}
	if got := Script("csh"); got != "" {
		t.Errorf("csh has %q", got)
	}
}
