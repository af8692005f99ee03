// Package report is what a run of the benchmark found, and how it is told: in words
// and tables (REPORT.md), as JSON, and as plots.
//
// Times are in seconds, sizes in bytes, processor time as a part of one core. All
// figures of a report were taken in one run on one machine: it is their ratios that
// mean something elsewhere.
//
// [Report.Write] writes all three, [Load] reads the JSON, so that a report can be told
// anew without a run, [Report.Add] takes parts of another run, and [Report.Goals] tells which bounds on ours were kept. A part
// that was not measured is empty, and nothing is said of it. No other method changes a report.
package report

import (
	"slices"
	"time"
)

// Run is when, where and by what a report was measured.
type Run struct {
	Machine Machine   `json:"machine"`
	Began   time.Time `json:"began"`
	Took    float64   `json:"took"` // s
	Command string    `json:"command"`
	Parts   []string  `json:"parts,omitempty"` // of a later run: what there is of it
}

// Report is one run of the benchmark, and parts of later ones where Add took them.
type Report struct {
	Run
	Later []Run `json:"later,omitempty"` // what Add took parts of

	Limits Limits   `json:"limits"`
	Fleets []Fleet  `json:"fleets"`
	Calls  []Call   `json:"calls"`
	Mixed  []Pair   `json:"mixed,omitempty"`
	Reads  []Read   `json:"reads"`
	Crowds []Crowd  `json:"crowds"`
	Swarms []Swarm  `json:"swarms"`
	Missed []string `json:"missed"` // what was not measured, and why
}

// Machine is where and with what it ran.
type Machine struct {
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	Memory   int64             `json:"memory"`
	Kernel   string            `json:"kernel"`
	OS       string            `json:"os"`
	Versions map[string]string `json:"versions"` // of the systems, of Go
}

// The systems of a report.
const (
	Embedded = "interconnectd"                // on the mesh that is built in
	External = "interconnectd on nats-server" // on one server
	OTP      = "Erlang/OTP"
	Serf     = "Serf"
)

// Sample is the values of one figure, in the order in which they were taken.
type Sample []float64

// Median is the middle value, of an even number the upper of the two; 0 of none.
func (s Sample) Median() float64 {
	if len(s) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(s))[len(s)/2]
}

// Spread is the least and the most of the values; 0 and 0 of none.
func (s Sample) Spread() (least, most float64) {
	if len(s) == 0 {
		return 0, 0
	}
	return slices.Min(s), slices.Max(s)
}

// Quantile is the value that so many of a hundred do not exceed, 1 to 100; 0 of none.
func (s Sample) Quantile(percent int) float64 {
	if len(s) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(s))[(len(s)*percent+99)/100-1]
}

// Limits are what nothing on this machine can go below.
type Limits struct {
	// RoundTrip is that of 100 bytes over TCP on loopback, between two processes.
	RoundTrip Sample `json:"round_trip"`
	// Exec is the start and the end of a process that does nothing.
	Exec Sample `json:"exec"`
	// Handshake is the processor time that both sides of ours take, without a bus.
	Handshake Sample `json:"handshake"`
	// Stretch is the processor time that the key of a short cookie takes, once in a
	// process: one of 20 letters, as OTP makes them, takes none.
	Stretch Sample `json:"stretch"`
}

// Fleet is a number of nodes of one system, each a process of this machine.
type Fleet struct {
	System string `json:"system"`
	Nodes  int    `json:"nodes"`

	// FullView is the time from the first start until the last node has told that all
	// others are up.
	FullView Sample `json:"full_view"`
	// Ready is that from the start of one node, with all others up, until it has told
	// that they are.
	Ready Sample `json:"ready"`
	// Kill, Hang and Stop are what the others tell of one that got a SIGKILL, a SIGSTOP,
	// or was asked to end.
	Kill Notices `json:"kill"`
	Hang Notices `json:"hang"`
	Stop Notices `json:"stop"`

	// What each node takes when idle; one value for each node.
	RSS         Sample `json:"rss"` // with its child processes
	PSS         Sample `json:"pss"`
	Descriptors Sample `json:"descriptors"`
	CPU         Sample `json:"cpu"` // part of a core
	// Packets and Bytes are those of loopback a second, divided by the number of nodes;
	// acknowledgements and headers are in them. 0 where they could not be counted.
	Packets float64 `json:"packets"`
	Bytes   float64 `json:"bytes"`

	// Server is what the NATS server takes beside them, nil where there is none.
	Server *Server `json:"server,omitempty"`
}

