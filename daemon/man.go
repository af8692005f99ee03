package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"interconnectd/configs"
	"interconnectd/daemon/completion"
	"interconnectd/daemon/manpage"
)

const manAbout = `PAGE is interconnectd (the default), a subcommand, or interconnectd.yaml. It is printed in
the form that man reads, or, with -d, written to the folder DIR, as DIR/man1/interconnectd-ping.1;
with -d and no PAGE all pages are. The date of a page is that of $SOURCE_DATE_EPOCH, else of
the commit that the program was built of.
`

// manCommand writes the manual.
func manCommand() command {
	return command{
		name: "man", operands: "[PAGE]", most: 1, help: "print a page of the manual, or write all to a folder", do: doMan,
		flags: configs.FlagSet{Flags: []configs.Flag{
			{Name: "d", Value: "DIR", Help: "write the page, or all, to folders below this one"},
		}},
		about:   manAbout,
		example: "$ interconnectd man ping | man -l -\n$ interconnectd man -d /usr/local/share/man\n",
	}
}

func doMan(_ context.Context, w *world, args *configs.Args) error {
	pages := manual(w.getenv).Pages()
	if len(args.Operands) > 0 {
		page, err := findPage(pages, args.Operands[0])
		if err != nil {
			return err
		}
		pages = []manpage.Page{page}
	}
	if args.Has("d") {
		return writePages(args.Value("d"), pages)
	}
	return printText(w, pages[0].Text)
}

// findPage takes a subcommand, or a page with or without its section.
func findPage(pages []manpage.Page, word string) (manpage.Page, error) {
	var names []string
	for _, p := range pages {
		short := strings.TrimPrefix(p.Name, "interconnectd-")
		if word == p.Name || word == short || word == p.File() {
			return p, nil
		}
		names = append(names, short)
	}
	hint := ""
	if near := configs.Suggest(word, names); near != "" {
		hint = "did you mean '" + near + "'"
	}
	return manpage.Page{}, &configs.UsageError{Msg: fmt.Sprintf("no page %q", word), Hint: hint}
}

func writePages(dir string, pages []manpage.Page) error {
	for _, p := range pages {
		folder := filepath.Join(dir, p.Folder())
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("writing the manual: %w", err)
		}
		if err := os.WriteFile(filepath.Join(folder, p.File()), []byte(p.Text), 0o644); err != nil {
			return fmt.Errorf("writing the manual: %w", err)
		}
	}
	return nil
}

// pageWords are what PAGE may be.
func pageWords() []completion.Candidate {
	list := []completion.Candidate{{Word: "interconnectd", Help: "the daemon"}, {Word: "interconnectd.yaml", Help: "its settings"}}
	for _, c := range commands() {
		list = append(list, completion.Candidate{Word: c.name, Help: c.help})
	}
	return list
}

// dated is the day of $SOURCE_DATE_EPOCH, which who builds packages sets, else of the
// commit that the program was built of, "" where it does not know it: a day of the
// build would make each build another.
func dated(getenv func(string) string) string {
	if seconds, err := strconv.ParseInt(getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			day, _, _ := strings.Cut(s.Value, "T")
			return day
		}
	}
	return ""
}
