package calls

import (
	"context"
	_ "embed"
	"fmt"

	"interconnectd/syncnodes/bench/child"
)

// roundtripSource is compiled by each node of Erlang: what is called in a loop must not
// be interpreted, as expressions of -eval are.
//
//go:embed roundtrip.erl
var roundtripSource []byte

// atEPMD lets both nodes find each other at a port mapper of theirs.
func atEPMD(ctx context.Context) (string, func(), error) {
	p, port, err := child.StartEPMD(ctx)
	if err != nil {
		return "", nil, err
	}
	return port, p.Close, nil
}

func answererOfOTP(_, epmd string) (child.Command, error) {
	return erl(epmd, answererName, "roundtrip:answer()"), nil
}

func askerOfOTP(_, epmd string, plan Plan) (child.Command, error) {
	return erl(epmd, askerName, fmt.Sprintf("roundtrip:ask('%s', %d, %d)", answererName, plan.Warm, plan.Count)), nil
}

// erl is a node that compiles the module and runs a call of it.
func erl(epmd, name, call string) child.Command {
	c := child.Erl(epmd, name, "-noinput", "-setcookie", cookie, "-eval", "{ok, _} = c:c(roundtrip), "+call+".")
	c.Files = map[string][]byte{"roundtrip.erl": roundtripSource}
	return c
}
