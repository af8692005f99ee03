package erldist

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/beamtest"
)

// running is a connection with a real node.
type running struct {
	t    *testing.T
	e    *Endpoint
	beam *beamtest.Running
	conn *Conn
}

// connected starts a node and has it connect to us, whose name is g@127.0.0.1. Our
// PingPong answers ping alone.
func connected(t *testing.T, node beamtest.Node) *running {
	w := beamtest.NewWorld(t)
	cfg := testConfig("g@127.0.0.1", w.EPMD())
	cfg.Deliver = func(_ string, request erlterm.Term, answer func(erlterm.Term, error)) error {
		if erlterm.Equal(request, erlterm.Atom("ping")) {
			answer(erlterm.Atom("pong"), nil)
		} else {
			answer(nil, errors.New("want ping"))
		}
		return nil
	}
	r := &running{t: t, e: listen(t, cfg)}
	node.Name, node.Cookie = "b@127.0.0.1", testCookie
	r.beam = w.Start(t, node)
	r.connect()
	return r
}

func (r *running) connect() {
	r.t.Helper()
	r.e.Dial("b@127.0.0.1")
	r.conn = next[Arrived](r.t, r.e).Conn
	r.conn.Start()
}

// eval checks the value of an expression, or its beginning where want ends in dots.
func (r *running) eval(expr, want string) {
	r.t.Helper()
	got := r.beam.Eval(r.t, expr)
	if begin, cut := strings.CutSuffix(want, "..."); got != want && !(cut && strings.HasPrefix(got, begin)) {
		r.t.Errorf("%s: got %.500s, want %s", expr, got, want)
	}
}

// call calls a process of the node.
func (r *running) call(process string, request erlterm.Term) (erlterm.Term, error) {
	r.t.Helper()
	if err := r.conn.Call(1, process, request); err != nil {
		r.t.Fatal(err)
	}
	replied := next[Replied](r.t, r.e)
	return replied.Term, replied.Err
}

// stays checks that the connection is there, in both directions.
func (r *running) stays() {
	r.t.Helper()
	r.eval("{net_adm:ping('g@127.0.0.1'), nodes(hidden)}", "{pong,['g@127.0.0.1']}")
	r.conn.Probe(77)
	if got := next[Answered](r.t, r.e); got.Seq != 77 || got.Conn != r.conn {
		r.t.Errorf("probe 77 is answered by %+v", got)
	}
}

// idle checks that nothing of the node is kept, and that it has nothing to complain of.
func (r *running) idle() {
	r.t.Helper()
	bustest.Eventually(r.t, "nothing of the node is kept", func() bool { return kept(r.conn) == 0 })
	if text := r.beam.Log(); text != "" {
		r.t.Errorf("the node has logged: %s", text)
	}
}

// kept is how much is kept of a node.
func kept(c *Conn) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	ms, cs := &c.monitors, &c.calls
	return len(ms.byRef) + len(ms.newest) + len(cs.byRef) + len(cs.byID) + len(cs.probes)
}

