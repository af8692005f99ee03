package epmd_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"interconnectd/configs/epmd"
	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/erldist/beamtest"
)

// TestRealEPMD registers with, and asks, a real port mapper.
func TestRealEPMD(t *testing.T) {
	w := beamtest.NewWorld(t)
	ctx := t.Context()
	n := epmd.Node{Name: "g", Port: 4711, Type: epmd.Hidden, Highest: 6, Lowest: 6, Extra: "an extra"}
	r, err := epmd.Register(ctx, w.EPMD(), n)
	if err != nil {
		t.Fatal(err)
	}
	if r.Creation == 0 {
		t.Error("no creation")
	}
	if got, err := epmd.Lookup(ctx, w.EPMD(), "g"); err != nil || got != n {
		t.Errorf("Lookup = %+v, %v; want %+v", got, err, n)
	}
	if _, err := epmd.Lookup(ctx, w.EPMD(), "h"); !errors.Is(err, epmd.ErrUnknown) {
		t.Errorf("Lookup of nobody: %v", err)
	}
	if _, err := epmd.Register(ctx, w.EPMD(), n); !errors.Is(err, epmd.ErrNameInUse) {
		t.Errorf("Register once more: %v", err)
	}
	if got, err := epmd.Names(ctx, w.EPMD()); err != nil || !slices.Equal(got, []epmd.NamePort{{"g", 4711}}) {
		t.Errorf("Names = %v, %v", got, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := r.Wait(); err == nil {
		t.Error("a registration that is over, and no reason")
	}
	bustest.Eventually(t, "the name is free", func() bool {
		got, err := epmd.Names(ctx, w.EPMD())
		return err == nil && len(got) == 0
	})
	r, err = epmd.Register(ctx, w.EPMD(), n)
	if err != nil {
		t.Fatal(err)
	}
	w.StopEPMD()
	if err := r.Wait(); err == nil {
		t.Error("the port mapper has ended, and no reason")
	}
	if _, err := epmd.Register(ctx, w.EPMD(), n); err == nil {
		t.Error("registered with nobody")
	}
}

// TestStrangeNames has others, whom a port mapper lets take any name, keep nobody from being
// found.
func TestStrangeNames(t *testing.T) {
	w := beamtest.NewWorld(t)
	for _, name := range []string{"one", "x\ny", "a at port b", "two"} {
		r, err := epmd.Register(t.Context(), w.EPMD(), epmd.Node{Name: name, Port: 1, Type: epmd.Hidden, Highest: 6, Lowest: 6})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
	}
	names, err := epmd.Names(t.Context(), w.EPMD())
	for _, want := range []string{"one", "two"} {
		if !slices.Contains(names, epmd.NamePort{Name: want, Port: 1}) {
			t.Errorf("Names = %v, %v; want %s among them", names, err, want)
		}
	}
}

// TestErlangReadsUs has Erlang nodes ask for a registration of ours, whose extra they
// do not know, and us for theirs.
func TestErlangReadsUs(t *testing.T) {
	for _, release := range beamtest.Releases() {
		t.Run(release.Name, func(t *testing.T) {
			t.Parallel()
			w := beamtest.NewWorld(t)
			r, err := epmd.Register(t.Context(), w.EPMD(), epmd.Node{Name: "g", Port: 4711, Type: epmd.Hidden, Highest: 6, Lowest: 6, Extra: "interconnectd"})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			b := w.Start(t, beamtest.Node{Name: "b@127.0.0.1", Cookie: "c", Root: release.Root})
			if got := b.Eval(t, `erl_epmd:port_please("g", {127,0,0,1})`); got != "{port,4711,6}" {
				t.Errorf("it reads %s", got)
			}
			if got := b.Eval(t, `{ok, Names} = net_adm:names({127,0,0,1}), lists:member({"g", 4711}, Names)`); got != "true" {
				t.Errorf("among the names: %s", got)
			}
			if text := b.Log(); text != "" {
				t.Errorf("it logs %s", text)
			}
			got, err := epmd.Lookup(t.Context(), w.EPMD(), "b")
			if err != nil || got.Name != "b" || got.Port == 0 || got.Type != epmd.Normal || got.Highest != 6 || got.Extra != "" {
				t.Errorf("Lookup = %+v, %v", got, err)
			}
		})
	}
}

// answers is a port mapper that reads a question and says one thing.
func answers(t *testing.T, answer []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096)) // the question
			_, _ = conn.Write(answer)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestStrangeAnswers(t *testing.T) {
	node := []byte("w\x00\x12\x67H\x00\x00\x06\x00\x05\x00\x01g\x00\x02ex")
	for _, tt := range []struct {
		name                    string
		answer                  string
		register, lookup, names string // parts of the errors; "" where there is none
	}{
		{"nothing", "", "unexpected EOF", "unexpected EOF", "unexpected EOF"},
		{"one byte", "w", "unexpected EOF", "unexpected EOF", "unexpected EOF"},
		{"a refusal", "v\x01\x00\x00", "for another node", "kind 118", ""},
		{"a creation", "v\x00\x00\x00\x01\x02", "", "kind 118", ""},
		{"a short creation", "y\x00\x00\x02", "", "kind 121", ""},
		{"a node", string(node), "kind 119", "", ""},
		{"a node that is cut off", string(node[:len(node)-1]), "kind 119", "unexpected EOF", ""},
		{"an unknown node", "w\x01", "kind 119", "no node of that name", "unexpected EOF"},
		{"a long name", "w\x00\x12\x67H\x00\x00\x06\x00\x05\xff\xff" + strings.Repeat("n", 1<<16), "kind 119", "65535 bytes", ""},
		{"names", "\x00\x00\x11\x11name g at port 4711\nname hh at port 1\n", "kind 0", "kind 0", ""},
		{"no names", "\x00\x00\x11\x11", "kind 0", "kind 0", ""},
		{"a port too great", "\x00\x00\x11\x11name g at port 65536\n", "kind 0", "kind 0", ""},
		{"more names than there are", "\x00\x00\x11\x11" + strings.Repeat("name g at port 4711\n", 1<<16), "kind 0", "kind 0", "more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := answers(t, []byte(tt.answer))
			r, err := epmd.Register(t.Context(), addr, epmd.Node{Name: "g"})
			check(t, "Register", err, tt.register)
			if err == nil {
				if r.Creation != 0x0102 && r.Creation != 2 {
					t.Errorf("creation %d", r.Creation)
				}
				r.Close()
			}
			_, err = epmd.Lookup(t.Context(), addr, "g")
			check(t, "Lookup", err, tt.lookup)
			_, err = epmd.Names(t.Context(), addr)
			check(t, "Names", err, tt.names)
		})
	}
}

func check(t *testing.T, what string, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want an error with %q", what, err, want)
	}
}

// TestCancelled asks a port mapper that listens and says nothing.
func TestCancelled(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = epmd.Lookup(ctx, l.Addr().String(), "g")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lookup: %v", err)
	}
	long := string(bytes.Repeat([]byte("n"), 1<<11))
	if _, err := epmd.Lookup(t.Context(), l.Addr().String(), long); err == nil {
		t.Error("a long name is asked for")
	}
	if _, err := epmd.Register(t.Context(), l.Addr().String(), epmd.Node{Name: long}); err == nil {
		t.Error("a long name is registered")
	}
}

func TestAddrOf(t *testing.T) {
	for name, want := range map[nodeid.Name]string{
		"b@host.example":  "127.0.0.1:4370",
		"b@127.0.0.2":     "127.0.0.1:4370",
		"b@localhost":     "127.0.0.1:4370",
		"b@other.example": "other.example:4370",
		"b@10.0.0.1":      "10.0.0.1:4370",
		"b@fd00::1":       "[fd00::1]:4370",
		"b@[fd00::1]":     "[fd00::1]:4370",
	} {
		if got := epmd.AddrOf(name, "a@host.example", "127.0.0.1:4370"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
