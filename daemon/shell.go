package main

import (
	"context"
	"io"
	"strings"

	"interconnectd/configs"
	"interconnectd/daemon/completion"
)

// shellCommands are for who installs the program.
func shellCommands() []command {
	return []command{
		{
			name: "completion", operands: strings.Join(completion.Shells, "|"), least: 1, most: 1, do: doCompletion,
			help:    "print what lets a shell complete commands, flags and node names",
			about:   completionAbout,
			example: "$ source <(interconnectd completion bash)\n$ interconnectd disconnect <TAB>\nb@127.0.0.1  c@127.0.0.1\n",
		},
		manCommand(),
	}
}

const completionAbout = `An installation of the program has them in place for all users, in these files:

  bash  /usr/share/bash-completion/completions/interconnectd
  zsh   /usr/share/zsh/site-functions/_interconnectd
  fish  /usr/share/fish/vendor_completions.d/interconnectd.fish

Otherwise, for one user, where mkdir -p makes the folders that are not there yet, in bash
with the package bash-completion:

  interconnectd completion bash > ~/.local/share/bash-completion/completions/interconnectd

in bash without it, as a line of ~/.bashrc:

  source <(interconnectd completion bash)

in zsh, with "fpath=(~/.zfunc $fpath)" before the lines of ~/.zshrc that call compinit:

  interconnectd completion zsh > ~/.zfunc/_interconnectd

and in fish:

  interconnectd completion fish > ~/.config/fish/completions/interconnectd.fish

Names of nodes come from the daemons that run here. Where none answers within 300 ms there
are none.
`

func doCompletion(_ context.Context, w *world, args *configs.Args) error {
	script := completion.Script(args.Operands[0])
	if script == "" {
		return &configs.UsageError{Msg: "no script for " + args.Operands[0], Hint: "write 'interconnectd completion " + strings.Join(completion.Shells, "|") + "'"}
	}
	return printText(w, script)
}

// completeWord is the subcommand that the scripts of the shells ask. People have no
// use for it, and help does not name it.
const completeWord = "__complete"

// complete prints how the last of the words may go on. Whatever is wrong, it says
// nothing of it: that would stand in the middle of somebody's command line.
func complete(ctx context.Context, w *world, words []string) {
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	answer := programTable().Complete(words, func(q completion.Question) []completion.Candidate {
		return candidates(ctx, w.getenv, q)
	})
	_, _ = io.WriteString(w.stdout, answer.String())
}

// programTable is the command line for package completion.
func programTable() completion.Program {
	p := completion.Program{Daemon: daemonFlags, Before: asking.Flags}
	for _, c := range commands() {
		p.Commands = append(p.Commands, completion.Command{Name: c.name, Operands: c.operands, Help: c.help, Flags: c.flags})
	}
	for _, k := range configs.KernelParameters() {
		p.Params = append(p.Params, completion.Candidate{Word: k.Name, Help: k.About})
	}
	return p
}
