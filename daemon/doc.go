// Interconnectd joins a host to a cluster of Erlang-style nodes and observes
// it. Without a subcommand it is the daemon; the subcommands ask a running one,
// or read files. `interconnectd help` lists them.
//
// The daemon starts in this order, and leaves in the reverse one: the
// configuration is checked, the control socket taken, the node started, the
// observer, the status page and the control server set running; then it waits for the
// sync and tells systemd that it is ready.
//
// A reload, for HUP or a client, reads what the start read again. All that can
// fail is done before anything changes; one reload is done at a time.
package main
