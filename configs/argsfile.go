package configs

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"interconnectd/configs/erlargs"
	"interconnectd/configs/template"
	"interconnectd/erlterm"
)

// fromArgs is what the command line and its args files say, the words of a file
// where its -args_file stood.
type fromArgs struct {
	configs     []string // -config, in order
	givenParams []givenParam

	// Of args files only: the command line's own flags go before them, wherever
	// they stand.
	argsName    given[string]
	argsLength  nameLength
	argsCookie  given[string]
	argsFlags   map[string][]erlargs.Flag // those that mean something, but -config and parameters
	argsEnviron map[string]string         // -env

	argsTemplates map[string]*source // the args files that are templates, by name
}

// readArgs puts the command line and its args files together.
func (r *reader) readArgs() {
	a := r.in.Args
	if a == nil {
		return
	}
	r.argsFlags, r.argsEnviron = map[string][]erlargs.Flag{}, map[string]string{}
	r.argsTemplates = map[string]*source{}
	configs, params := a.Values("config"), a.Params
	taken := argsFile{}
	line := func(until argsFile) {
		r.configs = append(r.configs, configs[taken.configs:until.configs]...)
		for _, p := range params[taken.params:until.params] {
			r.givenParams = append(r.givenParams, givenParam{Param: p})
		}
		taken = until
	}
	for _, f := range a.files {
		line(f)
		r.readArgsFile(f.name, r.openArgsFile)
	}
	line(argsFile{configs: len(configs), params: len(params)})
	r.takeArgsName()
	r.takeArgsCookie()
}

// openArgsFile gives the text of an args file: what a template becomes, and
// nothing where a variable is in the way, which is told.
func (r *reader) openArgsFile(name string) ([]byte, error) {
	text, err := readFile(name)
	if err != nil || !isTemplate(name) {
		return text, err
	}
	src := &source{name: name, text: text, secret: true}
	if !r.expand(src, template.Args) {
		return nil, nil
	}
	r.argsTemplates[name] = src
	return src.expanded.Bytes, nil
}

// readArgsFile reads a file as erl does, with those that it names.
func (r *reader) readArgsFile(name string, open func(string) ([]byte, error)) {
	r.source(name)
	words, _, problems := erlargs.Read(name, open)
	failed := false
	for _, p := range problems {
		problem := Problem{Severity: Error, Origin: r.argsOrigin(p.Name, p.Pos), Msg: p.Msg, Hint: p.Hint}
		if p.Warning {
			problem.Severity = Warning
		}
		failed = failed || !p.Warning
		r.add(problem)
	}
	if failed {
		return
	}
	args := erlargs.Parse(words)
	for _, v := range args.Env {
		r.setEnviron(v)
	}
	for _, f := range args.Flags {
		r.takeArgsFlag(f)
	}
	for _, f := range args.Emulator {
		r.keepUnused(f)
	}
}

func (r *reader) takeArgsFlag(f erlargs.Flag) {
	if at, swallowed := swallowedCookie(f); swallowed {
		r.atWord(Error, at, &hintError{errors.New("a setcookie stands in the values of another flag: its dash is missing, or a quote before it is not closed"), "write '-setcookie COOKIE' on a line of its own"})
		return
	}
	switch f.Name {
	case "config":
		r.takeConfigs(f)
	case "kernel":
		r.takeKernelParams(f)
	case "name", "sname", "setcookie", "hidden", "connect_all":
		r.argsFlags[f.Name] = append(r.argsFlags[f.Name], f)
	default:
		if !r.takeParams(f) {
			r.unused(f)
		}
	}
}

// takeConfigs takes all values of -config, as application_controller's
// check_conf/0 does. Without a value it looks for a file called ".config".
func (r *reader) takeConfigs(f erlargs.Flag) {
	if len(f.Values) == 0 {
		r.atWord(Error, f.Word, &hintError{errors.New("-config needs a value"), "write '-config FILE'"})
	}
	for _, w := range f.Values {
		if err := unexpanded(w.Text); err != nil {
			r.atWord(Error, w, err)
			continue
		}
		r.configs = append(r.configs, w.Text)
	}
}

// takeKernelParams takes the pairs of -kernel Par Term [Par Term ...], without
// the last word where nothing follows it.
func (r *reader) takeKernelParams(f erlargs.Flag) {
	for i := 0; i+1 < len(f.Values); i += 2 {
		name, term := f.Values[i], f.Values[i+1]
		err := unexpanded(term.Text)
		if err != nil && (isHonoured(name.Text) || !isTerm(term.Text)) {
			r.atWord(Error, term, err)
			continue
		}
		r.give(f, name, term)
	}
	if n := len(f.Values); n%2 == 1 {
		r.atWord(Warning, f.Values[n-1], errors.New("-kernel takes pairs of a parameter and a term, and this parameter has no term: erl passes over it"))
	}
}

