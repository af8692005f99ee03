package configs

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"interconnectd/configs/nodeid"
)

// fallbackAlive is the name before the '@' when nobody gave one.
const fallbackAlive = "interconnectd"

// nameLength is which kind of host a bare name gets, and which kind a full
// one must have.
type nameLength int

const (
	anyLength nameLength = iota
	shortName
	longName
)

// identify finds the node's name: of -name or -sname, of the args file,
// RELEASE_NODE, node.name of the settings, the one name of the sync lists that is this host's, else
// interconnectd at this host.
func (r *reader) identify() {
	given, origin, length := r.givenName()
	if given != "" {
		name, err := completeName(given, length, r.in.Host)
		r.takeName(name, origin, err)
		r.checkKinds(Error)
		return
	}
	if name, origin, ok := r.listedName(); ok {
		r.takeName(name, origin, nil)
	} else {
		name, err := fallbackName(r.in.Host)
		r.takeName(name, hostOrigin, err)
	}
	// A name that nobody chose is no reason to stop.
	r.checkKinds(Warning)
}

func (r *reader) takeName(name nodeid.Name, origin Origin, err error) {
	if err != nil {
		r.report(Error, origin, err)
		return
	}
	r.cfg.Name = name
	r.set("name", origin)
}

func fallbackName(host Host) (nodeid.Name, error) {
	full, err := host.FullName()
	if err != nil {
		return "", err
	}
	name, err := nodeid.Parse(fallbackAlive + "@" + full)
	if err != nil {
		return "", &hintError{fmt.Errorf("it makes no node name: %w", err), "write '-name a@127.0.0.1'"}
	}
	return name, nil
}

// givenName is the name that somebody chose, "" when nobody did.
func (r *reader) givenName() (string, Origin, nameLength) {
	args := r.in.Args
	if args.Has("name") && args.Has("sname") {
		r.report(Error, Origin{Source: "-sname"}, fmt.Errorf("-name and -sname exclude each other"))
	}
	if args.Has("name") {
		return args.Value("name"), Origin{Source: "-name"}, longName
	}
	if args.Has("sname") {
		return args.Value("sname"), Origin{Source: "-sname"}, shortName
	}
	if r.argsName.value != "" {
		return r.argsName.value, r.argsName.origin, r.argsLength
	}
	if node := r.in.Getenv("RELEASE_NODE"); node != "" {
		length := anyLength
		switch {
		case strings.Contains(node, "@"):
		case r.in.Getenv("RELEASE_DISTRIBUTION") == "name":
			length = longName
		default: // as the start script of a release made by Mix
			length = shortName
		}
		return node, Origin{Source: "RELEASE_NODE"}, length
	}
	return r.settings.nodeName.value, r.settings.nodeName.origin, anyLength
}

// completeName gives a bare name its host and checks a full one, as
// net_kernel:create_name/3 does. Unlike there a long name must have a dot in
// its host: OTP starts such a node, and no other can connect to it.
func completeName(given string, length nameLength, host Host) (nodeid.Name, error) {
	if err := unexpanded(given); err != nil {
		return "", err
	}
	full := given
	if !strings.Contains(given, "@") && length != anyLength {
		ask := host.ShortName
		if length == longName {
			ask = host.FullName
		}
		part, err := ask()
		if err != nil {
			return "", err
		}
		if length == longName && !strings.Contains(part, ".") {
			return "", &hintError{
				fmt.Errorf("%q wants a long name, and this host's full name, %s, has no dot", given, part),
				"write '-name " + given + "@127.0.0.1' or '-sname " + given + "'",
			}
		}
		full = given + "@" + part
	}
	name, err := nodeid.Parse(full)
	if err != nil {
		return "", fmt.Errorf("%q is no node name: %w", given, err)
	}
	switch {
	case length == longName && !name.Long():
		return "", &hintError{
			fmt.Errorf("%s is a short name: the host of a long name has a dot", name),
			"write '-sname " + full + "'",
		}
	case length == shortName && name.Long():
		return "", &hintError{
			fmt.Errorf("%s is a long name: the host of a short name has no dot", name),
			"write '-name " + full + "'",
		}
	}
	return name, nil
}

// listedName is the name in the sync lists whose host is this one, when there
// is exactly one and no Erlang node on this host has it.
func (r *reader) listedName() (nodeid.Name, Origin, bool) {
	var candidates []nodeid.Name
	for _, name := range slices.Concat(r.cfg.SyncMandatory, r.cfg.SyncOptional) {
		if !name.Loopback() && hostIs(r.in.Host, name.Host()) {
			candidates = append(candidates, name)
		}
	}
	if len(candidates) != 1 || r.in.Host.ErlangHas(r.cfg.Erlang.EPMD, candidates[0].Alive()) {
		return "", Origin{}, false
	}
	list := "sync_nodes_optional"
	if slices.Contains(r.cfg.SyncMandatory, candidates[0]) {
		list = "sync_nodes_mandatory"
	}
	return candidates[0], r.cfg.Origin(list), true
}

// hostIs reports whether host, the end of a node name, is a name or an
// address of h. What cannot be found out is no match.
func hostIs(h Host, host string) bool {
	if short, err := h.ShortName(); err == nil && strings.EqualFold(short, host) {
		return true
	}
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		addrs, err := h.Addrs()
		return err == nil && slices.Contains(addrs, addr)
	}
	full, err := h.FullName()
	return err == nil && strings.EqualFold(full, host)
}

// checkKinds compares the sync nodes with the node's own name: long and short
// names never connect. Every such node is an error; as a warning the first
// stands for all.
func (r *reader) checkKinds(severity Severity) {
	own := cmp.Or(r.running, r.cfg.Name)
	if own == "" {
		return
	}
	others := slices.DeleteFunc(slices.Clone(r.syncNodes), func(n syncNode) bool { return n.name.Long() == own.Long() })
	for _, n := range others {
		kind, hint := "a short name", "write the host with its domain, or its address"
		if n.name.Long() {
			kind, hint = "a long name where the host has none", "start with -name"
		}
		more := ""
		if severity == Warning && len(others) > 1 {
			more = fmt.Sprintf(", and %d more of the lists have names of the other kind", len(others)-1)
		}
		r.at(severity, n.place, hint, "'%s': %s: long and short names never connect, and this node is %s%s", n.name, kind, own, more)
		if severity == Warning {
			return
		}
	}
}
