package syncnodes_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"interconnectd/configs/nodeid"
	"interconnectd/erlterm"
	"interconnectd/syncnodes"
	"interconnectd/syncnodes/bus"
	"interconnectd/syncnodes/bus/bustest"
	"interconnectd/syncnodes/clocktest"
)

// Nodes that are to meet have the same cookie. It is a secret; this one is not.
const cookie = "ic1-an-example-is-no-place-for-a-cookie"

// Two nodes of one program meet on the embedded mesh, and one calls a process of
// the other. In two programs, on one host or several, they look the same.
func Example() {
	ctx := context.Background()
	mesh := freeMesh() // else the zero value will do

	shop, err := syncnodes.Start(ctx, syncnodes.Options{Name: "shop@127.0.0.1", Cookie: cookie, Bus: mesh})
	if err != nil {
		log.Fatal(err)
	}
	defer shop.Close()
	shop.Register("stock", func(_ context.Context, request erlterm.Term) (erlterm.Term, error) {
		if !erlterm.Equal(request, erlterm.Atom("apples")) {
			return nil, fmt.Errorf("no %s here", request)
		}
		return erlterm.Tuple{erlterm.Atom("ok"), erlterm.Int(7)}, nil
	})

	till, err := syncnodes.Start(ctx, syncnodes.Options{Name: "till@127.0.0.1", Cookie: cookie, Bus: mesh})
	if err != nil {
		log.Fatal(err)
	}
	defer till.Close()
	stock := syncnodes.Address{Name: "stock", Node: shop.Self()}
	for _, fruit := range []erlterm.Atom{"apples", "pears"} {
		answer, err := till.Call(ctx, stock, fruit) // connects to shop first
		fmt.Println(answer, err)
	}
	// Output:
	// {ok,7} <nil>
	// <nil> stock on shop@127.0.0.1: no pears here
}

// A monitor is told who comes and goes, in the words of
// net_kernel:monitor_nodes/2.
func ExampleNode_Monitor() {
	ctx := context.Background()
	mesh := freeMesh()
	a := start("a@127.0.0.1", mesh)
	defer a.Close()
	monitor, err := a.Monitor(ctx, syncnodes.MonitorOptions{NodedownReason: true})
	if err != nil {
		log.Fatal(err)
	}
	defer monitor.Close()

	b := start("b@127.0.0.1", mesh)
	if _, err := b.Connect(ctx, a.Self()); err != nil {
		log.Fatal(err)
	}
	b.Close() // says goodbye; a process that is killed is connection_closed

	for range 2 {
		event, err := monitor.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		if event.Up {
			fmt.Println("nodeup", event.Node)
		} else {
			fmt.Println("nodedown", event.Node, event.Reason)
		}
	}
	// Output:
	// nodeup b@127.0.0.1
	// nodedown b@127.0.0.1 shutdown
}

// A program that cannot work without others waits for them before it begins, as a
// release does with sync_nodes_mandatory.
func ExampleNode_Sync() {
	ctx := context.Background()
	mesh := freeMesh()
	db := start("db@127.0.0.1", mesh)
	defer db.Close()

	for _, mandatory := range []nodeid.Name{"db@127.0.0.1", "cache@127.0.0.1"} {
		web, err := syncnodes.Start(ctx, syncnodes.Options{
			Name: "web@127.0.0.1", Cookie: cookie, Bus: mesh,
			Sync: syncnodes.Sync{
				Mandatory: []nodeid.Name{mandatory},
				Timeout:   300 * time.Millisecond,
			},
		})
		if err != nil {
			log.Fatal(err)
		}
		var missing *syncnodes.SyncError
		switch err := web.Sync(ctx); {
		case errors.As(err, &missing):
			fmt.Println("not without", missing.Missing)
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println("ready, with", mandatory)
		}
		web.Close()
	}
	// Output:
	// ready, with db@127.0.0.1
	// not without [cache@127.0.0.1]
}

