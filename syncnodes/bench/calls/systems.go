package calls

import (
	"context"
	"net"
	"strconv"

	"interconnectd/syncnodes/bench/child"
	"interconnectd/syncnodes/bench/report"
	"interconnectd/syncnodes/bus/bustest"
)

// system is one of those that are compared.
type system struct {
	name     string
	programs []string // that must be in the PATH
	// meet prepares where the two ends find each other. done ends what it started.
	meet func(ctx context.Context) (at string, done func(), err error)
	// answerer prints ready when it can be called, asker the times of its calls.
	answerer func(name, at string) (child.Command, error)
	asker    func(name, at string, plan Plan) (child.Command, error)
}

// ready is what an answerer prints.
const ready = "ready"

var systems = []system{
	{report.CallEmbedded, nil, atFreePort, answererOfGo, askerOfGo},
	{report.BareEmbedded, nil, atFreePort, answererOfGo, askerOfGo},
	{report.CallExternal, []string{"nats-server"}, atNATSServer, answererOfGo, askerOfGo},
	{report.BareExternal, []string{"nats-server"}, atNATSServer, answererOfGo, askerOfGo},
	{report.CallOTP, []string{"erl", "epmd"}, atEPMD, answererOfOTP, askerOfOTP},
	{tcp, nil, atFreePort, answererOfGo, askerOfGo},
}

// atFreePort lets one end listen on a port that nobody has. The other one may have the
// port after it.
func atFreePort(context.Context) (string, func(), error) {
	return strconv.Itoa(bustest.FreePorts(2)), func() {}, nil
}

func atNATSServer(ctx context.Context) (string, func(), error) {
	server, err := child.StartNATSServer(ctx)
	if err != nil {
		return "", nil, err
	}
	return server.URL, server.Close, nil
}

func onLoopback(port string) string { return net.JoinHostPort("127.0.0.1", port) }
