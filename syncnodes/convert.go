package syncnodes

import (
	"encoding/binary"

	"interconnectd/configs/nodeid"
	"interconnectd/syncnodes/erldist"
	"interconnectd/syncnodes/membership"
	"interconnectd/syncnodes/session"
)

func refOf(name nodeid.Name, inc nodeid.Incarnation) membership.NodeRef {
	return membership.NodeRef{Node: name, Incarnation: inc}
}

// dialErrorOf is what a session's reason means to the core. A reason that we
// do not know came from a peer, which so refuses us.
func dialErrorOf(r session.Reason) membership.DialError {
	switch r {
	case session.NoHolder:
		return membership.NoHolder
	case session.CookiesDiffer, session.Unreadable:
		return membership.CookiesDiffer
	case session.TimedOut:
		return membership.TimedOut
	case session.Shutdown:
		return membership.Leaving
	case session.OtherNames:
		return membership.OtherNames
	}
	return membership.InUse
}

func refusalOf(r membership.Refusal) session.Reason {
	switch r {
	case membership.RefusedLeaving:
		return session.Shutdown
	case membership.RefusedNames:
		return session.OtherNames
	}
	return session.InUse
}

func reasonOf(r session.Reason) membership.Reason {
	switch r {
	case session.NetTickTimeout:
		return membership.NetTickTimeout
	case session.Disconnect:
		return membership.Disconnected
	case session.Shutdown:
		return membership.Shutdown
	}
	return membership.ConnectionClosed
}

func closeReason(r membership.Reason) session.Reason {
	switch r {
	case membership.NetTickTimeout:
		return session.NetTickTimeout
	case membership.Disconnected:
		return session.Disconnect
	case membership.Shutdown:
		return session.Shutdown
	}
	return session.ConnectionClosed
}

// erlangPeer is a node of Erlang's as the core knows it.
func erlangPeer(p erldist.Peer) (membership.NodeRef, membership.Info) {
	return refOf(p.Name, incarnationOf(p.Creation)), membership.Info{Erlang: true, Hidden: p.Hidden}
}

// incarnationOf stands for a start of a node of Erlang's: its creation. Such a node tells
// no time, and is older than each of ours.
func incarnationOf(creation uint32) (inc nodeid.Incarnation) {
	copy(inc[6:], "erlang")
	binary.BigEndian.PutUint32(inc[12:], creation)
	return inc
}

func erlangDialError(r erldist.Reason) membership.DialError {
	switch r {
	case erldist.NoHolder:
		return membership.NoHolder
	case erldist.CookiesDiffer:
		return membership.CookiesDiffer
	case erldist.TimedOut:
		return membership.TimedOut
	}
	return membership.NotAllowed
}
