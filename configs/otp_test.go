package configs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"interconnectd/erlterm"
	"interconnectd/erlterm/required"
)

var (
	otpConfigs  = flag.Int("otp-configs", 500, "how many generated configurations OTP's application_controller judges beside Check")
	otpStarts   = flag.Int("otp-starts", 8, "how many of them a real erl is started with")
	otpConfSeed = flag.Uint64("otp-conf-seed", 0, "the seed of the generated configurations; 0: a fresh one")
)

// stricter are the rules by which a start is refused here that OTP begins. They
// stand in the package's documentation, and no other difference is accepted.
var stricter = []rule{
	{"a parameter of kernel has a value of another type than the documented one", regexp.MustCompile(`^[a-z_]+: want .*, got `)},
	{"a sync list holds something else than names of nodes", regexp.MustCompile(`^sync_nodes_[a-z]+: .* is no node name`)},
	{"sync_nodes_timeout is more than 32 bits of milliseconds", regexp.MustCompile(`^sync_nodes_timeout: want at most`)},
	{"inet_dist_listen_min is above inet_dist_listen_max", regexp.MustCompile(`^inet_dist_listen_min: .* is above`)},
	{"a flag is not known", regexp.MustCompile(`^unknown flag -`)},
	{"a flag gives a parameter no term", regexp.MustCompile(`^-[a-z]+ takes pairs of a parameter and a term`)},
	{"the name of a parameter is no atom", regexp.MustCompile(`^want the name of a parameter, an atom, got `)},
	{"a long and a short name are to connect", regexp.MustCompile(`long and short names never connect`)},
}

// rule is a reason to refuse a start.
type rule struct {
	words string // of the documentation
	msg   *regexp.Regexp
}

// excused reports whether each error is by one of the stricter rules.
func excused(errs Problems) bool {
	for _, p := range errs {
		if !slices.ContainsFunc(stricter, func(s rule) bool { return s.msg.MatchString(p.Msg) }) {
			return false
		}
	}
	return true
}

func TestStricterRulesAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`\s+(//)?\s*`).ReplaceAllString(string(doc), " ")
	for _, s := range stricter {
		if !strings.Contains(text, s.words) {
			t.Errorf("doc.go does not say that an error is when %s", s.words)
		}
	}
}

// reading is what a start with these words on the command line comes to. There is
// no reader where the words themselves are wrong.
func reading(words []string) (*reader, Problems) {
	args, err := FlagSet{Flags: Flags(), Params: true}.Parse(words)
	if err != nil {
		return nil, Problems{{Severity: Error, Msg: err.Error()}}
	}
	r := newReader(Input{Args: args, Getenv: env(nil), Host: altair})
	r.read()
	_, problems := r.done()
	return r, problems
}

// compare holds what was read against OTP's verdict: whether a start is refused,
// and each of kernel's parameters, but for those that are as they are by default.
// It returns what disagrees.
func compare(r *reader, problems Problems, refused bool, kernel, defaults map[string]erlterm.Term) string {
	errs := problems.Errors()
	switch {
	case refused && len(errs) == 0:
		return "OTP refuses it, and nothing is wrong here"
	case refused:
		return ""
	case len(errs) > 0 && !excused(errs):
		return "OTP starts, and here is wrong: " + errs.Error()
	case r == nil:
		return ""
	}
	for at, p := range r.params {
		if at.app != "kernel" {
			continue
		}
		want, ok := kernel[at.name]
		if defaults != nil && at.name == "logger" && endsWith(want, p.value.term()) {
			continue
		}
		if !ok || !erlterm.Equal(want, p.value.term()) {
			return fmt.Sprintf("%s is %v here and %v in OTP", at.name, p.value.term(), want)
		}
	}
	for name, value := range kernel {
		if _, ok := r.params[paramKey{"kernel", name}]; !ok && (defaults[name] == nil || !erlterm.Equal(value, defaults[name])) {
			return fmt.Sprintf("%s is %v in OTP and not set here", name, value)
		}
	}
	return ""
}

// endsWith reports whether list has the elements of tail at its end. A kernel that
// has started may have put the default handler before the value of its parameter
// logger: logger:init_default_config/2 sets it, where error_logger is tty.
func endsWith(list, tail erlterm.Term) bool {
	whole, ok := list.(erlterm.List)
	end, also := tail.(erlterm.List)
	return ok && also && len(end) <= len(whole) && erlterm.Equal(whole[len(whole)-len(end):], end)
}

// verdictOf reads a line of kernelenv.escript.
func verdictOf(t *testing.T, line []byte) (refused bool, kernel map[string]erlterm.Term) {
	t.Helper()
	term, err := erlterm.Parse(line)
	if err != nil {
		t.Fatalf("a verdict that is no term: %v: %s", err, line)
	}
	verdict := term.(erlterm.Tuple)
	if verdict[0] != erlterm.Atom("ok") {
		return true, nil
	}
	return false, proplist(t, verdict[1])
}

