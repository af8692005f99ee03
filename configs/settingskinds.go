package configs

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// kind is what may stand as a value: what the JSON Schema says of it, and how
// it is read. Read reports what is wrong, and says whether all is well.
type kind[T any] struct {
	schema schema
	read   func(s *settingsFile, path string, node ast.Node) (T, bool)
}

// example adds a value to show to people.
func (k kind[T]) example(value any) kind[T] {
	k.schema.Examples = append(slices.Clone(k.schema.Examples), value)
	return k
}

// standard adds the default.
func (k kind[T]) standard(value any) kind[T] {
	k.schema.Default = value
	return k
}

// field is a key of a mapping that is read into a T.
type field[T any] struct {
	name     string
	required bool
	schema   schema
	read     func(s *settingsFile, path string, node ast.Node, into *T)
}

// must makes a key of an entry one that may not be missing.
func (f field[T]) must() field[T] {
	f.required = true
	return f
}

// key is a field with a value of kind k, which take puts where it belongs. A
// value that is wrong is not taken.
func key[T, V any](name, about string, k kind[V], take func(*T, given[V])) field[T] {
	f := field[T]{name: name, schema: k.schema}
	f.schema.Description = about + k.schema.Description
	f.read = func(s *settingsFile, path string, node ast.Node, into *T) {
		if v, ok := k.read(s, path, node); ok {
			at := spot{s.name, unwrap(node).GetToken()}
			take(into, given[V]{v, path, at.origin(), at})
		}
	}
	return f
}

// section is a field with further fields for the same T.
func section[T any](name, about string, fields ...field[T]) field[T] {
	f := field[T]{name: name, schema: mappingSchema(fields)}
	f.schema.Description = about
	f.read = func(s *settingsFile, path string, node ast.Node, into *T) { readMapping(s, path, node, fields, into) }
	return f
}

// entry is a mapping that stands in a list.
func entry[T any](fields ...field[T]) kind[T] {
	return kind[T]{
		schema: mappingSchema(fields),
		read: func(s *settingsFile, path string, node ast.Node) (T, bool) {
			var v T
			errs := toldOf{Error, s.name} // problems are not all kept
			before := s.told[errs]
			readMapping(s, path, node, fields, &v)
			return v, s.told[errs] == before
		},
	}
}

// listOf is a list of what is called what, in the plural.
func listOf[T any](what, hint string, item kind[T]) kind[[]T] {
	return kind[[]T]{
		schema: schema{Type: "array", Items: &item.schema},
		read: func(s *settingsFile, path string, node ast.Node) ([]T, bool) {
			list, ok := unwrap(node).(*ast.SequenceNode)
			if !ok {
				s.wrong(node.GetToken(), hint, "%s: want a list of %s, got %s", path, what, kindOf(node))
				return nil, false
			}
			var values []T
			for _, node := range list.Values {
				if v, ok := item.read(s, path, node); ok {
					values = append(values, v)
				}
			}
			return values, true
		},
	}
}

// some makes a list one that may not be empty.
func some[T any](list kind[[]T]) kind[[]T] {
	read := list.read
	list.schema.MinItems = 1
	list.read = func(s *settingsFile, path string, node ast.Node) ([]T, bool) {
		if list, ok := unwrap(node).(*ast.SequenceNode); ok && len(list.Values) == 0 {
			s.wrong(node.GetToken(), "", "%s: want at least one, got an empty list", path)
			return nil, false
		}
		return read(s, path, node)
	}
	return list
}

// distinct makes a list of texts one in which none stands twice.
func distinct(list kind[[]string]) kind[[]string] {
	read := list.read
	list.schema.Unique = true
	list.read = func(s *settingsFile, path string, node ast.Node) ([]string, bool) {
		values, ok := read(s, path, node)
		if !ok {
			return nil, false
		}
		seen := map[string]Origin{}
		for _, node := range unwrap(node).(*ast.SequenceNode).Values {
			word, _ := scalar(node)
			if first, again := seen[word]; again && slices.Contains(values, word) {
				s.wrong(node.GetToken(), "", "%s: %s stands here a second time, after %s", path, word, first)
				ok = false
			}
			seen[word] = spot{s.name, unwrap(node).GetToken()}.origin()
		}
		return values, ok
	}
	return list
}

// lazily compiles a pattern when it is needed for the first time, which is at no
// start whose settings are well: those with classes of Unicode take a while.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// text is a text that matches pattern, which holds for check's errors too
// where check is not nil.
func text(what, pattern string, check func(string) error) kind[string] {
	re := lazily(pattern)
	return kind[string]{
		schema: schema{Type: "string", Pattern: pattern},
		read: func(s *settingsFile, path string, node ast.Node) (string, bool) {
			value, ok := s.text(path, node)
			if !ok {
				return "", false
			}
			if check != nil {
				if err := check(value); err != nil {
					s.wrong(node.GetToken(), "", "%s: %v", path, err)
					return "", false
				}
			}
			if !re().MatchString(value) {
				s.wrong(node.GetToken(), "", "%s: want %s, got %q", path, what, value)
				return "", false
			}
			return value, true
		},
	}
}

// choice is one of some words.
func choice(words ...string) kind[string] {
	all := make([]any, len(words))
	for i, w := range words {
		all[i] = w
	}
	return kind[string]{
		schema: schema{Type: "string", Enum: all},
		read: func(s *settingsFile, path string, node ast.Node) (string, bool) {
			word, _ := scalar(node)
			switch {
			case !isText(node):
				s.wrong(node.GetToken(), "", "%s: want %s, got %s", path, orList(words), kindOf(node))
				return "", false
			case !slices.Contains(words, word):
				s.wrong(node.GetToken(), didYouMean(word, words), "%s: want %s, got %q", path, orList(words), word)
				return "", false
			}
			return word, true
		},
	}
}

