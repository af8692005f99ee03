package configs

import (
	"fmt"
	"slices"
	"strings"
)

// Flag is one flag that a command knows.
type Flag struct {
	Name   string   // without its dash
	Value  string   // what the value is called in the help, such as FILE; "" for a switch
	Pair   string   // what two values are called, where the flag may have two, as often as is wanted
	Choice []string // the only values there are; nil: any
	Many   bool     // may be given more than once
	Help   string   // one line, lower-case
}

// FlagSet is the table of flags of the daemon or of one subcommand. Its zero
// value knows no flag but -h, -help and --help.
type FlagSet struct {
	Flags []Flag
	// Params takes an unknown flag with pairs of words after it as parameters
	// of an application, as erl does: -kernel sync_nodes_timeout 5000. Then
	// every word that begins with '-' is a flag, as in erl.
	Params bool
}

// Param is one application parameter of the command line, not yet read.
type Param struct {
	App, Name, Term string
}

// Args is what stood on a command line. The zero value and nil are an empty one.
type Args struct {
	Operands []string // words that belong to no flag, in order
	Params   []Param  // -App Par Term ..., in order
	Help     bool     // help was asked for; the rest was not read
	Warnings []string // one line each

	values map[string][]string
	pairs  map[string][][2]string // of flags that were given two values
	files  []argsFile             // -args_file, in order
}

// argsFile is one -args_file and what stood before it.
type argsFile struct {
	name            string
	configs, params int // how many -config and Params
}

// Has reports whether the flag was given.
func (a *Args) Has(flag string) bool {
	return a != nil && len(a.values[flag]) > 0
}

// Value is the value of a flag that may be given once, "" without it. A
// switch has the value "".
func (a *Args) Value(flag string) string {
	if !a.Has(flag) {
		return ""
	}
	return a.values[flag][0]
}

// Values are the values of a flag that may be repeated, in order.
func (a *Args) Values(flag string) []string {
	if a == nil {
		return nil
	}
	return a.values[flag]
}

// Pairs are the values of a flag where it was given two, in order.
func (a *Args) Pairs(flag string) [][2]string {
	if a == nil {
		return nil
	}
	return a.pairs[flag]
}

// UsageError is a command line that the command cannot take.
type UsageError struct {
	Msg  string
	Hint string // "" when there is none
}

func (e *UsageError) Error() string {
	if e.Hint == "" {
		return e.Msg
	}
	return e.Msg + ": " + e.Hint
}

func usagef(hint, format string, args ...any) error {
	return &UsageError{Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// Parse reads the words after the command's name. Each flag has one dash and
// takes its value as a word of its own; flags stand before, between or after
// operands (see IsFlag); after "--" all words are operands. The error is a
// *UsageError.
func (s FlagSet) Parse(args []string) (*Args, error) {
	a := &Args{values: map[string][]string{}}
	if asksForHelp(args) {
		a.Help = true
		return a, nil
	}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--":
			a.Operands = append(a.Operands, args...)
			return a, nil
		case !s.IsFlag(word):
			a.Operands = append(a.Operands, word)
		default:
			taken, err := s.take(a, word, args)
			if err != nil {
				return nil, err
			}
			args = args[taken:]
		}
	}
	return a, nil
}

// take reads one flag, written as word, and says how many of the words after
// it are its own.
func (s FlagSet) take(a *Args, word string, rest []string) (int, error) {
	name := word[1:]
	at := slices.IndexFunc(s.Flags, func(f Flag) bool { return f.Name == name })
	if at < 0 {
		return s.takeParams(a, word, rest)
	}
	f := s.Flags[at]
	if f.Pair != "" && len(rest) > 1 && !s.endsValues(rest[0]) && !s.endsValues(rest[1]) {
		return s.takePair(a, f, rest)
	}
	if a.Has(name) && !f.Many {
		return 0, usagef("", "%s is given twice", word)
	}
	if f.Value == "" {
		a.values[name] = append(a.values[name], "")
		return 0, nil
	}
	if len(rest) == 0 || s.endsValues(rest[0]) {
		return 0, usagef("write '"+word+" "+f.Value+"'", "%s needs a value", word)
	}
	value := rest[0]
	if value == "" {
		return 0, usagef("", "%s has an empty value", word)
	}
	if f.Choice != nil && !slices.Contains(f.Choice, value) {
		return 0, usagef(didYouMean(value, f.Choice), "%s takes %s, not %q", word, orList(f.Choice), value)
	}
	a.values[name] = append(a.values[name], value)
	if name == "args_file" {
		a.files = append(a.files, argsFile{value, len(a.values["config"]), len(a.Params)})
	}
	return 1, nil
}

// takePair reads a flag with two values. The error repeats none of them: they
// may be a secret with blanks in it.
func (s FlagSet) takePair(a *Args, f Flag, rest []string) (int, error) {
	if len(rest) > 2 && !s.endsValues(rest[2]) {
		return 0, usagef("write '-"+f.Name+" "+f.Value+"' or '-"+f.Name+" "+f.Pair+"'", "-%s takes one value or two", f.Name)
	}
	if a.pairs == nil {
		a.pairs = map[string][][2]string{}
	}
	a.pairs[f.Name] = append(a.pairs[f.Name], [2]string{rest[0], rest[1]})
	return 2, nil
}

