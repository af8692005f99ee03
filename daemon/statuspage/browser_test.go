package statuspage

import (
	"bytes"
	"errors"
	"flag"
	"image/color"
	"image/png"
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

	"interconnectd/daemon/statuspage/browsertest"
	"interconnectd/observer/event"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

var shots = flag.String("shots", "", "a folder for pictures of the page, which TestShots makes")

// row is the row of a node, as text.
func row(node string) string {
	return `Array.from(document.querySelectorAll("#nodes tbody tr")).find((r) => r.innerText.includes("` + node + `")).innerText`
}

// The page follows what happens, without being loaded again.
func TestBrowser(t *testing.T) {
	x := newExample(time.Now())
	n, events := x.node(), newFakeEvents(x.events...)
	s := serve(t, Options{Node: n, Events: events})
	ctx := browsertest.Start(t)
	browsertest.Visit(t, ctx, 1280, 900, "http://"+s.Addr()+"/")
	browsertest.Eventually(t, ctx, "the node is up", row("b@127.0.0.1")+`.includes("up")`)
	browsertest.Eventually(t, ctx, "no loss", `document.getElementById("lost").hidden`)
	for events.waits() == 0 { // the stream is open
		pause(t.Context(), 10*time.Millisecond)
	}
	browsertest.Eval[bool](t, ctx, `window.same = true; document.getElementById("hours-24").focus(); true`)

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
	if took := browsertest.Eventually(t, ctx, "a node that went down", row("b@127.0.0.1")+`.includes("down")`); took > time.Second {
		t.Errorf("the page shows it after %s, want a second at most", took)
	}
	browsertest.Eventually(t, ctx, "it is read out", `document.getElementById("news").textContent === "b@127.0.0.1 went down: connection_closed, crashed"`)
	browsertest.Eventually(t, ctx, "in the list of events", `document.querySelector("#events tbody tr").innerText.includes("b@127.0.0.1")`)
	if !browsertest.Eval[bool](t, ctx, `window.same === true`) {
		t.Error("the page was loaded anew")
	}
	if got := browsertest.Eval[string](t, ctx, `document.activeElement.id`); got != "hours-24" {
		t.Errorf("the focus is on %q", got)
	}

	// What is no event.
	n.set(func(s *syncnodes.Status) { s.BusLost = true })
	browsertest.Eventually(t, ctx, "bus lost", `document.getElementById("summary").innerText.includes("lost") && document.title.startsWith("bus lost")`)

	// The daemon goes, and comes back at the same address.
	addr := s.Addr()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	browsertest.Eventually(t, ctx, "the loss", `!document.getElementById("lost").hidden && document.getElementById("lost").innerText.includes("The connection to the daemon is lost since")`)
	again, err := Listen(t.Context(), Options{Addr: addr, Node: n, Events: events, Log: hclog.NewNullLogger()})
	if err != nil {
		t.Fatal(err)
	}
	run(t, again)
	browsertest.Eventually(t, ctx, "the return", `document.getElementById("lost").hidden`)
	if !browsertest.Eval[bool](t, ctx, `window.same === true`) {
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
	ctx := browsertest.Start(t)
	browsertest.Visit(t, ctx, 1280, 900, "http://"+front.Addr()+"/")
	n.set(func(s *syncnodes.Status) { s.BusLost = true })
	browsertest.Eventually(t, ctx, "bus lost", `document.title.startsWith("bus lost") && document.getElementById("lost").hidden`)
}

func TestBrowserWithoutScript(t *testing.T) {
	x := newExample(time.Now())
	s := serve(t, Options{Node: x.node(), Events: newFakeEvents(x.events...), Observed: someActs})
	ctx := browsertest.Start(t)
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	browsertest.Visit(t, ctx, 1280, 900, "http://"+s.Addr()+"/")
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
	s := serve(t, Options{Node: x.node(), Events: newFakeEvents(x.events...), Observed: someActs})
	ctx := browsertest.Start(t)
	browsertest.Visit(t, ctx, 360, 740, "http://"+s.Addr()+"/")
	if wide := browsertest.Eval[int](t, ctx, `document.documentElement.scrollWidth`); wide > 360 {
		t.Errorf("the page is %d wide, want 360", wide)
	}
	reached := map[string]bool{}
	for range 20 {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		reached[browsertest.Eval[string](t, ctx, `document.activeElement.id || document.activeElement.getAttribute("href") || "nothing"`)] = true
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
	folder := *shots
	if folder == "" {
		folder = t.TempDir()
	}
	x := newExample(time.Now())
	s := serve(t, Options{Node: x.node(), Events: newFakeEvents(x.events...), Observed: someActs})
	ctx := browsertest.Start(t)
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
		browsertest.Visit(t, ctx, shot.width, shot.height, "http://"+s.Addr()+"/")
		shown, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err := errors.Join(err, os.WriteFile(filepath.Join(folder, shot.name+".png"), shown, 0o644)); err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(shown))
		if err != nil {
			t.Fatal(err)
		}
		if width := picture.Bounds().Dx(); width != int(shot.width) {
			t.Errorf("%s is %d wide, want %d", shot.name, width, shot.width)
		}
		corner, _, _, _ := color.GrayModel.Convert(picture.At(1, 1)).RGBA()
		if dark := corner < 0x8000; dark != (shot.scheme == "dark") {
			t.Errorf("%s is dark: %v", shot.name, dark)
		}
	}
}
