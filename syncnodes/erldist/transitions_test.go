package erldist

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/logtest"
)

// TestTransitions goes through what may happen between two nodes, move by move.
func TestTransitions(t *testing.T) {
	for _, tt := range []struct {
		name string
		self nodeid.Name // the peer is m@127.0.0.1
		play func(t *testing.T, w *fakeWorld)
	}{
		{"accepted", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			w.enters("sok")
		}},
		{"dialled", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			w.Dial(peerName)
			p := w.dialled(peerName)
			p.receiveName()
			p.send("sok")
			p.letsIn()
			if arrived := next[Arrived](t, w.Endpoint); !arrived.Dialled || arrived.Conn.Peer() != (Peer{peerName, 7, true}) {
				t.Errorf("arrived: %+v", arrived)
			}
		}},
		{"both dial, and it is the greater", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			w.Dial(peerName)
			ours := w.dialled(peerName)
			ours.receiveName()
			theirs := w.dials(peerName)
			theirs.sendName()
			theirs.says("sok_simultaneous")
			theirs.prove(testCookie)
			ours.send("snok")
			theirs.proven()
			if arrived := next[Arrived](t, w.Endpoint); arrived.Dialled {
				t.Errorf("arrived: %+v", arrived)
			}
			ours.says("") // it ends
		}},
		{"both dial, and it is the smaller", "z@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			w.Dial(peerName)
			ours := w.dialled(peerName)
			ours.receiveName()
			theirs := w.dials(peerName)
			theirs.sendName()
			theirs.says("snok")
			ours.send("sok_simultaneous")
			ours.letsIn()
			if arrived := next[Arrived](t, w.Endpoint); !arrived.Dialled {
				t.Errorf("arrived: %+v", arrived)
			}
		}},
		{"we dial while it proves itself, and it ends its own dial", "z@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			theirs := w.dials(peerName)
			theirs.sendName()
			theirs.says("sok")
			w.Dial(peerName)
			ours := w.dialled(peerName)
			ours.receiveName()
			theirs.prove(testCookie) // and waits, since ours has reached it
			ours.send("sok_simultaneous")
			ours.letsIn()
			if arrived := next[Arrived](t, w.Endpoint); !arrived.Dialled {
				t.Errorf("arrived: %+v", arrived)
			}
			theirs.says("")
		}},
		{"we dial while it proves itself, and it is gone", "z@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			theirs := w.dials(peerName)
			theirs.sendName()
			theirs.says("sok")
			w.Dial(peerName)
			ours := w.dialled(peerName)
			ours.receiveName()
			theirs.prove(testCookie)
			ours.Close()
			next[DialFailed](t, w.Endpoint)
			theirs.proven()
			next[Arrived](t, w.Endpoint)
		}},
		{"nok, and its dial does not come", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			w.SetSetupTime(3 * time.Second)
			w.Dial(peerName)
			ours := w.dialled(peerName)
			ours.receiveName()
			ours.send("snok")
			if failed := next[DialFailed](t, w.Endpoint); failed.Reason != TimedOut || !errors.Is(failed.Err, errSimultaneous) {
				t.Errorf("failed: %+v", failed)
			}
		}},
		{"nok, and the smaller one's dial comes", "z@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			w.Dial(peerName)
			ours := w.dialled(peerName)
			ours.receiveName()
			ours.send("snok")
			ours.says("")
			w.enters("sok_simultaneous")
		}},
		{"its cookie is another, and it dials at once", "z@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			w.Dial(peerName)
			ours := w.dialled(peerName)
			ours.receiveName()
			ours.send("sok")
			ours.send(string(ours.hs.nameMessage(new(uint32))))
			ours.receive()
			ours.send("a0123456789abcdef")
			ours.says("")
			theirs := w.dials(peerName)
			theirs.sendName()
			theirs.says("sok")
			next[DialFailed](t, w.Endpoint)
			theirs.prove(testCookie)
			theirs.proven()
			next[Arrived](t, w.Endpoint)
		}},
		{"alive, and it knows nothing of its connection", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			old := w.enters("sok")
			p := w.dials(peerName)
			p.sendName()
			p.says("salive")
			p.send("strue")
			p.prove(testCookie)
			p.proven()
			if ended := next[Ended](t, w.Endpoint); ended.Conn != old.Conn || !errors.Is(ended.Err, ErrReplaced) {
				t.Errorf("ended: %+v", ended)
			}
			if arrived := next[Arrived](t, w.Endpoint); arrived.Conn == old.Conn {
				t.Errorf("arrived: %+v", arrived)
			}
		}},
		{"alive, and it is", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			old := w.enters("sok")
			p := w.dials(peerName)
			p.sendName()
			p.says("salive")
			p.send("sfalse")
			p.says("")
			w.isUp(old)
		}},
		{"alive, and a stranger knows nothing of it", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			old := w.enters("sok")
			p := w.dials(peerName)
			p.sendName()
			p.says("salive")
			p.send("strue")
			p.prove("another")
			next[Rejected](t, w.Endpoint)
			w.isUp(old)
		}},
		{"it asks whether we are alive, and we are not", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			w.Dial(peerName)
			ours := w.dialled(peerName)
			ours.receiveName()
			ours.send("salive")
			ours.says("strue")
			ours.letsIn()
			next[Arrived](t, w.Endpoint)
		}},
		{"two of one name prove themselves", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			first, second := w.dials(peerName), w.dials(peerName)
			for _, p := range []*peer{first, second} {
				p.sendName()
				p.says("sok")
			}
			first.prove(testCookie)
			first.proven()
			second.prove(testCookie)
			second.says("")
			next[Arrived](t, w.Endpoint)
		}},
		{"not allowed", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			w.Dial("stranger@127.0.0.1")
			if failed := next[DialFailed](t, w.Endpoint); failed.Reason != NotAllowed {
				t.Errorf("failed: %+v", failed)
			}
			for _, name := range []nodeid.Name{"stranger@127.0.0.1", "late@127.0.0.1", w.cfg.Self} {
				p := w.dials(name)
				p.sendName()
				p.says("snot_allowed")
				p.says("")
			}
		}},
		{"a stranger", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			p := w.dials(peerName)
			p.sendName()
			p.says("sok")
			p.prove("another")
			p.says("")
			if rejected := next[Rejected](t, w.Endpoint); rejected.Name != peerName {
				t.Errorf("rejected: %+v", rejected)
			}
			w.enters("sok")
		}},
		{"it comes again and again", "a@127.0.0.1", func(t *testing.T, w *fakeWorld) {
			for range 3 {
				arrived := w.enters("sok")
				arrived.Conn.Close()
				next[Ended](t, w.Endpoint)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.play(t, newFakeWorld(t, tt.self, func(cfg *Config) {
				cfg.Allowed = func(name nodeid.Name) bool { return name != "stranger@127.0.0.1" }
				cfg.MayEnter = func(_ context.Context, name nodeid.Name) bool { return name != "late@127.0.0.1" }
			}))
		})
	}
}

