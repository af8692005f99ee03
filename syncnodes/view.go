package syncnodes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes/membership"
)

// ClusterView is the name of the process that every node has beside PingPong: it
// answers nodes with a list of {Name, State, Type}, three atoms for each peer that
// the node is or was connected with, or expects, sorted by name. Type is visible or
// hidden. Where that is more than an answer may have, the last element of the list
// is the atom more.
const ClusterView = "ClusterView"

// ErrViewCut comes with a view that is not whole, for it was too long to be told.
var ErrViewCut = errors.New("the node has more peers than its answer can name")

// What a view may have: each element takes its shortest text at least.
var (
	viewRequest = erlterm.Atom("nodes")
	viewMore    = erlterm.Atom("more")
	maxViewed   = maxTerm / len("{'a@b',up,hidden},")
)

// PeerView is what a node thinks of one of its peers.
type PeerView struct {
	Node   nodeid.Name
	State  State
	Hidden bool
}

// View is what a connected node, or this one, thinks of its peers, sorted by name.
// It connects to nobody: the error is ErrNodeDown where there is no connection,
// ErrNoProc where the node is of a version that does not tell, ErrViewCut, beside
// what there is, where the node has more to tell than an answer holds, and otherwise
// as for Call. What another node tells is its word, and no more.
func (n *Node) View(ctx context.Context, of nodeid.Name) ([]PeerView, error) {
	if of == n.name {
		return n.viewHere(ctx)
	}
	term, err := n.callLinked(ctx, Address{Name: ClusterView, Node: of}, viewRequest)
	if err != nil {
		return nil, err
	}
	return viewOf(term)
}

// answerView answers for the process.
func (n *Node) answerView(ctx context.Context, request erlterm.Term) (erlterm.Term, error) {
	if !erlterm.Equal(request, viewRequest) {
		return nil, errors.New("want nodes")
	}
	view, err := n.viewHere(ctx)
	if err != nil {
		return nil, err
	}
	return viewTerm(view, maxTerm), nil
}

func (n *Node) viewHere(ctx context.Context) ([]PeerView, error) {
	var view []PeerView
	err := n.do(ctx, func(l *loop) {
		for _, p := range l.core.Peers() {
			if known := !p.Incarnation.IsZero(); known || p.Expected {
				view = append(view, PeerView{Node: p.Node, State: p.State, Hidden: p.Hidden})
			}
		}
	})
	return view, err
}

// viewTerm has as many of the peers as fit into so many bytes as text.
func viewTerm(view []PeerView, most int) erlterm.Term {
	list := erlterm.List{}
	room := most - 64 // the frame's head, the brackets, and more
	for _, p := range view {
		element := erlterm.Tuple{erlterm.Atom(p.Node), erlterm.Atom(p.State.String()), erlterm.Atom(typeWord(p.Hidden))}
		room -= len(erlterm.AppendLiteral(nil, element)) + len(",")
		if room < 0 {
			return append(list, viewMore)
		}
		list = append(list, element)
	}
	return list
}

func typeWord(hidden bool) string {
	if hidden {
		return "hidden"
	}
	return "visible"
}

// viewOf reads what another node tells.
func viewOf(term erlterm.Term) ([]PeerView, error) {
	list, ok := term.(erlterm.List)
	if !ok {
		return nil, errors.New("the view is no list")
	}
	var cut error
	if last := len(list) - 1; last >= 0 && erlterm.Equal(list[last], viewMore) {
		list, cut = list[:last], ErrViewCut
	}
	if len(list) > maxViewed {
		return nil, fmt.Errorf("the view has %d elements, at most %d may be", len(list), maxViewed)
	}
	view := make([]PeerView, 0, len(list))
	for i, element := range list {
		p, err := peerOf(element)
		if err != nil {
			return nil, fmt.Errorf("element %d of the view: %w", i+1, err)
		}
		view = append(view, p)
	}
	slices.SortFunc(view, func(a, b PeerView) int { return cmp.Compare(a.Node, b.Node) })
	for i := range view {
		if i > 0 && view[i].Node == view[i-1].Node {
			return nil, fmt.Errorf("the view has %s twice", view[i].Node)
		}
	}
	return view, cut
}

// peerOf reads a {Name, State, Type}.
func peerOf(term erlterm.Term) (PeerView, error) {
	tuple, ok := term.(erlterm.Tuple)
	if !ok || len(tuple) != 3 {
		return PeerView{}, errors.New("no {Name, State, Type}")
	}
	var words [3]string
	for i, part := range tuple {
		word, ok := part.(erlterm.Atom)
		if !ok {
			return PeerView{}, errors.New("no atom where one must be")
		}
		words[i] = string(word)
	}
	name, err := nodeid.Parse(words[0])
	if err != nil {
		return PeerView{}, err
	}
	state, ok := stateOf(words[1])
	if !ok {
		return PeerView{}, errors.New("a state that is unknown here")
	}
	if words[2] != typeWord(true) && words[2] != typeWord(false) {
		return PeerView{}, errors.New("a type that is neither visible nor hidden")
	}
	return PeerView{Node: name, State: state, Hidden: words[2] == typeWord(true)}, nil
}

// stateOf is the state of that word.
func stateOf(word string) (State, bool) {
	for s := membership.Idle; s <= membership.Down; s++ {
		if s.String() == word {
			return s, true
		}
	}
	return 0, false
}
