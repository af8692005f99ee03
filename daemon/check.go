package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"interconnectd/configs"
	"interconnectd/syncnodes/session"
)

// daemonFlags are those of the daemon and of check.
var daemonFlags = configs.FlagSet{Flags: configs.Flags(), Params: true}

// expandFlag is what the daemon's -expand_env is called when typed by hand.
var expandFlag = configs.Flag{Name: "expand", Help: "the same as -expand_env"}

// fileCommands read files and need no daemon.
func fileCommands() []command {
	return []command{
		{
			name: "check", operands: "[-config FILE ...] [FLAG ...]", most: -1, help: "check the configuration and print what results, with the origin of each value",
			flags:   configs.FlagSet{Flags: append(configs.Flags(), expandFlag, outputFlag), Params: true},
			about:   checkAbout,
			example: "$ interconnectd check -config sys.config\nsync_nodes_timeout = 5000   sys.config:5:6\n...\n", do: doCheck,
		},
		{
			name: "terms", operands: "[-o erl|json|yaml] FILE...", least: 1, most: -1, help: "print each Erlang term of the files on one line", do: doTerms,
			flags: configs.FlagSet{Flags: []configs.Flag{
				{Name: "o", Value: "FORMAT", Choice: []string{"erl", "json", "yaml"}, Help: "print Erlang terms, JSON or YAML"},
			}},
			about:   "With several files each line begins with its file. A file with an error prints\nFILE:LINE:COLUMN and the error on standard error, no terms, and makes the exit code 1.\n",
			example: "$ interconnectd terms sys.config\n[{kernel,[{sync_nodes_timeout,5000}]}]\n",
		},
		{
			name: "fmt", operands: "[-w] [-d] [FILE...]", most: -1, help: "lay Erlang files out, comments kept", do: doFmt,
			flags: configs.FlagSet{Flags: []configs.Flag{
				{Name: "w", Help: "write the files instead of printing them"},
				{Name: "d", Help: "print what would change"},
			}},
			about:   "Reads standard input where no file is named. A file that does not parse is told, and\nleft as it is; the exit code is 1 then.\n",
			example: "$ interconnectd fmt -d sys.config\n$ interconnectd fmt -w sys.config\n",
		},
	}
}

// checked is what check prints as JSON and YAML. Its shape is told to people
// in checkAbout, and stays.
type checked struct {
	OK       bool      `json:"ok"`
	Problems []problem `json:"problems"`
	Settings []setting `json:"settings"`
}

type problem struct {
	Severity string  `json:"severity"`
	Origin   *origin `json:"origin,omitempty"`
	Message  string  `json:"message"`
	Hint     string  `json:"hint,omitempty"`
	Excerpt  string  `json:"excerpt,omitempty"`
}

type setting struct {
	Name   string  `json:"name"`
	Value  any     `json:"value"`
	Origin *origin `json:"origin"`
}

// origin is a place: a file with its line and column, or something with a name.
type origin struct {
	Kind   string `json:"kind"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Name   string `json:"name,omitempty"`
}

const checkAbout = `Takes all flags of the daemon. Every problem is told, with its place and a hint; exit 78
when one is an error, with which no daemon starts. Needs neither a node name nor a cookie, and writes nothing.

Text has the problems on standard error, and on standard output a line for each setting,
NAME = VALUE   ORIGIN, when none is an error. JSON and YAML have all on standard output:

  ok        whether no problem is an error
  problems  in order of their places, each with
            severity ("error" or "warning"), origin, message, hint, excerpt
  settings  none when a problem is an error, each with
            name, value, origin
  origin    kind "file" with file, line and column; "flag" or "environment" with name;
            "host" (made of this host's name) or "default"

Origin, hint and excerpt of a problem, and line and column, may be missing. Values are true,
false, numbers in the units of kernel's parameters, texts ("250ms", "infinity"), lists of
texts, an object of a hook (on, nodes, run, timeout), or null where nothing is set. A cookie
is its fingerprint.
`

func doCheck(_ context.Context, w *world, args *configs.Args) error {
	if len(args.Operands) > 0 {
		return unexpected(args.Operands[0], "write 'check -config "+args.Operands[0]+"'")
	}
	cfg, problems := configs.Check(configs.Input{Args: args, Getenv: w.getenv})
	var effective []configs.Setting
	if problems.Err() == nil {
		effective = cfg.Effective(session.Fingerprint)
	}
	var text strings.Builder
	for _, s := range effective {
		fmt.Fprintln(&text, s)
	}
	if format := args.Value("o"); format != "json" && format != "yaml" {
		if _, err := io.WriteString(w.stderr, problems.Render()); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	if err := show(w, args, checkedOf(effective, problems), text.String()); err != nil {
		return err
	}
	if problems.Err() != nil {
		return silent(exitConfig)
	}
	return nil
}

func checkedOf(effective []configs.Setting, problems configs.Problems) checked {
	c := checked{OK: problems.Err() == nil, Problems: problemsOf(problems), Settings: []setting{}}
	for _, s := range effective {
		c.Settings = append(c.Settings, setting{s.Name, s.Data, originOf(s.Origin)})
	}
	return c
}

func problemsOf(problems configs.Problems) []problem {
	list := []problem{}
	for _, p := range problems {
		list = append(list, problem{p.Severity.String(), originOf(p.Origin), p.Msg, p.Hint, p.Excerpt})
	}
	return list
}

// originOf is nil for nowhere.
func originOf(o configs.Origin) *origin {
	switch kind := o.Kind(); kind {
	case "":
		return nil
	case "file":
		return &origin{Kind: kind, File: o.Source, Line: o.Line, Column: o.Column}
	case "flag", "environment":
		return &origin{Kind: kind, Name: o.Source}
	default:
		return &origin{Kind: kind}
	}
}

// unexpected is about a word that is neither a flag nor one of its values.
func unexpected(word, hint string) error {
	return &configs.UsageError{Msg: fmt.Sprintf("%q belongs to no flag", word), Hint: hint}
}
