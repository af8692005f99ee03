package main

import (
	"context"
	"fmt"

	"interconnectd/configs"
	"interconnectd/daemon/control"
	"interconnectd/daemon/terminal"
)

// runDaemon is the daemon from the command line to the exit.
func runDaemon(ctx context.Context, w *world, args []string) error {
	parsed, err := daemonFlags.Parse(args)
	switch {
	case err != nil:
		return err
	case parsed.Help:
		return printHelp(w.stdout)
	case len(parsed.Operands) > 0:
		return unexpected(parsed.Operands[0], "a command stands before all flags, see 'interconnectd help'")
	}
	if len(args) == 0 && terminal.Is(w.stderr) {
		fmt.Fprintln(w.stderr, "interconnectd: a daemon starts: Ctrl-C ends it, 'interconnectd --help' tells more")
	}
	ctx, wishes, release := untilSignal(ctx) // first: HUP, USR1 and USR2 end who does not ask for them
	defer release()
	input := configs.Input{Args: parsed, Getenv: w.getenv}
	cfg, problems := configs.Load(input)
	if problems.Err() != nil {
		fmt.Fprint(w.stderr, problems.Render())
		return silent(exitConfig)
	}
	defer easeMemory().Stop()

	progress := &syncing{}
	stderr := w.stderr
	if terminal.Is(stderr) {
		line := terminal.NewFooter(stderr, w.getenv, progress.text)
		defer line.Close()
		stderr = line
	}
	logs, err := openLogs(stderr, w.getenv, cfg)
	if err != nil {
		return err
	}
	logConfig(logs.root, cfg, problems.Warnings())
	d := &daemon{input: input, cfg: cfg, logs: logs, log: logs.root, dir: control.Dirs(w.getenv)[0], getenv: w.getenv, wishes: wishes, syncing: progress}
	if err := d.run(ctx); err != nil {
		logs.root.Error(err.Error())
		return silent(exitCode(err))
	}
	return nil
}