// proplist leaves out what is not called by an atom: nobody can ask for it.
func proplist(t *testing.T, term erlterm.Term) map[string]erlterm.Term {
	t.Helper()
	values := map[string]erlterm.Term{}
	list, ok := term.(erlterm.List)
	if !ok && !isEmpty(term) {
		t.Fatalf("%v is no list of parameters", term)
	}
	for _, e := range list {
		pair := e.(erlterm.Tuple)
		if name, ok := pair[0].(erlterm.Atom); ok {
			values[string(name)] = pair[1]
		}
	}
	return values
}

// TestOTPReadsTheSame: application_controller, of the Erlang in PATH, and Check
// agree on generated configurations: on start or refuse, and on the value of
// each of kernel's parameters.
func TestOTPReadsTheSame(t *testing.T) {
	required.Programs(t, "erl", "escript")
	g := newConfigs(t)
	dir := t.TempDir()
	trials := make([]trial, *otpConfigs)
	for i := range trials {
		trials[i] = g.trial()
		trials[i].write(t, filepath.Join(dir, fmt.Sprint(i)))
	}
	judge(t, dir, trials)
}

// judge asks application_controller about all trials at once.
func judge(t *testing.T, dir string, trials []trial) {
	t.Helper()
	var list bytes.Buffer
	for _, tr := range trials {
		fmt.Fprintln(&list, strings.Join(tr.paths, "\t"))
	}
	listFile := filepath.Join(dir, "list")
	if err := os.WriteFile(listFile, list.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("escript", filepath.Join("testdata", "kernelenv.escript"), listFile)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(lines) != len(trials) {
		t.Fatalf("%d verdicts on %d configurations", len(lines), len(trials))
	}
	starts := 0
	for i, tr := range trials {
		refused, kernel := verdictOf(t, lines[i])
		if !refused {
			starts++
		}
		r, problems := reading(tr.words())
		if said := compare(r, problems, refused, kernel, nil); said != "" {
			t.Errorf("%s\n%s%s", said, tr, lines[i])
		}
	}
	t.Logf("OTP starts with %d of %d configurations", starts, len(trials))
}

// TestErlStartsWithTheSame starts a real erl with generated configurations and
// parameters of the command line.
func TestErlStartsWithTheSame(t *testing.T) {
	required.Programs(t, "erl", "escript")
	g := newConfigs(t)
	defaults, _ := startErl(t, nil)
	hanging := 0
	for range *otpStarts {
		tr := g.trial()
		tr.flags = g.flags()
		if g.IntN(2) == 0 {
			tr.flagsToFile()
		}
		tr.write(t, t.TempDir())
		kernel, decided := startErl(t, tr.words())
		if !decided {
			hanging++
			continue
		}
		r, problems := reading(tr.words())
		if said := compare(r, problems, kernel == nil, kernel, defaults); said != "" {
			t.Errorf("%s\n%s", said, tr)
		}
	}
	t.Logf("%d of %d starts of erl neither succeed nor fail", hanging, *otpStarts)
	if hanging > 2+*otpStarts/20 {
		t.Errorf("%d of %d starts of erl hang", hanging, *otpStarts)
	}
}

// erlPatience is how long a start of erl may take. With some values of
// distributed its kernel waits for ever: that says nothing about a configuration.
const erlPatience = 20 * time.Second

// startErl is the environment of kernel of an erl with the given flags, nil
// when it refuses to start. It is not decided when erl does neither.
func startErl(t *testing.T, args []string) (kernel map[string]erlterm.Term, decided bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), erlPatience)
	defer cancel()
	const show = `io:setopts([{encoding,unicode}]), io:format("~n=env=~n~tw.~n",[application:get_all_env(kernel)]), halt().`
	cmd := exec.CommandContext(ctx, "erl", append([]string{"-noshell", "-eval", show}, args...)...)
	cmd.WaitDelay = time.Second // for its helper processes
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "ERL_CRASH_DUMP_SECONDS=0", "HOME="+cmd.Dir)
	out, err := cmd.Output()
	_, env, shown := bytes.Cut(out, []byte("\n=env=\n"))
	if !shown {
		var exit *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return nil, false
		case !errors.As(err, &exit):
			t.Fatalf("%v: %v", cmd, err)
		}
		return nil, true
	}
	term, err := erlterm.Parse(env)
	if err != nil {
		t.Fatalf("%v: %s", err, env)
	}
	return proplist(t, term), true
}

// A trial is a configuration of several files.
type trial struct {
	names []string // of -config
	files map[string]string
	flags []string // further words of the command line

	paths []string // of -config, once written
	args  string   // of -args_file, once written; empty: there is none
}

