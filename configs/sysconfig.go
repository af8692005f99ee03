package configs

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"interconnectd/configs/erlargs"
	"interconnectd/configs/template"
	"interconnectd/erlterm"
)

// paramKey names a parameter.
type paramKey struct{ app, name string }

// param is a parameter that was set.
type param struct {
	paramKey
	key, value place
}

// configPath is the file that -config F names: the extension is optional, but
// for a template.
func configPath(given string) string {
	if isTemplate(given) {
		return given
	}
	return strings.TrimSuffix(given, ".config") + ".config"
}

// readSysConfig reads one file and merges its parameters over those of the
// files before it, as application_controller:check_conf/0 does.
func (r *reader) readSysConfig(given string) {
	src := &source{name: configPath(given)}
	r.source(src.name)
	text, err := readFile(src.name)
	if err != nil {
		r.report(Error, Origin{Source: src.name}, &hintError{err, r.missingHint(given, src.name)})
		return
	}
	src.text = text
	if isTemplate(src.name) && !r.expand(src, template.Erlang) {
		return
	}
	kind := otherFile
	if filepath.Base(withoutSrc(src.name)) == "sys.config" {
		kind = sysFile
	}
	r.mergeSysConfig(src, kind)
}

func (r *reader) mergeSysConfig(src *source, kind fileKind) {
	root, ok := r.parseOne(src, "write [{kernel, [...]}].")
	if !ok {
		return
	}
	apps, ok := r.listAt(root, "write [{kernel, [...]}].", "want one list of applications")
	if !ok {
		return
	}
	f := configFile{reader: r, src: src, kind: kind, apps: map[string]place{}}
	for _, app := range apps {
		f.application(app)
	}
}

// parseOne reads a source that is to hold exactly one term with its dot.
func (r *reader) parseOne(src *source, hint string) (place, bool) {
	file, err := src.parse()
	var list erlterm.ErrorList
	switch {
	case errors.As(err, &list):
		for _, e := range list {
			r.addTermError(Error, src, r.syntaxError(src, e))
		}
		return place{}, false
	case err != nil:
		r.report(Error, Origin{Source: src.name}, err)
		return place{}, false
	}
	for _, again := range file.Repeated {
		r.addTermError(Warning, src, again.Again.Errorf("", "the key %s stands in this map again, after %s: the last one counts",
			erlterm.AppendTerm(nil, again.Again.Term()), again.First.Pos()))
	}
	switch len(file.Terms) {
	case 0:
		r.report(Error, Origin{Source: src.name}, &hintError{errors.New("the file is empty: want one list of applications, ended by a dot"), hint})
		return place{}, false
	case 1:
		return place{src, file.Cursor(0)}, r.endsThere(src, file)
	default:
		r.at(Error, place{src, file.Cursor(1)}, "", "want nothing after the dot of the first term")
		return place{}, false
	}
}

// endsThere follows application_controller:only_ws/1: behind the dot, and the
// blank that belongs to it, stand comments and those blanks that are ASCII.
func (r *reader) endsThere(src *source, file *erlterm.File) bool {
	rest := file.Rest()
	at := 0
	if first, size := utf8.DecodeRuneInString(rest); first != '%' {
		at = size
	}
	for at < len(rest) {
		c, size := utf8.DecodeRuneInString(rest[at:])
		switch {
		case c == '%':
			size = len(rest) - at
			if end := strings.IndexByte(rest[at:], '\n'); end >= 0 {
				size = end
			}
		case c > ' ':
			r.addTermError(Error, src, file.RestErrorf(at, "remove it", "%U looks like a blank, and OTP wants nothing but plain blanks behind the dot", c))
			return false
		}
		at += size
	}
	return true
}

// listAt gives the elements of a proper list, and reports anything else.
func (r *reader) listAt(p place, hint, want string) ([]place, bool) {
	switch t := p.term().(type) {
	case erlterm.List:
		elems := make([]place, 0, len(t))
		for e := range p.elems() {
			elems = append(elems, e)
		}
		return elems, true
	case erlterm.String:
		if t == "" { // the empty list
			return nil, true
		}
	case *erlterm.Improper:
		tail, _ := p.cur.Tail()
		r.at(Error, place{p.src, tail}, "", "%s, and a list has no '|'", want)
		return nil, false
	}
	r.at(Error, p, hint, "%s, got %s", want, show(p.term()))
	return nil, false
}

// fileKind is what a configuration file may do, which depends on its name.
type fileKind int

const (
	otherFile    fileKind = iota // foo.config names each application once
	sysFile                      // sys.config may also include files, and name an application again
	includedFile                 // is as foo.config
)

// configFile is the reading of one sys.config.
type configFile struct {
	*reader
	src  *source
	kind fileKind
	apps map[string]place // the name of each application where it first stands
}

