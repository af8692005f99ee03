package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/eventstream"
	"interconnectd/erlterm"
	"interconnectd/observer/event"
	"interconnectd/observer/hooks"
	"interconnectd/observer/journal"
	"interconnectd/observer/journal/journaltest"
	"interconnectd/observer/metrics"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/membership"
)

// fakeNode is a node that knows b, and nobody else.
type fakeNode struct {
	cookies map[nodeid.Name]string
	done    chan struct{}
	reloads int
}

func (n *fakeNode) Self() nodeid.Name     { return self }
func (n *fakeNode) Done() <-chan struct{} { return n.done }

func (n *fakeNode) Nodes(context.Context) ([]nodeid.Name, error) { return nil, nil }

func (n *fakeNode) Names(context.Context, time.Duration) ([]nodeid.Name, error) {
	return []nodeid.Name{self, "b@127.0.0.1"}, nil
}

func (n *fakeNode) Ping(ctx context.Context, name nodeid.Name) (time.Duration, bool, error) {
	if name == "slow@127.0.0.1" {
		return 0, false, fmt.Errorf("pinging: %w", context.DeadlineExceeded)
	}
	return 1500 * time.Microsecond, name == "b@127.0.0.1", nil
}

func (n *fakeNode) Connect(_ context.Context, name nodeid.Name) (bool, error) {
	return name == "b@127.0.0.1", nil
}

func (n *fakeNode) Disconnect(_ context.Context, name nodeid.Name) (bool, error) {
	return name == "b@127.0.0.1", nil
}

func (n *fakeNode) Forget(_ context.Context, name nodeid.Name) (bool, error) {
	if name == "b@127.0.0.1" {
		return false, syncnodes.ErrNodeUp
	}
	return name == "c@127.0.0.1", nil
}

func (n *fakeNode) Cookie(context.Context) (string, error) { return n.cookies[""], nil }

func (n *fakeNode) SetCookie(_ context.Context, node nodeid.Name, cookie string) error {
	n.cookies[node] = cookie
	return nil
}

func (n *fakeNode) Call(ctx context.Context, to syncnodes.Address, request erlterm.Term) (erlterm.Term, error) {
	switch to.Name {
	case "echo":
		return request, nil
	case "slow":
		<-ctx.Done()
		return nil, fmt.Errorf("calling slow: %w", ctx.Err())
	case "down":
		return nil, syncnodes.ErrNodeDown
	case "full":
		return nil, syncnodes.ErrOverloaded
	case "odd":
		return nil, &syncnodes.RemoteError{To: to, Text: "no"}
	case "ended":
		return nil, syncnodes.ErrClosed
	case "long":
		return nil, fmt.Errorf("calling long: %w", syncnodes.ErrTooLong)
	case "lost":
		return nil, fmt.Errorf("calling lost: %w", bus.ErrLost)
	case "broken":
		return nil, errors.New("out of order")
	}
	return nil, syncnodes.ErrNoProc
}

func (n *fakeNode) Status(context.Context) (syncnodes.Status, error) {
	return syncnodes.Status{
		Node: self, Fingerprint: "01234567", Bus: "embedded", Listen: "127.0.0.1:4370",
		Started: time.Unix(1_000_000, 0), Now: time.Minute,
		Sync: syncnodes.Progress{Up: 1, Of: 2, Missing: []nodeid.Name{"c@127.0.0.1"}, Done: true},
		Peers: []syncnodes.Peer{
			{Node: "b@127.0.0.1", State: membership.Up, Incarnation: nodeid.Incarnation{1}, Since: time.Second, RoundTrip: time.Millisecond},
			{Node: "c@127.0.0.1", State: membership.Idle, Expected: true},
			{Node: "d@127.0.0.1", State: membership.Down, Incarnation: nodeid.Incarnation{2}, Since: time.Second, Reason: membership.NetTickTimeout, Detail: "unresponsive for 3.0s", Erlang: true},
		},
	}, nil
}

// reload finds no fault the first time, and then the same two for ever.
func (n *fakeNode) reload(context.Context) (Reload, error) {
	if n.reloads++; n.reloads > 1 {
		return Reload{}, &Error{Kind: Config, Message: "the configuration is wrong", Problems: ProblemsOf(someProblems)}
	}
	return Reload{Differences: []Difference{{Name: "net_ticktime", Change: "4 -> 5", Text: "net_ticktime: 4 -> 5"}}, Warnings: []Problem{}}, nil
}

var someProblems = configs.Problems{
	{Severity: configs.Error, Origin: configs.Origin{Source: "sys.config", Line: 1, Column: 2}, Msg: "no <good>", Hint: "mend it", Excerpt: "[x\n ^\n"},
	{Severity: configs.Warning, Msg: "doubtful"},
}