// flagsToFile moves the flags to an args file, but for emulator flags: what is
// wrong with those is not told here.
func (tr *trial) flagsToFile() {
	var text strings.Builder
	for _, word := range tr.flags {
		fmt.Fprintf(&text, "'%s'\n", strings.ReplaceAll(strings.TrimPrefix(word, "+"), "'", `'\''`))
	}
	tr.files["vm.args"], tr.flags = text.String(), nil
}

func (tr *trial) write(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range tr.files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range tr.names {
		tr.paths = append(tr.paths, filepath.Join(dir, name))
	}
	if _, ok := tr.files["vm.args"]; ok {
		tr.args = filepath.Join(dir, "vm.args")
	}
}

// words are the command line of both.
func (tr *trial) words() (words []string) {
	for _, path := range tr.paths {
		words = append(words, "-config", path)
	}
	if tr.args != "" {
		words = append(words, "-args_file", tr.args)
	}
	return append(words, tr.flags...)
}

func (tr trial) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "-config %v %q\n", tr.names, tr.flags)
	for _, name := range slices.Sorted(maps.Keys(tr.files)) {
		fmt.Fprintf(&b, "-- %s --\n%s\n", name, tr.files[name])
	}
	return b.String()
}

// configs generates configurations.
type configGen struct{ *rand.Rand }

func newConfigs(t *testing.T) configGen {
	t.Helper()
	seed := *otpConfSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-otp-conf-seed %d", seed)
	return configGen{rand.New(rand.NewPCG(seed, 4))}
}

func (g configGen) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g configGen) rarely() bool { return g.IntN(25) == 0 }

func (g configGen) trial() trial {
	tr := trial{files: map[string]string{}}
	for range 1 + g.IntN(2) {
		name := g.pick("sys", "sys.config", "app", "other.config")
		if !slices.Contains(tr.names, name) {
			tr.names = append(tr.names, name)
		}
		tr.files[configPath(name)] = g.file(g.pick("included", "inc.config"))
	}
	tr.files["included.config"] = g.file("nested")
	if g.IntN(2) == 0 {
		tr.files["inc.config"] = g.file("")
	}
	return tr
}

// file is a text of applications, with a string among them where one is given.
func (g configGen) file(include string) string {
	var elems []string
	for range g.IntN(4) {
		elems = append(elems, g.application())
	}
	if include != "" && g.IntN(4) == 0 {
		elems = slices.Insert(elems, g.IntN(len(elems)+1), fmt.Sprintf("%q", include))
	}
	if g.rarely() {
		elems = append(elems, g.pick("x", "[]", "{kernel}", "{a,[],[]}", `{"kernel",[]}`, "{kernel,x}", `{kernel,"ab"}`, "{kernel,{net_ticktime,1}}", "[kernel]", "1"))
	}
	text := "[" + strings.Join(elems, ", ") + "]."
	if g.rarely() {
		text = g.pick("", "x.", "[x", "[]", "[]. []. ", "[|]", "{kernel,[]}.", "[]. % nothing\n", "[{kernel,[]}|x].")
	}
	return text + g.pick("", "\n", " \n% end")
}

func (g configGen) application() string {
	app := g.pick("kernel", "kernel", "kernel", "sasl", "my_app", "'my app'")
	var params []string
	for range g.IntN(4) {
		params = append(params, g.param(app))
	}
	if g.rarely() {
		params = append(params, g.pick("x", "{x}", "{x,1,2}", "{1,2}", `{"a",b}`, "[]"))
	}
	return "{" + app + ", [" + strings.Join(params, ", ") + "]}"
}

func (g configGen) param(app string) string {
	name, value := g.pick("a", "b", "c", "'d e'"), g.pick("1", "x", `"text"`, "<<1>>", "[1,{a,b}]", "#{a => 1}", "1.5")
	if app == "kernel" && !g.rarely() {
		name, value = g.kernelParam()
	}
	return "{" + name + ", " + value + "}"
}

// kernelParam is a parameter that does no harm in a real start.
func (g configGen) kernelParam() (name, value string) {
	honouredValues := [][2]string{
		{"sync_nodes_optional", "['b@127.0.0.1', 'c@127.0.0.1']"},
		{"sync_nodes_optional", "[]"},
		{"sync_nodes_mandatory", "[]"},
		{"sync_nodes_timeout", "50"},
		{"sync_nodes_timeout", "0"},
		{"sync_nodes_timeout", `"5"`},
		{"connect_all", "false"},
		{"net_ticktime", "10"},
		{"net_ticktime", "0"},
		{"net_setuptime", "2.5"},
		{"inet_dist_listen_min", "9100"},
		{"inet_dist_listen_max", "9105"},
		{"logger_level", "debug"},
		{"logger_level", "loud"},
	}
	n := g.IntN(len(honouredValues) + len(documentedValues))
	if n < len(honouredValues) {
		return honouredValues[n][0], honouredValues[n][1]
	}
	v := documentedValues[n-len(honouredValues)]
	if g.rarely() && v.bad != "" {
		return v.name, v.bad
	}
	return v.name, v.good
}

