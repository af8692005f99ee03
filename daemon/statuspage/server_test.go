package statuspage

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

func TestAnswers(t *testing.T) {
	n := &fakeNode{}
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "some_metric 1\n") })
	s := serve(t, Options{Node: n, Metrics: metrics})
	client := without(t)
	missing := syncnodes.Progress{Up: 1, Of: 2, Missing: []nodeid.Name{"c@h"}}
	done := missing
	done.Done = true
	for _, tt := range []struct {
		name, method, path string
		status             *syncnodes.Status
		code               int
		want               string
	}{
		{"well", "GET", "/healthz", &syncnodes.Status{}, 200, "ok"},
		{"ended", "GET", "/healthz", nil, 503, "the node does not answer"},
		{"syncing is well", "GET", "/healthz", &syncnodes.Status{Sync: missing}, 200, "ok"},
		{"syncing is not ready", "GET", "/readyz", &syncnodes.Status{Sync: missing}, 503, "syncing: 1 of 2 nodes up, waiting for c@h"},
		{"ready", "GET", "/readyz", &syncnodes.Status{Sync: done}, 200, "ready: 1 of 2 nodes up, missing c@h"},
		{"bus lost", "GET", "/readyz", &syncnodes.Status{Sync: done, BusLost: true}, 503, "bus lost"},
		{"gone", "GET", "/readyz", nil, 503, "the node does not answer"},
		{"head", "HEAD", "/readyz", &syncnodes.Status{Sync: done}, 200, ""},
		{"nothing is written", "POST", "/healthz", &syncnodes.Status{}, 405, "Method Not Allowed"},
		{"nor deleted", "DELETE", "/readyz", &syncnodes.Status{}, 405, "Method Not Allowed"},
		{"no control here", "GET", "/cookie", &syncnodes.Status{}, 404, "404 page not found"},
		{"metrics", "GET", "/metrics", &syncnodes.Status{}, 200, "some_metric 1"},
		{"the page of a node that ended", "GET", "/", nil, 503, "the node does not answer"},
		{"the page's head", "HEAD", "/", &syncnodes.Status{}, 200, ""},
		{"no form", "POST", "/", &syncnodes.Status{}, 405, "Method Not Allowed"},
		{"the head of a stream ends", "HEAD", "/live", &syncnodes.Status{}, 200, ""},
		{"nothing is said to a stream", "PUT", "/live", &syncnodes.Status{}, 405, "Method Not Allowed"},
		{"no folders", "GET", "/testdata/", &syncnodes.Status{}, 404, "404 page not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n.mu.Lock()
			n.status = tt.status
			n.mu.Unlock()
			req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+s.Addr()+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			if got := strings.TrimSuffix(string(text), "\n"); err != nil || answer.StatusCode != tt.code || got != tt.want {
				t.Errorf("%d %q, %v; want %d %q", answer.StatusCode, got, err, tt.code, tt.want)
			}
			for header, want := range map[string]string{
				"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Set-Cookie": "",
			} {
				if got := answer.Header.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestAssets(t *testing.T) {
	s := serve(t, Options{Node: &fakeNode{}})
	client := without(t)
	for path, kind := range map[string]string{
		"/style.css": "text/css; charset=utf-8", "/script.js": "text/javascript; charset=utf-8", "/icon.svg": "image/svg+xml",
	} {
		answer, err := client.Get("http://" + s.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		tag := answer.Header.Get("ETag")
		if got := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || got != kind || tag == "" {
			t.Errorf("%s: %d, %s, tag %q; want 200, %s", path, answer.StatusCode, got, tag, kind)
		}
		again, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.Addr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		again.Header.Set("If-None-Match", tag)
		if answer, err = client.Do(again); err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 304 {
			t.Errorf("%s again: %d, want 304", path, answer.StatusCode)
		}
	}
	answer, err := client.Get("http://" + s.Addr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 404 {
		t.Errorf("metrics where there are none: %d, want 404", answer.StatusCode)
	}
}

// TestLimits: long headers are refused, and who comes when all connections are taken
// is hung up on, until one of them is free.
func TestLimits(t *testing.T) {
	s := serve(t, Options{Node: &fakeNode{status: &syncnodes.Status{}}})
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		return conn
	}
	ask := func(conn net.Conn, more string) string {
		if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: h\r\n"+more+"\r\n"); err != nil {
			return err.Error()
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			return err.Error()
		}
		return strings.TrimSpace(line)
	}
	if got := ask(dial(), "Long: "+strings.Repeat("x", 4*headersMost)+"\r\n"); !strings.HasPrefix(got, "HTTP/1.1 431") {
		t.Errorf("headers of %d bytes: %q, want 431", 4*headersMost, got)
	}
	var held []net.Conn
	for range connsMost {
		conn := dial()
		for until := time.Now().Add(20 * time.Second); ; conn = dial() { // the one before may still leave
			got := ask(conn, "")
			if got == "HTTP/1.1 200 OK" {
				break
			}
			if time.Now().After(until) {
				t.Fatalf("connection %d: %q", len(held)+1, got)
			}
		}
		held = append(held, conn)
	}
	if got := ask(dial(), ""); got == "HTTP/1.1 200 OK" {
		t.Errorf("connection %d is answered, want %d at most", connsMost+1, connsMost)
	}
	held[0].Close()
	for until := time.Now().Add(20 * time.Second); ask(dial(), "") != "HTTP/1.1 200 OK"; {
		if time.Now().After(until) {
			t.Fatal("a place that was left is not taken")
		}
	}
}

func TestListenFails(t *testing.T) {
	s := serve(t, Options{Node: &fakeNode{}})
	_, err := Listen(t.Context(), Options{Addr: s.Addr(), Node: &fakeNode{}, Log: hclog.NewNullLogger()})
	if err == nil || !strings.Contains(err.Error(), "listening for HTTP") {
		t.Errorf("a port that is taken: %v", err)
	}
}
