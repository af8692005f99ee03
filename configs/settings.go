package configs

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"interconnectd/configs/nodeid"
)

// settingsFields are all keys of interconnectd.yaml, in the order in which the
// shipped file documents them. The reader of the file, its hints and the JSON
// Schema for editors come of this table; a key that is not here is unknown.
func settingsFields() []field[reader] {
	d := Default()
	return []field[reader]{
		section(
			"node", "Who this node is.",
			key("name", "The name of the node, where neither -name, -sname nor RELEASE_NODE gives one. "+
				"Without it: the one name of the sync lists that is this host's, else interconnectd at this host.",
				nodeText.example("a@127.0.0.1"), takeNodeName),
		),
		section(
			"cookie", "The secret that the nodes of a cluster share.",
			key("file", "A file with the cookie, open to its owner only, where neither -setcookie, -setcookie_file, "+
				"the systemd credential 'cookie' nor RELEASE_COOKIE gives it. "+
				"Without it: .erlang.cookie in the home directory, then in ~/.config/erlang.",
				fileText.example("/etc/interconnectd/cookie"), takeCookieFile),
			key("also_accept_file", "A file with a second cookie that other nodes may connect with, open to its owner only: "+
				"while a cluster goes over from one cookie to another, each node accepts both. "+
				"Without it the cookie alone is accepted.",
				fileText.example("/etc/interconnectd/cookie.old"), takeAlsoAcceptFile),
			key("per_node", "Nodes that have another cookie, as -setcookie NODE COOKIE says it.",
				listOf("nodes with their cookie files", "write [{node: legacy@10.0.0.9, file: /etc/interconnectd/legacy.cookie}]", entry(
					key("node", "The other node.", nodeText.example("legacy@10.0.0.9"), (*nodeCookieFile).takeNode).must(),
					key("file", "A file with the cookie for connections with it, open to its owner only.",
						fileText.example("/etc/interconnectd/legacy.cookie"), (*nodeCookieFile).takeFile).must(),
				)).standard([]any{}), takeNodeCookieFiles),
		),
		section(
			"bus", "The control channel, on which the nodes meet.",
			key("cluster", "The scope of the subjects: letters, digits, '_' and '-'. Clusters of different names may share a NATS.",
				text("letters, digits, '_' and '-'", `^[A-Za-z0-9_-]+$`, nil).standard(d.Bus.Cluster), takeCluster),
			key("urls", "External NATS servers. Without them the daemons make a mesh of their own.",
				listOf("URLs", "write [nats://10.0.0.1:4222]", urlText.example("nats://10.0.0.1:4222")).standard([]any{}), takeURLs),
			key("credentials_file", "For external servers: a user's credentials, a JWT with its seed, as nsc writes them.",
				fileText.example("/etc/interconnectd/bus.creds"), takeAuth),
			key("nkey_file", "For external servers: the seed of a user's NKey.", fileText.example("/etc/interconnectd/bus.nk"), takeAuth),
			key("user", "For external servers: a user, with password_file.", text("a user's name", `^.+$`, nil).example("interconnect"), takeAuth),
			key("password_file", "A file with the user's password.", fileText.example("/etc/interconnectd/bus.password"), takeAuth),
			key("token_file", "For external servers: a file with a token.", fileText.example("/etc/interconnectd/bus.token"), takeAuth),
			section(
				"tls", "TLS to external servers.",
				key("ca_file", "The authorities that may have signed the servers' certificates, in PEM. Without it: those that the system knows.",
					fileText.example("/etc/interconnectd/ca.pem"), takeAuth),
				key("cert_file", "The node's certificate, in PEM, for servers that want one.", fileText.example("/etc/interconnectd/node.pem"), takeAuth),
				key("key_file", "The key of that certificate, in PEM.", fileText.example("/etc/interconnectd/node.key"), takeAuth),
			),
			key("publish_events", "For other programs on external servers: publish that nodes come up and go down, in clear as JSON, "+
				"on interconnect.1.CLUSTER.e.NODE. Everybody on the bus can read these events, and forge them.",
				truth().standard(d.Bus.PublishEvents), takePublishEvents),
			key("routes", "For the mesh of our own: further places to look for daemons, HOST:PORT or HOST, "+
				"beside this host and those of the sync lists.",
				listOf("places", "write ['10.0.0.7:4370']", routeText.example("10.0.0.7:4370")).standard([]any{}), takeRoutes),
			key("routes_secret_file", "For the mesh of our own: a file with a secret, open to its owner only, that other hosts must know to join. "+
				"Without it they must know the cookie.",
				fileText.example("/etc/interconnectd/routes.secret"), takeRoutesSecretFile),
		),
		erlangField(),
		section(
			"detector", "When another node counts as down.",
			key("interval", "The time between two probes of a neighbour.",
				duration(intervalBounds).standard(shortDuration(d.Detector.Interval)), takeInterval),
			key("timeout", "The silence that means net_tick_timeout, at least three intervals. net_ticktime of a sys.config takes its place.",
				duration(timeoutBounds).standard(shortDuration(d.Detector.Timeout)), takeTimeout),
			key("gone_after", "How long NATS must say that nobody listens where a node did, until that means connection_closed. "+
				"On external servers the default is "+shortDuration(goneExternal)+": their clients take a while to connect again.",
				duration(goneBounds).standard(shortDuration(d.Detector.GoneAfter)), takeGoneAfter),
		),
		section(
			"log", "What is logged, how and where.",
			key("level", "The least severe level that is logged. logger_level of a sys.config takes its place.",
				choice(logLevelNames...).standard(levelName(d.LogLevel)), takeLogLevel),
			key("format", "How a line is written. auto: journal where systemd takes standard error, else text.",
				choice("auto", "text", "json", "journal").standard(d.LogFormat), takeLogFormat),
			key("file", "A file that the lines are added to. Without it they go to standard error.",
				fileText.example("/var/log/interconnectd.log"), takeLogFile),
		),
		section(
			"journal", "What the node remembers of those that came up and went down.",
			key("path", "The file that the events are in. Without it: NAME.db, NAME being the node's, in $STATE_DIRECTORY, "+
				"else /var/lib/interconnect for root, else $XDG_STATE_HOME/interconnect, ~/.local/state/interconnect.",
				fileText.example("/var/lib/interconnect/a.db"), takeJournalPath),
			key("keep", "How many events are kept; the oldest go first. With 0 there is no file, and events are remembered in memory only.",
				count(keepBounds).standard(d.Journal.Keep), takeJournalKeep),
		),
		hookField(),
		section(
			"http", "The status page, and what other programs ask for: GET /metrics, /healthz and /readyz.",
			key("listen", "HOST:PORT, or :PORT of 127.0.0.1. -http takes its place. Without either nothing listens.",
				text("HOST:PORT", `^[^\s/@?#%]*:[0-9]+$`, checkListen).example("127.0.0.1:9464"), takeHTTP),
		),
	}
}

