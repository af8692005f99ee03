package configs

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"interconnectd/configs/epmd"
)

// Erlang says how nodes of Erlang and Elixir are met: over their own
// distribution protocol, as a hidden node.
type Erlang struct {
	Distribution bool           // all else does nothing without it, but EPMD, which tells who is an Erlang node
	Listen       netip.AddrPort // for those that dial this node; port 0: any free one
	EPMD         string         // HOST:PORT of this host's port mapper; those of other hosts have the same port
	Allow        []string       // nodeid.Patterns of who may connect and be dialled: a name that one of them matches
}

func defaultErlang() Erlang {
	return Erlang{
		Listen: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0),
		EPMD:   epmd.DefaultAddr,
		Allow:  []string{"*"},
	}
}

// erlangField is the section of all that.
func erlangField() field[reader] {
	d := defaultErlang()
	return section(
		"erlang", "Nodes of Erlang and Elixir, over their own distribution protocol.",
		key("distribution", "Meet them: this node is registered at the port mapper as a hidden one, and dials those of them that it is to connect with. "+
			"Who has the cookie may run anything on an Erlang node, and that protocol protects it by MD5 alone and encrypts nothing.",
			truth().standard(d.Distribution), takeDistribution),
		key("listen", "The address that they dial this node at, with a port where it is to be that one and not any free one.",
			text("an IP address, with or without a port", `^[0-9A-Fa-f.:\[\]]+$`, checkErlangListen).standard(d.listenText()).example("10.0.0.7:4371"), takeErlangListen),
		key("epmd", "HOST:PORT of this host's port mapper; those of other hosts have the same port. Without it the port is that of ERL_EPMD_PORT, as for Erlang, where that is set.",
			text("HOST:PORT", `^[^\s/@?#%]+:[0-9]+$`, checkEPMD).standard(d.EPMD), takeEPMD),
		key("allow", "The Erlang nodes that may connect, and are dialled, by their names: '*' is any number of characters, '?' is one, [a-c] one of several.",
			some(listOf("patterns", "write ['app@*']", patternText.example("app@*"))).standard([]any{"*"}), takeAllow),
	)
}

func takeDistribution(r *reader, v given[bool]) {
	r.settings.distribution = v
	r.cfg.Erlang.Distribution = v.value
	r.set(v.path, v.origin)
}

func takeErlangListen(r *reader, v given[string]) {
	listen, _ := parseErlangListen(v.value) // it was checked
	r.settings.erlangListen = v
	r.cfg.Erlang.Listen = listen
	r.set(v.path, v.origin)
}

func takeEPMD(r *reader, v given[string]) {
	r.settings.epmd = v
	r.cfg.Erlang.EPMD = v.value
	r.set(v.path, v.origin)
}

func takeAllow(r *reader, v given[[]string]) {
	r.settings.allow = v
	r.cfg.Erlang.Allow = v.value
	r.set(v.path, v.origin)
}

// parseErlangListen reads ADDR, which is any free port of it, and ADDR:PORT. An
// IPv6 address with a port is in brackets.
func parseErlangListen(text string) (netip.AddrPort, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(addr.Unmap(), 0), true
	}
	at, err := netip.ParseAddrPort(text)
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), err == nil
}

func checkErlangListen(text string) error {
	if _, ok := parseErlangListen(text); !ok {
		return fmt.Errorf("want an IP address, with or without a port, got %q", text)
	}
	return nil
}

// checkEPMD takes HOST:PORT.
func checkEPMD(text string) error {
	if host, port, err := net.SplitHostPort(text); err != nil || host == "" || !isPort(port) {
		return fmt.Errorf("want HOST:PORT with a port from 1 to 65535, got %q", text)
	}
	return nil
}

// isPort reports whether a text is a port that somebody can be dialled at.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// listenText is the address as the settings have it.
func (e Erlang) listenText() string {
	if e.Listen.Port() == 0 {
		return e.Listen.Addr().String()
	}
	return e.Listen.String()
}

// settleErlang gives the port mapper its port, and tells of what does nothing.
func (r *reader) settleErlang() {
	r.settleEPMD()
	if r.cfg.Erlang.Distribution {
		return
	}
	if listen := r.settings.erlangListen; listen.path != "" {
		r.atSpot(Warning, listen.spot, "", "%s: it does nothing without erlang.distribution", listen.path)
	}
	if allow := r.settings.allow; allow.path != "" {
		r.atSpot(Warning, allow.spot, "", "%s: it does nothing without erlang.distribution", allow.path)
	}
}

// settleEPMD follows erl, which takes the port of ERL_EPMD_PORT before -env sets
// anything.
func (r *reader) settleEPMD() {
	port, chosen := r.in.Getenv("ERL_EPMD_PORT"), r.settings.epmd
	switch {
	case port == "":
	case chosen.path != "":
		if _, own, _ := net.SplitHostPort(chosen.value); r.cfg.Erlang.Distribution && own != port {
			r.atSpot(Warning, chosen.spot, "", "%s: Erlang nodes that are started with ERL_EPMD_PORT=%s have another port mapper", chosen.path, port)
		}
	case isPort(port):
		r.cfg.Erlang.EPMD = net.JoinHostPort(epmd.Host, port)
		r.set("erlang.epmd", Origin{Source: "ERL_EPMD_PORT"})
	case r.cfg.Erlang.Distribution:
		r.report(Error, Origin{Source: "ERL_EPMD_PORT"}, fmt.Errorf("want a port from 1 to 65535, got %q", port))
	}
}

// checkErlang tells of a node that Erlang nodes look for where it does not
// listen: they dial the host of its name.
func (r *reader) checkErlang() {
	listen := r.cfg.Erlang.Listen.Addr()
	if !r.cfg.Erlang.Distribution || r.cfg.Name == "" || r.cfg.Name.Loopback() || !listen.IsLoopback() {
		return
	}
	host := r.cfg.Name.Host()
	hint := "write 'erlang: {listen: ADDRESS}' with the address that " + host + " has"
	if addr, err := netip.ParseAddr(host); err == nil {
		hint = "write 'erlang: {listen: " + addr.String() + "}'"
	}
	at := r.settings.distribution
	r.atSpot(Warning, at.spot, hint, "%s: Erlang nodes dial %s at %s, and this node listens on %s only", at.path, r.cfg.Name, host, listen)
}

// warnOfGuessableErlang tells of a short cookie that other hosts can guess at. To
// the nodes of ours it is stretched; to Erlang it is not.
func (r *reader) warnOfGuessableErlang() {
	if !r.cfg.Erlang.Distribution || r.cfg.Erlang.Listen.Addr().IsLoopback() || !r.cfg.hasShortCookie() {
		return
	}
	listen := r.settings.erlangListen
	r.report(Warning, listen.origin, &hintError{
		fmt.Errorf("%s: a cookie has fewer than %d characters, and who reaches %s can guess it, and run anything on the Erlang nodes", listen.path, longCookie, listen.value),
		"a start without a cookie makes a good one, in ~/.erlang.cookie",
	})
}

// hasShortCookie reports whether one of those that others may come with is short.
func (c *Config) hasShortCookie() bool {
	short := func(cookie Cookie) bool { return !cookie.IsZero() && len(cookie.Reveal()) < longCookie }
	return short(c.Cookie) || short(c.AlsoAccept) ||
		slices.ContainsFunc(c.NodeCookies, func(other NodeCookie) bool { return short(other.Cookie) })
}
