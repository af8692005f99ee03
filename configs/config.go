package configs

import (
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
)

// Infinity is the SyncTimeout of a start that waits for ever.
const Infinity time.Duration = -1

// Config is all that a node is started with. It is a plain value: nothing in
// this package keeps or changes one that was handed out.
type Config struct {
	// Who the node is.
	Name   nodeid.Name
	Hidden bool
	Cookie Cookie
	// AlsoAccept is a second cookie that others may connect with; zero: none.
	AlsoAccept Cookie
	// NodeCookies are those of other nodes, sorted by name, one for each.
	NodeCookies []NodeCookie

	// The start-up sync. A name is in one list, once; the own name may be among them.
	SyncMandatory []nodeid.Name
	SyncOptional  []nodeid.Name
	SyncTimeout   time.Duration // 0: no sync, whatever the lists; Infinity

	// What the kernel application says of the distribution.
	ConnectAll  bool          // mesh with the visible nodes of connected nodes
	AutoConnect string        // dist_auto_connect: never, once, or "" where it is not set
	TickTime    time.Duration // net_ticktime, which is the Detector's Timeout then; 0: not set
	SetupTime   time.Duration // net_setuptime
	Ports       Ports
	Interface   netip.Addr // inet_dist_use_interface; the zero value: not set
	LogLevel    hclog.Level

	// How and where the log is written, and what else is told of nodes that come
	// and go.
	LogFormat string // auto, text, json or journal
	LogFile   string // "": standard error
	Journal   Journal
	Hooks     []Hook // in the order of the settings

	Bus      Bus
	Detector Detector
	Erlang   Erlang
	// HTTP is where the daemon serves its status page and answers to other programs, as
	// HOST:PORT; "" is nowhere.
	HTTP string

	// Params are all other application parameters that were set, by
	// application and name: nothing here reads them.
	Params []Parameter
	// Unused are the flags of args files that nothing here reads, each name once.
	Unused []UnusedFlag
	// CookieMade is the file that the cookie was made in, "" where there was one.
	CookieMade string

	origins map[string]Origin
}

// NodeCookie is the cookie for connections with one node, which counts there
// in place of the node's own. Its origin is that of "cookie NODE".
type NodeCookie struct {
	Node   nodeid.Name
	Cookie Cookie
}

// Ports is the range in which the node listens, both ends included.
type Ports struct{ Min, Max int }

// Bus says which NATS carries the control channel.
type Bus struct {
	Cluster string   // the scope of the subjects: letters, digits, '_' and '-'
	URLs    []string // nats:// and tls:// URLs without user; none: the embedded mesh
	Auth    BusAuth
	// Routes are further places where the embedded mesh looks for peers, each
	// HOST:PORT or HOST. RoutesSecret is what other hosts must know to join, in
	// place of the cookie; zero: the cookie.
	Routes       []string
	RoutesSecret Cookie
	// PublishEvents says that the node's events are published for other programs.
	PublishEvents bool
}

// Journal is where the node's events are remembered.
type Journal struct {
	Path string // a file; "": one that is named after the node, in the folder for state
	Keep int    // so many events; 0: no file, whatever Path says
}

// Parameter is one application parameter that means nothing here.
type Parameter struct {
	App, Name string
	Value     erlterm.Term
	Why       string // it means nothing
}

// UnusedFlag is a flag that erl understands, and where it stands.
type UnusedFlag struct {
	Flag   string // with its dash or plus
	Origin Origin
}

// Default is the configuration when nothing is given. It has neither name nor
// cookie.
func Default() *Config {
	return &Config{
		ConnectAll: true,
		SetupTime:  7 * time.Second,
		Ports:      Ports{Min: 4370, Max: 4373},
		LogLevel:   hclog.Info,
		LogFormat:  "auto",
		Journal:    Journal{Keep: 100_000},
		Bus:        Bus{Cluster: "default"},
		Detector:   Detector{Interval: 250 * time.Millisecond, Timeout: 3 * time.Second, GoneAfter: 250 * time.Millisecond},
		Erlang:     defaultErlang(),
		origins:    map[string]Origin{},
	}
}

// Origin is where a value comes from, by the name that Effective gives it.
func (c *Config) Origin(name string) Origin {
	if origin, ok := c.origins[name]; ok {
		return origin
	}
	return defaultOrigin
}