// TestErlangCallsUs has each kind of call that Erlang has for a name of another node.
func TestErlangCallsUs(t *testing.T) {
	tests := []struct{ expr, want string }{
		{"net_adm:ping('g@127.0.0.1')", "pong"},
		{"gen_server:call({'PingPong','g@127.0.0.1'}, ping)", "pong"},
		{"gen_server:call({'PingPong','g@127.0.0.1'}, ping, infinity)", "pong"},
		{"[gen_server:call({'PingPong','g@127.0.0.1'}, ping) || _ <- lists:seq(1, 1000)] -- lists:duplicate(1000, pong)", "[]"},
		{"catch gen_server:call({'PingPong','g@127.0.0.1'}, pong)", `{'EXIT',{{error,<<"want ping">>},{gen_server,call,[{'PingPong','g@127.0.0.1'},pong]}}}`},
		{"catch gen_server:call({nobody,'g@127.0.0.1'}, ping)", "{'EXIT',{noproc,{gen_server,call,..."},
		{"gen_server:multi_call(['g@127.0.0.1'], 'PingPong', ping)", "{[{'g@127.0.0.1',pong}],[]}"},
		{"gen_server:multi_call(['g@127.0.0.1'], 'PingPong', ping, 5000)", "{[{'g@127.0.0.1',pong}],[]}"},
		{"gen_server:multi_call(['g@127.0.0.1'], 'PingPong', pong)", "{[],['g@127.0.0.1']}"},
		{"gen_server:multi_call(['g@127.0.0.1'], nobody, ping)", "{[],['g@127.0.0.1']}"},
		{"gen_server:wait_response(gen_server:send_request({'PingPong','g@127.0.0.1'}, ping), 5000)", "{reply,pong}"},
		{
			"begin R = [gen_server:send_request({'PingPong','g@127.0.0.1'}, X) || X <- [ping,pong,ping]], [gen_server:wait_response(I, 5000) || I <- R] end",
			`[{reply,pong},{error,{{error,<<"want ping">>},{'PingPong','g@127.0.0.1'}}},{reply,pong}]`,
		},
		{"gen_server:cast({'PingPong','g@127.0.0.1'}, ping)", "ok"},
		{"{'PingPong','g@127.0.0.1'} ! hello", "hello"},
		{"catch rpc:call('g@127.0.0.1', erlang, node, [])", "{badrpc,..."},
		{"catch rpc:multicall(['g@127.0.0.1'], erlang, node, [])", "..."},
		{"catch erpc:call('g@127.0.0.1', erlang, node, [])", "{'EXIT',{{erpc,..."},
		{"begin R = spawn_request('g@127.0.0.1', erlang, node, [], []), receive {spawn_reply, R, _, Why} -> Why end end", "notsup"},
		{"begin seq_trace:set_token(label, 1), X = gen_server:call({'PingPong','g@127.0.0.1'}, ping), seq_trace:set_token([]), X end", "pong"},
		{"global:sync()", "ok"},
		{"global:whereis_name(nobody)", "undefined"},
		{"pg:start_link() =/= error", "true"},
		{"begin {P, R} = spawn_monitor(fun() -> exit(gen_server:call({'PingPong','g@127.0.0.1'}, ping)) end), receive {'DOWN', R, process, P, Why} -> Why end end", "pong"},
		{"net_kernel:monitor_nodes(true, [{node_type, all}])", "ok"},
	}
	eachRelease(t, func(t *testing.T, root string) {
		r := connected(t, beamtest.Node{Root: root})
		for _, tt := range tests {
			r.beam.Eval(t, "erlang:garbage_collect()")
			begin := time.Now()
			r.eval(tt.expr, tt.want)
			if took := time.Since(begin); took > 4*time.Second { // those that wait in vain take 5 s or more
				t.Errorf("%s took %v", tt.expr, took)
			}
		}
		r.stays()
		r.idle()
	})
}

func TestElixirCallsUs(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		r := connected(t, beamtest.Node{Root: root, Elixir: true})
		for _, tt := range []struct{ expr, want string }{
			{`Node.ping(:"g@127.0.0.1")`, ":pong"},
			{`GenServer.call({:PingPong, :"g@127.0.0.1"}, :ping)`, ":pong"},
			{`try do GenServer.call({:PingPong, :"g@127.0.0.1"}, :pong) catch :exit, {why, _} -> why end`, `{:error, "want ping"}`},
			{`try do GenServer.call({:nobody, :"g@127.0.0.1"}, :ping) catch :exit, {why, _} -> why end`, ":noproc"},
			{`GenServer.multi_call([:"g@127.0.0.1"], :PingPong, :ping)`, `{["g@127.0.0.1": :pong], []}`},
			{`match?({:badrpc, _}, :rpc.call(:"g@127.0.0.1", :erlang, :node, []))`, "true"},
			{`Node.list(:hidden)`, `[:"g@127.0.0.1"]`},
		} {
			r.eval(tt.expr, tt.want)
		}
		if got, err := r.call("Elixir.Logger.Supervisor", erlterm.Atom("count_children")); err != nil {
			t.Errorf("got %v, %v", got, err)
		}
		r.idle()
	})
}

// TestWeCallErlang calls processes of gen_server, and one that answers as is told.
func TestWeCallErlang(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		r := connected(t, beamtest.Node{Root: root})
		r.serve()
		atom := func(s string) erlterm.Term { return erlterm.Atom(s) }
		tests := []struct {
			process string
			request erlterm.Term
			want    string // as it is printed, or the error
		}{
			{"server", erlterm.Tuple{atom("gen"), erlterm.Float(1.5)}, "1.5"},
			{"server", erlterm.Tuple{atom("old"), erlterm.Binary([]byte("text"))}, "<<116,101,120,116>>"},
			{"server", erlterm.Tuple{atom("exit"), atom("bad")}, "the process exited: bad"},
			{"server", atom("ping"), "noproc"},
			{"nobody", atom("ping"), "noproc"},
			{"rex", erlterm.Tuple{atom("call"), atom("lists"), atom("seq"), erlterm.List{erlterm.Int(1), erlterm.Int(3)}, atom("user")}, "[1,2,3]"},
			{"kernel_sup", atom("which_children"), "[{..."},
			{"net_kernel", erlterm.Tuple{isAuth, atom("g@127.0.0.1")}, "yes"},
		}
		for _, tt := range tests {
			term, err := r.call(tt.process, tt.request)
			got := fmt.Sprint(term)
			if err != nil {
				got = err.Error()
			}
			if begin, cut := strings.CutSuffix(tt.want, "..."); got != tt.want && !(cut && strings.HasPrefix(got, begin)) {
				t.Errorf("%s: %v: got %.500s, want %s", tt.process, tt.request, got, tt.want)
			}
		}
		r.stays()
		r.idle()
	})
}

