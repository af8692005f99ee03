package configs

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/printer"
	"github.com/goccy/go-yaml/token"
)

// settingsFile reads one interconnectd.yaml into the reader's configuration.
type settingsFile struct {
	*reader
	name string
}

// readSettings reads the file that -settings names. Unlike a decoder in
// strict mode it goes on after an unknown key or a wrong value.
func (r *reader) readSettings() {
	if !r.in.Args.Has("settings") {
		return
	}
	s := &settingsFile{reader: r, name: r.in.Args.Value("settings")}
	r.source(s.name)
	text, err := readFile(s.name)
	if err != nil {
		r.report(Error, Origin{Source: s.name}, err)
		return
	}
	s.parse(text)
}

func (s *settingsFile) parse(text []byte) {
	file, err := parser.ParseBytes(text, 0)
	var located yaml.Error
	switch {
	case errors.As(err, &located) && located.GetToken() != nil:
		s.wrong(located.GetToken(), starHint(located.GetToken()), "%s", located.GetMessage())
		return
	case err != nil:
		s.report(Error, Origin{Source: s.name}, fmt.Errorf("reading YAML: %w", err))
		return
	}
	for i, doc := range file.Docs {
		switch {
		case i > 0 && doc.Body != nil:
			s.wrong(doc.Body.GetToken(), "", "a second document: the settings are one")
		case i == 0:
			readMapping(s, "", doc.Body, settingsFields(), s.reader)
		}
	}
}

// starHint is for a pattern that begins with a '*', which is an alias to YAML.
func starHint(at *token.Token) string {
	if at.Type == token.AliasType || at.Prev != nil && at.Prev.Type == token.AliasType {
		return "put what begins with '*' in quotes"
	}
	return ""
}

// readMapping reads the mapping at path, "" for the whole file.
func readMapping[T any](s *settingsFile, path string, node ast.Node, fields []field[T], into *T) {
	entries, ok := mappingOf(node)
	if !ok {
		hint := ""
		if path == "cookie" {
			hint = "write 'cookie: {file: FILE}': a cookie has a file of its own"
		}
		s.wrong(node.GetToken(), hint, "%swant keys with values, got %s", prefix(path), kindOf(node))
		return
	}
	missing := map[string]bool{}
	for _, f := range fields {
		missing[f.name] = f.required
	}
	for _, entry := range entries {
		name := entry.Key.GetToken().Value
		at := slices.IndexFunc(fields, func(f field[T]) bool { return f.name == name })
		switch {
		case at < 0:
			s.unknownKey(path, entry.Key.GetToken(), mappingSchema(fields).Properties.names())
		case isNull(entry.Value): // as if the key were not there
		default:
			missing[name] = false
			fields[at].read(s, joined(path, name), entry.Value, into)
		}
	}
	for _, f := range fields {
		if missing[f.name] {
			s.wrong(firstToken(node, entries), "", "%s: %s is missing", path, f.name)
		}
	}
}

// unknownKey tells of a key that is none of known. One that belongs elsewhere
// gets its place as a hint.
func (s *settingsFile) unknownKey(path string, key *token.Token, known []string) {
	hint := didYouMean(key.Value, known)
	for _, full := range mappingSchema(settingsFields()).Properties.paths() {
		section, name, _ := strings.Cut(full, ".")
		switch {
		case hint != "":
		case path == "" && full == key.Value:
			hint = "write '" + section + ": {" + name + ": ...}'"
		case full == key.Value:
			hint = "write '" + full + ": ...' outside of all sections"
		case name == key.Value && name != "":
			hint = "did you mean '" + full + "'"
		}
	}
	s.wrong(key, hint, "unknown key %s", shownKey(joined(path, key.Value)))
}

// text is the text of a value. A number in the place of a text is an error,
// since its text is not always what was written, and so it is for editors.
func (s *settingsFile) text(path string, node ast.Node) (string, bool) {
	text, plain := scalar(node)
	hint := ""
	_, alias := unwrap(node).(*ast.AliasNode) // or what begins with a '*'
	if _, mapping := mappingOf(node); plain || alias || mapping && !isNull(node) {
		hint = "put it in quotes" // between braces a ':' makes a mapping of a URL
	}
	if !isText(node) {
		s.wrong(node.GetToken(), hint, "%s: want a text, got %s", path, kindOf(node))
		return "", false
	}
	return text, true
}

// isText reports whether YAML takes a value for a text.
func isText(node ast.Node) bool {
	if anchor, ok := node.(*ast.AnchorNode); ok {
		return isText(anchor.Value)
	}
	if tag, ok := node.(*ast.TagNode); ok && tag.Start.Value == "!!str" {
		_, plain := scalar(node)
		return plain
	}
	switch unwrap(node).(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return true
	}
	return false
}

