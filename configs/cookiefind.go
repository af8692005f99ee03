package configs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"interconnectd/configs/nodeid"
)

// cookieAdvice names the ways to give a cookie.
const cookieAdvice = "give one with -setcookie_file FILE, as the systemd credential 'cookie', in RELEASE_COOKIE, or by cookie.file of the settings"

var (
	// errNoCookie: none of the places has a cookie.
	errNoCookie = errors.New("no cookie")
	errNoHome   = &hintError{errors.New("no cookie, and no home directory to make one in"), cookieAdvice}
)

// findCookie takes the first cookie there is. Where there is none it makes
// one in the home directory, as auth does, if mayMake.
func (r *reader) findCookie(mayMake bool) {
	cookie, origin, err := r.lookForCookie()
	if errors.Is(err, errNoCookie) && mayMake {
		cookie, origin, err = r.makeCookie()
	} else if errors.Is(err, errNoCookie) {
		return
	}
	r.takeCookie(Error, cookie, origin, err)
}

// findCookieForCheck is findCookie without a need for one that is there.
func (r *reader) findCookieForCheck() {
	cookie, origin, err := r.lookForCookie()
	if errors.Is(err, errNoCookie) {
		if len(r.homeCookieFiles()) > 0 {
			return // a start makes one
		}
		err = errNoHome
	}
	r.takeCookie(Warning, cookie, origin, err)
}

// reportCookie reports a cookie that cannot be used. A Warning is for what may be
// otherwise where the node is started: who checks need not be who may read it, nor
// be on that host. What is wrong with a file that is there, or with a cookie that was
// given, is an Error all the same.
func (r *reader) reportCookie(severity Severity, origin Origin, err error) {
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, errNoHome) {
		severity = Error
	}
	r.report(severity, origin, err)
}

// readAlsoAccepted reads the file of cookie.also_accept_file.
func (r *reader) readAlsoAccepted(severity Severity) {
	path := r.settings.alsoAccept.value
	if path == "" {
		return
	}
	cookie, origin, err := cookieIn(path, true)
	if err != nil {
		r.reportCookie(severity, origin, err)
		return
	}
	r.cfg.AlsoAccept = cookie
	r.set(alsoAcceptName, origin)
	r.warnOfShortCookie("the cookie", cookie, origin)
}

// alsoAcceptName is what Effective calls the second cookie.
const alsoAcceptName = "cookie.also_accept"

// readRoutesSecret reads the file of bus.routes_secret_file, which is as one with a
// cookie.
func (r *reader) readRoutesSecret(severity Severity) {
	path := r.settings.routesSecret.value
	if path == "" {
		return
	}
	secret, origin, err := cookieIn(path, true)
	if err != nil {
		r.reportCookie(severity, origin, fmt.Errorf("bus.routes_secret_file: %w", err))
		return
	}
	r.cfg.Bus.RoutesSecret = secret
	r.set(routesSecretName, origin)
	r.warnOfShortCookie("the secret of the routes", secret, origin)
}

// routesSecretName is what Effective calls it.
const routesSecretName = "bus.routes_secret"

// readNodeCookieFiles reads the files of cookie.per_node. The entry of the node
// itself, which a file of settings that nodes share may have, is passed over.
func (r *reader) readNodeCookieFiles(severity Severity) {
	for _, c := range r.settings.perNode {
		node := nodeid.Name(c.node.value)
		if node == r.cfg.Name {
			continue
		}
		cookie, origin, err := cookieIn(c.file, true)
		if err != nil {
			r.reportCookie(severity, origin, err)
			continue
		}
		r.cfg.NodeCookies = append(r.cfg.NodeCookies, NodeCookie{node, cookie})
		r.set("cookie "+string(node), origin)
	}
	slices.SortFunc(r.cfg.NodeCookies, func(a, b NodeCookie) int { return cmp.Compare(a.Node, b.Node) })
}

func (r *reader) takeCookie(severity Severity, cookie Cookie, origin Origin, err error) {
	if err != nil {
		r.reportCookie(severity, origin, err)
		return
	}
	r.cfg.Cookie = cookie
	r.set("cookie", origin)
	r.warnOfShortCookie("the cookie", cookie, origin)
}