// given is a value of the settings with its key and its place; the zero value
// is none.
type given[T any] struct {
	value  T
	path   string
	origin Origin
	spot   spot // to report at
}

// fromSettings are values that the next steps look at.
type fromSettings struct {
	nodeName     given[string]
	cookieFile   given[string]
	alsoAccept   given[string] // a file
	routes       given[[]string]
	routesSecret given[string] // a file
	perNode      []nodeCookieFile
	publish      given[bool]
	distribution given[bool]
	erlangListen given[string]
	epmd         given[string]
	allow        given[[]string]
	hooks        []hookEntry
	auth         map[string]given[string] // by path
	interval     given[time.Duration]
	timeout      given[time.Duration]
	goneAfter    given[time.Duration]
	logLevelWord given[string]
	logFormat    given[string]
	journalPath  given[string]
}

// nodeCookieFile is an entry of cookie.per_node.
type nodeCookieFile struct {
	node given[string]
	file string
}

var (
	nodeText = text("a node name", `^[A-Za-z0-9_-]+@[^@\x00-\x20]+$`, func(name string) error {
		_, err := nodeid.Parse(name)
		return err
	})
	fileText = text("the path of a file", `^[^\x00]+$`, nil)
	urlText  = text("a URL", "^(nats|tls)://[^@]+$", checkURL)

	routeText = text("HOST:PORT or HOST", `^[^\s/@?#%]+$`, checkRoute)
)

func takeNodeName(r *reader, v given[string]) { r.settings.nodeName = v }

func takeCookieFile(r *reader, v given[string]) { r.settings.cookieFile = v }

func takeAlsoAcceptFile(r *reader, v given[string]) { r.settings.alsoAccept = v }

func (c *nodeCookieFile) takeNode(v given[string]) { c.node = v }

func (c *nodeCookieFile) takeFile(v given[string]) { c.file = v.value }