// scalar is the text of a value that is neither a list nor a mapping.
func scalar(node ast.Node) (string, bool) {
	if block, ok := unwrap(node).(*ast.LiteralNode); ok {
		return strings.TrimSpace(block.Value.Value), true
	}
	plain, ok := unwrap(node).(ast.ScalarNode)
	if !ok || isNull(node) {
		return "", false
	}
	return plain.GetToken().Value, true
}

// spot is a place in a file of settings.
type spot struct {
	source string
	token  *token.Token
}

func (at spot) origin() Origin {
	return Origin{Source: at.source, Line: at.token.Position.Line, Column: at.token.Position.Column}
}

// wrong reports an error at a token.
func (s *settingsFile) wrong(at *token.Token, hint, format string, args ...any) {
	s.atSpot(Error, spot{s.name, at}, hint, format, args...)
}

// atSpot reports a problem with its line as goccy prints it.
func (r *reader) atSpot(severity Severity, at spot, hint, format string, args ...any) {
	origin := at.origin()
	if r.full(severity, origin.Source) {
		return
	}
	p := Problem{
		Severity: severity,
		Origin:   origin,
		Msg:      strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", `\n`), // the parser's own may quote a line end
		Hint:     hint,
		Excerpt:  excerpt(at.token),
	}
	if secretWord.MatchString(p.Excerpt) || secretKey.MatchString(p.Msg) {
		p.Excerpt = ""
	}
	r.add(p)
}

// People write a secret where it should not be: in a line with such a word, or
// where the name of a cookie's file is wanted.
var (
	secretWord = regexp.MustCompile(`(?i)cookie|passw|secret|token|seed`)
	secretKey  = regexp.MustCompile(`^cookie: |^unknown key cookie`)
)

// urlWithUser finds what must not be shown.
var urlWithUser = regexp.MustCompile(`://[^\s/]*@`)

const longestExcerpt = 500 // bytes of a line

// excerpt is the token's own line and the caret below it, out of the lines
// that the printer shows around them. A line that may hold a password gives "".
func excerpt(at *token.Token) string {
	var p printer.Printer
	var b strings.Builder
	for line := range strings.Lines(p.PrintErrorToken(at, false)) {
		if len(line) > longestExcerpt {
			return "" // a person sees nothing in such a line
		}
		if strings.HasPrefix(line, "> ") || b.Len() > 0 {
			b.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
		if strings.TrimSpace(line) == "^" {
			break
		}
	}
	if urlWithUser.MatchString(b.String()) {
		return ""
	}
	return b.String()
}

// mappingOf gives the entries of a mapping; those of nothing are none.
func mappingOf(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := unwrap(node).(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil, true
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	default:
		return nil, false
	}
}

// unwrap is the value behind an anchor or a tag.
func unwrap(node ast.Node) ast.Node {
	switch n := node.(type) {
	case *ast.AnchorNode:
		return unwrap(n.Value)
	case *ast.TagNode:
		return unwrap(n.Value)
	default:
		return node
	}
}

// untagged is the value behind an anchor and behind a tag that says what it is
// anyway; another tag makes something else of it, and stays.
func untagged(node ast.Node, tag string) ast.Node {
	switch n := node.(type) {
	case *ast.AnchorNode:
		return untagged(n.Value, tag)
	case *ast.TagNode:
		if n.Start.Value == tag {
			return untagged(n.Value, tag)
		}
	}
	return node
}

func isNull(node ast.Node) bool {
	_, null := unwrap(node).(*ast.NullNode)
	return node == nil || null
}

// plainKey is what a key looks like that needs no quotes in a message.
var plainKey = lazily(`^[\pL\pN_.-]*[\pL\pN_-]$`)

// shownKey is a key as a message shows it.
func shownKey(key string) string {
	if plainKey().MatchString(key) {
		return key
	}
	return strconv.Quote(key)
}

// kindOf names what a value is.
func kindOf(node ast.Node) string {
	switch n := unwrap(node).(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.AliasNode:
		return "an alias"
	case *ast.NullNode:
		return "nothing"
	case *ast.BoolNode:
		return "true or false"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text" // not the text itself: it may hold a password
	case ast.ScalarNode:
		return "a number"
	default:
		return n.Type().YAMLName()
	}
}

// prefix is how a message about path begins.
func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

// joined is the path of a key below path.
func joined(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// firstToken is where a mapping begins.
func firstToken(node ast.Node, entries []*ast.MappingValueNode) *token.Token {
	if len(entries) > 0 {
		return entries[0].Key.GetToken()
	}
	return node.GetToken()
}
