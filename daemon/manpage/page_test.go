package manpage

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"interconnectd/configs"
)

var update = flag.Bool("update", false, "write the golden files anew")

var example = Program{
	Version: "v1.2.3", Date: "2026-11-27",
	Daemon: configs.FlagSet{Flags: []configs.Flag{{Name: "hidden", Help: "be a hidden node"}}, Params: true},
	Commands: []Command{{
		Name: "set-cookie", Operands: "COOKIE [NODE]", Help: "set the node's cookie",
		About: "With NODE it is for that\nnode only. As COOKIE, - is 'standard input':\n\n  (umask 077; x \\ y)\n\nIt prints\n\n" +
			"  ok     whether all is well, or the\n         cause\n  cause  what is wrong\n",
		Example: "$ interconnectd set-cookie x\n.true\n",
		Flags: configs.FlagSet{Flags: []configs.Flag{
			{Name: "o", Value: "FORMAT", Choice: []string{"text", "json"}, Help: "print that"},
			{Name: "setcookie", Value: "COOKIE", Pair: "NODE COOKIE", Many: true, Help: "set the cookie"},
		}},
		Exits: []Item{{"0", "all went well"}},
	}},
	Parameters: []configs.KernelParameter{{Name: "net_ticktime", About: "the seconds of silence"}},
	Settings: []configs.SettingKey{
		{Path: "bus", About: "The bus."},
		{Path: "bus.urls", Type: "a list of texts", Default: "[]", Example: `["nats://h"]`, About: "Servers."},
		{Path: "hooks", Type: "a list of mappings", About: "Programs."},
		{Path: "hooks[].run", Type: "a list of texts", Required: true, About: "The program."},
	},
	Environment: []Item{{"HOME", "where it is"}},
	Files:       []Item{{"~/.x", "the cookie"}},
	Signals:     []Item{{"HUP", "read again"}},
	Exits:       []Item{{"78", "the configuration is wrong"}},
}

func TestPages(t *testing.T) {
	for _, page := range example.Pages() {
		golden := filepath.Join("testdata", page.File()+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(page.Text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), page.Text); diff != "" {
			t.Errorf("%s: %s", page.File(), diff)
		}
	}
}

// TestLinesOfPages: none is empty, which troff would make a paragraph of, but in an
// example.
func TestLinesOfPages(t *testing.T) {
	for _, page := range example.Pages() {
		inExample := false
		for line := range strings.Lines(page.Text) {
			inExample = inExample && line != ".EE\n" || line == ".EX\n"
			if line == "\n" && !inExample {
				t.Errorf("%s has an empty line", page.File())
			}
		}
	}
}
