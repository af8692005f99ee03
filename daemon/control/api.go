package control

import (
	"fmt"
	"net/http"
	"time"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/observer/event"
	"interconnectd/observer/hooks"
	"interconnectd/observer/journal"
	"interconnectd/observer/metrics"
	"interconnectd/syncnodes"
)

// The paths of the server, with what they take and give:
//
//	GET  /self                    Self
//	GET  /nodes                   Names      connected visible nodes
//	GET  /names                   Names      all on the bus
//	GET  /cookie                  Cookie
//	GET  /status                  Status
//	GET  /events                  a stream: see package eventstream
//	POST /ping        Target      Ping
//	POST /connect     Target      Outcome
//	POST /disconnect  Target      Outcome
//	POST /forget      Target      Outcome    or an error of the kind nodeup
//	POST /cookie      Cookie      Outcome
//	POST /call        Call        Reply
//	POST /reload      {}          Reload     or an error of the kind config
//	POST /dump        {}          Outcome    when the state is in the log
//	POST /stop        {}          Outcome    when the node has left
const (
	pathSelf       = "/self"
	pathNodes      = "/nodes"
	pathNames      = "/names"
	pathCookie     = "/cookie"
	pathStatus     = "/status"
	pathEvents     = "/events"
	pathPing       = "/ping"
	pathConnect    = "/connect"
	pathDisconnect = "/disconnect"
	pathForget     = "/forget"
	pathCall       = "/call"
	pathReload     = "/reload"
	pathDump       = "/dump"
	pathStop       = "/stop"
)

type nothing struct{}

// Self says which node this is.
type Self struct {
	Node nodeid.Name `json:"node"`
}

// Names is a sorted list of nodes.
type Names struct {
	Nodes []nodeid.Name `json:"nodes"`
}

// Target names the node that a request is about.
type Target struct {
	Node nodeid.Name `json:"node"`
}

// Outcome is the answer to a request that succeeds or does not.
type Outcome struct {
	OK bool `json:"ok"`
}

// Ping is the answer of a node, or that there is none.
type Ping struct {
	OK        bool     `json:"ok"` // pong; else pang
	RoundTrip Duration `json:"round_trip"`
}

// Cookie is the node's cookie. Where one is set, Node names the node whose
// connections it is for, "" all of them.
type Cookie struct {
	Cookie string      `json:"cookie"`
	Node   nodeid.Name `json:"node,omitempty"`
}

// Call asks a registered process. Request is a term as Erlang text, without a
// dot. A Timeout of 0 is the server's longest.
type Call struct {
	Process string      `json:"process"`
	Node    nodeid.Name `json:"node"`
	Request string      `json:"request"`
	Timeout Duration    `json:"timeout"`
}

// Reply is the answer to a call, as Erlang text.
type Reply struct {
	Reply string `json:"reply"`
}

// Status is all that a daemon tells of itself.
type Status struct {
	Node        nodeid.Name       `json:"node"`
	Incarnation string            `json:"incarnation"`
	Hidden      bool              `json:"hidden"`
	PID         int               `json:"pid"`
	Started     time.Time         `json:"started"`
	Version     string            `json:"version"`
	Fingerprint string            `json:"cookie_fingerprint"`
	Bus         Bus               `json:"bus"`
	Erlang      *Erlang           `json:"erlang,omitempty"` // where erlang.distribution is on
	Sync        Sync              `json:"sync"`
	Peers       []Peer            `json:"peers"`
	Journal     Journal           `json:"journal"`
	Hooks       []Hook            `json:"hooks"`
	Dropped     map[string]uint64 `json:"dropped"` // packets without effect, by cause
}

// Bus is the state of the control channel.
type Bus struct {
	Kind   string `json:"kind"`   // embedded or external
	Listen string `json:"listen"` // embedded: where routes are taken
	Lost   bool   `json:"lost"`
}

// Erlang is how nodes of Erlang's reach the daemon.
type Erlang struct {
	Listen     string `json:"listen"`     // where they dial
	Registered bool   `json:"registered"` // the port mapper has the name
}

// Journal is where events are kept.
type Journal struct {
	Path   string `json:"path"`            // "": in memory only
	Error  string `json:"error,omitempty"` // why they are not in the file
	Events int    `json:"events"`          // that can be read
	Last   uint64 `json:"last"`            // the number of the latest event
	Memory int    `json:"memory"`          // of the events: not in the file
	Bytes  int64  `json:"bytes"`           // of the file
	Lost   uint64 `json:"lost"`            // that were never in the file and had to leave the memory
}