// truth is true or false.
func truth() kind[bool] {
	return kind[bool]{
		schema: schema{Type: "boolean"},
		read: func(s *settingsFile, path string, node ast.Node) (bool, bool) {
			if b, ok := untagged(node, "!!bool").(*ast.BoolNode); ok {
				return b.Value, true
			}
			word, plain := scalar(node)
			if !plain {
				s.wrong(node.GetToken(), "", "%s: want true or false, got %s", path, kindOf(node))
				return false, false
			}
			s.wrong(node.GetToken(), truthHint(word), "%s: want true or false, got %q", path, word)
			return false, false
		},
	}
}

// truthHint is for the words that other readers of YAML take, and for quotes.
func truthHint(word string) string {
	switch strings.ToLower(word) {
	case "true", "yes", "on", "y", "1":
		return "write true"
	case "false", "no", "off", "n", "0":
		return "write false"
	}
	return ""
}

// counts are the bounds of a number, both included, with the reasons. 0 is beside
// them: none at all.
type counts struct {
	least, most       int
	whyLeast, whyMost string
}

// wholeNumber is what all readers of YAML take for the same number. They differ
// in 100_000 and 0100, and in whether 1e5 is one.
var wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// count is a whole number of things.
func count(b counts) kind[int] {
	about := fmt.Sprintf(" 0, or from %d to %d.", b.least, b.most)
	return kind[int]{
		schema: schema{Type: "integer", AnyOf: []schema{{Enum: []any{0}}, {Minimum: b.least}}, Maximum: b.most, Description: about},
		read: func(s *settingsFile, path string, node ast.Node) (int, bool) {
			n, ok := s.number(path, node)
			switch {
			case !ok || n == 0:
			case n < b.least:
				s.wrong(node.GetToken(), "", "%s: want 0 or at least %d, got %d: %s", path, b.least, n, b.whyLeast)
				return 0, false
			case n > b.most:
				s.wrong(node.GetToken(), "", "%s: want at most %d, got %d: %s", path, b.most, n, b.whyMost)
				return 0, false
			}
			return n, ok
		},
	}
}

// number reads a whole number, whatever its size.
func (s *settingsFile) number(path string, node ast.Node) (int, bool) {
	word, plain := scalar(node)
	_, number := untagged(node, "!!int").(*ast.IntegerNode)
	n, err := strconv.Atoi(word)
	switch {
	case !plain:
		s.wrong(node.GetToken(), "", "%s: want a whole number, got %s", path, kindOf(node))
		return 0, false
	case errors.Is(err, strconv.ErrRange):
		s.wrong(node.GetToken(), "", "%s: %q is too large", path, word)
		return 0, false
	case !number || !wholeNumber.MatchString(word):
		s.wrong(node.GetToken(), numberHint(word), "%s: want a whole number, got %q", path, word)
		return 0, false
	}
	return n, true
}

// numberHint is for a whole number that was written in another way, or in quotes.
func numberHint(word string) string {
	n, err := strconv.ParseFloat(strings.ReplaceAll(word, "_", ""), 64)
	if err != nil || n < 0 || n > math.MaxInt32 || n != math.Trunc(n) {
		return ""
	}
	return fmt.Sprintf("write %.0f", n)
}

// durationPattern is what time.ParseDuration takes, without signs and without
// the bare 0.
const durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`

var (
	durationForm = regexp.MustCompile(durationPattern)
	bareNumber   = regexp.MustCompile(`^[0-9]+$`)
)

// duration is a time as Go writes it: 250ms, 3s, 1m30s.
func duration(b bounds) kind[time.Duration] {
	about := fmt.Sprintf(" From %s to %s.", shortDuration(b.least), shortDuration(b.most))
	return kind[time.Duration]{
		schema: schema{Type: "string", Pattern: durationPattern, Description: about},
		read: func(s *settingsFile, path string, node ast.Node) (time.Duration, bool) {
			d, ok := s.duration(path, node)
			switch {
			case !ok:
			case d < b.least:
				s.wrong(node.GetToken(), "", "%s: want at least %s, got %s: %s", path, shortDuration(b.least), shortDuration(d), b.whyLeast)
				return 0, false
			case d > b.most:
				s.wrong(node.GetToken(), "", "%s: want at most %s, got %s: %s", path, shortDuration(b.most), shortDuration(d), b.whyMost)
				return 0, false
			}
			return d, ok
		},
	}
}

// duration reads a duration, whatever its size.
func (s *settingsFile) duration(path string, node ast.Node) (time.Duration, bool) {
	const want = "%s: want a duration such as 250ms or 3s, got "
	word, plain := scalar(node)
	if !plain {
		s.wrong(node.GetToken(), "", want+"%s", path, kindOf(node))
		return 0, false
	}
	if bareNumber.MatchString(word) {
		s.wrong(node.GetToken(), "write '"+word+"ms' or '"+word+"s'", want+"%s, a number without a unit", path, word)
		return 0, false
	}
	d, err := time.ParseDuration(word)
	switch {
	case !durationForm.MatchString(word):
		s.wrong(node.GetToken(), "", want+"%q", path, word)
		return 0, false
	case err != nil: // more than an int64 holds
		s.wrong(node.GetToken(), "", "%s: %q is too long", path, word)
		return 0, false
	}
	return d, true
}

// shortDuration is d as people write it: 1m, where Go prints 1m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
