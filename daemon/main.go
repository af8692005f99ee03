package main

import (
	"context"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

func main() {
	if os.Getenv("GOTRACEBACK") == "" && len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		debug.SetTraceback("none") // what a command says is for people; a daemon's crash is for its log
	}
	os.Exit(run(context.Background(), os.Args[1:], &world{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv,
	}))
}

// world is what the command sees of the process it runs in.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}
