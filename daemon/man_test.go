package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"interconnectd/configs"
	"interconnectd/daemon/manpage"
	"interconnectd/erlterm/required"
)

// pages are those that the program writes, by their files.
func pages(t *testing.T) map[string]manpage.Page {
	t.Helper()
	byFile := map[string]manpage.Page{}
	for _, p := range manual(func(string) string { return "86400" }).Pages() {
		byFile[p.File()] = p
	}
	return byFile
}

// wants looks for words in a page, as they stand in its source.
func wants(t *testing.T, page manpage.Page, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(page.Text, strings.ReplaceAll(word, "-", `\-`)) {
			t.Errorf("%s does not have %s", page.File(), word)
		}
	}
}

// TestManualIsWhole: every subcommand and every flag is in it, every parameter and
// every key.
func TestManualIsWhole(t *testing.T) {
	all := pages(t)
	daemon := all["interconnectd.8"]
	for _, f := range daemonFlags.Flags {
		wants(t, daemon, `\fB-`+f.Name+`\fR`)
	}
	for _, k := range configs.KernelParameters() {
		wants(t, daemon, `\fB`+k.Name+`\fR`)
	}
	for _, c := range commands() {
		wants(t, daemon, ".BR interconnectd-"+c.name+" (1)\n", c.name)
		page := all["interconnectd-"+c.name+".1"]
		wants(t, page, `\fB`+c.name+`\fR`)
		for _, f := range c.flags.Flags {
			wants(t, page, `\fB-`+f.Name+`\fR`)
		}
		for line := range strings.Lines(c.example) {
			if command, ok := strings.CutPrefix(line, "$ interconnectd "); ok {
				wants(t, page, strings.TrimSpace(strings.NewReplacer("'", `\(aq`, `"`, `\(dq`).Replace(command)))
			}
		}
	}
	for _, k := range configs.SettingKeys() {
		name := `\fB` + k.Path + `\fR`
		if !strings.Contains(k.Path, ".") {
			name = `.SS "` + k.Path + `"`
		}
		wants(t, all["interconnectd.yaml.5"], name)
	}
	if want := len(commands()) + 2; len(all) != want {
		t.Errorf("%d pages, want %d", len(all), want)
	}
}

// source parses the files of this folder that match, without the tests.
func source(t *testing.T, pattern string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v, %v", pattern, names, err)
	}
	var list []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, file)
	}
	return list
}

// TestExitsAreTold: each code of exit.go has a meaning.
func TestExitsAreTold(t *testing.T) {
	var codes []int
	for _, file := range source(t, "exit.go") {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "exit") {
				return true
			}
			code, err := strconv.Atoi(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, code)
			return false
		})
	}
	slices.Sort(codes)
	if !slices.Equal(codes, allExits) || len(codes) != len(exitMeanings) {
		t.Errorf("the codes are %v, the table has %v with %d meanings", codes, allExits, len(exitMeanings))
	}
	for _, code := range allExits {
		wants(t, pages(t)["interconnectd.8"], fmt.Sprintf("\\fB%d\\fR\n", code))
	}
}

// named are the strings that match in the files, those of the pattern's group.
func named(t *testing.T, pattern string, files ...string) []string {
	t.Helper()
	var found []string
	for _, glob := range files {
		names, err := filepath.Glob(glob)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", glob, names, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
				found = append(found, m[1])
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// inTable reports whether a table has an entry for a word.
func inTable(table []manpage.Item, word string) bool {
	return slices.ContainsFunc(table, func(i manpage.Item) bool { return slices.Contains(strings.Split(i.Word, ", "), word) })
}

// TestSignalsAndVariablesAreTold: what the code waits for and reads is in the tables.
func TestSignalsAndVariablesAreTold(t *testing.T) {
	for _, name := range named(t, `syscall\.SIG([A-Z0-9]+)\b`, "signals.go") {
		if !inTable(signalTable, name) {
			t.Errorf("the signal %s is not told", name)
		}
	}
	variables := named(t, `[gG]etenv\("([A-Z_]+)"\)`, "*.go", "control/*.go", "../configs/*.go")
	if len(variables) < 10 {
		t.Errorf("the code reads %q", variables)
	}
	for _, name := range variables {
		if !inTable(environment, name) {
			t.Errorf("the variable %s is not told", name)
		}
	}
}

// TestManualHasNoWarnings: neither man-db, as lintian calls it, nor groff, nor mandoc
// finds anything to say.
func TestManualHasNoWarnings(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for name, page := range pages(t) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(page.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	for _, argv := range [][]string{
		{"man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"},
		{"groff", "-man", "-ww", "-Tutf8", "-Z"},
		{"mandoc", "-T", "lint", "-W", "warning"},
	} {
		t.Run(argv[0], func(t *testing.T) {
			required.Programs(t, argv[0])
			for _, file := range files {
				cmd := exec.Command(argv[0], append(argv[1:], file)...)
				cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANROFFSEQ=", "MANWIDTH=80")
				var stderr, stdout strings.Builder
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				err := cmd.Run()
				if argv[0] == "mandoc" { // it says there what is wrong
					stderr.WriteString(stdout.String())
				}
				if err != nil || stderr.Len() > 0 {
					t.Errorf("%s: %v: %s", filepath.Base(file), err, &stderr)
				}
			}
		})
	}
}

// TestInstall: make install puts everything in its place, and uninstall takes all of
// it away. The program is the one under test: it is not built another time.
func TestInstall(t *testing.T) {
	required.Programs(t, "make", "install")
	program, err := exec.LookPath("interconnectd")
	if err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	tree, root := t.TempDir(), t.TempDir()
	if err := os.Symlink(filepath.Join(checkout, "daemon"), filepath.Join(tree, "daemon")); err != nil {
		t.Fatal(err)
	}
	compiler := filepath.Join(tree, "compiler")
	if err := os.WriteFile(compiler, []byte("#!/bin/sh\nexec cp '"+program+"' interconnectd\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(target string) {
		out, err := exec.Command("make", "-C", tree, "-f", filepath.Join(checkout, "Makefile"),
			target, "GO="+compiler, "DESTDIR="+root, "PREFIX=/usr").CombinedOutput()
		if err != nil {
			t.Fatalf("make %s: %v: %s", target, err, out)
		}
	}
	run("install")
	want := map[string]os.FileMode{
		"usr/bin/interconnectd":                                  0o755,
		"usr/share/bash-completion/completions/interconnectd":    0o644,
		"usr/share/zsh/site-functions/_interconnectd":            0o644,
		"usr/share/fish/vendor_completions.d/interconnectd.fish": 0o644,
	}
	for name, page := range pages(t) {
		want["usr/share/man/"+page.Folder()+"/"+name] = 0o644
	}
	for name, mode := range want {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != mode || info.Size() == 0 {
			t.Errorf("%s: %v with %d bytes, want %v", name, info.Mode(), info.Size(), mode)
		}
	}
	if got := filesBelow(t, root); len(got) != len(want) {
		t.Errorf("installed are %q", got)
	}
	run("uninstall")
	if got := filesBelow(t, root); len(got) != 0 {
		t.Errorf("left are %q", got)
	}
}

func filesBelow(t *testing.T, root string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