// serving registers a process that answers {gen, Term} and {old, Term} with the term, as
// gen:reply/2 does or by the pid, {long, How, Bytes} with so many, and keeps the pid of
// its callers.
const serving = `register(server, spawn(fun Loop() ->
	  Send = fun(gen, From, X) -> gen:reply(From, X); (old, {Pid, Tag}, X) -> Pid ! {Tag, X} end,
	  receive
	    {'$gen_call', From, {long, How, N}} -> Send(How, From, binary:copy(<<0>>, N)), Loop();
	    {'$gen_call', _, {exit, Why}} -> exit(Why);
	    {'$gen_call', From = {Pid, _}, {How, X}} -> persistent_term:put(caller, Pid), Send(How, From, X), Loop()
	  end
	end))`

// haunting keeps the pid of a process beside the last caller, which there is not. The ID
// of a pid is 12 bytes from its end.
const haunting = `begin process_flag(trap_exit, true), Caller = persistent_term:get(caller), Bin = term_to_binary(Caller),
		  N = byte_size(Bin) - 12, <<Head:N/binary, _:32, Tail/binary>> = Bin,
		  persistent_term:put(ghost, binary_to_term(<<Head/binary, 4242:32, Tail/binary>>)), node(persistent_term:get(ghost)) end`

func (r *running) serve() {
	r.t.Helper()
	r.eval(serving, "true")
}

// TestLongMessages has 50 MB come as a request and as an answer.
func TestLongMessages(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		r := connected(t, beamtest.Node{Root: root})
		r.serve()
		r.eval("begin {'EXIT', {Why, _}} = (catch gen_server:call({'PingPong','g@127.0.0.1'}, binary:copy(<<0>>, 50000000))), Why end", `{error,<<"too long: 50000...`)
		r.eval("begin {nobody,'g@127.0.0.1'} ! binary:copy(<<0>>, 50000000), ok end", "ok")
		r.stays()
		for _, how := range []erlterm.Atom{"gen", "old"} {
			_, err := r.call("server", erlterm.Tuple{erlterm.Atom("long"), how, erlterm.Int(50_000_000)})
			if !errors.Is(err, ErrTooLong) {
				t.Errorf("the answer by %s: %v, want that it is too long", how, err)
			}
			r.stays()
		}
		fits := erlterm.Int(maxFrame - 1000)
		term, err := r.call("server", erlterm.Tuple{erlterm.Atom("long"), erlterm.Atom("gen"), fits})
		if bits, ok := term.(erlterm.Bits); !ok || bits.Len != 8*int(fits) {
			t.Errorf("an answer of %d bytes: %v", fits, err)
		}
		term, err = r.call("server", erlterm.Tuple{erlterm.Atom("gen"), erlterm.Binary(make([]byte, fits))})
		if bits, ok := term.(erlterm.Bits); !ok || bits.Len != 8*int(fits) {
			t.Errorf("a request of %d bytes: %v", fits, err)
		}
		r.stays()
		r.idle()
	})
}

// TestShortTickTimes has nodes that take us for dead soon, to which we have nothing to say.
func TestShortTickTimes(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		for seconds := range 4 {
			t.Run(fmt.Sprint(seconds+1), func(t *testing.T) {
				t.Parallel()
				r := connected(t, beamtest.Node{Root: root, Args: []string{"-kernel", "net_ticktime", fmt.Sprint(seconds + 1)}})
				r.eval(fmt.Sprintf("begin timer:sleep(%d), nodes(hidden) end", 3500*(seconds+1)), "['g@127.0.0.1']")
				r.stays()
				r.idle()
			})
		}
	})
}