// application checks {Application, [{Parameter, Value}]} as
// application_controller:check_conf_data/1 does.
func (f *configFile) application(p place) {
	if name, ok := p.term().(erlterm.String); ok && name != "" {
		f.fileName(p, name)
		return
	}
	tuple, ok := p.term().(erlterm.Tuple)
	if !ok || len(tuple) < 2 {
		f.at(Error, p, "", "want {Application, [{Parameter, Value}]}, got %s", show(p.term()))
		return
	}
	app, ok := tuple[0].(erlterm.Atom)
	if !ok {
		f.at(Error, p.elem(0), "", "want the name of an application, an atom, got %s", show(p.elem(0).term()))
		return
	}
	if looksLikeParam(tuple[1]) {
		f.at(Error, p.elem(1), fmt.Sprintf("a '[' is missing: %s's parameters are a list", app), "want a list of %s's parameters", app)
		return
	}
	if len(tuple) > 2 {
		f.at(Error, p.elem(2), "", "want one list of %s's parameters and nothing after it", app)
		return
	}
	if first, again := f.apps[string(app)]; again {
		if f.kind != sysFile {
			f.at(Error, p.elem(0), "put all parameters of the application into one list",
				"the application %s stands here a second time, after %s", app, first.origin())
			return
		}
		f.at(Warning, p.elem(0), "", "the application %s stands here again, after %s: the lists are merged, the later value counts", app, first.origin())
	} else {
		f.apps[string(app)] = p.elem(0)
		if hint := didYouMean(string(app), []string{"kernel"}); hint != "" {
			f.at(Warning, p.elem(0), hint, "the application %s means nothing here", app)
		}
	}
	f.parameters(string(app), p.elem(1))
}

// fileName is about a string among the applications.
func (f *configFile) fileName(p place, name erlterm.String) {
	switch f.kind {
	case sysFile:
		f.include(p, name)
	case includedFile:
		f.at(Error, p, "name it in the sys.config", "want {Application, [{Parameter, Value}]}, got the string %s: a file that is included includes no other", show(name))
	default:
		f.at(Error, p, "write -config "+string(name)+" on the command line",
			"want {Application, [{Parameter, Value}]}, got the string %s: only a file called sys.config includes others", show(name))
	}
}

// looksLikeParam reports whether t is {Parameter, Value}.
func looksLikeParam(t erlterm.Term) bool {
	tuple, ok := t.(erlterm.Tuple)
	if !ok || len(tuple) != 2 {
		return false
	}
	_, ok = tuple[0].(erlterm.Atom)
	return ok
}

// parameters checks the list of one application as check_para/2 does, and
// takes the parameters.
func (f *configFile) parameters(app string, p place) {
	list, ok := f.listAt(p, "", "want a list of "+app+"'s parameters")
	if !ok {
		return
	}
	seen := make(map[string]place, len(list))
	for _, e := range list {
		if tuple, ok := e.term().(erlterm.Tuple); !ok || len(tuple) != 2 {
			f.at(Error, e, "", "%s: want {Parameter, Value}, got %s", app, show(e.term()))
			continue
		}
		key := e.elem(0)
		name, ok := key.term().(erlterm.Atom)
		if !ok {
			f.at(Error, key, "", "%s: want the name of a parameter, an atom, got %s", app, show(key.term()))
			continue
		}
		if first, again := seen[string(name)]; again {
			f.at(Error, key, "", "%s: the parameter %s stands here a second time, after %s", app, name, first.origin())
			continue
		}
		seen[string(name)] = key
		at := paramKey{app, string(name)}
		f.params[at] = param{at, key, e.elem(1)}
	}
}

// givenParam is a parameter of the command line or, with words, of an args file.
type givenParam struct {
	Param
	words *[2]erlargs.Word // of the parameter and the term
}

// paramSources are the texts of a parameter's name and of its term.
func (r *reader) paramSources(g givenParam) (name, term *source) {
	flag := "-" + g.App
	if g.words == nil {
		return &source{name: flag, text: []byte(g.Name), flag: true}, &source{name: flag + " " + g.Name, text: []byte(g.Term), flag: true}
	}
	return r.wordSource(g.words[0]), r.wordSource(g.words[1])
}

func (r *reader) wordSource(w erlargs.Word) *source {
	return &source{name: w.File.Name, text: []byte(w.Text), at: func(offset int) Origin { return r.wordOrigin(w, offset) }}
}

// readParams merges -App Par Term ... over the files, as
// application_controller:get_cmd_env/1 does. A parameter that stands there
// again is a matter of chance in OTP: which counts depends on whether a file
// has it too.
func (r *reader) readParams() {
	seen := map[paramKey]place{}
	for _, given := range r.givenParams {
		name, term := r.paramSources(given)
		key, keyOK := r.parseParam(name)
		value, valueOK := r.parseParam(term)
		if !keyOK || !valueOK {
			continue
		}
		if given.words == nil {
			term.name = name.name
		}
		atom, ok := key.term().(erlterm.Atom)
		if !ok {
			severity := Error
			if given.words != nil {
				severity = Warning // erl starts, and nobody asks for it
			}
			r.report(severity, name.origin(erlterm.Position{}), fmt.Errorf("want the name of a parameter, an atom, got %s", show(key.term())))
			continue
		}
		at := paramKey{given.App, string(atom)}
		if first, again := seen[at]; again && at.app == "kernel" && string(first.src.text) != given.Term {
			r.at(Warning, key, "", "%s is given here again, after %s: the later value counts here, and erl may take either", shownKey(string(atom)), first.origin())
		}
		seen[at] = value
		r.params[at] = param{at, key, value}
	}
}

// parseParam reads one word, which no dot ends.
func (r *reader) parseParam(src *source) (place, bool) {
	word, origin := string(src.text), src.origin(erlterm.Position{})
	file, err := erlterm.ParseFile("", []byte(word+" ."))
	var list erlterm.ErrorList
	switch {
	case err == nil && len(file.Terms) == 1:
		return place{src, file.Cursor(0)}, true
	case strings.HasSuffix(word, "."):
		r.report(Error, origin, &hintError{fmt.Errorf("%q is no term", word), "write it without the dot"})
	case errors.As(err, &list) && list[0].Pos.Offset < len(word):
		r.addTermError(Error, src, list[0])
	default:
		r.report(Error, origin, fmt.Errorf("%q is no whole term", word))
	}
	return place{}, false
}
