package membership

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// TestScenarios runs the transcripts in testdata: blocks of commands, each
// followed by ---- and what happened. A comment begins with '#'.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runTranscript(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func runTranscript(t *testing.T, text string) string {
	w := newWorld(t, 1)
	var out strings.Builder
	for i, block := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		if i > 0 {
			out.WriteString("\n")
		}
		out.WriteString(commands + "\n----\n")
		for line := range strings.Lines(commands) {
			if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
				w.command(fields)
			}
		}
		for _, line := range w.log {
			out.WriteString(line + "\n")
		}
		w.log = nil
	}
	return out.String()
}

func (w *world) command(fields []string) {
	verb, args := fields[0], fields[1:]
	switch verb {
	case "start":
		w.start(full(args[0]), w.startOptions(args[1:]))
	case "run":
		w.run(w.duration(args[0]))
	case "verbose":
		w.watchAll = true
	case "listen":
		w.listening = true
	case "linger":
		w.linger = w.duration(args[0])
	case "cut", "heal":
		w.setCut(full(args[0]), full(args[1]), verb == "cut")
	case "part", "join": // the route from one to the other
		w.apart[[2]nodeid.Name{full(args[0]), full(args[1])}] = verb == "part"
	case "connect":
		n := w.node(args[0])
		n.do(func() { n.core.Connect(full(args[1]), w.now) })
	case "reach":
		n := w.node(args[0])
		n.do(func() { n.core.Reach(full(args[1]), w.now) })
	case "auto":
		n := w.node(args[0])
		n.do(func() { n.core.SetAutoConnect(w.autoConnect(args[1]), w.now) })
	case "expect": // expect NODE [NAME,...]
		n := w.node(args[0])
		n.do(func() { n.core.Expect(fullList(args[1:]), w.now) })
	case "timeout":
		n := w.node(args[0])
		n.timeout = w.duration(args[1])
		n.do(func() { n.core.SetTimes(n.interval, n.timeout, n.gone, w.now) })
	case "interval":
		n := w.node(args[0])
		n.interval = w.duration(args[1])
		n.do(func() { n.core.SetTimes(n.interval, n.timeout, n.gone, w.now) })
	case "gone":
		n := w.node(args[0])
		n.gone = w.duration(args[1])
		n.do(func() { n.core.SetTimes(n.interval, n.timeout, n.gone, w.now) })
	case "forget":
		n := w.node(args[0])
		n.do(func() {
			forgotten, linked := n.core.Forget(full(args[1]), w.now)
			w.logf("%s: forget %s: %v linked=%v", n.ref.Node, full(args[1]), forgotten, linked)
		})
	case "route": // route NODE NAME: the bus has a route to NAME's server
		n := w.node(args[0])
		n.do(func() { n.core.RouteUp(w.node(args[1]).ref, w.now) })
	case "advise": // advise NODE NAME: the bus says that the connection of NAME ended
		n := w.node(args[0])
		n.do(func() { n.core.Advised(full(args[1]), w.now) })
	case "disconnect":
		n := w.node(args[0])
		n.do(func() { n.core.Disconnect(full(args[1]), w.now) })
	default:
		for _, arg := range args {
			w.nodeCommand(verb, w.node(arg))
		}
	}
}

func (w *world) nodeCommand(verb string, n *simNode) {
	switch verb {
	case "kill":
		w.kill(n)
	case "pause":
		w.pause(n)
	case "resume":
		w.resume(n)
	case "leave":
		n.do(func() { n.core.Leave(w.now) })
	case "lose-bus":
		w.setBus(true, n)
	case "restore-bus":
		w.setBus(false, n)
	case "nodes":
		w.logf("%s: nodes: %s", n.ref.Node, w.nodesOf(n))
	case "peers":
		for _, p := range n.core.Peers() {
			w.logf("%s: %s %s %q expected=%v", n.ref.Node, p.Node, p.State, p.Detail, p.Expected)
		}
	default:
		w.t.Fatalf("unknown command %q", verb)
	}
}

func (w *world) startOptions(args []string) simOptions {
	var o simOptions
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "sync":
			o.sync = fullList([]string{value})
		case "hidden":
			o.hidden = true
		case "transient":
			o.visitor = true
		case "nomesh":
			o.noMesh = true
		case "external":
			o.external = true
		case "auto":
			o.auto = w.autoConnect(value)
		case "interval":
			o.interval = w.duration(value)
		case "timeout":
			o.timeout = w.duration(value)
		case "cookie":
			o.cookie = value
		default:
			w.t.Fatalf("unknown option %q", arg)
		}
	}
	return o
}

func (w *world) autoConnect(word string) AutoConnect {
	for a := range lastAutoConnect + 1 {
		if a.String() == word {
			return a
		}
	}
	w.t.Fatalf("no value %q", word)
	return 0
}

// node is the last start of a name; b#1 is its first.
func (w *world) node(arg string) *simNode {
	name, nth, _ := strings.Cut(arg, "#")
	var found []*simNode
	for _, n := range w.all {
		if n.ref.Node == full(name) {
			found = append(found, n)
		}
	}
	if i, err := strconv.Atoi(nth); err == nil && i >= 1 && i <= len(found) {
		return found[i-1]
	}
	if len(found) == 0 {
		w.t.Fatalf("no node %q", arg)
	}
	return found[len(found)-1]
}

func (w *world) duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// fullList is the names of a comma-separated list, of none where there is none.
func fullList(args []string) []nodeid.Name {
	var names []nodeid.Name
	for _, arg := range args {
		for name := range strings.SplitSeq(arg, ",") {
			names = append(names, full(name))
		}
	}
	return names
}

func full(alive string) nodeid.Name {
	if strings.Contains(alive, "@") {
		return nodeid.Name(alive)
	}
	return nodeid.Name(fmt.Sprintf("%s@127.0.0.1", alive))
}
