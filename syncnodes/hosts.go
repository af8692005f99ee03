package syncnodes

import (
	"slices"

	"interconnectd/configs/nodeid"
)

// namedMost bounds the hosts that are looked for since somebody named a node
// there: the ports of each are dialled once a second.
const namedMost = 64

// hosts are the other hosts on which the embedded mesh looks for nodes: those of
// the sync lists, and those of nodes that connect, ping or call named, as
// Erlang's connection goes to the host of the name. They only ever become more:
// a host that is looked for no more would lose its connections too, and no
// connection ends by a reload.
type hosts struct {
	self  nodeid.Name
	all   []string
	named int
}

// list adds the hosts of nodes, and reports whether any is new.
func (h *hosts) list(nodes []nodeid.Name) bool {
	before := len(h.all)
	for _, n := range nodes {
		if h.isNew(n) {
			h.all = append(h.all, n.Host())
		}
	}
	return len(h.all) > before
}

// name adds the host of a node that somebody named, and reports whether it is new.
func (h *hosts) name(n nodeid.Name) bool {
	if h.named >= namedMost || !h.list([]nodeid.Name{n}) {
		return false
	}
	h.named++
	return true
}

// isNew: loopback is this host, and a node on loopback reaches no other.
func (h *hosts) isNew(n nodeid.Name) bool {
	return !h.self.Loopback() && !n.Loopback() && n.Host() != h.self.Host() && n.Long() == h.self.Long() && !slices.Contains(h.all, n.Host())
}
