package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/erldist/beamtest"
)

// This file starts Erlang's nodes for a chaos test, and counts what all nodes have.

// beam is a node of Erlang's as a victim.
type beam struct {
	*beamtest.Running
	ended   chan struct{}
	endedAt time.Time // set before ended is closed
}

func (b *beam) signal(sig syscall.Signal) error { return b.Signal(sig) }
func (b *beam) kill()                           { b.Kill() }
func (b *beam) log() string                     { return b.Log() }
func (b *beam) done() <-chan struct{}           { return b.ended }
func (b *beam) pid() int                        { return b.PID() }

func (b *beam) end() (state string, at time.Time) {
	if err := b.Err(); err != nil {
		return err.Error(), b.endedAt
	}
	return "exit status 0", b.endedAt
}

// beam is a node of Erlang's that runs.
func (m *erlangChaos) beam(node string) *beam { return m.running[node].process.(*beam) }

// startErlang starts a node of Erlang's, which is running once it has its code. Without
// a port mapper none can start.
func (m *erlangChaos) startErlang(node string) bool {
	if !isErlang(node) {
		return false
	}
	if m.away {
		m.in(100*time.Millisecond, func() { m.start(node) })
		return true
	}
	m.note("start %s", node)
	l := &life{node: m.full(node), started: time.Now()}
	came := make(chan error, 1)
	m.starting.Go(func() {
		b, err := m.launch(node)
		l.process = b
		came <- err
	})
	m.awaitStart(node, l, came)
	return true
}

// awaitStart looks again and again whether a node has started, and starts it again where
// the port mapper has ended meanwhile.
func (m *erlangChaos) awaitStart(node string, l *life, came <-chan error) {
	select {
	case err := <-came:
		switch {
		case err == nil:
			m.note("%s has started", node)
			m.running[node] = l
			m.lives = append(m.lives, l)
		case m.away || m.backAt.After(l.started):
			m.note("start of %s failed: %v", node, err)
			m.start(node)
		default:
			m.fatalf("%v", err)
		}
	default:
		m.in(20*time.Millisecond, func() { m.awaitStart(node, l, came) })
	}
}

// launch starts a node and gives it its code.
func (m *erlangChaos) launch(node string) (*beam, error) {
	const logger = `[{handler,default,logger_std_h,#{formatter=>{logger_formatter,#{single_line=>true,template=>[time," ",level,": ",msg,"\n"]}}}}]`
	r, err := m.world.TryStart(beamtest.Node{
		Name: nodeid.Name(m.full(node)), Cookie: "a-cookie-of-some-length", Root: m.root[node],
		Args: []string{"-kernel", "net_ticktime", fmt.Sprint(int(m.ticks[node].Seconds())), "logger_level", "warning", "logger", logger},
	})
	if err != nil {
		return nil, err
	}
	b := &beam{Running: r, ended: make(chan struct{})}
	m.starting.Go(func() {
		<-r.Ended()
		b.endedAt = time.Now()
		close(b.ended)
	})
	if *chaosDir != "" {
		m.t.Cleanup(func() {
			_ = os.WriteFile(filepath.Join(m.dir, fmt.Sprintf("%s-pid%d.log", node, b.PID())), []byte(b.Log()), 0o600)
		})
	}
	m.mu.Lock()
	m.beams = append(m.beams, b)
	if m.over {
		b.Kill()
	}
	m.mu.Unlock()
	var others []string
	for _, other := range m.nodes {
		if other != node && other != idle {
			others = append(others, "'"+m.full(other)+"'")
		}
	}
	_, err = r.TryEval(fmt.Sprintf(`{module, _} = code:load_binary(chaosnode, "chaosnode.erl", base64:decode("%s")), chaosnode:start([%s])`,
		base64.StdEncoding.EncodeToString(m.code), strings.Join(others, ",")))
	if err != nil {
		b.Kill()
	}
	return b, err
}

// holdings are what each node that has run from the beginning has, by what it is.
type holdings map[string]map[string]int

// most is how much more of each there may be at the end: what comes and goes, and memory
// that is kept for the next time.
var most = map[string]int{
	"goroutines": 12, "files": 8, "resident kB": 40 << 10,
	"processes": 8, "ports": 3, "tables": 2, "atoms": 1000, "kB": 40 << 10,
}

// holdings asks the first of each kind.
func (m *erlangChaos) holdings() holdings {
	m.t.Helper()
	return holdings{"ours0": m.ofDaemon("ours0"), "beam0": m.ofBeam("beam0")}
}

// grown tells what there is too much of.
func (before holdings) grown(t *testing.T, after holdings) (wrong []string) {
	for node, kinds := range after {
		t.Logf("%s had %v, and has %v", node, before[node], kinds)
		for kind, n := range kinds {
			if was := before[node][kind]; n > was+most[kind] {
				wrong = append(wrong, fmt.Sprintf("%s had %d %s at the beginning, and has %d at the end", node, was, kind, n))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

var (
	goroutineLine = regexp.MustCompile(`^goroutines: (\d+)`)
	residentLine  = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)
)

func (m *erlangChaos) ofDaemon(node string) map[string]int {
	m.t.Helper()
	p := m.running[node].process.(*process)
	told := len(p.lines(goroutineLine))
	if _, err := fmt.Fprintln(m.asks[node], "how many?"); err != nil {
		m.t.Fatal(err)
	}
	lines := p.mustAwait(m.t, node, goroutineLine.String(), told+1)
	goroutines, _ := strconv.Atoi(goroutineLine.FindStringSubmatch(lines[told])[1])
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid()))
	if err != nil {
		m.t.Fatal(err)
	}
	status, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(p.pid()), "status"))
	if err != nil {
		m.t.Fatal(err)
	}
	resident, _ := strconv.Atoi(residentLine.FindStringSubmatch(string(status))[1])
	return map[string]int{"goroutines": goroutines, "files": len(files), "resident kB": resident}
}

func (m *erlangChaos) ofBeam(node string) map[string]int {
	m.t.Helper()
	has := map[string]int{}
	words := strings.Split(strings.Trim(m.beam(node).Eval(m.t, "chaosnode:counts()"), "[]"), ",")
	for i, kind := range []string{"processes", "ports", "tables", "atoms", "kB"} {
		n, err := strconv.Atoi(words[i])
		if err != nil {
			m.t.Fatal(err)
		}
		has[kind] = n
	}
	return has
}