// What a call can answer beside a term is told apart by errors.Is and errors.As.
func ExampleNode_Call() {
	mesh := freeMesh()
	a, b := start("a@127.0.0.1", mesh), start("b@127.0.0.1", mesh)
	defer a.Close()
	defer b.Close()
	b.Register("slow", func(ctx context.Context, _ erlterm.Term) (erlterm.Term, error) {
		<-ctx.Done() // the node ends
		return nil, ctx.Err()
	})
	b.Register("fails", func(context.Context, erlterm.Term) (erlterm.Term, error) {
		panic("out of paper") // it is started again for the next call
	})
	b.Register("quits", func(ctx context.Context, _ erlterm.Term) (erlterm.Term, error) {
		go b.Close() // which waits for this handler
		<-ctx.Done()
		return nil, ctx.Err()
	})

	for _, to := range []syncnodes.Address{
		{Name: "nobody", Node: "b@127.0.0.1"},
		{Name: "slow", Node: "b@127.0.0.1"},
		{Name: "fails", Node: "b@127.0.0.1"},
		{Name: "quits", Node: "b@127.0.0.1"},
	} {
		timeout := 5 * time.Second // gen_server's
		if to.Name == "slow" {
			timeout = 50 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		_, err := a.Call(ctx, to, erlterm.Atom("hello"))
		cancel()
		var remote *syncnodes.RemoteError
		switch {
		case errors.Is(err, syncnodes.ErrNoProc):
			fmt.Println(to.Name, "noproc")
		case errors.Is(err, syncnodes.ErrNodeDown):
			fmt.Println(to.Name, "nodedown")
		case errors.Is(err, context.DeadlineExceeded):
			fmt.Println(to.Name, "timeout")
		case errors.As(err, &remote):
			fmt.Println(to.Name, remote.Text)
		}
	}
	// Output:
	// nobody noproc
	// slow timeout
	// fails the process crashed: out of paper
	// quits nodedown
}

// A program that is on NATS already lends its connection to its nodes, and goes
// on using it.
func ExampleBus_ownConnection() {
	ctx := context.Background()
	url, stop := startNATS()
	defer stop()

	conn, err := nats.Connect(url,
		nats.MaxReconnects(-1),                   // a node whose connection is closed ends
		nats.ReconnectWait(100*time.Millisecond), // the bus is back as soon
		nats.PingInterval(time.Second),           // a server that is silent is left
	)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close() // after the nodes

	a, b := start("a@127.0.0.1", syncnodes.Bus{Conn: conn}), start("b@127.0.0.1", syncnodes.Bus{Conn: conn})
	_, pong, err := a.Ping(ctx, b.Self())
	fmt.Println(pong, err)
	a.Close()
	b.Close()
	fmt.Println(conn.IsConnected(), conn.NumSubscriptions())
	// Output:
	// true <nil>
	// true 0
}

// A node logs to the logger that it is given, and nowhere else.
func ExampleOptions_logger() {
	ctx := context.Background()
	mesh := freeMesh()
	db := start("db@127.0.0.1", mesh) // without a logger: silent
	defer db.Close()

	logger := hclog.New(&hclog.LoggerOptions{Name: "web", Output: os.Stdout, Level: hclog.Info, DisableTime: true})
	web, err := syncnodes.Start(ctx, syncnodes.Options{
		Name: "web@127.0.0.1", Cookie: cookie, Bus: mesh,
		Sync:   syncnodes.Sync{Mandatory: []nodeid.Name{db.Self()}, Timeout: syncnodes.Infinity},
		Logger: logger.Named("node"),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer web.Close()
	if err := web.Sync(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// [INFO]  web.node: syncing: 0 of 1 nodes up, waiting for db@127.0.0.1
	// [INFO]  web.node: 1 of 1 nodes up
}

// A test moves the clock of a node by hand: nothing happens until it does, and
// no real time has to pass for what takes a node long.
func ExampleClock() {
	ctx := context.Background()
	url, stop := startNATS()
	defer stop()
	conn, err := nats.Connect(url)
	if err != nil {
		log.Fatal(err)
	}
	peer := start("peer@127.0.0.1", syncnodes.Bus{Conn: conn})
	defer peer.Close()

	clock := &clocktest.Clock{}
	var node *syncnodes.Node
	var monitor *syncnodes.Monitor
	clock.During(func() { // a start takes time
		node, err = syncnodes.Start(ctx, syncnodes.Options{
			Name: "node@127.0.0.1", Cookie: cookie, Bus: syncnodes.Bus{URLs: []string{url}},
			Sync:  syncnodes.Sync{Mandatory: []nodeid.Name{peer.Self()}, Timeout: syncnodes.Infinity},
			Clock: clock,
		})
		if err == nil {
			err = node.Sync(ctx)
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	defer clock.During(func() { node.Close() })
	if monitor, err = node.Monitor(ctx, syncnodes.MonitorOptions{NodedownReason: true}); err != nil {
		log.Fatal(err)
	}
	next := func(wait time.Duration) {
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		event, err := monitor.Next(ctx)
		fmt.Println(event.Node, event.Reason, err)
	}
	next(time.Minute) // the peer is up

	conn.Close() // the peer is gone, without a goodbye
	next(100 * time.Millisecond)
	clock.During(func() { next(time.Minute) })
	// Output:
	// peer@127.0.0.1  <nil>
	//   context deadline exceeded
	// peer@127.0.0.1 connection_closed <nil>
}

// start starts a node with nothing special about it.
func start(name nodeid.Name, bus syncnodes.Bus) *syncnodes.Node {
	node, err := syncnodes.Start(context.Background(), syncnodes.Options{Name: name, Cookie: cookie, Bus: bus})
	if err != nil {
		log.Fatal(err)
	}
	return node
}

// freeMesh is an embedded mesh beside those that are on this host already.
func freeMesh() syncnodes.Bus {
	first := bustest.FreePorts(4)
	return syncnodes.Bus{Ports: bus.PortRange{Min: first, Max: first + 3}}
}

// startNATS starts a NATS server on a port of its own.
func startNATS() (url string, stop func()) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		log.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		log.Fatal("the NATS server does not listen")
	}
	return s.ClientURL(), func() {
		s.Shutdown()
		s.WaitForShutdown()
	}
}
