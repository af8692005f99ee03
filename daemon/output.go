package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
)

// nodeFlag chooses the daemon to ask.
var nodeFlag = configs.Flag{Name: "node", Value: "NAME", Help: "ask the daemon of that node, where several run here"}

// outputFlag is for subcommands that print data.
var outputFlag = configs.Flag{Name: "o", Value: "FORMAT", Choice: []string{"text", "json", "yaml"}, Help: "print text, json or yaml"}

// asking are the flags of a subcommand that prints what a daemon answers.
var asking = configs.FlagSet{Flags: []configs.Flag{nodeFlag, outputFlag}}

// find is the daemon that the flags choose.
func find(ctx context.Context, w *world, args *configs.Args) (*control.Client, error) {
	var node nodeid.Name
	if args.Has("node") {
		var err error
		if node, err = parseNode(args.Value("node")); err != nil {
			return nil, err
		}
	}
	client, err := control.Find(ctx, w.getenv, node)
	var several *control.SeveralError
	switch {
	case errors.Is(err, control.ErrNone) && node != "":
		err = fmt.Errorf("%w with the name %s: start one with 'interconnectd -name %s'", err, node, node)
	case errors.Is(err, control.ErrNone):
		err = fmt.Errorf("%w: start one with 'interconnectd -name a@127.0.0.1'", err)
	case errors.As(err, &several):
		err = fmt.Errorf("%w: choose one with -node NAME", err)
	}
	return client, err
}

// parseNode reads a name from the command line.
func parseNode(word string) (nodeid.Name, error) {
	name, err := nodeid.Parse(word)
	if err != nil {
		return "", &configs.UsageError{Msg: fmt.Sprintf("%q is no node name", word), Hint: err.Error()}
	}
	return name, nil
}

// show prints value as the flags want it: as JSON, as YAML, or as text, which
// ends its own lines.
func show(w *world, args *configs.Args, value any, text string) error {
	var out []byte
	var err error
	switch args.Value("o") {
	case "json":
		out, err = marshal(value)
	case "yaml":
		if out, err = marshal(value); err == nil {
			out, err = toYAML(out)
		}
	default:
		out = []byte(text)
	}
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if _, err := w.stdout.Write(out); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// number is a text that others would read as a number, by one YAML or the other: a
// cookie or an incarnation may look so, and the encoder knows only some of these.
var number = regexp.MustCompile(`^[-+]?([0-9][0-9_]*|[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?|[0-9]+\.?[0-9]*([eE][-+]?[0-9]+)?|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9]+(:[0-5]?[0-9])+)$`)

// toYAML is JSON as YAML. No number of ours is so large as to have an exponent.
func toYAML(text []byte) ([]byte, error) {
	var value any
	if err := yaml.UnmarshalWithOptions(text, &value, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	return yaml.Marshal(escaped(value, false))
}

// controlled is a text that must stand between double quotes in YAML: it would be a
// number without, or has control characters, which the encoder escapes only there.
type controlled string

func (c controlled) MarshalYAML() ([]byte, error) { return json.Marshal(string(c)) }

// escaped is value with its texts made controlled that must be: those that have line ends
// too, where all is to stand on one line.
func escaped(value any, oneLine bool) any {
	switch v := value.(type) {
	case string:
		if number.MatchString(v) || strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && (oneLine || r != '\n') }) {
			return controlled(v)
		}
	case []any:
		for i := range v {
			v[i] = escaped(v[i], oneLine)
		}
	case map[string]any:
		for key := range v {
			v[key] = escaped(v[key], oneLine)
		}
	case yaml.MapSlice:
		for i := range v {
			v[i].Value = escaped(v[i].Value, oneLine)
		}
	}
	return value
}

// marshal is JSON for people: a line, with < and > as they are.
func marshal(value any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return []byte(b.String()), err
}

// lines is one name on each line.
func lines(names []nodeid.Name) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintln(&b, name)
	}
	return b.String()
}

// joinNames is all names on one line.
func joinNames(names []nodeid.Name) string {
	return strings.TrimSuffix(strings.ReplaceAll(lines(names), "\n", ", "), ", ")
}

// answered is nil for a positive answer, and the exit code for a negative one.
func answered(ok bool, err error) error {
	if err == nil && !ok {
		return silent(exitNo)
	}
	return err
}