// Notices are the times from a blow to the lines of the survivors: of each blow the
// median survivor's and the last one's.
type Notices struct {
	Median Sample `json:"median"`
	Last   Sample `json:"last"`
}

// Server is a nats-server that nodes meet on.
type Server struct {
	RSS         float64 `json:"rss"`
	PSS         float64 `json:"pss"`
	Descriptors float64 `json:"descriptors"`
	CPU         float64 `json:"cpu"`
}

// Call is the round trip of a request and its answer between two processes, one at a
// time; a value of a sample for each run.
type Call struct {
	Name  string `json:"name"`
	Count int    `json:"count"` // calls of a run
	P50   Sample `json:"p50"`
	P99   Sample `json:"p99"`
}

// The calls of a report.
const (
	CallEmbedded = "PingPong, embedded mesh"
	BareEmbedded = "NATS request, two embedded servers"
	CallExternal = "PingPong, on nats-server"
	BareExternal = "NATS request, on nats-server"
	CallOTP      = "gen_server:call"
)

// Pair is two nodes, one of Erlang at least, which Erlang's distribution connects, and
// what the first of them asks of the second.
type Pair struct {
	Name  string    `json:"name"`
	Count int       `json:"count"` // pings, and calls, of a run
	Ping  RoundTrip `json:"ping"`  // net_adm:ping/1, or ours
	Call  RoundTrip `json:"call"`  // gen_server:call/2, or ours, of a process that is compiled

	// Connect is a ping of a node that is not connected.
	Connect Sample `json:"connect"`
	// Told is the time from a kill -9 of the second until the first has told it.
	Told Sample `json:"told"`
}

// The pairs of a report.
const (
	PairOTP    = "Erlang to Erlang"
	PairToOurs = "Erlang to ours"
	PairOurs   = "ours to Erlang"
)

// Pairs are all of them, in the order of the report.
var Pairs = []string{PairOTP, PairToOurs, PairOurs}

// RoundTrip is that of a request and its answer; a value of a sample for each run.
type RoundTrip struct {
	P50 Sample `json:"p50"`
	P99 Sample `json:"p99"`
}

// Add adds the times of a run.
func (t *RoundTrip) Add(times Sample) {
	t.P50 = append(t.P50, times.Quantile(50))
	t.P99 = append(t.P99, times.Quantile(99))
}

// Read is how long it takes to read the same 8 MB of configuration.
type Read struct {
	Name   string  `json:"name"`
	Bytes  float64 `json:"bytes"`
	Time   Sample  `json:"time"`
	Allocs float64 `json:"allocs"` // 0 where unknown
}

// The readers of a report.
const (
	ReadOurs    = "erlterm"
	ReadJSON    = "encoding/json"
	ReadConsult = "file:consult"
)

// Crowd is many nodes in one process, on one nats-server.
type Crowd struct {
	Nodes    int     `json:"nodes"`
	FullView float64 `json:"full_view"` // s
	FormCPU  float64 `json:"form_cpu"`  // s of processor time, the server's apart
	// What one node takes when idle, and what the server does for it.
	CPU    float64 `json:"cpu"`    // part of a core
	Memory float64 `json:"memory"` // bytes of RSS
	// The server's, for all of them.
	ServerFormCPU float64 `json:"server_form_cpu"` // s
	ServerCPU     float64 `json:"server_cpu"`      // part of a core, idle
	ServerRSS     float64 `json:"server_rss"`
	Messages      float64 `json:"messages"` // into the server, a node and second, idle
	Bytes         float64 `json:"bytes"`
}

// Swarm is a mesh in the simulation, whose time is virtual.
type Swarm struct {
	Nodes    int     `json:"nodes"`
	FullView float64 `json:"full_view"` // s, 0 where the mesh was injected
	Messages float64 `json:"messages"`  // a node and second, idle
	Bytes    float64 `json:"bytes"`
	Entry    float64 `json:"entry"` // bytes of memory for each peer of each node
	// From the blow to the survivors' verdicts.
	KillMedian float64 `json:"kill_median"`
	KillLast   float64 `json:"kill_last"`
	HangMedian float64 `json:"hang_median"`
	HangLast   float64 `json:"hang_last"`
}

// Fleet finds the fleet of a system and a size.
func (r *Report) Fleet(system string, nodes int) (Fleet, bool) {
	i := slices.IndexFunc(r.Fleets, func(f Fleet) bool { return f.System == system && f.Nodes == nodes })
	if i < 0 {
		return Fleet{}, false
	}
	return r.Fleets[i], true
}
