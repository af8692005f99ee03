package syncnodes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/membership"
)

// viewText is a view in short.
func viewText(view []PeerView) string {
	var words []string
	for _, p := range view {
		word := p.Node.Alive() + " " + p.State.String()
		if p.Hidden {
			word += " hidden"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func wantView(t *testing.T, n *Node, of nodeid.Name, want string) {
	t.Helper()
	view, err := n.View(t.Context(), of)
	got := strings.ReplaceAll(viewText(view), "connecting", "idle") // a dial may be under way
	if err != nil || got != want {
		t.Errorf("view of %s, asked by %s: %s, %v; want %s", of, n.Self(), got, err, want)
	}
}

func TestView(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		opts := fl.options("a")
		opts.Sync = Sync{Optional: fulls("a", "b", "e"), Timeout: time.Second}
		a, b, c := fl.start(opts), fl.start(fl.options("b")), fl.start(fl.options("c"))
		hidden := fl.options("h")
		hidden.Hidden = true
		h := fl.start(hidden)
		for _, connect := range []struct{ from, to *Node }{{c, b}, {h, b}} {
			if ok, err := connect.from.Connect(t.Context(), connect.to.Self()); !ok || err != nil {
				t.Fatalf("connect: %v, %v", ok, err)
			}
		}
		time.Sleep(2 * time.Second) // virtual
		wantView(t, a, a.Self(), "b up, c up, e idle")
		wantView(t, a, b.Self(), "a up, c up, h up hidden")
		wantView(t, h, b.Self(), "a up, c up, h up hidden")
		c.Close()
		synctest.Wait()
		wantView(t, a, b.Self(), "a up, c down, h up hidden")

		// Nobody is dialled to be asked.
		for _, name := range []nodeid.Name{h.Self(), c.Self(), full("nowhere")} {
			if view, err := a.View(t.Context(), name); !errors.Is(err, ErrNodeDown) {
				t.Errorf("view of %s, which is not connected: %v, %v", name, view, err)
			}
		}
		time.Sleep(2 * time.Second)
		fl.wantNodes(a, "b")
		wantView(t, a, a.Self(), "b up, c down, e idle")
	})
}

// A node of an older version has no such process, one that is of a newer one may
// say anything, and one that does not answer is waited for as long as one likes.
func TestViewOfOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, fl *fleet) {
		a, b := fl.start(fl.options("a")), fl.start(fl.options("b"))
		if ok, err := a.Connect(t.Context(), b.Self()); !ok || err != nil {
			t.Fatalf("connect: %v, %v", ok, err)
		}
		b.Register(ClusterView, func(context.Context, erlterm.Term) (erlterm.Term, error) { return erlterm.Atom("soon"), nil })
		if view, err := a.View(t.Context(), b.Self()); err == nil || !strings.Contains(err.Error(), "the view is no list") {
			t.Errorf("nonsense: %v, %v", view, err)
		}
		b.Register(ClusterView, func(ctx context.Context, _ erlterm.Term) (erlterm.Term, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if view, err := a.View(ctx, b.Self()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no answer: %v, %v", view, err)
		}
		b.processes.mu.Lock()
		delete(b.processes.byName, ClusterView)
		b.processes.mu.Unlock()
		if view, err := a.View(t.Context(), b.Self()); !errors.Is(err, ErrNoProc) {
			t.Errorf("an old node: %v, %v", view, err)
		}
		if _, err := a.Call(t.Context(), Address{ClusterView, a.Self()}, erlterm.Atom("x")); err == nil || !strings.Contains(err.Error(), "want nodes") {
			t.Errorf("another request: %v", err)
		}
	})
}

func TestViewOf(t *testing.T) {
	tests := []struct{ term, want, err string }{
		{"[]", "", ""},
		{"[{'a@h',up,visible},{'b@h',suspect,hidden},{'c@h',down,visible}]", "a up, b suspect hidden, c down", ""},
		{"[{'b@h',idle,visible},{'a@h',connecting,visible}]", "a connecting, b idle", ""},
		{"[{'a@h',up,visible},more]", "a up", ErrViewCut.Error()},
		{"[more]", "", ErrViewCut.Error()},
		{"nodes", "", "the view is no list"},
		{"[a]", "", "element 1 of the view: no {Name, State, Type}"},
		{"[{'a@h',up}]", "", "element 1 of the view: no {Name, State, Type}"},
		{"[{\"a@h\",up,visible}]", "", "element 1 of the view: no atom where one must be"},
		{"[{'a@h',up,visible},{'<b>@h',up,visible}]", "", "element 2 of the view: '<' may not stand before the '@': letters, digits, '_' and '-' may"},
		{"[{'a@h',sleepy,visible}]", "", "element 1 of the view: a state that is unknown here"},
		{"[{'a@h',up,shy}]", "", "element 1 of the view: a type that is neither visible nor hidden"},
		{"[{'a@h',up,visible},{'a@h',down,visible}]", "", "the view has a@h twice"},
		{"[" + strings.Repeat("a,", maxViewed) + "a]", "", fmt.Sprintf("the view has %d elements, at most %d may be", maxViewed+1, maxViewed)},
	}
	for _, tt := range tests {
		t.Run(tt.term[:min(len(tt.term), 40)], func(t *testing.T) {
			term, err := parseTerm([]byte(tt.term))
			if err != nil {
				t.Fatal(err)
			}
			view, err := viewOf(term)
			if text := errorText(err); viewText(view) != tt.want || text != tt.err {
				t.Errorf("%s, %q; want %s, %q", viewText(view), text, tt.want, tt.err)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// What one node writes another reads, and what is too long is cut to what an answer
// may have.
func TestViewTerm(t *testing.T) {
	var view []PeerView
	for i := range 4000 {
		p := PeerView{
			Node:  nodeid.Name(fmt.Sprintf("n%04d@it's-a-long-name-%s", i, strings.Repeat("é", i%200))),
			State: State(i % int(membership.Down+1)), Hidden: i%2 == 0,
		}
		view = append(view, p)
	}
	for _, size := range []int{0, 1, 100, len(view)} {
		answer := answerPayload(1, viewTerm(view[:size], maxTerm), nil)
		result := resultOf(Address{}, answer[0], answer[2:])
		if result.err != nil || len(answer) > maxTerm {
			t.Fatalf("%d peers: an answer of %d bytes, %v", size, len(answer), result.err)
		}
		got, err := viewOf(result.term)
		if cut := size > 1000; errors.Is(err, ErrViewCut) != cut || err != nil && !cut {
			t.Errorf("%d peers: %v", size, err)
		}
		if !slices.Equal(got, view[:len(got)]) || err == nil && len(got) != size || size > 1000 && len(got) < 200 {
			t.Errorf("of %d peers %d are told, or others than these", size, len(got))
		}
	}
}
