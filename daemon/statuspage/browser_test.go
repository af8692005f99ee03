package statuspage

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/hashicorp/go-hclog"

	"interconnectd/erlterm/required"
	"interconnectd/observer/event"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

var shots = flag.String("shots", "", "a folder for pictures of the page, which TestShots makes")

// browse starts a browser with a profile of its own, which ends with the test.
func browse(t *testing.T) context.Context {
	t.Helper()
	required.Programs(t, "chromium")
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(stop)
	ctx, end := chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath("chromium"), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
	)
	t.Cleanup(end) // waits for the process
	ctx, leave := chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(leave)
	return ctx
}

// visit opens a page in a window of that size.
func visit(t *testing.T, ctx context.Context, width, height int64, url string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height), chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
}

// eval is what an expression of JavaScript gives, which may be a promise.
func eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// eventually waits in the browser until an expression is true, and tells how long.
func eventually(t *testing.T, ctx context.Context, what, expression string) time.Duration {
	t.Helper()
	began := time.Now()
	const loop = `new Promise((over) => {
		const until = Date.now() + 20000;
		const look = () => {
			const seen = Boolean(%);
			if (seen || Date.now() > until) { over(seen); } else { setTimeout(look, 10); }
		};
		look();
	})`
	if !eval[bool](t, ctx, strings.Replace(loop, "%", expression, 1)) {
		t.Fatalf("%s: not within 20 s; the page has %s", what, eval[string](t, ctx, `document.body.innerText`))
	}
	return time.Since(began)
}

// row is the row of a node, as text.
func row(node string) string {
	return `Array.from(document.querySelectorAll("#nodes tbody tr")).find((r) => r.innerText.includes("` + node + `")).innerText`
}

// The page follows what happens, without being loaded again.
func TestBrowser(t *testing.T) {
	x := newExample(time.Now())
	n, events := x.node(), newFakeEvents(x.events...)
	s := serve(t, Options{Node: n, Events: events})
	ctx := browse(t)
	visit(t, ctx, 1280, 900, "http://"+s.Addr()+"/")
	eventually(t, ctx, "the node is up", row("b@127.0.0.1")+`.includes("up")`)
	eventually(t, ctx, "no loss", `document.getElementById("lost").hidden`)
	for events.waits() == 0 { // the stream is open
		pause(t.Context(), 10*time.Millisecond)
	}
	eval[bool](t, ctx, `window.same = true; document.getElementById("hours-24").focus(); true`)

	down := func(name string) {
		n.set(func(s *syncnodes.Status) {
			for i := range s.Peers {
				if p := &s.Peers[i]; string(p.Node) == name {
					p.State, p.Detail, p.Since = membership.Down, "crashed", s.Now
				}
			}
		})
	}
	down("b@127.0.0.1")
	happened := event.Event{
		Time: time.Now(), Start: x.start(2), Kind: event.NodeDown, Node: "b@127.0.0.1",
		Type: "visible", Reason: "connection_closed", Detail: "crashed", UpFor: event.Duration(time.Hour),
	}
	events.append(happened)
	if took := eventually(t, ctx, "a node that went down", row("b@127.0.0.1")+`.includes("down")`); took > time.Second {
		t.Errorf("the page shows it after %s, want a second at most", took)
	}
	eventually(t, ctx, "it is read out", `document.getElementById("news").textContent === "b@127.0.0.1 went down: connection_closed, crashed"`)
	eventually(t, ctx, "in the list of events", `document.querySelector("#events tbody tr").innerText.includes("b@127.0.0.1")`)
	if !eval[bool](t, ctx, `window.same === true`) {
		t.Error("the page was loaded anew")
	}
	if got := eval[string](t, ctx, `document.activeElement.id`); got != "hours-24" {
		t.Errorf("the focus is on %q", got)
	}

	// What is no event.
	n.set(func(s *syncnodes.Status) { s.BusLost = true })
	eventually(t, ctx, "bus lost", `document.getElementById("summary").innerText.includes("lost") && document.title.startsWith("bus lost")`)

	// The daemon goes, and comes back at the same address.
	addr := s.Addr()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, ctx, "the loss", `!document.getElementById("lost").hidden && document.getElementById("lost").innerText.includes("The connection to the daemon is lost since")`)
	again, err := Listen(t.Context(), Options{Addr: addr, Node: n, Events: events, Log: hclog.NewNullLogger()})
	if err != nil {
		t.Fatal(err)
	}
	run(t, again)
	eventually(t, ctx, "the return", `document.getElementById("lost").hidden`)
	if !eval[bool](t, ctx, `window.same === true`) {
		t.Error("the page was loaded anew")
	}
}

