package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
)

// cookieCommands show and set cookies.
func cookieCommands() []command {
	return []command{
		{
			name: "cookie", operands: "[generate]", most: 1, help: "print the cookie, which is a secret, or make a new one", do: doCookie,
			about: "With generate it prints a new random cookie of 256 bits; no daemon is asked, and none\ntakes it by itself. Into a file that only its owner can read:\n\n" +
				"  (umask 077; interconnectd cookie generate > cookie)\n",
			flags: configs.FlagSet{Flags: []configs.Flag{
				{Name: "fingerprint", Help: "print what tells cookies apart and does not give them away"},
				nodeFlag, outputFlag,
			}},
			example: "$ interconnectd cookie -fingerprint\n5f2c9a10\n",
		},
		{
			name: "set-cookie", operands: "COOKIE [NODE]", least: 1, most: 2, help: "set the cookie for connections that begin from now on", do: doSetCookie,
			flags:   configs.FlagSet{Flags: []configs.Flag{nodeFlag, outputFlag}},
			about:   "With NODE it is the cookie for connections with that node only. Live connections stay.\nIt holds until the daemon ends, or a reload finds another cookie configured than before.\nAs COOKIE, - reads it from standard input, where the list of processes does not show it.\n",
			example: "$ interconnectd set-cookie secret_token\ntrue\n",
		},
	}
}

func doCookie(ctx context.Context, w *world, args *configs.Args) error {
	if len(args.Operands) > 0 {
		return doGenerate(w, args)
	}
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	if args.Has("fingerprint") {
		status, err := daemon.Status(ctx)
		if err != nil {
			return err
		}
		return show(w, args, status.Fingerprint, status.Fingerprint+"\n")
	}
	cookie, err := daemon.Cookie(ctx)
	if err != nil {
		return err
	}
	return show(w, args, cookie, cookie+"\n")
}

func doGenerate(w *world, args *configs.Args) error {
	switch {
	case args.Operands[0] != "generate": // it may be a cookie: it is not repeated
		return &configs.UsageError{Msg: "cookie takes no word but generate", Hint: "write 'interconnectd set-cookie COOKIE' to set one"}
	case args.Has("fingerprint"):
		return &configs.UsageError{Msg: "cookie generate takes no -fingerprint"}
	}
	cookie, err := configs.GenerateCookie()
	if err != nil {
		return err
	}
	return show(w, args, cookie.Reveal(), cookie.Reveal()+"\n")
}

func doSetCookie(ctx context.Context, w *world, args *configs.Args) error {
	cookie, err := readCookie(w.stdin, args.Operands[0])
	if err != nil {
		return err
	}
	var node nodeid.Name
	if len(args.Operands) == 2 {
		if node, err = parseNode(args.Operands[1]); err != nil {
			return err
		}
	}
	daemon, err := find(ctx, w, args)
	if err != nil {
		return err
	}
	if err := daemon.SetCookie(ctx, cookie.Reveal(), node); err != nil {
		return err
	}
	return show(w, args, true, "true\n")
}

// readCookie is word, or the first line of standard input for -.
func readCookie(stdin io.Reader, word string) (configs.Cookie, error) {
	if word == "-" {
		line, err := bufio.NewReader(io.LimitReader(stdin, 4096)).ReadString('\n')
		if err != nil && err != io.EOF {
			return configs.Cookie{}, fmt.Errorf("reading the cookie: %w", err)
		}
		word = strings.TrimRight(line, "\r\n")
	}
	cookie, err := configs.NewCookie(word)
	if err != nil {
		return cookie, &configs.UsageError{Msg: err.Error()}
	}
	return cookie, nil
}
