package erldist

import "interconnectd/syncnodes/erldist/epmd"

// Ours reports whether a port mapper's entry is one of an endpoint, and of no node of Erlang's.
func Ours(n epmd.Node) bool { return n.Extra == extra }
