package configs

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
)

// A value that OTP refuses is an error here; one that OTP silently takes for
// another is a warning that says which.

// readKernel reads the parameters that mean something here, and keeps all
// others.
func (r *reader) readKernel() {
	for at, p := range r.params {
		if at.app == "kernel" {
			r.readKernelParam(p)
		}
		if at.app != "kernel" || !isHonoured(at.name) {
			r.cfg.Params = append(r.cfg.Params, Parameter{at.app, at.name, p.value.term(), whyUnused(at.app, at.name)})
		}
	}
	slices.SortFunc(r.cfg.Params, func(a, b Parameter) int {
		return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Name, b.Name))
	})
	r.syncLists()
	r.ports()
}

func (r *reader) readKernelParam(p param) {
	if !isKernelParam(p.name) {
		r.at(Warning, p.key, didYouMean(p.name, kernelParamNames()), "kernel has no parameter %s", p.name)
	}
	if read := honoured[p.name]; read != nil {
		read(r, p)
	}
	if known, ok := accepted[p.name]; ok && !known.ok(p.value.term()) {
		r.wrong(Error, p, "", "want %s, got %s", known.want, show(p.value.term()))
	}
}

// kernelParam is a parameter of the kernel application, if it was set.
func (r *reader) kernelParam(name string) (param, bool) {
	p, ok := r.params[paramKey{"kernel", name}]
	return p, ok
}

// wrong reports the value of a parameter.
func (r *reader) wrong(severity Severity, p param, hint, format string, args ...any) {
	r.at(severity, p.value, hint, "%s: %s", p.name, fmt.Sprintf(format, args...))
}

func (r *reader) took(p param) { r.set(p.name, p.key.origin()) }

// syncTimeout follows kernel_config:get_sync_timeout/0. Its process waits
// with `receive after`, which takes no more than 32 bits.
func (r *reader) syncTimeout(p param) {
	switch t := p.value.term().(type) {
	case erlterm.Atom:
		if t == "infinity" {
			r.cfg.SyncTimeout = Infinity
			r.took(p)
			return
		}
	case erlterm.Int:
		if t > math.MaxUint32 {
			r.wrong(Error, p, "write infinity", "want at most %d milliseconds, got %s", uint32(math.MaxUint32), show(p.value.term()))
			return
		}
		if t > 0 {
			r.cfg.SyncTimeout = time.Duration(t) * time.Millisecond
			r.took(p)
			return
		}
	}
	r.wrong(Error, p, "", "want an integer above 0 (milliseconds) or infinity, got %s", show(p.value.term()))
}

// syncLists reads both lists. A node that is in both is a mandatory one.
func (r *reader) syncLists() {
	_, timed := r.kernelParam("sync_nodes_timeout")
	in := map[nodeid.Name]string{} // the list of each
	for _, list := range []struct {
		name string
		into *[]nodeid.Name
	}{
		{"sync_nodes_mandatory", &r.cfg.SyncMandatory},
		{"sync_nodes_optional", &r.cfg.SyncOptional},
	} {
		p, ok := r.kernelParam(list.name)
		if !ok {
			continue
		}
		for _, n := range r.nodeList(p) {
			r.syncNodes = append(r.syncNodes, n)
			switch first, again := in[n.name]; {
			case !again:
				in[n.name] = list.name
				*list.into = append(*list.into, n.name)
			case first != list.name:
				r.at(Warning, n.place, "remove it from one of the lists", "%s: %s is in %s too: it is a mandatory node", list.name, quoted(n.name), first)
			}
		}
		r.took(p)
		if !timed {
			r.at(Warning, p.key, "add {sync_nodes_timeout, 5000}", "%s: the lists do nothing without sync_nodes_timeout", p.name)
		}
	}
}

// warnOfMixedKinds compares the names of the lists with each other, where the
// own name is not known.
func (r *reader) warnOfMixedKinds() {
	for _, n := range r.syncNodes {
		if n.name.Long() != r.syncNodes[0].name.Long() {
			r.at(Warning, n.place, "", "long and short names never connect: %s and %s cannot both be reached",
				quoted(r.syncNodes[0].name), quoted(n.name))
			return
		}
	}
}

