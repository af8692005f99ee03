package configs

import (
	"crypto/rand"
	"encoding/hex"
	"errors"

	"interconnectd/configs/nodeid"
)

// LoadTransient reads what a command needs that joins for a moment, without a daemon,
// to talk to peer, or to whoever is there where peer is "". Unlike Load it takes a name
// from -name and -sname only, for all others are a daemon's, and makes one where there
// is none; and it makes no cookie.
func LoadTransient(in Input, peer nodeid.Name) (*Config, Problems) {
	r := newReader(in)
	r.read()
	r.identifyTransient(peer)
	r.checkAuthFiles(Error)
	r.readRoutesSecret(Error)
	r.readNodeCookieFiles(Error)
	r.readNodeCookies(Error)
	r.findCookie(false)
	if r.problems.Err() == nil && r.cfg.Cookie.IsZero() {
		r.report(Error, Origin{Source: "cookie"}, &hintError{errNoCookie, "write '-setcookie_file FILE'"})
	}
	return r.done()
}

func (r *reader) identifyTransient(peer nodeid.Name) {
	if r.in.Args.Has("name") || r.in.Args.Has("sname") {
		given, origin, length := r.givenName()
		name, err := completeName(given, length, r.in.Host)
		r.takeName(name, origin, err)
		return
	}
	host, err := hostBeside(peer, r.in.Host)
	if err == nil {
		var suffix [4]byte
		_, _ = rand.Read(suffix[:]) // crypto/rand does not fail
		var name nodeid.Name
		name, err = nodeid.Parse(fallbackAlive + "-" + hex.EncodeToString(suffix[:]) + "@" + host)
		r.takeName(name, hostOrigin, err)
		return
	}
	r.report(Error, hostOrigin, &hintError{err, "write '-name NAME@HOST'"})
}

// hostBeside is the host of a name that can connect to peer: on loopback where that
// is, short where that is.
func hostBeside(peer nodeid.Name, host Host) (string, error) {
	switch {
	case peer == "":
		return "127.0.0.1", nil
	case peer.Loopback():
		return peer.Host(), nil
	case !peer.Long():
		return host.ShortName()
	}
	full, err := host.FullName()
	if err != nil {
		return "", err
	}
	if nodeid.Name("x@" + full).Long() {
		return full, nil
	}
	addrs, err := host.Addrs()
	if err != nil {
		return "", err
	}
	for _, addr := range addrs {
		if addr.Is4() {
			return addr.String(), nil
		}
	}
	return "", errors.New("this host has no long name, and no address")
}