const peerName nodeid.Name = "m@127.0.0.1"

// enters has the peer dial and come in, and runs the connection.
func (w *fakeWorld) enters(status string) Arrived {
	w.t.Helper()
	p := w.dials(peerName)
	p.sendName()
	p.says(status)
	p.prove(testCookie)
	p.proven()
	arrived := next[Arrived](w.t, w.Endpoint)
	if arrived.Dialled || arrived.Conn.Peer() != (Peer{peerName, 7, true}) {
		w.t.Fatalf("arrived: %+v", arrived)
	}
	arrived.Conn.Start()
	return arrived
}

// isUp checks that a connection is the one of its name still.
func (w *fakeWorld) isUp(arrived Arrived) {
	w.t.Helper()
	if ev, ok := w.Next(); ok {
		w.t.Errorf("event %T %+v", ev, ev)
	}
	if _, holder := w.registry.status(w.cfg.Self, peerName); holder == nil || holder.conn != arrived.Conn {
		w.t.Error("the connection is not there any more")
	}
}

// TestDialFails has the node that is dialled do what none should.
func TestDialFails(t *testing.T) {
	longName := strings.Repeat("n", maxMessage)
	for _, tt := range []struct {
		name   string
		answer func(*peer)
		reason Reason
		words  string
	}{
		{"it ends at once", func(p *peer) {}, NoHolder, "before it said anything"},
		{"not allowed", func(p *peer) { p.send("snot_allowed") }, NotAllowed, "does not allow us"},
		{"it ends before its challenge", func(p *peer) { p.send("sok") }, NoHolder, "before its challenge"},
		{"another status", func(p *peer) { p.send("snamed:x") }, Unfit, `"named:x"`},
		{"no status", func(p *peer) { p.send("r1234") }, Unfit, "instead of a status"},
		{"an empty message", func(p *peer) { p.send("") }, Unfit, "0 bytes"},
		{"a long message", func(p *peer) { p.send(longName + "n") }, Unfit, "1025 bytes"},
		{"an old handshake", func(p *peer) { p.send("sok"); p.send("n\x00\x05") }, Unfit, "older than that of OTP 23"},
		{"a short challenge", func(p *peer) { p.send("sok"); p.send("N1234") }, Unfit, "instead of a challenge"},
		{"another's name", func(p *peer) {
			p.send("sok")
			p.hs.self = "x@127.0.0.1"
			p.send(string(p.hs.nameMessage(new(uint32))))
		}, NoHolder, `"x@127.0.0.1"`},
		{"no answer to its answer", func(p *peer) {
			p.send("sok")
			p.send(string(p.hs.nameMessage(new(uint32))))
			p.receive()
		}, CookiesDiffer, "another cookie"},
		{"a wrong answer", func(p *peer) {
			p.send("sok")
			p.send(string(p.hs.nameMessage(new(uint32))))
			p.receive()
			p.send("a0123456789abcdef")
		}, CookiesDiffer, "another cookie"},
		{"no answer but something else", func(p *peer) {
			p.send("sok")
			p.send(string(p.hs.nameMessage(new(uint32))))
			p.receive()
			p.send("a0123")
		}, Unfit, "instead of its own answer"},
		{"lacking flags", func(p *peer) {
			p.send("sok")
			m := p.hs.nameMessage(new(uint32))
			clear(m[1:9])
			m[8] = 4
			p.send(string(m))
		}, Unfit, "it lacks FUN_TAGS, NEW_FUN_TAGS"},
		{"alive, when it ends", func(p *peer) {
			p.send("salive")
			p.says("strue")
		}, NoHolder, "before its challenge"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newFakeWorld(t, "a@127.0.0.1", nil)
			w.Dial(peerName)
			p := w.dialled(peerName)
			p.receiveName()
			tt.answer(p)
			p.Close()
			failed := next[DialFailed](t, w.Endpoint)
			if failed.Name != peerName || failed.Reason != tt.reason || !strings.Contains(failed.Err.Error(), tt.words) {
				t.Errorf("failed: %+v, want reason %d and %q", failed, tt.reason, tt.words)
			}
		})
	}
}

