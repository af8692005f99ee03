package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"interconnectd/configs"
	"interconnectd/erlterm"
)

func doTerms(_ context.Context, w *world, args *configs.Args) error {
	out := bufio.NewWriter(w.stdout)
	code := exitOK
	for _, name := range args.Operands {
		prefix := ""
		if len(args.Operands) > 1 {
			prefix = name + ": "
		}
		err := printTerms(out, name, prefix, lineOf[args.Value("o")])
		// What was printed stands before what is said of the next file.
		if flushed := out.Flush(); flushed != nil {
			return fmt.Errorf("printing: %w", flushed)
		}
		if err != nil {
			fmt.Fprintln(w.stderr, err)
			code = max(code, termsCode(err))
		}
	}
	if code != exitOK {
		return silent(code)
	}
	return nil
}

// termsCode tells a file with a wrong term from one that cannot be read.
func termsCode(err error) int {
	var wrong erlterm.ErrorList
	if errors.As(err, &wrong) {
		return exitNo
	}
	return exitIO
}

// lineOf has the forms of a term on one line; "" is the default.
var lineOf = map[string]func(dst []byte, term erlterm.Term) ([]byte, error){
	"":     erlLine,
	"erl":  erlLine,
	"json": jsonLine,
	"yaml": yamlLine,
}

func erlLine(dst []byte, term erlterm.Term) ([]byte, error) {
	return append(erlterm.AppendTerm(dst, term), '\n'), nil
}

func jsonLine(dst []byte, term erlterm.Term) ([]byte, error) {
	text, err := marshal(jsonOf(term))
	return append(dst, text...), err
}

// yamlLine is in YAML's flow style, which fits on a line.
func yamlLine(dst []byte, term erlterm.Term) ([]byte, error) {
	text, err := yaml.MarshalWithOptions(escaped(jsonOf(term), true), yaml.Flow(true))
	return append(dst, text...), err
}

// printTerms prints the terms of a file, or none when it has an error.
func printTerms(out *bufio.Writer, name, prefix string, appendLine func([]byte, erlterm.Term) ([]byte, error)) error {
	src, err := readTerms(name)
	if err != nil {
		return err
	}
	file, err := erlterm.ParseFile(name, src)
	if err != nil {
		return err
	}
	var line []byte
	for _, term := range file.Terms {
		if line, err = appendLine(append(line[:0], prefix...), term); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		_, _ = out.Write(line) // Flush has the error
	}
	return nil
}

// readTerms reads a file, a byte more than the parser takes at most: so it is
// the parser who says that a file is too long.
func readTerms(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, erlterm.DefaultMaxInput+1))
	if err != nil {
		return nil, fileError(name, err)
	}
	return src, nil
}

func fileError(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// jsonOf is a term as JSON has it. Tuples and lists are arrays, atoms and
// binaries of text strings; what JSON cannot say is a string of Erlang text.
func jsonOf(term erlterm.Term) any {
	switch t := term.(type) {
	case erlterm.Atom:
		if t == "true" || t == "false" {
			return t == "true"
		}
		return string(t)
	case erlterm.Int:
		return int64(t)
	case *erlterm.BigInt:
		return json.Number(t.String())
	case erlterm.Float:
		return float64(t)
	case erlterm.String:
		return string(t)
	case erlterm.List:
		return jsonList(t)
	case erlterm.Tuple:
		return jsonList(t)
	case *erlterm.Map:
		object := make(map[string]any, t.Len())
		for key, value := range t.All() {
			object[jsonKey(key)] = jsonOf(value)
		}
		return object
	case erlterm.Bits:
		if t.Len%8 == 0 && utf8.Valid(t.Bytes) {
			return string(t.Bytes)
		}
	}
	return term.String()
}

func jsonList(terms []erlterm.Term) []any {
	list := make([]any, len(terms))
	for i, t := range terms {
		list[i] = jsonOf(t)
	}
	return list
}

// jsonKey is the text of a key, without the quotes of an atom or a string.
func jsonKey(key erlterm.Term) string {
	if text, ok := jsonOf(key).(string); ok {
		return text
	}
	return key.String()
}
