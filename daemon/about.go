package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"interconnectd/configs"
)

// aboutCommands are about the program.
func aboutCommands() []command {
	return []command{
		{
			name: "version", help: "print the version", do: doVersion, flags: configs.FlagSet{Flags: []configs.Flag{outputFlag}},
			about:   "JSON and YAML have an object with version and go, that of the compiler.\n",
			example: "$ interconnectd version\ninterconnectd v0.1.0 " + runtime.Version() + "\n",
		},
		{
			name: "help", operands: "[COMMAND]", most: 1, help: "print the help, of a command or of all", do: doHelp,
			example: "$ interconnectd help ping\nusage: interconnectd ping NODE [FLAG ...]\n...\n",
		},
	}
}

func doVersion(_ context.Context, w *world, args *configs.Args) error {
	v := struct {
		Version string `json:"version"`
		Go      string `json:"go"`
	}{version(), runtime.Version()}
	return show(w, args, v, fmt.Sprintln("interconnectd", v.Version, v.Go))
}

// release is the version that a package has; the linker sets it.
var release string

// version is what the program was built of.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func doHelp(_ context.Context, w *world, args *configs.Args) error {
	if len(args.Operands) == 0 {
		return printHelp(w.stdout)
	}
	cmd, err := findCommand(args.Operands[0])
	if err != nil {
		return err
	}
	return cmd.printHelp(w.stdout)
}

// printHelp is the help of the whole command.
func printHelp(out io.Writer) error {
	var b strings.Builder
	b.WriteString("usage: interconnectd [FLAG ...]            be a daemon\n" +
		"       interconnectd COMMAND [FLAG ...]    ask a daemon, or read files\n\ncommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-11s %s\n", c.name, c.help)
	}
	b.WriteString("\nflags of the daemon:\n" + daemonFlags.Help())
	b.WriteString("\nexample:\n" +
		"  $ interconnectd -name a@127.0.0.1 -config sys.config\n" +
		"  $ interconnectd help ping\n")
	_, err := io.WriteString(out, b.String())
	return err
}
