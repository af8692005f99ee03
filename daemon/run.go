package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"interconnectd/configs"
)

// command is a subcommand.
type command struct {
	name     string
	operands string // as the help shows them
	least    int    // how many operands there are
	most     int    // -1: any number
	help     string // one line, lower-case
	about    string // more lines, each ended; may be empty
	example  string // a command line and what it prints, each line ended
	flags    configs.FlagSet
	do       func(ctx context.Context, w *world, args *configs.Args) error
}

// commands are all subcommands, in the order of the help.
func commands() []command {
	return slices.Concat(nodeCommands(), eventCommands(), cookieCommands(), callCommands(), daemonCommands(), fileCommands(), shellCommands(), aboutCommands())
}

// silent ends the command with a code and no words: the answer said it all.
type silent int

func (s silent) Error() string { return fmt.Sprintf("exit %d", int(s)) }

// run is the whole command; its result is the exit code.
func run(ctx context.Context, args []string, w *world) (code int) {
	defer func() {
		if cause := recover(); cause != nil {
			code = w.crashed(cause)
		}
	}()
	args = hoist(args)
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return w.finish("", runDaemon(ctx, w, args))
	}
	if args[0] == completeWord {
		complete(ctx, w, args[1:])
		return exitOK
	}
	cmd, err := findCommand(args[0])
	if err != nil {
		return w.finish("help", err)
	}
	parsed, err := cmd.flags.Parse(args[1:])
	switch {
	case err != nil:
		return w.finish(cmd.helpWord(), err)
	case parsed.Help:
		return w.finish("", cmd.printHelp(w.stdout))
	}
	if err := cmd.checkOperands(parsed.Operands); err != nil {
		return w.finish(cmd.helpWord(), err)
	}
	return w.finish(cmd.helpWord(), cmd.do(ctx, w, parsed))
}

// finish tells of an error and gives its exit code. Of a wrong command line
// it says which help there is.
func (w *world) finish(help string, err error) int {
	if code, ok := err.(silent); ok {
		return int(code)
	}
	code := exitCode(err)
	if err != nil {
		fmt.Fprintln(w.stderr, "interconnectd:", err)
	}
	if code == exitUsage && help != "" {
		fmt.Fprintf(w.stderr, "see 'interconnectd %s'\n", help)
	}
	return code
}

// crashed tells of a bug in one line. Who hunts it sets GOTRACEBACK, as for any program
// made with Go.
func (w *world) crashed(cause any) int {
	fmt.Fprintf(w.stderr, "interconnectd: a bug of interconnectd %s: %v: GOTRACEBACK=all lets it tell where\n", version(), cause)
	if w.getenv("GOTRACEBACK") != "" {
		_, _ = w.stderr.Write(debug.Stack())
	}
	return exitInternal
}

// hoist moves -node and -o that stand before the subcommand behind it, and
// makes a subcommand of the flag that other programs have for their version.
func hoist(args []string) []string {
	var before []string
	for len(args) > 2 && (args[0] == "-node" || args[0] == "-o") {
		before, args = append(before, args[:2]...), args[2:]
	}
	if len(args) == 1 && (args[0] == "-version" || args[0] == "--version") {
		return []string{"version"}
	}
	if len(before) == 0 {
		return args
	}
	return slices.Concat(args[:1], before, args[1:])
}

func findCommand(name string) (command, error) {
	all := commands()
	names := make([]string, len(all))
	for i, c := range all {
		if c.name == name {
			return c, nil
		}
		names[i] = c.name
	}
	hint := ""
	if near := configs.Suggest(name, names); near != "" {
		hint = "did you mean '" + near + "'"
	}
	return command{}, &configs.UsageError{Msg: fmt.Sprintf("unknown command %q", name), Hint: hint}
}

func (c command) checkOperands(operands []string) error {
	hint := "write '" + c.usage() + "'"
	switch {
	case len(operands) < c.least:
		return &configs.UsageError{Msg: c.name + " needs more words", Hint: hint}
	case c.most >= 0 && len(operands) > c.most:
		return &configs.UsageError{Msg: fmt.Sprintf("%s takes no %q", c.name, operands[c.most]), Hint: hint}
	}
	return nil
}

// helpWord is the help that a wrong use of c points to.
func (c command) helpWord() string {
	if c.name == "help" {
		return "help"
	}
	return "help " + c.name
}

func (c command) usage() string {
	return strings.TrimSpace("interconnectd " + c.name + " " + c.operands)
}

func (c command) printHelp(out io.Writer) error {
	var b strings.Builder
	flags := ""
	if len(c.flags.Flags) > 0 && !strings.Contains(c.operands, "[-") { // they stand there
		flags = " [FLAG ...]"
	}
	fmt.Fprintf(&b, "usage: %s%s\n\n%s\n", c.usage(), flags, c.help)
	if c.about != "" {
		b.WriteString("\n" + c.about)
	}
	b.WriteString("\nflags:\n" + c.flags.Help())
	b.WriteString("\nexample:\n")
	for line := range strings.Lines(c.example) {
		b.WriteString("  " + line)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