// swallowedCookie finds the word of a flag that was meant to be a -setcookie, or
// goes on over one: it and what follows are not to be shown.
func swallowedCookie(f erlargs.Flag) (erlargs.Word, bool) {
	if f.Name == "setcookie" {
		return erlargs.Word{}, false
	}
	for _, w := range append([]erlargs.Word{f.Word}, f.Values...) {
		if strings.Contains(w.Text, "setcookie") {
			return w, true
		}
	}
	return erlargs.Word{}, false
}

// takeParams takes a flag for the parameters of an application if it may be
// one. Erlang reads them when it loads an application of that name; programs
// have flags of their own besides. A flag that looks misspelt is none: its
// values may be a secret.
func (r *reader) takeParams(f erlargs.Flag) bool {
	if !isBareAtom(f.Name) || strings.Contains(erlFlags, " "+f.Name+" ") || len(f.Values) < 2 || meantFlag(f.Name) != "" {
		return false
	}
	for _, w := range f.Values {
		if !isTerm(w.Text) {
			return false
		}
	}
	for i := 0; i+1 < len(f.Values); i += 2 {
		r.give(f, f.Values[i], f.Values[i+1])
	}
	return true
}

func (r *reader) give(f erlargs.Flag, name, term erlargs.Word) {
	r.givenParams = append(r.givenParams, givenParam{
		Param: Param{App: f.Name, Name: name.Text, Term: term.Text}, words: &[2]erlargs.Word{name, term},
	})
}

func isTerm(word string) bool {
	file, err := erlterm.ParseFile("", []byte(word+" ."))
	return err == nil && len(file.Terms) == 1
}

// takeArgsName finds the name as erl_distribution:start_link/0 does: -sname,
// else -name, of several the first, if it has one word.
func (r *reader) takeArgsName() {
	if r.in.Args.Has("name") || r.in.Args.Has("sname") {
		return
	}
	for _, kind := range []struct {
		flag   string
		length nameLength
	}{{"sname", shortName}, {"name", longName}} {
		flags := r.argsFlags[kind.flag]
		if len(flags) == 0 {
			continue
		}
		first := flags[0]
		switch {
		case r.argsName.value != "":
			r.atWord(Warning, first.Word, errors.New("-name does nothing beside -sname, which erl takes"))
			return
		case len(first.Values) != 1 || first.Values[0].Text == "":
			r.atWord(Warning, first.Word, fmt.Errorf("-%s takes one word: erl passes over it", kind.flag))
			continue
		case len(flags) > 1:
			r.atWord(Warning, flags[1].Word, fmt.Errorf("-%s stands here again, after %s: erl takes the first", kind.flag, r.wordOrigin(first.Word, 0)))
		}
		r.argsName = given[string]{value: first.Values[0].Text, origin: r.wordOrigin(first.Values[0], 0)}
		r.argsLength = kind.length
	}
}

// takeArgsCookie finds the node's own cookie as auth:init_setcookie/3 does:
// where there are several, or one without a value, there is none.
func (r *reader) takeArgsCookie() {
	var own []erlargs.Flag
	for _, f := range r.argsFlags["setcookie"] {
		switch len(f.Values) {
		case 0, 1:
			own = append(own, f)
		case 2: // see readNodeCookies
		default:
			r.atWord(Warning, f.Word, errors.New("-setcookie takes one word or two: erl passes over it"))
		}
	}
	switch {
	case len(own) == 0:
	case len(own) > 1:
		r.atWord(Warning, own[1].Word, fmt.Errorf("-setcookie stands here again, after %s: erl takes none of them", r.wordOrigin(own[0].Word, 0)))
	case len(own[0].Values) == 0:
		r.atWord(Warning, own[0].Word, errors.New("-setcookie has no value: erl passes over it"))
	default:
		r.argsCookie = given[string]{value: own[0].Values[0].Text, origin: r.wordOrigin(own[0].Values[0], 0)}
		if r.argsCookie.value == "" {
			r.atWord(Warning, own[0].Values[0], errors.New("the cookie is empty: it is looked for elsewhere"))
		}
	}
}

