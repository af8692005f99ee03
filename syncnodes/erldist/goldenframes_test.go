package erldist

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/erldist/beamtest"
)

// tickFrame is a tick as it is recorded.
const tickFrame = "\x00\x00\x00\x00"

// session is what a connection with a real node was recorded with. Its recording has the
// frames behind the handshake. Each session ends with a probe of ours: with its answer
// all that the node has sent before is there.
type session struct {
	name      string
	args      []string // of erl
	ticks     bool     // whether they are recorded: when they are sent depends on the time
	steps     []step
	delivered []string // to PingPong
	unknown   uint64   // messages that are dropped and counted
}

// step is what the node evaluates, or what we do.
type step struct {
	expr, want string // its value, or the beginning where want ends in dots
	do         func(*Conn) error
	event      string // that follows
}

func (s step) ours() bool { return s.do != nil }

func probing(seq uint64) step {
	return step{do: func(c *Conn) error { c.Probe(seq); return nil }, event: fmt.Sprintf("answered %d", seq)}
}

func calling(id uint64, process string, request erlterm.Term, result string) step {
	return step{
		do:    func(c *Conn) error { return c.Call(id, process, request) },
		event: fmt.Sprintf("replied %d: %s", id, result),
	}
}

var sessions = []session{
	{
		name: "frames-calls-us",
		steps: []step{
			{expr: "net_adm:ping('g@127.0.0.1')", want: "pong"},
			{expr: "gen_server:call({'PingPong','g@127.0.0.1'}, ping)", want: "pong"},
			{expr: "catch gen_server:call({'PingPong','g@127.0.0.1'}, pong)", want: `{'EXIT',{{error,<<"want ping">>},...`},
			{expr: "catch gen_server:call({nobody,'g@127.0.0.1'}, ping)", want: "{'EXIT',{noproc,..."},
			{expr: "catch gen_server:call({net_kernel,'g@127.0.0.1'}, ping)", want: `{'EXIT',{{error,<<"net_kernel answers...`},
			{expr: "gen_server:multi_call(['g@127.0.0.1'], 'PingPong', ping)", want: "{[{'g@127.0.0.1',pong}],[]}"},
			{expr: "gen_server:multi_call(['g@127.0.0.1'], nobody, ping, 5000)", want: "{[],['g@127.0.0.1']}"},
			{
				expr: "begin R = [gen_server:send_request({'PingPong','g@127.0.0.1'}, X) || X <- [ping,pong,ping]], [gen_server:wait_response(I, 5000) || I <- R] end",
				want: `[{reply,pong},{error,{{error,<<"want ping">>},{'PingPong','g@127.0.0.1'}}},{reply,pong}]`,
			},
			{expr: "begin seq_trace:set_token(label, 1), X = gen_server:call({'PingPong','g@127.0.0.1'}, ping), seq_trace:set_token([]), X end", want: "pong"},
			{expr: "gen_server:cast({'PingPong','g@127.0.0.1'}, ping)", want: "ok"},
			{expr: "{'PingPong','g@127.0.0.1'} ! hello", want: "hello"},
			{expr: "{nobody,'g@127.0.0.1'} ! hello", want: "hello"},
			probing(1),
		},
		delivered: []string{"ping", "pong", "ping", "ping", "pong", "ping", "ping"},
		unknown:   5, // two of them are calls of nobody, answered by their monitors
	},
	{
		name: "frames-monitors",
		steps: []step{
			{expr: "begin M = monitor(process, {nobody,'g@127.0.0.1'}), receive {'DOWN', M, process, Whom, Why} -> {Whom, Why} end end", want: "{{nobody,'g@127.0.0.1'},noproc}"},
			{expr: "demonitor(monitor(process, {'PingPong','g@127.0.0.1'}), [flush, info])", want: "true"},
			// A process that ends takes its monitor along.
			{expr: "begin {P, M} = spawn_monitor(fun() -> monitor(process, {'PingPong','g@127.0.0.1'}) end), receive {'DOWN', M, process, P, Why} -> Why end end", want: "normal"},
			probing(1),
		},
	},
	{
		name: "frames-links",
		steps: []step{
			{expr: serving, want: "true"},
			calling(1, "server", erlterm.Tuple{erlterm.Atom("gen"), yes}, "yes"),
			{expr: haunting, want: "'g@127.0.0.1'"},
			{expr: "begin P = persistent_term:get(ghost), link(P), receive {'EXIT', P, Why} -> Why end end", want: "noproc"},
			{expr: "begin P = persistent_term:get(ghost), M = monitor(process, P), receive {'DOWN', M, process, P, Why} -> Why end end", want: "noproc"},
			{expr: "begin P = persistent_term:get(caller), link(P), unlink(P), demonitor(monitor(process, P), [info]) end", want: "true"},
			{expr: "begin P = persistent_term:get(ghost), link(P), unlink(P), exit(P, kill), exit(persistent_term:get(caller), kill) end", want: "true"},
			{expr: "persistent_term:get(caller) ! hello", want: "hello"},
			{expr: "net_adm:ping('g@127.0.0.1')", want: "pong"}, // so that all was answered before the probe
			probing(1),
		},
		unknown: 3,
	},
	{
		name: "frames-our-calls",
		steps: []step{
			{expr: serving, want: "true"},
			probing(1),
			calling(1, "server", erlterm.Tuple{erlterm.Atom("gen"), erlterm.Float(1.5)}, "1.5"),
			calling(2, "server", erlterm.Tuple{erlterm.Atom("old"), erlterm.Binary([]byte("text"))}, "<<116,101,120,116>>"),
			calling(3, "nobody", erlterm.Atom("ping"), "noproc"),
			calling(4, "server", erlterm.Tuple{erlterm.Atom("exit"), erlterm.Atom("bad")}, "the process exited: bad"),
			calling(5, "server", erlterm.Atom("ping"), "noproc"),
			calling(6, "rex", erlterm.Tuple{erlterm.Atom("call"), erlterm.Atom("lists"), erlterm.Atom("seq"), erlterm.List{erlterm.Int(1), erlterm.Int(3)}, erlterm.Atom("user")}, "[1,2,3]"),
			probing(2),
		},
	},
	{
		name:  "frames-ticks",
		args:  []string{"-kernel", "net_ticktime", "1"},
		ticks: true,
		steps: []step{{expr: "timer:sleep(1500)", want: "ok"}, probing(1)},
	},
}

