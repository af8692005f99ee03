package configs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
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
			before := len(s.problems)
			readMapping(s, path, node, fields, &v)
			return v, len(s.problems) == before
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

// text is a text that matches pattern, which holds for check's errors too
// where check is not nil.
func text(what, pattern string, check func(string) error) kind[string] {
	re := regexp.MustCompile(pattern)
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
			if !re.MatchString(value) {
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