// TestAcceptFails has a node that dials do what none should: it is not let in, and the
// next one is.
func TestAcceptFails(t *testing.T) {
	name := func(p *peer) string { return string(p.hs.nameMessage(nil)) }
	for _, tt := range []struct {
		name  string
		says  func(*peer)
		words string // in our log
	}{
		{"it ends at once", func(p *peer) {}, "before it said its name"},
		{"an old handshake", func(p *peer) { p.send("n\x00\x05\x00\x00\x00\x00b@h") }, "older than that of OTP 23"},
		{"no name", func(p *peer) { p.send("sok") }, "instead of its name"},
		{"a short name", func(p *peer) { p.send(name(p)[:nameHeadLen-1]) }, "instead of its name"},
		{"a name that is cut off", func(p *peer) { p.send(name(p)[:nameHeadLen+1]) }, "cut off"},
		{"a name without a host", func(p *peer) {
			p.hs.self = "b"
			p.send(name(p))
		}, "a node name needs a host"},
		{"a name that is asked for", func(p *peer) {
			m := []byte(name(p))
			m[4] |= 2 // NAME_ME
			p.send(string(m))
		}, "it has no name"},
		{"it ends before our challenge", func(p *peer) { p.send(name(p)) }, "the connection ended"},
		{"no answer to our challenge", func(p *peer) {
			p.send(name(p))
			p.says("sok")
			p.receive()
			p.send("r0123456789abcdef")
		}, "instead of an answer to our challenge"},
		{"neither alive nor not", func(p *peer) {
			p.hs.self = "up@127.0.0.1"
			p.send(name(p))
			p.says("salive")
			p.send("smaybe")
		}, "asked whether it is connected"},
		{"it ends when asked whether it is alive", func(p *peer) {
			p.hs.self = "up@127.0.0.1"
			p.send(name(p))
			p.says("salive")
		}, "before it said whether it is connected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log logtest.Buffer
			w := newFakeWorld(t, "a@127.0.0.1", func(cfg *Config) {
				cfg.Logger = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Debug})
			})
			up := w.dials("up@127.0.0.1")
			up.sendName()
			up.says("sok")
			up.prove(testCookie)
			up.proven()
			next[Arrived](t, w.Endpoint)
			p := w.dials(peerName)
			tt.says(p)
			p.Close()
			bustest.Eventually(t, "it is logged", func() bool { return strings.Contains(log.String(), tt.words) })
			w.enters("sok")
		})
	}
}