// TestGoldenFrames has a connection hear what a real node once said, and say what was
// said to it then.
func TestGoldenFrames(t *testing.T) {
	if *record {
		for _, release := range beamtest.Releases() {
			for _, s := range sessions {
				s.record(t, release)
			}
		}
	}
	for _, s := range sessions {
		eachRecording(t, s.name, func(t *testing.T, r *recording) {
			synctest.Test(t, func(t *testing.T) { s.replay(t, r.messages) })
		})
	}
}

// start has a connection run, with PingPong, which answers ping alone; what is delivered
// to it is added to the list.
func (s session) start(t *testing.T, ours, theirs net.Conn, delivered *[]string) *world {
	w := worldOver(t, ours, theirs, Peer{Name: goldenPeer}, connEnv{self: goldenSelf, creation: goldenCreation})
	w.processes = map[string]bool{"PingPong": true}
	w.deliver = func(process string, request erlterm.Term, answer func(erlterm.Term, error)) error {
		if *delivered = append(*delivered, request.String()); request == erlterm.Term(erlterm.Atom("ping")) {
			answer(erlterm.Atom("pong"), nil)
			return nil
		}
		return errors.New("want ping")
	}
	w.conn.calls.template.Words[2] = goldenChallenge // it is random: see newCalls
	w.conn.Start()
	return w
}

