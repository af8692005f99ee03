package statuspage

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

// node is one whose status is given.
type node struct {
	status atomic.Pointer[syncnodes.Status] // nil: it does not answer
}

func (n *node) Status(ctx context.Context) (syncnodes.Status, error) {
	if s := n.status.Load(); s != nil {
		return *s, nil
	}
	return syncnodes.Status{}, errors.New("ended")
}

func serve(t *testing.T) (*Server, *node) {
	t.Helper()
	n := &node{}
	s, err := Listen(t.Context(), "127.0.0.1:0", n, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve() }()
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
	return s, n
}

func TestAnswers(t *testing.T) {
	s, n := serve(t)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
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
	} {
		t.Run(tt.name, func(t *testing.T) {
			n.status.Store(tt.status)
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
		})
	}
}

// TestLimits: long headers are refused, and who comes when all connections are taken
// is hung up on, until one of them is free.
func TestLimits(t *testing.T) {
	s, n := serve(t)
	n.status.Store(&syncnodes.Status{})
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
	s, _ := serve(t)
	if _, err := Listen(t.Context(), s.Addr(), &node{}, hclog.NewNullLogger()); err == nil || !strings.Contains(err.Error(), "listening for HTTP") {
		t.Errorf("a port that is taken: %v", err)
	}
}