// takeParams reads -App Par Term [Par Term ...] as init:get_argument/1 and
// application_controller:get_cmd_env/1 do, except that a lone last word is an
// error where OTP drops it. A word that begins with '+' ends the pairs: erlexec
// takes it for the emulator.
func (s FlagSet) takeParams(a *Args, word string, rest []string) (int, error) {
	app := word[1:]
	if !s.Params || !isBareAtom(app) {
		return 0, s.unknown(word)
	}
	n := 0
	for n < len(rest) && !s.endsValues(rest[n]) && !strings.HasPrefix(rest[n], "+") {
		n++
	}
	signed := n < len(rest) && isSignedNumber(rest[n])
	near := Suggest(app, s.names())
	switch {
	case n == 0 && app == "kernel":
		return 0, usagef("", "-kernel takes pairs of a parameter and a term")
	case n == 0, n == 1 && app != "kernel" && !signed, near == "setcookie": // whose value is a secret
		return 0, s.unknown(word)
	}
	if n%2 == 1 {
		hint := ""
		if signed {
			hint = fmt.Sprintf("write '(%s)', since a word that begins with '%c' is a flag", rest[n], rest[n][0])
		}
		return 0, usagef(hint, "%s takes pairs of a parameter and a term, and %q has no term", word, rest[n-1])
	}
	for i := 0; i < n; i += 2 {
		a.Params = append(a.Params, Param{App: app, Name: rest[i], Term: rest[i+1]})
	}
	if near != "" && slips(app, near, 1) == 1 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s is taken for the name of an application: did you mean '-%s'", word, near))
	}
	return n, nil
}

// unknown is the error for a flag that nobody knows, with the likeliest
// slip: the dashes of iex, a value joined by '=', a parameter without its
// application, a misspelling.
func (s FlagSet) unknown(word string) error {
	name, value, joined := strings.Cut(strings.TrimLeft(word, "-"), "=")
	known := s.names()
	hint := ""
	switch {
	case strings.HasPrefix(name, "setcookie"): // the rest is a secret
		for _, other := range []Flag{{Name: "setcookie", Value: "COOKIE"}, {Name: "setcookie_file", Value: "FILE"}} {
			if slices.Contains(known, other.Name) {
				hint = "write '-" + other.Name + " " + other.Value + "'"
				break
			}
		}
		return usagef(hint, "unknown flag -setcookie...")
	case slices.Contains(known, name) && joined:
		hint = fmt.Sprintf("write '-%s %s'", name, value)
	case slices.Contains(known, name):
		hint = "did you mean '-" + name + "'"
	case s.Params && isKernelParam(name):
		hint = "did you mean '-kernel " + name + "'"
	default:
		if near := Suggest(name, known); near != "" {
			hint = "did you mean '-" + near + "'"
		}
	}
	return usagef(hint, "unknown flag %s", word)
}

// names are the flags that can be meant: the table's own, the help, and the
// one application whose parameters matter here.
func (s FlagSet) names() []string {
	var names []string
	for _, f := range s.Flags {
		names = append(names, f.Name)
	}
	if s.Params {
		names = append(names, "kernel")
	}
	return append(names, "help")
}

// Help is the table for people, one flag a line.
func (s FlagSet) Help() string {
	rows := make([][2]string, 0, len(s.Flags)+2)
	for _, f := range s.Flags {
		left := "-" + f.Name
		if f.Pair != "" {
			left += " " + f.Value + ", -" + f.Name + " " + f.Pair
		} else if f.Value != "" {
			left += " " + f.Value
		}
		rows = append(rows, [2]string{left, f.Help})
	}
	if s.Params {
		rows = append(rows, [2]string{"-APP PAR TERM ...", "set parameters of an application, as in -kernel sync_nodes_timeout 5000"})
	}
	rows = append(rows, [2]string{"-h, -help, --help", "print this"})
	width := 0
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "  %-*s  %s\n", width, r[0], r[1])
	}
	return b.String()
}

func asksForHelp(args []string) bool {
	for _, word := range args {
		switch word {
		case "-h", "-help", "--help":
			return true
		case "--":
			return false
		}
	}
	return false
}

// IsFlag reports whether word begins a new flag. With Params that is every word
// with a dash in front, as init:parse_boot_args/1 has it: -1 is no value. Without,
// "-" alone and a negative number are none: an operand may be a term. "--" is
// handled before.
func (s FlagSet) IsFlag(word string) bool {
	if word == "--" || !strings.HasPrefix(word, "-") {
		return false
	}
	return s.Params || word != "-" && !isSignedNumber(word)
}

// endsValues reports whether word cannot be a flag's value.
func (s FlagSet) endsValues(word string) bool { return word == "--" || s.IsFlag(word) }

// isSignedNumber reports whether word begins as a number with a sign.
func isSignedNumber(word string) bool {
	return len(word) > 1 && (word[0] == '-' || word[0] == '+') && word[1] >= '0' && word[1] <= '9'
}

// isBareAtom reports whether s is an atom that needs no quotes.
func isBareAtom(s string) bool {
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z':
		case i > 0 && (r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '@'):
		default:
			return false
		}
	}
	return s != ""
}

// orList writes a, b or c.
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