// replay runs in a bubble: no time passes but where it has to.
func (s session) replay(t *testing.T, messages []string) {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { theirs.Close() })
	var delivered []string
	w := s.start(t, ours, theirs, &delivered)
	sent := make(chan string, len(messages))
	go s.readSent(w.frames, sent)
	do := slices.DeleteFunc(slices.Clone(s.steps), func(s step) bool { return !s.ours() })
	for i, m := range messages {
		synctest.Wait()
		if m[0] == '<' {
			if s.ticks && m[1:] == tickFrame && i+1 < len(messages) && messages[i+1] == ">"+tickFrame {
				time.Sleep(tickPause)
			}
			w.write([]byte(m[1:]))
			continue
		}
		if len(sent) == 0 && len(do) > 0 { // what nothing of the node's was the cause of
			if err := do[0].do(w.conn); err != nil {
				t.Fatal(err)
			}
			do = do[1:]
			synctest.Wait()
		}
		if len(sent) == 0 {
			t.Fatalf("message %d: nothing is sent, want %x", i+1, m[1:])
		}
		if got := <-sent; got != m[1:] {
			t.Fatalf("message %d: sent: %x\nwant: %x", i+1, got, m[1:])
		}
	}
	synctest.Wait()
	if len(sent) > 0 || len(do) > 0 {
		t.Errorf("%d messages are sent further, %d of our steps are left", len(sent), len(do))
	}
	s.check(t, w, delivered)
}

// readSent reads what the node is sent, until the connection ends.
func (s session) readSent(frames *frameReader, sent chan<- string) {
	for {
		f, err := frames.next()
		if err != nil {
			return
		}
		if s.ticks || !f.isTick() {
			sent <- string(binary.BigEndian.AppendUint32(nil, f.size)) + string(f.body)
		}
	}
}

// check checks what came of the messages beside those that were sent.
func (s session) check(t *testing.T, w *world, delivered []string) {
	for _, step := range s.steps {
		if step.ours() {
			w.checkEvent(step.event)
		}
	}
	w.conn.Close()
	w.ended("")
	if !slices.Equal(delivered, s.delivered) {
		t.Errorf("delivered: %q, want %q", delivered, s.delivered)
	}
	if got := w.drops.counts(); got["unknown"] != s.unknown || got["too long"]+got["unreadable"] != 0 {
		t.Errorf("dropped: %v, want %d unknown", got, s.unknown)
	}
	if n := kept(w.conn); n != 0 {
		t.Errorf("of the node %d things are kept", n)
	}
}

// checkEvent checks the next event but for Heard.
func (w *world) checkEvent(want string) {
	w.t.Helper()
	var got string
	switch e := w.event().(type) {
	case Answered:
		got = fmt.Sprintf("answered %d", e.Seq)
	case Replied:
		got = fmt.Sprintf("replied %d: %v", e.ID, e.Term)
		if e.Err != nil {
			got = fmt.Sprintf("replied %d: %v", e.ID, e.Err)
		}
	default:
		got = fmt.Sprintf("%#v", e)
	}
	if got != want {
		w.t.Errorf("event %q, want %q", got, want)
	}
}

// record has a real node take part in the session, and writes the file.
func (s session) record(t *testing.T, release beamtest.Release) {
	nodes := beamtest.NewWorld(t)
	b := nodes.Start(t, beamtest.Node{Name: goldenPeer, Cookie: testCookie, Root: release.Root, Args: s.args})
	conn, err := dialPeer(t, nodes)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{Conn: conn, header: 2}
	if _, err := goldenHandshake(r, testCookie, ""); err != nil {
		t.Fatal(err)
	}
	r.header = 4
	r.lines.Reset()
	var delivered []string
	w := s.start(t, r, nil, &delivered)
	run := running{t: t, beam: b}
	for _, step := range s.steps {
		if !step.ours() {
			run.eval(step.expr, step.want)
			continue
		}
		if err := step.do(w.conn); err != nil {
			t.Fatal(err)
		}
		w.checkEvent(step.event)
	}
	w.conn.Close()
	w.ended("")
	if !s.ticks {
		tick := fmt.Sprintf(" %x\n", tickFrame)
		text := strings.NewReplacer(">"+tick, "", "<"+tick, "").Replace(r.lines.String())
		r.lines.Reset()
		r.lines.WriteString(text)
	}
	r.save(t, b, s.name)
}
