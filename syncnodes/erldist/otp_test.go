package erldist

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/beamtest"
	"interconnectd/syncnodes/logtest"
)

const testCookie = "a-cookie-of-some-length"

// testConfig lets everybody in.
func testConfig(self nodeid.Name, epmdAddr string) Config {
	return Config{
		Self: self, Listen: netip.MustParseAddrPort("127.0.0.1:0"), EPMD: epmdAddr,
		SetupTime:  7 * time.Second,
		Cookies:    Cookies{Own: testCookie},
		Allowed:    func(nodeid.Name) bool { return true },
		MayEnter:   func(context.Context, nodeid.Name) bool { return true },
		Registered: func(process string) bool { return process == "PingPong" },
		Deliver: func(process string, request erlterm.Term, answer func(erlterm.Term, error)) error {
			if process != "PingPong" {
				return ErrNoProc
			}
			answer(erlterm.Atom("pong"), nil)
			return nil
		},
		Logger: hclog.NewNullLogger(),
	}
}

// listen opens an endpoint for a test.
func listen(t *testing.T, cfg Config) *Endpoint {
	t.Helper()
	e, err := Listen(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	e.Open()
	return e
}

// next is the next event, which is to be an E.
func next[E Event](t *testing.T, e *Endpoint) E {
	t.Helper()
	ev := nextEvent(t, e)
	want, ok := ev.(E)
	if !ok {
		t.Fatalf("%s: event %T %+v, want a %T", e.cfg.Self, ev, ev, want)
	}
	return want
}

// nextEvent is the next event but for Heard.
func nextEvent(t *testing.T, e *Endpoint) Event {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		for ev, ok := e.Next(); ok; ev, ok = e.Next() {
			if _, heard := ev.(Heard); !heard {
				return ev
			}
		}
		select {
		case <-e.Ready():
		case <-late:
			t.Fatalf("%s: no event", e.cfg.Self)
		}
	}
}

// eachRelease runs a test with each OTP that there is.
func eachRelease(t *testing.T, test func(t *testing.T, root string)) {
	for _, release := range beamtest.Releases() {
		t.Run(release.Name, func(t *testing.T) {
			t.Parallel()
			test(t, release.Root)
		})
	}
}

func TestErlangDials(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		w := beamtest.NewWorld(t)
		e := listen(t, testConfig("g@127.0.0.1", w.EPMD()))
		for i, node := range []beamtest.Node{
			{Name: "a@127.0.0.1"},
			{Name: "h@127.0.0.1", Args: []string{"-hidden"}},
			{Name: "x@127.0.0.1", Elixir: true},
		} {
			node.Cookie, node.Root = testCookie, root
			b := w.Start(t, node)
			if node.Elixir {
				b.Eval(t, `Node.connect(:"g@127.0.0.1")`)
			} else if got := b.Eval(t, "net_kernel:connect_node('g@127.0.0.1')"); got != "true" {
				t.Fatalf("%s connects: %s", node.Name, got)
			}
			arrived := next[Arrived](t, e)
			got := arrived.Conn.Peer()
			if want := (Peer{Name: node.Name, Creation: got.Creation, Hidden: i == 1}); got != want || arrived.Dialled || got.Creation == 0 {
				t.Errorf("arrived %+v, want %+v that has dialled", arrived, want)
			}
			arrived.Conn.Start()
			if node.Elixir {
				continue
			}
			if got := b.Eval(t, "{nodes(), nodes(hidden)}"); got != "{[],['g@127.0.0.1']}" {
				t.Errorf("%s sees %s", node.Name, got)
			}
			b.Kill()
			if ended := next[Ended](t, e); ended.Conn != arrived.Conn {
				t.Errorf("ended: %+v", ended)
			}
		}
	})
}

func TestWeDialErlang(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		w := beamtest.NewWorld(t)
		e := listen(t, testConfig("g@127.0.0.1", w.EPMD()))
		b := w.Start(t, beamtest.Node{Name: "b@127.0.0.1", Cookie: testCookie, Root: root})
		e.Dial("b@127.0.0.1")
		e.Dial("b@127.0.0.1")
		arrived := next[Arrived](t, e)
		if !arrived.Dialled || arrived.Conn.Peer().Name != "b@127.0.0.1" || arrived.Conn.Peer().Hidden {
			t.Errorf("arrived: %+v", arrived)
		}
		arrived.Conn.Start()
		bustest.Eventually(t, "it sees us, hidden", func() bool { // it takes our proof first
			return b.Eval(t, "{nodes(), nodes(hidden)}") == "{[],['g@127.0.0.1']}"
		})
		creation := b.Eval(t, "erts_internal:get_creation()")
		if got := fmt.Sprint(arrived.Conn.Peer().Creation); got != creation {
			t.Errorf("creation %s, want %s", got, creation)
		}
		arrived.Conn.Close()
		if ended := next[Ended](t, e); ended.Conn != arrived.Conn || ended.Err != nil {
			t.Errorf("ended: %+v", ended)
		}
		bustest.Eventually(t, "b sees the end", func() bool { return b.Eval(t, "nodes(hidden)") == "[]" })
		if text := b.Log(); text != "" {
			t.Errorf("it has logged: %s", text)
		}
	})
}