var lastRun = time.Unix(1_000_001, 0).UTC()

func observed() metrics.Observed {
	return metrics.Observed{
		Journal: journal.Status{Path: "/a.db", Events: 2, First: 1, Last: 2, Bytes: 32768},
		Hooks: []hooks.Status{
			{Name: "page", Delivered: 2, OK: 2, LastRunAt: lastRun},
			{Name: "mail", Waiting: 2, Failed: 3, Event: 2, Attempts: 3, Error: "exit status 1", Missed: 1, RunningSince: lastRun},
		},
	}
}

// someEvents is a journal of two nodes that came up, b and c.
func someEvents(t *testing.T) *journaltest.Running {
	t.Helper()
	j := journaltest.Run(t, journal.Options{})
	if err := j.Add(t.Context(), event.Event{Kind: event.NodeUp, Node: "b@127.0.0.1"}, event.Event{Kind: event.NodeUp, Node: "c@127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	return j
}

// The stream has what was asked for, and an error before it is one of the kinds.
func TestEvents(t *testing.T) {
	_, c := serve(t)
	var got []nodeid.Name
	err := c.Events(t.Context(), eventstream.Query{Last: 1}, func(m eventstream.Message) error {
		if m.Event.Seq > 0 {
			got = append(got, m.Event.Node)
		}
		return nil
	})
	if err != nil || len(got) != 1 || got[0] != "c@127.0.0.1" {
		t.Errorf("got %v, %v, want c", got, err)
	}
	var answer *Error
	err = c.Events(t.Context(), eventstream.Query{Of: "["}, func(eventstream.Message) error { return nil })
	if !errors.As(err, &answer) || answer.Kind != BadRequest {
		t.Errorf("got %v, want the kind %s", err, BadRequest)
	}
}

// serve is a server of a fake node, and its client.
func serve(t *testing.T) (*fakeNode, *Client) {
	t.Helper()
	dir := t.TempDir()
	socket, err := Take(t.Context(), dir, self)
	if err != nil {
		t.Fatal(err)
	}
	node := &fakeNode{cookies: map[nodeid.Name]string{"": "old"}, done: make(chan struct{})}
	server := NewServer(node, Daemon{Stop: func() { close(node.done) }, Reload: node.reload, Journal: someEvents(t), Observed: observed}, hclog.NewNullLogger())
	served := make(chan error, 1)
	go func() { served <- server.Serve(socket) }()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := socket.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := Find(t.Context(), func(name string) string {
		return map[string]string{"INTERCONNECT_RUNTIME_DIR": dir}[name]
	}, self)
	if err != nil {
		t.Fatal(err)
	}
	return node, client
}

func TestAnswers(t *testing.T) {
	_, c := serve(t)
	ctx := t.Context()
	for _, tt := range []struct {
		name string
		ask  func() (any, error)
		want any
	}{
		{"self", func() (any, error) { return c.Self(ctx) }, self},
		{"nodes", func() (any, error) { return c.Nodes(ctx) }, []nodeid.Name{}},
		{"names", func() (any, error) { return c.Names(ctx) }, []nodeid.Name{self, "b@127.0.0.1"}},
		{"pong", func() (any, error) { return c.Ping(ctx, "b@127.0.0.1") }, Ping{OK: true, RoundTrip: Duration(1500 * time.Microsecond)}},
		{"pang", func() (any, error) { a, err := c.Ping(ctx, "c@127.0.0.1"); return a.OK, err }, false},
		{"pang in the end", func() (any, error) { return c.Ping(ctx, "slow@127.0.0.1") }, Ping{}},
		{"connect", func() (any, error) { return c.Connect(ctx, "b@127.0.0.1") }, true},
		{"connect to nobody", func() (any, error) { return c.Connect(ctx, "c@127.0.0.1") }, false},
		{"disconnect", func() (any, error) { return c.Disconnect(ctx, "b@127.0.0.1") }, true},
		{"forget", func() (any, error) { return c.Forget(ctx, "c@127.0.0.1") }, true},
		{"forget nobody", func() (any, error) { return c.Forget(ctx, "d@127.0.0.1") }, false},
		{"cookie", func() (any, error) { return c.Cookie(ctx) }, "old"},
		{"call", func() (any, error) {
			return c.Call(ctx, Call{Process: "echo", Node: self, Request: "{a, <<\"<&>\">>} % why"})
		}, "{a,<<60,38,62>>}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.ask()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetCookie(t *testing.T) {
	node, c := serve(t)
	if err := c.SetCookie(t.Context(), "new", ""); err != nil {
		t.Fatal(err)
	}
	if err := c.SetCookie(t.Context(), "for b", "b@127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	want := map[nodeid.Name]string{"": "new", "b@127.0.0.1": "for b"}
	if diff := cmp.Diff(want, node.cookies); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStatus(t *testing.T) {
	_, c := serve(t)
	before := time.Now()
	got, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if up := got.Peers[0].Since; up == nil || before.Sub(*up).Round(time.Second) != 59*time.Second {
		t.Errorf("b is up since %v, want since 59 s", up)
	}
	if again, err := c.Status(t.Context()); err != nil || !again.Peers[0].Since.Equal(*got.Peers[0].Since) {
		t.Errorf("asked again it is up since %v, %v, and was since %v", again.Peers[0].Since, err, got.Peers[0].Since)
	}
	got.Peers[0].Since, got.Peers[2].Since = nil, nil
	want := Status{
		Node: self, Incarnation: strings.Repeat("0", 32), PID: got.PID, Started: time.Unix(1_000_000, 0).UTC(), Fingerprint: "01234567",
		Bus:     Bus{Kind: "embedded", Listen: "127.0.0.1:4370"},
		Journal: Journal{Path: "/a.db", Events: 2, Last: 2, Bytes: 32768},
		Hooks: []Hook{
			{Name: "page", Delivered: 2, OK: 2, LastRun: &lastRun},
			{Name: "mail", Waiting: 2, Failed: 3, Event: 2, Attempts: 3, Error: "exit status 1", Missed: 1, Running: &lastRun},
		},
		Sync: Sync{Up: 1, Of: 2, Missing: []nodeid.Name{"c@127.0.0.1"}, Done: true, Text: "1 of 2 nodes up, missing c@127.0.0.1"},
		Peers: []Peer{
			{Node: "b@127.0.0.1", State: "up", Incarnation: "01" + strings.Repeat("0", 30), RoundTrip: Duration(time.Millisecond)},
			{Node: "c@127.0.0.1", State: "idle", Expected: true},
			{Node: "d@127.0.0.1", State: "down", Incarnation: "02" + strings.Repeat("0", 30), Reason: "net_tick_timeout", Detail: "unresponsive for 3.0s", Erlang: true},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	_, c := serve(t)
	ctx := t.Context()
	call := func(process string) func() error {
		return func() error {
			_, err := c.Call(ctx, Call{Process: process, Node: self, Request: "x", Timeout: Duration(20 * time.Millisecond)})
			return err
		}
	}
	for _, tt := range []struct {
		name string
		ask  func() error
		want Kind
	}{
		{"nobody", call("nobody"), NoProc},
		{"node down", call("down"), NodeDown},
		{"full", call("full"), Overloaded},
		{"no answer", call("slow"), Timeout},
		{"an error", call("odd"), Remote},
		{"the node ends", call("ended"), Leaving},
		{"a term that does not fit", call("long"), BadRequest},
		{"a bus that is lost", call("lost"), NodeDown},
		{"anything else", call("broken"), Internal},
		{"no term", func() error {
			_, err := c.Call(ctx, Call{Process: "echo", Node: self, Request: "{"})
			return err
		}, BadRequest},
		{"below nothing", func() error {
			_, err := c.Call(ctx, Call{Process: "echo", Node: self, Request: "x", Timeout: -1})
			return err
		}, BadRequest},
		{"up, and not to be forgotten", func() error { _, err := c.Forget(ctx, "b@127.0.0.1"); return err }, NodeUp},
		{"no node", func() error { _, err := c.Ping(ctx, "b"); return err }, BadRequest},
		{"no cookie", func() error { return c.SetCookie(ctx, "", "") }, BadRequest},
		{"a cookie for nobody", func() error { return c.SetCookie(ctx, "x", "b") }, BadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got *Error
			if err := tt.ask(); !errors.As(err, &got) || got.Kind != tt.want {
				t.Errorf("got %v, want the kind %s", err, tt.want)
			} else if got.Message == "" || strings.ContainsAny(got.Message, "\n") {
				t.Errorf("the message is %q, want one line", got.Message)
			}
		})
	}
}

// A reload tells what differs, or all problems, as they were found.
func TestReload(t *testing.T) {
	_, c := serve(t)
	got, err := c.Reload(t.Context())
	want := Reload{Differences: []Difference{{Name: "net_ticktime", Change: "4 -> 5", Text: "net_ticktime: 4 -> 5"}}, Warnings: []Problem{}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v; (-want +got):\n%s", err, diff)
	}
	_, err = c.Reload(t.Context())
	var answer *Error
	if !errors.As(err, &answer) || answer.Kind != Config {
		t.Fatalf("got %v, want the kind %s", err, Config)
	}
	if diff := cmp.Diff(someProblems, Configs(answer.Problems)); diff != "" {
		t.Errorf("the problems (-want +got):\n%s", diff)
	}
}

// A request to stop is answered when the node has ended.
func TestStop(t *testing.T) {
	node, c := serve(t)
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-node.done:
	default:
		t.Error("answered before the node has ended")
	}
}

func TestLimits(t *testing.T) {
	_, c := serve(t)
	long := `{"process":"` + strings.Repeat("x", maxRequest) + `"}`
	for _, tt := range []struct {
		name, method, path, body string
		want                     int
	}{
		{"too long", "POST", pathCall, long, http.StatusBadRequest},
		{"unknown field", "POST", pathPing, `{"nod":"b@127.0.0.1"}`, http.StatusBadRequest},
		{"two values", "POST", pathPing, `{"node":"b@127.0.0.1"}{}`, http.StatusBadRequest},
		{"no body", "POST", pathPing, "", http.StatusBadRequest},
		{"a stop by accident", "GET", pathStop, "", http.StatusMethodNotAllowed},
		{"no such path", "GET", "/no", "", http.StatusNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), tt.method, "http://daemon"+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			response, err := c.http.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != tt.want {
				t.Errorf("got %s, %v: %s, want %d", response.Status, err, body, tt.want)
			}
		})
	}
}

// What is no daemon of ours gives an error, and not an answer.
func TestStrangeServer(t *testing.T) {
	for name, answer := range map[string]string{
		"no HTTP":   "hello\n",
		"no JSON":   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"no reason": "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}",
	} {
		t.Run(name, func(t *testing.T) {
			socket, err := Take(t.Context(), t.TempDir(), self)
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			go func() {
				for {
					conn, err := socket.listener.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Read(make([]byte, 4096))
					_, _ = io.WriteString(conn, answer)
					conn.Close()
				}
			}()
			if got, err := newClient(self, socket.Path).Self(t.Context()); err == nil {
				t.Errorf("got %q, want an error", got)
			}
		})
	}
}

func TestFind(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	getenv := func(name string) string {
		return map[string]string{"INTERCONNECT_RUNTIME_DIR": first, "RUNTIME_DIRECTORY": second}[name]
	}
	if _, err := Find(t.Context(), getenv, "nobody@127.0.0.1"); !errors.Is(err, ErrNone) {
		t.Errorf("with nobody there: %v, want ErrNone", err)
	}
	for _, at := range []struct {
		dir  string
		node nodeid.Name
	}{{second, self}, {second, "b@127.0.0.1"}, {second, "c@127.0.0.1"}} {
		s, err := Take(t.Context(), at.dir, at.node)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	_, err := Find(t.Context(), getenv, "")
	var several *SeveralError
	if !errors.As(err, &several) || err.Error() != "several daemons run here: a@127.0.0.1, b@127.0.0.1, c@127.0.0.1" {
		t.Errorf("with three there: %v, want all named", err)
	}
	c, err := Find(t.Context(), getenv, "b@127.0.0.1")
	if err != nil || c.Node() != "b@127.0.0.1" {
		t.Errorf("got %v, %v, want b's", c, err)
	}

	// A place that comes before hides those after it.
	s := take1(t, first)
	defer s.Close()
	c, err = Find(t.Context(), getenv, "")
	if err != nil || c.Node() != self {
		t.Errorf("got %v, %v, want a's", c, err)
	}
	found, err := search(t.Context(), []string{second, first}, self)
	if want := second + "/a@127.0.0.1.sock"; err != nil || found[self] != want {
		t.Errorf("found %q, %v, want %q: the first folder wins", found[self], err, want)
	}
}

// A connection that sends nothing does not keep the server from ending.
func TestShutdownWithIdleConnection(t *testing.T) {
	dir := t.TempDir()
	socket, err := Take(t.Context(), dir, self)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	server := NewServer(&fakeNode{}, Daemon{}, hclog.NewNullLogger())
	served := make(chan error, 1)
	go func() { served <- server.Serve(socket) }()
	conn, err := net.Dial("unix", socket.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestDurationText(t *testing.T) {
	out, err := json.Marshal(map[string]Duration{"d": Duration(1500 * time.Millisecond)})
	if want := `{"d":"1.5s"}`; err != nil || !bytes.Equal(out, []byte(want)) {
		t.Errorf("got %s, %v, want %s", out, err, want)
	}
	var d Duration
	if err := json.Unmarshal([]byte(`"soon"`), &d); err == nil {
		t.Error("no error for a duration that is none")
	}
}
