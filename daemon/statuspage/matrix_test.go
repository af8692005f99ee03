package statuspage

import (
	"fmt"
	"strings"
	"testing"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/membership"
)

// viewFrom reads "b up, c down".
func viewFrom(text string) view {
	v := view{}
	for _, part := range strings.Split(text, ", ") {
		name, word, ok := strings.Cut(part, " ")
		if !ok {
			continue
		}
		for state := membership.Idle; state <= membership.Down; state++ {
			if state.String() == word {
				v = append(v, syncnodes.PeerView{Node: nodeid.Name(name + "@h"), State: state})
			}
		}
	}
	return v
}

func TestMatrix(t *testing.T) {
	const plain = "up=U suspect=S down=D none=- unknown=? self=."
	letters := map[sight]string{}
	for _, part := range strings.Fields(plain) {
		word, letter, _ := strings.Cut(part, "=")
		letters[sight(word)] = letter
	}
	for _, tt := range []struct {
		name  string
		own   string
		views map[string]string
		want  string // a row for each observer, ! after what differs, then sentences
	}{
		{"alone", "", nil, "a .\n"},
		{"all agree", "b up, c up", map[string]string{"b": "a up, c up", "c": "a up, b up"}, "a . U U\nb U . U\nc U U .\n"},
		{"one has not told", "b up, c up", map[string]string{"b": "a up, c up"}, "a . U U\nb U . U\nc ? ? .\n"},
		{"one that is down is not asked", "b up, c down", map[string]string{"b": "a up, c down", "c": "a up"}, "a . U D\nb U . D\n"},
		{"expected, and never seen", "b up, c idle", map[string]string{"b": "a up, c connecting"}, "a . U -\nb U . -\n"},
		{
			"one does not see what others see", "b up, c up",
			map[string]string{"b": "a up, c down", "c": "a up, b down"},
			"a . U U\nb U . D!\nc U D! .\nb@h is up for a@h, down for c@h.\nc@h is up for a@h, down for b@h.\n",
		},
		{
			"suspect", "b up, c suspect",
			map[string]string{"b": "a up, c up", "c": "a up, b up"},
			"a . U S\nb U . U!\nc U U .\nc@h is up for b@h, suspect for a@h.\n",
		},
		{
			"others do not see this node", "b up, c up",
			map[string]string{"b": "a up, c up", "c": "a down, b up"},
			"a . U U\nb U . U\nc D! U .\na@h is up for b@h, down for c@h.\n",
		},
		{
			"one end only", "b up",
			map[string]string{"b": "a down"},
			"a . U\nb D! .\na@h is connected with b@h, which says that a@h is down.\n",
		},
		{
			"the other end does not know it", "b up, c up",
			map[string]string{"b": "a up, c up", "c": "a up"},
			"a . U U\nb U . U\nc U -! .\nb@h is connected with c@h, which says that b@h is not connected.\n",
		},
		{
			"a node of Erlang is seen and not asked", "b up, x up",
			map[string]string{"b": "a up, x down", "x": "a down"},
			"a . U U\nb U . D!\nx@h is up for a@h, down for b@h.\n",
		},
		{"hidden links of others", "b up", map[string]string{"b": "a up, h up, z down"}, "a . U -\nb U . U\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var peers []syncnodes.Peer
			for _, p := range viewFrom(tt.own) {
				peers = append(peers, syncnodes.Peer{Node: p.Node, State: p.State, Erlang: p.Node.Alive() == "x"})
			}
			views := map[nodeid.Name]view{}
			for name, text := range tt.views {
				views[nodeid.Name(name+"@h")] = viewFrom(text)
			}
			m := newMatrix("a@h", peers, views)
			var b strings.Builder
			for _, row := range m.Rows {
				b.WriteString(row.Observer.Alive())
				for _, cell := range row.Cells {
					b.WriteString(" " + letters[cell.Sight])
					if cell.Differs {
						b.WriteString("!")
					}
				}
				b.WriteString("\n")
			}
			for _, sentence := range m.Say {
				b.WriteString(sentence + "\n")
			}
			if asked := !strings.Contains(tt.own, "x up"); m.Unasked == asked {
				t.Errorf("Unasked is %t", m.Unasked)
			}
			if b.String() != tt.want {
				t.Errorf("got:\n%swant:\n%s", b.String(), tt.want)
			}
		})
	}
}

func TestMatrixBounds(t *testing.T) {
	peers := func(count int) []syncnodes.Peer {
		var all []syncnodes.Peer
		for i := range count {
			all = append(all, syncnodes.Peer{Node: nodeid.Name(fmt.Sprintf("n%02d@h", i)), State: membership.Up})
		}
		return all
	}
	if m := newMatrix("a@h", peers(matrixMost-1), nil); m.TooMany != 0 || len(m.Rows) != matrixMost || len(m.Rows[0].Cells) != matrixMost {
		t.Errorf("%d nodes: %d rows, too many: %d", matrixMost, len(m.Rows), m.TooMany)
	}
	if m := newMatrix("a@h", peers(matrixMost), nil); m.TooMany != matrixMost+1 || m.Rows != nil {
		t.Errorf("%d nodes: %d rows, too many: %d", matrixMost+1, len(m.Rows), m.TooMany)
	}
	if names := observersOf(peers(matrixMost)); names != nil {
		t.Errorf("%d nodes are asked for nothing", len(names))
	}
	// A node that tells of more than there may be does not make the page large.
	told := view{}
	for _, p := range peers(2000) {
		told = append(told, syncnodes.PeerView{Node: p.Node, State: p.State})
	}
	if m := newMatrix("a@h", peers(1), map[nodeid.Name]view{"n00@h": told}); m.TooMany != 2001 {
		t.Errorf("a node that tells of 2000: %d", m.TooMany)
	}
	// Sentences are few and short.
	views := map[nodeid.Name]view{}
	for i, p := range peers(matrixMost - 1) {
		var v view
		for j, other := range peers(matrixMost - 1) {
			state := membership.Up
			if (i+j)%2 == 0 {
				state = membership.Down
			}
			v = append(v, syncnodes.PeerView{Node: other.Node, State: state})
		}
		views[p.Node] = v
	}
	m := newMatrix("a@h", peers(matrixMost-1), views)
	if len(m.Say) != sentenceMost+1 || !strings.HasPrefix(m.Say[sentenceMost], "There are ") {
		t.Errorf("%d sentences: %s", len(m.Say), m.Say[len(m.Say)-1])
	}
	if want := "n00@h is up for a@h, n01@h, n03@h, n05@h, n07@h and 15 more, down for n02@h, n04@h, n06@h, n08@h, n10@h and 14 more."; m.Say[0] != want {
		t.Errorf("%s, want %s", m.Say[0], want)
	}
}