// warnOfUnresolvedHosts asks for each host of the lists once. A node of such a
// host is found on an external bus all the same, but by no Erlang node.
func (r *reader) warnOfUnresolvedHosts() {
	var hosts []string
	for _, n := range r.syncNodes {
		if host := n.name.Host(); !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	unknown := r.in.Host.Unresolved(hosts)
	for _, n := range r.syncNodes {
		if i := slices.Index(unknown, n.name.Host()); i >= 0 {
			unknown[i] = "" // told
			r.at(Warning, n.place, "", "%s: the host %s does not resolve", quoted(n.name), n.name.Host())
		}
	}
}

// nodeList reads a list of node names. OTP takes any list here and finds out
// when it pings.
func (r *reader) nodeList(p param) []syncNode {
	hint := ""
	if _, err := nodeid.Parse(literal(p.value.term())); err == nil {
		hint = "write [" + erlterm.Atom(literal(p.value.term())).String() + "]"
	}
	list, ok := r.listAt(p.value, hint, p.name+": want a list of node names")
	if !ok {
		return nil
	}
	var nodes []syncNode
	for _, e := range list {
		atom, ok := e.term().(erlterm.Atom)
		if !ok {
			hint := ""
			if name, err := nodeid.Parse(literal(e.term())); err == nil {
				hint = "write " + quoted(name)
			}
			r.at(Error, e, hint, "%s: want a node name, an atom, got %s", p.name, show(e.term()))
			continue
		}
		name, err := nodeid.Parse(string(atom))
		if err != nil {
			r.at(Error, e, "", "%s: %s is no node name: %v", p.name, show(e.term()), err)
			continue
		}
		nodes = append(nodes, syncNode{name, e})
	}
	return nodes
}

// literal is what a person meant by a name in any kind of quotes.
func literal(t erlterm.Term) string {
	switch t := t.(type) {
	case erlterm.Atom:
		return string(t)
	case erlterm.String:
		return string(t)
	case erlterm.Bits:
		return string(t.Bytes)
	default:
		return ""
	}
}

// connectAll follows global:init/1.
func (r *reader) connectAll(p param) {
	switch p.value.term() {
	case erlterm.Atom("true"), erlterm.Atom("false"):
		r.cfg.ConnectAll = p.value.term() == erlterm.Atom("true")
		r.took(p)
	default:
		r.wrong(Error, p, "", "want true or false, got %s", show(p.value.term()))
	}
}

// autoConnect takes what net_kernel:do_auto_connect_2/5 knows. That takes other
// values for none, as a node without the parameter.
func (r *reader) autoConnect(p param) {
	word, _ := p.value.term().(erlterm.Atom)
	switch word {
	case "never", "once":
		r.cfg.AutoConnect = string(word)
		r.took(p)
	default:
		r.wrong(Error, p, didYouMean(string(word), []string{"never", "once"}), "want never or once, got %s", show(p.value.term()))
	}
}

// netTickTime follows net_kernel:make_init_opts/1: an integer below 1 counts
// as 1. What is no integer counts there as if it were not set.
func (r *reader) netTickTime(p param) {
	const most = math.MaxInt64 / int64(time.Second)
	t, ok := p.value.term().(erlterm.Int)
	switch {
	case !ok || int64(t) > most:
		r.wrong(Error, p, "", "want seconds as an integer above 0, got %s", show(p.value.term()))
		return
	case t < 1:
		r.wrong(Warning, p, "", "want seconds as an integer above 0, got %s: 1 is used", show(p.value.term()))
		t = 1
	}
	r.cfg.TickTime = time.Duration(t) * time.Second
	r.took(p)
}

// netSetupTime follows net_kernel:connecttime/0: a number above 0, rounded to
// milliseconds, at most 120; other numbers count as the default. So does there
// what is no number.
func (r *reader) netSetupTime(p param) {
	const most = 120
	var seconds float64
	switch t := p.value.term().(type) {
	case erlterm.Int:
		seconds = float64(t)
	case *erlterm.BigInt:
		seconds, _ = new(big.Float).SetInt(t.Big()).Float64()
	case erlterm.Float:
		seconds = float64(t)
	default:
		r.wrong(Error, p, "", "want seconds above 0, got %s", show(t))
		return
	}
	if seconds > most {
		r.wrong(Warning, p, "", "want at most %d seconds, got %s: %d is used", most, show(p.value.term()), most)
		seconds = most
	}
	setup := time.Duration(math.Round(seconds*1000)) * time.Millisecond
	if setup <= 0 {
		r.wrong(Warning, p, "", "want seconds above 0, got %s: %g is used", show(p.value.term()), r.cfg.SetupTime.Seconds())
		return
	}
	r.cfg.SetupTime = setup
	r.took(p)
}

// ports follows inet_tcp_dist:get_port_range/0: without a maximum the minimum
// is the only port. Any port at all, which a minimum of 0 asks for and which is
// OTP's default, means the default here too.
func (r *reader) ports() {
	low, hasLow := r.kernelParam("inet_dist_listen_min")
	high, hasHigh := r.kernelParam("inet_dist_listen_max")
	if !hasLow {
		if hasHigh {
			r.wrong(Warning, high, "", "does nothing without inet_dist_listen_min")
		}
		return
	}
	first, ok := r.port(low)
	if !ok || first == 0 {
		return
	}
	last, origin := first, low.key.origin()
	if hasHigh {
		if n, ok := r.port(high); ok {
			last, origin = n, high.key.origin()
		}
	}
	if first > last {
		r.wrong(Error, low, "", "%d is above inet_dist_listen_max, %d", first, last)
		return
	}
	r.cfg.Ports = Ports{Min: first, Max: last}
	r.took(low)
	r.set("inet_dist_listen_max", origin)
}

// port reads a port. OTP puts something else in the place of what is no
// integer, and fails on one that is no port.
func (r *reader) port(p param) (int, bool) {
	t, ok := p.value.term().(erlterm.Int)
	if !ok || t < 0 || t > math.MaxUint16 {
		r.wrong(Error, p, "", "want a port (1 to 65535), got %s", show(p.value.term()))
		return 0, false
	}
	return int(t), true
}

// useInterface takes an ip_address() of inet, which inet_tcp_dist listens on.
func (r *reader) useInterface(p param) {
	tuple, _ := p.value.term().(erlterm.Tuple)
	addr, ok := addrOf(tuple)
	if !ok {
		hint := ""
		if ip, err := netip.ParseAddr(literal(p.value.term())); err == nil {
			hint = "write " + tupleOf(ip)
		}
		r.wrong(Error, p, hint, "want an address, as in {127,0,0,1}, got %s", show(p.value.term()))
		return
	}
	r.cfg.Interface = addr
	r.took(p)
}

// addrOf is the address that four bytes, or eight words of two, make.
func addrOf(tuple erlterm.Tuple) (netip.Addr, bool) {
	width := map[int]int{4: 1, 8: 2}[len(tuple)] // bytes of an element
	var b []byte
	for _, e := range tuple {
		n, ok := e.(erlterm.Int)
		if !ok || n < 0 || int64(n) >= 1<<(8*width) {
			return netip.Addr{}, false
		}
		if width == 2 {
			b = append(b, byte(n>>8))
		}
		b = append(b, byte(n))
	}
	return netip.AddrFromSlice(b)
}

// tupleOf is an address as Erlang writes it.
func tupleOf(addr netip.Addr) string {
	var tuple erlterm.Tuple
	b := addr.AsSlice()
	for i := 0; i < len(b); i++ {
		n := erlterm.Int(b[i])
		if addr.Is6() {
			i++
			n = n<<8 | erlterm.Int(b[i])
		}
		tuple = append(tuple, n)
	}
	return tuple.String()
}

// logLevels are logger's levels by their nearest here. notice, OTP's default,
// is info: a node's comings and goings are told at info.
var logLevels = map[string]hclog.Level{
	"emergency": hclog.Error,
	"alert":     hclog.Error,
	"critical":  hclog.Error,
	"error":     hclog.Error,
	"warning":   hclog.Warn,
	"notice":    hclog.Info,
	"info":      hclog.Info,
	"debug":     hclog.Debug,
	"all":       hclog.Trace,
	"none":      hclog.Off,
}

// logLevelNames in logger's order of severity.
var logLevelNames = []string{"emergency", "alert", "critical", "error", "warning", "notice", "info", "debug", "all", "none"}

// loggerLevel follows logger_server:check_level/1.
func (r *reader) loggerLevel(p param) {
	name, _ := p.value.term().(erlterm.Atom)
	level, ok := logLevels[string(name)]
	if !ok {
		r.wrong(Error, p, didYouMean(string(name), logLevelNames), "want %s, got %s", orList(logLevelNames), show(p.value.term()))
		return
	}
	r.cfg.LogLevel = level
	r.took(p)
}