// TestListenerFails has the listener fail for a while, as it does without file
// descriptors.
func TestListenerFails(t *testing.T) {
	var log logtest.Buffer
	w := newFakeWorld(t, "a@127.0.0.1", func(cfg *Config) {
		cfg.Logger = hclog.New(&hclog.LoggerOptions{Output: &log})
	})
	if err := w.listener.SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "it is logged", func() bool { return strings.Contains(log.String(), "cannot let Erlang nodes in") })
	if err := w.listener.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	w.enters("sok")
}

// TestSilence has the other node say nothing any more, at each point of the handshake.
func TestSilence(t *testing.T) {
	for _, tt := range []struct {
		name string
		play func(*testing.T, *fakeWorld)
	}{
		{"dialled, before a status", func(t *testing.T, w *fakeWorld) { w.dialSilent(t) }},
		{"dialled, before a challenge", func(t *testing.T, w *fakeWorld) { w.dialSilent(t, "sok") }},
		{"dialled, after alive", func(t *testing.T, w *fakeWorld) { w.dialSilent(t, "salive") }},
		{"dials, before its name", func(t *testing.T, w *fakeWorld) {
			w.dials(peerName).says("")
		}},
		{"dials, before its answer", func(t *testing.T, w *fakeWorld) {
			p := w.dials(peerName)
			p.sendName()
			p.says("sok")
			if m := p.receive(); len(m) < challengeLen {
				t.Errorf("a challenge: %q", m)
			}
			p.says("")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.play(t, newFakeWorld(t, "a@127.0.0.1", func(cfg *Config) { cfg.SetupTime = 3 * time.Second }))
		})
	}
}

func (w *fakeWorld) dialSilent(t *testing.T, says ...string) {
	t.Helper()
	w.Dial(peerName)
	p := w.dialled(peerName)
	p.receiveName()
	for _, m := range says {
		p.send(m)
	}
	failed := next[DialFailed](t, w.Endpoint)
	if failed.Reason != TimedOut || !strings.Contains(failed.Err.Error(), "net_setuptime") {
		t.Errorf("failed: %+v", failed)
	}
}

// TestSilentSockets has hundreds of connections that say nothing, and one that does.
func TestSilentSockets(t *testing.T) {
	w := newFakeWorld(t, "a@127.0.0.1", nil)
	var silent []*peer
	for range 300 {
		silent = append(silent, w.dials("x@127.0.0.1"))
	}
	w.enters("sok")
	for _, p := range silent[:100] {
		p.says("") // the oldest went for the new ones
	}
	w.half.mu.Lock()
	defer w.half.mu.Unlock()
	if n := len(w.half.all); n > maxHalfOpen {
		t.Errorf("%d have not proved themselves", n)
	}
}

// TestBeforeOpen has a node dial an endpoint that lets nobody in yet.
func TestBeforeOpen(t *testing.T) {
	f := newFakeEPMD(t)
	e, err := Listen(t.Context(), testConfig("a@127.0.0.1", f.addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	w := &fakeWorld{e, t, nil}
	p := w.dials(peerName)
	p.sendName()
	e.Open()
	e.Open()
	p.says("sok")
}

// TestCloseEndsAll closes an endpoint in the midst of everything.
func TestCloseEndsAll(t *testing.T) {
	var waiting atomic.Bool
	entering := make(chan struct{})
	w := newFakeWorld(t, "a@127.0.0.1", func(cfg *Config) {
		cfg.MayEnter = func(ctx context.Context, name nodeid.Name) bool {
			if name != "slow@127.0.0.1" {
				return true
			}
			waiting.Store(true)
			close(entering)
			<-ctx.Done()
			waiting.Store(false)
			return false
		}
	})
	w.enters("sok")
	slow := w.dials("slow@127.0.0.1")
	slow.sendName()
	<-entering
	silent := w.dials("x@127.0.0.1")
	w.Dial("n@127.0.0.1")
	dialled := w.dialled("n@127.0.0.1")
	dialled.receiveName()
	for range 2 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if waiting.Load() {
		t.Error("a handshake goes on")
	}
	dialled.says("")
	slow.receive()
	slow.says("")
	silent.says("")
	w.Dial("n@127.0.0.1")
	if ev, ok := w.Next(); ok {
		t.Errorf("event %+v", ev)
	}
}
