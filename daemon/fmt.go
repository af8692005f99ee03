package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"

	"interconnectd/configs"
	"interconnectd/erlterm"
)

// doFmt lays files out. What does not parse is told and left alone.
func doFmt(_ context.Context, w *world, args *configs.Args) error {
	code := exitOK
	tell := func(err error) {
		if err != nil {
			fmt.Fprintln(w.stderr, err)
			code = max(code, termsCode(err))
		}
	}
	for _, name := range args.Operands {
		tell(formatFile(w, args, name))
	}
	if len(args.Operands) == 0 {
		if args.Has("w") {
			return &configs.UsageError{Msg: "standard input cannot be written to", Hint: "write 'interconnectd fmt -w FILE'"}
		}
		src, err := io.ReadAll(io.LimitReader(w.stdin, erlterm.DefaultMaxInput+1))
		if err != nil {
			return fmt.Errorf("reading standard input: %w", err)
		}
		tell(showFormatted(w, args, "<standard input>", src))
	}
	if code != exitOK {
		return silent(code)
	}
	return nil
}

func formatFile(w *world, args *configs.Args, name string) error {
	src, err := readTerms(name)
	if err != nil {
		return err
	}
	if !args.Has("w") {
		return showFormatted(w, args, name, src)
	}
	laidOut, err := erlterm.Format(src)
	if err != nil {
		return inFile(name, err)
	}
	if bytes.Equal(src, laidOut) {
		return nil
	}
	if err := replaceFile(name, laidOut); err != nil {
		return fileError(name, err)
	}
	return nil
}

// showFormatted prints the text as it is laid out, or what would change.
func showFormatted(w *world, args *configs.Args, name string, src []byte) error {
	laidOut, err := erlterm.Format(src)
	if err != nil {
		return inFile(name, err)
	}
	if args.Has("d") {
		laidOut = diff.Diff(name, src, name+" (formatted)", laidOut)
	}
	if _, err := w.stdout.Write(laidOut); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// inFile gives the errors of a text the name of its file.
func inFile(name string, err error) error {
	list, ok := err.(erlterm.ErrorList)
	if !ok {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, e := range list {
		e.File = name
	}
	return list
}

// replaceFile puts text in the place of a file at once, with the same mode: who
// reads it meanwhile reads the old or the new one, whole.
func replaceFile(name string, text []byte) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // gone already when all went well
	_, err = temp.Write(text)
	if err == nil {
		err = temp.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = temp.Sync()
	}
	if closed := temp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}
