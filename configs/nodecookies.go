package configs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"interconnectd/configs/nodeid"
)

// givenNodeCookie is a -setcookie Node Cookie.
type givenNodeCookie struct {
	node, cookie string
	origin       Origin
}

// readNodeCookies takes each -setcookie Node Cookie as auth:init_setcookie/3
// does; those of the command line win over those of args files, and these over
// those of the settings. The cookie for
// the node's own name, if it is known, becomes its own: auth does that when the
// distribution starts.
func (r *reader) readNodeCookies(severity Severity) {
	var line, files []givenNodeCookie
	for _, pair := range r.in.Args.Pairs("setcookie") {
		line = append(line, givenNodeCookie{pair[0], pair[1], Origin{Source: "-setcookie"}})
		r.warnOfVisibleCookie()
	}
	for _, f := range r.argsFlags["setcookie"] {
		if len(f.Values) == 2 {
			files = append(files, givenNodeCookie{f.Values[0].Text, f.Values[1].Text, r.wordOrigin(f.Values[0], 0)})
		}
	}
	r.takeNodeCookies(severity, files)
	r.takeNodeCookies(severity, line)
	slices.SortFunc(r.cfg.NodeCookies, func(a, b NodeCookie) int { return cmp.Compare(a.Node, b.Node) })
}

// takeNodeCookies takes the cookies of one place. As in OTP a node that has two
// there has none.
func (r *reader) takeNodeCookies(severity Severity, list []givenNodeCookie) {
	var taken []NodeCookie
	origins := map[nodeid.Name]Origin{}
	for _, given := range list {
		one, err := given.read()
		if err != nil {
			r.report(severity, given.origin, err)
			continue
		}
		if first, again := origins[one.Node]; again {
			r.report(Warning, given.origin, fmt.Errorf("-setcookie for %s is given again, after %s: erl takes none of them", one.Node, first))
			taken = slices.DeleteFunc(taken, func(c NodeCookie) bool { return c.Node == one.Node })
			continue
		}
		origins[one.Node] = given.origin
		taken = append(taken, one)
	}
	for _, one := range taken {
		if one.Node == r.cfg.Name {
			r.ownCookie, r.ownOrigin = one.Cookie, origins[one.Node]
			continue
		}
		r.cfg.NodeCookies = slices.DeleteFunc(r.cfg.NodeCookies, func(c NodeCookie) bool { return c.Node == one.Node })
		r.cfg.NodeCookies = append(r.cfg.NodeCookies, one)
		r.set("cookie "+string(one.Node), origins[one.Node])
		r.warnOfShortCookie("the cookie", one.Cookie, origins[one.Node])
	}
}

// read checks the words. No error repeats one: the first may be a cookie, too.
func (g givenNodeCookie) read() (NodeCookie, error) {
	if unexpanded(g.node) != nil {
		return NodeCookie{}, &hintError{errors.New("the node of -setcookie has a variable in it that was not expanded"), expandAdvice}
	}
	name, err := nodeid.Parse(g.node)
	if err != nil {
		return NodeCookie{}, &hintError{
			errors.New("the first of the two words of -setcookie is no node name"), "write '-setcookie COOKIE' or '-setcookie b@127.0.0.1 COOKIE'",
		}
	}
	cookie, err := argsCookie(g.cookie)
	if err != nil {
		return NodeCookie{}, fmt.Errorf("-setcookie for %s: %w", name, err)
	}
	return NodeCookie{name, cookie}, nil
}