// TestOtherCookie has both sides come with a cookie that the other does not take.
func TestOtherCookie(t *testing.T) {
	eachRelease(t, func(t *testing.T, root string) {
		w := beamtest.NewWorld(t)
		e := listen(t, testConfig("g@127.0.0.1", w.EPMD()))
		b := w.Start(t, beamtest.Node{Name: "b@127.0.0.1", Cookie: "another", Root: root})
		e.Dial("b@127.0.0.1")
		if failed := next[DialFailed](t, e); failed.Reason != CookiesDiffer {
			t.Errorf("failed: %+v, want that the cookies differ", failed)
		}
		b.AwaitLog(t, "Invalid challenge reply")
		if got := b.Eval(t, "net_adm:ping('g@127.0.0.1')"); got != "pang" {
			t.Errorf("it pings us: %s", got)
		}
		if rejected := next[Rejected](t, e); rejected.Name != "b@127.0.0.1" {
			t.Errorf("rejected: %+v", rejected)
		}
		for _, c := range []Cookies{
			{Own: testCookie, Also: "another"},
			{Own: testCookie, Nodes: map[nodeid.Name]string{"b@127.0.0.1": "another"}},
			{Own: "another"},
		} {
			e.SetCookies(c)
			if got := b.Eval(t, "net_kernel:connect_node('g@127.0.0.1')"); got != "true" {
				t.Errorf("with %+v it connects: %s", c, got)
			}
			arrived := next[Arrived](t, e)
			arrived.Conn.Start()
			arrived.Conn.Close()
			next[Ended](t, e)
			bustest.Eventually(t, "b sees the end", func() bool { return b.Eval(t, "nodes(hidden)") == "[]" })
		}
	})
}

// TestNobodyThere has dials of which nothing can come.
func TestNobodyThere(t *testing.T) {
	w := beamtest.NewWorld(t)
	e := listen(t, testConfig("g@127.0.0.1", w.EPMD()))
	listen(t, testConfig("other@127.0.0.1", w.EPMD()))
	w.Start(t, beamtest.Node{Name: "b@127.0.0.1", Cookie: testCookie})
	for name, want := range map[nodeid.Name]string{
		"nobody@127.0.0.1": "knows no node",
		"other@127.0.0.1":  "met on the bus",
		"b@localhost":      `called "b@127.0.0.1"`,
		"b@127.0.0.9":      "refused",
	} {
		e.Dial(name)
		failed := next[DialFailed](t, e)
		if failed.Name != name || failed.Reason != NoHolder || !strings.Contains(failed.Err.Error(), want) {
			t.Errorf("%s: %+v, want %q", name, failed, want)
		}
	}
	w.StopEPMD()
	e.Dial("b@127.0.0.1")
	if failed := next[DialFailed](t, e); failed.Reason != NoHolder {
		t.Errorf("without a port mapper: %+v", failed)
	}
}

// TestPortMapperRestarts has the port mapper go and come, and be late.
func TestPortMapperRestarts(t *testing.T) {
	w := beamtest.NewWorld(t)
	b := w.Start(t, beamtest.Node{Name: "b@127.0.0.1", Cookie: testCookie})
	w.StopEPMD()
	var log logtest.Buffer
	cfg := testConfig("g@127.0.0.1", w.EPMD())
	cfg.Logger = hclog.New(&hclog.LoggerOptions{Output: &log})
	e := listen(t, cfg)
	for range 2 {
		w.StartEPMD(t)
		creation := e.creation
		bustest.Eventually(t, "it is known", func() bool {
			return b.Eval(t, "net_kernel:connect_node('g@127.0.0.1')") == "true"
		})
		arrived := next[Arrived](t, e)
		arrived.Conn.Start()
		if creation != e.creation {
			t.Errorf("the creation was %d, and is %d", creation, e.creation)
		}
		w.StopEPMD()
		arrived.Conn.Close()
		next[Ended](t, e)
		bustest.Eventually(t, "b sees the end", func() bool { return b.Eval(t, "nodes(hidden)") == "[]" })
	}
	if got := strings.Count(log.String(), "[WARN]"); got > 3 {
		t.Errorf("it warns %d times:\n%s", got, log.String())
	}
}

func TestNameInUse(t *testing.T) {
	w := beamtest.NewWorld(t)
	w.Start(t, beamtest.Node{Name: "g@127.0.0.1", Cookie: testCookie})
	_, err := Listen(t.Context(), testConfig("g@127.0.0.1", w.EPMD()))
	if err == nil || !strings.Contains(err.Error(), ErrNameInUse.Error()) {
		t.Errorf("the name is in use: %v", err)
	}
}