// TestErlangMonitorsUs has monitors by the thousand.
func TestErlangMonitorsUs(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		r := connected(t, beamtest.Node{Root: root})
		monitors := func(name string, n int) string {
			return fmt.Sprintf("[erlang:monitor(process, {%s,'g@127.0.0.1'}) || _ <- lists:seq(1, %d)]", name, n)
		}
		r.eval("[receive {'DOWN', R, process, {nobody,'g@127.0.0.1'}, noproc} -> ok end || R <- "+monitors("nobody", 20000)+"] -- lists:duplicate(20000, ok)", "[]")
		r.eval("lists:usort([erlang:demonitor(R, [flush, info]) || R <- "+monitors("'PingPong'", 20000)+"])", "[true]")
		r.idle()
		// A process that ends takes its monitors along.
		r.eval("begin {P, M} = spawn_monitor(fun() -> "+monitors("'PingPong'", 20000)+" end), receive {'DOWN', M, process, P, Why} -> Why end end", "normal")
		r.idle()
		r.eval(fmt.Sprintf("begin _ = %s, M = erlang:monitor(process, {'PingPong','g@127.0.0.1'}), receive {'DOWN', M, _, _, Why} -> Why end end",
			monitors("'PingPong'", maxMonitors)), "system_limit")
		// They all hear of the end of the connection.
		r.conn.Close()
		next[Ended](t, r.e)
		r.eval(fmt.Sprintf("(fun F(%d) -> ok; F(N) -> receive {'DOWN', _, process, {'PingPong','g@127.0.0.1'}, noconnection} -> F(N+1) end end)(0)", maxMonitors), "ok")
		r.connect()
		r.stays()
		r.idle()
	})
}

// TestErlangLinksWithUs has links with the process that our calls come from, and with
// one that there is not.
func TestErlangLinksWithUs(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		r := connected(t, beamtest.Node{Root: root})
		r.serve()
		if _, err := r.call("server", erlterm.Tuple{erlterm.Atom("gen"), yes}); err != nil {
			t.Fatal(err)
		}
		r.eval(haunting, "'g@127.0.0.1'")
		r.eval("begin P = persistent_term:get(ghost), link(P), receive {'EXIT', P, Why} -> Why end end", "noproc")
		r.eval("begin P = persistent_term:get(ghost), M = erlang:monitor(process, P), receive {'DOWN', M, process, P, Why} -> Why end end", "noproc")
		r.eval("begin P = persistent_term:get(caller), [begin link(P), unlink(P) end || _ <- lists:seq(1, 5000)], element(2, process_info(self(), links)) -- [P] =:= element(2, process_info(self(), links)) end", "true")
		r.eval("begin P = persistent_term:get(ghost), [begin link(P), unlink(P) end || _ <- lists:seq(1, 5000)], timer:sleep(50), "+
			"(fun F(N) -> receive {'EXIT', P, noproc} -> F(N+1) after 0 -> N >= 0 end end)(0) end", "true")
		r.eval("begin exit(persistent_term:get(caller), kill), exit(persistent_term:get(ghost), kill) end", "true")
		r.eval("begin link(persistent_term:get(caller)), persistent_term:get(caller) ! hello end", "hello")
		r.stays()
		r.idle()
		r.conn.Close()
		next[Ended](t, r.e)
		r.eval("begin P = persistent_term:get(caller), receive {'EXIT', P, Why} -> Why end end", "noconnection")
	})
}

// TestCallsInBothDirections has many at once.
func TestCallsInBothDirections(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		r := connected(t, beamtest.Node{Root: root})
		r.serve()
		const n = 5000
		r.eval(fmt.Sprintf("persistent_term:put(counted, [spawn_monitor(fun() -> [pong = gen_server:call({'PingPong','g@127.0.0.1'}, ping) || _ <- lists:seq(1, %d)] end) || _ <- lists:seq(1, 10)])", n/10), "ok")
		for id := range uint64(n) {
			if err := r.conn.Call(id, "server", erlterm.Tuple{erlterm.Atom("gen"), erlterm.Int(id)}); err != nil {
				t.Fatal(err)
			}
		}
		for id := range uint64(n) {
			if got := next[Replied](t, r.e); got.Err != nil || got.ID != id || got.Term != erlterm.Term(erlterm.Int(id)) {
				t.Fatalf("call %d: %+v", id, got)
			}
		}
		r.eval("lists:usort([receive {'DOWN', M, process, P, Why} -> Why end || {P, M} <- persistent_term:get(counted)])", "[normal]")
		r.stays()
		r.idle()
	})
}

// TestNothingStays connects and disconnects, by either side.
func TestNothingStays(t *testing.T) {
	r := connected(t, beamtest.Node{})
	r.serve()
	goroutines := runtime.NumGoroutine()
	for i := range 50 {
		if _, err := r.call("server", erlterm.Tuple{erlterm.Atom("gen"), yes}); err != nil {
			t.Fatal(err)
		}
		r.eval("gen_server:call({'PingPong','g@127.0.0.1'}, ping)", "pong")
		if i%2 == 0 {
			r.conn.Close()
		} else {
			r.eval("erlang:disconnect_node('g@127.0.0.1')", "true")
		}
		next[Ended](t, r.e)
		r.connect()
	}
	bustest.Eventually(t, "the goroutines have ended", func() bool { return runtime.NumGoroutine() <= goroutines })
	r.idle()
}