func takeNodeCookieFiles(r *reader, v given[[]nodeCookieFile]) {
	seen := map[string]Origin{}
	for _, c := range v.value {
		if first, again := seen[c.node.value]; again {
			r.atSpot(Error, c.node.spot, "", "%s: %s stands here a second time, after %s", v.path, c.node.value, first)
			continue
		}
		seen[c.node.value] = c.node.origin
		r.settings.perNode = append(r.settings.perNode, c)
	}
}

func takeCluster(r *reader, v given[string]) {
	r.cfg.Bus.Cluster = v.value
	r.set(v.path, v.origin)
}

func takeURLs(r *reader, v given[[]string]) {
	r.cfg.Bus.URLs = v.value
	r.set(v.path, v.origin)
}

func takeRoutes(r *reader, v given[[]string]) {
	r.settings.routes = v
	r.cfg.Bus.Routes = v.value
	r.set(v.path, v.origin)
}

func takeRoutesSecretFile(r *reader, v given[string]) { r.settings.routesSecret = v }

func takeInterval(r *reader, v given[time.Duration])  { r.settings.interval = v }
func takeTimeout(r *reader, v given[time.Duration])   { r.settings.timeout = v }
func takeGoneAfter(r *reader, v given[time.Duration]) { r.settings.goneAfter = v }
func takeLogLevel(r *reader, v given[string])         { r.settings.logLevelWord = v }

func takeLogFormat(r *reader, v given[string]) {
	r.settings.logFormat = v
	r.cfg.LogFormat = v.value
	r.set(v.path, v.origin)
}

func takeLogFile(r *reader, v given[string]) {
	r.cfg.LogFile = v.value
	r.set(v.path, v.origin)
}

func takeJournalPath(r *reader, v given[string]) {
	r.settings.journalPath = v
	r.cfg.Journal.Path = v.value
	r.set(v.path, v.origin)
}

// keepBounds are those of journal.keep.
var keepBounds = counts{
	1000, 10_000_000,
	"a large cluster that starts has as many at once",
	"a file of more would be gigabytes",
}

func takeJournalKeep(r *reader, v given[int]) {
	r.cfg.Journal.Keep = v.value
	r.set(v.path, v.origin)
}

func takePublishEvents(r *reader, v given[bool]) {
	r.settings.publish = v
	r.cfg.Bus.PublishEvents = v.value
	r.set(v.path, v.origin)
}

// checkURL takes nats://host[:port] and tls://host[:port]. Its error does not
// repeat a URL that has a user or a password in it.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@"):
		return fmt.Errorf("a URL may not hold a user or a password, for others to see: bus.user and bus.password_file are for them")
	case err != nil:
		var reason *url.Error
		if errors.As(err, &reason) {
			err = reason.Err
		}
		return fmt.Errorf("%q is no URL: %w", text, err)
	case !strings.HasPrefix(text, "nats://") && !strings.HasPrefix(text, "tls://"):
		return fmt.Errorf("want a URL that begins with nats:// or tls://, got %q", text)
	case u.Hostname() == "":
		return fmt.Errorf("want a host in the URL, got %q", text)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("want nothing after the host and port of the URL, got %q", text)
	}
	return nil
}

// checkListen takes HOST:PORT and :PORT.
func checkListen(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err != nil || !isPort(port) {
		err = fmt.Errorf("want HOST:PORT with a port from 1 to 65535, got %q", text)
		if _, portErr := strconv.ParseUint(text, 10, 16); portErr == nil {
			err = &hintError{err, "write ':" + text + "'"}
		}
		return err
	}
	return nil
}

func takeHTTP(r *reader, v given[string]) { r.setHTTP(v.value, v.origin) }

// embeddedBus is the word for no URLs.
const embeddedBus = "embedded"

// readBus takes -bus, which wins.
func (r *reader) readBus() {
	if !r.in.Args.Has("bus") {
		return
	}
	origin, urls := Origin{Source: "-bus"}, []string{}
	if word := r.in.Args.Value("bus"); word != embeddedBus {
		urls = strings.Split(word, ",")
	}
	for _, url := range urls {
		if err := checkURL(url); err != nil {
			r.report(Error, origin, &hintError{fmt.Errorf("want URLs of NATS servers, or %s: %w", embeddedBus, err), "write '-bus nats://127.0.0.1:4222'"})
			return
		}
	}
	r.cfg.Bus.URLs = urls
	r.set("bus.urls", origin)
}