// Hook is what a hook has done.
type Hook struct {
	Name      string     `json:"name"`
	Delivered uint64     `json:"delivered"`               // the number of the last event it is done with
	Waiting   uint64     `json:"waiting"`                 // events after that one
	OK        uint64     `json:"ok"`                      // runs since the daemon started
	Failed    uint64     `json:"failed"`                  // likewise
	TimedOut  uint64     `json:"timed_out"`               // likewise
	Missed    uint64     `json:"missed"`                  // events that left the journal before it had them
	Event     uint64     `json:"event,omitempty"`         // the number of the one that is being delivered
	Attempts  int        `json:"attempts"`                // at it
	Running   *time.Time `json:"running_since,omitempty"` // its program
	Error     string     `json:"error,omitempty"`         // of the last run
	LastRun   *time.Time `json:"last_run,omitempty"`      // began then
}

// Sync is how many of the expected nodes are up.
type Sync struct {
	Up      int           `json:"up"`
	Of      int           `json:"of"`
	Missing []nodeid.Name `json:"missing"`
	Done    bool          `json:"done"`
	Text    string        `json:"text"` // all that on one line
}

// Peer is another node.
type Peer struct {
	Node        nodeid.Name `json:"node"`
	State       string      `json:"state"`
	Reason      string      `json:"reason,omitempty"` // of the last nodedown, where it is not up
	Detail      string      `json:"detail,omitempty"`
	Incarnation string      `json:"incarnation,omitempty"`
	Hidden      bool        `json:"hidden"`
	Erlang      bool        `json:"erlang"`   // it is a node of Erlang's, on a connection of its protocol
	Expected    bool        `json:"expected"` // named in a sync list
	Since       *time.Time  `json:"since,omitempty"`
	RoundTrip   Duration    `json:"round_trip"`
	Address     string      `json:"address,omitempty"` // embedded: where its server listens
	Version     string      `json:"version,omitempty"` // of its program
	This        bool        `json:"this,omitempty"`    // it is the node that tells
}

// Reload tells what a reload has changed.
type Reload struct {
	Differences []Difference `json:"differences"`
	Warnings    []Problem    `json:"warnings"`
}

// Difference is a setting that was read with another value than before.
type Difference struct {
	Name    string `json:"name"`
	Change  string `json:"change"`  // in words
	Restart bool   `json:"restart"` // needs a restart: the daemon goes on with the former value
	Text    string `json:"text"`    // all that on one line
}

// Problem is one thing wrong, or doubtful, in the configuration: a
// configs.Problem.
type Problem struct {
	Severity string `json:"severity"`         // error or warning
	Source   string `json:"source,omitempty"` // a file, a flag, a variable; "" for nowhere
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Message  string `json:"message"` // one line
	Hint     string `json:"hint,omitempty"`
	Excerpt  string `json:"excerpt,omitempty"` // the line of the source and a caret below it
}

// ProblemsOf are problems for an answer.
func ProblemsOf(problems configs.Problems) []Problem {
	list := make([]Problem, 0, len(problems))
	for _, p := range problems {
		list = append(list, Problem{
			Severity: p.Severity.String(), Source: p.Origin.Source, Line: p.Origin.Line, Column: p.Origin.Column,
			Message: p.Msg, Hint: p.Hint, Excerpt: p.Excerpt,
		})
	}
	return list
}

// Configs are the problems of an answer as they were found.
func Configs(problems []Problem) configs.Problems {
	var list configs.Problems
	for _, p := range problems {
		severity := configs.Error
		if p.Severity == configs.Warning.String() {
			severity = configs.Warning
		}
		list = append(list, configs.Problem{
			Severity: severity, Origin: configs.Origin{Source: p.Source, Line: p.Line, Column: p.Column},
			Msg: p.Message, Hint: p.Hint, Excerpt: p.Excerpt,
		})
	}
	return list
}

// Duration is a time.Duration that JSON has as a text, such as "1.5s".
type Duration = event.Duration

// Kind says what sort of error a daemon answered with.
type Kind string