// argsCookie is NewCookie of a word of an args file.
func argsCookie(word string) (Cookie, error) {
	if unexpanded(word) != nil {
		return Cookie{}, &hintError{errors.New("the cookie has a variable in it that was not expanded"), expandAdvice}
	}
	return NewCookie(word)
}

// readHidden follows net_kernel:hidden_argument/0.
func (r *reader) readHidden() {
	origin := Origin{Source: "-hidden"}
	if !r.in.Args.Has("hidden") {
		flags := r.argsFlags["hidden"]
		if len(flags) == 0 || len(flags[0].Values) > 0 && flags[0].Values[0].Text != "true" {
			return
		}
		origin = r.wordOrigin(flags[0].Word, 0)
	}
	r.cfg.Hidden = true
	r.set("hidden", origin)
}

// readConnectAll follows global:init/1: the parameter goes before the flag.
func (r *reader) readConnectAll() {
	flags := r.argsFlags["connect_all"]
	if _, set := r.kernelParam("connect_all"); set || len(flags) == 0 || len(flags[0].Values) == 0 || flags[0].Values[0].Text != "false" {
		return
	}
	r.cfg.ConnectAll = false
	r.set("connect_all", r.wordOrigin(flags[0].Word, 0))
}

// setEnviron takes -env. erlexec sets the variables for the emulator, when a
// start script has read those that it reads.
func (r *reader) setEnviron(v erlargs.Var) {
	r.argsEnviron[v.Name.Text] = v.Value.Text
	switch v.Name.Text {
	case "RELEASE_NODE", "RELEASE_COOKIE", "RELEASE_DISTRIBUTION":
		r.atWord(Warning, v.Name, &hintError{
			fmt.Errorf("-env %s does nothing: start scripts read it before erl sets it", v.Name.Text), "write '-name NAME', '-sname NAME' or '-setcookie COOKIE'",
		})
	}
}

// argsGetenv is a variable as the emulator would see it.
func (r *reader) argsGetenv(name string) string {
	if value, set := r.argsEnviron[name]; set {
		return value
	}
	return r.in.Getenv(name)
}

// unused keeps a flag that nothing here reads, and warns of one that looks
// misspelt.
func (r *reader) unused(f erlargs.Flag) {
	if r.keepUnused(f) && meantFlag(f.Name) != "" {
		r.atWord(Warning, f.Word, &hintError{fmt.Errorf("%s is no flag of erl", shownKey(f.Word.Text)), "did you mean '-" + meantFlag(f.Name) + "'"})
	}
}

// keepUnused reports whether the flag was not kept before.
func (r *reader) keepUnused(f erlargs.Flag) bool {
	if slices.ContainsFunc(r.cfg.Unused, func(known UnusedFlag) bool { return known.Flag == f.Word.Text }) {
		return false
	}
	r.cfg.Unused = append(r.cfg.Unused, UnusedFlag{f.Word.Text, r.wordOrigin(f.Word, 0)})
	return true
}

// meantFlag is the flag that matters here and that name looks like, "" for a
// flag of erl and where there is none.
func meantFlag(name string) string {
	if strings.Contains(erlFlags, " "+name+" ") {
		return ""
	}
	return Suggest(name, []string{"name", "sname", "setcookie", "config", "hidden", "kernel", "args_file"})
}

// atWord reports a problem at a word of an args file. There is no excerpt: a
// cookie may stand in the same line.
func (r *reader) atWord(severity Severity, w erlargs.Word, err error) {
	r.report(severity, r.wordOrigin(w, 0), err)
}

const expandAdvice = "erl expands no variables: write the value, or make the file from its template first"

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// unexpanded is an error when a word still has a ${VARIABLE}.
func unexpanded(word string) error {
	if found := variable.FindString(word); found != "" {
		return &hintError{fmt.Errorf("%q was not expanded", found), expandAdvice}
	}
	return nil
}

// erlFlags are the flags of erl that are not the name of an application,
// whatever follows them: erl(1), init(3), and those that OTP's own programs read.
const erlFlags = " async_shell_start auth bindir boot boot_var code_path_cache code_path_choice compile config configfd connect_all cookie" +
	" detached disable-feature dist_listen embedded emu_args emu_flavor emu_type enable-feature env epmd epmd_module epmd_port erl_epmd_port eval extra" +
	" heart hidden home hosts id init_debug instr keep_window loader make man mode name nocookie no_epmd noinput nohup noshell nostick" +
	" oldshell pa path path_cache profile_boot progname proto_dist pz remsh root rsh run s S setcookie shutdown_time smp sname" +
	" ssl_dist_opt ssl_dist_optfile start_epmd user version "