// Where /live has no place the page follows all the same, more slowly.
func TestBrowserWithoutStream(t *testing.T) {
	x := newExample(time.Now())
	n := x.node()
	s := newServer(Options{Node: n, Log: hclog.NewNullLogger()})
	defer s.Close()
	inner := s.http.Handler
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/live" {
			say(w, false, "no place")
			return
		}
		inner.ServeHTTP(w, r)
	})
	front := serve(t, Options{Node: n})
	front.http.Handler = s.http.Handler
	ctx := browse(t)
	visit(t, ctx, 1280, 900, "http://"+front.Addr()+"/")
	n.set(func(s *syncnodes.Status) { s.BusLost = true })
	eventually(t, ctx, "bus lost", `document.title.startsWith("bus lost") && document.getElementById("lost").hidden`)
}

func TestBrowserWithoutScript(t *testing.T) {
	x := newExample(time.Now())
	s := serve(t, Options{Node: x.node(), Events: newFakeEvents(x.events...)})
	ctx := browse(t)
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	visit(t, ctx, 1280, 900, "http://"+s.Addr()+"/")
	text, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range x.status.Peers {
		if !strings.Contains(text, string(p.Node)) {
			t.Errorf("the page has no %s", p.Node)
		}
	}
	if !strings.Contains(text, "Without script this page loads itself anew") {
		t.Errorf("it does not say that it loads itself:\n%s", text)
	}
}

// On a phone nothing but tables moves sideways, and a keyboard gets everywhere.
func TestBrowserSmall(t *testing.T) {
	x := newExample(time.Now())
	s := serve(t, Options{Node: x.node(), Events: newFakeEvents(x.events...)})
	ctx := browse(t)
	visit(t, ctx, 360, 740, "http://"+s.Addr()+"/")
	if wide := eval[int](t, ctx, `document.documentElement.scrollWidth`); wide > 360 {
		t.Errorf("the page is %d wide, want 360", wide)
	}
	reached := map[string]bool{}
	for range 20 {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		reached[eval[string](t, ctx, `document.activeElement.id || document.activeElement.getAttribute("href") || "nothing"`)] = true
	}
	for _, want := range []string{"#main", "#nodes", "#views", "#timeline", "#events", "nodes-scroll", "views-scroll", "hours-1", "hours-168", "events-scroll", "healthz"} {
		if !reached[want] {
			t.Errorf("Tab does not get to %s, but to %v", want, reached)
		}
	}
}

// TestShots makes pictures for people to look at:
//
//	go test ./daemon/statuspage -run TestShots -args -shots /tmp
func TestShots(t *testing.T) {
	if *shots == "" {
		t.Skip("no folder for pictures is given")
	}
	x := newExample(time.Now())
	s := serve(t, Options{Node: x.node(), Events: newFakeEvents(x.events...)})
	ctx := browse(t)
	for _, shot := range []struct {
		name          string
		width, height int64
		scheme        string
	}{
		{"desktop-light", 1280, 900, "light"},
		{"desktop-dark", 1280, 900, "dark"},
		{"phone", 360, 740, "light"},
	} {
		scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: shot.scheme}}}
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, scheme); err != nil {
			t.Fatal(err)
		}
		visit(t, ctx, shot.width, shot.height, "http://"+s.Addr()+"/")
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err := errors.Join(err, os.WriteFile(filepath.Join(*shots, shot.name+".png"), png, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}