// flags are words that set parameters of kernel, each once.
func (g configGen) flags() (words []string) {
	given := map[string]bool{}
	for range g.IntN(3) {
		words = append(words, "-kernel")
		for range 1 + g.IntN(2) {
			if name, value := g.kernelParam(); !given[name] {
				given[name] = true
				words = append(words, name, value)
			}
		}
		if g.IntN(10) == 0 {
			words = append(words, g.doubtful()...)
		}
	}
	return words
}

// doubtful are words that go on behind pairs, and may end them.
func (g configGen) doubtful() []string {
	name := g.pick("a", "b", "c")
	return [][]string{
		{name, "-1"},
		{name, "-1.5"},
		{name, "(-1)"},
		{name, " -1"},
		{name, "+1"},
		{name, "(+1)"},
		{name, "-"},
		{name, "-x"},
		{name},
		{"-1"},
		{"-"},
		{name, "-1", "d", "2"},
		{name, ""},
		{name, "-1", "-kernel", "d", "2"},
		{name, "1."},
		{`"` + name + `"`, "1"},
	}[g.IntN(16)]
}

// TestStrictVerdicts: of the texts that OTP 27 has judged, those are read that
// hold exactly one list ended by a dot, and no others.
func TestStrictVerdicts(t *testing.T) {
	for _, name := range []string{"edge", "generated"} {
		f, err := os.Open(filepath.Join("..", "erlterm", "testdata", name+".jsonl.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, v := range otpVerdicts(t, z) {
			n++
			r := newReader(Input{Getenv: env(nil), Host: altair})
			root, ok := r.parseOne(&source{name: "x.config", text: v.Input}, "")
			if ok {
				_, improper := root.term().(*erlterm.Improper)
				ok = improper || isList(root.term())
			}
			if ok != v.Strict.OK {
				t.Errorf("%s: read: %v, OTP: %v %s\n%s\n%v", v.File, ok, v.Strict.OK, v.Strict.Error, v.Input, r.problems)
			}
		}
		if n < 200 {
			t.Errorf("%s has only %d verdicts", name, n)
		}
	}
}

// TestCorpusVerdicts does the same with real files, as a file called sys.config
// and as one called otherwise, and compares the parameters of kernel.
func TestCorpusVerdicts(t *testing.T) {
	corpus := os.Getenv("INTERCONNECT_CORPUS")
	if corpus == "" {
		t.Skip("INTERCONNECT_CORPUS is not set")
	}
	f, err := os.Open(filepath.Join(corpus, "verdicts.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	judged, dir := 0, t.TempDir()
	var trials []trial
	for i, v := range otpVerdicts(t, f) {
		text, err := os.ReadFile(filepath.Join(corpus, v.File))
		if err != nil {
			t.Fatal(err)
		}
		for name, verdict := range map[string]*outcome{"sys.config": v.ConfData, "x.config": v.ConfDataNosys} {
			tr := trial{names: []string{name}, files: map[string]string{name: string(text)}}
			tr.write(t, filepath.Join(dir, fmt.Sprint(i)))
			trials = append(trials, tr)
			if v.Strict != nil && !v.Strict.OK {
				verdict = v.Strict
			}
			if verdict == nil {
				continue
			}
			judged++
			_, problems := reading(tr.words())
			switch errs := problems.Errors(); {
			case !verdict.OK && len(errs) == 0:
				t.Errorf("%s as %s: nothing is wrong here, OTP: %s", v.File, name, verdict.Error)
			case verdict.OK && !excused(errs):
				t.Errorf("%s as %s: OTP starts, and here is wrong: %v", v.File, name, errs)
			}
		}
	}
	if judged < 400 {
		t.Errorf("only %d verdicts were compared", judged)
	}
	required.Programs(t, "erl", "escript")
	judge(t, dir, trials)
}

// outcome is whether OTP takes something, and why not.
type outcome struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
}

type otpVerdict struct {
	File          string   `json:"file"`
	Input         []byte   `json:"input"`
	Strict        *outcome `json:"strict"`
	ConfData      *outcome `json:"conf_data"`
	ConfDataNosys *outcome `json:"conf_data_nosys"`
}

func otpVerdicts(t *testing.T, r io.Reader) (verdicts []otpVerdict) {
	t.Helper()
	for d := json.NewDecoder(bufio.NewReader(r)); d.More(); {
		var v otpVerdict
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}