// The kinds of errors.
const (
	BadRequest Kind = "bad_request" // the request makes no sense
	NoProc     Kind = "noproc"      // nobody is registered by that name
	NodeDown   Kind = "nodedown"    // the node is not connected, or went down
	NodeUp     Kind = "nodeup"      // the node is up, and must not be
	Overloaded Kind = "overloaded"  // the process has too many calls already
	Timeout    Kind = "timeout"     // no answer in time
	Remote     Kind = "error"       // the process answered with an error
	Config     Kind = "config"      // the configuration is wrong, and nothing was changed
	Leaving    Kind = "leaving"     // the daemon is ending
	Internal   Kind = "internal"    // a bug
)

func (k Kind) status() int {
	switch k {
	case BadRequest:
		return http.StatusBadRequest
	case NoProc:
		return http.StatusNotFound
	case Config:
		return http.StatusUnprocessableEntity
	case NodeUp:
		return http.StatusConflict
	case NodeDown, Remote:
		return http.StatusBadGateway
	case Timeout:
		return http.StatusGatewayTimeout
	case Overloaded, Leaving:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// Error is what a daemon answers instead.
type Error struct {
	Kind     Kind      `json:"kind"`
	Message  string    `json:"message"`            // one line, usable alone
	Problems []Problem `json:"problems,omitempty"` // of the kind config: all of them, warnings too
}

func (e *Error) Error() string { return e.Message }

func badRequest(format string, args ...any) error {
	return &Error{Kind: BadRequest, Message: fmt.Sprintf(format, args...)}
}

// failure is the body of an answer with an error.
type failure struct {
	Error *Error `json:"error"`
}

// statusOf tells of a node what syncnodes tells, with times on the wall clock, and
// what its observer does.
//
// epoch is the wall time at 0 of the node's clock.
func statusOf(s syncnodes.Status, observed metrics.Observed, pid int, epoch time.Time) Status {
	out := Status{
		Node: s.Node, Incarnation: s.Incarnation.String(), Hidden: s.Hidden,
		PID: pid, Started: s.Started.UTC(), Version: s.Version, Fingerprint: s.Fingerprint,
		Bus: Bus{Kind: s.Bus, Listen: s.Listen, Lost: s.BusLost},
		Sync: Sync{
			Up: s.Sync.Up, Of: s.Sync.Of, Missing: notNil(s.Sync.Missing),
			Done: s.Sync.Done, Text: s.Sync.String(),
		},
		Peers:   make([]Peer, 0, len(s.Peers)),
		Dropped: s.Dropped,
		Journal: journalOf(observed.Journal),
		Hooks:   make([]Hook, 0, len(observed.Hooks)),
	}
	if s.Erlang.Listen != "" {
		out.Erlang = &Erlang{Listen: s.Erlang.Listen, Registered: s.Erlang.Registered}
	}
	for _, h := range observed.Hooks {
		out.Hooks = append(out.Hooks, hookOf(h))
	}
	for _, p := range s.Peers {
		peer := Peer{
			Node: p.Node, State: p.State.String(), Detail: p.Detail,
			Hidden: p.Hidden, Erlang: p.Erlang, Expected: p.Expected, RoundTrip: Duration(p.RoundTrip), Address: p.Address, Version: p.Version,
		}
		if !p.Incarnation.IsZero() {
			since := epoch.Add(p.Since).UTC()
			peer.Incarnation, peer.Since = p.Incarnation.String(), &since
			if !p.State.Linked() {
				peer.Reason = p.Reason.String()
			}
		}
		out.Peers = append(out.Peers, peer)
	}
	return out
}

func journalOf(s journal.Status) Journal {
	return Journal{Path: s.Path, Error: s.Error, Events: s.Events, Last: s.Last, Memory: s.Memory, Bytes: s.Bytes, Lost: s.Lost}
}

func hookOf(s hooks.Status) Hook {
	h := Hook{
		Name: s.Name, Delivered: s.Delivered, Waiting: s.Waiting, OK: s.OK, Failed: s.Failed, TimedOut: s.TimedOut,
		Missed: s.Missed, Event: s.Event, Attempts: s.Attempts, Error: s.Error,
		Running: timeOrNil(s.RunningSince), LastRun: timeOrNil(s.LastRunAt),
	}
	return h
}

// timeOrNil makes JSON leave out a time that is none.
func timeOrNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// notNil makes JSON say [] where there is nothing.
func notNil(names []nodeid.Name) []nodeid.Name {
	if names == nil {
		return []nodeid.Name{}
	}
	return names
}
