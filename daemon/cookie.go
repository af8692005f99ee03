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
			name: "cookie", help: "print the cookie, which is a secret", do: doCookie,
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
