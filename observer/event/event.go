// Package event is what a daemon tells of a node that came up or went down: the
// value that the journal keeps, hooks get on standard input, and streams carry,
// and the words that the log has for it.
package event

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"interconnectd/configs/nodeid"
)

// Kind says what happened.
type Kind string

// The kinds of events, named as the messages of net_kernel:monitor_nodes/2.
const (
	NodeUp   Kind = "nodeup"
	NodeDown Kind = "nodedown"
)

// Kinds are all kinds.
func Kinds() []Kind { return []Kind{NodeUp, NodeDown} }

// The types of a connection: node_type of monitor_nodes/2, where Erlang's own nodes
// that are visible have a word of their own.
const (
	Visible = "visible"
	Hidden  = "hidden"
	Erlang  = "erlang"
)

// TypeOf is the type of a connection that is a hidden one, or one of Erlang's
// distribution, or both, which is hidden.
func TypeOf(hidden, erlang bool) string {
	switch {
	case hidden:
		return Hidden
	case erlang:
		return Erlang
	}
	return Visible
}

// TimeFormat is how the times of events are written for people and programs: RFC 3339
// with milliseconds, as in 2026-11-22T22:03:41.027Z.
const TimeFormat = "2006-01-02T15:04:05.000Z07:00"

// StateDown is the state after a nodedown, as membership calls it.
const StateDown = "down"

// Event is one change of one node, as one daemon saw it. Its form in JSON is a
// contract: keys are added, and none changes its meaning.
type Event struct {
	// Seq counts the events of a journal from 1 on; 0 before one has it.
	Seq       uint64    `json:"seq"`
	Time      time.Time `json:"time"`      // wall clock, UTC
	Monotonic Duration  `json:"monotonic"` // since the host was started, suspended or not

	Self  nodeid.Name `json:"self"`  // the node that saw it
	Start string      `json:"start"` // its incarnation: another one is another run of the daemon

	Kind        Kind        `json:"event"`
	Node        nodeid.Name `json:"node"`
	Incarnation string      `json:"incarnation"`
	Type        string      `json:"type"`   // of the connection: visible, hidden or erlang
	Before      string      `json:"before"` // the states of membership
	After       string      `json:"after"`

	Reason string   `json:"reason,omitempty"` // of a nodedown: an atom of OTP's
	Detail string   `json:"detail,omitempty"` // of a nodedown: our own words
	UpFor  Duration `json:"up_for,omitempty"` // of a nodedown: since its nodeup
}

// JSON is the event on one line.
func (e Event) JSON() ([]byte, error) { return json.Marshal(e) }

// How the message of an event begins.
const (
	wordsUp   = "--- Node up: "
	wordsDown = "--- Node down: "
)

// Message is what people grep a log for. The name of the node stands in it, as in
// the walk-through's Cluster.Observer; all else is a field.
func (e Event) Message() string {
	if e.Kind == NodeUp {
		return wordsUp + string(e.Node)
	}
	return wordsDown + string(e.Node)
}

// ParseMessage says which event a message of the log is about; ok is false for any
// other message.
func ParseMessage(message string) (kind Kind, node nodeid.Name, ok bool) {
	if name, found := strings.CutPrefix(message, wordsUp); found {
		return NodeUp, nodeid.Name(name), true
	}
	name, found := strings.CutPrefix(message, wordsDown)
	return NodeDown, nodeid.Name(name), found
}

// Fields are the keys and values that come after the message.
func (e Event) Fields() []any {
	fields := []any{"type", e.Type}
	if e.Kind == NodeUp {
		return fields
	}
	fields = append(fields, "reason", e.Reason)
	if e.Detail != "" {
		fields = append(fields, "detail", e.Detail)
	}
	return append(fields, "up_for", e.UpFor.Rounded().String())
}

// String is the message and its fields as the log prints them:
//
//	--- Node down: b@127.0.0.1: type=visible reason=connection_closed detail=crashed up_for=1m2s
func (e Event) String() string {
	text := e.Message() + ":"
	fields := e.Fields()
	for i := 0; i < len(fields); i += 2 {
		text += fmt.Sprintf(" %s=%s", fields[i], quoted(fmt.Sprint(fields[i+1])))
	}
	return text
}

// quoted puts a value in quotes where hclog does: unless all of it is plain.
func quoted(value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r < '-' || r > '~' }) {
		return strconv.Quote(value)
	}
	return value
}
