package statuspage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes"
)

const (
	matrixMost   = 40 // nodes, more of which nobody reads
	sentenceMost = 10 // disagreements that are told
	namedMost    = 5  // nodes that one of them names of a kind
)

// sight is what an observer says of a node.
type sight string

// The sights. Only the first three say something that others can contradict.
const (
	seenUp      sight = "up"
	seenSuspect sight = "suspect"
	seenDown    sight = "down"
	notLinked   sight = "none"    // it does not know the node, or waits for it
	untold      sight = "unknown" // it has not told
	itself      sight = "self"
)

func (s sight) said() bool   { return s == seenUp || s == seenSuspect || s == seenDown }
func (s sight) linked() bool { return s == seenUp || s == seenSuspect }

// words are for those who do not see the cell's picture.
func (s sight) words() string {
	switch s {
	case notLinked:
		return "not connected"
	case untold:
		return "not known"
	case itself:
		return "itself"
	}
	return string(s)
}

func sightOf(s syncnodes.State) sight {
	if word := sight(s.String()); word.said() {
		return word
	}
	return notLinked
}

// matrix is who sees whom: a row for each observer, a column for each node.
type matrix struct {
	Nodes   []nodeid.Name
	Rows    []matrixRow
	Say     []string // where they do not agree
	Unasked bool     // there are nodes of Erlang, which have no view to tell
	TooMany int      // nodes, where there are more than anybody reads: nothing else is set
}

type matrixRow struct {
	Observer nodeid.Name
	Self     bool
	Cells    []matrixCell
}

type matrixCell struct {
	Sight   sight
	Words   string
	Differs bool // from what this node sees, or from what the other end says
}

// observersOf are those whose views are asked for: the connected ones, but for nodes
// of Erlang, which have none. There are none where the matrix would be too large.
func observersOf(peers []syncnodes.Peer) []nodeid.Name {
	if len(peers) >= matrixMost {
		return nil
	}
	var names []nodeid.Name
	for _, p := range peers {
		if p.State.Linked() && !p.Erlang {
			names = append(names, p.Node)
		}
	}
	return names
}

// newMatrix puts the views of others beside the one of self.
func newMatrix(self nodeid.Name, peers []syncnodes.Peer, views map[nodeid.Name]view) *matrix {
	own := make(view, 0, len(peers))
	for _, p := range peers {
		own = append(own, syncnodes.PeerView{Node: p.Node, State: p.State, Hidden: p.Hidden})
	}
	nodes := map[nodeid.Name]bool{self: true}
	for _, p := range own {
		nodes[p.Node] = true
	}
	seen := sights{self: sightsOf(own)}
	for _, name := range observersOf(peers) {
		told, ok := views[name]
		if !ok {
			seen[name] = nil
			continue
		}
		seen[name] = sightsOf(told)
		for _, p := range told {
			if p.State.Linked() { // others may be connected with whom we are not
				nodes[p.Node] = true
			}
		}
	}
	if len(nodes) > matrixMost {
		return &matrix{TooMany: len(nodes)}
	}
	m := &matrix{Nodes: slices.Sorted(maps.Keys(nodes))}
	m.Unasked = slices.ContainsFunc(peers, func(p syncnodes.Peer) bool { return p.State.Linked() && p.Erlang })
	differs := m.judge(self, seen)
	for _, observer := range seen.observers() {
		row := matrixRow{Observer: observer, Self: observer == self}
		for _, node := range m.Nodes {
			s := seen.of(observer, node)
			row.Cells = append(row.Cells, matrixCell{Sight: s, Words: s.words(), Differs: differs[pair{observer, node}]})
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// sights are what each observer says of each node; nil: it has told nothing.
type sights map[nodeid.Name]map[nodeid.Name]sight

func sightsOf(v view) map[nodeid.Name]sight {
	all := make(map[nodeid.Name]sight, len(v))
	for _, p := range v {
		all[p.Node] = sightOf(p.State)
	}
	return all
}

func (s sights) observers() []nodeid.Name { return slices.Sorted(maps.Keys(s)) }

func (s sights) of(observer, node nodeid.Name) sight {
	switch {
	case observer == node:
		return itself
	case s[observer] == nil:
		return untold
	case s[observer][node] == "":
		return notLinked
	}
	return s[observer][node]
}

// pair is an observer, and whom it sees.
type pair struct{ observer, node nodeid.Name }

// judge says where observers contradict each other, and gives the cells that differ.
func (m *matrix) judge(self nodeid.Name, seen sights) map[pair]bool {
	disputed, differs := map[nodeid.Name]bool{}, map[pair]bool{}
	for _, node := range m.Nodes {
		text := dispute(seen, node)
		if text == "" {
			continue
		}
		m.Say, disputed[node] = append(m.Say, text), true
		ours := seen.of(self, node)
		if node == self {
			ours = seenUp
		}
		for observer := range seen {
			if s := seen.of(observer, node); s.said() && s != ours {
				differs[pair{observer, node}] = true
			}
		}
	}
	// A connection has two ends.
	for _, a := range seen.observers() {
		for _, b := range seen.observers() {
			back := seen.of(b, a)
			if seen.of(a, b).linked() && (back == notLinked || back == seenDown && !disputed[a]) {
				differs[pair{b, a}] = true
				m.Say = append(m.Say, fmt.Sprintf("%s is connected with %s, which says that %s is %s.", a, b, a, back.words()))
			}
		}
	}
	if more := len(m.Say) - sentenceMost; more > 0 {
		m.Say = append(m.Say[:sentenceMost], fmt.Sprintf("There are %d more contradictions.", more))
	}
	return differs
}

// dispute is the sentence about a node of which not all say the same; "" when they do.
func dispute(seen sights, node nodeid.Name) string {
	by := map[sight][]nodeid.Name{}
	for _, observer := range seen.observers() {
		if s := seen.of(observer, node); s.said() {
			by[s] = append(by[s], observer)
		}
	}
	if len(by) < 2 {
		return ""
	}
	var parts []string
	for _, s := range []sight{seenUp, seenSuspect, seenDown} {
		if len(by[s]) > 0 {
			parts = append(parts, fmt.Sprintf("%s for %s", s, someOf(by[s])))
		}
	}
	return fmt.Sprintf("%s is %s.", node, strings.Join(parts, ", "))
}

func someOf(names []nodeid.Name) string {
	words := make([]string, 0, namedMost+1)
	for i, name := range names {
		if i == namedMost && len(names) > namedMost+1 {
			return strings.Join(words, ", ") + fmt.Sprintf(" and %d more", len(names)-namedMost)
		}
		words = append(words, string(name))
	}
	return strings.Join(words, ", ")
}
