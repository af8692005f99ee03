package configs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"interconnectd/configs/nodeid"
)

// Flags are the flags that Load and Check read, for the tables of the daemon
// and of `check`. Both tables set Params too.
func Flags() []Flag {
	return []Flag{
		{Name: "config", Value: "FILE", Many: true, Help: "read a sys.config; .config may be left out; a later file wins"},
		{Name: "args_file", Value: "FILE", Many: true, Help: "read flags from a vm.args, as erl does; what erl alone understands is passed over"},
		{Name: "expand_env", Help: "replace ${VAR} and ${VAR:-DEFAULT} in files whose name ends in .src"},
		{Name: "name", Value: "NAME[@HOST]", Help: "be known by a long name"},
		{Name: "sname", Value: "NAME[@HOST]", Help: "be known by a short name"},
		{Name: "setcookie", Value: "COOKIE", Pair: "NODE COOKIE", Help: "set the cookie, or that for one node, for everyone on this host to see: rather use -setcookie_file"},
		{Name: "setcookie_file", Value: "FILE", Help: "read the cookie from a file"},
		{Name: "hidden", Help: "be a hidden node"},
		{Name: "bus", Value: "URL[,URL ...]", Help: "meet on these NATS servers, or 'embedded': on the mesh that is built in"},
		{Name: "http", Value: "[HOST]:PORT", Help: "serve the status page, /metrics, /healthz and /readyz there; without HOST on 127.0.0.1"},
		{Name: "settings", Value: "FILE", Help: "read an interconnectd.yaml"},
	}
}

// Input is what a process was started with.
type Input struct {
	Args   *Args               // of a FlagSet with Flags; nil: none
	Getenv func(string) string // nil: os.Getenv
	Host   Host                // nil: ThisHost
}

// Load reads everything for the daemon: flags, files, settings, then the
// node's name and its cookie, which it makes where there is none. With errors
// among the problems there is no use in the configuration, and no cookie was made.
func Load(in Input) (*Config, Problems) {
	r := newReader(in)
	r.readForNode()
	r.findCookie(r.problems.Err() == nil)
	r.warnOfGuessableErlang()
	return r.done()
}

// readForNode reads all but the node's own cookie.
func (r *reader) readForNode() {
	r.read()
	r.identify()
	r.checkAuthFiles(Error)
	r.checkHooks()
	r.checkMesh()
	r.checkErlang()
	r.readAlsoAccepted(Error)
	r.readRoutesSecret(Error)
	r.readNodeCookieFiles(Error)
	r.readNodeCookies(Error)
}

// Check reads the same for `interconnectd check`. It writes nothing, and
// needs neither name nor cookie: one that is not there, or may not be read by who
// checks, is a warning, and a name that nobody chose is left out and not compared
// with the lists.
func Check(in Input) (*Config, Problems) {
	r := newReader(in)
	r.expandFlag = "-expand"
	r.read()
	if given, _, _ := r.givenName(); given != "" {
		r.identify()
	} else {
		r.warnOfMixedKinds()
	}
	r.warnOfUnresolvedHosts()
	r.checkAuthFiles(Warning)
	r.checkHooks()
	r.checkMesh()
	r.checkErlang()
	r.readAlsoAccepted(Warning)
	r.readRoutesSecret(Warning)
	r.readNodeCookieFiles(Warning)
	r.readNodeCookies(Warning)
	r.findCookieForCheck()
	r.warnOfGuessableErlang()
	return r.done()
}

// reader gathers a configuration and the problems on the way.
type reader struct {
	in       Input
	cfg      *Config
	problems Problems
	told     map[toldOf]int
	rank     map[string]int // of each source: in the order they came up

	expandFlag string      // that the command has for reading templates
	running    nodeid.Name // of the node that reloads; else ""

	params    map[paramKey]param // the winners, by application and parameter
	syncNodes []syncNode
	settings  fromSettings
	fromArgs
	ownCookie Cookie // of -setcookie with the node's own name
	ownOrigin Origin
}

// syncNode is a name in a sync list and its place there.
type syncNode struct {
	name  nodeid.Name
	place place
}

func newReader(in Input) *reader {
	if in.Getenv == nil {
		in.Getenv = os.Getenv
	}
	if in.Host == nil {
		in.Host = ThisHost()
	}
	in.Host = remember(in.Host)
	return &reader{in: in, cfg: Default(), rank: map[string]int{}, told: map[toldOf]int{}, expandFlag: "-expand_env", params: map[paramKey]param{}}
}

// read takes the first step: all that needs no name and no cookie.
func (r *reader) read() {
	r.readArgs()
	for _, name := range r.configs {
		r.readSysConfig(name)
	}
	r.readSettings()
	r.readBus()
	r.readParams()
	r.readKernel()
	r.settle()
	r.readHidden()
	r.readHTTP()
	r.readConnectAll()
	if r.in.Args != nil {
		for _, w := range r.in.Args.Warnings {
			r.report(Warning, Origin{}, errors.New(w))
		}
	}
}

func (r *reader) done() (*Config, Problems) {
	return r.cfg, append(r.problems.sorted(r.rank), r.tellMore()...)
}

// set notes where the value called name comes from.
func (r *reader) set(name string, origin Origin) { r.cfg.origins[name] = origin }

// report adds a problem without an excerpt; a *hintError brings its hint along.
func (r *reader) report(severity Severity, origin Origin, err error) {
	p := Problem{Severity: severity, Origin: origin, Msg: err.Error()}
	var advice *hintError
	if errors.As(err, &advice) {
		p.Hint = advice.hint
	}
	r.add(p)
}

func (r *reader) add(p Problem) {
	r.source(p.Origin.Source)
	if r.full(p.Severity, p.Origin.Source) {
		return
	}
	r.told[toldOf{p.Severity, p.Origin.Source}]++
	r.problems = append(r.problems, p)
}

// maxProblems is how many problems of a source are told, of each severity.
const maxProblems = 100

type toldOf struct {
	severity Severity
	source   string
}

// full reports whether enough was told of a source, and counts what was not.
func (r *reader) full(severity Severity, source string) bool {
	of := toldOf{severity, source}
	if r.told[of] < maxProblems {
		return false
	}
	r.told[of]++
	return true
}

// tellMore says of how many problems nothing was said.
func (r *reader) tellMore() Problems {
	var more Problems
	for of, n := range r.told {
		if n > maxProblems {
			more = append(more, Problem{Severity: of.severity, Origin: Origin{Source: of.source}, Msg: fmt.Sprintf("%d more of the same severity are not shown", n-maxProblems)})
		}
	}
	return more.sorted(r.rank)
}

// source gives a source its rank, once.
func (r *reader) source(name string) {
	if _, ok := r.rank[name]; !ok {
		r.rank[name] = len(r.rank)
	}
}

// maxFile bounds a configuration file: the parser's own limit and a byte, so
// that it is the parser who says that a file is too long.
const maxFile = 16<<20 + 1

// readPatience bounds the reading of what is no regular file, such as a pipe.
const readPatience = 5 * time.Second

// readFile is the content of a file. It does not wait for somebody to write to
// a pipe: one that nobody has opened is empty. The error has no path.
func readFile(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, bare(err)
	case info.IsDir():
		return nil, fmt.Errorf("is a directory, not a file")
	}
	_ = f.SetReadDeadline(time.Now().Add(readPatience)) // a regular file has none, and needs none
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, bare(err)
	}
	return data, nil
}
