package configs

import (
	"fmt"
	"os"
	"path/filepath"
)

// BusAuth says how external servers know the node, and the node them. All but
// User are paths of files; "" is none.
type BusAuth struct {
	CredentialsFile string
	NKeyFile        string
	User            string
	PasswordFile    string
	TokenFile       string

	CAFile   string
	CertFile string
	KeyFile  string
}

// authSetting is one of them, under its key in the settings.
type authSetting struct {
	path   string
	field  func(*BusAuth) *string
	way    bool // one of those that exclude each other
	secret bool // a file that nobody else is to read
	with   string
}

var authSettings = []authSetting{
	{path: "bus.credentials_file", field: func(a *BusAuth) *string { return &a.CredentialsFile }, way: true, secret: true},
	{path: "bus.nkey_file", field: func(a *BusAuth) *string { return &a.NKeyFile }, way: true, secret: true},
	{path: "bus.user", field: func(a *BusAuth) *string { return &a.User }, way: true, with: "bus.password_file"},
	{path: "bus.password_file", field: func(a *BusAuth) *string { return &a.PasswordFile }, secret: true, with: "bus.user"},
	{path: "bus.token_file", field: func(a *BusAuth) *string { return &a.TokenFile }, way: true, secret: true},
	{path: "bus.tls.ca_file", field: func(a *BusAuth) *string { return &a.CAFile }},
	{path: "bus.tls.cert_file", field: func(a *BusAuth) *string { return &a.CertFile }, with: "bus.tls.key_file"},
	{path: "bus.tls.key_file", field: func(a *BusAuth) *string { return &a.KeyFile }, secret: true, with: "bus.tls.cert_file"},
}

func takeAuth(r *reader, v given[string]) {
	for _, s := range authSettings {
		if s.path == v.path {
			*s.field(&r.cfg.Bus.Auth) = v.value
			r.set(v.path, v.origin)
		}
	}
	if r.settings.auth == nil {
		r.settings.auth = make(map[string]given[string])
	}
	r.settings.auth[v.path] = v
}

// settleAuth holds the settings against each other.
func (r *reader) settleAuth() {
	first := ""
	for _, s := range authSettings {
		v, ok := r.settings.auth[s.path]
		switch _, paired := r.settings.auth[s.with]; {
		case !ok:
			continue
		case s.with != "" && !paired:
			r.atSpot(Error, v.spot, "", "%s: it needs %s beside it", s.path, s.with)
		case s.way && first != "":
			r.atSpot(Error, v.spot, "", "%s: want one way to be known by the servers, and there is %s", s.path, first)
		case len(r.cfg.Bus.URLs) == 0:
			r.atSpot(Warning, v.spot, "", "%s: it does nothing without bus.urls", s.path)
		}
		if s.way && first == "" {
			first = s.path
		}
	}
}

// checkAuthFiles looks whether the files are there, and nobody else reads those
// that are secret.
func (r *reader) checkAuthFiles(severity Severity) {
	for _, s := range authSettings {
		path := *s.field(&r.cfg.Bus.Auth)
		if path == "" || s.path == "bus.user" {
			continue
		}
		origin := Origin{Source: path}
		info, err := os.Stat(path)
		switch {
		case err != nil:
			r.report(severity, origin, fmt.Errorf("%s: %w", s.path, bare(err)))
		case !info.Mode().IsRegular():
			r.report(severity, origin, fmt.Errorf("%s: it is not a regular file", s.path))
		case s.secret && info.Mode().Perm()&0o077 != 0 && filepath.Dir(path) != r.in.Getenv("CREDENTIALS_DIRECTORY"):
			r.report(Warning, origin, &hintError{fmt.Errorf("%s: others than its owner can read it", s.path), "write 'chmod 400 " + path + "'"})
		}
	}
}
