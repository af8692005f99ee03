package syncnodes

import (
	"context"
	"testing"
	"testing/synctest"

	"interconnectd/erlterm"
	"interconnectd/syncnodes/membership"
)

// told are the events of a monitor since the last call.
func told(m *Monitor) []Event {
	synctest.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	events := m.queue
	m.queue = nil
	return events
}

// Who asks for nothing gets visible nodes, and no reasons: monitor_nodes/1.
func TestMonitorOptions(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a := fl.start(fl.options("a"))
		monitors := map[string]*Monitor{}
		for name, opts := range map[string]MonitorOptions{
			"plain":  {},
			"hidden": {NodeType: HiddenNodes},
			"all":    {NodeType: AllNodes, NodedownReason: true},
		} {
			m, err := a.Monitor(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			monitors[name] = m
		}
		b, hidden := fl.options("b"), fl.options("h")
		b.Sync = Sync{Optional: fulls("a"), Timeout: Infinity}
		hidden.Hidden, hidden.Sync = true, b.Sync
		nodes := []*Node{fl.start(b), fl.start(hidden)}
		for _, n := range nodes {
			if err := n.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		// Who comes later begins with those that are up.
		late, err := a.Monitor(t.Context(), MonitorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			n.Close()
		}
		for name, want := range map[string]string{
			"plain": "+b -b", "hidden": "+h -h", "all": "+b +h -b shutdown -h shutdown",
		} {
			if got := words(told(monitors[name])); got != want {
				t.Errorf("%s is told %q, want %q", name, got, want)
			}
		}
		events := told(late)
		if got := words(events); got != "+b -b" {
			t.Fatalf("who came late is told %q", got)
		}
		down := events[1]
		if down.Before != membership.Up || down.After != membership.Down || down.Monotonic <= events[0].Monotonic || down.Incarnation != nodes[0].Incarnation() {
			t.Errorf("the nodedown is %+v", down)
		}
	})
}

func words(events []Event) string {
	text := ""
	for _, e := range events {
		sign := "-"
		if e.Up {
			sign = "+"
		}
		text += " " + sign + e.Node.Alive()
		if e.Reason != "" {
			text += " " + e.Reason
		}
	}
	if text == "" {
		return ""
	}
	return text[1:]
}

// A process that is called knows of the caller's nodeup, and Nodes lists it: the
// order that OTP promises since 23.
func TestMonitorOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a := fl.start(fl.options("a"))
		m, err := a.Monitor(t.Context(), MonitorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		a.Register("asks", func(ctx context.Context, _ erlterm.Term) (erlterm.Term, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if len(m.queue) == 0 || !m.queue[len(m.queue)-1].Up {
				t.Error("a call came before the nodeup of its caller")
			}
			return erlterm.Atom("ok"), nil
		})
		b := fl.start(fl.options("b"))
		for range 3 { // each over a new connection
			if _, err := b.Call(t.Context(), Address{"asks", full("a")}, erlterm.Atom("x")); err != nil {
				t.Fatal(err)
			}
			if e, err := m.Next(t.Context()); err != nil || !e.Up {
				t.Fatalf("event %+v, %v, want a nodeup", e, err)
			}
			fl.wantNodes(a, "b")
			if _, err := b.Disconnect(t.Context(), full("a")); err != nil {
				t.Fatal(err)
			}
			if e, err := m.Next(t.Context()); err != nil || e.Up {
				t.Fatalf("event %+v, %v, want a nodedown", e, err)
			}
			fl.wantNodes(a)
		}
		// A new connection to a node that is up yet: first the nodedown, then the nodeup.
		if _, err := b.Connect(t.Context(), full("a")); err != nil {
			t.Fatal(err)
		}
		told(m)
		fl.members[b].Kill()
		again := fl.start(fl.options("b"))
		if _, err := again.Connect(t.Context(), full("a")); err != nil {
			t.Fatal(err)
		}
		if got := words(told(m)); got != "-b +b" {
			t.Errorf("told %q, want the nodedown before the nodeup", got)
		}
	})
}
