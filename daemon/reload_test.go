package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs"
	"interconnectd/configs/nodeid"
	"interconnectd/daemon/control"
)

// client is the way to a daemon of the site.
func (s *site) client(t *testing.T, node nodeid.Name) *control.Client {
	t.Helper()
	c, err := control.Find(t.Context(), s.getenv, node)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *site) getenv(name string) string {
	for _, v := range s.env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// reconfigure puts another sys.config in the place of the site's, at once.
func (tr *trio) reconfigure(kernel string) {
	tr.t.Helper()
	path := filepath.Join(tr.dir, "sys.config")
	if err := os.WriteFile(path+".new", []byte("[{kernel, ["+kernel+"]}]."), 0o600); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		tr.t.Fatal(err)
	}
}

// Two daemons reload two hundred times, by HUP and by request and several at
// once, while they call each other: no connection ends, no call fails, and each
// request is answered.
func TestReloadUnderLoad(t *testing.T) {
	tr := newTrio(t)
	kernels := []string{
		"{sync_nodes_optional, ['a@127.0.0.1', 'b@127.0.0.1']}, {sync_nodes_timeout, 30000}",
		"{sync_nodes_mandatory, ['d@127.0.0.1']}, {sync_nodes_timeout, infinity}, {net_ticktime, 60}, {net_setuptime, 9}",
	}
	tr.reconfigure(kernels[0])
	nodes := []nodeid.Name{"a@127.0.0.1", "b@127.0.0.1"}
	var clients []*control.Client
	for _, n := range nodes {
		tr.start(n.Alive())
	}
	for _, n := range nodes {
		tr.await(n.Alive(), `ready: 1 of 1`, 1)
		clients = append(clients, tr.site.client(t, n))
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var busy sync.WaitGroup
	var calls atomic.Int64
	over := make(chan struct{})
	for i, c := range clients {
		busy.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if _, err := c.Call(ctx, control.Call{Process: "PingPong", Node: nodes[1-i], Request: "ping"}); err != nil {
					t.Errorf("calling from %s: %v", nodes[i], err)
					return
				}
				calls.Add(1)
			}
		})
	}
	for i := range 50 {
		tr.reconfigure(kernels[(i+1)%2])
		if err := tr.running["a"].signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		var asked sync.WaitGroup
		for _, c := range []*control.Client{clients[0], clients[0], clients[1], clients[1]} {
			asked.Go(func() {
				if _, err := c.Reload(ctx); err != nil {
					t.Errorf("reload of %s: %v", c.Node(), err)
				}
			})
		}
		asked.Wait()
	}
	close(over)
	busy.Wait()
	t.Logf("%d calls", calls.Load())
	for _, n := range nodes {
		log := tr.running[n.Alive()]
		if found := log.lines(regexp.MustCompile(`Node down|ERROR|DATA RACE`)); len(found) > 0 {
			t.Errorf("the log of %s has %q", n, found)
		}
		if found := log.lines(regexp.MustCompile(`reload: sync_nodes_mandatory: [+-]d@127.0.0.1`)); len(found) != 50 {
			t.Errorf("the log of %s tells %d changes, want 50: each once, one after the other", n, len(found))
		}
	}
}

// A cookie that somebody set is none of a change, until the configured one is
// another.
func TestChangeOf(t *testing.T) {
	with := func(cookie string) *configs.Config {
		cfg := configs.Default()
		var err error
		if cfg.Cookie, err = configs.NewCookie(cookie); err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	for _, tt := range []struct{ running, read, want string }{
		{"x", "x", ""},
		{"x", "y", "y"},
	} {
		if got := changeOf(with(tt.running), with(tt.read)).Cookie; got != tt.want {
			t.Errorf("from %q to %q: the change has %q, want %q", tt.running, tt.read, got, tt.want)
		}
	}
}

// Of the cookies of other nodes a change has what differs, "" for those that went.
func TestChangedNodeCookies(t *testing.T) {
	list := func(words ...string) []configs.NodeCookie {
		var list []configs.NodeCookie
		for i := 0; i < len(words); i += 2 {
			cookie, err := configs.NewCookie(words[i+1])
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, configs.NodeCookie{Node: nodeid.Name(words[i]), Cookie: cookie})
		}
		return list
	}
	got := changedNodeCookies(list("a@h", "1", "b@h", "2", "c@h", "3"), list("b@h", "2", "c@h", "4", "d@h", "5"))
	want := map[nodeid.Name]string{"a@h": "", "c@h": "4", "d@h": "5"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// One level is that of all loggers, also of those that were made before.
func TestLevelIsShared(t *testing.T) {
	var text strings.Builder
	cfg := configs.Default()
	logs, err := openLogs(&text, func(string) string { return "" }, cfg)
	if err != nil {
		t.Fatal(err)
	}
	root := logs.root
	named := root.Named("node").Named("bus").With("x", 1)
	named.Debug("before")
	logs.setLevel(hclog.Debug)
	named.Debug("after")
	logs.setLevel(hclog.Error)
	named.Info("later")
	if got := text.String(); strings.Contains(got, "before") || !strings.Contains(got, "after") || strings.Contains(got, "later") {
		t.Errorf("the log is %q", got)
	}
}

// A reload that is asked for while another is under way waits for its turn, and
// gives up with its context.
func TestReloadWaitsForItsTurn(t *testing.T) {
	log := hclog.NewNullLogger()
	r := newReloader(&daemon{cfg: configs.Default(), notify: newNotifier(log), log: log})
	r.turn <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := r.reload(ctx)
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	cancel()
	if err := <-ended; err == nil || !strings.Contains(fmt.Sprint(err), "context canceled") {
		t.Errorf("got %v, want the context's error", err)
	}
	r.hangup(ctx) // and one of a daemon that leaves does nothing
	<-r.turn
	r.hangup(ctx)
}