// readHTTP takes -http, which wins.
func (r *reader) readHTTP() {
	if !r.in.Args.Has("http") {
		return
	}
	addr, origin := r.in.Args.Value("http"), Origin{Source: "-http"}
	if err := checkListen(addr); err != nil {
		r.report(Error, origin, err)
		return
	}
	r.setHTTP(addr, origin)
}

// setHTTP keeps to loopback what was not told otherwise.
func (r *reader) setHTTP(addr string, origin Origin) {
	if strings.HasPrefix(addr, ":") {
		addr = "127.0.0.1" + addr
	}
	r.cfg.HTTP = addr
	r.set("http.listen", origin)
}

// checkRoute takes HOST:PORT and HOST; an IPv6 address with a port is in brackets.
func checkRoute(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		if strings.Count(text, ":") == 1 {
			return fmt.Errorf("want HOST:PORT or HOST, got %q", text)
		}
		return nil
	}
	if host == "" || !isPort(port) {
		return fmt.Errorf("want a host and a port from 1 to 65535, got %q", text)
	}
	return nil
}

// settle gives the values that a sys.config and the settings may both have
// to the one that wins, sys.config, and checks those that must fit each other.
func (r *reader) settle() {
	r.settleLogLevel()
	r.settleDetector()
	r.settleAuth()
	r.settleRoutes()
	r.settleLog()
	r.settleJournal()
	r.settlePublishing()
	r.settleErlang()
}

// settleLog holds the form of the log against its place.
func (r *reader) settleLog() {
	if r.cfg.LogFormat == "journal" && r.cfg.LogFile != "" {
		r.atSpot(Error, r.settings.logFormat.spot, "", "%s: want auto, text or json with log.file: the journal is not a file", r.settings.logFormat.path)
	}
}

// settleJournal tells of the name of a file that will not be.
func (r *reader) settleJournal() {
	if path := r.settings.journalPath; path.path != "" && r.cfg.Journal.Keep == 0 {
		r.atSpot(Warning, path.spot, "", "%s: it does nothing: with journal.keep 0 there is no file", path.path)
	}
}

// settlePublishing tells of events that nobody gets.
func (r *reader) settlePublishing() {
	if publish := r.settings.publish; publish.value && len(r.cfg.Bus.URLs) == 0 {
		r.atSpot(Warning, publish.spot, "", "%s: nobody can hear them: only daemons are on the mesh of our own", publish.path)
	}
}

// settleRoutes tells of what does nothing on external servers.
func (r *reader) settleRoutes() {
	if len(r.cfg.Bus.URLs) > 0 {
		r.warnOfIdleRoutes("it does nothing with bus.urls")
	}
}

// checkMesh tells of what does nothing for a node on loopback.
func (r *reader) checkMesh() {
	if !r.cfg.Name.Loopback() || len(r.cfg.Bus.URLs) > 0 {
		return
	}
	why := fmt.Sprintf("it does nothing: %s stays on loopback", r.cfg.Name)
	r.warnOfIdleRoutes(why)
	if p, set := r.kernelParam("inet_dist_use_interface"); set && r.cfg.Interface.IsValid() && !r.cfg.Interface.IsLoopback() {
		r.wrong(Warning, p, "", "%s", why)
	}
}

// warnOfIdleRoutes says why of each setting that was given for routes between hosts.
func (r *reader) warnOfIdleRoutes(why string) {
	for path, at := range map[string]spot{r.settings.routes.path: r.settings.routes.spot, r.settings.routesSecret.path: r.settings.routesSecret.spot} {
		if path != "" {
			r.atSpot(Warning, at, "", "%s: %s", path, why)
		}
	}
}

func (r *reader) settleLogLevel() {
	word := r.settings.logLevelWord
	winner, set := r.cfg.origins["logger_level"]
	switch {
	case set:
		r.set("log.level", winner)
		r.warnOfLoser(word.path, word.spot, "logger_level", winner)
	case word.path != "":
		r.cfg.LogLevel = logLevels[word.value]
		r.set("log.level", word.origin)
		r.set("logger_level", word.origin)
	}
}

// warnOfLoser tells of a setting that a file's parameter beats. One that was
// beaten on the command line is what somebody just typed.
func (r *reader) warnOfLoser(path string, at spot, winner string, origin Origin) {
	if path != "" && origin.Line > 0 {
		r.atSpot(Warning, at, "", "%s: it does nothing: %s of %s takes its place", path, winner, origin)
	}
}