func (r *reader) warnOfShortCookie(what string, cookie Cookie, origin Origin) {
	if len(cookie.Reveal()) < longCookie {
		r.report(Warning, origin, &hintError{
			fmt.Errorf("%s has fewer than %d characters: it may be guessed, and each start takes longer", what, longCookie),
			"a start without a cookie makes a good one, in ~/.erlang.cookie",
		})
	}
}

// longCookie is how many characters a good cookie has, as those have that auth
// makes. A shorter one is stretched: see session.LongCookie.
const longCookie = 20

// lookForCookie goes through the places in their order. A place that has
// something unusable ends the search: a node must not start with another
// cookie than the one it was given.
func (r *reader) lookForCookie() (Cookie, Origin, error) {
	args := r.in.Args
	if !r.ownCookie.IsZero() {
		return r.ownCookie, r.ownOrigin, nil
	}
	if args.Has("setcookie") {
		r.warnOfVisibleCookie()
		cookie, err := NewCookie(args.Value("setcookie"))
		return cookie, Origin{Source: "-setcookie"}, err
	}
	if args.Has("setcookie_file") {
		return cookieIn(args.Value("setcookie_file"), true)
	}
	if dir := r.in.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		// The access that systemd grants by an ACL may show as the group's.
		cookie, origin, err := cookieIn(filepath.Join(dir, "cookie"), false)
		if !errors.Is(err, fs.ErrNotExist) {
			return cookie, origin, err
		}
	}
	if r.argsCookie.value != "" {
		cookie, err := argsCookie(r.argsCookie.value)
		return cookie, r.argsCookie.origin, err
	}
	if text := r.in.Getenv("RELEASE_COOKIE"); text != "" {
		cookie, err := NewCookie(text)
		return cookie, Origin{Source: "RELEASE_COOKIE"}, err
	}
	if r.settings.cookieFile.value != "" {
		return cookieIn(r.settings.cookieFile.value, true)
	}
	for _, path := range r.homeCookieFiles() {
		cookie, origin, err := cookieIn(path, true)
		if !errors.Is(err, fs.ErrNotExist) {
			return cookie, origin, err
		}
	}
	return Cookie{}, Origin{}, errNoCookie
}

func (r *reader) warnOfVisibleCookie() {
	r.report(Warning, Origin{Source: "-setcookie"}, &hintError{
		errors.New("everyone on this host can see the cookie in the list of processes"), "write '-setcookie_file FILE'",
	})
}

func cookieIn(path string, private bool) (Cookie, Origin, error) {
	cookie, err := readCookieFile(path, private)
	return cookie, Origin{Source: path}, err
}

// makeCookie makes a cookie file in the first of the home places and reads it.
func (r *reader) makeCookie() (Cookie, Origin, error) {
	files := r.homeCookieFiles()
	if len(files) == 0 {
		return Cookie{}, Origin{}, errNoHome
	}
	if err := makeCookieFile(files[0]); err != nil {
		return Cookie{}, Origin{Source: files[0]}, &hintError{fmt.Errorf("no cookie, and none can be made here: %w", err), cookieAdvice}
	}
	r.cfg.CookieMade = files[0]
	return cookieIn(files[0], true)
}

// homeCookieFiles are ~/.erlang.cookie and .erlang.cookie in the user's
// configuration directory of Erlang: those of auth:read_cookie/0.
func (r *reader) homeCookieFiles() []string {
	home, config := r.in.Getenv("HOME"), r.argsGetenv("XDG_CONFIG_HOME")
	var files []string
	if home != "" {
		files = append(files, filepath.Join(home, ".erlang.cookie"))
	}
	if home := r.argsGetenv("HOME"); home != "" {
		if config == "" {
			config = filepath.Join(home, ".config")
		}
	}
	if config != "" {
		files = append(files, filepath.Join(config, "erlang", ".erlang.cookie"))
	}
	return files
}
